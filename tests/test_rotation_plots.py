"""Promises of the rotation figures: the right ellipses, every seed, a conclusion that follows."""

import numpy as np
import pytest
from matplotlib.patches import Ellipse

from dvae_course import plots
from dvae_course.plots.rotation import rotation_price, seeds_by_group

DEGREES = np.arange(0.0, 91.0)
PRICES = np.sin(np.radians(2 * DEGREES)) ** 2


def turned(degrees, variances):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    R = np.array([[c, -s], [s, c]])
    return R @ np.diag(variances) @ R.T


def ellipses(figure):
    return [p for p in figure.axes[0].patches if isinstance(p, Ellipse)]


@pytest.mark.parametrize("degrees", [0, 20, 45, 80, 90])
@pytest.mark.parametrize("variances", [(0.01, 0.3), (0.3, 0.01)])
def test_the_ellipse_is_the_contour_at_two_standard_deviations(degrees, variances):
    covariance = turned(degrees, variances)
    figure = rotation_price(DEGREES, PRICES, degrees, covariance, np.array([0.02, 0.05]))
    contour = (
        ellipses(figure)[0]
        .get_patch_transform()
        .transform([(np.cos(t), np.sin(t)) for t in np.linspace(0, 6, 9)])
    )
    distance = np.einsum("ni,ij,nj->n", contour, np.linalg.inv(covariance), contour)
    np.testing.assert_allclose(distance, 4, rtol=1e-9)


def test_the_best_diagonal_one_has_its_axes_along_the_coordinates():
    figure = rotation_price(DEGREES, PRICES, 30, turned(30, (0.01, 0.3)), np.array([0.04, 0.09]))
    diagonal = ellipses(figure)[1]
    assert (diagonal.width, diagonal.height, diagonal.angle) == pytest.approx((0.8, 1.2, 0))
    assert diagonal.get_linestyle() == "--"  # colour is not the only channel


def test_the_conclusion_names_angle_price_and_the_dearest_angle():
    figure = rotation_price(DEGREES, PRICES, 30, turned(30, (0.1, 0.3)), np.array([0.1, 0.2]))
    text = plots.conclusion(figure)
    assert "Turned by 30°" in text and "loses 0.750 nats" in text
    assert "0.000 to 1.000 nats, largest at 45°" in text


def test_the_conclusion_tells_a_free_angle_from_free_variances():
    free_angle = rotation_price(DEGREES, PRICES, 90, turned(90, (0.1, 0.3)), np.array([0.3, 0.1]))
    assert "diagonal itself and loses nothing" in plots.conclusion(free_angle)
    assert "largest at 45°" in plots.conclusion(free_angle)
    round_one = rotation_price(DEGREES, 0 * PRICES, 45, 0.1 * np.eye(2), np.array([0.1, 0.1]))
    assert "every angle is free" in plots.conclusion(round_one)


@pytest.mark.parametrize("at", [-1, 91])
def test_an_angle_that_is_not_there_is_refused(at):
    with pytest.raises(ValueError, match=f"at is {at}, but there are 91 angles; use 0 to 90"):
        rotation_price(DEGREES, PRICES, at, np.eye(2), np.ones(2))


def test_every_seed_is_drawn_in_the_row_of_its_group():
    groups = {"a": np.array([0.1, 0.4, 0.2]), "b": np.array([0.5])}
    figure = seeds_by_group(groups, "distance")
    lines = figure.axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[0.1, 0.4, 0.2], [0.2], [0.5], [0.5]]
    assert {y for line in lines[:2] for y in line.get_ydata()} == {0}
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert "a: 0.100 to 0.400, median 0.200" in plots.conclusion(figure)
    assert lines[0].get_marker() != lines[2].get_marker()


@pytest.mark.parametrize("groups", [{}, {"a": np.array([])}])
def test_a_group_without_seeds_is_refused(groups):
    with pytest.raises(ValueError, match="at least one group, each with at least one seed"):
        seeds_by_group(groups, "distance")
