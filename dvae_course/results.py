"""Stored results: a small Parquet file that says itself what made it.

What takes longer than a chapter may is computed by a command and kept under `book/data/`. The
file's own metadata hold the package's version and a hash of its sources, the machine, the date, and
whatever the command adds (itself, its preset, its seeds).
"""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import polars

from dvae_course import __version__, fingerprint
from dvae_course.course import CourseError, find_course

PREFIX = "dvae."


def write(frame: polars.DataFrame, file: Path | str, **provenance: object) -> Path:
    """Write a table and where it came from; the file is whole or not there.

    Parameters
    ----------
    frame : the results, usually one row a trained model.
    file : its folder is made if need be; what lies there is replaced.
    provenance : what to note besides package, machine and date, for instance
        `command="dvae experiment sparse-prior --preset paper"`.

    Returns
    -------
    The file's path.
    """
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    notes = {f"{PREFIX}{name}": str(value) for name, value in {**_here(), **provenance}.items()}
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    frame.write_parquet(unfinished, metadata=notes)
    unfinished.replace(file)
    return file


def read(file: Path | str) -> polars.DataFrame:
    """The table in a file of results.

    Raises
    ------
    ValueError : the file is not a whole Parquet file.
    FileNotFoundError : there is none.
    """
    try:
        return polars.read_parquet(file)
    except polars.exceptions.ComputeError as error:
        raise ValueError(_damaged(file)) from error


def provenance(file: Path | str) -> dict[str, str]:
    """What a file of results notes about itself: command, version, sources, machine, date, …"""
    try:
        notes = polars.read_parquet_metadata(file)
    except polars.exceptions.ComputeError as error:
        raise ValueError(_damaged(file)) from error
    return {name.removeprefix(PREFIX): v for name, v in notes.items() if name.startswith(PREFIX)}


def stored(name: str) -> Path:
    """The file of results that the course ships under this name, in `book/data/`.

    Raises
    ------
    FileNotFoundError : there is no such file, or no copy of the course around.
    """
    try:
        folder = find_course(Path.cwd()).root / "book" / "data"
    except CourseError as error:
        raise FileNotFoundError(
            f"the stored results {name!r} come with the course: {error}"
        ) from None
    file = folder / f"{name}.parquet"
    if not file.is_file():
        known = ", ".join(sorted(f.stem for f in folder.glob("*.parquet"))) or "none"
        raise FileNotFoundError(f"no stored results are called {name!r}; there are: {known}")
    return file


def _here() -> dict[str, object]:
    """This package, this machine, now."""
    return {
        "version": __version__,
        "sources": fingerprint.of_package()[:16],
        "python": platform.python_version(),
        "torch": version("torch"),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _damaged(file: Path | str) -> str:
    return f"{file} is not a whole Parquet file; delete it and run the command that made it again"
