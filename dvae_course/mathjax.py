"""Fetch the copy of MathJax that the pages carry, so that mathematics needs no network.

npm brings the version that book/package-lock.json pins. Without npm the pages load MathJax from
its content delivery network.
"""

import shutil
import subprocess
from collections.abc import Callable

from dvae_course.course import Course


def fetch(course: Course, report: Callable[[str], None]) -> bool:
    """Put `tex-svg.js` under build/assets/, once for each pinned version; False if it is not there.

    The folder is not called `_static`: Jupyter Book loads every script in a folder of that name.
    """
    lock = (course.root / "book" / "package-lock.json").read_text(encoding="utf-8")
    folder = course.build / "assets" / "vendor" / "mathjax"
    stamp = folder / "package-lock.json"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return True
    npm = shutil.which("npm")
    if npm is None:
        report("MathJax: npm is not installed, so mathematics on the pages will need a network.")
        return False
    report("MathJax: fetching the pinned version with npm")
    if not _install(course, npm):
        report("MathJax: npm could not fetch it, so mathematics on the pages will need a network.")
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    package = course.build / "npm" / "node_modules" / "mathjax"
    for file in (package / "es5" / "tex-svg.js", package / "LICENSE"):
        shutil.copy(file, folder)
    stamp.write_text(lock, encoding="utf-8")
    return True


def _install(course: Course, npm: str) -> bool:
    """`npm ci` in a folder under build/."""
    work = course.build / "npm"
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(course.root / "book" / name, work)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    command = [npm, "ci", "--omit=dev", *quiet]
    return subprocess.run(command, cwd=work, capture_output=True).returncode == 0
