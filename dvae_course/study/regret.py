"""Choosing a model without labels, by UDR for one: how far from the best, how much over chance?

A choice is made among the models trained with one seed, so each seed is a trial of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars

from dvae_course.study.resampling import mean_interval
from dvae_course.study.selection import Selection
from dvae_course.study.tables import complete


def select_by(
    frame: polars.DataFrame, selectors: Mapping[str, int], score: str = "mig"
) -> Selection:
    """Choosing by scores that need no factors, UDR for one: what is lost against the best model?

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    selectors : columns, each with 1 where the largest is to be chosen and −1 where the smallest is.
    score : what the choice is judged by, larger is better.

    Returns
    -------
    Selection with a row a selector (and seed): `chosen`, the score of the model chosen; `regret`,
    the best model's score less that; `random_regret`, the same of a random choice, on average;
    `gain`, their difference, positive if the choice is better than a random one; `percentile`, the
    share of other models that it beats, ties counting half. The summary has means over seeds, and
    t intervals of `regret`, `gain` and `percentile`. Per seed there are the chosen `method` and
    `strength` too.

    Raises
    ------
    ValueError : a missing column, a sign that is neither 1 nor −1, a setting with fewer than 2
        complete models.
    """
    odd = {name: sign for name, sign in selectors.items() if sign not in (1, -1)}
    if odd or not selectors:
        raise ValueError(
            f"selectors must give a sign for each column, 1 (choose the largest) or −1 (the "
            f'smallest), such as {{"udr": 1, "kl": -1}}; got {dict(selectors)}'
        )
    models = complete(frame, [*dict.fromkeys([*selectors, score])])
    rows = [
        {"selector": name, "seed": seed, **_choice(rows, name, sign, score)}
        for name, sign in selectors.items()
        for (seed,), rows in models.frame.group_by("seed", maintain_order=True)
        if rows.height > 1
    ]
    per_seed = polars.DataFrame(rows).sort("seed", maintain_order=True)
    summary = [_summary(name, per_seed) for name in selectors]
    return Selection(polars.DataFrame(summary), per_seed, models.dropped)


def _choice(rows: polars.DataFrame, name: str, sign: int, score: str) -> dict:
    values = rows[score].to_numpy()
    index = int(np.argmax(sign * rows[name].to_numpy()))
    chosen, others = values[index], np.delete(values, index)
    regret, random_regret = values.max() - chosen, values.max() - values.mean()
    return {
        "method": rows["method"][index],
        "strength": rows["strength"][index],
        "chosen": float(chosen),
        "regret": float(regret),
        "random_regret": float(random_regret),
        "gain": float(random_regret - regret),
        "percentile": float((np.sign(chosen - others) / 2 + 0.5).mean()),
    }


def _summary(name: str, per_seed: polars.DataFrame) -> dict:
    rows = per_seed.filter(polars.col("selector") == name)
    row = {"selector": name, "seeds": rows.height}
    row |= {column: rows[column].mean() for column in ("chosen", "random_regret")}
    anywhere = (-np.inf, np.inf)
    for column, within in (("regret", anywhere), ("gain", anywhere), ("percentile", (0, 1))):
        mean, low, high = mean_interval(rows[column].to_numpy(), within=within)
        row |= {column: mean, f"{column}_low": low, f"{column}_high": high}
    return row
