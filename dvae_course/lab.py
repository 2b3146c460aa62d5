"""Start JupyterLab in the course: the chapters listed, each opening as a notebook."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

from dvae_course.course import Course, CourseError


def check_port(port: int) -> None:
    """Raise a CourseError if another program listens on `port` of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "is in use, perhaps by another JupyterLab"
            else:
                reason = f"cannot be opened ({error.strerror})"
            raise CourseError(
                f"Port {port} {reason}. Stop that program or choose another port: "
                f"`dvae lab --port {port + 1}`."
            ) from None


def command(course: Course, chapters: list[Path], port: int, browser: bool) -> list[str]:
    """The command line of JupyterLab: one chapter opened, or the list of all of them."""
    tree = "chapters" if len(chapters) != 1 else course.short(chapters[0])
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={course.root}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--LabApp.default_url=/lab/tree/{tree}",
        f"--LabServerApp.app_settings_dir={course.root / 'book' / 'jupyterlab'}",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *([] if browser else ["--no-browser"]),
    ]


def start(course: Course, chapters: list[Path], port: int, browser: bool) -> int:
    """Run JupyterLab until it is stopped; its exit status."""
    check_port(port)
    return subprocess.call(command(course, chapters, port, browser), cwd=course.root)
