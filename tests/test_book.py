"""The built site is complete, stands alone, and is rebuilt when and only when it must be."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from pages import BuiltPage, is_external, read_site, style_addresses

from dvae_course import fingerprint, mathjax
from dvae_course import site as book_site
from dvae_course.course import Course, CourseError


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, BuiltPage]:
    """The pages of the real book."""
    return read_site(site)


@pytest.fixture
def steps() -> list[str]:
    """Collects what a build reports."""
    return []


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_page_of_the_table_of_contents_is_built(course, site):
    toc = yaml.safe_load((course.root / "book" / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert {course.short(page.with_suffix("")) for page in course.notebooks} <= set(files)
    for name in [toc["root"], *files]:
        assert (site / f"{name}.html").is_file(), name


def test_every_internal_link_and_anchor_resolves(pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            address, anchor = urldefrag(link)
            if not is_external(link) and not link.startswith("mailto:"):
                target = (path.parent / unquote(address)).resolve() if address else path
                known = pages[target].anchors | {""} if target in pages else {""}
                if not target.is_file() or unquote(anchor) not in known:
                    broken.append(f"{path.name}: {link}")
    assert broken == []


def test_pages_need_nothing_from_another_host(pages, course):
    if not (course.build / "assets" / "vendor" / "mathjax" / "tex-svg.js").is_file():
        pytest.skip("needs npm, which brings the local copy of MathJax")
    fetched = {address for page in pages.values() for address in page.fetched}
    assert [address for address in fetched if is_external(address)] == []


def test_every_file_that_a_page_needs_is_there(pages):
    for path, page in pages.items():
        for address in page.fetched:
            if not is_external(address) and not address.startswith("data:"):
                file = unquote(address.split("?")[0].split("#")[0])
                assert (path.parent / file).is_file(), f"{path.name}: {address}"


def test_style_sheets_load_only_files_that_are_there(site):
    for sheet in site.rglob("*.css"):
        for address in style_addresses(sheet.read_text(encoding="utf-8")):
            assert not is_external(address), f"{sheet.name}: {address}"
            if not address.startswith(("data:", "#")):
                file = unquote(address.split("?")[0].split("#")[0])
                assert (sheet.parent / file).is_file(), f"{sheet.name}: {address}"


def test_every_picture_has_an_alternative_text(site):
    for page in site.rglob("chapters/*.html"):
        for tag in page.read_text(encoding="utf-8").split("<img ")[1:]:
            assert 'alt="' in tag.split(">")[0], f"{page.name}: <img {tag[:80]}"


def test_a_second_build_does_nothing(built_course, steps):
    page = built_course.build / "site" / "chapters" / "01_sums.html"
    written = page.stat().st_mtime_ns
    book_site.build(built_course, steps.append)
    assert steps[-1] == "  nothing that the book is made from has changed"
    assert page.stat().st_mtime_ns == written


def test_new_prose_is_built_without_running_a_cell(built_course, steps):
    edit(built_course.chapters[0], "Add", "Add up")
    built = book_site.build(built_course, steps.append)
    assert "  unchanged, not run again: chapters/01_sums" in steps
    assert not any("running" in step for step in steps)
    assert "Add up" in (built / "chapters" / "01_sums.html").read_text()


def test_new_code_is_run(built_course, steps):
    edit(built_course.chapters[0], "1 + 2", "2 + 2")
    book_site.build(built_course, steps.append)
    assert "  running chapters/01_sums" in steps
    assert "  unchanged, not run again: solutions/01_sums" in steps


def test_another_environment_runs_every_chapter_again(built_course, steps, monkeypatch):
    monkeypatch.setattr(fingerprint, "of_environment", lambda: "another")
    book_site.build(built_course, steps.append)
    assert {"  running chapters/01_sums", "  running solutions/01_sums"} <= set(steps)


def test_tests_and_commands_agree_on_the_environment(monkeypatch, tmp_path):
    extra = tmp_path / "bundled-1.0.dist-info"  # as setuptools brings some when it is imported
    extra.mkdir()
    (extra / "METADATA").write_text("Metadata-Version: 2.1\nName: bundled\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "from dvae_course import fingerprint; print(fingerprint.of_environment())"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == fingerprint.of_environment()


def test_another_data_folder_is_another_environment(monkeypatch):
    here = fingerprint.of_environment()
    monkeypatch.setenv("DVAE_DATA", "/another/folder")
    assert fingerprint.of_environment() != here


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("1 + 2", "nothing", "chapters/01_sums.md failed: NameError: name 'nothing' is not"),
        ("Add", "{numref}`nowhere`", "The book has 1 warning: chapters/01_sums.md:"),
        ("print(total", "import sys; print(3, file=sys.stderr", "The book has 1 warning: chapters"),
    ],
)
def test_a_failed_build_says_why_and_leaves_the_old_site(built_course, old, new, line):
    page = built_course.build / "site" / "chapters" / "01_sums.html"
    before = page.read_bytes()
    edit(built_course.chapters[0], old, new)
    with pytest.raises(CourseError) as caught:
        book_site.build(built_course)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert page.read_bytes() == before


def test_a_warning_fails_the_next_build_as_well(built_course):
    edit(built_course.chapters[0], "Add", "{numref}`nowhere`")
    for _ in range(2):
        with pytest.raises(CourseError, match="1 warning"):
            book_site.build(built_course)


def test_an_interrupted_build_leaves_no_site_to_trust(small_course):
    def interrupt(step: str) -> None:
        if "running" in step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        book_site.build(small_course, interrupt)
    assert not (small_course.build / "site").exists()
    assert not (small_course.build / "site.stamp").exists()


def test_without_npm_the_pages_use_the_network_and_the_command_says_so(built_course, steps):
    built = book_site.build(built_course, steps.append)
    assert "npm is not installed" in steps[0]
    chapter = BuiltPage(built / "chapters" / "01_sums.html")
    assert [address for address in chapter.fetched if "mathjax" in address.lower()] != []


def test_a_failing_npm_is_reported_and_leaves_no_copy_to_trust(tmp_path, course, monkeypatch):
    broken = Course(tmp_path)
    (tmp_path / "book").mkdir()
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "book" / name).write_text((course.root / "book" / name).read_text())
    monkeypatch.setattr(mathjax.shutil, "which", lambda name: "false")
    steps: list[str] = []
    assert mathjax.fetch(broken, steps.append) is False
    assert "npm could not fetch it" in steps[-1]
    assert not (broken.build / "assets").exists()
