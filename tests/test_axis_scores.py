"""Scores of models with unlike priors: perfect codes score 1, and no unit moves a score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from dvae_course.experiments.axis_scores import active_latents, alignment, scores


def positions(*sizes):
    return np.indices(sizes).reshape(len(sizes), -1).T


def everything_active(codes):
    return np.ones(codes.shape[1], bool)


def test_a_perfect_code_has_alignment_one_and_mixing_lowers_it():
    places = positions(6, 7, 5)
    assert alignment(places, places[:, ::-1] * [-3.0, 0.1, 1.0]) == pytest.approx(1)
    mixed = (places - places.mean(0)) / places.std(0)
    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    assert alignment(places, mixed @ turn.T) == pytest.approx(2 / 3)  # ½, ½ and 1
    assert alignment(places, np.zeros((210, 2))) == 0


@given(seed=some.integers(0, 10_000))
def test_scores_depend_on_neither_units_nor_monotone_stretching(seed):
    rng = np.random.default_rng(seed)
    places = positions(4, 5, 3)
    codes = places @ rng.normal(size=(3, 3)) + 0.1 * rng.normal(size=(60, 3))
    stretched = np.sinh(codes / 3) * rng.uniform(0.01, 100, size=3)
    active = everything_active(codes)
    assert scores(places, codes, active) == pytest.approx(scores(places, stretched, active))


@given(
    seed=some.integers(0, 10_000), units=some.lists(some.floats(1e-3, 1e3), min_size=3, max_size=3)
)
def test_whether_a_latent_is_active_does_not_depend_on_its_units(seed, units):
    rng = np.random.default_rng(seed)
    mu = rng.normal(size=(50, 3)) * [1.0, 0.05, 0.5]
    noise = np.array([0.1, 1.0, 0.5])
    active = active_latents(mu, noise)
    assert active.tolist() == [True, False, True]
    assert (active_latents(mu * units, noise * np.square(units)) == active).all()


def test_passive_latents_do_not_count():
    places = positions(6, 7, 5)
    noise = np.random.default_rng(0).normal(size=(210, 2))
    codes = np.hstack([places, noise])
    active = np.array([True] * 3 + [False] * 2)
    assert scores(places, codes, active) == scores(places, np.hstack([places, 0 * noise]), active)
    assert scores(places, codes, active)["mig"] == pytest.approx(1)
