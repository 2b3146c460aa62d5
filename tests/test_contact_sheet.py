"""A contact sheet shows every picture as it is, in its row, and says what changes most."""

import numpy as np
import pytest

from dvae_course import plots


def rows(**lengths: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.random((n, 3, 6, 5)) for name, n in lengths.items()}


def sheet(pictures: dict[str, np.ndarray]) -> np.ndarray:
    """What is drawn, cut into its tiles: (row, column, height, width, channel), without frames."""
    (ax,) = plots.contact_sheet(pictures, "toys").axes
    drawn = np.asarray(ax.images[0].get_array())
    count, columns = len(pictures), max(map(len, pictures.values()))
    tiles = drawn.reshape(count, 8, columns, 7, 3).swapaxes(1, 2)
    return tiles[:, :, 1:-1, 1:-1]


def test_every_picture_is_drawn_as_it_is_in_its_row_and_column():
    pictures = rows(first=3, second=2)
    drawn = sheet(pictures)
    assert np.array_equal(drawn[0], pictures["first"].transpose(0, 2, 3, 1))
    assert np.array_equal(drawn[1, :2], pictures["second"].transpose(0, 2, 3, 1))
    assert (drawn[1, 2] == 1).all()


def test_grey_pictures_stay_grey():
    pictures = {"x": np.random.default_rng(0).random((2, 1, 6, 5))}
    drawn = sheet(pictures)
    assert np.array_equal(drawn[0], np.repeat(pictures["x"].transpose(0, 2, 3, 1), 3, axis=-1))


def test_each_label_stands_at_the_middle_of_its_row():
    (ax,) = plots.contact_sheet(rows(first=2, second=1), "toys").axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.get_yticks() == pytest.approx([3.5, 11.5])  # of rows 0 to 7 and 8 to 15
    assert ax.get_title() == "toys"


def test_the_conclusion_names_what_changes_most_and_least():
    still, moving = np.zeros((3, 1, 4, 4)), np.zeros((3, 1, 4, 4))
    moving[1] = 0.5
    figure = plots.contact_sheet({"hue": still, "size": moving, "kind": still[:1]}, "toys")
    text = plots.conclusion(figure)
    assert text.startswith("toys: pictures in a row for each of hue, size, kind.")
    assert "change most along size, by 0.500 on average, and least along hue, by 0.000" in text


def test_one_picture_a_row_has_no_change_to_speak_of():
    figure = plots.contact_sheet(rows(first=1, second=1), "toys")
    assert plots.conclusion(figure) == "toys: pictures in a row for each of first, second."


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ({}, "one or more a row, got {}"),
        ({"a": np.zeros((2, 3, 4, 4)), "b": np.zeros((0, 3, 4, 4))}, r"'b': \(0, 3, 4, 4\)"),
        ({"a": np.zeros((2, 3, 4, 4)), "b": np.zeros((2, 3, 4, 5))}, "of one shape"),
        ({"a": np.zeros((2, 2, 4, 4))}, "1 or 3 channels, got 2"),
    ],
)
def test_what_is_no_sheet_is_refused(pictures, words):
    with pytest.raises(ValueError, match=words):
        plots.contact_sheet(pictures, "toys")
