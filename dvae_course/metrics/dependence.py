"""Do the codes depend on one another? Three answers that need no factors.

Total correlation and Wasserstein dependence of a Gaussian with the codes' covariance, and the mean
mutual information of pairs of binned codes, as in the study of Locatello et al. (2019), section
5.1. Of a representation of means and one of samples they say different things: independent noise
in each code can only lower the total correlation.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float, Real

from dvae_course.metrics.codes import checked_codes, live_dimensions
from dvae_course.metrics.information import discretise, joint_counts, plug_in
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Score


def total_correlation(representation: Representation, seed: int = 0, n: int = 10_000) -> Score:
    """½ (Σ log Σ_ii − log det Σ) in nats: KL from a Gaussian of covariance Σ to its marginals.

    Returns
    -------
    Score with the table `covariance` of the live codes (dead ones have no logarithm and are left
    out). Infinite where codes determine one another linearly; 0 for fewer than 2 live codes.
    """
    return total_correlation_from_codes(representation.sample(n, seed)[1])


def total_correlation_from_codes(codes: Real[np.ndarray, "n codes"]) -> Score:
    """`total_correlation` of given codes."""
    covariance = live_covariance(codes)
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    eigenvalues = np.linalg.eigvalsh(correlation)
    singular = eigenvalues.size and eigenvalues[0] < eigenvalues.size * np.finfo(float).eps
    value = np.inf if singular else -0.5 * np.log(eigenvalues).sum()
    return Score(float(value), {"covariance": covariance})


def wasserstein_dependence(
    representation: Representation, seed: int = 0, n: int = 10_000, normalise: bool = False
) -> Score:
    """2 tr Σ − 2 tr (Σ_d^½ Σ Σ_d^½)^½: W₂² from a Gaussian of covariance Σ to its marginals Σ_d.

    With `normalise` it is divided by tr Σ, so that the codes' scale does not matter.

    Returns
    -------
    Score in squared units of the codes (or none), with the table `covariance` of the live codes.
    """
    return wasserstein_dependence_from_codes(representation.sample(n, seed)[1], normalise)


def wasserstein_dependence_from_codes(
    codes: Real[np.ndarray, "n codes"], normalise: bool = False
) -> Score:
    """`wasserstein_dependence` of given codes."""
    covariance = live_covariance(codes)
    scale = np.sqrt(np.diag(covariance))
    inner = np.linalg.eigvalsh(covariance * np.outer(scale, scale))
    value = 2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(inner, 0)).sum()
    total = np.trace(covariance) if normalise and covariance.size else 1.0
    return Score(float(value / total), {"covariance": covariance})


def mutual_information_score(
    representation: Representation, seed: int = 0, n: int = 10_000, bins: int = 20
) -> Score:
    """The mean over pairs of different codes of their mutual information in nats.

    Dead codes are left out (the study counts their pairs as 0); 0 for fewer than 2 live codes.

    Returns
    -------
    Score with the table `mutual_information` (live codes, live codes), 0 on its diagonal.
    """
    return mutual_information_score_from_codes(representation.sample(n, seed)[1], bins)


def mutual_information_score_from_codes(
    codes: Real[np.ndarray, "n codes"], bins: int = 20
) -> Score:
    """`mutual_information_score` of given codes."""
    codes = checked_codes(codes)
    binned = discretise(codes[:, live_dimensions(codes)], bins)
    matrix = np.zeros((len(binned), len(binned)))
    for i, j in combinations(range(len(binned)), 2):
        (joint,) = joint_counts(binned[j], bins, binned[i : i + 1], bins)
        matrix[i, j] = matrix[j, i] = plug_in(joint)
    pairs = max(1, len(binned) * (len(binned) - 1))
    return Score(float(matrix.sum() / pairs), {"mutual_information": matrix})


def live_covariance(codes: Real[np.ndarray, "n codes"]) -> Float[np.ndarray, "live live"]:
    """The covariance of the codes that vary at all."""
    codes = checked_codes(codes)
    live = codes[:, live_dimensions(codes)]
    centred = live - live.mean(axis=0)
    return centred.T @ centred / (len(codes) - 1)
