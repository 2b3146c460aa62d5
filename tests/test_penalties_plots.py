"""The figures of chapter 04 draw what they are given and say what it shows."""

import numpy as np
import pytest

from dvae_course.plots import conclusion
from dvae_course.plots.penalties import (
    code_correlations,
    estimates_beside_truth,
    pair_of_latents,
    penalties_see,
)


def test_penalties_see_stacks_the_parts_and_says_that_the_sum_stays():
    rho, sd = np.linspace(0, 1, 5), np.geomspace(0.01, 1, 4)
    seen = {"one": np.full(4, 0.8), "other": sd**2}
    figure = penalties_see(rho, {"I": 2 - rho, "TC": rho}, sd, seen)
    text = conclusion(figure)
    assert "stays between 2.00 and 2.00" in text
    assert "one by a factor of 1;" in text and "other by a factor of 1e+04" in text
    left, right = figure.axes[:2]
    assert len(left.collections) == 2 and len(right.lines) == 2


def test_estimates_stand_beside_the_truth_each_with_its_mean():
    noise, truth = np.array([0.1, 1.0]), np.array([0.3, 0.1])
    batches = np.array([[1.0, 3.0], [-1.0, 0.0]])
    figure = estimates_beside_truth(noise, truth, {"MWS": batches})
    assert "MWS from 2.00 to -0.50" in conclusion(figure)
    assert "exact total correlation goes from 0.30 to 0.10" in conclusion(figure)


def test_a_pair_says_both_correlations_and_every_bar():
    M, C = np.array([[1, 0.8], [0.8, 1]]), np.array([[2, 0.8], [0.8, 2]])
    figure = pair_of_latents(M, C, {"TC": 0.5, "I(x; z)": -0.25})
    text = conclusion(figure)
    assert "correlation 0.80" in text and "0.400" in text
    assert "TC 0.5" in text and "I(x; z) -0.25" in text
    assert [bar.get_width() for bar in figure.axes[1].patches] == [0.5, -0.25]


def test_code_correlations_tells_active_from_passive_latents():
    rng = np.random.default_rng(0)
    mu = rng.normal(size=(5000, 3))
    mu[:, 2] = 1e-3 * (mu[:, 0] + mu[:, 2])
    text = conclusion(code_correlations({"β = 16": (mu, np.array([2.0, 1.0, 0.001]))}))
    assert "2 active latents" in text
    assert "with a passive latent 0.7" in text
    alone = conclusion(code_correlations({"β = 1": (mu, np.ones(3))}))
    assert "3 active latents, the largest correlation among them is 0.7" in alone


@pytest.mark.parametrize("active", [0, 1])
def test_a_code_with_hardly_an_active_latent_has_no_correlation_among_them(active):
    kl = np.array([1.0, 0.0, 0.0]) * active
    mu = np.random.default_rng(0).normal(size=(100, 3))
    assert "among them is 0.00" in conclusion(code_correlations({"m": (mu, kl)}))
