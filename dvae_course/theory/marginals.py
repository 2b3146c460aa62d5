"""One coordinate's way to the standard Gaussian and back, h = Φ⁻¹(F(u)), exact in both tails.

F(u) rounds to 1 some eight standard deviations out, and has lost most of its digits long before.
So the upper half goes through the logarithm of 1 − F, as the lower half goes through log F.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.special import ndtr, ndtri_exp

LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
REACH = 25.0  # Φ(−25) is 3e-138; SciPy's quantiles of Student's t go wrong a little further out
NEEDED = ("logpdf", "logcdf", "logsf", "ppf", "isf", "support")
Column = Float64[np.ndarray, " n"]


@dataclass(frozen=True)
class Marginal:
    """The law of one latent coordinate, continuous with a positive density on its support.

    Attributes
    ----------
    law : a frozen distribution of `scipy.stats`, for example `stats.laplace()`, or any object
        with its methods logpdf, logcdf, logsf, ppf, isf and support, such as `NormalMixture`.
    name : what errors call it.

    Raises
    ------
    ValueError : a discrete law, which has atoms; a law with invalid or several parameters.
    TypeError : what is no law, and a family of laws whose parameters are not given.
    """

    law: Any
    name: str = "the marginal"

    def __post_init__(self) -> None:
        _check_law(self.law, self.name)

    @property
    def support(self) -> tuple[float, float]:
        """The ends of the support; points must lie strictly between."""
        low, high = self.law.support()
        return float(low), float(high)

    def to_normal(self, u: Column) -> Column:
        """h = Φ⁻¹(F(u)): standard Gaussian if u has this law.

        Raises `ValueError` for points on the boundary of the support or outside, where h is
        infinite or undefined, and for points so far out that their tail probability is no float.
        """
        low, high = self.support
        outside = ~((u > low) & (u < high))
        if outside.any():
            raise ValueError(
                f"{self.name} has the open support ({low:g}, {high:g}), but {outside.sum()} of "
                f"{len(u)} values lie outside, such as {u[outside][0]:g}; Φ⁻¹(F(u)) is finite "
                "inside only"
            )
        log_below, log_above = self.law.logcdf(u), self.law.logsf(u)
        h = ndtri_exp(np.minimum(log_below, log_above))
        if not np.isfinite(h).all():
            worst = u[~np.isfinite(h)][0]
            raise ValueError(f"{self.name}: the tail probability of {worst:g} rounds to 0")
        return np.where(log_below < log_above, h, -h)

    def from_normal(self, h: Column) -> Column:
        """u = F⁻¹(Φ(h)), this law if h is standard Gaussian.

        Where u would round to the end of the support, it is the last float inside. Raises
        `ValueError` beyond `REACH` standard deviations.
        """
        if not (np.abs(h) <= REACH).all():
            raise ValueError(
                f"{self.name}: {np.abs(h).max():g} standard deviations out in Gaussian space, the "
                f"quantiles are not accurate any more; keep within {REACH:g}"
            )
        tail = ndtr(-np.abs(h))
        lower = h < 0
        u = np.empty(h.shape)
        u[lower], u[~lower] = self.law.ppf(tail[lower]), self.law.isf(tail[~lower])
        low, high = self.support
        return np.clip(u, np.nextafter(low, high), np.nextafter(high, low))

    def log_slope(self, u: Column, h: Column) -> Column:
        """log dh/du = log p(u) − log φ(h), at h = Φ⁻¹(F(u))."""
        return self.law.logpdf(u) + 0.5 * h**2 + LOG_SQRT_2PI


def _check_law(law: Any, name: str) -> None:
    if isinstance(getattr(law, "dist", law), stats.rv_discrete):
        raise ValueError(
            f"{name} is discrete: its distribution function F jumps at each atom, so that u cannot "
            "be had back from F(u), and the theorem says nothing of such factors. Give the "
            "generator a uniform latent that its decoder cuts into bins "
            "(theory.two_generators.spread_in_bins)"
        )
    if isinstance(law, stats.rv_continuous):
        raise TypeError(
            f"{name} is a family of laws; call it with its parameters to get one law of it, as in "
            "scipy.stats.t(df=3) or scipy.stats.laplace()"
        )
    missing = [method for method in NEEDED if not hasattr(law, method)]
    if missing:
        raise TypeError(
            f"{name} must be a frozen scipy.stats distribution or have its methods "
            f"{', '.join(NEEDED)}; {type(law).__name__} lacks {', '.join(missing)}"
        )
    low, high = law.support()
    if np.ndim(low) or not low < high:
        raise ValueError(
            f"{name} must be the law of one number, with valid parameters, but its support is from "
            f"{low} to {high}; several coordinates are several marginals"
        )
