"""What a published correlation matrix says by itself: its groups, its extremes, its dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars
from jaxtyping import Float
from scipy import stats
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform


@dataclass(frozen=True, eq=False)
class Structure:
    """A correlation matrix (× 100), read closely.

    Attributes
    ----------
    names : in the order of average linkage, which puts next to each other what is alike.
    eigenvalues : of the matrix / 100, largest first; they add up to the number of names.
    merges : how average linkage joins the names, closest first: `first`, `second` (the members of
        both groups) and `correlation`, the mean over pairs between them.
    pairs : one row a pair, largest first: `first`, `second`, `correlation`, `low`, `high`.
    means : the mean correlation of each with all others, largest first: `name`, `correlation`.
    """

    names: tuple[str, ...]
    eigenvalues: Float[np.ndarray, " names"]
    merges: polars.DataFrame
    pairs: polars.DataFrame
    means: polars.DataFrame

    def above(self, correlation: float) -> polars.DataFrame:
        """The pairs that exceed a correlation."""
        return self.pairs.filter(polars.col("correlation") > correlation)


def structure(
    values: Float[np.ndarray, "names names"], names: Sequence[str], n: int = 36
) -> Structure:
    """Groups, pairs and eigenvalues of a matrix of rank correlations × 100.

    Parameters
    ----------
    values : symmetric, 100 on the diagonal.
    n : how many things were ranked (36 settings in the slides' matrix of data sets); the pairs'
        intervals are `spearman_interval`s for it.

    Raises
    ------
    ValueError : a matrix that is not symmetric or has no unit diagonal, or not a name for each row.
    """
    _check(values, names)
    tree = linkage(squareform(100 - values, checks=False), "average")
    order = [int(leaf) for leaf in leaves_list(tree)]
    off_diagonal = (values.sum(axis=0) - 100) / (len(names) - 1)
    means = polars.DataFrame({"name": list(names), "correlation": off_diagonal})
    return Structure(
        tuple(names[leaf] for leaf in order),
        np.linalg.eigvalsh(values / 100)[::-1],
        _merges(tree, names),
        _pairs(values, names, n),
        means.sort("correlation", descending=True),
    )


def spearman_interval(correlation: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """An interval for a Spearman correlation × 100 of n ranked things, drawn at random.

    On Fisher's z scale, with the variance (1 + ρ²/2) / (n − 3) of Bonett and Wright (2000).

    Raises
    ------
    ValueError : fewer than 4 things.
    """
    if n < 4:
        raise ValueError(f"an interval needs at least 4 ranked things, got n={n}")
    rho = np.clip(correlation / 100, -1 + 1e-12, 1 - 1e-12)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return float(100 * low), float(100 * high)


def _pairs(values: np.ndarray, names: Sequence[str], n: int) -> polars.DataFrame:
    rows = []
    for i, j in combinations(range(len(names)), 2):
        low, high = spearman_interval(float(values[i, j]), n)
        correlation = float(values[i, j])
        rows.append((names[i], names[j], correlation, low, high))
    columns = ["first", "second", "correlation", "low", "high"]
    frame = polars.DataFrame(rows, schema=columns, orient="row")
    return frame.sort("correlation", descending=True, maintain_order=True)


def _merges(tree: np.ndarray, names: Sequence[str]) -> polars.DataFrame:
    groups = [[name] for name in names]
    rows = []
    for first, second, distance, _ in tree:
        members = [groups[int(first)], groups[int(second)]]
        rows.append((*members, 100 - float(distance)))
        groups.append([*members[0], *members[1]])
    return polars.DataFrame(rows, schema=["first", "second", "correlation"], orient="row")


def _check(values: np.ndarray, names: Sequence[str]) -> None:
    if len(names) != len(values):
        raise ValueError(f"expected a name for each of {len(values)} rows, got {len(names)} names")
    if not np.allclose(values, values.T) or not np.allclose(np.diag(values), 100):
        raise ValueError(
            "expected a symmetric matrix of correlations × 100 with 100 on the diagonal; multiply "
            "correlations in [−1, 1] by 100, and leave tables of rows against columns alone"
        )
