"""Sprites invert the picture that they are hidden in; the painting is read, or refused by name."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dvae_course.datasets.download import DataUnavailable
from dvae_course.datasets.dsprites import DSprites
from dvae_course.datasets.scream import PAINTING, hide, read_painting
from dvae_course.datasets.sprites import draw
from dvae_course.randomness import generator

FACTORS = DSprites().sample_factors(40, seed=0)
SPRITES = draw(FACTORS)
NOWHERE = np.zeros_like(SPRITES)
# Every pixel differs from every other, so that a piece tells where it was cut.
PICTURE = np.random.default_rng(0).integers(0, 256, (80, 70, 3), np.uint8)


def encoded(width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    rows = np.linspace(0, 255, height).astype(np.uint8)
    picture = Image.fromarray(np.repeat(rows[:, None], width, 1)).convert(mode)
    file = BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def paint(folder: Path, content: bytes) -> Path:
    path = folder / PAINTING
    path.write_bytes(content)
    return path


def test_the_background_is_a_piece_of_the_picture_averaged_with_one_colour():
    backgrounds = hide(NOWHERE, PICTURE, generator(1, "nuisances"))
    assert backgrounds.min() >= 0 and backgrounds.max() <= 1
    rng = generator(1, "nuisances")
    corners = rng.integers((80 - 63, 70 - 63), size=(40, 2))
    colours = rng.random((40, 3), np.float32)
    for (row, column), colour, background in zip(corners, colours, backgrounds, strict=True):
        piece = PICTURE[row : row + 64, column : column + 64] / 255
        expected = (piece + colour) / 2
        np.testing.assert_allclose(background, expected.transpose(2, 0, 1), atol=1e-6)


def test_a_sprite_inverts_what_is_behind_it_and_nothing_else():
    behind = hide(NOWHERE, PICTURE, generator(1, "nuisances"))
    hidden = hide(SPRITES, PICTURE, generator(1, "nuisances"))
    inside = np.broadcast_to(SPRITES[:, None], hidden.shape)
    assert np.array_equal(hidden[inside], 1 - behind[inside])
    assert np.array_equal(hidden[~inside], behind[~inside])


def test_pieces_come_from_everywhere_in_the_picture():
    place = np.zeros((66, 67, 3), np.uint8)
    place[..., 0], place[..., 1] = 3 * np.arange(66)[:, None], 3 * np.arange(67)
    many = np.zeros((300, 64, 64), bool)
    corners = 2 * 255 * hide(many, place, generator(2, "nuisances"))[:, :2, 0, 0]
    colours = generator(2, "nuisances")
    colours.integers((3, 4), size=(300, 2))
    tints = 255 * colours.random((300, 3), np.float32)[:, :2]
    found = np.rint((corners - tints) / 3).astype(int)
    assert {tuple(corner) for corner in found} == {(r, c) for r in range(3) for c in range(4)}


@pytest.mark.parametrize(
    ("size", "reduced"), [((800, 1000), (274, 219)), ((440, 548), (274, 220)), ((200, 274), None)]
)
def test_the_painting_is_reduced_to_the_studys_size(tmp_path, size, reduced):
    paint(tmp_path, encoded(*size))
    assert read_painting(tmp_path).shape[:2] == (reduced or size[::-1])


def test_a_grey_picture_gets_three_channels(tmp_path):
    paint(tmp_path, encoded(300, 400, mode="L"))
    painting = read_painting(tmp_path)
    assert painting.shape[2] == 3 and (painting == painting[..., :1]).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no whole JPEG picture"),
        (b"<html>too many requests</html>", "no whole JPEG picture"),
        (encoded(300, 400)[:-900], "no whole JPEG picture"),
        (encoded(300, 400, "PNG"), "no whole JPEG picture"),
        (encoded(220, 273), "220 × 273"),
        (encoded(400, 300), "400 × 300"),
    ],
    ids=["empty", "web page", "truncated", "PNG", "too small", "lying"],
)
def test_what_cannot_be_the_painting_is_refused_by_name(tmp_path, content, words):
    path = paint(tmp_path, content)
    with pytest.raises(ValueError, match=words) as raised:
        read_painting(tmp_path)
    assert str(path) in str(raised.value) and 'source="rendered"' in str(raised.value)


def test_a_missing_painting_is_named_with_a_way_out(tmp_path):
    with pytest.raises(DataUnavailable, match='source="rendered"') as raised:
        read_painting(tmp_path)
    assert PAINTING in str(raised.value) and str(tmp_path) in str(raised.value)
