"""Promises of chapter 03's figures: what is drawn is what was passed, conclusions are computed."""

import numpy as np
import pytest
from scipy import stats

from dvae_course import plots
from dvae_course.metrics import Calibrated
from dvae_course.theory.impossibility import entangling_bijection
from dvae_course.theory.rotation import plane_rotation


def pictures(latents=3, steps=4, side=5):
    return np.random.default_rng(0).random((latents, steps, side, side))


def scored(raw):
    return Calibrated("made up", raw, floors=(0.1, 0.3), ceilings=(0.8, 1.0))


def test_grid_lines_hold_one_coordinate_and_run_through_the_other():
    lines = plots.grid_lines(number=4, points=50)
    assert lines.shape == (2, 4, 50, 2)
    for which in (0, 1):
        assert np.ptp(lines[which, ..., which], axis=-1).max() == 0
        assert np.ptp(lines[which, ..., 1 - which], axis=-1).min() > 0.99


def test_bent_grid_says_which_panel_has_straight_lines():
    f = entangling_bijection([stats.uniform()] * 2, plane_rotation(0.5))
    lines, u = plots.grid_lines(), f.sample(50, seed=0)
    bent = f.forward(lines.reshape(-1, 2)).reshape(lines.shape)
    figure = plots.bent_grid({"before": lines, "after": bent}, {"before": u, "after": f.forward(u)})
    text = plots.conclusion(figure)
    assert "parallel to the axes in before and bent or turned in after" in text
    assert all(len(ax.lines) >= 1 + 2 * 9 for ax in figure.axes)


def test_bent_grid_needs_the_same_names_twice():
    with pytest.raises(ValueError, match=r"lines are named \['a'\], but points \['b'\]"):
        plots.bent_grid({"a": plots.grid_lines()}, {"b": np.zeros((3, 2))})


def test_twin_traversals_write_how_many_factors_change_on_each_row():
    panels = {"one": (pictures(), np.array([1, 1, 1])), "two": (pictures(), np.array([3, 2, 3]))}
    figure = plots.twin_traversals(panels)
    assert plots.conclusion(figure).endswith("1, 1, 1 with one; 3, 2, 3 with two.")
    labels = [[text.get_text() for text in ax.get_yticklabels()] for ax in figure.axes]
    assert labels[0][0] == "latent 1: 1 factor" and labels[1][1] == "latent 2: 2 factors"


def test_twin_traversals_show_every_pixel_once():
    images = pictures(latents=2, steps=3)
    panels = {"one": (images, np.array([1, 1]))}
    sheet = plots.twin_traversals(panels).axes[0].images[0].get_array()
    assert sheet.shape == (2 * 7, 3 * 7)
    np.testing.assert_array_equal(sheet[7:12, 14:19], images[1, 2])


def test_twin_traversals_need_a_count_for_each_row():
    with pytest.raises(ValueError, match="one has 2 counts for 3 rows of images"):
        plots.twin_traversals({"one": (pictures(), np.array([1, 1]))})


def test_scores_beside_traversals_are_bars_of_their_own_length():
    figure = plots.traversals_and_scores(pictures(), {"MIG": 0.25, "SAP": 0.75}, "t = 1")
    assert [bar.get_width() for bar in figure.axes[1].patches] == [0.25, 0.75]
    assert plots.conclusion(figure) == "t = 1: MIG 0.25, SAP 0.75."


def test_scores_along_draw_every_seed_the_mean_and_both_bounds():
    raw = {(0.0, 0): 0.9, (0.0, 1): 0.7, (1.0, 0): 0.2, (1.0, 1): 0.4}
    figure = plots.scores_along({at: {"MIG": scored(value)} for at, value in raw.items()})
    dots, mean, floor, ceiling = figure.axes[0].lines
    assert list(zip(dots.get_xdata(), dots.get_ydata(), strict=True)) == [
        (0, 0.9), (0, 0.7), (1, 0.2), (1, 0.4),
    ]  # fmt: skip
    np.testing.assert_allclose(mean.get_ydata(), [0.8, 0.3])
    assert floor.get_ydata()[0] == pytest.approx(0.2) and ceiling.get_ydata()[0] == 0.9
    assert "MIG from 0.80 to 0.30 (means over 2 seeds" in plots.conclusion(figure)


def test_scores_along_need_every_seed_at_every_place():
    found = {at: {"MIG": scored(0.5)} for at in ((0.0, 0), (0.0, 1), (1.0, 0))}
    with pytest.raises(ValueError, match="3 settings are not 2 values of t × 2 seeds"):
        plots.scores_along(found)
