"""Decide what must be made again: a hash of everything that a chapter's outputs depend on."""

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

SOURCES = {".py", ".js", ".json", ".csv", ".parquet"}


def of_files(files: Iterable[Path], root: Path) -> str:
    """A hash of the names and the contents of files."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def of_package() -> str:
    """A hash of this package's sources and of the data files that lie among them."""
    package = Path(__file__).parent
    return of_files((file for file in package.rglob("*") if file.suffix in SOURCES), package)


def of_environment() -> str:
    """A hash of Python, of what is installed, of this package and of where data comes from."""
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    installed = sorted({f"{item.name}=={item.version}" for item in distributions(path=places)})
    parts = [sys.version, *installed, os.environ.get("DVAE_DATA", ""), of_package()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
