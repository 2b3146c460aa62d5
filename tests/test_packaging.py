"""A fresh machine gets the environment that was tested, by every way in, or one clear line."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
import rattler
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap

ROOT = Path(bootstrap.__file__).parent
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def listed_in_pyproject() -> dict[str, str]:
    """Every requirement of the package and of its extras: name -> version range."""
    extras = project()["optional-dependencies"]
    lines = project()["dependencies"] + [line for name in extras for line in extras[name]]
    found = [Requirement(line) for line in lines if not line.startswith("dvae-course")]
    return {canonicalize_name(item.name): as_set(str(item.specifier)) for item in found}


def as_set(ranges: str) -> str:
    return ",".join(sorted(filter(None, ranges.split(","))))


def listed_in_environment() -> dict[str, str]:
    """Every entry of environment.yml under its name on PyPI, each read by conda's own grammar."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    specs = [rattler.MatchSpec(entry) for entry in entries if isinstance(entry, str)]
    found = {spec.name.normalized: as_set(str(spec.version or "")) for spec in specs}
    found = {canonicalize_name(CONDA_NAMES.get(name, name)): found[name] for name in found}
    pip = [Requirement(line) for line in from_pip if line != "--editable ."]
    return found | {canonicalize_name(item.name): as_set(str(item.specifier)) for item in pip}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_environment_yml_lists_what_pyproject_lists():
    conda = listed_in_environment()
    assert conda.pop("python") == project()["requires-python"]
    assert conda.pop("pip") == ""
    assert conda == listed_in_pyproject()


def test_the_extra_all_is_all_extras():
    extras = project()["optional-dependencies"]
    (everything,) = [Requirement(line) for line in extras["all"]]
    assert everything.extras == set(extras) - {"all"}


def test_every_requirement_is_pinned_within_its_range():
    pinned = {canonicalize_name(name): version for name, version in pins().items()}
    for name, ranges in listed_in_pyproject().items():
        assert name in pinned, name
        assert Requirement(f"{name}{ranges}").specifier.contains(pinned[name], prereleases=True)


def test_the_tests_run_with_the_pinned_versions():
    pinned = pins()
    for name in ("torch", "numpy", "jupyter-book", "Sphinx", "myst-nb", "jupytext", "nbgrader"):
        assert installed_version(name).split("+")[0] == pinned[name], name


def test_the_bootstrap_can_be_read_by_the_python_that_it_turns_away():
    ast.parse((ROOT / "bootstrap.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("old", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_gets_one_line_with_the_way_out(old):
    line = bootstrap.complaint(old, has_venv=True)
    assert f"This is Python {old[0]}.{old[1]}; the course needs 3.11 or newer" in line
    assert "make book PYTHON=python3.12" in line
    assert "\n" not in line


def test_the_oldest_python_is_the_one_that_pyproject_names():
    assert project()["requires-python"] == ">={}.{}".format(*bootstrap.OLDEST)
    assert bootstrap.complaint((*bootstrap.OLDEST, 0), has_venv=True) is None


def test_a_python_without_venv_gets_the_package_to_install():
    assert "apt install python3-venv" in bootstrap.complaint((3, 13, 0), has_venv=False)


def test_the_bootstrap_turns_away_with_a_failing_exit_status():
    code = "import sys, bootstrap; sys.version_info = (3, 9, 2); bootstrap.main()"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout in which pip and venv are only counted, not run."""
    calls: list[str] = []

    def pip(command: list[str]) -> int:
        calls.append("install")
        return 0

    def make_venv(command: list[str]) -> int:
        calls.append("make")
        python = Path(bootstrap.venv_python())
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        return 0

    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("first")
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / ".venv" / "installed"))
    monkeypatch.setattr(bootstrap, "cpu_only_torch", list)
    monkeypatch.setattr(bootstrap, "run_logged", pip)
    monkeypatch.setattr(bootstrap.subprocess, "call", make_venv)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    return tmp_path, calls


def test_a_second_start_installs_nothing(checkout):
    _, calls = checkout
    bootstrap.main()
    bootstrap.main()
    assert calls == ["make", "install"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed_into_the_same_environment(checkout, name):
    root, calls = checkout
    bootstrap.main()
    (root / name).write_text("second")
    bootstrap.main()
    assert calls == ["make", "install", "install"]


def test_an_interrupted_installation_is_not_trusted(checkout, monkeypatch):
    root, calls = checkout
    bootstrap.main()
    (root / "pyproject.toml").write_text("second")

    def interrupted(command: list[str]) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "run_logged", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.main()
    bootstrap.main()
    assert calls == ["make", "install", "make", "install"]


def test_a_failed_installation_ends_with_pips_error_and_no_stamp(checkout, monkeypatch):
    root, _ = checkout
    log = root / "install.log"
    log.write_text("Collecting torch\nERROR: No matching distribution found\n\n")
    monkeypatch.setattr(bootstrap, "LOG", str(log))
    monkeypatch.setattr(bootstrap, "run_logged", lambda command: 1)
    with pytest.raises(SystemExit, match="ERROR: No matching distribution found"):
        bootstrap.main()
    assert not (root / ".venv" / "installed").exists()


def test_an_environment_that_was_moved_is_made_anew():
    here = bootstrap.wanted_stamp()
    there = here.replace(bootstrap.ROOT, "/somewhere/else")
    assert bootstrap.must_start_afresh(there, here)
    assert not bootstrap.must_start_afresh(here, here)


def test_the_versions_told_to_the_world_agree():
    import dvae_course

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == dvae_course.__version__ == project()["version"]


def test_the_lock_of_the_pages_scripts_names_no_registry():
    assert "http" not in (ROOT / "book" / "package-lock.json").read_text()


def test_the_makefile_offers_the_commands(course):
    targets = re.findall(r"^([a-z ]+):$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {"book", "test", "lab", "assignments"} <= set(" ".join(targets).split())


def test_continuous_integration_runs_the_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"


def test_the_commit_hooks_use_the_pinned_versions():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    used = [pin for hook in hooks for pin in hook.get("additional_dependencies", [])]
    assert used != []
    assert set(used) <= {f"{name}=={version}" for name, version in pins().items()}
