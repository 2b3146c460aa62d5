"""Fetch one file over HTTP in as many attempts as it takes, each from where the last one stopped.

Data sets of some hundred megabytes come from university servers through home connections. What an
interrupted download leaves is kept under the file's name with `.part` behind it; the next attempt
asks the server for the rest only. The file takes its name when its checksum matches.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import requests
from filelock import FileLock
from tqdm.auto import tqdm
from urllib3.exceptions import HTTPError

from dvae_course import __version__

BLOCK = 2**18
AGENT = f"dvae-course/{__version__} (a textbook; fetches each file once)"
TIMEOUT = 30  # seconds without a byte
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416


def fetch(url: str, path: Path, checksum: str | None) -> None:
    """Download `url` to `path`, unless another process has just done so.

    `checksum` is "md5:…" or "sha256:…"; without one (`None`) a download always starts from nothing,
    as nothing would tell whether the rest fits what is here. A hidden, empty `.lock` file beside
    `path` makes concurrent processes wait for each other.

    Raises
    ------
    OSError : the server cannot be reached, refuses, or falls silent; what has arrived is kept.
    ValueError : the checksum does not match; what has arrived is deleted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        if path.is_file():
            return
        part = part_of(path)
        if checksum is None:
            part.unlink(missing_ok=True)
        resumed = part.is_file()
        _receive(url, part)
        _verify(part, checksum, resumed)
        part.replace(path)


def part_of(path: Path) -> Path:
    """Where the beginning of an unfinished download of `path` is kept."""
    return path.with_name(f"{path.name}.part")


def digest(path: Path, algorithm: str) -> str:
    """The file's "md5" or "sha256" as hexadecimal digits; a bar shows if it takes its time."""
    result = hashlib.new(algorithm)
    with path.open("rb") as file, _bar(f"checking {path.name}", path.stat().st_size) as bar:
        while block := file.read(BLOCK):
            result.update(block)
            bar.update(len(block))
    return result.hexdigest()


def _receive(url: str, part: Path) -> None:
    """Append to `part` what it lacks, or write it anew where the server cannot continue."""
    start = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": AGENT}
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if start and response.status_code == RANGE_NOT_SATISFIABLE:
            return  # nothing lies beyond what is here: it may be whole, which its checksum tells
        response.raise_for_status()
        _write(response, part, start if response.status_code == PARTIAL_CONTENT else 0)


def _write(response: requests.Response, part: Path, start: int) -> None:
    length = response.headers.get("Content-Length")
    total = start + int(length) if length else None
    name = f"fetching {part.name.removesuffix('.part')}"
    with part.open("ab" if start else "wb") as file, _bar(name, total, start) as bar:
        try:
            # The bytes as published: a server may call a .gz file an encoding of its contents.
            for block in response.raw.stream(BLOCK, decode_content=False):
                file.write(block)
                bar.update(len(block))
        except HTTPError as error:
            raise OSError(f"the connection broke off ({error})") from error


def _verify(part: Path, checksum: str | None, resumed: bool) -> None:
    if checksum is None:
        return
    algorithm, _, published = checksum.partition(":")
    found = digest(part, algorithm)
    if found != published:
        part.unlink()
        begun = " by an earlier attempt and this one" if resumed else ""
        raise ValueError(
            f"what was fetched{begun} does not match the published checksum ({algorithm} {found}, "
            f"expected {published}) and was deleted; the next attempt starts from nothing"
        )


def _bar(what: str, total: int | None, start: int = 0) -> tqdm:
    units = {"unit": "B", "unit_scale": True, "unit_divisor": 1000}
    return tqdm(desc=what, total=total, initial=start, delay=1.0, **units)
