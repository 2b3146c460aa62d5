"""The numbers of a training run, one panel each, with every seed in sight."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import COLORS, FAINT, canvas, describe, house_style

Records = Float[np.ndarray, "_records _seeds"]


@house_style
def elbo_terms(
    steps: Integer[np.ndarray, " records"], series: Mapping[str, Records], unit: str = "nats"
) -> Figure:
    """One panel a number: every seed as a thin line, their mean thick, its last value written."""
    for name, values in series.items():
        if values.ndim != 2 or len(values) != len(steps):
            raise ValueError(
                f"{name} has shape {values.shape}, but steps has {len(steps)} records; "
                f"expected ({len(steps)}, number of seeds)"
            )
    figure, axes = canvas(2.7 * len(series), 2.3, 1, len(series))
    for ax, (name, values) in zip(axes[0], series.items(), strict=True):
        _panel(ax, steps, name, values, unit)
    return describe(figure, _conclusion(int(steps[-1]), series, unit))


def _panel(ax: Axes, steps, name: str, values: Records, unit: str) -> None:
    mean = values.mean(axis=1)
    ax.plot(steps, values, color=FAINT, linewidth=0.8)
    ax.plot(steps, mean, color=COLORS[0], linewidth=1.8)
    ax.plot(steps[-1], mean[-1], "o", color=COLORS[0], markersize=4, clip_on=False)
    ax.annotate(
        f"{mean[-1]:.1f}".replace("-", "−"),
        (steps[-1], mean[-1]),
        xytext=(0, 6),
        textcoords="offset points",
        ha="right",
        color=COLORS[0],
        weight="bold",
    )
    ax.set(title=name, xlabel="training step", ylabel=unit)
    ax.margins(y=0.12)


def _conclusion(last: int, series: Mapping[str, Records], unit: str) -> str:
    seeds = next(iter(series.values())).shape[1]
    parts = [
        f"{name} goes from {v[0].mean():.1f} to {v[-1].mean():.1f} {unit} "
        f"(seeds {v[-1].min():.1f} to {v[-1].max():.1f})"
        for name, v in series.items()
    ]
    return f"Over {last} steps, mean of {seeds} seed{'s' * (seeds > 1)}: {'; '.join(parts)}."
