"""Where the course's files are: its root folder, its chapters, what is built from them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class CourseError(Exception):
    """What the person at the keyboard can put right; the text is one line that says how."""


@dataclass(frozen=True)
class Course:
    """A checkout of the course."""

    root: Path

    @property
    def build(self) -> Path:
        """The folder of everything that commands make; git ignores it."""
        return self.root / "build"

    @property
    def chapters(self) -> list[Path]:
        """The chapters' sources, in reading order."""
        return sorted((self.root / "chapters").glob("[0-9][0-9]_*.md"))

    @property
    def notebooks(self) -> list[Path]:
        """The sources of all notebooks: the chapters, then their solutions."""
        return self.chapters + sorted((self.root / "solutions").glob("[0-9][0-9]_*.md"))

    def pick(self, names: Sequence[str]) -> list[Path]:
        """The chapters called `names` ("11" or "11_clustered_prior"); all of them for no name."""
        if not self.chapters:
            raise CourseError(f"There is no chapter in {self.root / 'chapters'} (NN_name.md).")
        return [self._one(name) for name in names] or self.chapters

    def _one(self, name: str) -> Path:
        for chapter in self.chapters:
            if name in (chapter.stem, chapter.stem.split("_")[0]):
                return chapter
        known = ", ".join(chapter.stem for chapter in self.chapters)
        raise CourseError(f"There is no chapter '{name}'. The chapters are: {known}.")

    def pages(self, names: Sequence[str]) -> list[Path]:
        """The notebooks of the chapters called `names`: each chapter and its solutions."""
        stems = {chapter.stem for chapter in self.pick(names)}
        return [page for page in self.notebooks if page.stem in stems]

    def short(self, path: Path) -> str:
        """A file's path as one writes it in the course's folder."""
        return path.relative_to(self.root).as_posix()


def find_course(start: Path) -> Course:
    """The course that `start` lies in, else the one that this package was installed from."""
    for folder in (start, *start.parents, Path(__file__).resolve().parents[1]):
        if (folder / "book" / "_config.yml").is_file() and (folder / "chapters").is_dir():
            return Course(folder)
    raise CourseError(
        f"{start} is not in a copy of the course (a folder with chapters/ and book/_config.yml). "
        "Get one with `git clone` and run this command in it."
    )


def title(page: Path) -> str:
    """The first heading of a page."""
    heading = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return heading[1] if heading else page.stem
