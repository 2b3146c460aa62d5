"""Priors and axes: reconstruction against disentanglement, and where heavy tails push factors."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from dvae_course.plots.style import COLORS, FAINT, INK, canvas, class_style, describe, house_style

Points = Mapping[str, Float[np.ndarray, "2 seeds"]]
_NO_PUSH = 5e-4  # nats
_CORNERS = [  # where the labels of a curve's points stand, in turn
    {"xytext": (x, y), "textcoords": "offset points", "ha": side}
    for y in (6, -14)
    for x, side in ((-7, "right"), (7, "left"))
]


@house_style
def tradeoff(curves: Mapping[str, Points], xlabel: str, ylabel: str) -> Figure:
    """Two numbers of trained models against each other: dots are seeds, crosses 95 % intervals.

    Parameters
    ----------
    curves : name → label of a point (a hyper-parameter) → both numbers of every seed.
    xlabel, ylabel : what the two numbers are.

    Raises
    ------
    ValueError : fewer than two seeds, for which there is no interval.
    """
    figure, axes = canvas(6.2, 3.6)
    means: dict[str, dict[str, np.ndarray]] = {}
    for index, (name, points) in enumerate(curves.items()):
        style = class_style(index)
        middles = np.array([_point(axes[0, 0], values, style) for values in points.values()])
        axes[0, 0].plot(*middles.T, label=name, linewidth=1.3, markersize=6, **style)
        means[name] = dict(zip(points, middles, strict=True))
    _write_labels(axes[0, 0], means)
    axes[0, 0].set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=len(curves))
    parts = [
        f"{name}, {label}: {y:.2f} at {x:.1f}"
        for name, points in means.items()
        for label, (x, y) in points.items()
    ]
    text = f"{ylabel} at {xlabel}, means over seeds, each a dot: {'; '.join(parts)}."
    return describe(figure, text)


def _point(ax: Axes, values: Float[np.ndarray, "2 seeds"], style: dict) -> np.ndarray:
    """Draw the seeds of a point and the intervals of both means; the means."""
    seeds = values.shape[1]
    if seeds < 2:
        raise ValueError(f"an interval needs at least two seeds, got {seeds}")
    ax.plot(*values, linestyle="", markersize=3, alpha=0.35, mew=0, **style)
    middle = values.mean(axis=1)
    half = stats.t.ppf(0.975, seeds - 1) * values.std(axis=1, ddof=1) / np.sqrt(seeds)
    ax.errorbar(*middle, xerr=half[0], yerr=half[1], color=style["color"], linewidth=1.1)
    return middle


def _write_labels(ax: Axes, means: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Each label beside its point, once where several curves have that point close together."""
    span = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    written: list[tuple[str, np.ndarray]] = []
    for points in means.values():
        for corner, (label, at) in enumerate(points.items()):
            near = [name == label and _close(at, other, span) for name, other in written]
            if not any(near):
                ax.annotate(label, at, color=INK, **_CORNERS[corner % len(_CORNERS)])
                written.append((label, at))


def _close(one: np.ndarray, other: np.ndarray, span: np.ndarray) -> bool:
    return bool((np.abs(one - other) < 0.1 * span).all())


@house_style
def tail_push(
    nu: float,
    factor: str,
    factors: Float[np.ndarray, "points 2"],
    degrees: Float[np.ndarray, " angles"],
    gain: Float[np.ndarray, " angles"],
) -> Figure:
    """Left the prior's density and two factors turned to where it likes them best; right how much.

    Parameters
    ----------
    nu, factor : ν of the Student-t prior, and the name of the factors' law.
    factors : samples of two independent factors, not turned.
    degrees, gain : angles, and E log p(z) there less that at the first one, in nats.
    """
    figure, axes = canvas(6.4, 3.1, 1, 2)
    best = int(gain.argmax()) if np.ptp(gain) > _NO_PUSH else 0
    theta = np.radians(degrees[best])
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    _cloud(axes[0, 0], nu, factors @ turn.T)
    axes[0, 0].set_title(f"prior ν = {nu:g}; {factor} factors turned by {degrees[best]:g}°")
    ax = axes[0, 1]
    ax.axhline(0, color=FAINT, linewidth=0.8)
    ax.plot(degrees, gain, color=COLORS[0], linewidth=1.8)
    ax.plot(degrees[best], gain[best], "o", color=COLORS[1], markersize=7)
    ax.set(xlabel="factors turned by, degrees", ylabel="E log p(z) gained, nats")
    ax.set(ylim=(-0.19, 0.19), xticks=np.linspace(degrees[0], degrees[-1], 7))
    return describe(figure, _push(nu, factor, degrees, gain, best))


def _cloud(ax: Axes, nu: float, points: np.ndarray) -> None:
    axis = np.linspace(-4, 4, 81)
    log_density = np.add.outer(*2 * [stats.t.logpdf(axis, nu)])
    depths = log_density.max() - np.array([8.0, 6.0, 4.5, 3.0, 1.5, 0.5])
    ax.contour(
        axis, axis, log_density, levels=depths, colors=COLORS[0], linewidths=0.9, linestyles="-"
    )
    ax.plot(*points.T, "o", color=COLORS[1], markersize=2, alpha=0.6, mew=0)
    ends = (axis[0], axis[-1])
    ax.set(xlim=ends, ylim=ends, aspect="equal", xlabel="$z_1$", ylabel="$z_2$")


def _push(nu: float, factor: str, degrees: np.ndarray, gain: np.ndarray, best: int) -> str:
    who = f"A Student-t prior with ν = {nu:g}, {factor} factors:"
    if np.ptp(gain) <= _NO_PUSH:
        return f"{who} the angle does not matter."
    middle = gain[len(gain) // 2]
    where = "away from the axes" if middle > 0 else "to the axes"
    return (
        f"{who} E log p(z) is largest at {degrees[best]:g}°; at {degrees[len(gain) // 2]:g}° it is "
        f"{middle:+.3f} nats from that at {degrees[0]:g}°. The prior pushes {where}."
    )
