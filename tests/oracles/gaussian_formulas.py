"""Gaussian formulas in NumPy, one Gaussian at a time, by inverses and determinants."""

import math

import numpy as np


def log_density(z: np.ndarray, mu: np.ndarray, S: np.ndarray) -> float:
    """log N(z; mu, S)."""
    d = z - mu
    return -0.5 * (
        len(z) * math.log(2 * math.pi) + math.log(np.linalg.det(S)) + d @ np.linalg.inv(S) @ d
    )


def kl(mu_q: np.ndarray, S_q: np.ndarray, mu_p: np.ndarray, S_p: np.ndarray) -> float:
    """½ [tr(S_p⁻¹ S_q) + (mu_p − mu_q)ᵀ S_p⁻¹ (mu_p − mu_q) − D + log det S_p / det S_q]."""
    inverse, d = np.linalg.inv(S_p), mu_p - mu_q
    log_ratio = math.log(np.linalg.det(S_p) / np.linalg.det(S_q))
    return 0.5 * (np.trace(inverse @ S_q) + d @ inverse @ d - len(mu_q) + log_ratio)


def entropy(S: np.ndarray) -> float:
    """½ log det(2πe S)."""
    return 0.5 * math.log(np.linalg.det(2 * math.pi * math.e * S))


def rotation(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


def log_scalar_normal(x: float, mean: float, scale: float) -> float:
    return -0.5 * math.log(2 * math.pi) - math.log(scale) - 0.5 * ((x - mean) / scale) ** 2
