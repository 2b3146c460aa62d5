"""Ensembles of trees as classifiers, and what each says of the inputs' importance.

DCI's level depends on the learner, so a learner has a name here and the name goes with every score.
`boosting` is the one of the published studies; `histogram` imitates it on codes cut into 255
quantiles, in about a tenth of the time; `forest` shows how much a different learner changes; and
`tree`, a single one, is for thousands of models. `benchmarks/dci.py` measures how far apart they
are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from sklearn.base import ClassifierMixin
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.tree import DecisionTreeClassifier


@dataclass(frozen=True)
class Trees:
    """How an ensemble is made, and how its importances are read.

    Attributes
    ----------
    classifier : of a factor's number of values and a seed; not yet fitted.
    importances : of a fitted classifier and the inputs it was fitted on, one for each input: at
        least 0, adding up to 1, or all 0 if no tree has a split.
    """

    classifier: Callable[[int, int], ClassifierMixin]
    importances: Callable[[ClassifierMixin, np.ndarray], np.ndarray]


def boosting(n_values: int, seed: int) -> ClassifierMixin:
    """Friedman's gradient boosting as the studies use it: 100 rounds of trees of depth 3."""
    return GradientBoostingClassifier(random_state=seed)


def histogram(n_values: int, seed: int) -> ClassifierMixin:
    """Boosting of binned inputs, with the rounds, depth, leaves and steps of `boosting`.

    Friedman's multi-class step has a factor (K − 1)/K. What stays different: 255 bins, and splits
    chosen by the second-order gain of the loss, not by the variance of its gradient.
    """
    step = 0.1 * (1 if n_values == 2 else (n_values - 1) / n_values)
    return HistGradientBoostingClassifier(
        learning_rate=step,
        max_iter=100,
        max_depth=3,
        max_leaf_nodes=None,
        min_samples_leaf=1,
        early_stopping=False,
        random_state=seed,
    )


def forest(n_values: int, seed: int) -> ClassifierMixin:
    """100 fully grown, extremely randomised trees."""
    return ExtraTreesClassifier(n_estimators=100, random_state=seed)


def tree(n_values: int, seed: int) -> ClassifierMixin:
    """One tree of depth 8, in about a twentieth of the time of `histogram`."""
    return DecisionTreeClassifier(max_depth=8, random_state=seed)


def own_importances(
    fitted: ClassifierMixin, inputs: Float[np.ndarray, "n inputs"]
) -> Float[np.ndarray, " inputs"]:
    """The share of each input in what all splits did for purity, by scikit-learn's own account."""
    return fitted.feature_importances_


def gains(
    fitted: HistGradientBoostingClassifier, inputs: Float[np.ndarray, "n inputs"]
) -> Float[np.ndarray, " inputs"]:
    """The share of each input in the gain of all splits in all trees of histogram boosting.

    Inputs with the same order of the data tie at every split. `boosting` tosses a coin for each of
    them, histogram boosting takes the first; so here they share alike what the first one gained.

    scikit-learn has no public name for gains: the trees' nodes are read from `_predictors`.
    """
    nodes = np.concatenate([tree.nodes for stage in fitted._predictors for tree in stage])
    splits = nodes[nodes["is_leaf"] == 0]
    gain = np.bincount(splits["feature_idx"], splits["gain"], minlength=inputs.shape[1])
    kind = _kinds(inputs)
    shared = np.bincount(kind, gain)[kind] / np.bincount(kind)[kind]
    return shared / shared.sum() if shared.any() else shared


def _kinds(inputs: Float[np.ndarray, "n inputs"]) -> Int64[np.ndarray, " inputs"]:
    """A number for each input, the same for those that tie."""
    orders = [_order(column) for column in inputs.T]
    return np.array([orders.index(order) for order in orders])


def _order(column: Float[np.ndarray, " n"]) -> bytes:
    """The same for columns that are monotone functions, rising or falling, of each other."""
    rank = np.unique(column, return_inverse=True)[1]
    return min(rank.tobytes(), (rank.max() - rank).tobytes())


TREES = {
    "boosting": Trees(boosting, own_importances),
    "histogram": Trees(histogram, gains),
    "forest": Trees(forest, own_importances),
    "tree": Trees(tree, own_importances),
}


def named(estimator: str) -> Trees:
    """The ensemble of that name; `ValueError` with the names there are for any other."""
    if estimator not in TREES:
        raise ValueError(f"estimator must be one of {', '.join(TREES)}; got {estimator!r}")
    return TREES[estimator]
