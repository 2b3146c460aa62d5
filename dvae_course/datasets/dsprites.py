"""dSprites: white squares, ellipses and hearts on black, drawn here from formulas or read.

The data set of Matthey, Higgins, Hassabis and Lerchner (2017), and the variants of Locatello et al.
(2019), whose colours, noise and backgrounds are drawn anew at each observation and are no factors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch.nn.functional import avg_pool2d
from tqdm.auto import tqdm

from dvae_course.datasets import scream, swirls
from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.factors import FactorDataset, Factors
from dvae_course.datasets.npz import npz_rows
from dvae_course.datasets.sprites import SIDE, draw

ARCHIVE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
SOURCE = Source(
    title="dSprites",
    folder_name="dsprites",
    base_url="https://github.com/google-deepmind/dsprites-dataset/raw/master/",
    checksums={ARCHIVE: "md5:7da33b31b13a06f4b04a70402ce90c2e"},
)
VARIANTS = ("plain", "color", "noisy", "scream")
SIDES = (64, 32, 16)


class DSprites(FactorDataset):
    """Sprites of 3 shapes, 6 scales, 40 orientations and 32 × 32 positions.

    Parameters
    ----------
    variant : "plain" (1 channel); "color" (the sprite times one colour, each channel uniform from
        0.5 to 1); "noisy" (uniform noise in each pixel and channel, under a white sprite; at
        the smaller sides the noise belongs to the smaller pixels); "scream" (the sprite inverts a
        random piece of a painting, tinted at random).
    source : "rendered" (drawn here, no file needed) or "original", the published .npz file. Its
        publisher gives no checksum: ours is the MD5 sum on which several public loaders agree. Its
        737,280 pictures are kept in memory as bits, 377 MB.
    side : 64, or 32 or 16 for pictures whose pixels are the means of blocks of the 64 × 64 ones.
    folder : the only folder to search for the original files.

    Attributes
    ----------
    background : of the scream variant, "painting" (Munch's Scream, if the source is "original") or
        "texture" (an invented sky, if it is "rendered"); None for the other variants.
    symmetries : degrees after which a shape looks the same again. Orientations run from 0 to 360
        degrees, both ends included: the first and the last give the same picture for every shape.
        The step is 360/39 degrees, so turns of 90 and 180 degrees have only near-duplicates.

    Raises
    ------
    ValueError : an unknown variant, source or side, or a file that is not what it should be.
    DataUnavailable : an original file is nowhere to be had.
    """

    factor_names = ("shape", "scale", "orientation", "x", "y")
    factor_sizes = (3, 6, 40, 32, 32)
    shape_names = ("square", "ellipse", "heart")
    symmetries: ClassVar[dict[str, int]] = {"square": 90, "ellipse": 180, "heart": 360}

    def __init__(
        self,
        variant: str = "plain",
        source: str = "rendered",
        side: int = SIDE,
        folder: str | Path | None = None,
    ):
        if variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
        if source not in ("rendered", "original"):
            raise ValueError(f'source must be "rendered" or "original", got {source!r}')
        if side not in SIDES:
            raise ValueError(f"side must be 64, 32 or 16 pixels, got {side!r}")
        self.variant, self.source = variant, source
        self.shape = (1 if variant == "plain" else 3, side, side)
        self.background = None
        if variant == "scream":
            painted = source == "original"
            self.background = "painting" if painted else "texture"
            self._picture = scream.read_painting(folder) if painted else swirls.texture()
        if source == "original":
            (path,) = obtain(SOURCE, [ARCHIVE], folder)
            self._packed = _read_packed(path, self.factor_sizes)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        sprites = self._sprites(factors)
        if self.variant == "scream":
            return self._reduced(scream.hide(sprites, self._picture, rng))
        white = self._reduced(sprites[:, None])
        if self.variant == "color":
            return white * rng.uniform(0.5, 1, (len(factors), 3, 1, 1)).astype(np.float32)
        if self.variant == "noisy":
            return np.minimum(white + rng.random((len(factors), *self.shape), np.float32), 1)
        return white

    def _sprites(self, factors: Factors) -> Bool[np.ndarray, "n 64 64"]:
        if self.source == "rendered":
            return draw(factors)
        bits = np.unpackbits(self._packed[self.index_of(factors)], axis=1)
        return bits.view(bool).reshape(-1, SIDE, SIDE)

    def _reduced(
        self, pictures: Bool[np.ndarray, "n c 64 64"] | Float32[np.ndarray, "n c 64 64"]
    ) -> Float32[np.ndarray, "n c side side"]:
        """The means of the blocks that make one pixel of this data set's side."""
        floats = pictures.astype(np.float32, copy=False)
        if self.shape[-1] == SIDE:
            return floats
        return avg_pool2d(torch.from_numpy(floats), SIDE // self.shape[-1]).numpy()


def _read_packed(path: Path, sizes: tuple[int, ...]) -> UInt8[np.ndarray, "n 512"]:
    """The sprites in the grid's order, eight pixels a byte, packed as they are read."""
    count = math.prod(sizes)
    _check_order(path, sizes)
    packed = np.empty((count, SIDE * SIDE // 8), np.uint8)
    with tqdm(total=count, desc="dSprites", unit=" pictures", delay=2.0) as bar:
        for start, pictures in npz_rows(path, "imgs", (count, SIDE, SIDE), "|u1"):
            if pictures.max() > 1:
                raise damaged(path, f"imgs with a pixel of {pictures.max()}", "0 and 1 only")
            rows = slice(start, start + len(pictures))
            packed[rows] = np.packbits(pictures.reshape(len(pictures), -1), axis=1)
            bar.update(len(pictures))
    return packed


def _check_order(path: Path, sizes: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the file's classes, behind that of the colour, are the grid's."""
    shape = (math.prod(sizes), 1 + len(sizes))
    for start, classes in npz_rows(path, "latents_classes", shape, "<i8"):
        index = np.arange(start, start + len(classes))
        wrong = (classes[:, 1:] != np.column_stack(np.unravel_index(index, sizes))).any(axis=1)
        if wrong.any():
            found = f"latents_classes out of order from row {start + wrong.argmax()}"
            raise damaged(path, found, "each combination once, the last factor fastest")
