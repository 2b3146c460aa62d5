"""How often does a good run with a bad hyper-parameter beat a bad run with a good one?

Which strength is better must be learned from runs, too. If the runs that are compared also decide
which strength is called better, the better one wins too often. So two seeds are held out, the other
seeds order a method's strengths by their means, and the held-out runs are compared; all pairs of
seeds are held out in turn.
"""

from __future__ import annotations

import numpy as np
import polars
from jaxtyping import Float
from scipy import stats

from dvae_course.study.tables import complete

LEAST_SEEDS = 4  # two are held out, and the other two have a mean


def overtaking(frame: polars.DataFrame, score: str) -> polars.DataFrame:
    """P(a fresh run of the worse strength beats a fresh run of the better one), within methods.

    Worse and better go by the means of all other seeds; a tie counts half, and ½ is no difference.
    The intervals are Wilson's, of as many independent comparisons as have the variance that the
    jackknife over seeds finds, and never fewer than there are seeds.

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    score : a column, larger is better.

    Returns
    -------
    One row a method: `method`; `pairs`, `pairs_low`, `pairs_high`, the mean probability over all
    pairs of strengths; `extremes`, `extremes_low`, `extremes_high`, that of the worst strength
    against the best; `best_of_worst`, `worst_of_best`, the scores of two runs, worst and best by
    all seeds, and whether the first `overtakes`; `models`, `dropped`.

    Raises
    ------
    ValueError : a missing column, a method with one strength only, a setting with fewer than 4
        complete models.
    """
    models = complete(frame, [score], LEAST_SEEDS)
    rows = []
    for (method,), group in models.frame.group_by("method", maintain_order=True):
        values = _strengths_by_seeds(group, score)
        if len(values) < 2:
            raise ValueError(
                f"{method} has one strength only, and overtaking compares strengths; leave it out"
            )
        rows.append({"method": method, **_probabilities(values), **_extreme_runs(values)})
    return polars.DataFrame(rows).with_columns(
        models=polars.lit(models.frame.height), dropped=polars.lit(models.dropped)
    )


def _strengths_by_seeds(group: polars.DataFrame, score: str) -> Float[np.ndarray, "strengths s"]:
    table = group.pivot("seed", index="strength", values=score).drop("strength")
    return table.cast(polars.Float64).fill_null(float("nan")).to_numpy()


def _probabilities(values: Float[np.ndarray, "strengths s"]) -> dict[str, float]:
    estimate = held_out_contests(values)
    seeds = range(values.shape[1])
    without = np.array([held_out_contests(np.delete(values, k, axis=1)) for k in seeds])
    spread = (len(seeds) - 1) * without.var(axis=0)  # the jackknife's variance
    result = {}
    for name, p, variance in zip(("pairs", "extremes"), estimate, spread, strict=True):
        low, high = _wilson(p, variance, len(seeds))
        result |= {name: float(p), f"{name}_low": low, f"{name}_high": high}
    return result


def held_out_contests(values: Float[np.ndarray, "strengths s"]) -> Float[np.ndarray, " 2"]:
    """How often the worse strength's held-out run beats the better one's, over pairs of seeds.

    First over all pairs of strengths, then of the worst and the best. Runs that are NaN do not
    take part.
    """
    known = np.isfinite(values)
    filled, runs = np.where(known, values, 0), known.astype(np.int64)
    others = filled.sum(axis=1) - filled.T[:, None] - filled.T
    number = runs.sum(axis=1) - runs.T[:, None] - runs.T
    order = np.argsort(others / number, axis=-1)  # seed k, seed l, strengths: the worst first
    first = np.take_along_axis(np.broadcast_to(values.T[:, None], order.shape), order, axis=-1)
    second = np.take_along_axis(np.broadcast_to(values.T, order.shape), order, axis=-1)
    wins = np.sign(first[..., :, None] - second[..., None, :]) / 2 + 0.5
    wins[np.eye(values.shape[1], dtype=bool)] = np.nan  # one seed is not held against itself
    worse, better = np.triu_indices(len(values), 1)
    return np.array([np.nanmean(wins[..., worse, better]), np.nanmean(wins[..., 0, -1])])


def _wilson(p: float, variance: float, seeds: int, level: float = 0.95) -> tuple[float, float]:
    n = max(seeds, p * (1 - p) / variance) if variance > 0 else seeds
    z = stats.t.ppf((1 + level) / 2, seeds - 1)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return float(max(centre - half, 0)), float(min(centre + half, 1))


def _extreme_runs(values: Float[np.ndarray, "strengths s"]) -> dict[str, float | bool]:
    order = np.argsort(np.nanmean(values, axis=1))
    best_of_worst = float(np.nanmax(values[order[0]]))
    worst_of_best = float(np.nanmin(values[order[-1]]))
    return {
        "best_of_worst": best_of_worst,
        "worst_of_best": worst_of_best,
        "overtakes": best_of_worst > worst_of_best,
    }
