"""One number a seed, out of any statistic of a study: the jackknife's pseudo-values.

Some statistics, such as a share of variance, compare seeds with each other, so no single seed has
one. But each seed has an influence: what the statistic loses without it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars
from jaxtyping import Float
from numpy.typing import ArrayLike

LEAST_SEEDS = 3


def one_a_seed(
    statistic: Callable[[polars.DataFrame], ArrayLike], frame: polars.DataFrame
) -> Float[np.ndarray, "seeds ..."]:
    """θ + (n − 1)(θ − θ₋ₖ) of each seed k, where θ₋ₖ is the statistic of all models but seed k's.

    Their mean is θ less the part of its bias that falls as 1/n, and their t interval is the
    jackknife's (Tukey, 1958): good for smooth statistics, such as shares, probabilities and
    correlations; wrong for medians and extremes.

    Parameters
    ----------
    statistic : a table → a number, or an array of numbers.
    frame : one row a model, with `seed`; a seed is left out with all of its models.

    Returns
    -------
    One row a seed, in their order.

    Raises
    ------
    ValueError : fewer than 3 seeds.
    """
    seeds = frame["seed"].unique().sort()
    n = len(seeds)
    if n < LEAST_SEEDS:
        raise ValueError(f"the jackknife needs at least {LEAST_SEEDS} seeds, got {n}")
    theta = np.asarray(statistic(frame), dtype=float)
    without = [statistic(frame.filter(polars.col("seed") != seed)) for seed in seeds]
    return theta + (n - 1) * (theta - np.array(without, dtype=float))
