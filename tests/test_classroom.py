"""The class edition: complete, free of solutions, and graded by nbgrader as it should be."""

import json
import re
import shutil
from pathlib import Path

import jupytext
import nbformat
import pytest

from dvae_course import classroom
from dvae_course.exercises.pages import imports_of, read_exercises, solutions_of

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

REAL = sorted((Path(__file__).parents[1] / "chapters").glob("*.md"))

CHAPTER = """\
# A tiny chapter

$$
x = 1
$$

The KL is

$$
k = \\begin{aligned} &\\tfrac12 \\mu^2 \\end{aligned}
$$ (eq-kl)

```{code-cell} ipython3
%matplotlib inline
import torch

from dvae_course.exercises import check, hint
```

:::{exercise} A number
:label: ex-00-1

Take {eq}`eq-kl`, as {cite:p}`kingma2014` and {prf:ref}`the theorem <thm-kl>` do, and give the KL to
within 0.01. {ref}`Solution <sol-00-1>`
:::

```{code-cell} ipython3
:tags: [exercise-00-1]

kl_number = ...
```

```{code-cell} ipython3
check("00.1", kl_number)
```

::::{exercise} A draw
:class: wide
:label: ex-00-3

Write it.

:::{tip}
Look at the units.
:::
::::

```{code-cell} ipython3
:tags: [exercise-00-3, other]

def draw_latent(mu, log_var, noise):
    return ...
```

```{code-cell} ipython3
import torch
check("00.3", draw_latent)
```
"""
SOLUTIONS = """\
# Solutions

:::{solution-start} ex-00-1
:class: dropdown
:::

Half of one squared, because the two widths agree.

```{code-cell} ipython3
:tags: [solution-00-1]

kl_number = 1**2 / 2
```

:::{solution-end}
:::

```{code-cell} ipython3
:tags: [solution-00-3]

def draw_latent(mu, log_var, noise):
    return mu + torch.exp(log_var / 2) * noise
```
"""


@pytest.fixture
def chapter(tmp_path):
    return write_pair(tmp_path, CHAPTER, SOLUTIONS)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A built course with a perfect and a half-right submission, both graded."""
    folder = tmp_path_factory.mktemp("class")
    out = classroom.build(
        [write_pair(folder, CHAPTER, SOLUTIONS)], folder / "course", lambda _: None
    )
    submit(out, "ada", {"00-1": "kl_number = 0.5", "00-3": right_draw()})
    submit(out, "bob", {"00-1": "kl_number = 1.0", "00-3": right_draw()})
    for student in ("ada", "bob"):
        result = classroom.api(out).autograde("00_tiny", student)
        assert result["success"], result["log"]
    return out


def right_draw():
    return "def draw_latent(mu, log_var, noise):\n    return mu + (0.5 * log_var).exp() * noise"


def write_pair(folder, chapter, solutions):
    for name, text in (("chapters", chapter), ("solutions", solutions)):
        (folder / name).mkdir()
        (folder / name / "00_tiny.md").write_text(text, encoding="utf-8")
    return folder / "chapters" / "00_tiny.md"


def submit(course, student, answers):
    """Hand in the released notebook with `answers` in the answer cells."""
    notebook = nbformat.read(course / "release" / "00_tiny" / "00_tiny.ipynb", as_version=4)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells}
    for mark, source in answers.items():
        cells[f"exercise-{mark}-answer"].source = source
    target = course / "submitted" / student / "00_tiny" / "00_tiny.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def scores(course):
    with classroom.api(course).gradebook as gradebook:
        submissions = gradebook.assignment_submissions("00_tiny")
        return {s.student_id: (s.score, s.max_score) for s in submissions}


def lines(text):
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= 10}


def secrets_of(chapter):
    """The lines that only the solutions page holds, code and prose, without imports and marks."""
    page = solutions_of(chapter).read_text(encoding="utf-8")
    marks = re.compile(r"(:::|```|:\w+:|\w+: |import |from )")
    only_there = lines(page) - lines(chapter.read_text(encoding="utf-8"))
    return {line for line in only_there if not marks.match(line)}


def test_the_graded_points_are_those_of_the_right_answers(graded):
    assert scores(graded) == {"ada": (2, 2), "bob": (1, 2)}


def test_the_student_gets_the_explanation_in_the_graded_notebook(graded):
    notebook = (graded / "autograded" / "bob" / "00_tiny" / "00_tiny.ipynb").read_text("utf-8")
    assert "This is mu² without its ½" in notebook


def test_building_again_keeps_submissions_and_grades(graded):
    before = scores(graded)
    classroom.build([graded.parent / "chapters" / "00_tiny.md"], graded, lambda _: None)
    assert scores(graded) == before
    assert (graded / "submitted" / "ada" / "00_tiny" / "00_tiny.ipynb").exists()


def test_building_one_chapter_keeps_the_assignments_of_the_others(chapter, tmp_path):
    other = chapter.with_name("00_other.md")
    for page in (chapter, solutions_of(chapter)):
        shutil.copy(page, page.with_name(other.name))
    classroom.build([chapter, other], tmp_path / "course", lambda _: None)
    classroom.build([chapter], tmp_path / "course", lambda _: None)
    released = {path.name for path in (tmp_path / "course" / "release").iterdir()}
    assert released == {"00_tiny", "00_other"}


def test_a_failed_build_leaves_the_course_as_it_was_and_nothing_beside_it(graded, monkeypatch):
    def fail(*arguments):
        raise KeyboardInterrupt

    before = {path: path.stat().st_mtime_ns for path in graded.rglob("*")}
    beside = set(graded.parent.iterdir())
    monkeypatch.setattr(classroom, "_add_assignment", fail)
    with pytest.raises(KeyboardInterrupt):
        classroom.build([graded.parent / "chapters" / "00_tiny.md"], graded, lambda _: None)
    assert {path: path.stat().st_mtime_ns for path in graded.rglob("*")} == before
    assert set(graded.parent.iterdir()) == beside


def test_each_step_is_reported_in_one_line(chapter, tmp_path):
    said = []
    out = classroom.build([chapter], tmp_path / "deep" / "course", said.append)
    assert said == ["assignment 00_tiny: 2 exercises, 2 points", f"class edition: {out}"]


def test_the_students_notebook_has_prompt_stub_and_check_and_no_answer(graded):
    released = (graded / "release" / "00_tiny" / "00_tiny.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(released, as_version=4)
    sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in notebook.cells}
    assert sources["imports"] == ("import torch\nfrom dvae_course.exercises import check, hint")
    assert sources["exercise-00-3-prompt"].startswith("## Exercise 00.3: A draw\n")
    assert sources["exercise-00-3-prompt"].endswith(
        "Write it.\n\n:::{tip}\nLook at the units.\n:::"
    )
    assert sources["exercise-00-1-answer"].startswith("kl_number = ...\n#")
    assert 'check("00.1", kl_number)' in sources["exercise-00-1-test"]
    assert "seed" not in released
    assert not any(mark in released for mark in ("SOLUTION", "HIDDEN"))


def test_a_prompt_stands_alone_with_its_equation_and_without_the_way_to_the_solution(chapter):
    prompt = read_exercises(chapter)[0].prompt
    assert prompt.text == (
        "Take (1), as kingma2014 and the theorem do, and give the KL to\nwithin 0.01.\n\n"
        "$$\nk = \\begin{aligned} &\\tfrac12 \\mu^2 \\end{aligned} \\tag{1}\n$$"
    )


@pytest.mark.parametrize("chapter", REAL, ids=lambda path: path.stem)
def test_no_prompt_of_the_class_edition_holds_a_role_or_the_way_to_a_solution(chapter):
    prompts = [found.prompt.text for found in read_exercises(chapter)]
    assert prompts
    assert not any(re.search(r"\{[\w:]+\}`|sol-\d", text) for text in prompts)


def test_prompts_and_tests_are_locked_and_answers_are_not(graded):
    released = nbformat.read(graded / "release" / "00_tiny" / "00_tiny.ipynb", as_version=4)
    locked = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.locked for cell in released.cells
    }
    assert [id for id, is_locked in locked.items() if not is_locked] == [
        "exercise-00-1-answer",
        "exercise-00-3-answer",
    ]


def test_the_hidden_tests_use_seeds_that_the_visible_check_does_not(graded):
    source = (graded / "source" / "00_tiny" / "00_tiny.ipynb").read_text(encoding="utf-8")
    assert f"for seed in {classroom.HIDDEN_SEEDS}" in source
    assert 0 not in classroom.HIDDEN_SEEDS


def test_no_line_of_a_solution_is_in_the_tiny_release(graded):
    secrets = secrets_of(graded.parent / "chapters" / "00_tiny.md")
    assert {"kl_number = 1**2 / 2", "return mu + torch.exp(log_var / 2) * noise"} < secrets
    assert leaks(graded, secrets) == []


@pytest.mark.skipif(not REAL, reason="there are no chapters")
def test_no_line_of_a_solution_is_in_the_release_of_the_book(tmp_path):
    out = classroom.build(REAL, tmp_path / "course", lambda _: None)
    secrets = set().union(*map(secrets_of, REAL))
    assert len(secrets) > 10
    assert leaks(out, secrets) == []


def leaks(course, secrets):
    """The secrets that any released file holds, in its cells or its metadata."""
    files = [path for path in (course / "release").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".ipynb"}
    texts = [text for path in files for text in strings(json.loads(path.read_text("utf-8")))]
    return [secret for secret in secrets if any(secret in text for text in texts)]


def strings(node):
    """All strings in a JSON value, keys too."""
    if isinstance(node, dict):
        node = [*node.keys(), *node.values()]
    if isinstance(node, list):
        return [text for part in node for text in strings(part)]
    return [node] if isinstance(node, str) else []


def test_a_leak_would_be_found(chapter, tmp_path):
    out = classroom.build([chapter], tmp_path / "course", lambda _: None)
    (out / "source").rename(out / "release" / "source")
    assert set(leaks(out, secrets_of(chapter))) == {
        "kl_number = 1**2 / 2",
        "return mu + torch.exp(log_var / 2) * noise",
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[exercise-00-3, other]", "[other]", "00.3: .*solutions/00_tiny.md has its solution, but"),
        (":label: ex-00-3", ":label: ex-00-4", "00.3: .* no directive ex-00-3"),
        ('check("00.3", draw_latent)', "", r'00.3: .* never calls check\("00.3"'),
    ],
)
def test_a_chapter_that_lacks_a_part_is_an_error_that_names_it(tmp_path, old, new, message):
    chapter = write_pair(tmp_path, CHAPTER.replace(old, new), SOLUTIONS)
    with pytest.raises(ValueError, match=message):
        classroom.build([chapter], tmp_path / "course")
    assert not (tmp_path / "course").exists()


def test_a_stub_without_solution_is_an_error_that_names_both_files(tmp_path):
    chapter = write_pair(tmp_path, CHAPTER, SOLUTIONS.replace("solution-00-3", "other"))
    with pytest.raises(ValueError, match=r"00.3: .*chapters/00_tiny.md .*solutions/00_tiny.md"):
        classroom.build([chapter], tmp_path / "course")


def test_a_chapter_without_a_solutions_page_is_told_so(chapter, tmp_path):
    shutil.rmtree(tmp_path / "solutions")
    with pytest.raises(ValueError, match=r"solutions/00_tiny.md has no cell solution-00-1"):
        classroom.build([chapter], tmp_path / "course")


def test_an_exercise_without_a_check_is_told_where_checks_are(tmp_path):
    renamed = [
        text.replace("00-3", "00-9").replace("00.3", "00.9") for text in (CHAPTER, SOLUTIONS)
    ]
    with pytest.raises(ValueError, match=r"00.9: .*exercises/ch00.py does not have it"):
        classroom.build([write_pair(tmp_path, *renamed)], tmp_path / "course")


def test_a_cell_that_is_no_python_is_an_error_that_names_the_page(tmp_path):
    chapter = write_pair(
        tmp_path, CHAPTER.replace("import torch\ncheck", "import torch )\ncheck"), SOLUTIONS
    )
    with pytest.raises(ValueError, match=r"chapters/00_tiny.md: a code cell is not valid Python"):
        classroom.build([chapter], tmp_path / "course")


@pytest.mark.parametrize("chapters", [0, 1])
def test_nothing_to_hand_out_is_an_error(tmp_path, chapters):
    chapter = write_pair(tmp_path, "# Only text\n", "# None\n")
    with pytest.raises(ValueError, match="nothing to hand out: no exercises in"):
        classroom.build([chapter][:chapters], tmp_path / "course")


def test_a_new_exercise_needs_only_its_pages_and_its_check(tmp_path):
    more = [text + third for text, third in zip((CHAPTER, SOLUTIONS), THIRD, strict=True)]
    chapter = write_pair(tmp_path, *more)
    assert [found.id for found in read_exercises(chapter)] == ["00.1", "00.3", "11.4"]
    notebook = classroom.assignment(chapter, read_exercises(chapter))
    assert "answer_knob" in notebook.cells[-1].source


THIRD = (
    ":::{exercise} Knob\n:label: ex-11-4\n\nWhich?\n:::\n\n```{code-cell} ipython3\n"
    ":tags: [exercise-11-4]\n\nanswer_knob = ...\n```\n\n```{code-cell} ipython3\n"
    'check("11.4", answer_knob)\n```\n',
    '```{code-cell} ipython3\n:tags: [solution-11-4]\n\nanswer_knob = "beta"\n```\n',
)


@pytest.mark.parametrize("chapter", REAL, ids=lambda path: path.stem)
def test_the_teachers_notebook_of_a_real_chapter_runs_green(chapter):
    notebook = classroom.assignment(chapter, read_exercises(chapter))
    namespace = {"display": lambda shown: None}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)
    assert imports_of(chapter)


def test_the_same_pages_give_the_same_notebook(chapter):
    first, second = (classroom.assignment(chapter, read_exercises(chapter)) for _ in range(2))
    assert jupytext.writes(first, "ipynb") == jupytext.writes(second, "ipynb")
