"""What every metric returns: one number, the tables behind it, and how to estimate it again.

A score alone hides how it came about; the tables let a chapter show it and a test recompute it. The
recipe lets `calibrated` ask what the same estimator says of noise and of a perfect code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dvae_course.metrics.representation import Representation


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a score was estimated.

    Attributes
    ----------
    metric : the public metric's name.
    estimate : the same estimate, with the same parameters, of another representation.
    factor_sizes, n_codes : the factors and the number of live codes of what was scored.
    """

    metric: str
    estimate: Callable[[Representation], Score]
    factor_sizes: tuple[int, ...]
    n_codes: int


@dataclass(frozen=True, eq=False)
class Score:
    """A metric's value and, by name, the arrays behind it.

    `recipe` is None where there is neither a perfect code nor a floor of noise to compare with.
    """

    value: float
    tables: Mapping[str, np.ndarray]
    recipe: Recipe | None = None
