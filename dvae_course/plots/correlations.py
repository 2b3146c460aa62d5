"""Tables of rank correlations as heat maps, ours beside the published: intervals in the cells."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.names import label
from dvae_course.plots.style import INK, canvas, describe, house_style

if TYPE_CHECKING:
    from dvae_course.study.agreement import Correlations
    from dvae_course.study.published import Published
    from dvae_course.study.transfer import Transfer

_DARK = 55  # beyond this colour the number is white
_CELL = 0.57  # inches


@house_style
def correlation_tables(tables: Mapping[str, Correlations | Published]) -> Figure:
    """Tables of correlations × 100 side by side, under their titles.

    Orange is negative, purple positive; a table that has intervals shows them below the numbers.
    All tables must have the same rows and columns, in the same order.
    """
    _check(tables)
    figure, axes = _beside(tables)
    for index, (ax, (title, table)) in enumerate(zip(axes[0], tables.items(), strict=True)):
        _heat_map(ax, table.values, table.rows, table.columns, _notes(table), index == 0)
        ax.set_title(title)
    return describe(figure, " ".join(_extremes(*item) for item in tables.items()))


@house_style
def transfer_matrix(transfer: Transfer, published: Published | None = None) -> Figure:
    """How alike data sets rank the settings: correlations × 100, with intervals and ceilings.

    On the diagonal stands each data set with itself, one half of the seeds with the other. A
    published matrix may stand beside.
    """
    ours = transfer.correlations
    values = np.where(np.eye(len(ours.rows), dtype=bool), transfer.halves, ours.values)
    notes = [
        ["two halves" if i == j else f"{_interval(ours, i, j)}\n≤ {transfer.ceiling[i, j]:.0f}"
         for j in range(len(ours.rows))] for i in range(len(ours.rows))
    ]  # fmt: skip
    tables = {"here": ours} | ({"published": published} if published else {})
    _check(tables)
    figure, axes = _beside(tables)
    _heat_map(axes[0, 0], values, ours.rows, ours.columns, notes, True)
    axes[0, 0].set_title(f"{label(transfer.score)}, here")
    if published:
        _heat_map(axes[0, 1], published.values, ours.rows, ours.columns, None, False)
        axes[0, 1].set_title("published")
    return describe(figure, _nearest_and_farthest(transfer))


def _beside(tables: Mapping[str, Correlations | Published]) -> tuple[Figure, np.ndarray]:
    first = next(iter(tables.values()))
    width = len(first.columns) * _CELL * len(tables) + 2.0 + 0.25 * len(tables)
    return canvas(width, len(first.rows) * _CELL + 1.6, 1, len(tables))


def _heat_map(
    ax: Axes,
    values: Float[np.ndarray, "rows columns"],
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    notes: list[list[str]] | None,
    row_names: bool,
) -> None:
    ax.imshow(values, cmap="PuOr", vmin=-110, vmax=110)
    for i, j in product(range(len(rows)), range(len(columns))):
        ink = "white" if abs(values[i, j]) > _DARK else INK
        note = notes[i][j] if notes else ""
        lift = 0.12 + 0.07 * note.count("\n") if note else 0
        number = f"{values[i, j]:.0f}".replace("-", "−") if np.isfinite(values[i, j]) else "?"
        ax.text(j, i - lift, number, ha="center", va="center", color=ink, size=8.5)
        ax.text(j, i + 0.08, note, ha="center", va="top", color=ink, size=6)
    names = [label(name) for name in columns]
    ax.set_xticks(range(len(columns)), names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), [label(row) for row in rows] if row_names else [])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _notes(table: Correlations | Published) -> list[list[str]] | None:
    if not hasattr(table, "low"):
        return None
    same = table.rows == table.columns
    return [
        ["" if same and i == j else _interval(table, i, j) for j in range(len(table.columns))]
        for i in range(len(table.rows))
    ]


def _interval(table: Correlations, i: int, j: int) -> str:
    return f"{table.low[i, j]:.0f} … {table.high[i, j]:.0f}".replace("-", "−")


def _extremes(title: str, table: Correlations | Published) -> str:
    square = table.rows == table.columns
    cells = [
        (table.values[i, j], f"{label(row)} and {label(column)}")
        for i, row in enumerate(table.rows)
        for j, column in enumerate(table.columns)
        if np.isfinite(table.values[i, j]) and not (square and i >= j)
    ]
    low, high = min(cells), max(cells)
    return (
        f"{title}: rank correlations × 100 from {low[0]:.0f} ({low[1]}) to {high[0]:.0f} "
        f"({high[1]})."
    )


def _nearest_and_farthest(transfer: Transfer) -> str:
    pairs = transfer.pairs()
    first, last = pairs.row(0, named=True), pairs.row(-1, named=True)
    return (
        f"{label(transfer.score)} ranks {transfer.settings} settings most alike on "
        f"{label(first['first'])} and {label(first['second'])} ({first['correlation']:.0f}, "
        f"ceiling {first['ceiling']:.0f}), least on {label(last['first'])} and "
        f"{label(last['second'])} ({last['correlation']:.0f}, ceiling {last['ceiling']:.0f})."
    )


def _check(tables: Mapping[str, Correlations | Published]) -> None:
    shapes = {(table.rows, table.columns) for table in tables.values()}
    if len(shapes) != 1:
        raise ValueError(
            f"the tables must have the same rows and columns in the same order, got {len(shapes)} "
            "different sets of names; cut a published table down with its .only(names)"
        )
