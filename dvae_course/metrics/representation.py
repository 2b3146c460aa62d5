"""A representation as every metric sees it: factors go in, codes come out, no more is known.

Pictures, models and devices are behind `encode`; so a metric can be tried on a perfect code, on
noise, or on what another library trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int64, Real
from tqdm.auto import tqdm

from dvae_course.metrics.codes import checked_codes
from dvae_course.randomness import generator

Factors = Int64[np.ndarray, "n factors"]
Codes = Float[np.ndarray, "n codes"]


@dataclass(frozen=True)
class Representation:
    """What a model makes of each combination of ground-truth factors.

    Parameters
    ----------
    factor_sizes : the number of values of each factor, each at least 2.
    encode : factors `(n, factors)`, whole numbers from 0 up, → codes `(n, codes)`. It may draw what
        is no factor (nuisances, posterior noise) anew at each call.

    Raises
    ------
    ValueError : a factor with fewer than 2 values.

    Examples
    --------
    >>> perfect = Representation((3, 6, 40), lambda factors: factors.astype(float))
    >>> perfect.sample(5)[1].shape
    (5, 3)
    """

    factor_sizes: tuple[int, ...]
    encode: Callable[[np.ndarray], np.ndarray]

    def __post_init__(self):
        if not self.factor_sizes or min(self.factor_sizes) < 2:
            raise ValueError(
                f"each factor needs at least 2 values, got factor_sizes={self.factor_sizes}; "
                "leave out those with one"
            )

    def codes(self, factors: Factors) -> Codes:
        """The codes of these factors, in double precision; `ValueError` if they are not finite."""
        codes = checked_codes(self.encode(factors))
        if len(codes) != len(factors):
            raise ValueError(
                f"encode gave {len(codes)} codes for {len(factors)} combinations of factors; it "
                "must give one row for each"
            )
        return codes

    def sample_factors(self, n: int, rng: np.random.Generator) -> Factors:
        """`n` combinations, each factor uniform and independent of the others."""
        return rng.integers(self.factor_sizes, size=(n, len(self.factor_sizes)))

    def sample(self, n: int, seed: int = 0, part: str = "train") -> tuple[Factors, Codes]:
        """`n` combinations and their codes; every metric of one seed and part sees the same."""
        factors = self.sample_factors(n, generator(seed, f"metrics {part}"))
        return factors, self.codes(factors)

    def tabulated(self, batch_size: int = 4096, progress: bool = True) -> Representation:
        """The same representation with the whole grid encoded once, in single precision.

        Interventional metrics encode some three million combinations, several times the grid of
        dSprites; afterwards each costs one look-up. Draws what `encode` draws once for each
        combination. Takes 4 bytes a combination and code.
        """
        size = math.prod(self.factor_sizes)
        starts = range(0, size, batch_size)
        blocks = [
            self._block(start, min(start + batch_size, size)).astype(np.float32)
            for start in tqdm(starts, "encoding the grid", disable=not progress, leave=False)
        ]
        return Representation(self.factor_sizes, Table(self.factor_sizes, np.concatenate(blocks)))

    def _block(self, start: int, stop: int) -> Codes:
        places = np.unravel_index(np.arange(start, stop), self.factor_sizes)
        return self.codes(np.stack(places, axis=-1))


@dataclass(frozen=True, eq=False)
class Table:
    """Codes of the whole grid, in its order, looked up by factors."""

    factor_sizes: tuple[int, ...]
    codes: Real[np.ndarray, "grid codes"]

    def __call__(self, factors: Factors) -> Real[np.ndarray, "n codes"]:
        strides = np.cumprod((1, *self.factor_sizes[:0:-1]))[::-1]
        return self.codes.take(factors @ strides, axis=0)


def from_grid(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"]
) -> Representation:
    """The representation that a complete list of factors and codes describes, in any order.

    Raises `ValueError` unless every combination of the factors' values occurs exactly once.
    """
    sizes: Sequence[int] = (factors.max(axis=0) + 1).tolist()
    if math.prod(sizes) != len(factors):
        raise ValueError(
            f"the factors' values span {math.prod(sizes)} combinations (sizes {tuple(sizes)}), "
            f"but there are {len(factors)} rows; a complete grid has each exactly once"
        )
    places = np.ravel_multi_index(tuple(factors.T), sizes)
    if len(np.unique(places)) < len(places):
        raise ValueError(
            f"{len(places) - len(np.unique(places))} of the {len(places)} rows repeat a "
            "combination of factors; a complete grid has each exactly once"
        )
    table = np.empty_like(codes)
    table[places] = codes
    return Representation(tuple(sizes), Table(tuple(sizes), table))
