"""Reconstruction terms and penalties of the objectives, by loops over samples and dimensions."""

import math

import numpy as np


def bernoulli_reconstruction(logits: np.ndarray, x: np.ndarray) -> float:
    """−[x log σ(l) + (1−x) log(1−σ(l))], summed over pixels, averaged over the batch."""
    total = 0.0
    for row_l, row_x in zip(logits.reshape(len(x), -1), x.reshape(len(x), -1), strict=True):
        for logit, target in zip(row_l, row_x, strict=True):
            p = 1 / (1 + math.exp(-logit))
            total -= target * math.log(p) + (1 - target) * math.log(1 - p)
    return total / len(x)


def covariance(mu: np.ndarray) -> np.ndarray:
    """(1/B) Σ_i (mu_i − m)(mu_i − m)ᵀ: the biased covariance, entry by entry."""
    batch, dim = mu.shape
    mean = [math.fsum(mu[:, d]) / batch for d in range(dim)]
    result = np.empty((dim, dim))
    for a, b in np.ndindex(dim, dim):
        products = ((mu[i, a] - mean[a]) * (mu[i, b] - mean[b]) for i in range(batch))
        result[a, b] = math.fsum(products) / batch
    return result


def dip_covariance(mu: np.ndarray, log_var: np.ndarray, kind: str) -> np.ndarray:
    """I: Cov_x[mu(x)]. II: Cov_x[mu(x)] + E_x[diag σ²(x)]."""
    result = covariance(mu)
    if kind == "II":
        for d in range(mu.shape[1]):
            result[d, d] += math.fsum(math.exp(v) for v in log_var[:, d]) / len(mu)
    return result


def dip_ii_covariance_as_published(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """The mistake of three libraries: the diagonal of the (B, D) matrix of variances is *taken*,
    where a diagonal matrix was to be built of each row; one number is added to every entry."""
    return covariance(mu) + np.diag(np.exp(log_var)).mean()


def dip_penalty(cov: np.ndarray, lambda_od: float, lambda_d: float) -> tuple[float, float]:
    """λ_od Σ_{i≠j} C_ij² and λ_d Σ_i (C_ii − 1)²."""
    dim = len(cov)
    off = math.fsum(cov[i, j] ** 2 for i in range(dim) for j in range(dim) if i != j)
    on = math.fsum((cov[i, i] - 1) ** 2 for i in range(dim))
    return lambda_od * off, lambda_d * on


def standard_normal_kl(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """½ Σ_d (mu² + σ² − log σ² − 1) of every row."""
    rows = []
    for m_row, v_row in zip(mu, log_var, strict=True):
        terms = (m * m + math.exp(v) - v - 1 for m, v in zip(m_row, v_row, strict=True))
        rows.append(0.5 * math.fsum(terms))
    return np.array(rows)


def capacity_penalty(kl_rows: np.ndarray, gamma: float, capacity: float) -> float:
    """γ |mean KL − C|."""
    return gamma * abs(math.fsum(kl_rows) / len(kl_rows) - capacity)


def capacity_penalty_per_sample(kl_rows: np.ndarray, gamma: float, capacity: float) -> float:
    """The other objective that goes by the same name in one library: γ mean |KL − C|."""
    return gamma * math.fsum(abs(k - capacity) for k in kl_rows) / len(kl_rows)
