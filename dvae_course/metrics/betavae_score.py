"""BetaVAE score: which factor did two batches share? A linear classifier guesses from the codes.

Higgins et al. (2017), "β-VAE", section 3, estimated as in the study of Locatello et al. (2019).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float, Int64
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from dvae_course.metrics.codes import live_dimensions
from dvae_course.metrics.interventions import PerVote, SharedCodes, summarised_votes
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.randomness import generator


def betavae_score(
    representation: Representation,
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    batch_size: int = 64,
    C: float = 1.0,
) -> Score:
    """How often a linear classifier tells which factor the two data points of each pair share.

    A vote fixes a factor k at random and draws `batch_size` pairs that agree in factor k alone. Its
    features are the mean over pairs of |z₁ − z₂|, one a code, its label is k. A multinomial
    logistic regression is fitted to `n_train` votes and judged by its accuracy on `n_test` others.

    Chance is 1 / factors. The score is lenient: a rotated code can reach 1, and so can one that
    knows nothing of one factor, since the classifier recognises that one by all others differing
    (Kim and Mnih, 2018, arXiv:1802.05983, section 4). It sees the scale of codes too.

    Parameters
    ----------
    representation : what is scored.
    seed : which votes are drawn.
    n_train, n_test, batch_size : votes to fit on and to judge by, and pairs in each.
    C : the inverse of the classifier's penalty ½‖W‖² / C, which no one tuned (scikit-learn's 1). It
        is fitted until it converges; the study stops it after 100 iterations.

    Returns
    -------
    Score in [0, 1] with the tables `difference` (codes, factors: the mean feature of each code when
    each factor is shared) and `confusion` (shared factor, guess: numbers of test votes). Dead codes
    are left out, their differences are 0; with none alive the classifier guesses one factor always.

    Raises
    ------
    ValueError : a single factor, codes that are not finite, so few votes that they fix one factor.
    """
    rng = generator(seed, "metrics betavae votes")
    fixed, features = summarised_votes(
        representation, n_train + n_test, 2, batch_size, rng, mean_difference
    )
    live = live_dimensions(representation.sample(n_train, seed)[1])
    features[:, ~live] = 0
    _check_labels(fixed[:n_train])
    with threadpool_limits(1):  # a sum depends on the number of threads that share it
        classifier = LogisticRegression(C=C, max_iter=10_000)
        classifier.fit(features[:n_train], fixed[:n_train])
    n_factors = len(representation.factor_sizes)
    tables = {
        "difference": mean_by_factor(features, fixed, n_factors),
        "confusion": confusion(fixed[n_train:], classifier.predict(features[n_train:]), n_factors),
    }
    estimate = partial(betavae_score, n_train=n_train, n_test=n_test, batch_size=batch_size, C=C)
    recipe = Recipe("betavae_score", estimate, representation.factor_sizes, int(live.sum()))
    return Score(float(tables["confusion"].trace() / n_test), tables, recipe)


def mean_difference(codes: SharedCodes) -> PerVote:
    """The mean over a vote's pairs of |z₁ − z₂|."""
    first, second = codes
    return np.abs(first - second).mean(axis=0)


def mean_by_factor(
    features: Float[np.ndarray, "votes codes"], fixed: Int64[np.ndarray, " votes"], n_factors: int
) -> Float[np.ndarray, "codes factors"]:
    """The mean features of the votes that fix each factor; 0 for one that none fixes."""
    votes = np.bincount(fixed, minlength=n_factors)
    sums = [np.bincount(fixed, column, minlength=n_factors) for column in features.T]
    return np.stack(sums) / np.maximum(votes, 1)


def confusion(
    truth: Int64[np.ndarray, " votes"], guess: Int64[np.ndarray, " votes"], n_factors: int
) -> Int64[np.ndarray, "factors factors"]:
    """How often each guess (column) meets each truth (row)."""
    places = truth * n_factors + guess
    return np.bincount(places, minlength=n_factors**2).reshape(n_factors, n_factors)


def _check_labels(fixed: Int64[np.ndarray, " votes"]) -> None:
    if (fixed == fixed[0]).all():
        raise ValueError(
            f"all n_train={len(fixed)} votes to fit on happen to fix factor {fixed[0]}, so there "
            "is nothing to tell apart; draw more votes"
        )
