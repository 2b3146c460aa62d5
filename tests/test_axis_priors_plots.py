"""Promises of the figures on priors: every seed, an interval, and a sentence that follows."""

import numpy as np
import pytest

from dvae_course import plots


def seeds(x, y, n=5):
    rng = np.random.default_rng(0)
    return np.array([[x], [y]]) + 0.1 * rng.normal(size=(2, n))


def curves(distance):
    return {
        "iso": {"β = 1": seeds(0, 0), "β = 2": seeds(10, 5)},
        "pca": {"β = 1": seeds(distance, 0), "β = 2": seeds(10, 5)},
    }


def test_the_trade_off_shows_every_seed_each_mean_and_its_t_interval():
    values = seeds(3.0, 7.0)
    (ax,) = plots.tradeoff({"iso": {"β = 1": values}}, "loss", "MIG").axes
    dots, line = ax.lines[0], ax.lines[-1]
    assert (np.array(dots.get_data()) == values).all()
    assert np.array(line.get_data()).ravel() == pytest.approx(values.mean(1))
    half = 2.776445 * values.std(1, ddof=1) / np.sqrt(5)  # the t quantile at 4 degrees of freedom
    ends = [bars.get_segments()[0] for bars in ax.collections]
    assert np.ptp(ends[0][:, 0]) == pytest.approx(2 * half[0], rel=1e-5)
    assert np.ptp(ends[1][:, 1]) == pytest.approx(2 * half[1], rel=1e-5)


def test_the_trade_off_writes_the_means_in_its_description():
    text = plots.conclusion(plots.tradeoff(curves(0), "loss, nats", "MIG"))
    values = seeds(10, 5).mean(1)
    assert f"pca, β = 2: {values[1]:.2f} at {values[0]:.1f}" in text


@pytest.mark.parametrize(("distance", "written"), [(0, 2), (5, 3)])
def test_a_label_is_written_once_where_its_points_lie_together(distance, written):
    (ax,) = plots.tradeoff(curves(distance), "loss", "MIG").axes
    assert len(ax.texts) == written


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="at least two seeds, got 1"):
        plots.tradeoff({"iso": {"β = 1": np.ones((2, 1))}}, "loss", "MIG")


DEGREES = np.linspace(0, 90, 7)


def push(gain):
    points = np.array([[1.0, 0.0], [0.0, 2.0]])
    return plots.tail_push(3.0, "uniform", points, DEGREES, gain)


@pytest.mark.parametrize(
    ("height", "says"),
    [(0.07, "away from the axes"), (-0.1, "to the axes"), (0.0, "the angle does not matter")],
)
def test_the_sentence_says_which_way_the_prior_pushes(height, says):
    gain = height * np.sin(2 * np.radians(DEGREES)) ** 2
    assert says in plots.conclusion(push(gain))


def test_the_factors_are_turned_to_the_best_angle():
    figure = push(0.07 * np.sin(2 * np.radians(DEGREES)) ** 2)
    cloud, curve = figure.axes
    root = np.sqrt(0.5)
    turned = np.array(cloud.lines[0].get_data()).T
    assert turned == pytest.approx(np.array([[root, root], [-2 * root, 2 * root]]))
    assert curve.lines[-1].get_xdata() == [45]
