"""What the study's analyses find, as pictures: shares of variance, and points with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars
from matplotlib.figure import Figure

from dvae_course.plots.names import label, need
from dvae_course.plots.style import COLORS, FAINT, canvas, class_style, describe, house_style

_SHARES = (COLORS[0], COLORS[2], FAINT)


@house_style
def variance_shares(table: polars.DataFrame) -> Figure:
    """A bar a score: the shares (ω²) of method, strength and seed, which add up to 1.

    `table` is what `study.analysis.variance_explained` gives. A share below 0, which ω² can have,
    is drawn as none.
    """
    need(table, "score", "source", "omega_squared")
    scores = table["score"].unique(maintain_order=True).to_list()
    figure, axes = canvas(6.2, 0.9 + 0.34 * len(scores))
    left = np.zeros(len(scores))
    hatches = ("", "////", "")
    for source, colour, hatch in zip(("method", "strength", "seed"), _SHARES, hatches, strict=True):
        share = table.filter(polars.col("source") == source)["omega_squared"].to_numpy().clip(0)
        axes[0, 0].barh(
            range(len(scores)), share, 0.65, left, color=colour, hatch=hatch, ec="white",
            label=label(source),
        )  # fmt: skip
        left = left + share
    axes[0, 0].set_yticks(range(len(scores)), [label(score) for score in scores])
    axes[0, 0].set(xlabel="share of the variance (ω²)", xlim=(0, 1))
    axes[0, 0].invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3)
    return describe(figure, _shares(table))


@house_style
def intervals(
    table: polars.DataFrame,
    names: str | Sequence[str],
    values: Mapping[str, tuple[str, str, str]],
    xlabel: str,
    reference: float | None = None,
) -> Figure:
    """Points with their intervals, a row each, beside a reference such as chance.

    Parameters
    ----------
    table : one row a point.
    names : the column, or columns, that name the rows.
    values : what to call each series, and its columns (value, low, high).
    reference : where to draw a dashed line.
    """
    names = [names] if isinstance(names, str) else list(names)
    need(table, *names, *(column for columns in values.values() for column in columns))
    rows = [", ".join(label(part) for part in row) for row in table.select(names).rows()]
    figure, axes = canvas(6.2, 0.9 + 0.34 * len(rows))
    ax = axes[0, 0]
    for index, (name, (value, low, high)) in enumerate(values.items()):
        at = np.arange(len(rows)) + 0.25 * (index - (len(values) - 1) / 2)
        style = class_style(index)
        ax.hlines(at, table[low], table[high], color=style["color"], lw=1.6)
        ax.plot(table[value], at, ls="", ms=5.5, label=name, **style)
    if reference is not None:
        ax.axvline(reference, color=FAINT, ls="--", lw=1.2, zorder=0)
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.set(xlabel=xlabel)
    if len(values) > 1:
        figure.legend(loc="outside upper center", ncols=len(values))
    return describe(figure, _where(table, rows, values, xlabel, reference))


def _shares(table: polars.DataFrame) -> str:
    seeds = table.filter(polars.col("source") == "seed").sort("omega_squared")
    low, high = seeds.row(0, named=True), seeds.row(-1, named=True)
    methods = table.filter(polars.col("source") == "method")["omega_squared"]
    return (
        f"The seed explains from {low['omega_squared']:.0%} ({label(low['score'])}) to "
        f"{high['omega_squared']:.0%} ({label(high['score'])}) of the variance, the method "
        f"{max(methods.min(), 0):.0%} to {methods.max():.0%}, the strength the rest."
    )


def _where(table, rows, values, xlabel, reference) -> str:
    parts = []
    for name, columns in values.items():
        numbers = table.select(columns).rows()
        listed = (
            f"{row} {value:.2f} ({low:.2f} to {high:.2f})"
            for row, (value, low, high) in zip(rows, numbers, strict=True)
        )
        parts.append(f"{name}: " * (len(values) > 1) + ", ".join(listed))
    beside = "" if reference is None else f", beside {reference:g}"
    return f"{xlabel} with intervals{beside}. {'; '.join(parts)}."
