"""A number against a knob, with every seed as a dot: the seeds are part of the result."""

from collections.abc import Iterable, Mapping
from typing import SupportsFloat

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import canvas, class_style, describe, house_style


@house_style
def spread(
    x: Iterable[SupportsFloat],
    series: Mapping[str, Float[np.ndarray, "values seeds"]],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Dots are seeds, lines are means; the x axis is logarithmic and has room for a zero."""
    knob = np.asarray(list(x), dtype=float)
    for name, values in series.items():
        if len(values) != len(knob):
            raise ValueError(
                f"{name} has {len(values)} rows, but x has {len(knob)} values; "
                "expected one row of seeds for each value of x"
            )
    figure, axes = canvas(5.2, 3.1)
    for index, (name, values) in enumerate(series.items()):
        _one_series(axes[0, 0], knob, name, values, class_style(index))
    _knob_axis(axes[0, 0], knob)
    axes[0, 0].set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        axes[0, 0].legend()
    return describe(figure, _conclusion(knob, series, xlabel, ylabel))


def _one_series(ax: Axes, knob, name: str, values, style: dict) -> None:
    at = np.repeat(knob, values.shape[1])
    ax.plot(at, values.ravel(), linestyle="", markersize=3.5, alpha=0.55, mew=0, **style)
    ax.plot(knob, values.mean(axis=1), linewidth=1.6, markersize=5.5, label=name, **style)


def _knob_axis(ax: Axes, knob: Float[np.ndarray, " values"]) -> None:
    positive = knob[knob > 0]
    if len(positive):
        ax.set_xscale("symlog", linthresh=positive.min(), linscale=0.5)
    ax.set_xticks(knob, [f"{value:g}" for value in knob])
    ax.minorticks_off()


def _conclusion(knob, series: Mapping, xlabel: str, ylabel: str) -> str:
    parts = []
    for name, values in series.items():
        first, last = values[0].mean(), values[-1].mean()
        verb = "rises" if last > first else "falls" if last < first else "stays"
        where = f" for {name}" if len(series) > 1 else ""
        parts.append(f"{verb} from {first:.2f} to {last:.2f}{where}")
    counts = sorted({values.shape[1] for values in series.values()})
    seeds = " and ".join(map(str, counts))
    return (
        f"As {xlabel} goes from {knob[0]:g} to {knob[-1]:g}, {ylabel} {', '.join(parts)} "
        f"(means of {seeds} seed{'s' * (counts[-1] > 1)}; each seed is a dot)."
    )
