"""Choosing settings: certain where scores are, chance where they know nothing, by enumeration."""

import numpy as np
import polars
import pytest
from study_frames import frame_of, noisy, setting_effects

from dvae_course.study.selection import SCENARIOS, chance_to_beat_random

DATA_SETS = ("dsprites", "cars3d")
METRICS = ("mig", "sap")


def study(means, seeds: int = 4, noise: float = 0.0, seed: int = 0) -> polars.DataFrame:
    """`means[data set][metric]` of the 36 settings."""
    return polars.concat(
        [
            frame_of(
                {
                    metric: noisy(means[d][m], seeds, noise, seed + 10 * d + m)
                    for m, metric in enumerate(METRICS)
                },
                data_set,
            )
            for d, data_set in enumerate(DATA_SETS)
        ]
    )


def probabilities(selection) -> list[float]:
    return selection.summary["probability"].to_list()


def test_without_noise_the_best_setting_beats_all_others_everywhere_it_is_the_best():
    means = setting_effects(1, 1, 0)
    found = chance_to_beat_random(study([[means] * 2] * 2), METRICS, resamples=200)
    assert found.summary["scenario"].to_list() == list(SCENARIOS)
    np.testing.assert_allclose(probabilities(found), 35.5 / 36)  # and ties with itself
    np.testing.assert_allclose(found.summary["low"], found.summary["high"])


def test_a_choice_that_is_the_worst_elsewhere_always_loses_there():
    means = setting_effects(1, 1, 0)
    found = chance_to_beat_random(study([[means, -means], [-means, means]]), METRICS, resamples=200)
    right, wrong = 35.5 / 36, 0.5 / 36
    np.testing.assert_allclose(probabilities(found), [right, wrong, wrong, right])


def test_scores_of_noise_alone_choose_by_chance():
    zeros = np.zeros(36)
    found = [
        probabilities(
            chance_to_beat_random(study([[zeros] * 2] * 2, 6, 1.0, 100 * t), METRICS, resamples=100)
        )
        for t in range(30)
    ]
    np.testing.assert_allclose(np.mean(found, axis=0), 0.5, atol=0.04)


def test_the_average_over_all_draws_is_what_many_draws_approach():
    means = [[setting_effects(1, 1, 2 * d + m) for m in range(2)] for d in range(2)]
    frame = study(means, 5, 2.0)
    values = np.array(
        [[frame.filter(polars.col("data_set") == d)[m].to_numpy().reshape(36, 5) for m in METRICS]
         for d in DATA_SETS]
    )  # fmt: skip
    rng, wins = np.random.default_rng(0), []
    for _ in range(20_000):
        d, e, m, opponent = rng.integers([2, 2, 2, 36])
        k, other = rng.choice(5, 2, replace=False)
        chosen = values[d, m, :, k].argmax()
        judged = values[e, m, [chosen, opponent], other]
        wins.append((d == e, np.sign(judged[0] - judged[1]) / 2 + 0.5))
    same, won = np.array(wins).T
    found = probabilities(chance_to_beat_random(frame, METRICS, resamples=100))
    np.testing.assert_allclose(
        found[:2], [won[same == 1].mean(), won[same == 0].mean()], atol=0.015
    )


def test_each_seeds_choice_is_told_and_they_average_to_the_summary():
    found = chance_to_beat_random(study([[setting_effects(1, 1, 0)] * 2] * 2, 5, 1.0), METRICS)
    means = found.per_seed.group_by("scenario", maintain_order=True).agg(polars.mean("probability"))
    np.testing.assert_allclose(means["probability"], probabilities(found))
    assert found.per_seed.height == 4 * 5
    assert (found.summary["low"] < found.summary["high"]).all()


def test_one_data_set_leaves_the_scenarios_that_it_can_have():
    frame = study([[setting_effects(1, 1, 0)] * 2] * 2).filter(polars.col("data_set") == "cars3d")
    scenarios = chance_to_beat_random(frame, METRICS, resamples=100).summary["scenario"].to_list()
    assert scenarios == ["same metric and data set", "other metric"]


def test_failed_models_are_never_chosen_and_counted():
    frame = study([[np.arange(36.0)] * 2] * 2, 4, 0.01).with_columns(
        failed=(polars.col("method") == "beta_tcvae") & (polars.col("seed") == 1)
    )
    found = chance_to_beat_random(frame, METRICS, resamples=100)
    assert found.missing == 12
    assert found.summary["probability"].is_finite().all()


def test_choosing_needs_three_seeds():
    with pytest.raises(ValueError, match="at least 3 seeds, got 2"):
        chance_to_beat_random(study([[np.zeros(36)] * 2] * 2, 2, 1.0), METRICS)
