"""What all tests share: checked array shapes, deterministic torch, the course, its built site.

The hook that checks types and shapes works on what is imported after it.
"""
# ruff: noqa: E402

import os
import shutil
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from jaxtyping import install_import_hook

install_import_hook("dvae_course", "typechecking.checked")

import pytest
import torch

from dvae_course import mathjax
from dvae_course import site as book_site
from dvae_course.course import Course

ROOT = Path(__file__).parents[1]

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""


@pytest.fixture(autouse=True)
def deterministic_torch() -> None:
    """The same numbers on every run, whatever the machine's number of cores."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


@pytest.fixture(scope="session")
def course() -> Course:
    """This checkout."""
    return Course(ROOT)


@pytest.fixture(scope="session")
def site(course: Course) -> Path:
    """The built book: made once, by whichever worker comes first; the build locks itself."""
    return book_site.build(course)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A small course with its site, for `built_course` to copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mathjax.shutil, "which", lambda name: None)
        small = make_small_course(tmp_path_factory.mktemp("small"))
        book_site.build(small)
    return small


@pytest.fixture
def built_course(built_once: Course, small_course: Course) -> Course:
    """The small course with its site already built."""
    shutil.rmtree(small_course.root)
    shutil.copytree(built_once.root, small_course.root)
    return small_course


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course with one tiny chapter and its solutions, the real book settings and no npm."""
    monkeypatch.setattr(mathjax.shutil, "which", lambda name: None)
    return make_small_course(tmp_path)


def make_small_course(folder: Path) -> Course:
    """Write the sources of a course that builds in seconds."""
    small = Course(folder / "course")
    shutil.copytree(ROOT / "book", small.root / "book", ignore=shutil.ignore_patterns("data"))
    for pages in ("chapters", "solutions"):
        (small.root / pages).mkdir()
    (small.root / "chapters" / "01_sums.md").write_text(
        f"{HEADER}\n# Sums\n\nAdd $1$.\n\n"
        "```{code-cell} ipython3\ntotal = 1 + 2\nprint(total)\n```\n"
    )
    (small.root / "solutions" / "01_sums.md").write_text(f"{HEADER}\n# Solutions\n\nThree.\n")
    (small.root / "book" / "intro.md").write_text("# A book\n\nOf sums.\n")
    (small.root / "book" / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n"
        "- file: chapters/01_sums\n- file: solutions/01_sums\n"
    )
    return small
