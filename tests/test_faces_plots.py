"""The faces' figures: they show what the code does, and their sentences say what they show."""

import numpy as np
import pytest

from dvae_course import plots
from dvae_course.theory.rotation import rotation_path, slide_rotation

U = slide_rotation()
SCORES = {"MIG": np.array([0.05, 0.07]), "SAP": np.array([0.3, 0.3])}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_rotation_moves_several_factors_along_each_coordinate_and_the_identity_one():
    text = plots.conclusion(plots.face_traversals({"straight": np.eye(3), "turned": U.numpy()}))
    assert "straight: each coordinate moves one factor (azimuth, illumination, hair" in text
    assert "turned: the coordinates move 3, 3, 3 factors at once" in text


def test_half_a_turn_is_named_by_the_factor_that_each_coordinate_moves():
    figure = plots.turned_code(180, rotation_path(U, 3.0).numpy(), SCORES, -1.0)
    assert "one factor (illumination, azimuth, hair length)" in plots.conclusion(figure)


def test_faces_along_a_coordinate_differ_in_the_factors_that_it_moves_only():
    figure = plots.face_traversals({"straight": np.eye(3)})
    skins = [patch.get_facecolor() for patch in figure.axes[0].patches[2::6]]
    rows = [len(set(skins[5 * row : 5 * row + 5])) for row in range(3)]
    assert rows == [1, 5, 1]  # the skin brightens along illumination alone


def test_bars_are_means_and_ticks_are_the_seeds():
    figure = plots.turned_code(60, U.numpy(), SCORES, -14.43)
    bars = figure.axes[2]
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([0.06, 0.3])
    assert [list(line.get_xdata()) for line in bars.lines] == [[0.05, 0.07], [0.3, 0.3]]
    text = plots.conclusion(figure)
    assert "MIG 0.06, SAP 0.30" in text
    assert "mean log p(x) −14.430 nats" in text


def test_the_matrix_is_written_without_minus_zeros():
    figure = plots.turned_code(0, np.array([[1, -1e-17, 0], [0, 1, 0], [0, 0, 1.0]]), SCORES, 0.0)
    assert texts(figure.axes[1])[:3] == ["1.00", "0.00", "0.00"]


def test_a_cell_of_the_table_is_the_mean_and_the_range_of_the_seeds():
    figure = plots.score_table({"code": SCORES, "noise": SCORES})
    assert texts(figure.axes[0])[:2] == ["0.06", "0.05 to 0.07"]
    assert "code: MIG 0.06, SAP 0.30; noise:" in plots.conclusion(figure)


def test_rows_with_different_metrics_are_refused():
    with pytest.raises(ValueError, match=r"b has the metrics \['MIG'\]; expected \['MIG', 'SAP'\]"):
        plots.score_table({"a": SCORES, "b": {"MIG": SCORES["MIG"]}})
