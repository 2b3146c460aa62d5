"""Codes as metrics want them: finite numbers, and a word on the dimensions that say nothing.

A dimension that is constant over the data is dead: it carries no information. Metrics leave it out,
so that it changes no score, and none of them lets a NaN pass for one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, Real

RELATIVE_PRECISION = 1e-6  # float32 keeps about seven digits


def checked_codes(codes: Real[np.ndarray, "n codes"]) -> Float[np.ndarray, "n codes"]:
    """The codes in double precision.

    Raises `ValueError` for another shape than (data points, dimensions), for none of either, and
    for NaN or infinite codes, whose dimensions it names.
    """
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or not codes.size:
        raise ValueError(
            f"codes must have shape (data points, dimensions), neither of them 0; got {codes.shape}"
        )
    bad = ~np.isfinite(codes)
    if bad.any():
        raise ValueError(
            f"codes must be finite numbers, but {np.count_nonzero(bad)} of {codes.size} are not, "
            f"in dimensions {np.flatnonzero(bad.any(axis=0)).tolist()} (counted from 0); "
            "look for a diverged model, or leave these dimensions out"
        )
    return codes


def live_dimensions(codes: Float[np.ndarray, "n codes"]) -> Bool[np.ndarray, " codes"]:
    """Which dimensions vary over the data by more than the rounding of float32."""
    lowest, highest = codes.min(axis=0), codes.max(axis=0)
    return highest - lowest > RELATIVE_PRECISION * np.maximum(np.abs(lowest), np.abs(highest))


def checked_pairs(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"]
) -> tuple[Int[np.ndarray, "n factors"], Float[np.ndarray, "n codes"]]:
    """Factors and codes of the same data points.

    Raises `ValueError` where they cannot be: different numbers of rows, factors that are no whole
    numbers from 0 up, a factor that has one value only or more values than there are rows, and all
    that `checked_codes` refuses.
    """
    codes = checked_codes(codes)
    if factors.ndim != 2 or len(factors) != len(codes) or not factors.shape[1]:
        raise ValueError(
            f"factors must have one row for each of the {len(codes)} codes and at least one "
            f"column, got shape {factors.shape}"
        )
    if not np.issubdtype(factors.dtype, np.integer) or factors.min() < 0:
        raise ValueError(
            "factors must be whole numbers from 0 up (the index of each value), got "
            f"{factors.dtype} from {factors.min()}; np.unique(column, return_inverse=True)[1] "
            "gives them for a column of other values"
        )
    _check_values(factors)
    return factors, codes


def _check_values(factors: Int[np.ndarray, "n factors"]) -> None:
    for position, size in enumerate(factor_sizes_of(factors)):
        column = factors[:, position]
        if (column == column[0]).all():
            raise ValueError(
                f"factor {position} has the same value {column[0]} in all {len(column)} rows, so "
                "nothing can be learnt about it; leave its column out"
            )
        if size > len(column):
            raise ValueError(
                f"factor {position} has {size} values but there are only {len(column)} rows; "
                "pass more rows"
            )


def factor_sizes_of(factors: Int[np.ndarray, "n factors"]) -> tuple[int, ...]:
    """The number of values of each factor, taken from the largest index that occurs."""
    return tuple((factors.max(axis=0) + 1).tolist())
