"""The study as a box of numbers, data sets × scores × settings × seeds: gaps are NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Float

from dvae_course.study.tables import MODEL, SETTING, check_columns, check_held, usable


@dataclass(frozen=True, eq=False)
class Grid:
    """Scores of the same settings and seeds on several data sets.

    Attributes
    ----------
    values : NaN where a model failed, has no number, or was never trained.
    data_sets, scores, settings, seeds : the names along its four axes; a setting is (method,
        strength).
    """

    values: Float[np.ndarray, "data_sets scores settings seeds"]
    data_sets: tuple[str, ...]
    scores: tuple[str, ...]
    settings: tuple[tuple[str, float], ...]
    seeds: tuple[int, ...]

    @property
    def missing(self) -> int:
        """How many models lack a number in some score."""
        return int(np.isnan(self.values).any(axis=1).sum())


def grid_of(
    frame: polars.DataFrame,
    scores: Sequence[str],
    data_sets: Sequence[str] | None = None,
    representation: str = "mean",
) -> Grid:
    """The box of `scores`.

    Parameters
    ----------
    frame : the study's results, of any number of data sets.
    data_sets : which, and in which order; all of the frame's by default.
    representation : whose scores.

    Raises
    ------
    ValueError : a missing column, an unknown data set or representation, a model found twice.
    """
    check_columns(frame, (*MODEL, "representation", *scores))
    check_held(frame, "representation", [representation])
    rows = frame.filter(polars.col("representation") == representation)
    if data_sets is None:
        data_sets = rows["data_set"].unique(maintain_order=True).to_list()
    check_held(rows, "data_set", data_sets)
    rows = rows.filter(polars.col("data_set").is_in(list(data_sets)))
    if rows.select(MODEL).is_duplicated().any():
        raise ValueError(
            "some models stand in the table twice: expected one row for each data set, method, "
            "strength, seed and representation; use frame.unique(…) on those columns"
        )
    settings = rows.select(SETTING).unique().sort(SETTING).rows()
    seeds = rows["seed"].unique().sort().to_list()
    values = np.full((len(data_sets), len(scores), len(settings), len(seeds)), np.nan)
    for index, score in enumerate(scores):
        sound = rows.filter(usable(rows, [score])).select(*MODEL, polars.col(score).cast(float))
        for data_set, method, strength, seed, value in sound.iter_rows():
            place = (settings.index((method, strength)), seeds.index(seed))
            values[data_sets.index(data_set), index, *place] = value
    return Grid(values, tuple(data_sets), tuple(scores), tuple(settings), tuple(seeds))
