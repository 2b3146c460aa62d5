"""The commands: `dvae book`, `test`, `lab`, `assignments`, `notebooks`, `data`, `metrics`, ….

Each says in one line a step what it does, and where the result is. What the reader can put right
ends the command with one line on stderr and a non-zero exit.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dvae_course import data_command, experiment_command, metrics_command, study_command
from dvae_course.course import Course, CourseError, find_course


def book(course: Course, options: argparse.Namespace) -> int:
    """Run every chapter and build the static site."""
    from dvae_course import site

    print(f"Building the book from {len(course.chapters)} chapters", flush=True)
    built = site.build(course, _report)
    print(f"The book: {built / 'index.html'}")
    return 0


def test(course: Course, options: argparse.Namespace) -> int:
    """Run the tests and every notebook; with chapters named, only their notebooks."""
    notebooks = [str(page.with_suffix(".ipynb")) for page in course.pages(options.chapters)]
    what = notebooks if options.chapters else ["tests", *notebooks]
    nbval = ["--nbval-lax", "--nbval-cell-timeout=300", "--nbval-kernel-startup-timeout=120"]
    spread = ["--numprocesses=2", "--dist=loadfile"]
    environment = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", **os.environ}
    print("Running the tests (the book is built once for them)", flush=True)
    command = [sys.executable, "-m", "pytest", *nbval, *spread, *what]
    return subprocess.call(command, cwd=course.root, env=environment)


def lab(course: Course, options: argparse.Namespace) -> int:
    """Open the course in JupyterLab."""
    from dvae_course import lab as jupyterlab

    chapters = course.pick(options.chapters)
    print(f"JupyterLab on port {options.port}; stop it with Ctrl-C", flush=True)
    return jupyterlab.start(course, chapters, options.port, options.browser)


def assignments(course: Course, options: argparse.Namespace) -> int:
    """Build the class edition: assignments without solutions, ready for nbgrader."""
    from dvae_course import classroom

    chapters = course.pick(options.chapters)
    print(f"Building the class edition of {len(chapters)} chapters", flush=True)
    try:
        classroom.build(chapters, course.build / "classroom", _report)
    except ValueError as error:
        raise CourseError(str(error)) from None
    return 0


def notebooks(course: Course, options: argparse.Namespace) -> int:
    """Make the .ipynb of chapters and solutions again from their .md."""
    from dvae_course.notebooks import make_pair, stale_pairs

    pages = course.pages(options.chapters)
    if options.check:
        problems = stale_pairs(pages)
        for problem in problems:
            print(f"{problem}. Run `dvae notebooks`.", file=sys.stderr)
        return 1 if problems else 0
    for page in pages:
        print(f"  {course.short(page)} -> {make_pair(page).name}", flush=True)
    return 0


def data(options: argparse.Namespace) -> int:
    """List, fetch, check and preview the data sets."""
    return data_command.run(options)


def metrics(options: argparse.Namespace) -> int:
    """Score codes that were made elsewhere."""
    return metrics_command.run(options)


def experiment(options: argparse.Namespace) -> int:
    """Run a published experiment at one of its sizes and store the results."""
    return experiment_command.run(options)


def study(options: argparse.Namespace) -> int:
    """Plan, run and look at the large study."""
    return study_command.run(options)


COURSE_COMMANDS = {"book": book, "test": test, "lab": lab, "assignments": assignments}
COURSE_COMMANDS["notebooks"] = notebooks
OTHER_COMMANDS = {"data": data, "metrics": metrics, "experiment": experiment, "study": study}
COMMANDS = {**COURSE_COMMANDS, **OTHER_COMMANDS}


def _report(step: str) -> None:
    print(step, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dvae", description="The commands of dvae-course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    added = {
        name: commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        for name, run in COMMANDS.items()
    }
    for name in ("test", "lab", "assignments", "notebooks"):
        added[name].add_argument("chapters", nargs="*", help="chapters, by number or name")
    added["lab"].add_argument("--port", type=int, default=8888)
    added["lab"].add_argument("--no-browser", dest="browser", action="store_false")
    added["notebooks"].add_argument(
        "--check", action="store_true", help="write nothing, only say which are out of step"
    )
    data_command.add_options(added["data"])
    metrics_command.add_options(added["metrics"])
    experiment_command.add_options(added["experiment"])
    study_command.add_options(added["study"])
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in COURSE_COMMANDS:
            sys.exit(COURSE_COMMANDS[options.command](find_course(Path.cwd()), options))
        sys.exit(COMMANDS[options.command](options))
    except CourseError as error:
        sys.exit(f"dvae {options.command}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"dvae {options.command}: stopped.")
