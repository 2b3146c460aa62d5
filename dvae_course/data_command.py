"""`dvae data`: which data sets there are and where, and how to fetch, check and look at them.

Needs no copy of the course. What is heavy is imported when a command runs, not for its help.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvae_course.datasets.catalogue import Entry
    from dvae_course.datasets.download import Source

ABOUT = """\
The data sets: the seven of the study of Locatello et al. (2019), and Fashion-MNIST.

The seven need no file: source="rendered", the default, draws stand-ins with the same factors.
source="original" reads what was published. It is searched for in the folder that the environment
variable DVAE_DATA names, and in the user's cache, where `fetch` keeps it."""
EXAMPLES = """\
examples:
  dvae data list
  dvae data fetch dsprites smallnorb
  dvae data check
  dvae data preview noisy-dsprites --out noisy.png
  dvae data preview cars3d --source original --seed 3"""
LIST = "Name every data set, with its factors and where its original is on this machine."
FETCH = """\
Download the published files of data sets, about as many MB as `dvae data list` says. A download
that was interrupted, with Ctrl-C for instance, is continued by the same command."""
CHECK = """\
Compare the files on this machine with their published checksums, and exit with status 1 if one
differs, or if a data set that you name is not here."""
PREVIEW = """\
Draw a contact sheet: for each factor a row of pictures in which it alone changes, others and
nuisances (noise, background, instance) fixed. Of Fashion-MNIST, a row for each class."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `dvae data`."""
    parser.description, parser.epilog = ABOUT, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="data_command", required=True, metavar="command")
    commands.add_parser("list", help=LIST, description=LIST)
    fetching = commands.add_parser("fetch", help="Download data sets.", description=FETCH)
    fetching.add_argument("names", nargs="+", metavar="NAME", help="as `dvae data list` has it")
    fetching.add_argument(
        "--to", type=Path, metavar="FOLDER", help="keep the files there, not in the cache"
    )
    checking = commands.add_parser("check", help="Verify checksums.", description=CHECK)
    checking.add_argument("names", nargs="*", metavar="NAME", help="only these; all by default")
    looking = commands.add_parser("preview", help="Draw a contact sheet.", description=PREVIEW)
    looking.add_argument("name", metavar="NAME", help="as `dvae data list` has it")
    looking.add_argument(
        "--source", choices=("rendered", "original"), help="default: rendered where there is one"
    )
    looking.add_argument(
        "--out", type=_png, metavar="FILE.png", help="default: NAME-SOURCE.png in this folder"
    )
    looking.add_argument(
        "--seed", type=int, default=0, help="draws the factors that stay fixed (default: 0)"
    )


def run(options: argparse.Namespace) -> int:
    """Run one subcommand; its exit status."""
    from dvae_course.datasets.download import DataUnavailable

    try:
        return COMMANDS[options.data_command](options)
    except (DataUnavailable, ValueError, OSError) as error:
        print(f"dvae data {options.data_command}: {error}", file=sys.stderr)
        return 1


def show_list(options: argparse.Namespace) -> int:
    """Print the table of data sets."""
    from dvae_course.datasets.catalogue import CATALOGUE
    from dvae_course.datasets.download import data_folder

    row = "{:16} {:33} {:>8} {:15} {:9} {:>8}  {}".format
    columns = ("name", "what", "pictures", "factors", "stand-in", "download", "original")
    print(row(*columns))
    for entry in CATALOGUE.values():
        grid = "×".join(map(str, entry.factors.values())) or "none"
        stand_in = "rendered" if "rendered" in entry.sources else "none"
        size = "unknown" if entry.megabytes is None else f"{entry.megabytes} MB"
        what = (entry.name, entry.what, f"{entry.pictures:,}", grid, stand_in, size)
        print(row(*what, "; ".join(_whereabouts(entry))))
    print(
        f"\nDownloads are kept in {data_folder()}; the environment variable DVAE_DATA moves them."
    )
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Download what is not here."""
    from dvae_course.datasets.download import download, locate

    for entry in _entries(options.names):
        for source in entry.published:
            names = list(source.checksums)
            found = locate(source, names, options.to)
            paths = found or download(source, names, options.to)
            print(f"{entry.name}: {'already here' if found else 'fetched'}")
            for path in paths:
                print(f"  {path}", flush=True)
    return 0


def check(options: argparse.Namespace) -> int:
    """Verify the checksums of every copy on this machine."""
    from dvae_course.datasets.catalogue import CATALOGUE
    from dvae_course.datasets.download import copies

    entries = _entries(options.names or CATALOGUE)
    owners: dict[str, tuple[Source, str]] = {}
    for entry in entries:
        for source in entry.published:
            owners.setdefault(source.title, (source, entry.name))
    failed = False
    for source, owner in owners.values():
        found = list(copies(source))
        if not found:
            print(f"{source.title}: not here (dvae data fetch {owner})")
            failed |= bool(options.names)
        for name, path in found:
            failed |= not _is_good(source, name, path, f"dvae data fetch {owner}")
    return int(failed)


def preview(options: argparse.Namespace) -> int:
    """Write a contact sheet."""
    from dvae_course import plots
    from dvae_course.datasets.catalogue import find
    from dvae_course.datasets.preview import contact_rows

    entry = find(options.name)
    data, source = entry.open(options.source), options.source or entry.sources[0]
    out = options.out or Path(f"{entry.name}-{source}.png")
    figure = plots.contact_sheet(contact_rows(data, seed=options.seed), f"{entry.name}, {source}")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=192, metadata={"Description": plots.conclusion(figure)})
    print(plots.conclusion(figure))
    print(out.resolve())
    return 0


COMMANDS = {"list": show_list, "fetch": fetch, "check": check, "preview": preview}


def _entries(names) -> list[Entry]:
    """The data sets of these names, all of them known before anything is done."""
    from dvae_course.datasets.catalogue import find

    return [find(name) for name in names]


def _whereabouts(entry: Entry) -> Iterator[str]:
    """Where the files of each of the originals are, or how much of them is."""
    from dvae_course.datasets.download import locate, unfinished

    for source in entry.published:
        paths = locate(source, list(source.checksums))
        part = sum(unfinished(source).values()) / 1e6
        missing = f"not here ({part:.1f} MB of a download)" if part else "not here"
        where = str(paths[0].parent) if paths else missing
        yield where if len(entry.published) == 1 else f"{source.title}: {where}"


def _is_good(source: Source, name: str, path: Path, command: str) -> bool:
    """Print what the checksum of one file says."""
    from dvae_course.datasets.download import mismatch

    try:
        problem = mismatch(source, name, path)
    except ValueError as reason:
        print(f"{source.title}: {path}: not compared, {reason}", flush=True)
        return True
    if problem:
        advice = f"delete it, then run `{command}`"
        print(f"{source.title}: {path}: WRONG, {problem}; {advice}", flush=True)
    else:
        print(f"{source.title}: {path}: as published", flush=True)
    return not problem


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"the file's name must end in .png, got {text!r}")
    return path
