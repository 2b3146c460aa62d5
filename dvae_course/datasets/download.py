"""Find a data set's files on this machine, or download them: the only way to the network here.

A file is trusted only when its checksum matches, and takes its final name only then; an interrupted
download is kept apart (`….part`) and continued by the next attempt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests

from dvae_course.datasets.resume import digest, fetch, part_of


class DataUnavailable(RuntimeError):
    """A data set is neither on this machine nor to be had from its source."""


@dataclass(frozen=True)
class Source:
    """Where a data set is published: its files' addresses, checksums and Debian package, if any.

    A checksum is "md5:…" or "sha256:…", or `None` where none is published: such a file is taken as
    it comes, never continued from a part, and the data set that reads it must check its contents.
    What has no Debian package has a `source="rendered"` that stands in for it.
    """

    title: str
    folder_name: str
    base_url: str
    checksums: Mapping[str, str | None]
    debian_package: str | None = None

    @property
    def debian_folder(self) -> Path:
        """Where the Debian package puts the files."""
        return Path("/usr/share/datasets") / self.folder_name


def data_folder() -> Path:
    """Where downloads are kept: the folder named by `DVAE_DATA`, else the user's cache."""
    chosen = os.environ.get("DVAE_DATA")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("dvae-course"))


def search_folders(source: Source) -> list[Path]:
    """The folders that are searched, first choice first."""
    ours = data_folder()
    if os.environ.get("DVAE_DATA"):
        return [ours / source.folder_name, ours, source.debian_folder]
    return [source.debian_folder, ours / source.folder_name]


def locate(
    source: Source, names: Sequence[str], folder: str | Path | None = None
) -> list[Path] | None:
    """Paths of the files `names` in the first folder that has them all, or `None`.

    A file `….gz` may lie there unpacked, under its name without `.gz`. A `folder` that the caller
    names is the only one searched.
    """
    for candidate in _folders(source, folder):
        found = [_on_disk(candidate, name) for name in names]
        if all(found):
            return [path for path in found if path]
    return None


def copies(source: Source) -> Iterator[tuple[str, Path]]:
    """Name and path of each of the source's files in each folder that is searched."""
    for folder in search_folders(source):
        for name in source.checksums:
            if path := _on_disk(folder, name):
                yield name, path


def obtain(source: Source, names: Sequence[str], folder: str | Path | None = None) -> list[Path]:
    """Paths of the files `names` (each `….gz`, or unpacked under the same name without `.gz`).

    A `folder` that the caller names is the only one searched. Without it the files are looked for
    in the folder named by `DVAE_DATA`, in the Debian package's folder and in the user's cache, and
    downloaded from their publisher if they are in none of these.
    """
    if found := locate(source, names, folder):
        return found
    if folder is not None:
        reason = "not tried, as a folder was given"
        raise DataUnavailable(_advice(source, names, _folders(source, folder), reason))
    return download(source, names)


def download(source: Source, names: Sequence[str], folder: str | Path | None = None) -> list[Path]:
    """Fetch the files `names` into `folder`, by default where downloads are kept.

    What lies there already is left alone; what an interrupted download left is continued. Raises
    `DataUnavailable`, with every way out, if a file cannot be had.
    """
    target = Path(folder).expanduser() if folder else data_folder() / source.folder_name
    searched = [target] if folder else search_folders(source)
    try:
        for name in names:
            if not _on_disk(target, name):
                fetch(source.base_url + name, target / name, source.checksums[name])
    except requests.ConnectionError as error:
        reason = "no connection; is this machine online?"
        raise DataUnavailable(_advice(source, names, searched, reason, target)) from error
    except (OSError, ValueError) as error:
        raise DataUnavailable(_advice(source, names, searched, str(error), target)) from error
    return [path for name in names if (path := _on_disk(target, name))]


def unfinished(source: Source, folder: Path | None = None) -> dict[str, int]:
    """Bytes that interrupted downloads have left of each file that can be continued."""
    target = folder or data_folder() / source.folder_name
    parts = {name: part_of(target / name) for name, known in source.checksums.items() if known}
    return {name: part.stat().st_size for name, part in parts.items() if part.is_file()}


def mismatch(source: Source, name: str, path: Path) -> str | None:
    """How the checksum of `path` differs from the published one, or `None` if it is the same.

    Raises `ValueError` where nothing can be compared: no checksum is published, the file lies there
    unpacked, or it is Debian's, who compress the same content anew.
    """
    published = source.checksums[name]
    if source.debian_package and path.parent == source.debian_folder:
        package = source.debian_package
        raise ValueError(f"compressed anew by Debian; `dpkg --verify {package}` compares it")
    if published is None:
        raise ValueError("no checksum is published")
    if path.name != name:
        raise ValueError(f"unpacked, and only the checksum of {name} is published")
    algorithm, _, expected = published.partition(":")
    found = digest(path, algorithm)
    return None if found == expected else f"{algorithm} {found}, expected {expected}"


def _folders(source: Source, folder: str | Path | None) -> list[Path]:
    return search_folders(source) if folder is None else [Path(folder).expanduser()]


def _on_disk(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / name.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _advice(
    source: Source,
    names: Sequence[str],
    searched: Sequence[Path],
    reason: str,
    target: Path | None = None,
) -> str:
    instead = (
        f"on Debian or Ubuntu, apt install {source.debian_package}"
        if source.debian_package
        else f'choose source="rendered", which stands in for {source.title} and needs no file'
    )
    kept = "".join(
        f"  kept:      {size / 1e6:.1f} MB of {name}; the next attempt goes on from there\n"
        for name, size in (unfinished(source, target) if target else {}).items()
    )
    return (
        f"{source.title} is not available.\n"
        f"  wanted:    {', '.join(names)} (or unpacked, without .gz)\n"
        f"  looked in: {', '.join(map(str, searched))}\n"
        f"  download from {source.base_url}: {reason}\n{kept}"
        "Any of these helps: set the environment variable DVAE_DATA to a folder that holds the "
        f"files; {instead}; download the files from "
        "the address above with a browser and set DVAE_DATA to their folder."
    )
