"""A worse strength's run against a better one's: unbiased by held-out seeds, and covering."""

import numpy as np
import polars
import pytest
from study_frames import frame_of, noisy, setting_effects

from dvae_course.study.overtaking import held_out_contests, overtaking


def slow_contests(values: np.ndarray) -> list[float]:
    """The same with loops: two seeds out, order by the rest, compare every pair of strengths."""
    pairs, extremes = [], []
    strengths, seeds = values.shape
    for k in range(seeds):
        for other in set(range(seeds)) - {k}:
            rest = np.delete(values, [k, other], axis=1).mean(axis=1)
            order = np.argsort(rest)
            for i in range(strengths):
                for j in range(i + 1, strengths):
                    worse, better = values[order[i], k], values[order[j], other]
                    pairs.append(0.5 if worse == better else float(worse > better))
                    if (i, j) == (0, strengths - 1):
                        extremes.append(pairs[-1])
    return [np.mean(pairs), np.mean(extremes)]


@pytest.mark.parametrize("trial", range(3))
def test_contests_are_those_of_the_loops(trial):
    values = np.random.default_rng(trial).integers(0, 6, (4, 5)).astype(float)  # with ties
    values += np.arange(4)[:, None] / 100  # no two means alike
    np.testing.assert_allclose(held_out_contests(values), slow_contests(values))


def test_equal_strengths_give_one_half_on_average_though_one_always_looks_better():
    rng = np.random.default_rng(0)
    found = np.array([held_out_contests(rng.normal(size=(6, 8))) for _ in range(400)])
    np.testing.assert_allclose(found.mean(axis=0), 0.5, atol=0.02)


def test_strengths_far_apart_never_overtake_but_ten_seeds_cannot_exclude_it():
    table = overtaking(frame_of({"mig": noisy(np.arange(36.0), 10, 1e-4, 0)}), "mig")
    assert table["pairs"].to_list() == [0] * 6 and table["extremes_low"].to_list() == [0] * 6
    assert (table["extremes_high"] > 0.2).all()
    assert not table["overtakes"].any()


def test_intervals_cover_the_probability_that_the_estimates_average_to():
    means = setting_effects(0.2, 0.3, seed=5)
    tables = [
        overtaking(frame_of({"mig": noisy(means, 8, 0.5, trial)}), "mig") for trial in range(40)
    ]
    for name in ("pairs", "extremes"):
        value, low, high = (
            np.array([table[name + end] for table in tables]) for end in ("", "_low", "_high")
        )
        truth = value.mean(axis=0)
        assert ((low <= truth) & (truth <= high)).mean() > 0.9


def test_best_of_the_worst_and_worst_of_the_best_are_single_runs():
    values = noisy(np.zeros(36), 4, 1.0, 1)
    row = overtaking(frame_of({"mig": values}), "mig").row(
        by_predicate=polars.col("method") == "beta_vae", named=True
    )
    order = np.argsort(values[:6].mean(axis=1))
    assert row["best_of_worst"] == values[order[0]].max()
    assert row["worst_of_best"] == values[order[-1]].min()
    assert row["overtakes"] == (row["best_of_worst"] > row["worst_of_best"])


def test_failed_runs_take_no_part_and_are_counted():
    models = frame_of({"mig": noisy(np.zeros(36), 6, 1.0, 1)}).with_columns(
        failed=(polars.col("seed") == 2) & (polars.col("strength") == 16)
    )
    table = overtaking(models, "mig")
    assert (table["dropped"][0], table["models"][0]) == (1, 215)
    assert table.select(polars.col("pairs", "extremes").is_finite().all()).row(0) == (True, True)


def test_too_few_seeds_and_a_single_strength_are_refused():
    models = frame_of({"mig": noisy(np.zeros(36), 3, 1.0, 1)})
    with pytest.raises(ValueError, match="at least 4 seeds"):
        overtaking(models, "mig")
    models = frame_of({"mig": noisy(np.zeros(36), 4, 1.0, 1)})
    with pytest.raises(ValueError, match="beta_vae has one strength only"):
        overtaking(models.filter(polars.col("strength") == 16), "mig")
