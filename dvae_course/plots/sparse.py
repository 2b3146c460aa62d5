"""Sparsity in pictures: what a knob does, with intervals; what sparsity costs; who uses what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from dvae_course.plots.style import FAINT, INK, canvas, class_style, describe, house_style

Seeds = Float[np.ndarray, "values seeds"]
CONFIDENCE = 0.95


def interval(values: Seeds) -> tuple[Float[np.ndarray, " values"], Float[np.ndarray, " values"]]:
    """Mean over seeds, and the half-width of its two-sided 95 % t interval, row by row.

    Raises `ValueError` for fewer than 3 seeds.
    """
    n = values.shape[1]
    if n < 3:
        raise ValueError(f"an interval needs at least 3 seeds, got {n}")
    error = values.std(axis=1, ddof=1) / np.sqrt(n)
    return values.mean(axis=1), stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * error


@house_style
def knob_panels(
    x: Sequence[float],
    panels: Mapping[str, Mapping[str, Seeds]],
    xlabel: str,
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Panels side by side: a quantity against a knob, a line a series, 95 % intervals shaded.

    Parameters
    ----------
    x : the knob's values; its axis is logarithmic with room for a 0.
    panels : quantity → series → one row of seeds for each value of x; the series are the same in
        all panels.
    xlabel : the knob.
    logarithmic : the quantities whose axis is logarithmic too.
    """
    knob = np.asarray(x, dtype=float)
    figure, axes = canvas(2.75 * len(panels), 2.9, 1, len(panels))
    for ax, (quantity, series) in zip(axes[0], panels.items(), strict=True):
        for index, (name, values) in enumerate(series.items()):
            _band(ax, knob, name, values, class_style(index))
        ax.set_xscale("symlog", linthresh=knob[knob > 0].min(), linscale=0.5)
        ax.set_xticks(knob, [f"{value:g}" for value in knob])
        ax.minorticks_off()
        ax.set(xlabel=xlabel, ylabel=quantity)
        if quantity in logarithmic:
            ax.set_yscale("log")
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=len(lines[0]))
    seeds = len(next(iter(next(iter(panels.values())).values()))[0])
    parts = [_ends(quantity, series) for quantity, series in panels.items()]
    span = f"as {xlabel} goes from {knob[0]:g} to {knob[-1]:g}"
    return describe(figure, f"Means of {seeds} seeds, {span}: {'; '.join(parts)}.")


def _band(ax: Axes, knob, name: str, values: Seeds, style: dict) -> None:
    mean, half = interval(values)
    ax.plot(knob, mean, linewidth=1.5, markersize=4.5, label=name, **style)
    ax.fill_between(knob, mean - half, mean + half, color=style["color"], alpha=0.18, lw=0)


def _ends(quantity: str, series: Mapping[str, Seeds]) -> str:
    ends = [f"{v[0].mean():.3g} to {v[-1].mean():.3g} for {name}" for name, v in series.items()]
    return f"{quantity} {', '.join(ends)}"


Paths = Mapping[str, tuple[Seeds, Seeds]]


@house_style
def price_of_sparsity(panels: Mapping[str, Paths], xlabel: str) -> Figure:
    """Panels side by side: a sparsity against what it costs, each path the trace of one knob.

    Parameters
    ----------
    panels : sparsity → path → (costs, sparsities), a row of seeds for each value of the path's
        knob. Seeds are dots, the line joins the means and starts at a hollow marker; upper left is
        better.
    xlabel : the cost.
    """
    figure, axes = canvas(3.9 * len(panels), 3.3, 1, len(panels))
    for ax, (sparsity, paths) in zip(axes[0], panels.items(), strict=True):
        for index, (name, path) in enumerate(paths.items()):
            _path(ax, name, *path, class_style(index))
        ax.set(xlabel=xlabel, ylabel=sparsity)
        ax.margins(0.08)
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=len(lines[0]))
    parts = [_best(sparsity, paths) for sparsity, paths in panels.items()]
    return describe(
        figure,
        f"{xlabel} to the right, sparsity upwards, means of seeds; each knob starts at a hollow "
        f"marker. {'; '.join(parts)}.",
    )


def _path(ax: Axes, name: str, cost: Seeds, sparsity: Seeds, style: dict) -> None:
    dots = {**style, "linestyle": "", "markersize": 3.5, "alpha": 0.45, "mew": 0}
    ax.plot(cost.ravel(), sparsity.ravel(), **dots)
    x, y = cost.mean(1), sparsity.mean(1)
    ax.plot(x, y, linewidth=1.5, markersize=5, label=name, **style)
    ax.plot(x[0], y[0], markersize=7, markerfacecolor="white", mew=1.5, **style)


def _best(sparsity: str, paths: Paths) -> str:
    parts = []
    for name, (cost, value) in paths.items():
        k = int(value.mean(1).argmax())
        parts.append(f"{name} reaches {value[k].mean():.2f} at {cost[k].mean():.0f}")
    return f"{sparsity}: {', '.join(parts)}"


@house_style
def class_use(
    magnitudes: Float[np.ndarray, "classes latent"],
    class_names: Sequence[str],
    title: str,
) -> Figure:
    """How much each class uses each latent, as a heat map.

    Latents are sorted by the class that uses them most, and keep their number, counted from 0.

    Parameters
    ----------
    magnitudes : mean of |code| in standard deviations of the latent, 0 for a latent not used.
    class_names : of the rows.
    title : above, and before the sentence that the picture shows.
    """
    if len(class_names) != len(magnitudes):
        raise ValueError(f"{len(class_names)} class names for {len(magnitudes)} rows of magnitudes")
    order = np.lexsort((-magnitudes.max(0), magnitudes.argmax(0)))
    shown = magnitudes[:, order]
    figure, axes = canvas(1.9 + 0.34 * shown.shape[1], 0.9 + 0.27 * len(shown))
    ax = axes[0, 0]
    image = ax.imshow(shown, cmap="Greys", vmin=0, vmax=3, aspect="auto")
    ax.set_xticks(range(len(order)), [f"$z_{{{d}}}$" for d in order], color=INK)
    ax.set_yticks(range(len(shown)), list(class_names))
    ax.tick_params(length=0)
    ax.spines[:].set(visible=True, color=FAINT)
    ax.set_title(title, loc="left")
    figure.colorbar(image, ax=ax, extend="max", label="mean |μ| / sd", shrink=0.9)
    top = np.unravel_index(magnitudes.argmax(), magnitudes.shape)
    few = np.median(users(magnitudes))
    return describe(
        figure,
        f"{title}. The median class uses {few:g} of {magnitudes.shape[1]} latents by more than one "
        f"standard deviation; the strongest use is z{top[1]} by {class_names[top[0]]}, "
        f"{magnitudes.max():.1f}.",
    )


def users(magnitudes: Float[np.ndarray, "classes latent"]) -> Float[np.ndarray, " classes"]:
    """How many latents each class uses: those in which it lies out by more than one deviation."""
    return (magnitudes > 1).sum(axis=1).astype(float)
