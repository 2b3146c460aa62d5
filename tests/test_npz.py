"""Arrays come out of .npz files block by block, and whatever is wrong with a file is named."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dvae_course.datasets.npz import npz_rows

TABLE = np.arange(70).reshape(10, 7)


def write(folder: Path, save: Callable = np.savez_compressed, **arrays: np.ndarray) -> Path:
    path = folder / "data.npz"
    save(path, **arrays)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("rows", [1, 3, 10, 11])
def test_the_blocks_are_the_array_each_with_its_first_row(tmp_path, save, rows):
    path = write(tmp_path, save, other=np.ones(3), table=TABLE)
    starts, blocks = zip(*npz_rows(path, "table", (10, 7), "<i8", rows), strict=True)
    assert starts == tuple(range(0, 10, rows))
    assert np.array_equal(np.concatenate(blocks), TABLE)


def test_a_pickled_neighbour_is_left_alone(tmp_path):
    path = write(tmp_path, metadata=np.array({"never": "read"}, object), table=TABLE)
    assert sum(len(block) for _, block in npz_rows(path, "table", (10, 7), "<i8")) == 10


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (TABLE[:-1], r"<i8 \(9, 7\) in C order"),
        (TABLE.astype(np.int32), r"<i4 \(10, 7\)"),
        (np.asfortranarray(TABLE), "Fortran order"),
        (np.full((10, 7), None), r"\|O \(10, 7\)"),
    ],
)
def test_another_shape_type_or_order_is_refused(tmp_path, array, words):
    path = write(tmp_path, table=array)
    with pytest.raises(ValueError, match=words) as raised:
        list(npz_rows(path, "table", (10, 7), "<i8"))
    assert str(path) in str(raised.value)


def test_a_missing_array_is_named(tmp_path):
    with pytest.raises(ValueError, match="no array table"):
        list(npz_rows(write(tmp_path, other=TABLE), "table", (10, 7), "<i8"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda c: c[: -TABLE[0].nbytes], "only 9 whole rows"),
        (lambda c: c[:60], "table with a bad header"),
        (lambda c: b"<html>not found</html>", "table with a bad header"),
    ],
)
def test_a_member_that_is_no_whole_array_is_refused(tmp_path, damage, words):
    path = write(tmp_path, table=TABLE)
    with zipfile.ZipFile(path) as archive:
        content = archive.read("table.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.npy", damage(content))
    with pytest.raises(ValueError, match=words) as raised:
        list(npz_rows(path, "table", (10, 7), "<i8"))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "damage",
    [
        lambda c: b"",
        lambda c: b"<html>not found</html>" * 9,
        lambda c: c[: len(c) // 2],
        lambda c: c[: len(c) // 2] + bytes([c[len(c) // 2] ^ 1]) + c[len(c) // 2 + 1 :],
    ],
    ids=["empty", "web page", "truncated", "one bit flipped"],
)
def test_a_broken_archive_is_refused_by_name(tmp_path, save, damage):
    noise = np.random.default_rng(0).integers(0, 1 << 60, (100, 7))
    path = write(tmp_path, save, table=noise)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="broken archive") as raised:
        list(npz_rows(path, "table", (100, 7), "<i8"))
    assert str(path) in str(raised.value)
