"""Read the binary matrices in which NORB is published, a few rows at a time, or refuse them.

A matrix is a magic number that tells its type, the number of axes, the length of each (of three at
least), then the values; all numbers are little endian.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.rows import read_rows

MAGIC = {"u1": 0x1E3D4C55, "<i4": 0x1E3D4C54}


def read_matrix(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The whole matrix; `dtype` is "u1" or "<i4". Raises `ValueError` as `matrix_rows` does."""
    return np.concatenate(list(matrix_rows(path, shape, dtype)))


def matrix_rows(
    path: Path, shape: tuple[int, ...], dtype: str, rows: int = 256
) -> Iterator[np.ndarray]:
    """The matrix in blocks of so many rows, from a file gzipped if its name ends in `.gz`.

    Raises `ValueError` naming the file if its type, shape or length is not the one expected.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            _check_header(path, file, shape, dtype)
            for _, block in read_rows(path, file, shape, dtype, rows, "a matrix"):
                yield block
            if file.read(1):
                raise damaged(path, f"more than {shape[0]} rows", f"{shape[0]}")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged(path, f"broken gzip data ({error})", "one whole gzip stream") from error


def _check_header(path: Path, file: BufferedIOBase, shape: tuple[int, ...], dtype: str) -> None:
    padded = shape + (1,) * (3 - len(shape))
    header = file.read(8 + 4 * len(padded))
    magic = MAGIC[dtype].to_bytes(4, "little")
    if header[:4] != magic:
        raise damaged(path, f"the first bytes {header[:4].hex(' ')}", magic.hex(" "))
    if len(header) < 8 + 4 * len(padded):
        raise damaged(path, f"a header of {len(header)} bytes", f"{8 + 4 * len(padded)}")
    axes, *lengths = np.frombuffer(header, "<i4", offset=4).tolist()
    if axes != len(shape) or tuple(lengths[: len(shape)]) != shape:
        found = f"{axes} axes beginning {tuple(lengths)}"
        raise damaged(path, found, f"{len(shape)} axes of shape {shape}")
