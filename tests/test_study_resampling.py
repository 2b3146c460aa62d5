"""Resamples keep the design and redraw its seeds; intervals do what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvae_course.study.resampling import (
    mean_interval,
    percentile_interval,
    pivot_interval,
    seed_counts,
)

SETTINGS = np.repeat(np.arange(4), 5)
SEEDS = np.tile(np.arange(5), 4)


@pytest.mark.parametrize("unit", ["setting", "seed"])
def test_every_setting_keeps_its_number_of_models(unit):
    counts = seed_counts(SETTINGS, SEEDS, 200, unit)
    assert (counts.reshape(200, 4, 5).sum(axis=2) == 5).all()


def test_a_seed_is_drawn_with_all_of_its_models_or_each_setting_draws_its_own():
    together = seed_counts(SETTINGS, SEEDS, 200, "seed").reshape(200, 4, 5)
    apart = seed_counts(SETTINGS, SEEDS, 200, "setting").reshape(200, 4, 5)
    assert (together == together[:, :1]).all()
    assert not (apart == apart[:, :1]).all(axis=(1, 2)).any()


def test_on_average_every_model_is_drawn_once():
    np.testing.assert_allclose(seed_counts(SETTINGS, SEEDS, 20_000).mean(axis=0), 1, atol=0.05)


def test_a_seed_repeats_its_resamples_and_another_does_not():
    first, again, other = (seed_counts(SETTINGS, SEEDS, 100, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_unknown_units_and_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="one of setting, seed; got 'model'"):
        seed_counts(SETTINGS, SEEDS, unit="model")
    with pytest.raises(ValueError, match="at least 100, got 50"):
        seed_counts(SETTINGS, SEEDS, 50)


def test_a_percentile_interval_leaves_a_fortieth_on_either_side():
    low, high = percentile_interval(np.arange(1001.0)[:, None])
    assert (low.item(), high.item()) == pytest.approx((25, 975))


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_pivot_takes_the_resamples_error_from_the_estimate(estimate, bias):
    errors = np.linspace(-1, 1, 1001)
    low, high = pivot_interval(np.array([estimate]), np.array([0.3]), 0.3 + bias + errors[:, None])
    assert low.item() == pytest.approx(estimate - bias - 0.95)
    assert high.item() == pytest.approx(estimate - bias + 0.95)


def test_a_t_interval_is_the_textbooks_and_can_be_cut():
    mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert mean == 2
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
    assert mean_interval(np.array([1.0, 2.0, 3.0]), within=(0, 4)) == (2, 0, 4)
    assert np.isnan(mean_interval(np.array([1.0]))[1])
