"""Rank correlations and their intervals: equal to SciPy's, bounded, covering, honest about gaps."""

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr
from study_frames import SIX, frame_of, noisy, setting_effects, six_metrics

from dvae_course.study.agreement import (
    correlations_by_seed,
    mean_correlations,
    midranks,
    rank_correlations,
    spearman,
)

MODELS = frame_of(six_metrics())


@given(
    arrays(np.int64, 12, elements=st.integers(0, 5)),
    arrays(np.int64, 12, elements=st.integers(0, 3)),
)
def test_midranks_from_counts_are_the_ranks_of_the_drawn_models(values, counts):
    drawn = np.repeat(values, counts)
    ranks = midranks(values[:, None].astype(float), counts[None])[0, :, 0]
    np.testing.assert_allclose(np.repeat(ranks, counts), rankdata(drawn))


def test_correlations_of_resamples_are_scipys_of_the_drawn_models():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 9, (40, 3)).astype(float)  # with ties
    counts = rng.multinomial(40, np.full(40, 1 / 40), size=5)
    for resample, count in zip(spearman(values, counts), counts, strict=True):
        expected = spearmanr(np.repeat(values, count, axis=0)).statistic
        np.testing.assert_allclose(resample, expected, atol=1e-12)


def test_the_table_is_scipys_times_100_symmetric_with_hundreds_on_the_diagonal():
    found = rank_correlations(MODELS)
    expected = 100 * spearmanr(MODELS.select(SIX).to_numpy()).statistic
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    np.testing.assert_allclose(found.values, found.values.T)
    np.testing.assert_allclose(np.diag(found.low), 100)
    assert (found.rows, found.columns, found.models, found.dropped) == (SIX, SIX, 144, 0)


def test_a_metric_agrees_perfectly_with_any_increasing_function_of_itself():
    models = MODELS.with_columns(
        twin=polars.col("mig").exp(), rival=-(polars.col("mig").cast(polars.Float64) ** 3)
    )
    found = rank_correlations(models, ["mig"], ["twin", "rival"], resamples=100)
    np.testing.assert_allclose(found.values, [[100, -100]])
    np.testing.assert_allclose([found.low, found.high], [[[100, -100]], [[100, -100]]])


def test_rows_and_columns_may_differ_and_overlap():
    found = rank_correlations(MODELS, ["mig", "sap"], ["sap", "modularity"], resamples=100)
    whole = rank_correlations(MODELS, resamples=100)
    np.testing.assert_allclose(found.values, whole.values[np.ix_([2, 5], [5, 4])])
    assert found.table().rows()[1][:2] == ("mig", "modularity")
    assert found.table()["correlation"].to_list() == found.values.ravel().tolist()


def test_within_settings_a_difference_of_settings_counts_for_nothing():
    shared, seeds = setting_effects(100, 100, seed=1), 6
    scores = {"a": noisy(shared, seeds, 0.01, 2), "b": noisy(shared, seeds, 0.01, 3)}
    models = frame_of(scores)
    over_all = rank_correlations(models, ["a"], ["b"], resamples=100)
    within = rank_correlations(models, ["a"], ["b"], within_settings=True, resamples=100)
    assert over_all.values.item() > 99
    assert abs(within.values.item()) < 25


def test_within_settings_seeds_that_agree_are_found_under_settings_that_do_not():
    luck = noisy(np.zeros(36), 6, 1, 1)
    scores = {
        "a": 10 * setting_effects(1, 1, 2)[:, None] + luck,
        "b": 10 * setting_effects(1, 1, 3)[:, None] + luck,
    }
    found = rank_correlations(frame_of(scores), ["a"], ["b"], within_settings=True, resamples=100)
    assert found.values.item() == pytest.approx(100)


def test_intervals_cover_the_correlation_of_endless_seeds():
    rng = np.random.default_rng(0)
    means, mixing = rng.normal(size=(2, 36, 1)), np.linalg.cholesky([[1, 0.5], [0.5, 1]])

    def scores(seeds: int) -> np.ndarray:
        luck = np.einsum("ab,bsk->ask", mixing, rng.normal(size=(2, 36, seeds)))
        return means + luck

    truth = 100 * spearmanr(*scores(4_000).reshape(2, -1)).statistic
    inside = []
    for trial in range(100):
        models = frame_of(dict(zip("ab", scores(8), strict=True)))
        found = rank_correlations(models, ["a"], ["b"], resamples=200, seed=trial)
        inside.append(found.low.item() <= truth <= found.high.item())
    assert 0.88 <= np.mean(inside) <= 1


def test_models_without_a_score_are_left_out_and_counted():
    holes = polars.when(polars.col("seed") == 3).then(None).otherwise(polars.col("sap"))
    found = rank_correlations(MODELS.with_columns(sap=holes), resamples=100)
    assert (found.models, found.dropped) == (108, 36)


def test_a_score_that_never_varies_is_refused_by_name():
    with pytest.raises(ValueError, match="flat has the same value for all models"):
        rank_correlations(MODELS.with_columns(flat=polars.lit(0.5)), ["flat"], ["mig"])


def test_each_seeds_correlations_are_scipys_of_its_models():
    found = correlations_by_seed(MODELS, ["mig", "sap"], ["modularity"])
    assert found["seed"].to_list() == [0, 0, 1, 1, 2, 2, 3, 3]
    models = MODELS.filter(polars.col("seed") == 2)
    expected = spearmanr(models["sap"], models["modularity"]).statistic
    row = found.filter((polars.col("seed") == 2) & (polars.col("row") == "sap"))
    assert row["correlation"].item() == pytest.approx(expected)


def test_a_seed_without_a_correlation_has_no_row():
    flat = polars.when(polars.col("seed") == 1).then(0.5).otherwise(polars.col("mig"))
    found = correlations_by_seed(MODELS.with_columns(mig=flat), ["mig"], ["sap"])
    assert found["seed"].to_list() == [0, 2, 3]


def test_mean_correlations_average_metrics_and_data_sets_seed_by_seed():
    frames = [MODELS, frame_of(six_metrics(seed=1), "cars3d")]
    found = mean_correlations(frames, ["mig", "sap"], ["modularity", "dci_disentanglement"])
    assert list(found) == ["mig", "sap"]
    expected = [
        spearmanr(models["sap"], models[metric]).statistic
        for models in (frame.filter(polars.col("seed") == 2) for frame in frames)
        for metric in ("modularity", "dci_disentanglement")
    ]
    assert found["sap"][2] == pytest.approx(np.mean(expected))
    assert found["sap"].shape == (4,)
