"""Promises of the sparsity figures: honest intervals, every seed, the pattern in order."""

import numpy as np
import pytest
from scipy import stats

from dvae_course import plots
from dvae_course.plots.sparse import class_use, interval, knob_panels, price_of_sparsity, users

ROWS = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 6.0], [9.0, 8.0, 7.0, 7.0]])


def test_the_interval_is_scipys():
    mean, half = interval(ROWS)
    for row, m, h in zip(ROWS, mean, half, strict=True):
        low, high = stats.ttest_1samp(row, 0).confidence_interval(0.95)
        assert (m - h, m + h) == pytest.approx((low, high))


def test_no_interval_is_made_up_from_two_seeds():
    with pytest.raises(ValueError, match="at least 3 seeds, got 2"):
        interval(ROWS[:, :2])


def test_each_quantity_has_a_panel_with_all_series_and_their_bands():
    series = {"γ = 0": ROWS, "γ = 0.8": 2 * ROWS}
    figure = knob_panels([0, 10, 100], {"a": series, "b": series}, "α", logarithmic=["b"])
    assert [ax.get_yscale() for ax in figure.axes] == ["linear", "log"]
    for ax in figure.axes:
        assert [line.get_label() for line in ax.get_lines()] == list(series)
        assert len(ax.collections) == 2
    text = plots.conclusion(figure)
    assert "Means of 4 seeds, as α goes from 0 to 100: a 2.5 to 7.75 for γ = 0, 5 to" in text


def test_every_seed_is_a_dot_and_a_path_starts_at_a_hollow_marker():
    paths = {"β": (ROWS, ROWS / 10), "α": (ROWS, ROWS)}
    figure = price_of_sparsity({"raw": paths}, "nats")
    dots, line, start = figure.axes[0].get_lines()[:3]
    assert len(dots.get_xdata()) == ROWS.size
    assert line.get_xdata().tolist() == ROWS.mean(1).tolist()
    assert start.get_markerfacecolor() == "white"
    assert start.get_xydata().ravel() == pytest.approx([2.5, 0.25])
    text = plots.conclusion(figure)
    assert "raw: β reaches 0.78 at 8, α reaches 7.75 at 8" in text


def test_latents_are_sorted_by_the_class_that_uses_them_and_keep_their_number():
    magnitudes = np.array([[0.1, 0.2, 2.0], [3.0, 0.5, 0.0]])
    figure = class_use(magnitudes, ["shirt", "bag"], "title")
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["$z_{2}$", "$z_{0}$", "$z_{1}$"]
    assert ax.images[0].get_array().tolist() == [[2.0, 0.1, 0.2], [0.0, 3.0, 0.5]]
    assert users(magnitudes).tolist() == [1.0, 1.0]
    assert "the strongest use is z0 by bag, 3.0." in plots.conclusion(figure)


def test_every_class_has_a_name():
    with pytest.raises(ValueError, match="1 class names for 2 rows"):
        class_use(np.ones((2, 3)), ["shirt"], "title")
