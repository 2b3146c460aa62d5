"""Each command says in one line what is wrong and how to go on, and leaves with an error status."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dvae_course import cli
from dvae_course.course import Course, CourseError, find_course
from dvae_course.lab import check_port, command


@pytest.fixture
def failure(small_course: Course, monkeypatch: pytest.MonkeyPatch):
    """Run a command in the small course and return the line that it exits with."""
    monkeypatch.chdir(small_course.root)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert isinstance(caught.value.code, str)
        assert "\n" not in caught.value.code
        return caught.value.code

    return run


@pytest.fixture
def busy_port():
    """A port of this machine that a program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ["test", "lab", "assignments", "notebooks"])
def test_an_unknown_chapter_is_answered_with_the_known_ones(failure, name):
    assert failure(name, "99") == (
        f"dvae {name}: There is no chapter '99'. The chapters are: 01_sums."
    )


def test_a_chapter_may_be_called_by_number_or_by_name(small_course):
    assert small_course.pick(["01"]) == small_course.pick(["01_sums"]) == small_course.chapters


def test_a_chapter_brings_its_solutions(small_course):
    assert [small_course.short(page) for page in small_course.pages(["01"])] == [
        "chapters/01_sums.md",
        "solutions/01_sums.md",
    ]


def test_a_busy_port_is_answered_with_another_one(failure, busy_port):
    line = failure("lab", "--port", str(busy_port), "--no-browser")
    assert f"Port {busy_port} is in use" in line
    assert f"`dvae lab --port {busy_port + 1}`" in line


def test_a_free_port_passes(busy_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    check_port(free)


def test_lab_opens_the_chapter_list_or_the_one_chapter(small_course):
    both = [small_course.chapters[0], small_course.chapters[0]]
    assert "--LabApp.default_url=/lab/tree/chapters" in command(small_course, both, 8888, True)
    one = command(small_course, small_course.chapters, 8888, False)
    assert "--LabApp.default_url=/lab/tree/chapters/01_sums.md" in one
    assert one[-1] == "--no-browser"


def test_a_broken_notebook_is_named_before_anything_is_built(failure, small_course):
    chapter = small_course.chapters[0]
    chapter.write_text(chapter.read_text().replace("1 + 2", "1 +"))
    for name in ("book", "notebooks"):
        assert "chapters/01_sums.md is not a readable notebook" in failure(name)
    assert not (small_course.build / "site").exists()


def test_the_pair_check_exits_with_an_error_and_the_way_out(small_course, monkeypatch, capsys):
    monkeypatch.chdir(small_course.root)
    with pytest.raises(SystemExit) as caught:
        cli.main(["notebooks", "--check"])
    assert caught.value.code == 1
    assert "01_sums.ipynb does not exist. Run `dvae notebooks`." in capsys.readouterr().err


def test_a_course_is_found_from_any_folder_in_it(small_course):
    assert find_course(small_course.root / "book" / "_ext").root == small_course.root


def test_an_empty_course_says_where_chapters_belong(small_course):
    small_course.chapters[0].unlink()
    with pytest.raises(CourseError, match=r"There is no chapter in .*chapters"):
        small_course.pick([])


def test_python_m_runs_the_same_commands(course):
    help_text = subprocess.run(
        [sys.executable, "-m", "dvae_course", "--help"],
        cwd=course.root,
        env=dict(os.environ, COLUMNS="100"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in cli.COMMANDS:
        assert name in help_text


def test_the_commands_load_neither_torch_nor_jupyter_before_they_need_it(course):
    code = "import sys, dvae_course.cli; print({'torch', 'jupytext', 'sphinx'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
    assert Path(cli.__file__).is_relative_to(course.root)
