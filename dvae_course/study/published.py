"""The three tables of numbers on the slides, as data: what we hold our own study against.

Each is a CSV file of this package, with its source and errata in the comments on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import polars
from jaxtyping import Float

from dvae_course.study.tables import check_held


@dataclass(frozen=True, eq=False)
class Published:
    """Spearman rank correlations × 100, whole numbers as printed.

    Attributes
    ----------
    rows, columns : names, as in the study's tables.
    values : the numbers.
    note : source and errata.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Float[np.ndarray, "rows columns"]
    note: str

    def only(self, names: Sequence[str]) -> Published:
        """The part of a square table that concerns these, in this order.

        Raises
        ------
        ValueError : a table of rows against other columns, an unknown name.
        """
        if self.rows != self.columns:
            raise ValueError("only a table with the same rows and columns can be cut down by name")
        check_held(polars.DataFrame({"name": self.rows}), "name", names)
        index = [self.rows.index(name) for name in names]
        return Published(tuple(names), tuple(names), self.values[np.ix_(index, index)], self.note)


def noisy_dsprites_metrics() -> Published:
    """Six metrics with each other, over all models of Noisy-dSprites."""
    return _read("noisy_dsprites_metrics.csv")


def shapes3d_unsupervised() -> Published:
    """Four unsupervised scores with six metrics, over all models of Shapes3D."""
    return _read("shapes3d_unsupervised.csv")


def dci_transfer() -> Published:
    """Seven data sets with each other: the settings' mean DCI Disentanglement."""
    return _read("dci_transfer.csv")


def _read(name: str) -> Published:
    text = (files("dvae_course.study") / "data" / name).read_text(encoding="utf-8")
    note = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")]
    frame = polars.read_csv(text.encode(), comment_prefix="#")
    values = frame.drop("score").cast(polars.Float64).to_numpy()
    return Published(tuple(frame["score"]), tuple(frame.columns[1:]), values, " ".join(note))
