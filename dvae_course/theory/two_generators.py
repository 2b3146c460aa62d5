"""Two generators with one p(x): what Theorem 1 of Locatello et al. (2019) means for pictures.

If z ~ p and f keeps p, then g(z) and g(f⁻¹(z)) have the same law. The first generator may have one
factor a latent coordinate, the second has every factor in every coordinate, and no number of
pictures tells which of them made the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, Int64
from scipy import stats

from dvae_course.randomness import generator
from dvae_course.theory.impossibility import (
    GaussianTransport,
    Mixing,
    Points,
    check_orthogonal,
    independent,
)

Pictures = TypeVar("Pictures")
Factors = Int64[np.ndarray, "n d"]
PLACES = 2**40


def entangled(
    decoder: Callable[[Points], Pictures], bijection: GaussianTransport
) -> Callable[[Points], Pictures]:
    """g ∘ f⁻¹: the same pictures at f(z) that the decoder g draws at z.

    Parameters
    ----------
    decoder : latents `(n, d)` → pictures, a function of the latents alone.
    bijection : f, which must keep the latents' law.
    """
    return lambda z: decoder(bijection.inverse(z))


def entangled_codes(
    factors: Factors,
    factor_sizes: Sequence[int],
    A: Mixing,
    seed: int | np.random.Generator = 0,
) -> Points:
    """Codes f(z) of factors, z spread uniformly within the factors' bins.

    Each factor is uniform on its values, so that z and f(z) are uniform on [0, 1]^d for every
    orthogonal A: the codes' law does not change with A, what they say of the factors does. With
    A = I the codes are z: one factor a coordinate.

    Parameters
    ----------
    factors : `(n, d)`, whole numbers from 0 up.
    factor_sizes : the number of values of each factor.
    A : (d, d), orthogonal; zero entries are allowed.
    seed : draws the places within the bins.

    Raises `ValueError` for factors outside the grid, for d = 1, and if A is not orthogonal.
    """
    A = np.asarray(A)
    check_orthogonal(A)
    f = GaussianTransport(independent([stats.uniform()] * len(factor_sizes)), A)
    return f.forward(spread_in_bins(factors, factor_sizes, seed))


def spread_in_bins(
    factors: Factors, factor_sizes: Sequence[int], seed: int | np.random.Generator = 0
) -> Points:
    """Latents in (0, 1)^d: value k of K becomes a uniform number between k/K and (k+1)/K.

    A discrete factor has atoms and is outside the theorem; the uniform latent of which it is a
    step function is inside. `bins_of` takes the step, and gives the factors back. Raises
    `ValueError` for factors outside the grid.
    """
    sizes = _checked_sizes(factor_sizes, factors.shape)
    if ((factors < 0) | (factors >= sizes)).any():
        raise ValueError(
            f"factors must be whole numbers from 0 to below {tuple(factor_sizes)}, got "
            f"{factors.min(axis=0).tolist()} to {factors.max(axis=0).tolist()}"
        )
    rng = seed if isinstance(seed, np.random.Generator) else generator(seed, "places in bins")
    place = (rng.integers(PLACES, size=factors.shape) + 0.5) / PLACES  # never at a bin's edge
    return (factors + place) / sizes


def bins_of(z: Float64[np.ndarray, "n d"], factor_sizes: Sequence[int]) -> Factors:
    """The factors k = ⌊K z⌋ of latents in (0, 1)^d: what a decoder of pictures begins with."""
    sizes = _checked_sizes(factor_sizes, z.shape)
    if not ((z > 0) & (z < 1)).all():
        raise ValueError(f"latents must lie in (0, 1), got {z.min():g} to {z.max():g}")
    return np.minimum(np.floor(z * sizes), sizes - 1).astype(np.int64)


def _checked_sizes(factor_sizes: Sequence[int], shape: tuple[int, ...]) -> Int64[np.ndarray, " d"]:
    if len(shape) != 2 or shape[1] != len(factor_sizes):
        raise ValueError(
            f"expected shape (n, {len(factor_sizes)}) for the factor sizes {tuple(factor_sizes)}, "
            f"got {shape}"
        )
    return np.array(factor_sizes, dtype=np.int64)
