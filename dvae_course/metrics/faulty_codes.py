"""Codes with faults that one can dial, to try metrics on: turned, noisy, copied, useless.

Nothing is trained here. What a metric says of a fault can be seen one fault at a time, or over many
codes in which faults are mixed at random.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from dvae_course.metrics.calibration import perfect
from dvae_course.metrics.representation import Representation
from dvae_course.randomness import generator

SIZES = (3, 6, 6)  # of shape, x and y
MOST_DEGREES, MOST_NOISE, MOST_USELESS, MOST_COPIES = 45.0, 1.0, 3, 1


def linear_code(
    A: ArrayLike, factor_sizes: tuple[int, ...] = SIZES, noise: ArrayLike = 0.0
) -> Representation:
    """z = A f + noise, of factors f with mean 0 and variance 1 over their values.

    Parameters
    ----------
    A : (codes, factors).
    factor_sizes : the number of values of each factor.
    noise : the Gaussian noise's standard deviation, one for all codes or one for each. The same
        combinations in the same order get the same noise.

    Raises
    ------
    ValueError : A is not (codes, factors), a noise that is negative or not one a code.
    """
    A, noise = np.asarray(A, dtype=float), np.asarray(noise, dtype=float)
    if A.ndim != 2 or A.shape[1] != len(factor_sizes):
        raise ValueError(
            f"A has shape {A.shape}; expected (codes, {len(factor_sizes)}), a column for each of "
            f"the factors of sizes {factor_sizes}"
        )
    if noise.shape not in ((), (len(A),)) or (noise < 0).any():
        raise ValueError(
            f"noise must be a standard deviation, or one for each of the {len(A)} codes; "
            f"got {noise.tolist()}"
        )
    clean = perfect(factor_sizes)

    def encode(factors: Int[np.ndarray, "n factors"]) -> Float[np.ndarray, "n codes"]:
        z = clean.encode(factors) @ A.T
        rng = generator(0, f"faulty code {zlib.crc32(factors.tobytes())}")
        return z + noise * rng.standard_normal(z.shape)

    return Representation(factor_sizes, encode)


def turned(degrees: float) -> Float[np.ndarray, "3 3"]:
    """The rotation of the second and third coordinate, x and y; shape, the first, stays."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@dataclass(frozen=True)
class Faults:
    """How faulty a code of shape, x and y is.

    Attributes
    ----------
    angle : by which x and y are turned, in degrees.
    noise : standard deviation, in every code that knows something.
    useless : how many codes of pure noise there are.
    copies : how many of the codes are written down twice, shape first.
    """

    angle: float
    noise: float
    useless: int
    copies: int

    @classmethod
    def drawn(cls, seed: int) -> Faults:
        """Four faults, each uniform between 0 and its maximum, independent of the others."""
        rng = generator(seed, "faults")
        return cls(
            angle=rng.uniform(0, MOST_DEGREES),
            noise=rng.uniform(0, MOST_NOISE),
            useless=int(rng.integers(MOST_USELESS + 1)),
            copies=int(rng.integers(MOST_COPIES + 1)),
        )

    def code(self) -> Representation:
        """The code with these faults: three codes, copies of them, and useless ones."""
        T = turned(self.angle)
        A = np.vstack([T, T[: self.copies], np.zeros((self.useless, 3))])
        knowing = np.full(3 + self.copies, self.noise)
        return linear_code(A, noise=np.concatenate([knowing, np.ones(self.useless)]))
