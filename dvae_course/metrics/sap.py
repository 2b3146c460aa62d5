"""SAP, the separated attribute predictability: does one code predict each factor, and no second?

Kumar, Sattigeri and Balakrishnan (2018), arXiv:1711.00848, section 3, estimated as in the study of
Locatello et al. (2019): a linear support vector machine on a single code.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float, Int, Real

from dvae_course.metrics import linear_svm
from dvae_course.metrics.codes import factor_sizes_of
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.metrics.split import Split


def sap(
    representation: Representation,
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    C: float = 0.01,
    continuous: bool = False,
) -> Score:
    """The mean over factors of the gap between the two codes that predict it best.

    How well a code predicts a factor is the test accuracy of scikit-learn's
    `LinearSVC(C, class_weight="balanced")` with this code as its only input. One line for each
    value, and the highest wins: over a single coordinate that is never the line of a value in the
    middle, so a perfect code reaches a ceiling of 0.2 to 0.4 only (see `calibrated`). A factor held
    by two codes alike has no gap, however pure each is.

    Parameters
    ----------
    representation : what is scored.
    seed : which data points are drawn.
    n_train, n_test : the number of data points to fit on and to judge by.
    C : what a violated margin costs, relative to the penalty ½ (w² + b²).
    continuous : factors are numbers, and the squared correlation of a code with a factor, over the
        data to fit on, takes the place of the accuracy.

    Returns
    -------
    Score in [0, 1] with the tables `predictability` (codes, factors) and `gap` (each factor's share
    of the mean). Dead codes are left out; their rows are those of a constant code, which has the
    accuracy of guessing the commonest value always (0 if `continuous`). Where fewer than two codes
    are alive, constant ones stand in: a single one is compared with such a guess, and none score 0.

    Raises
    ------
    ValueError : C that is not positive, codes that are not finite, a factor of a single value.
    """
    return sap_from_split(Split.drawn(representation, seed, n_train, n_test), C, continuous)


def sap_from_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int = 0,
    test_share: float = 1 / 3,
    C: float = 0.01,
    continuous: bool = False,
) -> Score:
    """`sap` of given factors (indices of values, from 0) and codes, split at random."""
    return sap_from_split(Split.of(factors, codes, seed, test_share), C, continuous)


def sap_from_split(split: Split, C: float = 0.01, continuous: bool = False) -> Score:
    """`sap` of data to fit on and data to judge by."""
    if not C > 0:
        raise ValueError(f"C must be positive, got {C}; the study has 0.01")
    constant = np.zeros(split.train_factors.shape[1]) if continuous else commonest_accuracy(split)
    live = squared_correlations(split) if continuous else accuracies(split, C)
    predictability = np.tile(constant, (split.live.size, 1))
    predictability[split.live] = live
    compared = np.vstack([live, constant, constant])[: max(2, len(live))]
    second, first = np.sort(compared, axis=0)[-2:]
    tables = {"predictability": predictability, "gap": first - second}
    estimate = partial(
        sap,
        n_train=len(split.train_codes),
        n_test=len(split.test_codes),
        C=C,
        continuous=continuous,
    )
    recipe = Recipe("sap", estimate, factor_sizes_of(split.train_factors), len(live))
    return Score(float((first - second).mean()), tables, recipe)


def accuracies(split: Split, C: float) -> Float[np.ndarray, "live factors"]:
    """The test accuracy of the support vector machine of each live code for each factor."""
    problems = linear_svm.Problems.of(split.train_factors)
    result = np.zeros((split.live.sum(), split.train_factors.shape[1]))
    codes = zip(split.train_codes.T[split.live], split.test_codes.T[split.live], strict=True)
    for row, (train, test) in zip(result, codes, strict=True):
        guesses = linear_svm.predictions(linear_svm.fit(train, problems, C), problems, test)
        row[:] = (guesses == split.test_factors.T).mean(axis=1)
    return result


def commonest_accuracy(split: Split) -> Float[np.ndarray, " factors"]:
    """The test accuracy of always guessing the value that is commonest in the data to fit on."""
    guesses = [np.bincount(column).argmax() for column in split.train_factors.T]
    return (split.test_factors == guesses).mean(axis=0)


def squared_correlations(split: Split) -> Float[np.ndarray, "live factors"]:
    """The squared Pearson correlation of each live code with each factor, to fit on."""
    codes, _ = split.standardised
    factors = split.train_factors - split.train_factors.mean(axis=0)
    return np.square(codes.T @ (factors / factors.std(axis=0)) / len(codes))
