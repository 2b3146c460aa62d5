"""Read the idx format, in which MNIST-like data sets are published, and refuse anything else.

An idx file is two zero bytes, a type byte (8: unsigned byte), the number of axes, each axis' length
as a big-endian 32-bit integer, then the values. A damaged download must not become training data,
so what the file says is compared with what the caller knows about it.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

UNSIGNED_BYTE = 8


def read_idx(path: Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "*shape"]:
    """The bytes of an idx file (gzipped if its name ends in `.gz`) as an array of `shape`."""
    header_size, values = 4 + 4 * len(shape), math.prod(shape)
    content = _content(path, limit=header_size + values + 1)
    _check_header(path, content[:header_size], shape)
    size = len(content) - header_size
    if size != values:
        found = f"only {size}" if size < values else f"more than {values}"
        raise _damaged(path, f"{found} bytes of values", f"{values}, as its header says")
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _content(path: Path, limit: int) -> bytes:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            return file.read(limit)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, f"broken gzip data ({error})", "one whole gzip stream") from error


def _check_header(path: Path, header: bytes, shape: tuple[int, ...]) -> None:
    magic = bytes([0, 0, UNSIGNED_BYTE, len(shape)])
    if header[:4] != magic:
        raise _damaged(path, f"the first bytes {header[:4].hex(' ')}", magic.hex(" "))
    if len(header) < 4 + 4 * len(shape):
        raise _damaged(path, f"a header of {len(header)} bytes", f"{4 + 4 * len(shape)}")
    found = tuple(np.frombuffer(header, ">u4", offset=4).tolist())
    if found != shape:
        raise _damaged(path, f"an array of shape {found}", f"{shape}")


def _damaged(path: Path, found: str, expected: str) -> ValueError:
    return ValueError(
        f"{path} is not the expected idx file: found {found}, expected {expected}; "
        "delete it and fetch it again, or name another folder"
    )
