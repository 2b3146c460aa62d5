"""Make every chapter's `.ipynb` from its `.md`, always in that direction, and say which are stale.

The pair is for Colab and for readers of the repository. It keeps the outputs of only those cells
that promise them with `# NBVAL_CHECK_OUTPUT`; nbval compares these when the tests run.
"""

import ast
import copy
import hashlib
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

import jupytext
import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from jupytext.myst import MystMetadataParsingError
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from yaml import YAMLError

from dvae_course.course import CourseError

KEEPS_OUTPUT = "# NBVAL_CHECK_OUTPUT"
CELL_SECONDS = 300
EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*: ", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def read_source(source: Path) -> NotebookNode:
    """The notebook that a MyST Markdown file describes, checked cell by cell."""
    try:
        notebook = jupytext.read(source, fmt="md:myst")
    except (YAMLError, MystMetadataParsingError, UnicodeDecodeError) as error:
        raise _broken(source, " ".join(str(error).split())) from None
    header = source.read_text(encoding="utf-8").split("\n---\n")[0]
    for entry in ("format_name: myst", "kernelspec:"):
        if entry not in header:
            raise _broken(source, f"its header has no line '{entry}'")
    for number, cell in enumerate(_code(notebook), start=1):
        _check_python(source, number, cell.source)
    _name_cells(notebook)
    return notebook


def make_pair(source: Path) -> Path:
    """Write the `.ipynb` beside `source`; run it first if it has outputs to keep."""
    notebook = read_source(source)
    if any(_keeps_output(cell) for cell in _code(notebook)):
        _execute(notebook, source)
    for cell in _code(notebook):
        if not _keeps_output(cell):
            cell.outputs, cell.execution_count = [], None
    pair = source.with_suffix(".ipynb")
    unfinished = pair.with_suffix(".ipynb.part")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, pair)
    return pair


def stale_pair(source: Path) -> str | None:
    """What is out of step between `source` and its `.ipynb`; None if nothing is. Runs no cell."""
    pair = source.with_suffix(".ipynb")
    if not pair.is_file():
        return f"{pair.name} does not exist"
    wanted, found = read_source(source), nbformat.read(pair, as_version=4)
    if len(wanted.cells) != len(found.cells):
        return f"{source.name} has {len(wanted.cells)} cells, {pair.name} {len(found.cells)}"
    for number, (cell, twin) in enumerate(zip(wanted.cells, found.cells, strict=True), start=1):
        if _without_outputs(cell) != _without_outputs(twin):
            return f"cell {number} of {pair.name} differs from {source.name}"
        if twin.cell_type == "code" and bool(twin.outputs) != _keeps_output(cell):
            return f"cell {number} of {pair.name} has {'an' if twin.outputs else 'no'} output"
    return None if wanted.metadata == found.metadata else f"{pair.name} has other metadata"


def stale_pairs(sources: Iterable[Path]) -> list[str]:
    """One line for each notebook whose pair must be made again."""
    found = ((source.parent.name, stale_pair(source)) for source in sources)
    return [f"in {folder}/: {problem}" for folder, problem in found if problem]


def _broken(source: Path, reason: str) -> CourseError:
    return CourseError(f"{source.parent.name}/{source.name} is not a readable notebook: {reason}.")


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _keeps_output(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and KEEPS_OUTPUT in cell.source


def _check_python(source: Path, number: int, code: str) -> None:
    try:
        ast.parse(TransformerManager().transform_cell(code))
    except SyntaxError as error:
        reason = f"code cell {number}, line {error.lineno}: {error.msg}"
        raise _broken(source, f"{reason} (or is a fence before it not closed?)") from None


def _name_cells(notebook: NotebookNode) -> None:
    """Give each cell an id made from its text, so that the same source gives the same file."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _execute(notebook: NotebookNode, source: Path) -> None:
    """Run all cells where the source lies; the notebook's own metadata stays as it was."""
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "TQDM_DISABLE": "1"}
    metadata = copy.deepcopy(notebook.metadata)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    try:
        client.execute(env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failed = f"{source.parent.name}/{source.name} failed"
        raise CourseError(f"{failed}: {error_in(str(error))}") from None
    notebook.metadata = metadata


def error_in(traceback: str) -> str:
    """What a traceback says in the end, as one line: the exception's name and its whole message."""
    text = COLOUR.sub("", traceback)
    starts = [match.start() for match in EXCEPTION.finditer(text)]
    return " ".join(text[starts[-1] if starts else 0 :].split())


def _without_outputs(cell: NotebookNode) -> dict:
    return {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}
