"""A whole suite of metrics in one call: the samples and tables that they share are made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int, Real
from tqdm.auto import tqdm

from dvae_course.metrics.betavae_score import betavae_score
from dvae_course.metrics.dci import dci_completeness, dci_from_split, dci_informativeness
from dvae_course.metrics.dependence import (
    mutual_information_score_from_codes,
    total_correlation_from_codes,
    wasserstein_dependence_from_codes,
)
from dvae_course.metrics.downstream import downstream_from_split
from dvae_course.metrics.explicitness import explicitness_from_split
from dvae_course.metrics.factorvae_score import factorvae_score
from dvae_course.metrics.infomec import InfoMEC, infomec_from_samples
from dvae_course.metrics.information import Information, mutual_information
from dvae_course.metrics.mig import mig_from_information
from dvae_course.metrics.modularity import modularity_from_information
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.sap import sap_from_split
from dvae_course.metrics.score import Score
from dvae_course.metrics.split import Split

if TYPE_CHECKING:
    import pandas
    import polars


@dataclass(frozen=True, eq=False)
class Shared:
    """What the metrics of one evaluation have in common, each part made when it is first used."""

    split: Split
    seed: int
    representation: Representation | None
    dci_estimator: str
    progress: bool

    @cached_property
    def information(self) -> Information:
        """I(code; factor) of the data to train on."""
        return mutual_information(self.split.train_factors, self.split.train_codes)

    @cached_property
    def dci(self) -> Score:
        """The three letters' common fits."""
        return dci_from_split(self.split, self.seed, self.dci_estimator, progress=self.progress)

    @cached_property
    def infomec(self) -> InfoMEC:
        """The three scores' common table."""
        return infomec_from_samples(self.split.train_factors, self.split.train_codes, self.seed)

    @cached_property
    def table(self) -> Representation:
        """The representation with its whole grid encoded once."""
        if self.representation is None:
            raise ValueError(
                "this metric draws factors of its own, so it needs a representation or the codes "
                "of the complete grid; a sample of factors and codes does not do"
            )
        return self.representation.tabulated(progress=self.progress)


INTERVENTIONS: dict[str, Callable[[Shared], Score]] = {
    "betavae_score": lambda shared: betavae_score(shared.table, shared.seed),
    "factorvae_score": lambda shared: factorvae_score(shared.table, shared.seed),
}
METRICS: dict[str, Callable[[Shared], Score]] = {
    **INTERVENTIONS,
    "mig": lambda shared: mig_from_information(shared.information),
    "dci_disentanglement": lambda shared: shared.dci,
    "dci_completeness": lambda shared: dci_completeness(shared.dci),
    "dci_informativeness": lambda shared: dci_informativeness(shared.dci),
    "modularity": lambda shared: modularity_from_information(shared.information),
    "explicitness": lambda shared: explicitness_from_split(shared.split),
    "sap": lambda shared: sap_from_split(shared.split),
    "infom": lambda shared: shared.infomec.infom,
    "infoe": lambda shared: shared.infomec.infoe,
    "infoc": lambda shared: shared.infomec.infoc,
    "total_correlation": lambda shared: total_correlation_from_codes(shared.split.train_codes),
    "wasserstein_dependence": lambda shared: wasserstein_dependence_from_codes(
        shared.split.train_codes
    ),
    "mutual_information_score": lambda shared: mutual_information_score_from_codes(
        shared.split.train_codes
    ),
    "downstream": lambda shared: downstream_from_split(
        shared.split, shared.seed, progress=shared.progress
    ),
}
SIX = ("betavae_score", "factorvae_score", "mig", "dci_disentanglement", "modularity", "sap")
UNSUPERVISED = ("total_correlation", "wasserstein_dependence", "mutual_information_score")
SUITE = (*SIX, *UNSUPERVISED)


class Scores(dict[str, Score]):
    """Scores by the names of their metrics, which also go into a table."""

    def to_pandas(self) -> pandas.DataFrame:
        """One row a metric: `metric`, `value`, and the `estimator` where there are several."""
        import pandas

        return pandas.DataFrame(self._columns())

    def to_polars(self) -> polars.DataFrame:
        """The same as a polars frame."""
        import polars

        return polars.DataFrame(self._columns())

    def _columns(self) -> Mapping[str, Sequence]:
        return {
            "metric": list(self),
            "value": [score.value for score in self.values()],
            "estimator": [estimator_of(score) for score in self.values()],
        }


def estimator_of(score: Score) -> str:
    """The learner's name where a metric can be had by several: what `dci[histogram]` brackets."""
    name = score.recipe.metric if score.recipe else ""
    return name.partition("[")[2].rstrip("]")


def evaluate(
    representation: Representation,
    metrics: Sequence[str] = SUITE,
    seed: int = 0,
    dci_estimator: str = "histogram",
    progress: bool = True,
) -> Scores:
    """Several metrics of one representation, with the study's numbers of data points.

    Each gives what it gives alone with the same seed (for the metrics that draw factors of their
    own: up to the single precision of the encoded grid); the samples, the table of information, the
    fits of DCI and the encoded grid are made once for all of them.

    Parameters
    ----------
    representation : what is scored. Its grid is encoded whole if a metric draws its own factors.
    metrics : names out of `METRICS`. By default the six metrics of the study and its three
        unsupervised scores; the others are slower.
    seed : which data points are drawn.
    dci_estimator : "histogram" (seconds), or "boosting" (minutes) for the published values.
    progress : whether to show bars over the metrics and their longer parts.

    Raises
    ------
    ValueError : a name that is none, and what each metric refuses.

    Examples
    --------
    >>> from dvae_course.metrics import perfect
    >>> scores = evaluate(perfect((4, 5)), ["mig", "modularity"], progress=False)
    >>> {name: round(score.value, 2) for name, score in scores.items()}
    {'mig': 1.0, 'modularity': 1.0}
    """
    _check_names(metrics)
    split = Split.drawn(representation, seed)
    return _evaluate(Shared(split, seed, representation, dci_estimator, progress), metrics)


def evaluate_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    metrics: Sequence[str] = tuple(name for name in SUITE if name not in INTERVENTIONS),
    seed: int = 0,
    test_share: float = 1 / 3,
    dci_estimator: str = "histogram",
    progress: bool = True,
) -> Scores:
    """`evaluate` of given factors and codes, for models that live elsewhere.

    The rows are shuffled and split into data to train and to test on. BetaVAE and FactorVAE scores
    draw factors of their own and cannot be had from a sample: `from_grid` makes a representation
    of a complete grid, for `evaluate`.
    """
    _check_names(metrics)
    split = Split.of(factors, codes, seed, test_share)
    return _evaluate(Shared(split, seed, None, dci_estimator, progress), metrics)


def _evaluate(shared: Shared, metrics: Sequence[str]) -> Scores:
    bar = tqdm(metrics, "metrics", disable=not shared.progress, leave=False)
    return Scores({name: METRICS[name](shared) for name in bar})


def _check_names(metrics: Sequence[str]) -> None:
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise ValueError(f"no metric is called {unknown}; there are {', '.join(METRICS)}")
