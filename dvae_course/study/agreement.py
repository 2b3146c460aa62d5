"""Do two scores rank models alike? Spearman's rank correlations, × 100 as in the slides' tables.

Each comes with a bootstrap interval over seeds. The ranks of a resample follow from cumulated
counts, so no resample is sorted and all are computed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars
from jaxtyping import Float, Int

from dvae_course.metrics.suite import SIX
from dvae_course.study.resampling import percentile_interval, seed_counts
from dvae_course.study.tables import Models, complete

_BLOCK = 250  # resamples at a time: bounds the memory, changes no number


@dataclass(frozen=True, eq=False)
class Correlations:
    """Rank correlations × 100 of scores in rows with scores in columns.

    Attributes
    ----------
    rows, columns : what is correlated with what.
    values, low, high : the correlations, and the ends of their 95 % intervals.
    resampled : the correlations of every resample.
    models, dropped : how many models were ranked, and how many left out for want of a score.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Float[np.ndarray, "rows columns"]
    low: Float[np.ndarray, "rows columns"]
    high: Float[np.ndarray, "rows columns"]
    resampled: Float[np.ndarray, "resamples rows columns"]
    models: int
    dropped: int

    def table(self) -> polars.DataFrame:
        """One line a pair: `row`, `column`, `correlation`, `low`, `high`."""
        pairs = list(product(self.rows, self.columns))
        return polars.DataFrame(
            {
                "row": [row for row, _ in pairs],
                "column": [column for _, column in pairs],
                "correlation": self.values.ravel(),
                "low": self.low.ravel(),
                "high": self.high.ravel(),
            }
        )


def rank_correlations(
    frame: polars.DataFrame,
    scores: Sequence[str] = SIX,
    against: Sequence[str] | None = None,
    within_settings: bool = False,
    unit: str = "setting",
    resamples: int = 2000,
    seed: int = 0,
) -> Correlations:
    """Spearman's correlation × 100 of each of `scores` with each of `against`, over models.

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    scores, against : columns; without `against`, `scores` with each other. The result's rows are
        `scores`, its columns `against`.
    within_settings : whether to take each setting's mean off first, so that only seeds are ranked:
        does the score tell good runs from bad ones where the hyper-parameters are equal?
    unit, resamples, seed : of the bootstrap over seeds (`resampling.seed_counts`).

    Raises
    ------
    ValueError : a missing column, a score that is the same for all models, a setting with fewer
        than 2 complete models.

    Examples
    --------
    >>> metrics = rank_correlations(of(results, "noisy-dsprites"))  # doctest: +SKIP
    """
    against = scores if against is None else against
    models, values, names = ranked_values(frame, scores, against, within_settings)
    pick = np.ix_([names.index(name) for name in scores], [names.index(name) for name in against])
    counts = seed_counts(models.settings, models.seeds, resamples, unit, seed)
    blocks = [counts[start : start + _BLOCK] for start in range(0, resamples, _BLOCK)]
    resampled = np.concatenate([spearman(values, block)[:, *pick] for block in blocks])
    estimate = spearman(values, np.ones((1, len(values)), dtype=np.int64))[0][pick]
    low, high = percentile_interval(resampled)
    hundred = (100 * part for part in (estimate, low, high, resampled))
    return Correlations(tuple(scores), tuple(against), *hundred, len(values), models.dropped)


def correlations_by_seed(
    frame: polars.DataFrame, scores: Sequence[str], against: Sequence[str]
) -> polars.DataFrame:
    """Spearman's correlation (in [−1, 1]) over the settings trained with one seed, seed by seed.

    One number a seed, as tests over seeds want it. Each is made of a few dozen models, so they
    scatter more than `rank_correlations`, and agree with it on average.

    Returns
    -------
    One row a seed and pair: `seed`, `row`, `column`, `correlation`. A seed with fewer than 3
    complete models, or a score that is the same for all of its models, has no row.

    Raises
    ------
    ValueError : a missing column, a frame with a model twice.
    """
    names = list(dict.fromkeys([*scores, *against]))
    rows = []
    for (seed,), group in complete(frame, names, 1).frame.group_by("seed", maintain_order=True):
        values = group.select(names).cast(polars.Float64).to_numpy()
        table = spearman(values, np.ones((1, len(values)), dtype=np.int64))[0]
        for row, column in product(scores, against):
            correlation = table[names.index(row), names.index(column)]
            if len(values) >= 3 and np.isfinite(correlation):
                rows.append((seed, row, column, float(correlation)))
    schema = ["seed", "row", "column", "correlation"]
    return polars.DataFrame(rows, schema=schema, orient="row").sort("seed", maintain_order=True)


def mean_correlations(
    frames: Iterable[polars.DataFrame], scores: Sequence[str], against: Sequence[str]
) -> dict[str, Float[np.ndarray, " seeds"]]:
    """Of each of `scores`, the mean over `against` and data sets of `correlations_by_seed`.

    Parameters
    ----------
    frames : of each data set one row a model.
    scores, against : columns.

    Returns
    -------
    Score → one number in [−1, 1] a seed, seeds rising.

    Raises
    ------
    ValueError : what `correlations_by_seed` raises.
    """
    each = polars.concat([correlations_by_seed(frame, scores, against) for frame in frames])
    means = each.group_by("row", "seed").agg(polars.mean("correlation")).sort("seed")
    groups = {score: means.filter(polars.col("row") == score) for score in scores}
    return {score: group["correlation"].to_numpy() for score, group in groups.items()}


def ranked_values(
    frame: polars.DataFrame,
    scores: Sequence[str],
    against: Sequence[str],
    within_settings: bool,
) -> tuple[Models, Float[np.ndarray, "models columns"], list[str]]:
    """The complete models, what is to be ranked of them, and the columns' names."""
    names = list(dict.fromkeys([*scores, *against]))
    models = complete(frame, names)
    values = models.values(names)
    if within_settings:
        values = values - setting_means(values, models.settings)[models.settings]
    flat = [name for name, column in zip(names, values.T, strict=True) if np.ptp(column) == 0]
    if flat:
        raise ValueError(
            f"{', '.join(flat)} has the same value for all models, so they have no ranks; "
            "leave the column out"
        )
    return models, values, names


def setting_means(
    values: Float[np.ndarray, "models columns"], settings: Int[np.ndarray, " models"]
) -> Float[np.ndarray, "settings columns"]:
    """The mean over seeds; models are sorted by setting."""
    starts = np.flatnonzero(np.diff(settings, prepend=-1))
    sizes = np.bincount(settings)
    return np.add.reduceat(values, starts, axis=0) / sizes[:, None]


def spearman(
    values: Float[np.ndarray, "models columns"], counts: Int[np.ndarray, "resamples models"]
) -> Float[np.ndarray, "resamples columns columns"]:
    """Spearman's correlations of all pairs of columns, in each resample."""
    centred = midranks(values, counts) - (counts.sum(1)[:, None, None] + 1) / 2
    weighted = np.swapaxes(centred * counts[..., None], 1, 2)
    covariance = weighted @ centred
    deviation = np.sqrt(np.einsum("rcc->rc", covariance))
    with np.errstate(invalid="ignore"):  # a resample of one value only has no correlation: NaN
        return covariance / (deviation[:, :, None] * deviation[:, None, :])


def midranks(
    values: Float[np.ndarray, "models columns"], counts: Int[np.ndarray, "resamples models"]
) -> Float[np.ndarray, "resamples models columns"]:
    """The rank of each model among the models of a resample; equal values share their mean rank."""
    ranks = np.empty((*counts.shape, values.shape[1]))
    for column, scores in enumerate(values.T):
        order = np.argsort(scores, kind="stable")
        below = np.pad(np.cumsum(counts[:, order], axis=1), ((0, 0), (1, 0)))
        ordered = scores[order]
        first = np.searchsorted(ordered, scores, side="left")
        last = np.searchsorted(ordered, scores, side="right")
        ranks[..., column] = (below[:, first] + below[:, last] + 1) / 2
    return ranks
