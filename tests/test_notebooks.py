"""The pair of a chapter follows its source, and only its source."""

import subprocess
import sys

import nbformat
import pytest

from dvae_course.course import Course, CourseError
from dvae_course.notebooks import error_in, make_pair, read_source, stale_pair, stale_pairs


@pytest.fixture
def source(small_course: Course):
    """The source of a tiny chapter."""
    return small_course.chapters[0]


MARK = ("total = 1", "# NBVAL_CHECK_OUTPUT\ntotal = 1")


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_committed_pair_is_in_step_with_its_source(course):
    assert stale_pairs(course.notebooks) == []


def test_no_committed_pair_carries_a_picture(course):
    for source in course.notebooks:
        assert "image/png" not in source.with_suffix(".ipynb").read_text(encoding="utf-8")


def test_the_same_source_gives_the_same_file(source):
    assert make_pair(source).read_bytes() == make_pair(source).read_bytes()


def test_a_fresh_pair_is_in_step(source):
    make_pair(source)
    assert stale_pair(source) is None


def test_a_missing_pair_is_named(source):
    assert stale_pair(source) == "01_sums.ipynb does not exist"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("1 + 2", "2 + 2", "cell 2"),
        ("Add", "Subtract", "cell 1"),
        ("print(total)\n```\n", "print(total)\n```\n\nMore.\n", "3 cells"),
        ("print(total)", "# NBVAL_CHECK_OUTPUT\nprint(total)", "cell 2"),
        ("ipython3\ntotal", "ipython3\n:tags: [hide-input]\n\ntotal", "cell 2"),
    ],
)
def test_any_edit_of_the_source_makes_the_pair_stale(source, old, new, complaint):
    make_pair(source)
    edit(source, old, new)
    assert complaint in stale_pair(source)


def test_an_output_that_no_cell_promises_makes_the_pair_stale(source):
    pair = make_pair(source)
    notebook = nbformat.read(pair, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="3\n")]
    nbformat.write(notebook, pair)
    assert stale_pair(source) == "cell 2 of 01_sums.ipynb has an output"


def test_only_marked_cells_keep_their_output(source):
    edit(source, *MARK)
    source.write_text(source.read_text() + "\n```{code-cell} ipython3\nprint(total + 1)\n```\n")
    notebook = nbformat.read(make_pair(source), as_version=4)
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert [len(output) for output in outputs] == [1, 0]
    assert outputs[0][0].text == "3\n"


def test_running_a_notebook_adds_nothing_but_the_promised_output(source):
    edit(
        source,
        "total = 1",
        "# NBVAL_CHECK_OUTPUT\nimport ipywidgets\nipywidgets.Button()\ntotal = 1",
    )
    assert stale_pair(source) == "01_sums.ipynb does not exist"
    assert nbformat.read(make_pair(source), as_version=4).metadata == read_source(source).metadata
    assert stale_pair(source) is None


@pytest.mark.parametrize(("stored", "status"), [("3\n", 0), ("4\n", 1)])
def test_nbval_passes_a_true_output_and_fails_a_false_one(source, stored, status):
    edit(source, *MARK)
    pair = make_pair(source)
    notebook = nbformat.read(pair, as_version=4)
    notebook.cells[1].outputs[0].text = stored
    nbformat.write(notebook, pair)
    nbval = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", str(pair)]
    assert subprocess.run(nbval, cwd=pair.parent, capture_output=True).returncode == status


def test_equal_cells_get_different_ids(source):
    source.write_text(source.read_text() + 2 * "\n```{code-cell} ipython3\npass\n```\n")
    ids = [cell.id for cell in read_source(source).cells]
    assert len(set(ids)) == len(ids) == 4


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("language: python", "language: [python", "flow sequence"),
        ("kernelspec:", "kernel:", "kernelspec:"),
        ("format_name: myst", "format_name: markdown", "format_name: myst"),
        ("1 + 2", "1 +", "code cell 1, line 1"),
        ("ipython3\ntotal", "ipython3\n:tags: [a\n\ntotal", "line 16"),
    ],
)
def test_a_broken_source_is_named_with_the_reason(source, old, new, reason):
    edit(source, old, new)
    with pytest.raises(CourseError, match=r"chapters/01_sums\.md") as caught:
        make_pair(source)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cell_that_fails_leaves_the_old_pair(source):
    before = make_pair(source).read_bytes()
    edit(source, "total = 1", "# NBVAL_CHECK_OUTPUT\ntotal = nothing")
    with pytest.raises(CourseError, match=r"01_sums\.md failed: NameError"):
        make_pair(source)
    assert source.with_suffix(".ipynb").read_bytes() == before


def test_an_error_of_many_lines_becomes_one_with_its_name():
    traceback = (
        "Cell In[1]\nKeyError: 'a'\n\nDataUnavailable: No data.\n  wanted: a.gz\nAny of these: b\n"
    )
    assert error_in(traceback) == "DataUnavailable: No data. wanted: a.gz Any of these: b"
