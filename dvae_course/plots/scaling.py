"""A latent space and the same one √β times as large, and two gradients that vanish together."""

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse

from dvae_course.plots.style import COLORS, INK, canvas, describe, house_style

LINES = ("-", "--", ":", "-.")
_PRIOR_RADIUS = 2.0  # standard deviations of N(0, I)


@house_style
def two_units(
    beta: float,
    mu: Float[np.ndarray, "points 2"],
    sd: Float[np.ndarray, "points 2"],
    labels: Integer[np.ndarray, " points"],
) -> Figure:
    """Encodings of a β-VAE with prior N(0, I): left in z, right in z' = √β z.

    Each encoding is an ellipse of one standard deviation; the circle is the prior's two. Both
    panels show the same part of the plane, in their own units, so that only the circle differs.

    Raises `ValueError` for β ≤ 0.
    """
    if not beta > 0:
        raise ValueError(f"beta must be positive, got {beta:g}")
    root = math.sqrt(beta)
    reach = float(np.quantile(np.abs(mu) + sd, 0.99))
    half = 1.1 * max(reach, _PRIOR_RADIUS, _PRIOR_RADIUS / root)
    figure, axes = canvas(6.2, 3.3, 1, 2)
    _encodings(axes[0, 0], mu, sd, labels, half)
    _encodings(axes[0, 1], root * mu, root * sd, labels, root * half)
    axes[0, 0].set(xlabel="$z_1$", ylabel="$z_2$", title=f"$z$: KL term × {beta:g}")
    title = rf"$z'=\sqrt{{\beta}}\,z$: KL term × 1, entropy × {beta - 1:g}"
    axes[0, 1].set(xlabel="$z'_1$", ylabel="$z'_2$", title=title.replace("-", "−"))
    circle = axes[0, 0].patches[-1]
    figure.legend([circle], ["two standard deviations of the prior"], loc="outside lower center")
    own = math.sqrt(np.square(sd).mean())
    whole = math.sqrt((np.square(mu) + np.square(sd)).mean())
    return describe(
        figure,
        f"β = {beta:g}. A coordinate of z has a standard deviation of {whole:.2f} over all data, "
        f"{own:.2f} within an encoding; √β times as large, {root * whole:.2f} and "
        f"{root * own:.2f}. The prior's is 1 in both.",
    )


@house_style
def vanishing(
    steps: Integer[np.ndarray, " records"],
    series: Mapping[str, Float[np.ndarray, "records seeds"]],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Positive numbers against steps on a logarithmic scale; a line for each seed."""
    figure, axes = canvas(5.6, 3.0)
    ax = axes[0, 0]
    for index, (name, values) in enumerate(series.items()):
        look = {"color": COLORS[index], "linestyle": LINES[index], "linewidth": 1.4}
        ax.plot(steps, values[:, 0], label=name, **look)
        ax.plot(steps, values[:, 1:], alpha=0.5, **look)
    ax.set(yscale="log", xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=2, handlelength=2.4)
    parts = [f"{name}: at most {values[-1].max():.0e}" for name, values in series.items()]
    seeds = next(iter(series.values())).shape[1]
    return describe(
        figure, f"{ylabel} at the end, over {seeds} seeds, each a line. {'; '.join(parts)}."
    )


def _encodings(ax: Axes, mu: np.ndarray, sd: np.ndarray, labels: np.ndarray, half: float) -> None:
    for center, scale, label in zip(mu, sd, labels, strict=True):
        color = COLORS[int(label) % len(COLORS)]
        ax.add_patch(Ellipse(center, *(2 * scale), color=color, alpha=0.18, lw=0))
        ax.plot(*center, ".", color=color, markersize=2)
    ax.add_patch(Circle((0, 0), _PRIOR_RADIUS, fill=False, ls="--", lw=1.4, ec=INK))
    ax.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
