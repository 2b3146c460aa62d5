"""How much each code says of each factor, in nats: the table behind MIG and Modularity.

Codes are cut into 20 bins of equal width, factors keep their values, and probabilities are relative
frequencies (the plug-in estimate), as in the study of Locatello et al. (2019). The estimate is too
high by about (bins − 1)(values − 1) / 2n for a code that says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Int64, Real

from dvae_course.metrics.codes import checked_pairs, factor_sizes_of, live_dimensions


@dataclass(frozen=True, eq=False)
class Information:
    """I(code; factor) of all pairs in nats, with what it was estimated from.

    Attributes
    ----------
    matrix : `(codes, factors)`; the rows of dead codes are 0.
    factor_entropy : H(factor) in nats.
    live : which codes vary at all.
    n, bins : data points, and bins of each code.
    """

    matrix: Float[np.ndarray, "codes factors"]
    factor_entropy: Float[np.ndarray, " factors"]
    live: Bool[np.ndarray, " codes"]
    factor_sizes: tuple[int, ...]
    n: int
    bins: int


def mutual_information(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"], bins: int = 20
) -> Information:
    """I(code; factor) of every code and factor.

    Raises `ValueError` for fewer than 2 bins and for what `checked_pairs` refuses.
    """
    factors, codes = checked_pairs(factors, codes)
    binned = discretise(codes, bins)
    sizes = factor_sizes_of(factors)
    matrix = np.stack(
        [
            np.array([plug_in(joint) for joint in joint_counts(column, size, binned, bins)])
            for column, size in zip(factors.T, sizes, strict=True)
        ],
        axis=-1,
    )
    counts = [np.bincount(column) for column in factors.T]
    entropies = np.array([entropy(count / len(factors)) for count in counts])
    live = live_dimensions(codes)
    matrix[~live] = 0
    return Information(matrix, entropies, live, sizes, len(factors), bins)


def discretise(codes: Float[np.ndarray, "n codes"], bins: int = 20) -> Int64[np.ndarray, "codes n"]:
    """The bin of each code, 0 to bins − 1: equal widths between the column's least and largest.

    A bin holds its lower edge; the last one holds the largest value too.
    """
    if bins < 2:
        raise ValueError(f"bins must be at least 2, got {bins}")
    edges = np.linspace(codes.min(axis=0), codes.max(axis=0), bins + 1)[1:-1]
    binned = np.empty(codes.T.shape, np.int64)
    for row, edge, column in zip(binned, edges.T, codes.T, strict=True):
        row[:] = np.searchsorted(edge, column, side="right")
    return binned


def joint_counts(
    values: Int[np.ndarray, " n"], size: int, binned: Int64[np.ndarray, "codes n"], bins: int
) -> Int64[np.ndarray, "codes bins size"]:
    """How often each bin of each code meets each of `size` values."""
    counts = [np.bincount(row * size + values, minlength=bins * size) for row in binned]
    return np.stack(counts).reshape(len(binned), bins, size)


def plug_in(counts: Int64[np.ndarray, "a b"]) -> float:
    """Σ p(a, b) log p(a, b) / (p(a) p(b)) of relative frequencies, in nats."""
    joint = counts / counts.sum()
    return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint.ravel())


def entropy(probabilities: Float[np.ndarray, " n"]) -> float:
    """−Σ p log p in nats; 0 log 0 is 0."""
    positive = probabilities[probabilities > 0]
    return float(-(positive @ np.log(positive)))
