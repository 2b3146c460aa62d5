"""The place of each method in many drawn studies: a table of shares, the darker the more often."""

from __future__ import annotations

import polars
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from dvae_course.plots.names import in_order, label, need
from dvae_course.plots.style import COLORS, INK, canvas, describe, house_style

_DARK = 0.5  # above this share the number is white
_SHADES = LinearSegmentedColormap.from_list("share", ["white", COLORS[0]])
_SERIOUS = 0.05  # a share that counts as a chance to come first


@house_style
def places(table: polars.DataFrame, score: str, seeds: int) -> Figure:
    """How often each method takes which place; `table` is what `study.ranking` gives.

    Parameters
    ----------
    table : `method`, `place`, `share`.
    score, seeds : by what the methods were ranked, with how many seeds: for the title.
    """
    need(table, "method", "place", "share")
    names = in_order(table["method"].unique().to_list())
    figure, axes = canvas(5.0, 0.32 * len(names) + 1.0)
    shares = [table.filter(polars.col("method") == name).sort("place")["share"] for name in names]
    axes[0, 0].imshow(shares, cmap=_SHADES, vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(shares):
        for j, share in enumerate(row):
            ink = "white" if share > _DARK else INK
            axes[0, 0].text(j, i, f"{share:.0%}", ha="center", va="center", color=ink, size=8)
    axes[0, 0].set_xticks(range(len(names)), range(1, len(names) + 1))
    axes[0, 0].set_yticks(range(len(names)), [label(name) for name in names])
    axes[0, 0].tick_params(length=0)
    axes[0, 0].spines[:].set_visible(False)
    axes[0, 0].set(xlabel="place", title=f"by {label(score)}, {_count(seeds)}")
    return describe(figure, _first_place(table, score, seeds))


def _count(seeds: int) -> str:
    return f"{seeds} seed{'s' * (seeds > 1)}"


def _first_place(table: polars.DataFrame, score: str, seeds: int) -> str:
    first = table.filter(polars.col("place") == 1).sort("share", descending=True)
    winner = first.row(0, named=True)
    serious = first.filter(polars.col("share") >= _SERIOUS).height
    many = "it alone comes" if serious == 1 else f"{serious} methods come"
    return (
        f"Ranked by {label(score)} with {_count(seeds)}, {label(winner['method'])} is "
        f"first in {winner['share']:.0%} of the studies; {many} first in at least "
        f"{_SERIOUS:.0%} of them."
    )
