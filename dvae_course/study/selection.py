"""Choosing a setting by its score: how often does that beat choosing at random, here or elsewhere?

A choice is made among the settings trained with one seed, so each seed is a trial of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Bool, Float, Int

from dvae_course.metrics.suite import SIX
from dvae_course.randomness import generator
from dvae_course.study.grid import Grid, grid_of
from dvae_course.study.resampling import percentile_interval

SCENARIOS = (
    "same metric and data set",
    "other data set",
    "other metric",
    "other metric and data set",
)


@dataclass(frozen=True, eq=False)
class Selection:
    """What choosing is worth.

    Attributes
    ----------
    summary : one row a way to choose, with intervals.
    per_seed : the same for the choice made with each seed, one row each.
    missing : how many models lack a score.
    """

    summary: polars.DataFrame
    per_seed: polars.DataFrame
    missing: int


def chance_to_beat_random(
    frame: polars.DataFrame,
    scores: Sequence[str] = SIX,
    data_sets: Sequence[str] | None = None,
    representation: str = "mean",
    resamples: int = 10_000,
    seed: int = 0,
) -> Selection:
    """How often the setting chosen by a metric on a data set beats one drawn at random.

    A seed, a metric and a data set are drawn; the setting with the highest score is chosen. With
    another seed, it is held against a setting drawn at random: on the same metric and data set, on
    another data set, another metric, or both. ½ is no better than chance; the same setting counts
    half, as any tie. All possible draws are averaged, so no noise of drawing is left (the published
    table, of the same idea, has 10,000 draws).

    Parameters
    ----------
    frame : the study's results, of several data sets for the two scenarios that need them.
    scores, data_sets, representation : between which to draw; all data sets by default.
    resamples, seed : of the bootstrap over seeds, a seed with all of its models. The interval does
        not cover what other data sets or metrics might have given.

    Returns
    -------
    Selection with the columns `scenario`, `probability`, `low`, `high` in its summary, and
    `scenario`, `seed` (with which the choice was made), `probability` per seed. A scenario without
    a second data set or metric is left out.

    Raises
    ------
    ValueError : a missing column, an unknown data set, fewer than 3 seeds.
    """
    grid = grid_of(frame, scores, data_sets, representation)
    if len(grid.seeds) < 3:
        raise ValueError(
            f"choosing with one seed and judging with others needs at least 3 seeds, got "
            f"{len(grid.seeds)}; train more seeds"
        )
    wins = _wins_by_scenario(grid)
    counts = generator(seed, "bootstrap over seeds").multinomial(
        len(grid.seeds), np.full(len(grid.seeds), 1 / len(grid.seeds)), size=resamples
    )
    summary, per_seed = [], []
    for name, table in wins.items():
        mean = _mean_of_pairs(table, np.ones((1, len(table)), dtype=np.int64))[0]
        low, high = percentile_interval(_mean_of_pairs(table, counts))
        summary.append((name, float(mean), float(low), float(high)))
        per_seed += zip([name] * len(table), grid.seeds, np.nanmean(table, axis=1), strict=True)
    return Selection(
        polars.DataFrame(summary, schema=["scenario", "probability", "low", "high"], orient="row"),
        polars.DataFrame(per_seed, schema=["scenario", "seed", "probability"], orient="row"),
        grid.missing,
    )


def _wins_by_scenario(grid: Grid) -> dict[str, Float[np.ndarray, "seeds seeds"]]:
    """By scenario: chosen with the row's seed, how often better with the column's; no diagonal."""
    chosen, beats = _chosen(grid.values), _beats(grid.values)
    data_sets, metrics, _, seeds = grid.values.shape
    # chosen on (d, m) with seed s, judged on (e, k) with seed t: axes d m s, then e k t
    judged = np.moveaxis(beats, 2, 0)[chosen]
    judged = np.where(np.isfinite(grid.values).any(axis=2)[..., None, None, None], judged, np.nan)
    same_data = np.eye(data_sets, dtype=bool)[:, None, None, :, None, None]
    same_metric = np.eye(metrics, dtype=bool)[None, :, None, None, :, None]
    kinds = (
        same_data & same_metric,
        ~same_data & same_metric,
        same_data & ~same_metric,
        ~same_data & ~same_metric,
    )
    tables = {}
    for name, kind in zip(SCENARIOS, kinds, strict=True):
        if kind.any():
            tables[name] = _over_pairs(judged, kind)
            tables[name][np.eye(seeds, dtype=bool)] = np.nan
    return tables


def _chosen(values: Float[np.ndarray, "d m settings s"]) -> Int[np.ndarray, "d m s"]:
    return np.argmax(np.where(np.isnan(values), -np.inf, values), axis=2)


def _beats(values: Float[np.ndarray, "d m settings s"]) -> Float[np.ndarray, "d m settings s"]:
    """The share of a seed's models that each beats, ties (itself, too) counting half."""
    difference = values[:, :, :, None] - values[:, :, None]
    known = np.isfinite(difference)
    points = np.where(known, np.sign(difference) / 2 + 0.5, 0).sum(axis=3)
    with np.errstate(invalid="ignore"):
        return points / known.sum(axis=3)


def _over_pairs(
    judged: Float[np.ndarray, "d m s e k t"], kind: Bool[np.ndarray, "d m 1 e k 1"]
) -> Float[np.ndarray, "s t"]:
    known = np.isfinite(judged) & kind
    with np.errstate(invalid="ignore"):
        return np.where(known, judged, 0).sum(axis=(0, 1, 3, 4)) / known.sum(axis=(0, 1, 3, 4))


def _mean_of_pairs(
    table: Float[np.ndarray, "s t"], counts: Int[np.ndarray, "r s"]
) -> Float[np.ndarray, " r"]:
    """The mean over pairs of different seeds, each as often as the resample holds it."""
    known = np.isfinite(table)
    total = ((counts @ np.where(known, table, 0)) * counts).sum(axis=1)
    number = ((counts @ known.astype(float)) * counts).sum(axis=1)
    return total / np.maximum(number, 1)
