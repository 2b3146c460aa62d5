"""Running a study: killed, resumed, doubled or damaged, it ends with the same rows."""

import signal
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tiny_study import SCORING, TINY, TRAINING, numbers, one_seed, start

from dvae_course.datasets import FactorDataset
from dvae_course.study import Store, batches, load, merge, run
from dvae_course.study.design import DATA_SETS, GRIDS, Design
from dvae_course.study.pictures import Pictures
from dvae_course.study.runner import train_and_score

KILLED_IN_ITS_SECOND_BATCH = """
done = []
def dying(batch):
    if done:
        runner.trained(batch, runner.Pictures.of("dsprites", "rendered", 16, Path(batch.pictures)))
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(batch)
    return runner.train_and_score(batch)
local.train_and_score = dying
local.run(TINY, out, workers=1, progress=False)
"""
ONE_OF_TWO = """
def noting(batch):
    with open(out / f"{os.getpid()}.log", "a") as log:
        log.write(batch.key + "\\n")
    return runner.train_and_score(batch)
local.train_and_score = noting
out.mkdir(exist_ok=True)
local.run(TINY, out, workers=1, progress=False)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> pl.DataFrame:
    """The rows of TINY, run at one go."""
    out = tmp_path_factory.mktemp("undisturbed")
    run(TINY, out, workers=1, progress=False)
    return load(out)


def test_a_run_has_a_row_for_each_model_and_representation(undisturbed):
    assert len(undisturbed) == 2 * len(TINY)
    assert not undisturbed["failed"].any()
    means = undisturbed.filter(representation="mean")
    measured = means.drop("data_set", "method", "representation")
    assert measured.null_count().sum_horizontal().item() == 0
    sampled = undisturbed.filter(representation="sampled")
    assert sampled["trees_few"].null_count() == sampled["udr"].null_count() == len(TINY)
    assert sampled["mig"].null_count() == 0


def test_a_run_killed_in_the_middle_of_a_batch_goes_on_to_the_same_rows(tmp_path, undisturbed):
    killed = start(KILLED_IN_ITS_SECOND_BATCH, tmp_path)
    assert killed.wait() == -signal.SIGKILL
    (kept,) = (tmp_path / "parts").glob("*.parquet")
    written = kept.stat().st_mtime_ns
    run(TINY, tmp_path, workers=1, progress=False)
    assert_frame_equal(numbers(load(tmp_path)), numbers(undisturbed))
    assert kept.stat().st_mtime_ns == written  # the finished batch was not trained again


def test_two_runs_on_one_store_share_the_batches(tmp_path, undisturbed):
    both = [start(ONE_OF_TWO, tmp_path) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    worked_on = [line for log in tmp_path.glob("*.log") for line in log.read_text().split()]
    assert len(worked_on) == len(set(worked_on)) == len(batches(TINY, (), tmp_path))
    assert_frame_equal(numbers(load(tmp_path)), numbers(undisturbed))


def test_processes_give_the_rows_of_one(tmp_path, undisturbed):
    run(TINY, tmp_path, workers=2, progress=False)
    assert_frame_equal(numbers(load(tmp_path)), numbers(undisturbed))


def test_seeds_added_later_and_stores_merged_are_one_study(tmp_path, undisturbed):
    run(one_seed(seed=0), tmp_path / "a", workers=1, progress=False)
    run(one_seed(seed=2), tmp_path / "b", workers=1, progress=False)
    assert merge(tmp_path / "a", tmp_path / "b") == 4
    store = Store(tmp_path / "a")
    left = batches(TINY, store.finished(TINY.hash), store.pictures)
    assert {model.seed for batch in left for model in batch.models} == {1}
    run(TINY, tmp_path / "a", workers=1, progress=False)
    assert_frame_equal(numbers(load(tmp_path / "a")), numbers(undisturbed))


def test_the_first_seeds_of_all_methods_come_first(tmp_path):
    order = [(b.method, b.models[0].seed) for b in batches(TINY, (), tmp_path)]
    assert order[:3] == [("beta_vae", 0), ("dip_vae_ii", 0), ("beta_vae", 1)]


def test_a_batch_another_run_is_at_is_left_to_it(tmp_path):
    design = one_seed().restricted(methods=("dip_vae_ii",))
    store = Store(tmp_path)
    (batch,) = batches(design, (), store.pictures)
    with store.claimed(batch.key):
        run(design, tmp_path, workers=1, progress=False)
    assert store.finished(design.hash) == set()


def test_a_diverged_model_is_a_row_that_says_so_and_spares_the_others(tmp_path):
    design = Design(
        "wild",
        ("dsprites",),
        {"beta_vae": (1,), "factor_vae": (10,)},
        (0,),
        training=replace(TRAINING, factor_learning_rate=1e38),
        scoring=SCORING,
    )
    run(design, tmp_path, workers=1, progress=False)
    rows = load(tmp_path)
    assert rows.filter(representation="mean")["failed"].to_list() == [False, True]
    assert rows["mig"].is_null().to_list() == [False, False, True, True]


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_every_method_runs_on_each_of_the_seven_data_sets(tmp_path, data_set):
    weakest = {method: strengths[:1] for method, strengths in GRIDS.items()}
    design = Design("all", (data_set,), weakest, (0,), training=TRAINING, scoring=SCORING)
    run(design, tmp_path, workers=1, progress=False)
    rows = load(tmp_path)
    assert rows["method"].unique(maintain_order=True).to_list() == list(GRIDS)
    assert len(rows) == 12 and not rows["failed"].any()


def test_arguments_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1, got -1"):
        run(TINY, tmp_path, workers=-1)


class Bars(FactorDataset):
    """Pictures of a bright bar: 4 places, 3 widths, 2 brightnesses."""

    factor_names, factor_sizes = ("place", "width", "brightness"), (4, 3, 2)
    shape, source = (1, 16, 16), "rendered"

    def _pictures(self, factors, rng):
        pictures = np.zeros((len(factors), *self.shape), np.float32)
        for picture, (place, width, brightness) in zip(pictures, factors, strict=True):
            picture[0, 4 * place : 4 * place + width + 1] = (1 + brightness) / 2
        return pictures


def test_codes_looked_up_in_the_whole_grid_score_as_those_of_drawn_pictures(tmp_path, monkeypatch):
    pictures = Pictures("bars", Bars(), tmp_path)
    monkeypatch.setattr(Pictures, "of", lambda *arguments: pictures)
    base = one_seed().restricted(methods=("beta_vae",))
    rows = {}
    for whole in (True, False):
        design = replace(base, scoring=replace(SCORING, whole_grid=whole))
        (batch,) = batches(design, (), tmp_path)
        rows[whole] = pl.DataFrame(train_and_score(batch), infer_schema_length=None)
    looked_up, drawn = (rows[w].filter(representation="mean") for w in (True, False))
    assert len(drawn) == 1
    for name in ("betavae_score", "factorvae_score", "mig", "modularity", "sap", "trees_many"):
        # bytes round a brightness of 1/2, which shifts no code far
        np.testing.assert_allclose(looked_up[name], drawn[name], atol=0.11, err_msg=name)
