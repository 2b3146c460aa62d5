"""MIG, Modularity and the three dependence scores written out, with one scikit-learn call a pair.

Slow and plain on purpose: a column is binned by `numpy.histogram`, each pair goes through
`sklearn.metrics.mutual_info_score`, and a matrix root is `scipy.linalg.sqrtm`. The benchmark times
them as the straightforward way.
"""

import numpy as np
from scipy.linalg import sqrtm
from sklearn.metrics import mutual_info_score


def binned(column: np.ndarray, bins: int = 20) -> np.ndarray:
    """The bin of each value, 1 to `bins`."""
    return np.digitize(column, np.histogram(column, bins)[1][:-1])


def information(factors: np.ndarray, codes: np.ndarray, bins: int = 20) -> np.ndarray:
    """I(code; factor) in nats, `(codes, factors)`."""
    table = np.zeros((codes.shape[1], factors.shape[1]))
    for i in range(codes.shape[1]):
        for k in range(factors.shape[1]):
            table[i, k] = mutual_info_score(factors[:, k], binned(codes[:, i], bins))
    return table


def mig(factors: np.ndarray, codes: np.ndarray, bins: int = 20) -> float:
    """The mean gap over entropy."""
    table, gaps = information(factors, codes, bins), []
    for k in range(factors.shape[1]):
        column = sorted(table[:, k], reverse=True)
        gaps.append((column[0] - column[1]) / mutual_info_score(factors[:, k], factors[:, k]))
    return float(np.mean(gaps))


def modularity(factors: np.ndarray, codes: np.ndarray, bins: int = 20) -> float:
    """One minus the deviation from the ideal row, averaged over the codes."""
    scores = []
    for row in information(factors, codes, bins):
        best = int(np.argmax(row))
        ideal = np.zeros_like(row)
        ideal[best] = row[best]
        deviation = np.sum((row - ideal) ** 2) / (row[best] ** 2 * (len(row) - 1))
        scores.append(1 - deviation)
    return float(np.mean(scores))


def total_correlation(codes: np.ndarray) -> float:
    """Of a Gaussian with the codes' covariance, in nats."""
    covariance = np.cov(codes.T)
    return 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])


def wasserstein_dependence(codes: np.ndarray) -> float:
    """W₂² between Gaussians of the codes' covariance and of its diagonal."""
    covariance = np.cov(codes.T)
    diagonal = np.diag(np.diag(covariance))
    return 2 * np.trace(covariance) - 2 * np.trace(sqrtm(diagonal @ covariance)).real


def mutual_information_score(codes: np.ndarray, bins: int = 20) -> float:
    """The mean over ordered pairs of different codes, in nats."""
    columns = [binned(column, bins) for column in codes.T]
    pairs = [(a, b) for i, a in enumerate(columns) for j, b in enumerate(columns) if i != j]
    return float(np.mean([mutual_info_score(a, b) for a, b in pairs]))
