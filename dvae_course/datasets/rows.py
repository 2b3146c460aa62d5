"""Read the values of a stored array some rows at a time; refuse an array that ends too early."""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from dvae_course.datasets.damaged import damaged


def read_rows(
    path: Path, file: BufferedIOBase, shape: tuple[int, ...], dtype: str, rows: int, name: str
) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of so many rows of the array at the file's position, each with its first row's number.

    Raises `ValueError` naming the file and the array if the file ends before its last row.
    """
    row_size = math.prod(shape[1:]) * np.dtype(dtype).itemsize
    for start in range(0, shape[0], rows):
        count = min(rows, shape[0] - start)
        content = file.read(count * row_size)
        if len(content) < count * row_size:
            found = start + len(content) // row_size
            raise damaged(path, f"{name} with only {found} whole rows", f"{shape[0]}")
        yield start, np.frombuffer(content, dtype).reshape(count, *shape[1:])
