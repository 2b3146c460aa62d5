"""Make the course's own environment in .venv, once, then run one of the course's commands in it.

    python bootstrap.py              make or repair .venv
    python bootstrap.py book         the same, then `dvae book`

A stamp inside .venv says what was installed. It is written last, so an installation that was cut
short is made anew. This file uses no new syntax: an old Python must be able to read the message
that it is too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.request

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "dvae-course-installed")
LOG = os.path.join(ROOT, "build", "install.log")
CPU_TORCH = "https://download.pytorch.org/whl/cpu"


def venv_python():
    """The path of the environment's Python."""
    windows = os.path.join(VENV, "Scripts", "python.exe")
    return windows if os.name == "nt" else os.path.join(VENV, "bin", "python")


def complaint(version, has_venv):
    """Why this Python cannot carry the course, or None if it can."""
    if tuple(version[:2]) < OLDEST:
        return (
            f"This is Python {version[0]}.{version[1]}; the course needs 3.11 or newer. "
            "Install one, then say `make book PYTHON=python3.12` or `python3.12 bootstrap.py book`."
        )
    if not has_venv:
        return (
            "This Python cannot make virtual environments (no venv or ensurepip module). "
            "Install them (Debian and Ubuntu: `apt install python3-venv`) and run this again."
        )
    return None


def can_make_venv():
    """Whether both modules that a new environment needs are there (Debian splits them off)."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def wanted_stamp():
    """What a complete installation for this Python and these requirements writes into its stamp."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    python = sys.version.replace("\n", " ")
    return f"{python}\n{ROOT}\n{digest.hexdigest()}\n"


def found_stamp():
    """The stamp of the environment that is there, or nothing."""
    if not os.path.exists(venv_python()):
        return ""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def write_stamp():
    """Say that the environment is complete."""
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(wanted_stamp())


def must_start_afresh(found, wanted):
    """An unfinished environment, another Python's or a moved one is not built upon."""
    return found.split("\n")[:-2] != wanted.split("\n")[:-2]


def cpu_only_torch():
    """On Linux, PyPI's torch brings gigabytes of CUDA; without an NVIDIA card prefer PyTorch's CPU
    builds, if their index answers at once."""
    if not sys.platform.startswith("linux") or os.path.exists("/proc/driver/nvidia"):
        return []
    try:
        urllib.request.urlopen(CPU_TORCH + "/torch/", timeout=5).close()
    except OSError:
        return []
    return ["--extra-index-url", CPU_TORCH]


def say(text):
    """One line for one step."""
    print(text, flush=True)


def run_logged(command):
    """Run a command, its output into the log and its progress onto one line of the terminal."""
    if not os.path.isdir(os.path.dirname(LOG)):
        os.makedirs(os.path.dirname(LOG))
    with open(LOG, "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in process.stdout:
            log.write(line)
            if sys.stdout.isatty():
                width = shutil.get_terminal_size().columns - 1
                print("\r" + line.strip()[:width].ljust(width), end="", flush=True)
    if sys.stdout.isatty():
        print()
    return process.wait()


def last_error():
    """The last line of the log that names an error."""
    with open(LOG, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no output"])[-1]


def install():
    """Make .venv and install the course with everything that its commands use."""
    fresh = must_start_afresh(found_stamp(), wanted_stamp())
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if fresh:
        say("Making the environment .venv with Python {}.{}.{}".format(*sys.version_info[:3]))
        base = getattr(sys, "_base_executable", sys.executable)
        if subprocess.call([base, "-m", "venv", "--clear", VENV]) != 0:
            sys.exit("The environment .venv could not be made: the lines above say why.")
    say(f"Installing the course and its packages into .venv (some minutes; log: {LOG})")
    pip = [venv_python(), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    course = ["--editable", ".[all]", "--constraint", "constraints.txt"]
    if run_logged(pip + course + cpu_only_torch()) != 0:
        sys.exit(f"The installation failed: {last_error()} (all of it: {LOG})")
    write_stamp()
    say("Installed.")


def main():
    """Check this Python, bring the environment up to date, hand over to the course's command."""
    problem = complaint(sys.version_info, can_make_venv())
    if problem:
        sys.exit(problem)
    if found_stamp() != wanted_stamp():
        install()
    if sys.argv[1:]:
        sys.exit(subprocess.call([venv_python(), "-m", "dvae_course", *sys.argv[1:]]))
    say("The environment .venv is ready.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped.")
