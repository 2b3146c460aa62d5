"""How much of a score's variance do method, strength and seed explain?

A nested analysis of variance: strengths stand within methods, seeds within settings. With sums of
squares SS and MS_seed = SS_seed / (N − settings), Hays' ω² of a source with df degrees of freedom
is

    ω² = (SS − df · MS_seed) / (SS_total + MS_seed),

the share η² = SS / SS_total freed of what the seeds alone contribute to differences of means. The
seeds' own share is N · MS_seed / (SS_total + MS_seed), so method, strength and seed add up to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars
from jaxtyping import Float, Int

from dvae_course.metrics.suite import SIX
from dvae_course.study.resampling import pivot_interval, seed_counts
from dvae_course.study.tables import Models, complete

SOURCES = ("method", "strength", "setting", "seed")


def variance_explained(
    frame: polars.DataFrame,
    scores: Sequence[str] = SIX,
    unit: str = "setting",
    resamples: int = 2000,
    seed: int = 0,
) -> polars.DataFrame:
    """η² and ω² of method, of strength within method, of both together ("setting"), and of seeds.

    The intervals are of ω². Resampled means hold the seeds' noise twice, so an interval of
    resampled values would lie too high; these are pivots (`resampling.pivot_interval`) about the
    share in the resampled population, whose seeds' variance is made unbiased. Like ω² they may
    reach below 0.

    Parameters
    ----------
    frame : one row a model, of one data set (`tables.of`).
    scores : columns.
    unit, resamples, seed : of the bootstrap over seeds (`resampling.seed_counts`).

    Returns
    -------
    One row a score and source: `score`, `source`, `eta_squared`, `omega_squared`, `low`, `high`,
    `models`, `dropped`.

    Raises
    ------
    ValueError : a missing column, a score that is the same for all models, fewer than 2 methods, a
        setting with fewer than 2 complete models.
    """
    models = complete(frame, scores)
    values, nesting = models.values(scores), _Nesting.of(models)
    _check(values, scores, nesting)
    once = np.ones((1, len(values)), dtype=np.int64)
    eta, omega = (part[0] for part in nesting.shares(values, once))
    population, truth = nesting.population(values)
    counts = seed_counts(models.settings, models.seeds, resamples, unit, seed)
    low, high = pivot_interval(omega, truth, nesting.shares(population, counts)[1])
    columns = {"eta_squared": eta, "omega_squared": omega, "low": low, "high": high}
    return polars.DataFrame(
        {
            "score": np.repeat(list(scores), len(SOURCES)).tolist(),
            "source": list(SOURCES) * len(scores),
            **{name: array.T.ravel() for name, array in columns.items()},
        }
    ).with_columns(models=polars.lit(len(values)), dropped=polars.lit(models.dropped))


class _Nesting:
    """Models in settings in methods, all sorted: where each begins."""

    def __init__(self, settings: Int[np.ndarray, " models"], methods: Int[np.ndarray, " models"]):
        self.settings = settings
        self.starts = np.flatnonzero(np.diff(settings, prepend=-1))
        self.method_starts = np.flatnonzero(np.diff(methods[self.starts], prepend=-1))

    @classmethod
    def of(cls, models: Models) -> _Nesting:
        methods = models.frame["method"].rle_id().to_numpy().astype(np.int64)
        return cls(models.settings, methods)

    def shares(
        self, values: Float[np.ndarray, "models scores"], counts: Int[np.ndarray, "r models"]
    ) -> tuple[Float[np.ndarray, "r sources scores"], Float[np.ndarray, "r sources scores"]]:
        """η² and ω² of the four sources, in each resample."""
        total, setting, method = self._sums_of_squares(values, counts)
        n = counts.sum(axis=1)[:, None]
        filled = np.add.reduceat(counts, self.starts, axis=1) > 0
        cells = filled.sum(axis=1)[:, None]
        groups = np.logical_or.reduceat(filled, self.method_starts, axis=1).sum(axis=1)[:, None]
        ms_seed = (total - setting) / (n - cells)
        squares = np.stack([method, setting - method, setting, total - setting], axis=1)
        degrees = np.stack([groups - 1, cells - groups, cells - 1, -cells], axis=1)
        omega = (squares - degrees * ms_seed[:, None]) / (total + ms_seed)[:, None]
        return squares / total[:, None], omega

    def _sums_of_squares(self, values, counts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Total, between settings, and between methods, of centred values: each (r, scores)."""
        centred = values - values.mean(axis=0)
        sizes = np.add.reduceat(counts, self.starts, axis=1)
        sums = np.add.reduceat(counts[..., None] * centred, self.starts, axis=1)
        n, grand = counts.sum(axis=1)[:, None], sums.sum(axis=1)
        correction = grand**2 / n
        method_sizes = np.add.reduceat(sizes, self.method_starts, axis=1)
        method_sums = np.add.reduceat(sums, self.method_starts, axis=1)
        total = counts @ centred**2 - correction
        between = _square_over_size(sums, sizes) - correction
        return total, between, _square_over_size(method_sums, method_sizes) - correction

    def population(
        self, values: Float[np.ndarray, "models scores"]
    ) -> tuple[Float[np.ndarray, "models scores"], Float[np.ndarray, "sources scores"]]:
        """What the bootstrap draws from, and the sources' true shares in it.

        Deviations from a setting's mean are stretched by √(n/(n − 1)): their mean square is then
        the unbiased variance.
        """
        sizes = np.bincount(self.settings)[:, None]
        means = (np.add.reduceat(values, self.starts, axis=0) / sizes)[self.settings]
        stretch = np.sqrt(sizes / (sizes - 1))[self.settings]
        population = means + stretch * (values - means)
        once = np.ones((1, len(values)), dtype=np.int64)
        total, setting, method = (part[0] for part in self._sums_of_squares(population, once))
        return population, np.stack([method, setting - method, setting, total - setting]) / total


def _square_over_size(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return (sums**2 / np.maximum(sizes, 1)[..., None]).sum(axis=1)


def _check(values: np.ndarray, scores: Sequence[str], nesting: _Nesting) -> None:
    flat = [name for name, column in zip(scores, values.T, strict=True) if np.ptp(column) == 0]
    if flat:
        raise ValueError(f"{', '.join(flat)} does not vary, so there is nothing to explain")
    if len(nesting.method_starts) < 2:
        raise ValueError("variance explained by the method needs at least 2 methods, got 1")
