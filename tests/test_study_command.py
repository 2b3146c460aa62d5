"""`dvae study`: what it would cost, running it, how far it is, its table, other stores."""

import polars as pl
import pytest
from tiny_study import SCORING, TRAINING

from dvae_course import cli, results
from dvae_course.study import Store, batches, find, local

TOML = "\n".join(
    (
        'preset = "smoke"\ndata_sets = ["dsprites"]\nseeds = [0]',
        "[strengths]\nbeta_vae = [4]\ndip_vae_i = [1]",
        "[training]",
        *(f"{name} = {getattr(TRAINING, name)}" for name in ("pictures", "steps", "batch_size")),
        "[scoring]",
        *(f"{name} = {getattr(SCORING, name)}" for name in ("n_train", "n_test", "votes_train")),
    )
)


@pytest.fixture
def study(tmp_path, monkeypatch, capsys):
    """Run `dvae study …` beside a file mine.toml; status, output and errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(TOML)

    def study(*arguments: str):
        with pytest.raises(SystemExit) as caught:
            cli.main(["study", *arguments])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return study


def test_run_status_and_show_tell_of_the_same_models(study, tmp_path):
    status, out, _ = study("status", "mine.toml")
    assert status == 0 and "0 of 2 models are finished." in out
    status, out, _ = study("run", "mine.toml", "--workers", "1", "--methods", "beta_vae")
    assert status == 0 and "1 of 1 models are in build/study" in out
    design = find("mine.toml")
    store = Store(tmp_path / "build" / "study")
    (batch,) = batches(design, store.finished(design.hash), store.pictures)
    with store.claimed(batch.key):
        _, out, _ = study("status", "mine.toml")
    lines = [line.split() for line in out.splitlines()]
    assert ["dsprites", "beta_vae", "1", "1", "0"] in lines
    assert ["dsprites", "dip_vae_i", "1", "0", "1"] in lines
    assert "1 of 2 models are finished." in out
    status, out, _ = study("show", "--save", "rows.parquet")
    assert status == 0 and "beta_vae" in out and "2 rows: rows.parquet" in out
    assert len(results.read("rows.parquet")) == 2
    assert results.provenance("rows.parquet")["designs"] == design.hash


def test_plan_counts_models_and_times_them(study):
    status, out, _ = study("plan", "mine.toml", "--workers", "4")
    assert status == 0
    assert "mine: 2 models in 2 batches, hash " in out
    table = [line.split() for line in out.splitlines() if line.startswith("dsprites ")]
    assert [row[:3] for row in table] == [
        ["dsprites", "beta_vae", "1"],
        ["dsprites", "dip_vae_i", "1"],
    ]
    assert all(float(row[3]) > 0 and float(row[4]) > 0 for row in table)
    assert "on 4 such cores" in out


def test_merge_says_how_much_was_new(study, tmp_path):
    row = {"data_set": "dsprites", "method": "beta_vae", "strength": 1.0, "representation": "mean"}
    for name, seeds in (("a", (0,)), ("b", (0, 1)), ("c", (2,))):
        rows = [{**row, "seed": seed, "failed": False, "design": "d"} for seed in seeds]
        Store(tmp_path / name).append("x", rows)
    status, out, _ = study("merge", "a", "b", "c")
    assert status == 0 and out == "b: 1 new rows\nc: 1 new rows\n"


def test_a_failed_model_is_named_by_status(study, tmp_path):
    design = find("mine.toml")
    row = {"data_set": "dsprites", "method": "beta_vae", "strength": 4.0, "seed": 0}
    kinds = [
        {**row, "representation": kind, "failed": True, "design": design.hash}
        for kind in ("mean", "sampled")
    ]
    Store(tmp_path / "build" / "study").append("x", kinds)
    _, out, _ = study("status", "mine.toml")
    assert out.count("Failed, its numbers stopped being finite: dsprites, beta_vae 4, seed 0") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "mini"), "dvae study run: 'mini' is neither a preset"),
        (("run", "mine.toml", "--seeds", "0-x"), "--seeds must be like 3 or 0-9, got '0-x'"),
        (("run", "mine.toml", "--seeds", "3-1"), "--seeds must be like 3 or 0-9, got '3-1'"),
        (("run", "mine.toml", "--data-sets", "mnist"), "data_sets must be one of 'dsprites'"),
        (("plan", "mine.toml", "--methods", "vae"), "methods must be one of 'beta_vae'"),
        (("show",), "dvae study show: there is no folder build/study"),
        (("merge", "a", "b"), "dvae study merge: there is no folder b to merge from"),
    ],
)
def test_what_the_reader_can_put_right_is_one_line(study, arguments, message):
    status, _, err = study(*arguments)
    assert status == 1 and message in err and err.count("\n") == 1


def test_ctrl_c_ends_a_run_with_one_line_and_frees_its_batch(study, tmp_path, monkeypatch):
    def interrupted(batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "train_and_score", interrupted)
    status, _, _ = study("run", "mine.toml", "--workers", "1")
    assert status == "dvae study: stopped."
    store = Store(tmp_path / "build" / "study")
    assert not any(store.is_claimed(b.key) for b in batches(find("mine.toml"), (), store.pictures))
    assert isinstance(store.rows(), pl.DataFrame) and store.rows().is_empty()
