"""The aggregate posterior q(z) = mean_i q(z|x_i), its decomposition and its distances, by loops.

`z`, `mu` and `scale` are arrays of shape (n, D): one diagonal Gaussian a row, z its sample.
"""

import math
from collections.abc import Callable

import numpy as np

from oracles.gaussian_formulas import log_scalar_normal

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def log_sum_exp(values: list[float]) -> float:
    top = max(values)
    return top + math.log(math.fsum(math.exp(v - top) for v in values))


def pairwise(z: np.ndarray, mu: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """l[j, i, d] = log N(z_jd; mu_id, scale_id²)."""
    table = np.empty((len(z), *mu.shape))
    for j in range(len(z)):
        for i, d in np.ndindex(*mu.shape):
            table[j, i, d] = log_scalar_normal(z[j, d], mu[i, d], scale[i, d])
    return table


def weighted(table: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log q(z_j) and log q(z_jd) for weights[j, i] of density i in the estimate at z_j."""
    n, m, dim = table.shape
    log_w = np.log(weights)
    joint = [
        log_sum_exp([log_w[j, i] + math.fsum(table[j, i]) for i in range(m)]) for j in range(n)
    ]
    marginal = [
        [log_sum_exp([log_w[j, i] + table[j, i, d] for i in range(m)]) for d in range(dim)]
        for j in range(n)
    ]
    return np.array(joint), np.array(marginal)


def plain_weights(batch: int) -> np.ndarray:
    """The batch as if it were all the data: 1/B everywhere."""
    return np.full((batch, batch), 1 / batch)


def mws_weights(batch: int, n_data: int) -> np.ndarray:
    """Minibatch weighted sampling: 1/(B N) everywhere."""
    return np.full((batch, batch), 1 / (batch * n_data))


def mss_weights(batch: int, n_data: int) -> np.ndarray:
    """Stratified sampling (Chen et al. 2018, appendix C), M = B − 1: 1/N for the row's own sample,
    (N−M)/(N M) for one other, 1/M for the rest."""
    m = batch - 1
    weights = np.empty((batch, batch))
    for j in range(batch):
        for i in range(batch):
            weights[j, i] = 1 / m
        weights[j, j] = 1 / n_data
        weights[j, (j + 1) % batch] = (n_data - m) / (n_data * m)
    return weights


def mss_weights_as_published(batch: int, n_data: int) -> np.ndarray:
    """The mistake of five libraries: the special weights run down two columns, and one row sums to
    more than 1, because a flat view is walked with stride B where it needs B + 1."""
    m = batch - 1
    flat = np.full(batch * batch, 1 / m)
    flat[:: m + 1] = 1 / n_data
    flat[1 :: m + 1] = (n_data - m) / (n_data * m)
    weights = flat.reshape(batch, batch)
    weights[m - 1, 0] = (n_data - m) / (n_data * m)
    return weights


def decomposition(
    z: np.ndarray,
    mu: np.ndarray,
    scale: np.ndarray,
    weights: np.ndarray,
    log_prior: Callable[[float], float],
) -> dict[str, float]:
    """Sample estimates of KL = mutual information + total correlation + dimension-wise KL."""
    table = pairwise(z, mu, scale)
    joint, marginal = weighted(table, weights)
    own = np.array([table[j, j].sum() for j in range(len(z))])
    prior = np.array([[log_prior(value) for value in row] for row in z])
    return {
        "kl": float(np.mean(own - prior.sum(1))),
        "mutual_information": float(np.mean(own - joint)),
        "total_correlation": float(np.mean(joint - marginal.sum(1))),
        "dimension_wise_kl": float(np.mean((marginal - prior).sum(1))),
    }


def log_aggregate(points: np.ndarray, mu: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """log q(z) at each point: logmeanexp over all the posteriors."""
    result = []
    for point in points:
        logs = [
            math.fsum(log_scalar_normal(point[d], m[d], s[d]) for d in range(len(point)))
            for m, s in zip(mu, scale, strict=True)
        ]
        result.append(log_sum_exp(logs) - math.log(len(mu)))
    return np.array(result)


def mmd(a: np.ndarray, b: np.ndarray, kernel: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """Squared MMD: U-statistics within each sample, a V-statistic across."""
    n, m = len(a), len(b)
    within_a = math.fsum(kernel(a[i], a[j]) for i in range(n) for j in range(n) if i != j)
    within_b = math.fsum(kernel(b[i], b[j]) for i in range(m) for j in range(m) if i != j)
    across = math.fsum(kernel(a[i], b[j]) for i in range(n) for j in range(m))
    return within_a / (n * (n - 1)) + within_b / (m * (m - 1)) - 2 * across / (n * m)


def inverse_multiquadratic(c: float) -> Callable[[np.ndarray, np.ndarray], float]:
    """k(a, b) = C / (C + ‖a − b‖²)."""
    return lambda a, b: c / (c + math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def mmd_per_dimension(a: np.ndarray, b: np.ndarray) -> float:
    """Each latent by itself, C = 2 s for each scale s, all summed."""
    return math.fsum(
        mmd(a[:, [d]], b[:, [d]], inverse_multiquadratic(2 * s))
        for d in range(a.shape[1])
        for s in SCALES
    )
