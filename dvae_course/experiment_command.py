"""`dvae experiment NAME`: a published experiment at one of its sizes, its results stored.

Needs no copy of the course when told where to write. What is heavy is imported when the command
runs, not for its help.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from dvae_course.course import CourseError, find_course
from dvae_course.experiments import EXPERIMENTS

ABOUT = """\
Run one of the published experiments that the chapters re-make, and store its results: a Parquet
file with one row a trained model, which notes the command, the sources' hash, machine and date.

The preset "chapter" is what the chapter runs; "paper" has the architecture, the data, the epochs
and the seeds of the paper's released code, and most of them want a GPU (--device cuda)."""
EXAMPLES = """\
examples:
  dvae experiment clustered-prior --preset paper
  dvae experiment sparse-prior --preset paper --device cuda --out sparse.parquet"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `dvae experiment` takes."""
    parser.description, parser.epilog = ABOUT, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--preset", default="chapter", help="the size (default: chapter)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE.parquet",
        help="where to write (default: book/data/NAME-PRESET.parquet in the course)",
    )


def run(options: argparse.Namespace) -> int:
    """Train, measure, store; the exit status."""
    try:
        return _run(options)
    except (ValueError, OSError) as error:
        print(f"dvae experiment: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    module = import_module(f"dvae_course.experiments.{EXPERIMENTS[options.name]}")
    setting = _setting(module, options.name, options.preset)
    file = options.out or _default_file(options.name, options.preset)
    frame = module.run(setting, device=options.device)
    from dvae_course import results

    command = f"dvae experiment {options.name} --preset {options.preset} --device {options.device}"
    results.write(frame, file, command=command, setting=setting)
    print(f"{len(frame)} models: {file}")
    return 0


def _setting(module: ModuleType, name: str, preset: str) -> object:
    if preset not in module.PRESETS:
        known = ", ".join(module.PRESETS)
        raise ValueError(f"{name} has no preset {preset!r}; it has {known}")
    return module.PRESETS[preset]


def _default_file(name: str, preset: str) -> Path:
    try:
        return find_course(Path.cwd()).root / "book" / "data" / f"{name}-{preset}.parquet"
    except CourseError as error:
        raise ValueError(f"{error} Or say where to write with --out FILE.parquet.") from None
