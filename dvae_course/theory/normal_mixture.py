"""A mixture of Gaussians on the line, with the tails and quantiles that SciPy gives its own laws.

Its distribution function has no inverse in closed form, so the quantile is a root.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import log_ndtr

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
TABLE = np.linspace(-38, 38, 1901)
NEWTON_STEPS = 5
Numbers = Sequence[float] | Float[np.ndarray, " K"]
Values = Float[np.ndarray, "*shape"] | np.float64


class NormalMixture:
    """Σ_k w_k N(m_k, s_k²) in one variable; the methods are named as in `scipy.stats`.

    Parameters
    ----------
    means : the m_k, one a component.
    scales : the standard deviations s_k, positive.
    weights : the w_k, positive, adding up to 1; equal by default.

    Raises `ValueError` for parameters that are no mixture.
    """

    def __init__(
        self,
        means: Numbers,
        scales: Numbers,
        weights: Numbers | None = None,
    ):
        self.means = np.asarray(means, dtype=np.float64)
        self.scales = np.asarray(scales, dtype=np.float64)
        equal = np.full(len(self.means), 1 / max(len(self.means), 1))
        self.weights = equal if weights is None else np.asarray(weights, dtype=np.float64)
        self._check()

    def _check(self) -> None:
        sizes = [len(a) for a in (self.means, self.scales, self.weights)]
        if min(sizes) < 1 or len(set(sizes)) > 1:
            raise ValueError(
                "means, scales and weights must have one number a component, got "
                f"{sizes[0]}, {sizes[1]} and {sizes[2]} numbers"
            )
        if not (np.isfinite(self.means).all() and np.isfinite(self.scales).all()):
            raise ValueError(
                f"means and scales must be finite, got {self.means.tolist()} and "
                f"{self.scales.tolist()}"
            )
        if not (self.scales > 0).all():
            raise ValueError(
                f"scales (standard deviations) must be positive, got {self.scales.tolist()}: a "
                "component of scale 0 is an atom"
            )
        if not ((self.weights > 0).all() and abs(self.weights.sum() - 1) < 1e-12):
            raise ValueError(
                f"weights must be positive and add up to 1, got {self.weights.tolist()} (sum "
                f"{self.weights.sum():g}); divide them by their sum"
            )

    def support(self) -> tuple[float, float]:
        """(−∞, ∞)."""
        return -math.inf, math.inf

    def logpdf(self, u: ArrayLike) -> Values:
        """log Σ_k w_k N(u; m_k, s_k²)."""
        x = self._standardised(u)
        log_normal = -0.5 * x**2 - np.log(self.scales) - HALF_LOG_2PI
        return np.logaddexp.reduce(np.log(self.weights) + log_normal, axis=-1)

    def logcdf(self, u: ArrayLike) -> Values:
        """log F(u), to relative precision in the lower tail."""
        return np.logaddexp.reduce(np.log(self.weights) + log_ndtr(self._standardised(u)), axis=-1)

    def logsf(self, u: ArrayLike) -> Values:
        """log (1 − F(u)), to relative precision in the upper tail."""
        return np.logaddexp.reduce(np.log(self.weights) + log_ndtr(-self._standardised(u)), axis=-1)

    def cdf(self, u: ArrayLike) -> Values:
        """F(u)."""
        return np.exp(self.logcdf(u))

    def ppf(self, p: ArrayLike) -> Values:
        """F⁻¹(p): the root of log F(u) = log p, by Newton's method inside one cell of a table.

        A cell is 1/25 of a standard deviation of the narrowest component near, so that log F is
        almost a line on it. Raises `ValueError` for p outside the open interval (0, 1).
        """
        p = np.asarray(p, dtype=np.float64)
        if not ((p > 0) & (p < 1)).all():
            raise ValueError(f"p must be in (0, 1), got {p.min():g} to {p.max():g}")
        log_p = np.log(p)
        grid = np.unique(self.means[:, None] + self.scales[:, None] * TABLE)
        cell = np.searchsorted(self.logcdf(grid), log_p).clip(1, len(grid) - 1)
        low, high = grid[cell - 1], grid[cell]
        u = 0.5 * (low + high)
        for _ in range(NEWTON_STEPS):
            log_cdf = self.logcdf(u)
            step = (log_cdf - log_p) * np.exp(log_cdf - self.logpdf(u))
            u = np.clip(u - step, low, high)
        return u

    def isf(self, p: ArrayLike) -> Values:
        """The u with 1 − F(u) = p: the quantile of the mirror image, mirrored."""
        return -NormalMixture(-self.means, self.scales, self.weights).ppf(p)

    def rvs(self, size: int, random_state: np.random.Generator) -> Float[np.ndarray, " size"]:
        """`size` independent draws: a component by its weight, then its Gaussian."""
        k = random_state.choice(len(self.means), size, p=self.weights)
        return random_state.normal(self.means[k], self.scales[k])

    def _standardised(self, u: ArrayLike) -> Float[np.ndarray, "*shape K"]:
        return (np.asarray(u, dtype=np.float64)[..., None] - self.means) / self.scales
