"""Promises of the √β figures: one picture in two units, every seed, a sentence that follows."""

import numpy as np
import pytest
from matplotlib.patches import Circle, Ellipse

from dvae_course import plots
from dvae_course.plots.scaling import two_units, vanishing


def encodings(n=7):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2)), np.exp(rng.normal(-1, 0.3, (n, 2))), np.arange(n) % 4


def patches(ax, kind):
    return [patch for patch in ax.patches if type(patch) is kind]


@pytest.mark.parametrize("beta", [0.25, 1.0, 16.0])
def test_both_panels_show_the_same_picture_in_their_own_units(beta):
    mu, sd, labels = encodings()
    left, right = two_units(beta, mu, sd, labels).axes
    root = np.sqrt(beta)
    assert right.get_xlim() == pytest.approx(root * np.array(left.get_xlim()))
    for old, new in zip(patches(left, Ellipse), patches(right, Ellipse), strict=True):
        assert new.center == pytest.approx(root * np.array(old.center))
        assert (new.width, new.height) == pytest.approx((root * old.width, root * old.height))


@pytest.mark.parametrize("beta", [0.25, 16.0])
def test_the_prior_is_the_same_circle_in_both_and_lies_inside(beta):
    for ax in two_units(beta, *encodings()).axes:
        (circle,) = patches(ax, Circle)
        assert circle.radius == 2 < ax.get_xlim()[1]


def test_the_sentence_has_the_standard_deviations_of_both():
    mu, sd = np.array([[3.0, -3.0], [-3.0, 3.0]]), np.full((2, 2), 4.0)
    text = plots.conclusion(two_units(4.0, mu, sd, np.array([0, 1])))
    assert "5.00 over all data, 4.00 within an encoding" in text
    assert "10.00 and 8.00" in text


def test_without_a_positive_beta_there_is_no_second_unit():
    with pytest.raises(ValueError, match="beta must be positive, got -4"):
        two_units(-4.0, *encodings())


def test_every_seed_is_a_line_and_the_sentence_has_the_largest_last_value():
    falling = np.array([[1.0, 2.0, 3.0], [1e-8, 3e-8, 2e-8]])
    series = {"one": falling, "other": np.ones((2, 3))}
    figure = vanishing(np.array([0, 9]), series, "step", "gradient")
    assert len(figure.axes[0].get_lines()) == 6
    assert figure.axes[0].get_yscale() == "log"
    text = plots.conclusion(figure)
    assert "over 3 seeds" in text
    assert "one: at most 3e-08; other: at most 1e+00" in text
