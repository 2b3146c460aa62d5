"""`dvae experiment` runs a preset and stores what it returns; wrong names list the right ones."""

import sys
from types import ModuleType

import polars
import pytest

from dvae_course import cli, results


@pytest.fixture
def fake(monkeypatch) -> ModuleType:
    """An experiment that takes no time, in the place of a real one."""
    module = ModuleType("dvae_course.experiments.sparse_prior")
    module.PRESETS = {"chapter": 2, "paper": 3}
    module.run = lambda setting, device, progress=True: polars.DataFrame(
        {"seed": range(setting), "device": [device] * setting}
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit:
        cli.main(["experiment", *arguments])
    return exit.value.code


def test_a_preset_is_run_and_stored(fake, tmp_path, capsys):
    out = tmp_path / "results.parquet"
    assert run("sparse-prior", "--preset", "paper", "--out", str(out)) == 0
    assert results.read(out)["device"].to_list() == ["cpu"] * 3
    assert results.provenance(out)["command"].startswith("dvae experiment sparse-prior --preset pa")
    assert f"3 models: {out}" in capsys.readouterr().out


def test_the_default_place_is_in_the_course(fake, small_course, monkeypatch):
    monkeypatch.chdir(small_course.root)
    assert run("sparse-prior") == 0
    assert len(results.read(results.stored("sparse-prior-chapter"))) == 2


def test_a_wrong_preset_lists_the_right_ones(fake, tmp_path, capsys):
    assert run("sparse-prior", "--preset", "papre", "--out", str(tmp_path / "x")) == 1
    assert "no preset 'papre'; it has chapter, paper" in capsys.readouterr().err


def test_a_wrong_name_lists_the_right_ones(capsys):
    assert run("sprase-prior") == 2
    assert "clustered-prior" in capsys.readouterr().err
