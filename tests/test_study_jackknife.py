"""The jackknife: a mean's pseudo-values are the values, biases go, intervals cover."""

import numpy as np
import polars
import pytest
from scipy import stats

from dvae_course.study.jackknife import one_a_seed

VALUES = np.random.default_rng(0).normal(size=9)
FRAME = polars.DataFrame({"seed": range(9), "mig": VALUES})


def test_the_pseudo_values_of_a_mean_are_the_values_themselves():
    np.testing.assert_allclose(one_a_seed(lambda frame: frame["mig"].mean(), FRAME), VALUES)


def test_the_bias_of_the_plug_in_variance_is_taken_off_exactly():
    found = one_a_seed(lambda frame: frame["mig"].var(ddof=0), FRAME)
    assert found.mean() == pytest.approx(VALUES.var(ddof=1))


def test_a_statistic_of_several_numbers_has_one_row_a_seed():
    found = one_a_seed(lambda frame: [frame["mig"].mean(), 7.0], FRAME)
    np.testing.assert_allclose(found, np.column_stack([VALUES, np.full(9, 7.0)]))


def test_seeds_are_left_out_with_all_their_models_in_rising_order():
    twice = polars.concat([FRAME, FRAME]).sample(fraction=1, shuffle=True, seed=0)
    np.testing.assert_allclose(one_a_seed(lambda frame: frame["mig"].mean(), twice), VALUES)


def upsets(frame: polars.DataFrame) -> float:
    """How often a run of the worse strength beats one of the better: each seed meets all others."""
    worse, better = (part["mig"].to_numpy() for part in frame.partition_by("strength"))
    return float((worse[:, None] > better).mean())


def test_intervals_of_a_probability_cover_the_truth():
    rng, truth = np.random.default_rng(0), stats.norm.cdf(-1 / np.sqrt(2))
    values = []
    for _ in range(100):
        runs = np.concatenate([rng.normal(0, 1, 8), rng.normal(1, 1, 8)])
        seeds = [*range(8)] * 2
        frame = polars.DataFrame({"strength": [1] * 8 + [2] * 8, "seed": seeds, "mig": runs})
        values.append(one_a_seed(upsets, frame))
    centre, error = np.mean(values, axis=1), np.std(values, axis=1, ddof=1) / np.sqrt(8)
    inside = np.abs(centre - truth) <= stats.t.ppf(0.975, 7) * error
    assert inside.mean() > 0.88


def test_two_seeds_are_an_error():
    with pytest.raises(ValueError, match="at least 3 seeds, got 2"):
        one_a_seed(lambda frame: frame["mig"].mean(), FRAME.head(2))
