"""Do hyper-parameters that are good on one data set stay good on another?

As in the slides' matrix: scores are averaged over seeds, and the settings' means on two data sets
are correlated by rank. Means of few seeds are noisy, so even a data set does not agree with itself
perfectly; the correlation of one half of its seeds with the other says how well it does, and bounds
what to expect between data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Float
from scipy import stats

from dvae_course.randomness import generator
from dvae_course.study.agreement import Correlations
from dvae_course.study.grid import Grid, grid_of

LEAST_SEEDS = 4  # two halves of two


@dataclass(frozen=True, eq=False)
class Transfer:
    """Rank correlations × 100 of settings' means between data sets.

    Attributes
    ----------
    score : what was averaged.
    correlations : with all seeds, in the slides' layout.
    halves : means of one half of the seeds on the row's data set against the other half on the
        column's, averaged over random splits. Its diagonal is each data set with itself: entries
        beside it can be held against it, for they are made of as many seeds.
    ceiling : √(r_a r_b), r = 2h / (1 + h) the diagonal h stepped up from half the seeds to all
        (Spearman and Brown): about what `correlations` would be if the data sets agreed perfectly.
    settings, left_out : how many settings were ranked; how many lack 4 seeds on some data set.
    missing : how many models lack a score.
    """

    score: str
    correlations: Correlations
    halves: Float[np.ndarray, "data_sets data_sets"]
    ceiling: Float[np.ndarray, "data_sets data_sets"]
    settings: int
    left_out: int
    missing: int

    def pairs(self) -> polars.DataFrame:
        """One row a pair of data sets, the most alike first.

        `first`, `second`, `correlation`, `low`, `high`, `ceiling`; and `corrected`,
        `corrected_low`, `corrected_high`, the correlation × 100 / ceiling: an estimate of what
        endless seeds would give (Spearman, 1904). Its interval takes the ceiling as known; NaN
        where the ceiling is 0.
        """
        names = self.correlations.rows
        index = np.triu_indices(len(names), 1)
        ceiling = self.ceiling[index]
        columns = {}
        for suffix, part in (("", "values"), ("_low", "low"), ("_high", "high")):
            values = getattr(self.correlations, part)[index]
            columns[suffix.removeprefix("_") or "correlation"] = values
            known = np.where(ceiling > 0, ceiling, np.nan)
            columns[f"corrected{suffix}"] = 100 * values / known
        frame = polars.DataFrame(
            {
                "first": [names[i] for i in index[0]],
                "second": [names[j] for j in index[1]],
                "ceiling": ceiling,
                **columns,
            }
        )
        return frame.sort("correlation", descending=True)


def transfer(
    frame: polars.DataFrame,
    score: str = "dci_disentanglement",
    data_sets: Sequence[str] | None = None,
    representation: str = "mean",
    splits: int = 200,
    resamples: int = 2000,
    seed: int = 0,
) -> Transfer:
    """How alike data sets rank the settings by their mean `score`.

    Parameters
    ----------
    frame : the study's results, of several data sets.
    score, data_sets, representation : what to average, where; all data sets by default.
    splits : into how many random pairs of halves the seeds are divided.
    resamples, seed : of the bootstrap over seeds. Resampling adds noise to the means and so lowers
        their correlation; the intervals take from it the spread alone, on Fisher's z scale. They
        say what as many other seeds might have given, not what endless seeds would.

    Raises
    ------
    ValueError : a missing column, an unknown data set, fewer than 3 settings with 4 seeds each.
    """
    grid = grid_of(frame, [score], data_sets, representation)
    complete, left_out = _ranked_settings(grid)
    estimate = _spearman(np.nanmean(complete, axis=-1))
    resampled = _resampled(complete, resamples, seed)
    low, high = _fisher_interval(estimate, resampled)
    halves = _halves(complete, splits, seed)
    own = np.clip(np.diag(halves), 0, 1)
    full = 2 * own / (1 + own)
    correlations = Correlations(
        grid.data_sets,
        grid.data_sets,
        *(100 * part for part in (estimate, low, high, resampled)),
        models=int(np.isfinite(complete).sum()),
        dropped=grid.missing,
    )
    ceiling = 100 * np.sqrt(np.outer(full, full))
    settings = complete.shape[1]
    return Transfer(score, correlations, 100 * halves, ceiling, settings, left_out, grid.missing)


def _ranked_settings(grid: Grid) -> tuple[Float[np.ndarray, "data_sets settings seeds"], int]:
    values = grid.values[:, 0]
    enough = (np.isfinite(values).sum(axis=-1) >= LEAST_SEEDS).all(axis=0)
    if enough.sum() < 3:
        raise ValueError(
            f"transfer ranks settings that have at least {LEAST_SEEDS} seeds on each of "
            f"{', '.join(grid.data_sets)}; there are {enough.sum()} of them, and 3 are needed: "
            "train more seeds, or pass fewer data_sets"
        )
    return values[:, enough], int((~enough).sum())


def _spearman(means: Float[np.ndarray, "*r data_sets settings"]) -> np.ndarray:
    ranks = stats.rankdata(means, axis=-1)
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    return scaled @ np.swapaxes(scaled, -1, -2)


def _resampled(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Each data set's settings draw their own seeds anew."""
    rng = generator(seed, "bootstrap over seeds")
    known = np.isfinite(values)
    order = np.argsort(~known, axis=-1, kind="stable")  # the known seeds first
    sorted_values = np.take_along_axis(values, order, axis=-1)
    sizes = known.sum(axis=-1, keepdims=True)
    means = np.empty((resamples, *values.shape[:2]))
    for r in range(resamples):
        drawn = (rng.random(values.shape) * sizes).astype(np.int64)
        taken = np.take_along_axis(sorted_values, drawn, axis=-1)
        counted = np.arange(values.shape[-1]) < sizes
        means[r] = (taken * counted).sum(axis=-1) / sizes[..., 0]
    return _spearman(means)


def _halves(values: np.ndarray, splits: int, seed: int) -> np.ndarray:
    """Mean correlation of one half of each setting's seeds with the other, over random splits."""
    rng = generator(seed, "halves of the seeds")
    data_sets = len(values)
    known, total = np.isfinite(values), np.zeros((data_sets, data_sets))
    for _ in range(splits):
        place = rng.permutation(values.shape[-1])
        rank = np.cumsum(known[..., place], axis=-1)[..., np.argsort(place)]
        first = known & (2 * rank <= known.sum(axis=-1, keepdims=True))
        means = [np.mean(values, axis=-1, where=half) for half in (first, known & ~first)]
        total += _spearman(np.concatenate(means))[:data_sets, data_sets:]
    return (total + total.T) / (2 * splits)


def _fisher_interval(
    estimate: np.ndarray, resampled: np.ndarray, level: float = 0.95
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]]:
    """z(estimate) ± the quantile × the deviation of z(resampled), back on the scale of ρ."""
    near_one = 1 - 1e-12
    z, drawn = (np.arctanh(np.clip(part, -near_one, near_one)) for part in (estimate, resampled))
    half = stats.norm.ppf((1 + level) / 2) * drawn.std(axis=0)
    return np.tanh(z - half), np.tanh(z + half)
