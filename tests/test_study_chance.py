"""The largest correlation by chance: right where there is nothing, exceeded where there is."""

import numpy as np
import pytest
from study_frames import SIX, frame_of, noisy, setting_effects, six_metrics

from dvae_course.study.agreement import rank_correlations
from dvae_course.study.chance import by_chance, shuffles


def with_scores(seed: int, seeds: int = 4):
    metrics = six_metrics(seeds, seed)
    return frame_of({**metrics, "idle": noisy(np.zeros(36), seeds, 1, 99 + seed)})


def test_a_shuffle_keeps_every_model_in_its_group():
    groups = np.repeat([0, 1, 2], [3, 5, 2])
    orders = shuffles(groups, 50, np.random.default_rng(0))
    assert (groups[orders] == groups).all()
    assert (np.sort(orders, axis=1) == np.arange(10)).all()
    assert len({tuple(order) for order in orders}) > 40


def test_p_values_of_a_score_that_knows_nothing_are_uniform_enough():
    smallest = []
    for trial in range(60):
        models = with_scores(trial)
        found = rank_correlations(models, ["idle"], SIX, resamples=100)
        smallest.append(by_chance(models, ["idle"], permutations=199, seed=trial).p(found).min())
    assert np.mean(np.array(smallest) <= 0.2) < 0.35  # the smallest of 6, yet adjusted
    assert np.mean(np.array(smallest) <= 0.5) > 0.3


def test_a_score_that_follows_a_metric_stands_out_and_only_there():
    models = with_scores(0).with_columns(follower=with_scores(0)["mig"])
    found = rank_correlations(models, ["follower", "idle"], SIX, resamples=100)
    chance = by_chance(models, ["follower", "idle"], permutations=999)
    p = chance.p(found)
    assert p[0, 2] == 1 / 1000
    assert found.values[0, 2] > chance.critical() > chance.expected > 0
    assert p[1].min() > 0.05


def test_within_settings_shuffles_do_not_credit_settings():
    shared = setting_effects(4, 4, 1)
    models = frame_of({"a": noisy(shared, 5, 1, 2), "mig": noisy(shared, 5, 1, 3)})
    over_all = rank_correlations(models, ["a"], ["mig"], resamples=100)
    within = rank_correlations(models, ["a"], ["mig"], within_settings=True, resamples=100)
    assert by_chance(models, ["a"], ["mig"], permutations=199).p(over_all).item() == 1 / 200
    chance = by_chance(models, ["a"], ["mig"], within_settings=True, permutations=199)
    assert chance.p(within).item() > 0.05


def test_a_score_on_both_sides_is_refused():
    with pytest.raises(ValueError, match="mig stands in both rows and columns"):
        by_chance(with_scores(0), ["mig", "idle"])
