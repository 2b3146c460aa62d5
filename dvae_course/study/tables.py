"""The study's table as the analyses need it: complete models only, and how many that leaves out.

A row is a trained model and one of its two representations: `data_set`, `method`, `strength`,
`seed`, `representation` ("mean" or "sampled"), its scores, and `failed`. A setting is a method with
a strength; its models differ in their seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Float, Int

SETTING = ("method", "strength")
MODEL = ("data_set", *SETTING, "seed")
WEAKER_WHEN_LARGER = ("annealed_vae",)  # a larger capacity lets more information through


@dataclass(frozen=True, eq=False)
class Models:
    """Models of one data set with a number in every score asked for, sorted by setting and seed.

    Attributes
    ----------
    frame : one row a model.
    dropped : how many models were left out: failed, or without a number in some score.
    """

    frame: polars.DataFrame
    dropped: int

    def values(self, scores: Sequence[str]) -> Float[np.ndarray, "models scores"]:
        """Those columns as an array."""
        return self.frame.select(scores).cast(polars.Float64).to_numpy()

    @property
    def settings(self) -> Int[np.ndarray, " models"]:
        """Of each model the number of its setting: 0, 0, …, 1, 1, … in the order of the rows."""
        return self.frame.select(polars.struct(SETTING).rle_id()).to_numpy()[:, 0].astype(np.int64)

    @property
    def seeds(self) -> Int[np.ndarray, " models"]:
        """Of each model its seed."""
        return self.frame["seed"].to_numpy().astype(np.int64)


def of(
    frame: polars.DataFrame,
    data_set: str,
    representation: str = "mean",
    sampled: Sequence[str] = (),
) -> polars.DataFrame:
    """The models of one data set, one row each, with `regularisation` (`with_regularisation`).

    Parameters
    ----------
    frame : the study's results.
    data_set, representation : which rows to take.
    sampled : scores of the *sampled* representation to add, as `{score}_sampled`: the slides set
        the metrics of the mean against the total correlation of the sampled representation.

    Raises
    ------
    ValueError : a data set or representation that the frame does not hold, a missing column.

    Examples
    --------
    >>> models = of(results, "dsprites", sampled=["total_correlation"])  # doctest: +SKIP
    """
    check_columns(frame, (*MODEL, "representation", *sampled))
    check_held(frame, "data_set", [data_set])
    rows = frame.filter(polars.col("data_set") == data_set)
    check_held(rows, "representation", [representation, *(["sampled"] if sampled else [])])
    taken = with_regularisation(rows.filter(polars.col("representation") == representation))
    if not sampled:
        return taken
    of_samples = rows.filter(polars.col("representation") == "sampled").select(
        *MODEL, polars.col(sampled).name.suffix("_sampled")
    )
    return taken.join(of_samples, on=list(MODEL), how="left", maintain_order="left")


def complete(frame: polars.DataFrame, scores: Sequence[str], least_seeds: int = 2) -> Models:
    """The models that have all of `scores`; the others are counted, and left out.

    Raises
    ------
    ValueError : a missing column, a frame that holds a model twice, a setting with fewer than
        `least_seeds` complete models.
    """
    check_columns(frame, (*SETTING, "seed", *scores))
    _check_one_row_a_model(frame)
    kept = frame.filter(usable(frame, scores)).sort(*SETTING, "seed")
    counts = kept.group_by(SETTING).len().sort(*SETTING)
    short = counts.filter(polars.col("len") < least_seeds)
    if short.height or not kept.height:
        where = short.row(0, named=True) if short.height else {"len": 0}
        raise ValueError(
            f"each setting needs at least {least_seeds} seeds with numbers in {', '.join(scores)}, "
            f"but {_name(where)} has {where['len']}; train more seeds, or leave the setting out "
            "with frame.filter(…)"
        )
    return Models(kept, frame.height - kept.height)


def usable(frame: polars.DataFrame, scores: Sequence[str]) -> polars.Expr:
    """Whether a row has a finite number in all of `scores` and did not fail."""
    finite = [polars.col(score).cast(polars.Float64).is_finite() for score in scores]
    sound = [~polars.col("failed").fill_null(False)] if "failed" in frame.columns else []
    return polars.all_horizontal(*finite, *sound).fill_null(False)


def with_regularisation(frame: polars.DataFrame) -> polars.DataFrame:
    """Adds `regularisation`: 1 for the weakest strength of each method, 2 for the next, and so on.

    Strengths of different methods are not on one scale, and AnnealedVAE's, a capacity, is weaker
    when it is larger; their order within a method is comparable.
    """
    check_columns(frame, SETTING)
    signed = polars.col("strength") * (
        polars.when(polars.col("method").is_in(WEAKER_WHEN_LARGER)).then(-1).otherwise(1)
    )
    return frame.with_columns(regularisation=signed.rank("dense").over("method").cast(polars.Int64))


def check_columns(frame: polars.DataFrame, names: Sequence[str]) -> None:
    """A `ValueError` that names the columns that are missing, and those there are."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(
            f"the table has no column {', '.join(map(repr, missing))}; "
            f"it has {', '.join(frame.columns)}"
        )


def check_held(frame: polars.DataFrame, column: str, wanted: Sequence[str]) -> None:
    """A `ValueError` that names the values not found in a column, and those to choose from."""
    held = frame[column].unique(maintain_order=True).to_list()
    unknown = [value for value in wanted if value not in held]
    if unknown:
        raise ValueError(
            f"the table holds no {column} {', '.join(map(repr, unknown))}; "
            f"choose from {', '.join(map(repr, held))}"
        )


def _check_one_row_a_model(frame: polars.DataFrame) -> None:
    twice = frame.height - frame.select(*SETTING, "seed").unique().height
    if twice:
        raise ValueError(
            f"expected one row for each method, strength and seed, but {twice} rows repeat one; "
            "take one data set and one representation first: tables.of(frame, data_set)"
        )


def _name(setting: dict) -> str:
    return f"{setting['method']} {setting['strength']:g}" if "method" in setting else "the table"
