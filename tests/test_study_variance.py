"""ω² recovers the shares that a table was made with, where η² credits noise to the settings."""

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_frames import frame_of, noisy, setting_effects

from dvae_course.study.variance import variance_explained

MEANS = setting_effects(0.3, 0.3, seed=5)
NOISE = 0.4


def true_shares() -> np.ndarray:
    """Of method, strength, setting and seed, by the definition of variance."""
    grid = MEANS.reshape(6, 6)
    method, setting = grid.mean(axis=1).var(), grid.var()
    return np.array([method, setting - method, setting, NOISE]) / (setting + NOISE)


def shares(means: np.ndarray, noise: float, seeds: int, trial: int) -> polars.DataFrame:
    models = frame_of({"mig": noisy(means, seeds, noise, trial)})
    return variance_explained(models, ["mig"], resamples=200, seed=trial)


def test_omega_squared_recovers_the_components_and_its_intervals_cover_them():
    tables = [shares(MEANS, NOISE, 5, trial) for trial in range(80)]
    omega, eta, low, high = (
        np.array([table[name] for table in tables])
        for name in ("omega_squared", "eta_squared", "low", "high")
    )
    np.testing.assert_allclose(omega.mean(axis=0), true_shares(), atol=0.015)
    assert eta.mean(axis=0)[2] > true_shares()[2] + 0.04  # five seeds flatter the settings
    covered = ((low <= true_shares()) & (true_shares() <= high)).mean(axis=0)
    assert (covered > 0.86).all()


def test_noise_alone_is_all_the_seeds():
    tables = [shares(np.zeros(36), 1.0, 5, trial) for trial in range(40)]
    mean = np.mean([table["omega_squared"] for table in tables], axis=0)
    np.testing.assert_allclose(mean, [0, 0, 0, 1], atol=0.02)


@given(st.floats(0, 2), st.floats(0, 2), st.integers(2, 6))
def test_shares_add_up_to_one_and_settings_are_methods_plus_strengths(method, strength, seeds):
    means = setting_effects(method, strength, 1)
    models = frame_of({"mig": noisy(means, seeds, 1.0, 2)})
    table = variance_explained(models, ["mig"], resamples=100)
    for share in ("eta_squared", "omega_squared"):
        values = table[share].to_numpy()
        assert values[[0, 1, 3]].sum() == pytest.approx(1)
        assert values[2] == pytest.approx(values[:2].sum())


def test_a_score_without_noise_is_explained_by_its_settings():
    models = frame_of({"mig": np.repeat(MEANS[:, None], 3, axis=1)})
    omega = variance_explained(models, ["mig"], resamples=100)["omega_squared"]
    assert omega[2] == pytest.approx(1) and omega[3] == pytest.approx(0)


def test_only_the_ratio_of_variances_matters_not_unit_or_origin():
    values = noisy(MEANS, 4, NOISE, 1)
    models = frame_of({"mig": values, "percent": 1000 + 100 * values})
    table = variance_explained(models, ["mig", "percent"], resamples=100)
    for column in ("eta_squared", "omega_squared", "low", "high"):
        np.testing.assert_allclose(table[column][:4], table[column][4:], atol=1e-9)


def test_gaps_are_counted_and_change_little():
    models = frame_of({"mig": noisy(MEANS, 8, NOISE, 1)})
    holes = models.with_columns(failed=(polars.col("seed") == 7) & (polars.col("strength") == 10))
    whole = variance_explained(models, ["mig"], unit="seed", resamples=100)
    part = variance_explained(holes, ["mig"], unit="seed", resamples=100)
    assert (part["dropped"][0], part["models"][0]) == (5, 283)
    np.testing.assert_allclose(part["omega_squared"], whole["omega_squared"], atol=0.05)


def test_nothing_to_explain_is_refused():
    models = frame_of({"mig": noisy(MEANS, 3, NOISE, 1)})
    with pytest.raises(ValueError, match="flat does not vary"):
        variance_explained(models.with_columns(flat=polars.lit(1.0)), ["flat"])
    with pytest.raises(ValueError, match="at least 2 methods"):
        variance_explained(models.filter(polars.col("method") == "beta_vae"), ["mig"])
