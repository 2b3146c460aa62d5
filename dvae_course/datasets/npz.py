"""Read an array of an .npz file a few rows at a time, where the whole would not fit in memory.

Such a file is a zip archive with one `.npy` file an array. Pickled arrays are never read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.rows import read_rows


def npz_rows(
    path: Path, key: str, shape: tuple[int, ...], dtype: str, rows: int = 4096
) -> Iterator[tuple[int, np.ndarray]]:
    """The array `key` in blocks of so many rows, each with the number of its first row.

    Raises `ValueError` naming the file if it is broken, or the array missing or of another shape
    or type.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
            _check_header(path, key, file, shape, dtype)
            yield from read_rows(path, file, shape, dtype, rows, key)
    except KeyError as error:
        raise damaged(path, f"no array {key}", f"{key} of {dtype} {shape}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise damaged(path, f"a broken archive ({error})", "a whole .npz file") from error


def _check_header(
    path: Path, key: str, file: BufferedIOBase, shape: tuple[int, ...], dtype: str
) -> None:
    try:
        version = np.lib.format.read_magic(file)
        found = np.lib.format.read_array_header_1_0(file)
    except ValueError as error:
        raise damaged(path, f"{key} with a bad header ({error})", "a NumPy array") from error
    if version != (1, 0) or found != (shape, False, np.dtype(dtype)):
        order = "Fortran order" if found[1] else "C order"
        what = f"{key} of {found[2].str} {found[0]} in {order}, format {version[0]}.{version[1]}"
        raise damaged(path, what, f"{dtype} {shape} in C order, format 1.0")
