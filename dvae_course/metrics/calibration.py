"""Scores between what the same estimator says of noise and of a perfect code.

A raw score means nothing alone: MIG's ceiling is 0.9 on dSprites and 0.8 on Cars3D, and Modularity
gives a code that knows nothing 0.65 to 0.99. On the calibrated scale noise is 0 and perfect is 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.randomness import generator


@dataclass(frozen=True)
class Calibrated:
    """A raw score, and where it lies between noise (0) and a perfect code (1).

    Attributes
    ----------
    value : (raw − floor) / (ceiling − floor); beyond 0 and 1 by sampling error.
    floors, ceilings : the estimates of noise and of a perfect code, one a seed.
    """

    metric: str
    raw: float
    floors: tuple[float, ...]
    ceilings: tuple[float, ...]

    @property
    def floor(self) -> float:
        """The mean estimate of noise."""
        return float(np.mean(self.floors))

    @property
    def ceiling(self) -> float:
        """The mean estimate of a perfect code."""
        return float(np.mean(self.ceilings))

    @property
    def value(self) -> float:
        """The calibrated score."""
        return (self.raw - self.floor) / (self.ceiling - self.floor)


def calibrated(score: Score, repeats: int = 3) -> Calibrated:
    """Where a score lies between noise and a perfect code of the same factors.

    Both are scored by the estimator that made the score, with its parameters, `repeats` times with
    different seeds; the results are kept for the next score of the kind. Noise has as many codes as
    what was scored has live ones.

    Raises
    ------
    ValueError : a score for which there is no perfect code, and an estimator that cannot tell a
        perfect code from noise.
    """
    if score.recipe is None:
        raise ValueError(
            "this score says nothing about factors, so it has no perfect code to compare with; "
            "calibrated takes the scores of metrics that compare codes with factors"
        )
    floors, ceilings = _bounds(_Key(score.recipe), repeats)
    result = Calibrated(score.recipe.metric, score.value, floors, ceilings)
    if result.ceiling - result.floor <= np.ptp(floors) + np.ptp(ceilings):
        raise ValueError(
            f"{score.recipe.metric} gives noise {min(floors):.3f} to {max(floors):.3f} and a "
            f"perfect code {min(ceilings):.3f} to {max(ceilings):.3f}: it cannot tell them apart "
            "with these parameters; draw more data points"
        )
    return result


def perfect(factor_sizes: tuple[int, ...]) -> Representation:
    """Each factor in a code of its own, with mean 0 and variance 1 over its values."""
    sizes = np.array(factor_sizes)
    centre, scale = (sizes - 1) / 2, np.sqrt((sizes**2 - 1) / 12)
    return Representation(factor_sizes, lambda factors: (factors - centre) / scale)


def noise(factor_sizes: tuple[int, ...], n_codes: int, seed: int = 0) -> Representation:
    """Codes drawn from N(0, I) anew at each call: they know nothing of the factors."""
    rng = generator(seed, "noise codes")

    def encode(factors: Int[np.ndarray, "n factors"]) -> Float[np.ndarray, "n codes"]:
        return rng.standard_normal((len(factors), n_codes))

    return Representation(factor_sizes, encode)


class _Key:
    """A recipe that equals another one with the same estimator, parameters, factors and codes."""

    def __init__(self, recipe: Recipe):
        parameters = tuple(sorted(recipe.estimate.keywords.items()))
        codes = max(1, recipe.n_codes)
        self.sizes, self.n_codes, self.estimate = recipe.factor_sizes, codes, recipe.estimate
        self._identity = (recipe.estimate.func, parameters, self.sizes, codes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)


@lru_cache(maxsize=256)
def _bounds(key: _Key, repeats: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    def values(make: Callable[[int], Representation]) -> tuple[float, ...]:
        return tuple(key.estimate(make(seed), seed=seed).value for seed in range(repeats))

    floors = values(lambda seed: noise(key.sizes, key.n_codes, seed))
    return floors, values(lambda seed: perfect(key.sizes))
