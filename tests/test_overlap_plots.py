"""Promises of chapter 09's figures: every seed counted, the prior in its place, true sentences."""

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from dvae_course import plots
from dvae_course.plots.overlap import appropriate, batch_bias, through_kernel, two_factors

HEADINGS = ["little", "much", "right", "good", "bad"]


def arrays(points=8, seeds=3):
    rng = np.random.default_rng(0)
    mu, sd = rng.normal(size=(5, points, 2)), np.exp(rng.normal(-1, 0.3, (5, points, 2)))
    axis = np.linspace(-3, 3, 41)
    log_prior = -(axis[:, None] ** 2) / 0.02 - axis**2 / 2  # narrow in z₁, wide in z₂
    return mu, sd, rng.gamma(2.0, size=(5, seeds, 2)), np.arange(points) % 4, log_prior


def test_an_ellipse_spans_one_standard_deviation_to_each_side_of_its_mean():
    mu, sd, *rest = arrays()
    ax = two_factors(HEADINGS, mu, sd, *rest).axes[0]
    drawn = [c for c in ax.collections if isinstance(c, EllipseCollection)]
    sizes = np.concatenate([np.stack([c.get_widths(), c.get_heights()], 1) for c in drawn])
    centres = np.concatenate([c.get_offsets() for c in drawn])
    by_label = np.argsort(np.arange(8) % 4, kind="stable")
    np.testing.assert_allclose(sizes, 2 * sd[0][by_label])
    np.testing.assert_allclose(centres, mu[0][by_label])


def test_the_prior_stands_upright_when_it_is_narrow_in_the_first_coordinate():
    figure = two_factors(HEADINGS, *arrays())
    (contour,) = [c for c in figure.axes[3].collections if hasattr(c, "levels")]
    points = np.concatenate([path.vertices for path in contour.get_paths()])
    across, along = np.ptp(points, axis=0)
    assert across < 1 < 4 < along


def test_every_seed_of_every_picture_is_a_mark_and_the_ranges_are_written_out():
    mu, sd, numbers, *rest = arrays()
    figure = two_factors(HEADINGS, mu, sd, numbers, *rest)
    marks = [line.get_xydata() for line in figure.axes[5].get_lines()]
    np.testing.assert_allclose(np.stack(marks), numbers)
    assert f"({numbers[2, :, 0].min():.2f} to {numbers[2, :, 0].max():.2f})" in (
        figure.axes[2].get_xlabel()
    )
    text = plots.conclusion(figure)
    assert "Means of 3 seeds" in text
    assert f"bad: overlap {numbers[4, :, 0].mean():.2f}" in text


def test_another_number_of_pictures_is_refused():
    with pytest.raises(ValueError, match="4 headings, 5 mu"):
        two_factors(HEADINGS[:4], *arrays())


def test_the_best_beta_is_the_one_that_most_seeds_vote_for():
    elbo = np.array([[-9.0, -9.0, -1.0], [-2.0, -3.0, -2.0], [-5.0, -8.0, -9.0]])
    own = np.array([[0.9] * 3, [0.2] * 3, [0.01] * 3])
    text = plots.conclusion(appropriate([0.1, 1, 10], own, np.sqrt(own), elbo))
    assert "highest at β = 1 in 2 of 3 seeds" in text
    assert "its own point with 0.20" in text
    assert "β = 10 to its own arm with only 0.10" in text


def test_the_sentence_says_how_far_apart_the_curves_are_before_and_behind_the_kernel():
    z = np.linspace(-1, 1, 5)
    sharp, seen = {"q": z + 2.0, "p": z + 1.5}, {"q": z, "p": z - 0.125}
    figure = through_kernel(z, 0.3, sharp, seen, kl=0.25, mmd=1e-4)
    text = plots.conclusion(figure)
    assert "a KL of 0.250 nats" in text
    assert "at most 0.125, before by 0.500" in text
    left, right = (ax.get_title() for ax in figure.axes)
    assert "KL = 0.250" in left and "1.0e-04" in right


def test_a_batch_is_said_to_change_only_what_it_changes_beyond_the_sampling_error():
    noise = np.array([-1.0, 0.0, 1.0])
    curves = {"moves": np.stack([5 + noise, 1 + noise]), "stays": np.stack([noise, 0.3 + noise])}
    figure = batch_bias([10, 50], curves)
    text = plots.conclusion(figure)
    assert "moves falls from 5.00 ± 1.15 to 1.00 ± 1.15" in text
    assert "stays is 0.00 ± 1.15 and 0.30 ± 1.15, no difference beyond" in text
    assert [ax.get_title() for ax in figure.axes] == ["moves", "stays"]
