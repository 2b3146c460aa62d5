"""Explicitness: can a linear classifier read each value of each factor off the codes?

Ridgeway and Mozer (2018), arXiv:1802.05312, section 3, estimated as in the study of Locatello et
al. (2019). Modularity, their first number, is in `modularity.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float, Int, Real
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from dvae_course.metrics.codes import factor_sizes_of
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.metrics.split import Split


def explicitness(
    representation: Representation, seed: int = 0, n_train: int = 10_000, n_test: int = 5_000
) -> Score:
    """The mean over factors of the area under the ROC curve, each value against the rest.

    Codes are standardised, and a logistic regression (scikit-learn's, C = 1) for each factor gives
    the probabilities whose areas are averaged over the factor's values. An invertible linear map of
    the codes changes the penalty only, so explicitness hardly sees a rotation. Noise scores ½.

    Parameters
    ----------
    representation : what is scored.
    seed : which data points are drawn.
    n_train, n_test : the number of data points to fit on and to judge by.

    Returns
    -------
    Score in [0, 1] with the tables `test_auc` and `train_auc` (factors). Dead codes are left out. A
    value that does not occur in the test data has no area and is left out of its factor's mean; one
    that occurs there only has probability 0 everywhere, which is an area of ½.

    Raises
    ------
    ValueError : codes that are not finite, a factor with a single value in either part.
    """
    return explicitness_from_split(Split.drawn(representation, seed, n_train, n_test))


def explicitness_from_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int = 0,
    test_share: float = 1 / 3,
) -> Score:
    """`explicitness` of given factors (indices of values, from 0) and codes, split at random."""
    return explicitness_from_split(Split.of(factors, codes, seed, test_share))


def explicitness_from_split(split: Split) -> Score:
    """`explicitness` of data to fit on and data to judge by."""
    _check_values(split.test_factors)
    train, test = split.standardised
    if not split.live.any():
        train, test = np.zeros((len(train), 1)), np.zeros((len(test), 1))
    sizes = factor_sizes_of(np.concatenate([split.train_factors, split.test_factors]))
    train_auc, test_auc = np.empty(len(sizes)), np.empty(len(sizes))
    for factor, size in enumerate(sizes):
        values, test_values = split.train_factors[:, factor], split.test_factors[:, factor]
        fitted = fit_logistic(train, values)
        train_auc[factor] = areas(probabilities(fitted, train, size), values).mean()
        test_auc[factor] = areas(probabilities(fitted, test, size), test_values).mean()
    estimate = partial(explicitness, n_train=len(train), n_test=len(test))
    recipe = Recipe("explicitness", estimate, sizes, int(split.live.sum()))
    tables = {"test_auc": test_auc, "train_auc": train_auc}
    return Score(float(test_auc.mean()), tables, recipe)


def fit_logistic(
    inputs: Float[np.ndarray, "n inputs"], values: Int[np.ndarray, " n"]
) -> LogisticRegression:
    """Multinomial logistic regression with scikit-learn's penalty and tolerance, on one thread.

    Only more iterations are allowed, so that a fit never ends at their number.
    """
    with threadpool_limits(1):
        return LogisticRegression(max_iter=10_000).fit(inputs, values)


def probabilities(
    fitted: LogisticRegression, inputs: Float[np.ndarray, "n inputs"], size: int
) -> Float[np.ndarray, "n size"]:
    """Of each of `size` values; 0 for those that the classifier was not shown."""
    result = np.zeros((len(inputs), size))
    result[:, fitted.classes_] = fitted.predict_proba(inputs)
    return result


def areas(
    scores: Float[np.ndarray, "n size"], truth: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " occurring"]:
    """The area under the ROC curve of each value that occurs, against the others.

    With R⁺ the sum of the ranks, in the value's column of scores, of the n⁺ points that have it,
    and ties sharing their mean rank (Mann and Whitney, 1947),

        AUC = (R⁺ − n⁺ (n⁺ + 1) / 2) / (n⁺ n⁻).
    """
    n, size = scores.shape
    ranks = rankdata(scores, axis=0)[np.arange(n), truth]
    positives = np.bincount(truth, minlength=size)
    rank_sums = np.bincount(truth, ranks, minlength=size)
    occurs = positives > 0
    positives, rank_sums = positives[occurs], rank_sums[occurs]
    return (rank_sums - positives * (positives + 1) / 2) / (positives * (n - positives))


def _check_values(test_factors: Int[np.ndarray, "n factors"]) -> None:
    constant = np.flatnonzero((test_factors == test_factors[:1]).all(axis=0))
    if constant.size:
        raise ValueError(
            f"factors {constant.tolist()} have a single value each in the {len(test_factors)} rows "
            "to test on, so no ROC curve; pass more rows to test on"
        )
