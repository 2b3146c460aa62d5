"""Codes that were made elsewhere: read from a file, scored, set in a table."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Real
from numpy.lib.npyio import NpzFile
from tabulate import tabulate

from dvae_course.metrics.calibration import calibrated
from dvae_course.metrics.representation import from_grid
from dvae_course.metrics.score import Score
from dvae_course.metrics.suite import (
    INTERVENTIONS,
    SUITE,
    Scores,
    estimator_of,
    evaluate,
    evaluate_samples,
)

Factors = Int64[np.ndarray, "n factors"]
Codes = Real[np.ndarray, "n codes"]
Row = dict[str, str | float | None]
SAVE = "save it with numpy.savez(path, factors=…, codes=…)"


def read(path: Path) -> tuple[Factors, Codes]:
    """The arrays of a file; factors of any values become the indices of these values.

    Raises `ValueError` for a file that is no npz, lacks an array, or holds others than two tables
    of numbers with equally many rows.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no npz file; {SAVE}")
    with np.load(path, allow_pickle=False) as file:
        factors, codes = _numbers(path, file, "factors"), _numbers(path, file, "codes")
    if len(factors) != len(codes):
        raise ValueError(
            f"{path} has {len(factors)} rows of factors and {len(codes)} of codes; both tables "
            "need one row for each data point"
        )
    return as_indices(factors), codes


def _numbers(path: Path, file: NpzFile, name: str) -> np.ndarray:
    if name not in file:
        raise ValueError(f"{path} has the arrays {sorted(file)}, but no {name}; {SAVE}")
    try:
        array = file[name]
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} in {path} cannot be read: {error}") from error
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} in {path} must be a table of numbers (one row a data point), got "
            f"{array.dtype} {array.shape}"
        )
    return array


def as_indices(factors: Real[np.ndarray, "n factors"]) -> Factors:
    """Each column's values replaced by their places among its sorted different values."""
    columns = [np.unique(column, return_inverse=True)[1] for column in factors.T]
    return np.stack(columns, axis=1).astype(np.int64)


def score(
    factors: Factors, codes: Codes, metrics: Sequence[str] | None, seed: int, dci: str
) -> Scores:
    """A complete grid of factors is scored as a representation, anything else as a sample."""
    complete = len(codes) == np.prod(factors.max(axis=0) + 1.0)
    if complete:
        return evaluate(from_grid(factors, codes), metrics or SUITE, seed, dci)
    chosen = metrics or [name for name in SUITE if name not in INTERVENTIONS]
    return evaluate_samples(factors, codes, chosen, seed, dci_estimator=dci)


def rows(scores: Scores, calibrate: bool) -> list[Row]:
    """A row a metric; with `calibrate`, what its estimator says of noise and of a perfect code."""
    return [
        _row(name, score) | (_bounds(score) if calibrate else {}) for name, score in scores.items()
    ]


def table(found: Sequence[Row]) -> str:
    """The rows, to print."""
    return tabulate(found, headers="keys", floatfmt=".4f", missingval="–")


def _row(name: str, score: Score) -> Row:
    return {"metric": name, "value": score.value, "estimator": estimator_of(score) or None}


def _bounds(score: Score) -> Row:
    if score.recipe is None:
        return dict.fromkeys(("floor", "ceiling", "calibrated"))
    found = calibrated(score)
    return {"floor": found.floor, "ceiling": found.ceiling, "calibrated": found.value}
