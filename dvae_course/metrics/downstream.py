"""Downstream tasks: how well do classifiers name the factors from few and from many labels?

As in the study of Locatello et al. (2019), section 5.4: one classifier a factor, on 10, 100, 1,000
and 10,000 labelled codes, each judged by its accuracy on 5,000 others. The question behind it is
whether disentangled codes need fewer labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np
from jaxtyping import Float, Int, Real
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold

from dvae_course.metrics.codes import factor_sizes_of
from dvae_course.metrics.fitting import in_parallel, live_codes
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.metrics.split import Split
from dvae_course.metrics.trees import boosting, histogram

SIZES = (10, 100, 1_000, 10_000)


def logistic(n_values: int, seed: int) -> ClassifierMixin:
    """Logistic regression, its penalty the best of 10 in a cross-validation with 5 folds."""
    return LogisticRegressionCV(Cs=10, cv=KFold(5), scoring="accuracy")


def untuned(n_values: int, seed: int) -> ClassifierMixin:
    """Logistic regression with a weak penalty that nobody chose: 50 fits fewer than `logistic`."""
    return LogisticRegression(C=10.0)


def small_forest(n_values: int, seed: int) -> ClassifierMixin:
    """20 fully grown, extremely randomised trees."""
    return ExtraTreesClassifier(n_estimators=20, random_state=seed)


PREDICTORS: dict[str, Callable[[int, int], ClassifierMixin]] = {
    "logistic": logistic,
    "boosting": boosting,
    "histogram": histogram,
    "untuned": untuned,
    "small_forest": small_forest,
}


def downstream(
    representation: Representation,
    seed: int = 0,
    sizes: tuple[int, ...] = SIZES,
    n_test: int = 5_000,
    predictor: str = "logistic",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """The mean accuracy over factors of classifiers trained on the most labels of `sizes`.

    The learner decides what helps it: trees split along axes, so they profit from codes that are
    aligned with factors; logistic regression hardly does. Its name is in the recipe.

    Parameters
    ----------
    representation : what is scored.
    seed : which data points are drawn, and scikit-learn's `random_state`.
    sizes : numbers of labels to train on; the fewer are the first of the more.
    n_test : the number of data points to judge by.
    predictor : `logistic`; `boosting`, as published, takes minutes; `histogram`, its fast
        likeness; `untuned` (logistic regression) and `small_forest` for thousands of models.
    n_jobs : processes to share the fits among, -1 for all cores; no number depends on it.
    progress : whether to show a bar over the fits.

    Returns
    -------
    Score in [0, 1] with the tables `sizes`, `accuracy` (sizes, factors), `mean_accuracy` (sizes)
    and `chance` (factors), the accuracy of always naming the commonest test value. Dead codes are
    left out. Few labels may lack values, which are then never named; where all labels are alike,
    that one is.

    Raises
    ------
    ValueError : an unknown predictor, sizes that are not increasing from 5 up (there are 5 folds),
        codes that are not finite.
    """
    _check(sizes, predictor)
    n_train = max(*sizes, *representation.factor_sizes)  # each value needs a chance to occur
    split = Split.drawn(representation, seed, n_train, n_test)
    return downstream_from_split(split, seed, sizes, predictor, n_jobs, progress)


def downstream_from_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int = 0,
    sizes: tuple[int, ...] = SIZES,
    test_share: float = 1 / 3,
    predictor: str = "logistic",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """`downstream` of given factors (indices of values, from 0) and codes, split at random."""
    split = Split.of(factors, codes, seed, test_share)
    return downstream_from_split(split, seed, sizes, predictor, n_jobs, progress)


def downstream_from_split(
    split: Split,
    seed: int = 0,
    sizes: tuple[int, ...] = SIZES,
    predictor: str = "logistic",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """`downstream` of data whose first rows are the labels, and data to judge by.

    Also raises `ValueError` for more labels than there are.
    """
    _check(sizes, predictor)
    if sizes[-1] > len(split.train_codes):
        raise ValueError(
            f"sizes={sizes} asks for {sizes[-1]} labels, but there are {len(split.train_codes)} "
            "rows to train on; pass more rows, or fewer sizes"
        )
    factor_sizes = factor_sizes_of(split.train_factors)
    fits = list(product(sizes, range(len(factor_sizes))))
    fit = partial(_accuracy, split=split, predictor=predictor, seed=seed)
    name = f"downstream[{predictor}]"
    accuracy = np.array(in_parallel(fit, fits, n_jobs, name, progress)).reshape(len(sizes), -1)
    tables = {
        "sizes": np.array(sizes),
        "accuracy": accuracy,
        "mean_accuracy": accuracy.mean(axis=1),
        "chance": _chance(split.test_factors),
    }
    parameters = {"sizes": sizes, "n_test": len(split.test_codes), "predictor": predictor}
    estimate = partial(downstream, **parameters, n_jobs=n_jobs, progress=progress)
    recipe = Recipe(name, estimate, factor_sizes, int(split.live.sum()))
    return Score(float(accuracy[-1].mean()), tables, recipe)


def statistical_efficiency(score: Score, few: int = 100, many: int = 10_000) -> Score:
    """Mean accuracy at `few` labels over mean accuracy at `many`, read off a `downstream` score.

    Do not read it alone: a code that knows less can look more efficient, since its accuracy at many
    labels, by which it is divided, is lower too. Noise has about 1, the most there is. For that
    reason it has no recipe: between noise and a perfect code there is no scale.

    Returns
    -------
    Score with the tables `few` and `many`, the accuracies of each factor.

    Raises
    ------
    ValueError : a number of labels that the score was not made for.
    """
    sizes = score.tables.get("sizes", np.empty(0)).tolist()
    if few not in sizes or many not in sizes:
        raise ValueError(
            f"there are accuracies for {sizes} labels in this score, not for both {few} and "
            f"{many}; pass what downstream returned, or name two of its sizes"
        )
    tables = {
        name: score.tables["accuracy"][sizes.index(size)]
        for name, size in (("few", few), ("many", many))
    }
    return Score(float(tables["few"].mean() / tables["many"].mean()), tables)


def _check(sizes: tuple[int, ...], predictor: str) -> None:
    if predictor not in PREDICTORS:
        raise ValueError(f"predictor must be one of {', '.join(PREDICTORS)}; got {predictor!r}")
    if not sizes or min(sizes) < 5 or list(sizes) != sorted(set(sizes)):
        raise ValueError(
            f"sizes must be increasing whole numbers from 5 up (there are 5 folds), got {sizes}"
        )


def _accuracy(fit: tuple[int, int], split: Split, predictor: str, seed: int) -> float:
    """The test accuracy for one number of labels and one factor."""
    (n, factor), (train, test) = fit, live_codes(split)
    labels = split.train_factors[:n, factor]
    n_values = len(np.unique(labels))
    classifier = PREDICTORS[predictor](n_values, seed) if n_values > 1 else DummyClassifier()
    with warnings.catch_warnings():
        # coming changes of defaults, and the study's limit of 100 iterations, which weak penalties
        # reach: of no use to whoever asked for an accuracy
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = classifier.fit(train[:n], labels)
    return float(fitted.score(test, split.test_factors[:, factor]))


def _chance(factors: Int[np.ndarray, "n factors"]) -> Float[np.ndarray, " factors"]:
    return np.array([np.bincount(column).max() / len(column) for column in factors.T])
