"""Tables of codes and factors as heat maps, beside what the six metrics make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Real
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import COLORS, FAINT, INK, canvas, describe, house_style

if TYPE_CHECKING:
    from dvae_course.metrics import Calibrated, Score

Table = Real[np.ndarray, "codes factors"]
SIX = ("BetaVAE", "FactorVAE", "MIG", "DCI", "Modularity", "SAP")


@dataclass(frozen=True, eq=False)
class _Panel:
    """A table, the score that comes of it, and its terms of each code or each factor."""

    title: str
    values: Table
    score: str = ""
    codes: Real[np.ndarray, " codes"] | None = None
    factors: Real[np.ndarray, " factors"] | None = None


@house_style
def metric_tables(
    A: Float[np.ndarray, "codes factors"], scores: Mapping[str, Score], factors: Sequence[str]
) -> Figure:
    """What a linear code is made of, and the five tables that six metrics make of it.

    Red numbers are a metric's terms: of each code on the right, of each factor below. Shades run
    from 0 to each table's own maximum.

    Parameters
    ----------
    A : z = A f.
    scores : by the names BetaVAE, FactorVAE, MIG, DCI, Modularity and SAP, with their tables.
    factors : their names, in the order of A's columns.

    Raises
    ------
    ValueError : other scores, another number of factors than there are names.
    """
    _check(scores, A, factors)
    panels = [_Panel("what it is: |A|", np.abs(A)), *_panels(scores)]
    figure, axes = canvas(7.4, 5.5, rows=2, columns=3)
    for ax, panel in zip(axes.flat, panels, strict=True):
        _heat_map(ax, panel.values, factors)
        _terms(ax, panel)
        ax.set_title(f"{panel.title}\n{panel.score}" if panel.score else panel.title)
    told = [f"{p.title} {_largest(p.values, factors)}" for p in panels]
    written = ", ".join(f"{name} {scores[name].value:.2f}" for name in SIX)
    return describe(
        figure, f"Scores: {written}. The largest entry of each code's row: {'; '.join(told)}."
    )


@house_style
def tables_and_scores(
    runs: Sequence[Mapping[str, Score]],
    bounds: Mapping[str, Calibrated],
    factors: Sequence[str],
    title: str,
) -> Figure:
    """Four tables of one code above its six scores, which lie on tracks from floor to ceiling.

    The tables are those of the first run; every run's score is a tick, the bar is their mean, and
    beside it stands the calibrated mean. Raises `ValueError` for what `metric_tables` refuses.
    """
    shown = [panel for panel in _panels(runs[0]) if panel.title != "differences"]
    for run in runs:
        _check(run, shown[0].values, factors)
    figure, ((ax,),) = canvas(7.0, 4.3)
    ax.remove()
    grid = figure.add_gridspec(2, len(shown), height_ratios=(1.2, 1))
    for column, panel in enumerate(shown):
        ax = figure.add_subplot(grid[0, column])
        _heat_map(ax, panel.values, factors)
        ax.set_title(panel.title)
    values = {name: np.array([run[name].value for run in runs]) for name in SIX}
    _bars(figure.add_subplot(grid[1, :]), values, bounds)
    figure.suptitle(title, fontsize=10)
    written = ", ".join(f"{name} {seeds.mean():.2f}" for name, seeds in values.items())
    rows = "; ".join(f"{panel.title} {_largest(panel.values, factors)}" for panel in shown)
    return describe(figure, f"{title}: {written}. The largest entry of each code's row: {rows}.")


def _panels(scores: Mapping[str, Score]) -> list[_Panel]:
    """The tables behind six scores; MIG and Modularity read the same one."""
    tables = {name: score.tables for name, score in scores.items()}
    said = {name: f"{name} {score.value:.2f}" for name, score in scores.items()}
    mig, dci, sap = tables["MIG"], tables["DCI"], tables["SAP"]
    shares = mig["mutual_information"] / mig["factor_entropy"]
    both, rows = f"{said['MIG']}, {said['Modularity']}", tables["Modularity"]["modularity"]
    return [
        _Panel("differences", tables["BetaVAE"]["difference"], said["BetaVAE"]),
        _Panel("votes", tables["FactorVAE"]["votes"], said["FactorVAE"]),
        _Panel("information / H", shares, both, rows, mig["gap"]),
        _Panel("importance", dci["importances"], said["DCI"], codes=dci["disentanglement"]),
        _Panel("accuracy of one code", sap["predictability"], said["SAP"], factors=sap["gap"]),
    ]


def _heat_map(ax: Axes, values: Table, factors: Sequence[str]) -> None:
    ax.imshow(values, cmap="Blues", vmin=0, vmax=1.6 * (values.max() or 1), aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ax.annotate(_written(value), (column, row), ha="center", va="center", fontsize=7.5)
    ax.set_xticks(range(len(factors)), factors)
    ax.set_yticks(range(len(values)), [f"$z_{row + 1}$" for row in range(len(values))])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _terms(ax: Axes, panel: _Panel) -> None:
    """The red numbers at the margins."""
    if panel.codes is not None:
        beside = panel.values.shape[1] - 0.4
        for row, term in enumerate(panel.codes):
            ax.annotate(
                _written(term), (beside, row), va="center", color=COLORS[1], weight="bold",
                fontsize=7.5, annotation_clip=False,
            )  # fmt: skip
    if panel.factors is not None:
        names = [tick.get_text() for tick in ax.get_xticklabels()]
        below = [f"{n}\n{_written(term)}" for n, term in zip(names, panel.factors, strict=True)]
        ax.set_xticks(range(len(names)), below, color=COLORS[1])


def _bars(
    ax: Axes, values: Mapping[str, Float[np.ndarray, " runs"]], bounds: Mapping[str, Calibrated]
) -> None:
    for row, (name, runs) in enumerate(values.items()):
        floor, span = bounds[name].floor, bounds[name].ceiling - bounds[name].floor
        ax.barh(row, span, left=floor, height=0.62, color=FAINT)
        ax.barh(row, runs.mean(), height=0.3, color=COLORS[0])
        ax.plot(runs, [row] * len(runs), "|", color=INK, markersize=10)
        text = f"{(runs.mean() - floor) / span:.2f}".replace("-", "−")
        ax.annotate(text, (1.2, row), ha="right", va="center", color=COLORS[1], weight="bold")
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.2), xticks=[0, 0.5, 1], xlabel="score (grey: from noise to a perfect code)")
    ax.annotate(
        "calibrated", (1, 1), xycoords="axes fraction", ha="right", va="bottom", color=COLORS[1]
    )


def _largest(values: Table, factors: Sequence[str]) -> str:
    """Of each code the factor of its largest entry; a dash for a row of zeros."""
    best = values.argmax(axis=1)
    names = [factors[k] if row[k] > 0 else "–" for row, k in zip(values, best, strict=True)]
    return f"({', '.join(names)})"


def _written(value: float | np.number) -> str:
    """Counts as they are, other numbers with two decimals and no zero in front."""
    if isinstance(value, np.integer):
        return str(value)
    text = f"{value:.2f}".replace("-", "−")
    return text.replace("0.", ".", 1) if text.lstrip("−").startswith("0.") else text


def _check(scores: Mapping[str, Score], table: Table, factors: Sequence[str]) -> None:
    if sorted(scores) != sorted(SIX):
        raise ValueError(f"expected the scores {', '.join(SIX)}; got {', '.join(scores)}")
    if table.shape[1] != len(factors):
        raise ValueError(
            f"the table has {table.shape[1]} factors, but {len(factors)} have names: "
            f"{', '.join(factors)}"
        )
