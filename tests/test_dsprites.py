"""Sprites follow their factors; nuisances change at each observation and leave the sprite alone."""

import numpy as np
import pytest
import torch

from dvae_course.datasets.dsprites import DSprites
from dvae_course.datasets.scream import hide
from dvae_course.datasets.sprites import draw
from dvae_course.datasets.swirls import texture
from dvae_course.randomness import generator

MIDDLE = [0, 5, 0, 16, 16]


def vary(factor: int, shape: int = 2) -> np.ndarray:
    factors = np.tile([shape, *MIDDLE[1:]], (DSprites.factor_sizes[factor], 1))
    factors[:, factor] = np.arange(len(factors))
    return factors


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_area_grows_with_scale(shape):
    assert (DSprites().observe(vary(1, shape)).sum((1, 2, 3)).diff() > 0).all()


@pytest.mark.parametrize(("factor", "across"), [(3, 1), (4, 2)])
def test_the_centroid_follows_the_position(factor, across):
    pictures = DSprites().observe(vary(factor))[:, 0].numpy()
    weights = pictures.sum(axis=across)
    centroid = weights @ np.arange(64) / weights.sum(1)
    assert (np.diff(centroid) > 0).all()
    assert centroid[-1] - centroid[0] == pytest.approx(32, abs=0.5)


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_the_first_and_the_last_orientation_are_one_picture(shape):
    pictures = DSprites().observe(vary(2, shape))
    assert pictures[0].equal(pictures[39]) and not pictures[0].equal(pictures[1])


@pytest.mark.parametrize("side", [32, 16])
def test_a_smaller_side_holds_the_means_of_blocks(side):
    factors = DSprites().sample_factors(50, seed=0)
    blocks = DSprites().observe(factors).reshape(50, 1, side, 64 // side, side, 64 // side)
    assert DSprites(side=side).observe(factors).equal(blocks.mean((3, 5)))


def test_a_coloured_sprite_has_one_colour_from_half_to_one_on_black():
    factors = DSprites().sample_factors(50, seed=0)
    sprite = DSprites().observe(factors)
    colour = DSprites("color").observe(factors, seed=1)
    assert (colour == sprite * colour.amax((2, 3), keepdim=True)).all()
    assert colour.amax((2, 3)).min() >= 0.5


def test_noise_fills_the_background_and_leaves_the_sprite_white():
    factors = DSprites().sample_factors(50, seed=0)
    sprite = DSprites().observe(factors).expand(-1, 3, -1, -1) == 1
    noisy = DSprites("noisy").observe(factors, seed=1)
    assert (noisy[sprite] == 1).all()
    assert noisy[~sprite].mean() == pytest.approx(0.5, abs=0.01)


def test_the_rendered_scream_hides_sprites_in_the_invented_sky():
    data = DSprites("scream")
    factors = data.sample_factors(50, seed=0)
    sprites = draw(factors)
    expected = hide(sprites, texture(), generator(1, "nuisances"))
    assert np.array_equal(data.observe(factors, seed=1).numpy(), expected)
    assert data.background == "texture" and DSprites().background is None


@pytest.mark.parametrize("variant", ["color", "scream"])
def test_at_a_smaller_side_the_whole_picture_is_averaged(variant):
    factors = DSprites().sample_factors(50, seed=0)
    blocks = DSprites(variant).observe(factors, seed=1).reshape(50, 3, 16, 4, 16, 4)
    small = DSprites(variant, side=16).observe(factors, seed=1)
    torch.testing.assert_close(small, blocks.mean((3, 5)))


@pytest.mark.parametrize("variant", ["color", "noisy", "scream"])
def test_nuisances_change_with_the_seed(variant):
    data = DSprites(variant)
    factors = data.sample_factors(5, seed=0)
    assert data.observe(factors, seed=1).equal(data.observe(factors, seed=1))
    assert not data.observe(factors, seed=1).equal(data.observe(factors, seed=2))


@pytest.mark.parametrize("wrong", [{"variant": "blue"}, {"side": 48}, {"source": "drawn"}])
def test_an_unknown_choice_is_refused_by_value(wrong):
    with pytest.raises(ValueError, match=str(*wrong.values())):
        DSprites(**wrong)
