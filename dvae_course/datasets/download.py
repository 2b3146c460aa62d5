"""Find a data set's files on this machine, or download them: the only module that uses the network.

A file is trusted only when its checksum matches, and takes its final name only then, so an
interrupted download leaves nothing behind that a second run would believe.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests


class DataUnavailable(RuntimeError):
    """A data set is neither on this machine nor to be had from its source."""


@dataclass(frozen=True)
class Source:
    """Where a data set is published: its files' addresses, checksums and Debian package, if any.

    What has no Debian package has a `source="rendered"` that stands in for it.
    """

    title: str
    folder_name: str
    base_url: str
    checksums: dict[str, str]
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


def obtain(source: Source, names: Sequence[str], folder: str | Path | None = None) -> list[Path]:
    """Paths of the files `names` (each `….gz`, or unpacked under the same name without `.gz`).

    A `folder` that the caller names is the only one searched. Without it the files are looked for
    in the folder named by `DVAE_DATA`, in the Debian package's folder and in the user's cache, and
    downloaded from their publisher if they are in none of these.
    """
    folders = search_folders(source) if folder is None else [Path(folder).expanduser()]
    for candidate in folders:
        found = [_on_disk(candidate, name) for name in names]
        if all(found):
            return [path for path in found if path]
    if folder is not None:
        raise DataUnavailable(_advice(source, names, folders, "not tried: a folder was given"))
    try:
        return [_download(source, name) for name in names]
    except requests.ConnectionError as error:
        reason = "no connection; is this machine online?"
        raise DataUnavailable(_advice(source, names, folders, reason)) from error
    except (OSError, ValueError) as error:
        raise DataUnavailable(_advice(source, names, folders, str(error))) from error


def _on_disk(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / name.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _download(source: Source, name: str) -> Path:
    path = pooch.retrieve(
        source.base_url + name,
        known_hash=source.checksums[name],
        fname=name,
        path=data_folder() / source.folder_name,
        downloader=pooch.HTTPDownloader(progressbar=True),
    )
    return Path(path)


def _advice(source: Source, names: Sequence[str], folders: Sequence[Path], reason: str) -> str:
    instead = (
        f"on Debian or Ubuntu, apt install {source.debian_package}"
        if source.debian_package
        else 'choose source="rendered", which needs no file'
    )
    return (
        f"{source.title} is not available.\n"
        f"  wanted:    {', '.join(names)} (or unpacked, without .gz)\n"
        f"  looked in: {', '.join(map(str, folders))}\n"
        f"  download from {source.base_url}: {reason}\n"
        "Any of these helps: set the environment variable DVAE_DATA to a folder that holds the "
        f"files; {instead}; download the files from "
        "the address above with a browser and set DVAE_DATA to their folder."
    )
