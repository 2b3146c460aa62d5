"""DCI: how trees that predict each factor divide their attention among the codes.

Eastwood and Williams (2018), "A framework for the quantitative evaluation of disentangled
representations", estimated as in the study of Locatello et al. (2019): for each factor, 100 rounds
of gradient boosting on 10,000 data points, tested on 5,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int, Real
from scipy.stats import entropy

from dvae_course.metrics.codes import factor_sizes_of
from dvae_course.metrics.fitting import in_parallel, live_codes
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.metrics.split import Split
from dvae_course.metrics.trees import named

TINY = 1e-11  # added to importances, so that a row of zeros has an entropy: the largest there is


def dci(
    representation: Representation,
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    estimator: str = "boosting",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """Disentanglement: Σ_i ρ_i (1 − H(R_i)), is each code important for one factor only?

    R (codes, factors) holds the importances of the codes to the ensembles that predict each factor,
    H(R_i) is the entropy of code i's row with the number of factors as the logarithm's base, and
    ρ_i the code's share of all importance. `dci_completeness` and `dci_informativeness` read the
    other two letters off the same score.

    The level depends on the learner: compare scores of one `estimator` and size only. Its name is
    in the recipe.

    Parameters
    ----------
    representation : what is scored.
    seed : which data points are drawn, and scikit-learn's `random_state`.
    n_train, n_test : the number of data points to fit on and to judge by.
    estimator : `boosting`, as published, takes minutes; `histogram` a few seconds; or `forest`, or
        `tree`, for thousands of models.
    n_jobs : processes to share the factors among, -1 for all cores; no number depends on it.
    progress : whether to show a bar over the factors.

    Returns
    -------
    Score in [0, 1] with the tables `importances` (codes, factors), `disentanglement` and
    `code_weights` (codes), `completeness` and `factor_weights` (factors), `train_accuracy` and
    `test_accuracy` (factors). Dead codes are not shown to the learner; their rows are 0. Where
    nothing is important, weights are uniform and disentanglement and completeness 0.

    Raises
    ------
    ValueError : an unknown estimator, a single factor, codes that are not finite.
    """
    named(estimator)
    split = Split.drawn(representation, seed, n_train, n_test)
    return dci_from_split(split, seed, estimator, n_jobs, progress)


def dci_from_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int = 0,
    test_share: float = 1 / 3,
    estimator: str = "boosting",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """`dci` of given factors (indices of values, from 0) and codes, split at random."""
    split = Split.of(factors, codes, seed, test_share)
    return dci_from_split(split, seed, estimator, n_jobs, progress)


def dci_from_split(
    split: Split,
    seed: int = 0,
    estimator: str = "boosting",
    n_jobs: int = 1,
    progress: bool = True,
) -> Score:
    """`dci` of data to fit on and data to judge by."""
    named(estimator)
    sizes = factor_sizes_of(split.train_factors)
    if len(sizes) < 2:
        raise ValueError(
            "disentanglement compares a code's importance for one factor with that for the others, "
            "so dci needs at least 2 factors; there is 1"
        )
    fit = partial(_fit, split=split, estimator=estimator, seed=seed)
    fits = in_parallel(fit, range(len(sizes)), n_jobs, f"dci[{estimator}]", progress)
    parameters = {
        "n_train": len(split.train_codes),
        "n_test": len(split.test_codes),
        "estimator": estimator,
        "n_jobs": n_jobs,
        "progress": progress,
    }
    recipe = Recipe(f"dci[{estimator}]", partial(dci, **parameters), sizes, int(split.live.sum()))
    tables = dci_tables(np.stack([fit.importances for fit in fits], axis=1), split.live)
    tables["train_accuracy"] = np.array([fit.train_accuracy for fit in fits])
    tables["test_accuracy"] = np.array([fit.test_accuracy for fit in fits])
    value = tables["code_weights"] @ tables["disentanglement"]
    return Score(float(value), tables, recipe)


def dci_completeness(score: Score) -> Score:
    """Σ_k w_k (1 − H(R_k)), is each factor in one code only? Read off a score of `dci`.

    H(R_k) is the entropy of factor k's column of importances with the number of live codes as the
    logarithm's base, and w_k the factor's share of all importance. With a single live code nothing
    can be spread, and each factor that it helps with counts 1.
    """
    return _part(score, "completeness")


def dci_informativeness(score: Score) -> Score:
    """The mean test accuracy over factors, read off a score of `dci`.

    It is the learner's, not the code's: trees split along axes, so a rotation, which loses no
    information, lowers it.
    """
    return _part(score, "informativeness")


def dci_tables(
    importances: Float[np.ndarray, "codes factors"], live: Bool[np.ndarray, " codes"]
) -> dict[str, np.ndarray]:
    """What `dci` makes of a table of importances."""
    spread = entropy(importances + TINY, base=importances.shape[1], axis=1)  # H(R_i)
    return {
        "importances": importances,
        "disentanglement": 1 - spread,
        "code_weights": _shares(importances.sum(axis=1)),
        "completeness": _completeness(importances[live]),
        "factor_weights": _shares(importances.sum(axis=0)),
    }


def _completeness(importances: Float[np.ndarray, "live factors"]) -> Float[np.ndarray, " factors"]:
    if len(importances) < 2:
        return (importances.sum(axis=0) > 0).astype(float)
    return 1 - entropy(importances + TINY, base=len(importances), axis=0)


def _shares(amounts: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    total = amounts.sum()
    return amounts / total if total > 0 else np.full(len(amounts), 1 / len(amounts))


PARTS = {
    "completeness": lambda tables: tables["factor_weights"] @ tables["completeness"],
    "informativeness": lambda tables: tables["test_accuracy"].mean(),
}


def _part(score: Score, part: str) -> Score:
    """Another number of the same tables, with the recipe to estimate it again."""
    if "importances" not in score.tables or score.recipe is None:
        raise ValueError(
            f"{part} is read off a score of dci, but this one has the tables "
            f"{', '.join(score.tables)}; pass what dci returned"
        )
    made = score.recipe
    estimate = partial(_estimate_part, part=part, **made.estimate.keywords)
    name = made.metric.replace("dci", f"dci {part}", 1)
    recipe = Recipe(name, estimate, made.factor_sizes, made.n_codes)
    return Score(float(PARTS[part](score.tables)), score.tables, recipe)


def _estimate_part(representation: Representation, seed: int, part: str, **parameters) -> Score:
    return _part(dci(representation, seed, **parameters), part)


@dataclass(frozen=True, eq=False)
class _Fit:
    importances: Float[np.ndarray, " codes"]
    train_accuracy: float
    test_accuracy: float


def _fit(factor: int, split: Split, estimator: str, seed: int) -> _Fit:
    """One factor's ensemble: what it looks at, and how often it is right."""
    trees, (train, test) = named(estimator), live_codes(split)
    values, test_values = split.train_factors[:, factor], split.test_factors[:, factor]
    fitted = trees.classifier(len(np.unique(values)), seed).fit(train, values)
    importances = np.zeros(len(split.live))
    if split.live.any():
        importances[split.live] = trees.importances(fitted, train)
    accuracies = fitted.score(train, values), fitted.score(test, test_values)
    return _Fit(importances, *map(float, accuracies))
