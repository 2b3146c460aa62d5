"""Every chapter keeps the house rules: short cells, a solution for each exercise, one environment.

That the cells run is tested by nbval, which `dvae test` points at the notebooks themselves.
"""

import re
from pathlib import Path

import pytest

from dvae_course.course import Course, title
from dvae_course.notebooks import read_source

CHAPTERS = Course(Path(__file__).parents[1]).chapters
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def code_cells(page):
    return [cell for cell in read_source(page).cells if cell.cell_type == "code"]


def lines_of(cell):
    """The lines that a reader has to follow: neither blank nor an import."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("import ", "from "))]


def tags(page, kind):
    """The ids of the cells tagged `kind`, as "11-2"."""
    found = [tag for cell in code_cells(page) for tag in cell.metadata.get("tags", [])]
    return [tag.removeprefix(f"{kind}-") for tag in found if tag.startswith(f"{kind}-")]


@each_chapter
def test_a_cell_has_at_most_12_lines(chapter):
    assert [cell.source for cell in code_cells(chapter) if len(lines_of(cell)) > 12] == []


@each_chapter
def test_a_chapter_has_at_most_120_lines_of_code(chapter):
    assert sum(len(lines_of(cell)) for cell in code_cells(chapter)) <= 120


@each_chapter
def test_every_exercise_has_prompt_stub_check_and_solution(chapter, course):
    text = chapter.read_text(encoding="utf-8")
    prompts = re.findall(r"^:label: ex-(\d\d-\d+)$", text, flags=re.MULTILINE)
    checks = [number.replace(".", "-") for number in re.findall(r'check\("(\d\d\.\d+)"', text)]
    assert len(prompts) >= 3
    assert prompts == tags(chapter, "exercise") == checks
    assert sorted(prompts) == sorted(tags(course.root / "solutions" / chapter.name, "solution"))


@each_chapter
def test_a_chapter_belongs_to_its_number(chapter):
    number = chapter.stem.split("_")[0]
    assert all(found.startswith(f"{number}-") for found in tags(chapter, "exercise"))
    assert title(chapter) != chapter.stem
