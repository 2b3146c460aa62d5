"""The study's models in pictures: every trained model is a dot, for the seeds are the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from scipy.stats import spearmanr

from dvae_course.plots.names import in_order, label, need
from dvae_course.plots.style import COLORS, FAINT, INK, canvas, class_style, describe, house_style

_GOLDEN = 0.6180339887498949  # steps of this fraction spread dots evenly, without chance


@house_style
def violins(frame: polars.DataFrame, score: str, by: str = "method") -> Figure:
    """A violin a method, or a strength of one method, with all models as dots and the median.

    Parameters
    ----------
    frame : one row a model, of one data set.
    score : a column; models without a finite number in it are not drawn, and counted in the text.
    by : "method" or "strength"; for strengths, pass the models of one method.
    """
    need(frame, by, score)
    kept = _finite(frame, [score])
    names = kept[by].unique().sort().to_list()
    names = in_order(names) if by == "method" else names
    groups = [kept.filter(polars.col(by) == name)[score].to_numpy() for name in names]
    figure, axes = canvas(6.2, 3.0)
    for place, values in enumerate(groups):
        _violin(axes[0, 0], place, values)
    axes[0, 0].set_xticks(range(len(names)), [label(name) for name in names])
    axes[0, 0].set(xlabel=label(by), ylabel=label(score))
    return describe(figure, _spread(score, names, groups, frame.height - kept.height))


@house_style
def against_strength(
    frame: polars.DataFrame, series: Mapping[str, str], ylabel: str, log: bool = False
) -> Figure:
    """A panel a method: scores from its weakest strength to its strongest, seeds as dots.

    Parameters
    ----------
    frame : one row a model, of one data set, with `regularisation` (`study.tables.of` adds it).
        AnnealedVAE's capacity is weaker when it is larger, so its axis runs downwards.
    series : what to call each column in the legend: `{"mean": "total_correlation", …}`.
    log : a logarithmic axis, for scores that are positive.
    """
    need(frame, "method", "strength", "regularisation", *series.values())
    methods = in_order(frame["method"].unique().to_list())
    columns = min(3, len(methods))
    rows = -(-len(methods) // columns)
    figure, axes = canvas(2.1 * columns + 0.4, 1.9 * rows + 0.5, rows, columns)
    ends = []
    for index, (ax, method) in enumerate(zip(axes.ravel(), methods, strict=False)):
        models = frame.filter(polars.col("method") == method)
        if index:
            ax.sharey(axes[0, 0])
        ends.append((method, _panel(ax, models, series)))
        ax.set(title=label(method), ylabel=ylabel if index % columns == 0 else "")
        ax.tick_params(labelleft=index % columns == 0)
    for ax in axes.ravel()[len(methods) :]:
        ax.set_visible(False)
    if log:
        _logarithmic(axes[0, 0])
    figure.supxlabel("strength, from weak to strong", fontsize=9, color=INK)
    if len(series) > 1:
        handles = axes[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper center", ncols=len(series))
    return describe(figure, _from_weak_to_strong(ylabel, ends))


@house_style
def scatter_of_models(frame: polars.DataFrame, x: str, y: str) -> Figure:
    """One score against another, a dot a model, a colour and marker a method."""
    need(frame, "method", x, y)
    kept = _finite(frame, [x, y])
    figure, axes = canvas(5.2, 3.3)
    methods = in_order(kept["method"].unique().to_list())
    for index, method in enumerate(methods):
        models = kept.filter(polars.col("method") == method)
        axes[0, 0].plot(
            models[x], models[y], ls="", ms=4, alpha=0.7, label=label(method), **class_style(index)
        )
    axes[0, 0].set(xlabel=label(x), ylabel=label(y))
    figure.legend(loc="outside right upper")
    rho = spearmanr(kept[x], kept[y]).statistic
    way = "rises with" if rho > 0 else "falls with"
    text = f"{label(y)} {way} {label(x)} over {kept.height} models: rank correlation {rho:.2f}."
    return describe(figure, text + _left_out(frame.height - kept.height))


def _violin(ax: Axes, place: int, values: np.ndarray) -> None:
    if len(values) > 1 and np.ptp(values) > 0:
        for body in ax.violinplot(values, [place], widths=0.8, showextrema=False)["bodies"]:
            body.set(facecolor=FAINT, alpha=0.55, edgecolor="none")
    aside = (np.arange(len(values)) * _GOLDEN % 1 - 0.5) * 0.4
    ax.plot(place + aside, values, "o", color=COLORS[0], ms=2.6, alpha=0.6, mew=0)
    ax.hlines(np.median(values), place - 0.3, place + 0.3, color=COLORS[1], lw=2)


def _panel(ax: Axes, models: polars.DataFrame, series: Mapping[str, str]) -> dict:
    """Draws one method; the means of its weakest and its strongest strength, by series."""
    ends = {}
    for index, (name, score) in enumerate(series.items()):
        kept = _finite(models, [score])
        means = kept.group_by("regularisation").agg(polars.col(score).mean()).sort("regularisation")
        style = class_style(index)
        ax.plot(kept["regularisation"], kept[score], ls="", ms=3, alpha=0.5, mew=0, **style)
        ax.plot(means["regularisation"], means[score], lw=1.5, ms=4.5, label=name, **style)
        ends[name] = (means[score][0], means[score][-1])
    ticks = models.select("regularisation", "strength").unique().sort("regularisation")
    ax.set_xticks(ticks["regularisation"], [f"{strength:g}" for strength in ticks["strength"]])
    return ends


def _logarithmic(ax: Axes) -> None:
    """A logarithmic axis (and all that share it) whose ticks are plain numbers, not too many."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _finite(frame: polars.DataFrame, scores: Sequence[str]) -> polars.DataFrame:
    kept = frame.filter(
        polars.all_horizontal(
            polars.col(score).cast(polars.Float64).is_finite().fill_null(False) for score in scores
        )
    )
    if not kept.height:
        raise ValueError(f"no model has a number in {', '.join(scores)}, so there is none to draw")
    return kept


def _left_out(number: int) -> str:
    return f" {number} models without a score are not shown." if number else ""


def _spread(score: str, names: list, groups: list[np.ndarray], left_out: int) -> str:
    medians = [float(np.median(values)) for values in groups]
    low, high = int(np.argmin(medians)), int(np.argmax(medians))
    apart = medians[high] - medians[low]
    widest = max(float(np.ptp(values)) for values in groups)
    return (
        f"{label(score)}, every model a dot: medians run from {medians[low]:.2f} "
        f"({label(names[low])}) to {medians[high]:.2f} ({label(names[high])}), {apart:.2f} apart, "
        f"while the models of one group spread over up to {widest:.2f}.{_left_out(left_out)}"
    )


def _from_weak_to_strong(ylabel: str, ends: list[tuple[str, dict]]) -> str:
    parts = []
    for method, series in ends:
        for name, (first, last) in series.items():
            which = f" {name}" if len(series) > 1 else ""
            verb = "rises" if last > first else "falls" if last < first else "stays"
            parts.append(f"{label(method)}{which} {verb} from {first:.3g} to {last:.3g}")
    return f"{ylabel}, from the weakest to the strongest setting: {'; '.join(parts)}."
