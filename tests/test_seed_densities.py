"""Figure 3 with all its seeds: a tile for each, its number in it, and what the seeds agree on."""

import numpy as np
import pytest

from dvae_course import plots

PRIOR = np.array([(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)])


def figure(numbers, names=("α = 1", "α = 8"), mu=None):
    mu = np.zeros((2, 3, 40, 2)) if mu is None else mu
    return plots.seed_densities(names, mu, np.full(mu.shape, 0.1), numbers, PRIOR, 0.173)


NUMBERS = np.array([[1.0, 2.0, 4.0], [0.31, 0.32, 0.33]])


def test_every_seed_has_its_tile_with_its_number():
    texts = [[t.get_text() for t in ax.texts] for ax in figure(NUMBERS).axes]
    assert texts == [["1.00"], ["2.00"], ["4.00"], ["0.31"], ["0.32"], ["0.33"]]


def test_a_tile_shows_the_density_of_its_own_seed():
    mu = np.zeros((2, 3, 40, 2))
    mu[1, 2] = (1.5, -1.5)
    image = figure(NUMBERS, mu=mu).axes[5].images[0].get_array()
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert row < 16 and column > 48


def test_the_text_has_the_range_of_each_row_and_where_seeds_agree():
    text = plots.conclusion(figure(NUMBERS))
    assert "1.00 to 4.00 at α = 1" in text and "0.31 to 0.33 at α = 8" in text
    assert "agree best at α = 8 and least at α = 1" in text


@pytest.mark.parametrize("names", [("α = 1",), ("a", "b", "c")])
def test_rows_without_a_name_are_refused(names):
    with pytest.raises(ValueError, match=f"{len(names)} names"):
        figure(NUMBERS, names)
