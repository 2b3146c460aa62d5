"""The class edition: chapters, solutions and checks put together as an nbgrader course.

Nothing is copied by hand. Prompt and stub come from the chapter, the answer from its solutions
page, the check and the points from `dvae_course.exercises`; nbgrader itself then makes what the
students get. Building again refreshes the assignments and keeps submissions and grades.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

from dvae_course.exercises import Exercise, exercise
from dvae_course.exercises.pages import ExerciseOnPage, imports_of, read_exercises

CONFIG_FILE = "nbgrader_config.py"
HIDDEN_SEEDS = (101, 102, 103)
GRADED = {"grade": True, "locked": True}

CONFIG = '''"""Settings of this nbgrader course. Run nbgrader's commands in this folder."""

import os
import sysconfig

# nbgrader starts `alembic` by its name, also where no environment is activated.
os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"]

c = get_config()
c.CourseDirectory.course_id = "dvae-course"
c.ClearSolutions.code_stub = {"python": "# Your answer takes the place of the ... above."}
c.ExecutePreprocessor.timeout = 60  # seconds a cell may run while it is graded
'''

HIDDEN_TESTS = """
### BEGIN HIDDEN TESTS
for seed in {seeds}:
    feedback = check("{id}", {answer}, seed=seed)
    assert feedback.right, feedback.message
### END HIDDEN TESTS"""

TEST = """from dvae_course.exercises import check

feedback = check("{id}", {answer})
display(feedback)
assert feedback.right, feedback.verdict"""


def build(chapters: list[Path], out: Path, report: Callable[[str], None] = print) -> Path:
    """Build the class edition of `chapters` in `out`, and return `out`.

    Parameters
    ----------
    chapters : chapters as MyST Markdown; their solutions are in `../solutions`, by the same name.
    out : the course folder; submissions and grades that it holds already stay.
    report : called with one line a step.
    """
    pages = {chapter: read_exercises(chapter) for chapter in chapters}
    if not any(pages.values()):
        names = ", ".join(map(str, chapters))
        raise ValueError(f"nothing to hand out: no exercises in [{names}]; name chapters with some")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        course = Path(folder, "course")
        _start_course(course, out)
        for chapter, found in pages.items():
            if found:
                report(f"assignment {chapter.stem}: {_summary(found)}")
                _add_assignment(course, chapter, found)
        _swap_in(course, out)
    report(f"class edition: {out}")
    return out


def api(course: Path) -> NbGraderAPI:
    """nbgrader's Python interface to the course in the folder `course`."""
    config = Config(PyFileConfigLoader(CONFIG_FILE, path=str(course)).load_config())
    config.CourseDirectory.root = str(course.resolve())
    return NbGraderAPI(config=config)


def assignment(chapter: Path, found: list[ExerciseOnPage]) -> NotebookNode:
    """The teacher's notebook of a chapter's exercises, solutions and hidden tests included."""
    cells = [_locked(new_markdown_cell(_opening(found)), "opening")]
    cells.append(_locked(new_code_cell(imports_of(chapter)), "imports"))
    for on_page in found:
        cells += _cells(on_page, exercise(on_page.id))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _summary(found: list[ExerciseOnPage]) -> str:
    points = sum(exercise(on_page.id).points for on_page in found)
    return f"{_count(len(found), 'exercise')}, {_count(points, 'point')}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _opening(found: list[ExerciseOnPage]) -> str:
    return (
        f"# Exercises: {_summary(found)}\n\nRun the cells from top to bottom. Each `...` is yours "
        "to replace; the cell below it checks your answer and explains."
    )


def _cells(on_page: ExerciseOnPage, known: Exercise) -> list[NotebookNode]:
    """Prompt, answer and test of one exercise."""
    name = f"exercise-{on_page.id.replace('.', '-')}"
    answer = f"{on_page.stub}\n### BEGIN SOLUTION\n{on_page.solution}\n### END SOLUTION"
    return [
        _locked(new_markdown_cell(_prompt(on_page, known)), f"{name}-prompt"),
        _marked(new_code_cell(answer), f"{name}-answer", solution=True),
        _marked(new_code_cell(_test(on_page)), f"{name}-test", **GRADED, points=known.points),
    ]


def _prompt(on_page: ExerciseOnPage, known: Exercise) -> str:
    return (
        f"## Exercise {on_page.id}: {on_page.prompt.title}\n\n"
        f"Difficulty {known.difficulty} of 3 · importance {known.importance} of 3 · about "
        f"{_count(known.minutes, 'minute')} · {_count(known.points, 'point')} · "
        f'`hint("{on_page.id}")`\n\n{on_page.prompt.text}'
    )


def _test(on_page: ExerciseOnPage) -> str:
    return (TEST + HIDDEN_TESTS).format(id=on_page.id, answer=on_page.answer, seeds=HIDDEN_SEEDS)


def _locked(cell: NotebookNode, grade_id: str) -> NotebookNode:
    return _marked(cell, grade_id, locked=True)


def _marked(cell: NotebookNode, grade_id: str, **marks: bool | int) -> NotebookNode:
    """`cell` with nbgrader's metadata, and with an id that does not change from build to build."""
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    cell.id = grade_id
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": grade_id, **plain, **marks}
    return cell


def _start_course(course: Path, out: Path) -> None:
    """An empty course, with the gradebook that `out` may have: its grades stay."""
    course.mkdir()
    (course / CONFIG_FILE).write_text(CONFIG, encoding="utf-8")
    if (out / "gradebook.db").exists():
        shutil.copy2(out / "gradebook.db", course)


def _add_assignment(course: Path, chapter: Path, found: list[ExerciseOnPage]) -> None:
    source = course / "source" / chapter.stem / f"{chapter.stem}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(assignment(chapter, found), source)
    result = api(course).generate_assignment(chapter.stem)
    if not result["success"]:
        raise ValueError(
            f"nbgrader could not make the assignment {chapter.stem}: {_reason(result['log'])}; "
            "if submissions to it are graded already, build into a new folder"
        )


def _reason(log: str) -> str:
    """The last line of the traceback in nbgrader's log, or else the log."""
    traceback = [line.strip() for line in log.splitlines() if line.startswith("    ")]
    return next((line for line in reversed(traceback) if line), log.strip())


def _swap_in(course: Path, out: Path) -> None:
    """Put the complete new files in `out`, assignment by assignment; all else there stays."""
    for new in [*course.glob("source/*"), *course.glob("release/*")]:
        target = out / new.relative_to(course)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(course / f"old-{target.parent.name}-{target.name}")
        new.replace(target)
    for name in ("gradebook.db", CONFIG_FILE):
        (course / name).replace(out / name)
