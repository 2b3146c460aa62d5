"""Sprites hidden in a painting: the Scream variant of dSprites (Locatello et al., 2019).

Behind each sprite is a random piece of Munch's Scream, tinted by a random colour; the sprite shows
only as the place where that picture is inverted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.sprites import SIDE

PAINTING = "The_Scream.jpg"
# No checksum of the picture is published: `read_painting` checks that it can be the painting.
SOURCE = Source(
    title="The picture of Munch's Scream",
    folder_name="scream",
    base_url="https://upload.wikimedia.org/wikipedia/commons/f/f4/",
    checksums={PAINTING: None},
)
LARGEST = (350, 274)

Picture = UInt8[np.ndarray, "height width 3"]


def read_painting(folder: str | Path | None = None) -> Picture:
    """The painting, reduced to at most 350 × 274 pixels (width × height) as in the study.

    `folder` is the only one searched. Raises `DataUnavailable` if the file is nowhere to be had,
    and `ValueError` naming the file if it is no upright JPEG picture at least 274 pixels high.
    """
    (path,) = obtain(SOURCE, [PAINTING], folder)
    expected = f"an upright JPEG picture, {LARGEST[1]} pixels high or more"
    try:
        with Image.open(path, formats=["JPEG"]) as picture:
            width, height = picture.size
            picture.thumbnail(LARGEST)
            pixels = np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise damaged(path, f"no whole JPEG picture ({error})", expected) from error
    if not LARGEST[1] <= height > width:
        raise damaged(path, f"a picture of {width} × {height} pixels", expected)
    return pixels


def hide(
    sprites: Bool[np.ndarray, "n 64 64"], picture: Picture, rng: np.random.Generator
) -> Float32[np.ndarray, "n 3 64 64"]:
    """Each sprite in a random 64 × 64 piece of the picture, averaged with one random colour.

    Outside the sprite a pixel is v = (piece + colour)/2, each of the colour's channels uniform
    from 0 to 1; inside it is 1 − v.
    """
    pieces = sliding_window_view(picture, (SIDE, SIDE), axis=(0, 1))
    rows, columns = rng.integers(pieces.shape[:2], size=(len(sprites), 2)).T
    colours = rng.random((len(sprites), 3, 1, 1), np.float32)
    v = pieces[rows, columns] / np.float32(255)
    v += colours
    v /= 2
    v -= sprites[:, None]
    return np.abs(v, out=v)  # |v − 1| = 1 − v inside, |v − 0| = v outside
