"""What importing costs, and which part of the package may know which."""

import subprocess
import sys

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

HEAVY = {"torch", "numpy", "scipy", "matplotlib", "ipywidgets", "anywidget"}


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after running `code`."""
    report = f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert modules_after("import dvae_course") & HEAVY == set()


def test_a_submodule_is_loaded_when_it_is_first_used():
    assert "torch" in modules_after("import dvae_course\ndvae_course.gaussians")


def test_the_layers_import_downwards_only(course, monkeypatch, capsys):
    monkeypatch.chdir(course.root)
    status = lint_imports(config_filename="pyproject.toml")
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_an_unknown_name_is_an_attribute_error():
    import dvae_course

    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        dvae_course.nothing_of_that_name  # noqa: B018
