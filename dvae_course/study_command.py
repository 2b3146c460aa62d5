"""`dvae study`: what a study would cost, run it, see how far it is, look at its results.

Needs no copy of the course. What is heavy is imported when a command runs, not for its help.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvae_course.study.design import Design

ABOUT = """\
The large study of Locatello et al. (2019), and studies of your own: models of every method,
strength and seed, trained and scored on every data set. DESIGN is a preset, "smoke" (seconds),
"miniature" (a laptop) or "paper" (12,600 models), or a TOML file:

    preset = "miniature"            # what the file does not say is taken from there
    data_sets = ["dsprites"]
    seeds = [0, 1, 2, 3]
    [strengths]
    beta_vae = [1, 4, 16]
    [training]
    steps = 5000"""
EXAMPLES = """\
examples:
  dvae study plan miniature
  dvae study run miniature --data-sets dsprites --seeds 0-3
  dvae study run paper --scheduler tcp://10.0.0.1:8786
  dvae study status miniature
  dvae study show --save results.parquet
  dvae study merge build/study /mnt/other/study"""
PLAN = "Count the models and batches, and time a step and a scoring to say how long it would take."
RUN = """\
Train and score what is not in the store yet. Ctrl-C stops it; the same command goes on. Several
runs, on several machines with a common folder too, may work on one store."""
STATUS = "Count what is finished, what is being worked on by a run, and what failed."
SHOW = "Print the mean scores of each setting; --save writes all rows to one Parquet file."
MERGE = "Add to the first store what only the others have."
DEFAULT_STORE = Path("build/study")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `dvae study`."""
    parser.description, parser.epilog = ABOUT, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="study_command", required=True, metavar="command")
    added = {
        name: commands.add_parser(name, help=text.partition(".")[0] + ".", description=text)
        for name, text in TEXTS.items()
    }
    for name in ("plan", "run", "status"):
        _add_design(added[name])
    for name in ("run", "status", "show"):
        added[name].add_argument(
            "--out",
            type=Path,
            default=DEFAULT_STORE,
            metavar="FOLDER",
            help=f"the store (default: {DEFAULT_STORE})",
        )
    for name in ("plan", "run"):
        added[name].add_argument(
            "--workers", type=int, metavar="N", help="processes (default: one a core)"
        )
    added["run"].add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler's address or file, or local:N for N Dask workers on this machine "
        "(default: this machine without Dask)",
    )
    added["show"].add_argument(
        "--save", type=Path, metavar="FILE.parquet", help="write the rows there, with provenance"
    )
    added["merge"].add_argument("out", type=Path, metavar="STORE", help="the store that grows")
    added["merge"].add_argument("others", type=Path, nargs="+", metavar="OTHER")


def _add_design(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("design", metavar="DESIGN", help="a preset or a TOML file")
    parser.add_argument("--data-sets", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--seeds", metavar="FROM-TO", help="only these, for example 0-9")


def run(options: argparse.Namespace) -> int:
    """Run one subcommand; its exit status."""
    try:
        return COMMANDS[options.study_command](options)
    except (ValueError, OSError) as error:
        print(f"dvae study {options.study_command}: {error}", file=sys.stderr)
        return 1


def plan(options: argparse.Namespace) -> int:
    """Print what a design amounts to, in models and in time."""
    import os

    from dvae_course.study.cost import costs
    from dvae_course.study.memory import peak_bytes
    from dvae_course.study.runner import batches

    design = _design(options)
    work = batches(design, (), Path())
    count = len(work)
    workers = options.workers or os.cpu_count() or 1
    print(f"{design.name}: {len(design):,} models in {count:,} batches, hash {design.hash}\n")
    row = "{:16} {:13} {:>7} {:>12} {:>12} {:>12}".format
    print(row("data set", "method", "models", "training/s", "scoring/s", "core hours"))
    total = 0.0
    for cost in costs(design):
        hours, total = cost.seconds / 3600, total + cost.seconds
        numbers = (f"{cost.training:,.2f}", f"{cost.scoring:,.2f}", f"{hours:,.2f}")
        print(row(cost.data_set, cost.method, cost.models, *numbers), flush=True)
    print(
        f"\n{_duration(total)} on one core; {_duration(total / workers)} on {workers} such cores."
    )
    print("Measured a moment ago on this machine: a few steps of each method, one scoring.")
    print(f"A batch takes up to about {max(map(peak_bytes, work)) / 1e9:.1f} GB of memory.")
    return 0


def run_design(options: argparse.Namespace) -> int:
    """Train and score what is left."""
    from dvae_course import study

    design = _design(options)
    try:
        store = study.run(design, options.out, options.scheduler, options.workers)
    except (study.UnfinishedStudy, ImportError) as error:
        print(f"dvae study run: {error}", file=sys.stderr)
        return 1
    left = len(design) - len(store.finished(design.hash) & set(design.models))
    print(f"{len(design) - left} of {len(design)} models are in {options.out}")
    if left:
        print(f"{left} are being worked on by another run; the same command finishes them")
    return 0


def status(options: argparse.Namespace) -> int:
    """Count what is finished and what is not."""
    from dvae_course.study.runner import batches
    from dvae_course.study.store import Store

    design, store = _design(options), Store(options.out)
    finished = store.finished(design.hash)
    busy = [b for b in batches(design, finished, store.pictures) if store.is_claimed(b.key)]
    row = "{:16} {:13} {:>9} {:>9} {:>12}".format
    print(row("data set", "method", "models", "finished", "in progress"))
    for data_set in design.data_sets:
        for method in design.strengths:
            wanted = [m for m in design.models if (m.data_set, m.method) == (data_set, method)]
            at = [b for b in busy if (b.data_set, b.method) == (data_set, method)]
            numbers = len(wanted), len(finished & set(wanted)), sum(len(b.models) for b in at)
            print(row(data_set, method, *numbers))
    failed = store.rows().filter(design=design.hash, failed=True, representation="mean")
    print(f"\n{len(finished & set(design.models))} of {len(design)} models are finished.")
    for model in failed.select("data_set", "method", "strength", "seed").iter_rows():
        print("Failed, its numbers stopped being finite: {}, {} {:g}, seed {}".format(*model))
    return 0


def show(options: argparse.Namespace) -> int:
    """Print the settings' means; write the rows."""
    import polars as pl

    from dvae_course import results
    from dvae_course.metrics.suite import SIX
    from dvae_course.study.store import load

    rows = load(options.out)
    setting = ("data_set", "method", "strength", "representation")
    means = rows.group_by("design", *setting, maintain_order=True).agg(
        pl.len().alias("seeds"), pl.col("active", *SIX).mean().round(3)
    )
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, tbl_hide_dataframe_shape=True):
        print(means.drop("design") if means["design"].n_unique() == 1 else means)
    if options.save:
        designs = ", ".join(rows["design"].unique().sort())
        command = f"dvae study show --out {options.out} --save {options.save}"
        results.write(rows, options.save, command=command, designs=designs)
        print(f"{len(rows)} rows: {options.save}")
    return 0


def merge(options: argparse.Namespace) -> int:
    """Add other stores' rows to one."""
    from dvae_course.study.store import merge

    for other in options.others:
        print(f"{other}: {merge(options.out, other)} new rows", flush=True)
    return 0


TEXTS = {"plan": PLAN, "run": RUN, "status": STATUS, "show": SHOW, "merge": MERGE}
COMMANDS = {"plan": plan, "run": run_design, "status": status, "show": show, "merge": merge}


def _design(options: argparse.Namespace) -> Design:
    from dvae_course.study.presets import find

    seeds = None if options.seeds is None else _seeds(options.seeds)
    chosen = (options.data_sets, options.methods)
    return find(options.design).restricted(*(c and tuple(c) for c in chosen), seeds)


def _seeds(text: str) -> tuple[int, ...]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()) or int(last or first) < int(first):
        raise ValueError(f"--seeds must be like 3 or 0-9, got {text!r}")
    return tuple(range(int(first), int(last or first) + 1))


def _duration(seconds: float) -> str:
    """In the unit that gives a handy number."""
    units = (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60))
    for name, size in units:
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {name}"
    return f"{seconds:,.0f} seconds"
