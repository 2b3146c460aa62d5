"""Build the book: run every notebook for real and put the finished site in build/site/.

The build happens in a folder of its own. Only a complete one, without a warning, takes the place
of the site that was there. Notebooks whose code, package and environment are unchanged are not run
again: jupyter-cache keeps their outputs, and is emptied when the environment's hash changes.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from filelock import FileLock

from dvae_course import fingerprint, mathjax
from dvae_course.course import Course, CourseError
from dvae_course.notebooks import COLOUR, error_in, read_source

SETTINGS = {"DVAE_STATIC_PAGE": "1", "TQDM_DISABLE": "1", "PYTHONUTF8": "1"}
DEFAULTS = {"OMP_NUM_THREADS": "1"}  # small tensors: a second thread waits more than it works
EVENTS = {
    r"(.+)\.md: Executing notebook": "running {}",
    r"(.+)\.md: Executed notebook in (\S+) seconds": "ran {} in {} s",
    r"(.+)\.md: .*Using cached notebook": "unchanged, not run again: {}",
}
FAILED = re.compile(
    r"^([^\n]+\.md): WARNING: Executing notebook failed: \w+\n(.*?)\n \[mystnb\.exec\]",
    re.MULTILINE | re.DOTALL,
)
WARNING = re.compile(r"^(?:.+: )?(?:WARNING|ERROR|CRITICAL): .*", re.MULTILINE)


def build(course: Course, report: Callable[[str], None] = print) -> Path:
    """The folder of the built site, made again only if something that it depends on changed."""
    course.build.mkdir(exist_ok=True)
    site = course.build / "site"
    with FileLock(course.build / "book.lock"):
        for page in course.notebooks:
            read_source(page)
        local = mathjax.fetch(course, report)
        environment = f"{fingerprint.of_environment()}\n{_stored_results(course)}"
        stamp = f"{environment}\n{fingerprint.of_files(_sources(course), course.root)}\n{local}\n"
        if _read(course.build / "site.stamp") == stamp and site.is_dir():
            report("  nothing that the book is made from has changed")
        else:
            _open_cache(course, environment)
            _swap(_run_sphinx(course, report), site)
            (course.build / "site.stamp").write_text(stamp)
    return site


def _sources(course: Course) -> Iterator[Path]:
    """Every file that the site is made from, the package and MathJax apart."""
    for folder in ("book", "chapters", "solutions"):
        for file in (course.root / folder).rglob("*"):
            if file.is_file() and file.suffix not in {".ipynb", ".pyc", ".part"}:
                yield file


def _stored_results(course: Course) -> str:
    """A hash of the results that chapters read."""
    return fingerprint.of_files((course.root / "book" / "data").glob("*"), course.root)


def _open_cache(course: Course, environment: str) -> None:
    """Forget the outputs of another environment."""
    folder = course.build / "cache"
    if _read(folder / "environment") != environment:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "environment").write_text(environment)


def _read(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


def _run_sphinx(course: Course, report: Callable[[str], None]) -> Path:
    """Jupyter Book in an empty folder; its pages, or a CourseError that says what failed."""
    work = course.build / "work"
    shutil.rmtree(work, ignore_errors=True)
    book = ["--config", "book/_config.yml", "--toc", "book/_toc.yml", "--path-output", str(work)]
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    log = course.build / "book.log"
    with subprocess.Popen(
        [jupyter_book, "build", ".", "-W", "--keep-going", *book],
        cwd=course.root,
        env={**DEFAULTS, **os.environ, **SETTINGS, "PYTHONPATH": _python_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            log.write_text(_follow(process.stdout, report), encoding="utf-8")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise CourseError(f"{_reason(course, log)} (all of the output: {course.short(log)})")
    shutil.rmtree(work / "_build" / ".doctrees")
    return work / "_build" / "html"


def _python_path() -> str:
    """Let the kernels import this very package, wherever they run."""
    package = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])


def _follow(lines: Iterable[str], report: Callable[[str], None]) -> str:
    """Report the notebooks as they run; all lines, without colours."""
    seen = []
    for line in lines:
        seen.append(COLOUR.sub("", line))
        for pattern, message in EVENTS.items():
            if match := re.search(pattern, seen[-1]):
                name = "/".join(Path(match[1]).parts[-2:])
                report("  " + message.format(name, *match.groups()[1:]))
    return "".join(seen)


def _reason(course: Course, log: Path) -> str:
    """The one line that says why the book could not be built."""
    text = log.read_text(encoding="utf-8").replace(f"{course.root}{os.sep}", "")
    if match := FAILED.search(text):
        return f"{match[1]} failed: {error_in(match[2])}"
    warnings = WARNING.findall(text)
    if warnings:
        return f"The book has {len(warnings)} warning{'s'[: len(warnings) - 1]}: {warnings[0]}"
    return f"Jupyter Book stopped: {error_in(text)[-300:]}"


def _swap(new: Path, site: Path) -> None:
    """Put the complete site in its place; the one that was there stays until then."""
    old = site.with_name("site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)
