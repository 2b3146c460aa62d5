"""Hoyer's sparsity: does each input use only a few of the latent dimensions?

Hoyer (2004), "Non-negative matrix factorization with sparseness constraints", as used for
representations by Mathieu, Rainforth, Siddharth and Teh (2019), arXiv:1812.02833, section 6.3.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Real

from dvae_course.metrics.codes import checked_codes, live_dimensions
from dvae_course.metrics.score import Score


def hoyer(codes: Real[np.ndarray, "n codes"], normalise: bool = True) -> Score:
    """Mean over the data of H(y) = (√d − ‖y‖₁/‖y‖₂) / (√d − 1): 0 all alike, 1 only one non-zero.

    With `normalise`, every dimension is first divided by its standard deviation over the data (it
    is not centred). Without it a code looks sparse merely because its dimensions have unequal
    scales, however densely they are used.

    Dead dimensions, those that are constant over the data up to float32 precision, carry no
    information and cannot be normalised; they are left out, and d counts the live ones. A row that
    is zero in all live dimensions has no direction, hence no sparsity, and is left out of the mean.

    Parameters
    ----------
    codes : one row a data point, one column a latent dimension.
    normalise : whether `.value` is the normalised or the raw mean.

    Returns
    -------
    Score with the tables `live` (a mask over the dimensions), `scale` (standard deviations),
    `normalised` and `raw` (H of every row that is not zero).

    Examples
    --------
    >>> hoyer(np.eye(5)).value
    1.0
    """
    codes = checked_codes(codes)
    scale, live = codes.std(axis=0), live_dimensions(codes)
    if live.sum() < 2:
        raise ValueError(
            f"Hoyer's sparsity needs at least 2 dimensions that vary over the data, but only "
            f"{live.sum()} of the {live.size} do: the others are dead (constant)"
        )
    kept = codes[:, live]
    kept = kept[kept.any(axis=1)]
    per_row = {"normalised": hoyer_of_rows(kept / scale[live]), "raw": hoyer_of_rows(kept)}
    value = per_row["normalised" if normalise else "raw"].mean()
    return Score(float(value), {"live": live, "scale": scale, **per_row})


def hoyer_of_rows(codes: Float[np.ndarray, "n codes"]) -> Float[np.ndarray, " n"]:
    """H(y) = (√d − ‖y‖₁/‖y‖₂) / (√d − 1) of every row y, none of them zero, d ≥ 2."""
    size = np.abs(codes)
    size = size / size.max(axis=1, keepdims=True)  # H ignores scale; squares must not overflow
    root_d = math.sqrt(codes.shape[1])
    ratio = size.sum(axis=1) / np.sqrt(np.square(size).sum(axis=1))  # ‖y‖₁/‖y‖₂
    return (root_d - ratio) / (root_d - 1)


def hoyer_of_gaussian(dim: int) -> float:
    """H expected of codes z ~ N(0, I) in `dim` dimensions: what a code that is not sparse scores.

    The direction of z is uniform on the sphere, so with L = `dim`

        E[‖z‖₁/‖z‖₂] = L Γ(L/2) / (√π Γ((L+1)/2)).

    Examples
    --------
    >>> round(hoyer_of_gaussian(50), 3)
    0.231
    """
    if dim < 2:
        raise ValueError(f"Hoyer's sparsity needs at least 2 dimensions, got dim={dim}")
    log_gammas = math.lgamma(dim / 2) - math.lgamma((dim + 1) / 2)
    ratio = dim * math.exp(log_gammas) / math.sqrt(math.pi)
    return (math.sqrt(dim) - ratio) / (math.sqrt(dim) - 1)
