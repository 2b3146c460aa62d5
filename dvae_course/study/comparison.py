"""Is our table of correlations like the published one? Entry by entry, and in its pattern."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from math import factorial

import numpy as np
from jaxtyping import Bool, Float, Int

from dvae_course.study.agreement import Correlations
from dvae_course.study.published import Published
from dvae_course.study.resampling import percentile_interval

MOST_RELABELLINGS = 50_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two tables of correlations × 100 side by side.

    Attributes
    ----------
    pattern, pattern_low, pattern_high : Pearson's correlation (in [−1, 1]) of the entries.
    difference, difference_low, difference_high : their mean absolute difference, in points.
    inside : which published entries lie in our intervals (an interval says how our number would
        vary with the seeds, not how the published one does).
    relabelled : the pattern's correlation under every relabelling of our rows and columns.
    p : in how many of them it is as large or larger (the test of Mantel, 1967).
    """

    pattern: float
    pattern_low: float
    pattern_high: float
    difference: float
    difference_low: float
    difference_high: float
    inside: Bool[np.ndarray, "rows columns"]
    relabelled: Float[np.ndarray, " relabellings"]
    p: float


def compare(ours: Correlations, theirs: Published) -> Comparison:
    """How close our correlations are to the published ones.

    A square table of names with each other counts each pair once and no diagonal. Its entries
    share names, so they are not independent, and the usual p-value of a correlation does not hold:
    the test relabels names instead, all that there are. Of a table with other rows than columns,
    rows and columns are relabelled on their own.

    Raises
    ------
    ValueError : tables with other rows or columns, or too many names for all relabellings.
    """
    _check(ours, theirs)
    square = ours.rows == ours.columns
    entries = _entries(len(ours.rows), len(ours.columns), square)
    target = theirs.values[entries]
    resampled = ours.resampled[:, *entries]
    pattern = _pearson(ours.values[entries], target)
    difference = np.abs(ours.values[entries] - target).mean()
    relabelled = np.array(
        [
            _pearson(ours.values[np.ix_(rows, columns)][entries], target)
            for rows, columns in _relabellings(len(ours.rows), len(ours.columns), square)
        ]
    )
    spread = percentile_interval(np.array([_pearson(entry, target) for entry in resampled]))
    distance = percentile_interval(np.abs(resampled - target).mean(axis=1))
    inside = (ours.low <= theirs.values) & (theirs.values <= ours.high)
    p = float((relabelled >= pattern - 1e-9).mean())
    numbers = (float(number) for number in (pattern, *spread, difference, *distance))
    return Comparison(*numbers, inside, relabelled, p)


def _entries(rows: int, columns: int, square: bool) -> tuple[Int[np.ndarray, " e"], ...]:
    return np.triu_indices(rows, 1) if square else tuple(np.indices((rows, columns)).reshape(2, -1))


def _relabellings(rows: int, columns: int, square: bool):
    if square:
        return ((order, order) for order in permutations(range(rows)))
    return product(permutations(range(rows)), permutations(range(columns)))


def _pearson(a: Float[np.ndarray, " e"], b: Float[np.ndarray, " e"]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _check(ours: Correlations, theirs: Published) -> None:
    for part in ("rows", "columns"):
        if getattr(ours, part) != getattr(theirs, part):
            raise ValueError(
                f"the {part} differ: ours are {', '.join(getattr(ours, part))}; the published are "
                f"{', '.join(getattr(theirs, part))}. Correlate the same scores in the same order, "
                "or cut the published table down with its .only(names)"
            )
    rows, columns = len(ours.rows), len(ours.columns)
    count = factorial(rows) * (1 if ours.rows == ours.columns else factorial(columns))
    if count > MOST_RELABELLINGS:
        raise ValueError(
            f"{rows} rows and {columns} columns have {count} relabellings, more than "
            f"{MOST_RELABELLINGS}; compare a part of the table"
        )
    if rows < 3 and ours.rows == ours.columns:
        raise ValueError(f"a pattern needs at least 3 rows, got {rows}")
