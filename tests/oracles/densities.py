"""Densities in mpmath, one number at a time, and integrals of their powers by quadrature."""

from collections.abc import Callable, Sequence

import mpmath as mp
import numpy as np

Density = Callable[[mp.mpf], mp.mpf]


def normal(mean: float, scale: float) -> Density:
    return lambda z: mp.npdf(z, mp.mpf(mean), mp.mpf(scale))


def student_t(nu: float) -> Density:
    nu = mp.mpf(nu)
    norm = mp.gamma((nu + 1) / 2) / (mp.sqrt(nu * mp.pi) * mp.gamma(nu / 2))
    return lambda z: norm * (1 + z**2 / nu) ** (-(nu + 1) / 2)


def mixed(weights: Sequence[float], parts: Sequence[Density]) -> Density:
    pairs = list(zip(map(mp.mpf, weights), parts, strict=True))
    return lambda z: mp.fsum(w * part(z) for w, part in pairs)


def log_product(factors: Sequence[Density], z: Sequence[float]) -> float:
    """log Π_d p_d(z_d)."""
    return float(mp.fsum(mp.log(p(mp.mpf(float(v)))) for p, v in zip(factors, z, strict=True)))


def log_power_integral(density: Density, beta: float, cuts: Sequence[float] = (0,)) -> float:
    """log ∫ p(z)^β dz over the line, cut where the density bends."""
    points = [-mp.inf, *map(mp.mpf, cuts), mp.inf]
    return float(mp.log(mp.quad(lambda z: density(z) ** mp.mpf(beta), points)))


def log_mixture(
    z: np.ndarray, means: np.ndarray, scales: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """log Σ_k w_k Π_d N(z_d; m_kd, s_kd²) of every row of z, by loops over rows and components."""
    result = np.empty(len(z))
    for i, row in enumerate(z):
        total = mp.mpf(0)
        for m, s, w in zip(means, scales, weights, strict=True):
            part = mp.mpf(float(w))
            for value, mean, scale in zip(row, m, s, strict=True):
                part *= mp.npdf(mp.mpf(float(value)), mp.mpf(float(mean)), mp.mpf(float(scale)))
            total += part
        result[i] = float(mp.log(total))
    return result


def grid(low: float, high: float, n: int, dim: int) -> tuple[np.ndarray, float]:
    """The points of a square grid and the volume of one cell (trapezoids, nothing at the rim)."""
    axis, step = np.linspace(low, high, n, retstep=True)
    points = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), -1).reshape(-1, dim)
    return points, step**dim
