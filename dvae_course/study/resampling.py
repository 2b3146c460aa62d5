"""Which models another round of training might have given: the bootstrap over seeds.

The settings are fixed by design; chance enters through the seeds. So a resample keeps every setting
and draws its models anew, with replacement, among its own. A resample is stored as counts: how
often it holds each model. Statistics are computed from counts for all resamples at once.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from dvae_course.randomness import generator

UNITS = ("setting", "seed")


def seed_counts(
    settings: Int[np.ndarray, " models"],
    seeds: Int[np.ndarray, " models"],
    resamples: int = 2000,
    unit: str = "setting",
    seed: int = 0,
) -> Int[np.ndarray, "resamples models"]:
    """How often each resample holds each model.

    Parameters
    ----------
    settings, seeds : of each model.
    unit : "setting" draws the seeds of each setting on their own. "seed" draws seeds once for all
        settings, a seed with all of its models: for models that share, with their seed, the
        initial weights or the data's order, and may therefore be alike across settings.

    Raises
    ------
    ValueError : an unknown unit, fewer than 100 resamples (no 95 % interval can be read off them).
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}; got {unit!r}")
    if resamples < 100:
        raise ValueError(f"resamples must be at least 100, got {resamples}; 2,000 are usual")
    rng = generator(seed, "bootstrap over seeds")
    if unit == "seed":
        labels, of_model = np.unique(seeds, return_inverse=True)
        return _draw(rng, len(labels), resamples)[:, of_model]
    counts = np.empty((resamples, len(settings)), dtype=np.int64)
    for setting in np.unique(settings):
        models = np.flatnonzero(settings == setting)
        counts[:, models] = _draw(rng, len(models), resamples)
    return counts


def _draw(rng: np.random.Generator, n: int, resamples: int) -> Int[np.ndarray, "resamples n"]:
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples)


def percentile_interval(
    resampled: Float[np.ndarray, "resamples ..."], level: float = 0.95
) -> tuple[Float[np.ndarray, "*_shape"], Float[np.ndarray, "*_shape"]]:
    """The middle `level` of the resampled statistics, as (low, high)."""
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return np.asarray(low), np.asarray(high)


def pivot_interval(
    estimate: Float[np.ndarray, "*_shape"],
    truth: Float[np.ndarray, "*_shape"],
    resampled: Float[np.ndarray, "resamples ..."],
    level: float = 0.95,
) -> tuple[Float[np.ndarray, "*_shape"], Float[np.ndarray, "*_shape"]]:
    """The estimate less its errors in the resamples, whose `truth` is known: (low, high).

    For statistics that noise pushes to one side, such as correlations of noisy means: resampling
    adds the same noise once more, so the resampled statistics themselves lie off the mark.
    """
    low_error, high_error = percentile_interval(resampled - truth, level)
    return estimate - high_error, estimate - low_error


def mean_interval(
    values: Float[np.ndarray, " n"],
    level: float = 0.95,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float, float]:
    """Mean of one number a seed, and the ends of its two-sided t interval, cut to `within`."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return mean, float("nan"), float("nan")
    half = stats.t.ppf((1 + level) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    return mean, float(max(mean - half, within[0])), float(min(mean + half, within[1]))
