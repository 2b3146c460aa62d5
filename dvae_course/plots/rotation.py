"""What a rotation of the latent plane costs a diagonal posterior, and where seeds end up."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from dvae_course.plots.style import COLORS, FAINT, canvas, class_style, describe, house_style

_NOTHING = 5e-4  # nats: less is shown as 0.000


@house_style
def rotation_price(
    degrees: Float[np.ndarray, " angles"],
    prices: Float[np.ndarray, " angles"],
    at: int,
    covariance: Float[np.ndarray, "2 2"],
    nearest: Float[np.ndarray, " 2"],
) -> Figure:
    """Left the posterior at angle number `at` and the best diagonal one; right the price of each.

    Parameters
    ----------
    degrees, prices : the angles, and the nats that a diagonal posterior loses at each.
    at : the index of the angle on show.
    covariance : of the rotated posterior at that angle.
    nearest : the variances of the best diagonal Gaussian there.
    """
    if not 0 <= at < len(degrees):
        raise ValueError(
            f"at is {at}, but there are {len(degrees)} angles; use 0 to {len(degrees) - 1}"
        )
    figure, axes = canvas(6.2, 2.9, 1, 2)
    _posteriors(axes[0, 0], covariance, nearest)
    _curve(axes[0, 1], degrees, prices, at)
    return describe(figure, f"{_tilt(degrees[at], prices[at])} {_range(degrees, prices)}")


@house_style
def seeds_by_group(groups: Mapping[str, Float[np.ndarray, " _seeds"]], xlabel: str) -> Figure:
    """One row a group: every seed a dot, the median a bar."""
    if not groups or any(len(values) == 0 for values in groups.values()):
        raise ValueError("seeds_by_group needs at least one group, each with at least one seed")
    figure, axes = canvas(6.2, 0.55 * len(groups) + 0.8)
    ax = axes[0, 0]
    for row, values in enumerate(groups.values()):
        ax.plot(
            values, np.full(len(values), row), ls="", ms=6, alpha=0.7, mew=0, **class_style(row)
        )
        ax.plot(np.median(values), row, "|", color="black", markersize=16, markeredgewidth=1.5)
    ax.set_yticks(range(len(groups)), groups)
    ax.set(xlabel=xlabel, ylim=(len(groups) - 0.5, -0.5))
    parts = [
        f"{name}: {values.min():.3f} to {values.max():.3f}, median {np.median(values):.3f}"
        for name, values in groups.items()
    ]
    return describe(figure, f"{xlabel}, every seed a dot. {'; '.join(parts)}.")


def _tilt(angle: float, price: float) -> str:
    if price < _NOTHING:
        return f"Turned by {angle:g}°, the posterior is diagonal itself and loses nothing."
    return (
        f"Turned by {angle:g}°, the posterior is an oblique ellipse; the best diagonal one crosses "
        f"the axes where it does, is shorter, and loses {price:.3f} nats."
    )


def _range(degrees: np.ndarray, prices: np.ndarray) -> str:
    if prices.max() < _NOTHING:
        return "For these variances every angle is free."
    best = int(prices.argmax())
    return (
        f"Over all angles the loss is {prices.min():.3f} to {prices.max():.3f} nats, largest at "
        f"{degrees[best]:g}°."
    )


def _posteriors(ax: Axes, covariance: np.ndarray, nearest: np.ndarray) -> None:
    """Both Gaussians as ellipses of two standard deviations."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    width, height = 4 * np.sqrt(values[::-1])
    ax.add_patch(
        Ellipse((0, 0), width, height, angle=angle, fill=False, ec=COLORS[0], lw=2, label="$q_U$")
    )
    a, b = 4 * np.sqrt(nearest)
    ax.add_patch(
        Ellipse((0, 0), a, b, fill=False, ec=COLORS[1], lw=2, ls="--", label="best diagonal")
    )
    reach = 1.1 * width / 2
    ax.axhline(0, color=FAINT, lw=0.7, zorder=0)
    ax.axvline(0, color=FAINT, lw=0.7, zorder=0)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set(xlabel="$z_1$ (ellipses: two standard deviations)", ylabel="$z_2$")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _curve(ax: Axes, degrees: np.ndarray, prices: np.ndarray, at: int) -> None:
    rising = 2 * at < len(degrees)
    ax.plot(degrees, prices, color=COLORS[0], lw=1.8)
    ax.plot(degrees[at], prices[at], "o", color=COLORS[1], ms=7)
    ax.annotate(
        f"{prices[at]:.3f}",
        (degrees[at], prices[at]),
        xytext=(-7 if rising else 7, 4),
        textcoords="offset points",
        ha="right" if rising else "left",
        color=COLORS[1],
        weight="bold",
    )
    ax.set(xlabel="angle, degrees", ylabel="price, nats", title="the price of the rotation")
    ax.set_xticks(np.linspace(degrees[0], degrees[-1], 7))
    ax.set_ylim(-0.02, 1.2 * max(prices.max(), 0.5))
