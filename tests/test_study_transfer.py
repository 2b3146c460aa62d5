"""Transfer of hyper-parameters: perfect where rankings are, judged against what noise allows."""

import numpy as np
import polars
import pytest
from scipy.stats import spearmanr
from study_frames import frame_of, noisy, setting_effects

from dvae_course.study.transfer import transfer

MEANS = setting_effects(0.5, 0.5, seed=1)


def two(first: np.ndarray, second: np.ndarray) -> polars.DataFrame:
    return polars.concat([frame_of({"mig": first}, "here"), frame_of({"mig": second}, "there")])


def test_identical_rankings_transfer_perfectly_whatever_their_scale():
    exact = np.repeat(MEANS[:, None], 4, axis=1)
    found = transfer(two(exact, np.exp(3 * exact)), "mig", resamples=100, splits=10)
    for table in (found.correlations.values, found.correlations.low, found.halves, found.ceiling):
        np.testing.assert_allclose(table, 100)


def test_the_matrix_is_spearmans_of_the_settings_means():
    first, second = noisy(MEANS, 5, 1.0, 1), noisy(MEANS, 5, 1.0, 2)
    found = transfer(two(first, second), "mig", resamples=100, splits=10).correlations
    expected = 100 * spearmanr(first.mean(axis=1), second.mean(axis=1)).statistic
    np.testing.assert_allclose(found.values, [[100, expected], [expected, 100]])
    assert found.low[0, 1] < expected < found.high[0, 1] <= 100
    assert found.rows == found.columns == ("here", "there")


def test_data_sets_that_agree_but_for_noise_reach_the_ceiling_and_each_others_halves():
    found = [
        transfer(
            two(noisy(MEANS, 6, 1.5, trial), noisy(MEANS, 6, 1.5, 100 + trial)),
            "mig",
            resamples=100,
            splits=10,
        )
        for trial in range(60)
    ]
    between = np.mean([one.correlations.values[0, 1] for one in found])
    assert between < 90
    assert np.mean([one.ceiling[0, 1] for one in found]) == pytest.approx(between, abs=3)
    across = np.mean([one.halves[0, 1] for one in found])
    assert np.mean([np.diag(one.halves) for one in found]) == pytest.approx(across, abs=3)
    corrected = np.mean([one.pairs()["corrected"][0] for one in found])
    assert corrected == pytest.approx(100, abs=4)


def test_intervals_cover_what_other_seeds_give():
    other = MEANS + setting_effects(0.2, 0.2, seed=2)
    found = [
        transfer(
            two(noisy(MEANS, 8, 0.5, trial), noisy(other, 8, 0.5, 100 + trial)),
            "mig",
            resamples=200,
            splits=2,
        ).correlations
        for trial in range(80)
    ]
    truth = np.mean([one.values[0, 1] for one in found])
    assert np.mean([one.low[0, 1] <= truth <= one.high[0, 1] for one in found]) > 0.85


def test_unrelated_data_sets_have_no_transfer():
    unrelated = noisy(setting_effects(0.5, 0.5, seed=9), 6, 0.1, 2)
    found = transfer(two(noisy(MEANS, 6, 0.1, 1), unrelated), "mig", resamples=100, splits=5)
    assert abs(found.correlations.values[0, 1]) < 45 < 90 < found.ceiling[0, 1]


def test_settings_with_too_few_seeds_are_left_out_and_missing_models_counted():
    frame = two(noisy(MEANS, 6, 0.1, 1), noisy(MEANS, 6, 0.1, 2)).with_columns(
        failed=(polars.col("data_set") == "there")
        & (polars.col("method") == "beta_vae")
        & (polars.col("seed") < polars.col("strength") / 4)
    )  # 1, 1, 1, 2, 2 and 4 models of the six strengths failed
    found = transfer(frame, "mig", resamples=100, splits=5)
    assert (found.settings, found.left_out, found.missing) == (35, 1, 11)
    assert found.correlations.models == 35 * 12 - 7
    assert np.isfinite(found.halves).all() and np.isfinite(found.correlations.resampled).all()


def test_too_few_seeds_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match="at least 4 seeds on each of here, there; there are 0"):
        transfer(two(noisy(MEANS, 3, 1, 1), noisy(MEANS, 3, 1, 2)), "mig")


def test_an_unknown_data_set_is_refused_by_name():
    frame = two(noisy(MEANS, 4, 1, 1), noisy(MEANS, 4, 1, 2))
    with pytest.raises(ValueError, match="no data_set 'nowhere'; choose from 'here', 'there'"):
        transfer(frame, "mig", ["here", "nowhere"])
