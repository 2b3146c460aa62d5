"""Trends with regularisation: their sign, their direction for a capacity, their interval."""

import numpy as np
import polars
import pytest
from study_frames import SETTINGS, frame_of, noisy

from dvae_course.study.trends import mean_trends, trends

ORDER = np.tile(np.arange(6.0), 6)


def test_what_rises_with_the_strength_has_a_trend_of_one_and_falls_with_a_capacity():
    found = trends(frame_of({"kl": np.repeat(ORDER[:, None], 3, axis=1)}), "kl")
    assert found.height == 18 and found["strengths"].unique().to_list() == [6]
    by_method = dict(found.group_by("method").agg(polars.mean("trend")).rows())
    assert by_method.pop("annealed_vae") == pytest.approx(-1)
    np.testing.assert_allclose(list(by_method.values()), 1)


def test_a_trend_ranks_so_that_only_the_order_of_strengths_matters():
    models = frame_of({"kl": noisy(ORDER, 3, 4.0, 1)})
    squared = models.with_columns(strength=polars.col("strength") ** 2)
    assert trends(models, "kl").equals(trends(squared, "kl"))


def test_the_mean_over_seeds_has_a_t_interval_cut_to_what_a_correlation_can_be():
    found = mean_trends(trends(frame_of({"kl": noisy(-ORDER, 6, 1.0, 1)}), "kl"))
    beta = found.row(by_predicate=polars.col("method") == "beta_vae", named=True)
    assert beta["seeds"] == 6 and -1 <= beta["low"] <= beta["trend"] <= beta["high"] < 0


def test_noise_has_no_trend():
    found = mean_trends(trends(frame_of({"kl": noisy(np.zeros(36), 40, 1.0, 1)}), "kl"))
    assert (found["low"] < 0).sum() >= 4 and (found["high"] > 0).sum() >= 4
    assert (found["trend"].abs() < 0.3).all()


def test_seeds_with_gaps_rank_what_is_left_or_have_no_row():
    models = frame_of({"kl": noisy(ORDER, 3, 0.1, 1)}).with_columns(
        failed=(polars.col("method") == "beta_vae")
        & (polars.col("seed") == 1)
        & (polars.col("strength") > 2)
    )
    found = trends(models, "kl")
    assert found.height == 17
    assert found.filter(polars.col("method") == "beta_vae")["seed"].to_list() == [0, 2]


def test_too_few_strengths_are_refused():
    two = [setting for setting in SETTINGS if setting[0] == "beta_vae"][:2]
    models = frame_of({"kl": noisy(ORDER, 3, 0.1, 1)}).filter(
        (polars.col("method") == "beta_vae") & (polars.col("strength") <= two[-1][1])
    )
    with pytest.raises(ValueError, match="3 strengths with a kl"):
        trends(models, "kl")
