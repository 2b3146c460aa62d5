"""Does a number rise or fall as a method regularises more? One rank correlation a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars
from scipy.stats import rankdata

from dvae_course.study.resampling import mean_interval
from dvae_course.study.tables import complete, with_regularisation


def trends(frame: polars.DataFrame, score: str = "total_correlation") -> polars.DataFrame:
    """Of each method and seed, Spearman's correlation (in [−1, 1]) of `score` with regularisation.

    The methods' strengths are ordered from weak to strong: for AnnealedVAE the smallest capacity is
    the strongest (`tables.with_regularisation`).

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    score : a column.

    Returns
    -------
    One row a method and seed: `method`, `seed`, `trend`, `strengths` (how many it is made of). A
    seed with fewer than 3 complete strengths, or with one value for all, has no trend and no row.

    Raises
    ------
    ValueError : a missing column, a frame with a model twice, no seed with 3 strengths.
    """
    ordered = with_regularisation(complete(frame, [score], least_seeds=1).frame)
    rows = [
        (method, seed, _trend(group, score), group.height)
        for (method, seed), group in ordered.group_by("method", "seed", maintain_order=True)
        if group.height >= 3 and group[score].n_unique() > 1
    ]
    if not rows:
        raise ValueError(
            f"no seed of any method has 3 strengths with a {score}, so there is no trend to rank; "
            "train more strengths"
        )
    columns = ["method", "seed", "trend", "strengths"]
    return polars.DataFrame(rows, schema=columns, orient="row").sort("method", "seed")


def mean_trends(trends: polars.DataFrame, by: Sequence[str] = ("method",)) -> polars.DataFrame:
    """The mean of `trend` over seeds, with its t interval: `seeds`, `trend`, `low`, `high`.

    `by` names the columns that tell groups of trends apart.
    """
    rows = []
    for key, group in trends.group_by(by, maintain_order=True):
        mean, low, high = mean_interval(group["trend"].to_numpy(), within=(-1, 1))
        rows.append((*key, group.height, mean, low, high))
    schema = [*by, "seeds", "trend", "low", "high"]
    return polars.DataFrame(rows, schema=schema, orient="row")


def _trend(group: polars.DataFrame, score: str) -> float:
    ranks = [rankdata(group[name].to_numpy()) for name in ("regularisation", score)]
    return float(np.corrcoef(*ranks)[0, 1])
