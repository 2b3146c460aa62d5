"""`dvae data` works in any folder, says what it did, and how to go on where it could not."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from publisher import publishing

from dvae_course import cli
from dvae_course.course import CourseError
from dvae_course.datasets import catalogue
from dvae_course.datasets.download import Source

CONTENT = {"images.gz": b"pixels " * 1000, "labels.gz": b"labels"}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: empty, outside of any course, with `DVAE_DATA` below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVAE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cli, "find_course", no_course)
    return tmp_path


def no_course(start: Path) -> None:
    raise CourseError(f"{start} is not in a copy of the course")


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch):
    """A publisher of Cars3D's files, two short ones in this test."""
    with publishing(dict(CONTENT)) as served:
        checksums = {n: "md5:" + hashlib.md5(c).hexdigest() for n, c in CONTENT.items()}
        source = Source("Cars3D", "cars3d", served.url, checksums)
        entry = replace(catalogue.CATALOGUE["cars3d"], published=(source,))
        monkeypatch.setitem(catalogue.CATALOGUE, "cars3d", entry)
        yield served


@pytest.fixture
def run(elsewhere, capsys):
    """Run `dvae data` with arguments: its exit status, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(["data", *arguments])
        return caught.value.code, *capsys.readouterr()

    return call


def row_of(table: str, name: str) -> str:
    return next(line for line in table.splitlines() if line.startswith(name))


def test_the_list_has_a_row_a_data_set_and_says_where_downloads_go(run, elsewhere):
    status, table, _ = run("list")
    assert status == 0
    for name in catalogue.CATALOGUE:
        row_of(table, name)
    assert "10×10×10×8×4×15" in row_of(table, "shapes3d")
    assert "268 MB" in row_of(table, "shapes3d")
    assert row_of(table, "cars3d").endswith("not here")
    assert str(elsewhere / "data") in table


def test_fetched_files_are_named_listed_and_not_fetched_again(run, elsewhere, publisher):
    folder = elsewhere / "data" / "cars3d"
    status, output, _ = run("fetch", "cars3d")
    assert status == 0
    assert output.splitlines() == ["cars3d: fetched", *(f"  {folder / name}" for name in CONTENT)]
    assert row_of(run("list")[1], "cars3d").endswith(str(folder))
    assert run("fetch", "cars3d")[1].startswith("cars3d: already here")
    assert len(publisher.ranges) == 2


def test_files_are_fetched_into_the_folder_that_is_named(run, elsewhere, publisher):
    assert run("fetch", "cars3d", "--to", "mine")[0] == 0
    assert {path.name for path in (elsewhere / "mine").glob("*.gz")} == set(CONTENT)
    assert "already here" in run("fetch", "cars3d", "--to", "mine")[1]


def test_a_broken_download_is_listed_with_its_size_and_continued(run, publisher):
    publisher.cut_after = 5000
    status, _, problem = run("fetch", "cars3d")
    assert status == 1
    assert problem.startswith("dvae data fetch: Cars3D is not available")
    assert row_of(run("list")[1], "cars3d").endswith("not here (0.0 MB of a download)")
    publisher.cut_after = None
    assert run("fetch", "cars3d")[0] == 0
    assert publisher.ranges == [None, "bytes=5000-", None]


def test_the_check_names_each_file_and_fails_for_one_that_differs(run, elsewhere, publisher):
    run("fetch", "cars3d")
    status, output, _ = run("check", "cars3d")
    assert (status, output.count("as published")) == (0, 2)
    (elsewhere / "data" / "cars3d" / "labels.gz").write_bytes(b"other")
    status, output, _ = run("check")
    assert status == 1
    (line,) = [line for line in output.splitlines() if "WRONG" in line]
    assert "labels.gz" in line
    assert line.endswith("delete it, then run `dvae data fetch cars3d`")


def test_the_check_does_not_pass_over_a_data_set_that_is_named_and_missing(run):
    assert run("check", "smallnorb") == (
        1,
        "SmallNORB: not here (dvae data fetch smallnorb)\n",
        "",
    )
    assert run("check")[0] == 0


def test_the_check_says_what_it_cannot_compare(run, elsewhere, publisher):
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "images").write_bytes(b"unpacked")
    status, output, _ = run("check", "cars3d")
    assert status == 0
    assert "not compared, unpacked" in output


def test_a_preview_is_a_png_whose_path_and_conclusion_are_printed(run, elsewhere):
    status, output, _ = run("preview", "color-dsprites", "--seed", "1")
    conclusion, path = output.splitlines()
    assert status == 0
    assert Path(path) == elsewhere / "color-dsprites-rendered.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.info["Description"] == conclusion
    assert conclusion.startswith("color-dsprites, rendered: ")


def test_a_preview_goes_where_it_is_told_and_only_as_a_png(run, elsewhere):
    assert run("preview", "dsprites", "--out", "new/look.png")[0] == 0
    assert (elsewhere / "new" / "look.png").is_file()
    status, _, problem = run("preview", "dsprites", "--out", "look.jpg")
    assert status == 2
    assert "must end in .png, got 'look.jpg'" in problem


@pytest.mark.parametrize("command", ["fetch", "check", "preview"])
def test_an_unknown_name_is_answered_with_the_known_ones(run, command):
    status, output, problem = run(command, "mpi3d")
    assert (status, output) == (1, "")
    assert problem.startswith(f"dvae data {command}: There is no data set 'mpi3d'.")
    assert all(name in problem for name in catalogue.CATALOGUE)


def test_no_name_is_fetched_if_one_of_them_is_unknown(run, publisher):
    assert run("fetch", "cars3d", "mpi3d")[0] == 1
    assert publisher.ranges == []


def test_a_missing_original_names_the_stand_in(run, publisher):
    status, _, problem = run("preview", "fashion-mnist", "--source", "rendered")
    assert (status, "must be original" in problem) == (1, True)
    publisher.files.clear()
    assert 'source="rendered"' in run("fetch", "cars3d")[2]


def test_the_help_is_read_without_loading_what_is_heavy(elsewhere):
    code = (
        "import contextlib, sys\nfrom dvae_course import cli\n"
        "with contextlib.suppress(SystemExit): cli.main(['data', '--help'])\n"
        "print({'torch', 'numpy', 'pooch', 'matplotlib'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, COLUMNS="100"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip().endswith("set()")
    for words in ("list", "fetch", "check", "preview", "DVAE_DATA", "dvae data fetch dsprites"):
        assert words in result.stdout
