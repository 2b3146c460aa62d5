"""Where a heavy-tailed prior pushes independent factors: to the axes, or away from them.

Turn two independent factors with one symmetric law of variance 1 by θ. Excess kurtosis, which adds
up as fourth cumulants do, is κ(θ) = κ (1 − ½ sin² 2θ) for both coordinates: mixing makes them more
Gaussian (the idea of independent component analysis, Comon 1994). A Student-t prior rewards
kurtosis:

    E log p(z_θ) − E log p(z_0) = −κ sin²(2θ) / (4ν) + O(ν⁻²)   for two coordinates.

So for sub-Gaussian factors (κ < 0), such as uniform ones, it is largest at 45°.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from dvae_course.randomness import generator

NODES = 64


@dataclass(frozen=True)
class Factor:
    """The law of one factor: mean 0, variance 1, symmetric.

    Attributes
    ----------
    name : "uniform" or "Laplace".
    kurtosis : its excess kurtosis κ; 0 for a Gaussian.
    nodes, weights : a quadrature rule: E f = Σ weights f(nodes).
    """

    name: str
    kurtosis: float
    nodes: Float[np.ndarray, " nodes"]
    weights: Float[np.ndarray, " nodes"]


def uniform() -> Factor:
    """Uniform on [−√3, √3], as the factors of a grid are, nearly: κ = −6/5."""
    nodes, weights = special.roots_legendre(NODES)
    return Factor("uniform", -1.2, math.sqrt(3) * nodes, weights / 2)


def laplace() -> Factor:
    """Density exp(−√2 |s|)/√2: κ = 3."""
    nodes, weights = special.roots_laguerre(NODES)
    both = np.concatenate([-nodes[::-1], nodes]) / math.sqrt(2)
    return Factor("Laplace", 3.0, both, np.concatenate([weights[::-1], weights]) / 2)


def sample(factor: Factor, n: int, seed: int) -> Float[np.ndarray, "n 2"]:
    """`n` draws of two independent factors with this law."""
    stream = generator(seed, "factors")
    if factor.name == "uniform":
        return stream.uniform(-math.sqrt(3), math.sqrt(3), (n, 2))
    return stream.laplace(scale=1 / math.sqrt(2), size=(n, 2))


def kurtosis_after(angle: float, kurtosis: float) -> float:
    """κ (cos⁴ θ + sin⁴ θ) = κ (1 − ½ sin² 2θ): of either coordinate, turned by `angle` radians."""
    return kurtosis * (1 - 0.5 * math.sin(2 * angle) ** 2)


def expected_log_prior(factor: Factor, nu: float, angle: float) -> float:
    """max over c of E[Σ_i log t_ν(z_i/c) − log c], z two such factors turned by `angle` radians.

    The scale c is free because a latent's units are: a decoder undoes them. ν may be infinite (the
    Gaussian, for which no angle matters). In nats; `ValueError` for ν ≤ 0.
    """
    if not nu > 0:
        raise ValueError(f"nu must be positive (math.inf for the Gaussian), got {nu}")
    turned = math.cos(angle) * factor.nodes[:, None] - math.sin(angle) * factor.nodes
    weights = factor.weights[:, None] * factor.weights

    def loss(log_scale: float) -> float:
        z = turned * math.exp(-log_scale)
        return -2 * float((weights * (_log_t(z, nu) - log_scale)).sum())

    return -optimize.minimize_scalar(loss, bounds=(-4, 4), options={"xatol": 1e-9}).fun


def gains(
    factor: Factor, nu: float, degrees: Float[np.ndarray, " angles"]
) -> Float[np.ndarray, " angles"]:
    """`expected_log_prior` at each angle, in degrees, less that at 0."""
    values = [expected_log_prior(factor, nu, angle) for angle in np.radians(degrees).tolist()]
    return np.array(values) - expected_log_prior(factor, nu, 0.0)


def _log_t(z: np.ndarray, nu: float) -> np.ndarray:
    """log of Student's t density, or of the Gaussian's for ν = ∞."""
    if math.isinf(nu):
        return -0.5 * (z**2 + math.log(2 * math.pi))
    peak = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * math.log(nu * math.pi)
    return peak - 0.5 * (nu + 1) * np.log1p(z**2 / nu)
