"""MIG, the mutual information gap: is each factor in one code, and in no second one?

Chen, Li, Grosse and Duvenaud (2018), arXiv:1802.04942, section 4, estimated as in the study of
Locatello et al. (2019): codes in 20 bins of equal width, 10,000 data points.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Int, Real

from dvae_course.metrics.information import Information, mutual_information
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score


def mig(representation: Representation, seed: int = 0, n: int = 10_000, bins: int = 20) -> Score:
    """The mean over factors of (I₁ − I₂) / H, the two codes that say most of it compared.

    A code in which every factor has a place of its own reaches a ceiling below 1, since 20 bins
    cannot tell 40 values apart (see `calibrated`). A factor held by two codes alike scores 0,
    however pure each is: MIG asks for compactness.

    Parameters
    ----------
    representation : what is scored.
    seed, n : which and how many data points are drawn.
    bins : of equal width, for each code.

    Returns
    -------
    Score in [0, 1] with the tables `mutual_information` (codes, factors; nats), `factor_entropy`
    (nats) and `gap` (each factor's share of the mean). A single live code is compared with 0.

    Raises
    ------
    ValueError : codes that are not finite, a factor with more values than data points.
    """
    return mig_from_samples(*representation.sample(n, seed), bins)


def mig_from_samples(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"], bins: int = 20
) -> Score:
    """`mig` of given factors (indices of values, from 0) and codes."""
    return mig_from_information(mutual_information(factors, codes, bins))


def mig_from_information(information: Information) -> Score:
    """`mig` of a table that is there already."""
    nothing = np.zeros((1, information.matrix.shape[1]))
    first, second = np.sort(np.vstack([information.matrix, nothing, nothing]), axis=0)[-1:-3:-1]
    gap = (first - second) / information.factor_entropy
    tables = {
        "mutual_information": information.matrix,
        "factor_entropy": information.factor_entropy,
        "gap": gap,
    }
    estimate = partial(mig, n=information.n, bins=information.bins)
    recipe = Recipe("mig", estimate, information.factor_sizes, int(information.live.sum()))
    return Score(float(gap.mean()), tables, recipe)
