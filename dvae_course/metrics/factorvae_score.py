"""FactorVAE score: which code hardly moves while a factor is held, and is it one for each factor?

Kim and Mnih (2018), "Disentangling by Factorising", arXiv:1802.05983, section 4, estimated as in
the study of Locatello et al. (2019).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int64

from dvae_course.metrics.codes import live_dimensions
from dvae_course.metrics.interventions import PerVote, SharedCodes, summarised_votes
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.randomness import generator


def factorvae_score(
    representation: Representation,
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    batch_size: int = 64,
    n_variance: int = 10_000,
    threshold: float = 0.05,
) -> Score:
    """How often the code that varies least tells which factor the data points share.

    A vote fixes a factor k at random and draws `batch_size` data points that agree in factor k. It
    goes to the active code with the least variance among them, relative to its variance over the
    data. The factor of most of a code's `n_train` votes is what the code stands for; the score is
    the share of `n_test` other votes that are for it.

    Noise scores 1 / factors. A rotated code can reach 1.

    Parameters
    ----------
    representation : what is scored.
    seed : which votes and data points are drawn.
    n_train, n_test, batch_size : votes to learn from and to judge by, and data points in each.
    n_variance : data points that give each code's variance.
    threshold : codes with a smaller standard deviation over the data are inactive and get no vote.
        The study's 0.05 suits codes with a prior of variance 1; with 0 a code that does next to
        nothing can win votes, and scores differ by 0.1 where latents have collapsed.

    Returns
    -------
    Score in [0, 1] with the tables `votes` and `test_votes` (codes, factors: how often each code
    won when each factor was fixed), `variance` (of each code over the data) and `active` (a mask).
    Dead codes are never active, even with threshold 0. With no active code there are no votes and
    the score is 0.

    Raises
    ------
    ValueError : a single factor, codes that are not finite, a batch of fewer than 2 data points.
    """
    if batch_size < 2:
        raise ValueError(f"a variance needs batch_size of at least 2, got {batch_size}")
    codes = representation.sample(n_variance, seed)[1]
    variance = codes.var(axis=0, ddof=1)
    active = live_dimensions(codes) & (np.sqrt(variance) >= threshold)
    rng = generator(seed, "metrics factorvae votes")
    fixed, local = summarised_votes(
        representation, n_train + n_test, batch_size, 1, rng, local_variance
    )
    winners = least_varying(local, variance, active)
    shape = (codes.shape[1], len(representation.factor_sizes))
    votes = count_votes(winners[:n_train], fixed[:n_train], shape) * active[:, None]
    test_votes = count_votes(winners[n_train:], fixed[n_train:], shape) * active[:, None]
    right = test_votes[np.arange(len(votes)), votes.argmax(axis=1)].sum()
    tables = {"votes": votes, "test_votes": test_votes, "variance": variance, "active": active}
    estimate = partial(
        factorvae_score,
        n_train=n_train,
        n_test=n_test,
        batch_size=batch_size,
        n_variance=n_variance,
        threshold=threshold,
    )
    recipe = Recipe("factorvae_score", estimate, representation.factor_sizes, int(active.sum()))
    return Score(float(right / n_test), tables, recipe)


def local_variance(codes: SharedCodes) -> PerVote:
    """The variance of each code over a vote's one group of data points."""
    return codes.var(axis=0, ddof=1)[0]


def least_varying(
    local: PerVote, variance: Float[np.ndarray, " codes"], active: Bool[np.ndarray, " codes"]
) -> Int64[np.ndarray, " votes"]:
    """The active code with the least local / global variance in each vote, the first of equals."""
    relative = np.full_like(local, np.inf)
    relative[:, active] = local[:, active] / variance[active]
    return relative.argmin(axis=1)


def count_votes(
    winners: Int64[np.ndarray, " votes"],
    fixed: Int64[np.ndarray, " votes"],
    shape: tuple[int, int],
) -> Int64[np.ndarray, "codes factors"]:
    """How often each code won when each factor was fixed."""
    places = np.ravel_multi_index((winners, fixed), shape)
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
