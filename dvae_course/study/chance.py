"""The largest correlation that chance alone gives, in a table of scores with nothing in common.

A table of 24 correlations is looked at as a whole, and its largest entry is noticed first. So the
yardstick is the largest entry of the same table after the models have been shuffled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Float, Int
from scipy.stats import rankdata

from dvae_course.metrics.suite import SIX
from dvae_course.randomness import generator
from dvae_course.study.agreement import Correlations, ranked_values

_BLOCK = 250


@dataclass(frozen=True, eq=False)
class Chance:
    """The largest |correlation × 100| of a table, in each shuffle."""

    largest: Float[np.ndarray, " permutations"]

    @property
    def expected(self) -> float:
        """Its mean: what to expect of the largest entry where there is nothing."""
        return float(self.largest.mean())

    def critical(self, level: float = 0.95) -> float:
        """What the largest entry exceeds in 1 − `level` of the shuffles."""
        return float(np.quantile(self.largest, level))

    def p(self, correlations: Correlations) -> Float[np.ndarray, "rows columns"]:
        """Each entry's p-value, adjusted for having looked at all (Westfall and Young, 1993)."""
        exceeded = self.largest[:, None, None] >= np.abs(correlations.values) - 1e-9
        return (1 + exceeded.sum(axis=0)) / (1 + len(self.largest))


def by_chance(
    frame: polars.DataFrame,
    scores: Sequence[str],
    against: Sequence[str] = SIX,
    within_settings: bool = False,
    permutations: int = 2000,
    seed: int = 0,
) -> Chance:
    """The table of `rank_correlations` with the same arguments, its `scores` shuffled over models.

    All `scores` are shuffled together and `against` stays, so both keep their own correlations.
    With `within_settings` models change places within their setting only.

    Raises
    ------
    ValueError : a column on both sides, and what `rank_correlations` refuses.
    """
    both = [name for name in scores if name in against]
    if both:
        raise ValueError(f"{', '.join(both)} stands in both rows and columns; leave one out")
    models, values, _ = ranked_values(frame, scores, against, within_settings)
    ranks = rankdata(values, axis=0)
    standard = (ranks - ranks.mean(0)) / ranks.std(0) / np.sqrt(len(ranks))
    shuffled, fixed = standard[:, : len(scores)], standard[:, len(scores) :]
    groups = models.settings if within_settings else np.zeros(len(values), dtype=np.int64)
    rng, largest = generator(seed, "shuffled models"), []
    for start in range(0, permutations, _BLOCK):
        orders = shuffles(groups, min(_BLOCK, permutations - start), rng)
        tables = np.swapaxes(shuffled[orders], 1, 2) @ fixed
        largest.append(100 * np.abs(tables).max(axis=(1, 2)))
    return Chance(np.concatenate(largest))


def shuffles(
    groups: Int[np.ndarray, " models"], n: int, rng: np.random.Generator
) -> Int[np.ndarray, "n models"]:
    """Random orders of the models in which each keeps to its group; models are sorted by group."""
    return np.argsort(groups + rng.random((n, len(groups))), axis=1)
