"""Stored results say what made them, and a damaged file is named."""

import polars
import pytest

from dvae_course import __version__, results

FRAME = polars.DataFrame({"seed": [0, 1], "mig": [0.25, 0.5]})


def test_a_table_comes_back_with_its_provenance(tmp_path):
    file = results.write(FRAME, tmp_path / "new" / "x.parquet", command="dvae x", seeds=(0, 1))
    assert results.read(file).equals(FRAME)
    notes = results.provenance(file)
    assert notes["command"] == "dvae x" and notes["seeds"] == "(0, 1)"
    assert notes["version"] == __version__
    assert {"sources", "python", "torch", "machine", "cores", "date"} <= set(notes)


def test_writing_replaces_and_leaves_nothing_else(tmp_path):
    results.write(FRAME.head(1), tmp_path / "x.parquet")
    results.write(FRAME, tmp_path / "x.parquet")
    assert len(results.read(tmp_path / "x.parquet")) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("read", [results.read, results.provenance])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path, read):
    file = results.write(FRAME, tmp_path / "x.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"x\.parquet is not a whole Parquet file; delete it"):
        read(file)


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        results.read(tmp_path / "none.parquet")


def test_stored_results_are_found_by_name(small_course, monkeypatch):
    monkeypatch.chdir(small_course.root)
    file = results.write(FRAME, small_course.root / "book" / "data" / "tiny.parquet")
    assert results.stored("tiny") == file
    with pytest.raises(FileNotFoundError, match="'none'; there are: tiny"):
        results.stored("none")


def test_every_shipped_file_says_how_it_was_made(course):
    for file in (course.root / "book" / "data").glob("*.parquet"):
        assert results.provenance(file)["command"].startswith("dvae "), file.name
