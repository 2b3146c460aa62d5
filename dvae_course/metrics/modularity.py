"""Modularity: does each code speak of one factor only?

Ridgeway and Mozer (2018), arXiv:1802.05312, section 3, estimated as in the study of Locatello et
al. (2019). Explicitness, their second number, is in `explicitness.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float, Int, Real

from dvae_course.metrics.information import Information, mutual_information
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score


def modularity(
    representation: Representation, seed: int = 0, n: int = 10_000, bins: int = 20
) -> Score:
    """The mean over codes of 1 − Σ_{k≠k*} I_k² / (I_{k*}² (K − 1)), k* the factor it says most of.

    Noise does not score 0: the plug-in estimate of its information grows with a factor's number of
    values, so each noise code seems to speak of the largest factor (see `noise_modularity`).

    Parameters
    ----------
    representation : what is scored.
    seed, n : which and how many data points are drawn.
    bins : of equal width, for each code.

    Returns
    -------
    Score in [0, 1] with the tables `mutual_information` (codes, factors; nats) and `modularity` of
    each code. Dead codes are left out of the mean (the study counts them as 0); their entry is 0,
    as is the score if all are dead.

    Raises
    ------
    ValueError : a single factor, codes that are not finite, a factor with more values than data.
    """
    return modularity_from_samples(*representation.sample(n, seed), bins)


def modularity_from_samples(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"], bins: int = 20
) -> Score:
    """`modularity` of given factors (indices of values, from 0) and codes."""
    return modularity_from_information(mutual_information(factors, codes, bins))


def modularity_from_information(information: Information) -> Score:
    """`modularity` of a table that is there already."""
    if information.matrix.shape[1] < 2:
        raise ValueError(
            "modularity compares what a code says of its factor with what it says of the others, "
            "so it needs at least 2 factors; there is 1"
        )
    each = modularity_of_rows(information.matrix)
    value = float(each[information.live].mean()) if information.live.any() else 0.0
    tables = {"mutual_information": information.matrix, "modularity": each}
    estimate = partial(modularity, n=information.n, bins=information.bins)
    recipe = Recipe("modularity", estimate, information.factor_sizes, int(information.live.sum()))
    return Score(value, tables, recipe)


def modularity_of_rows(matrix: Float[np.ndarray, "codes factors"]) -> Float[np.ndarray, " codes"]:
    """1 − Σ_{k≠k*} I_k² / (I_{k*}² (K − 1)) of each row; 0 for a row of zeros."""
    largest = matrix.max(axis=1)
    relative = np.square(matrix / np.where(largest > 0, largest, 1)[:, None])
    return np.where(largest > 0, 1 - (relative.sum(axis=1) - 1) / (matrix.shape[1] - 1), 0)


def noise_modularity(factor_sizes: tuple[int, ...]) -> float:
    """What Modularity says of a code that knows nothing, however many data there are.

    The plug-in estimate of I(noise; factor) is about (bins − 1)(values − 1) / 2n, so the score of
    its mean is 1 − Σ_{k≠k*} ((n_k − 1) / (n_{k*} − 1))² / (K − 1), k* the largest factor.

    Examples
    --------
    >>> round(noise_modularity((4, 24, 183)), 2)
    0.99
    """
    return float(modularity_of_rows(np.array([factor_sizes]) - 1.0)[0])
