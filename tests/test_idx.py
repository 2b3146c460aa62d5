"""An idx file is read as it is, or refused with its name and what is wrong with it."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from dvae_course.datasets.idx import read_idx

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
HEADER = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
WHOLE = HEADER + VALUES.tobytes()


def write(folder: Path, content: bytes, packed: bool) -> Path:
    path = folder / ("values.gz" if packed else "values")
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_a_whole_file_gives_its_values_packed_or_not(tmp_path, packed):
    np.testing.assert_array_equal(read_idx(write(tmp_path, WHOLE, packed), VALUES.shape), VALUES)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the first bytes"),
        (b"<html>not found</html>", "3c 68 74 6d, expected 00 00 08 03"),
        (bytes([0, 0, 13, 3]) + WHOLE[4:], "00 00 0d 03"),
        (HEADER[:10], "a header of 10 bytes"),
        (WHOLE[:-1], "only 23 bytes of values"),
        (WHOLE + b"\0", "more than 24 bytes of values"),
        (WHOLE.replace(HEADER, HEADER[:7] + b"\1" + HEADER[8:]), r"shape \(1, 3, 4\)"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, packed, content, complaint):
    path = write(tmp_path, content, packed)
    with pytest.raises(ValueError, match=complaint) as raised:
        read_idx(path, VALUES.shape)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>not found</html>",
        gzip.compress(WHOLE)[:-9],
        gzip.compress(WHOLE)[:-8] + bytes(8),
        gzip.compress(WHOLE)[:10] + b"\xff" * 30,
        gzip.compress(WHOLE) + b"trailing",
    ],
    ids=["no gzip", "cut off", "wrong checksum", "garbled", "trailing bytes"],
)
def test_broken_gzip_is_refused_by_name(tmp_path, content):
    path = tmp_path / "values.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="broken gzip data") as raised:
        read_idx(path, VALUES.shape)
    assert str(path) in str(raised.value)
