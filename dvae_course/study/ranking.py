"""Which method is best? How often each takes which place, had a study of so many seeds been run.

The studies are drawn from the one at hand: they take seeds, each with all of its models, with
replacement. So they may have more seeds than it has, and differ from each other even then.
"""

from __future__ import annotations

import numpy as np
import polars

from dvae_course.randomness import generator
from dvae_course.study.tables import complete


def rank_shares(
    frame: polars.DataFrame, score: str, seeds: int, studies: int = 1000, seed: int = 0
) -> polars.DataFrame:
    """In which share of studies of so many seeds each method comes first, second, …

    A method's value is the mean of `score` over its strengths and seeds.

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    score : a column, larger is better. A seed that lacks a method's models altogether is left out.
    seeds : how many each study has.
    studies, seed : how many are drawn, and from what.

    Returns
    -------
    One row a method and place: `method`, `place` (1 is the best), `share`.

    Raises
    ------
    ValueError : a missing column, a setting with fewer than 2 complete models, fewer than 1 seed.
    """
    if seeds < 1:
        raise ValueError(f"a study has at least 1 seed, got seeds={seeds}")
    models = complete(frame, [score]).frame
    means = models.pivot("method", index="seed", values=score, aggregate_function="mean")
    runs = means.drop("seed").drop_nulls()
    drawn = generator(seed, "studies").integers(len(runs), size=(studies, seeds))
    values = runs.to_numpy()[drawn].mean(axis=1)
    places = np.argsort(np.argsort(-values, axis=1), axis=1) + 1
    rows = [
        (name, place, float((taken == place).mean()))
        for name, taken in zip(runs.columns, places.T, strict=True)
        for place in range(1, len(runs.columns) + 1)
    ]
    return polars.DataFrame(rows, schema=["method", "place", "share"], orient="row")
