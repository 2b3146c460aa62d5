"""dSprites: white squares, ellipses and hearts on black, drawn here from formulas.

The data set of Matthey, Higgins, Hassabis and Lerchner (2017), and two of the variants of Locatello
et al. (2019), whose colours or noise are drawn anew at each observation and are no factors.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float32

from dvae_course.datasets.factors import FactorDataset, Factors
from dvae_course.datasets.sprites import SIDE, draw

VARIANTS = ("plain", "color", "noisy")
SIDES = (64, 32, 16)


class DSprites(FactorDataset):
    """Sprites of 3 shapes, 6 scales, 40 orientations and 32 × 32 positions.

    Parameters
    ----------
    variant : "plain" (1 channel); "color" (the sprite times one colour, each channel uniform from
        0.5 to 1); "noisy" (uniform noise in each pixel and channel, under a white sprite; at
        the smaller sides the noise belongs to the smaller pixels).
    side : 64, or 32 or 16 for sprites whose pixels are the means of blocks of the 64 × 64 sprite.

    Attributes
    ----------
    symmetries : degrees after which a shape looks the same again. Orientations run from 0 to 360
        degrees, both ends included: the first and the last give the same picture for every shape.
        The step is 360/39 degrees, so turns of 90 and 180 degrees have only near-duplicates.

    Raises `ValueError` for an unknown variant or side.
    """

    factor_names = ("shape", "scale", "orientation", "x", "y")
    factor_sizes = (3, 6, 40, 32, 32)
    source = "rendered"
    shape_names = ("square", "ellipse", "heart")
    symmetries: ClassVar[dict[str, int]] = {"square": 90, "ellipse": 180, "heart": 360}

    def __init__(self, variant: str = "plain", side: int = SIDE):
        if variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
        if side not in SIDES:
            raise ValueError(f"side must be 64, 32 or 16 pixels, got {side!r}")
        self.variant = variant
        self.shape = (1 if variant == "plain" else 3, side, side)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        sprites = self._sprites(factors)
        if self.variant == "color":
            return sprites * rng.uniform(0.5, 1, (len(factors), 3, 1, 1)).astype(np.float32)
        if self.variant == "noisy":
            return np.minimum(sprites + rng.random((len(factors), *self.shape), np.float32), 1)
        return sprites

    def _sprites(self, factors: Factors) -> Float32[np.ndarray, "n 1 side side"]:
        side = self.shape[-1]
        block = SIDE // side
        blocks = draw(factors).reshape(len(factors), 1, side, block, side, block)
        return blocks.mean(axis=(3, 5), dtype=np.float32)
