"""An exercise as the pages hold it: prompt, stub and check in the chapter, answer in the solutions.

Each part is found by its mark, so that nothing has to be listed: the prompt by the label of its
directive (`ex-11-2`), stub and answer by the tag of their cell (`exercise-11-2`,
`solution-11-2`), the check by its call `check("11.2", …)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from dvae_course.exercises.alone import standing_alone
from dvae_course.exercises.registry import exercises

DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,})\{exercise\}[ ]*(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"\A:(?P<name>[\w-]+):[ ]*(?P<value>[^\n]*)\n")


@dataclass(frozen=True)
class Prompt:
    """What the student is asked, readable without the book around it."""

    title: str
    text: str


@dataclass(frozen=True)
class ExerciseOnPage:
    """All parts of one exercise; `answer` is the expression that its check is called with."""

    id: str
    prompt: Prompt
    stub: str
    answer: str
    solution: str


def solutions_of(chapter: Path) -> Path:
    """Where the worked solutions of `chapter` are."""
    return chapter.parent.parent / "solutions" / chapter.name


def read_exercises(chapter: Path) -> list[ExerciseOnPage]:
    """The exercises of `chapter` in its order; an incomplete one is an error that names files."""
    page, solutions = _cells(chapter), solutions_of(chapter)
    stubs, prompts, answers = _tagged(page, "exercise"), _prompts(page), _answers(page)
    solved = _tagged(_cells(solutions), "solution") if solutions.exists() else {}
    for id in stubs:
        mark = id.replace(".", "-")
        _require(id in solved, id, chapter, "stub", f"{solutions} has no cell solution-{mark}")
        _require(id in prompts, id, chapter, "stub", f"{chapter} has no directive ex-{mark}")
        _require(id in answers, id, chapter, "stub", f'{chapter} never calls check("{id}", …)')
        _require(id in exercises(), id, chapter, "stub", f"{_checks(id)} does not have it")
    for id in solved:
        mark = id.replace(".", "-")
        _require(id in stubs, id, solutions, "solution", f"{chapter} has no cell exercise-{mark}")
    return [ExerciseOnPage(id, prompts[id], stubs[id], answers[id], solved[id]) for id in stubs]


def imports_of(chapter: Path) -> str:
    """The import statements of `chapter`, each once, in its order."""
    statements = [
        ast.unparse(node)
        for cell in _code(_cells(chapter))
        for node in _parsed(cell).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(dict.fromkeys(statements))


def _require(held: bool, id: str, page: Path, part: str, lacking: str) -> None:
    if not held:
        raise ValueError(
            f"exercise {id}: {page} has its {part}, but {lacking}; add that, or take the {part} out"
        )


def _checks(id: str) -> Path:
    return Path("dvae_course", "exercises", f"ch{id.split('.')[0]}.py")


def _cells(page: Path) -> list[NotebookNode]:
    cells = jupytext.read(page, fmt="md:myst").cells
    for cell in _code(cells):
        try:
            _parsed(cell)
        except SyntaxError as error:
            raise ValueError(
                f"{page}: a code cell is not valid Python ({error.msg}): {cell.source!r}; mend it"
            ) from None
    return cells


def _code(cells: list[NotebookNode]) -> list[NotebookNode]:
    return [cell for cell in cells if cell.cell_type == "code"]


def _parsed(cell: NotebookNode) -> ast.Module:
    """The cell's syntax tree; IPython's own lines (`%matplotlib inline`) become plain calls."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def _tagged(cells: list[NotebookNode], kind: str) -> dict[str, str]:
    """The sources of the cells tagged `kind-CC-N`, by exercise id."""
    found = {}
    for cell in _code(cells):
        for tag in cell.metadata.get("tags", []):
            if match := re.fullmatch(rf"{kind}-(\d+)-(\d+)", tag):
                found[".".join(match.groups())] = cell.source
    return found


def _prompts(cells: list[NotebookNode]) -> dict[str, Prompt]:
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = {}
    for directive in DIRECTIVE.finditer(text):
        options, body = _options(directive["body"])
        if label := re.fullmatch(r"ex-(\d+)-(\d+)", options.get("label", "")):
            found[".".join(label.groups())] = Prompt(
                directive["title"].strip(), standing_alone(body, text)
            )
    return found


def _options(body: str) -> tuple[dict[str, str], str]:
    """A directive's `:name: value` lines, and what follows them."""
    options = {}
    while match := OPTION.match(body):
        options[match["name"]] = match["value"].strip()
        body = body[match.end() :]
    return options, body


def _answers(cells: list[NotebookNode]) -> dict[str, str]:
    """The second argument of each call `check("11.2", answer)`, as source, by exercise id."""
    return {
        call.args[0].value: ast.unparse(call.args[1])
        for cell in _code(cells)
        for call in _check_calls(_parsed(cell))
    }


def _check_calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="check"), args=[ast.Constant(), _, *_]):
                yield node
