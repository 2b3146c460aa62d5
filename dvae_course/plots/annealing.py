"""Densities over one latent coordinate, and what Theorem 1 makes of the β-VAE's objective there."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import COLORS, INK, canvas, describe, house_style

LINES = ("-", "--", ":", "-.")
HEADROOM = 1.45  # over the tallest curve, for the legend
Curves = Mapping[str, Float[np.ndarray, " points"]]


@house_style
def densities(z: Float[np.ndarray, " points"], panels: Mapping[str, Curves]) -> Figure:
    """One panel a heading, in each a few non-negative functions of z, each with its line style.

    A function that rises towards an end of `z` counts as growing; it may leave the panel at the
    top, so that the others can be seen.
    """
    figure, axes = canvas(2.6 * len(panels) + 0.4, 2.5, 1, len(panels))
    for ax, (heading, curves) in zip(axes[0], panels.items(), strict=True):
        _curves(ax, z, curves)
        ax.set(title=heading, xlabel="$z$", ylim=(0, HEADROOM * _tallest(curves)))
        ax.legend(loc="upper right", handlelength=1.8)
    parts = [f"{heading}: {_widths(z, curves)}" for heading, curves in panels.items()]
    return describe(figure, ". ".join(parts) + ".")


@house_style
def annealed_objective(
    name: str,
    beta: float,
    z: Float[np.ndarray, " points"],
    curves: Curves,
    sd: Float[np.ndarray, " scales"],
    terms: Mapping[str, Float[np.ndarray, " scales"]],
) -> Figure:
    """Left the densities, right the terms of Theorem 1 against the encoder's standard deviation.

    Parameters
    ----------
    name : of the prior.
    beta : β.
    z, curves : as in `densities`.
    sd : standard deviations of q, increasing.
    terms : in nats; the first is the whole, the second, if there is one, the annealed part. A dot
        marks the largest value of each of the two.
    """
    figure, axes = canvas(6.6, 2.9, 1, 2)
    left, right = axes[0]
    _curves(left, z, curves)
    left.set(title=f"{name}, β = {beta:g}", xlabel="$z$", ylim=(0, HEADROOM * _tallest(curves)))
    _curves(right, sd, terms)
    for index, values in enumerate(list(terms.values())[:2]):
        right.plot(sd[values.argmax()], values.max(), "o", color=COLORS[index], markersize=5)
    right.set(xscale="log", xlabel="standard deviation of $q(z|x)$", ylabel="nats")
    whole = next(iter(terms.values()))
    right.set_ylim(whole.max() - 8, whole.max() + 6)
    right.axhline(0, color=INK, linewidth=0.4)
    for ax in (left, right):
        ax.legend(loc="best", handlelength=1.8)
    return describe(figure, best_encoders(name, beta, sd, terms))


def best_encoders(name: str, beta: float, sd: Float[np.ndarray, " scales"], terms: Curves) -> str:
    """The sentence of `annealed_objective`: which encoder each of the two objectives asks for."""
    best = [sd[values.argmax()] for values in list(terms.values())[:2]]
    at = f"{name} prior at β = {beta:g}: "
    if len(best) < 2:
        return (
            f"{at}the integral F_β is infinite, so there is no annealed prior; −β KL(q‖p) is "
            f"still finite, and largest at an encoder's standard deviation of {best[0]:.2f}."
        )
    whole, annealed = best
    if np.isclose(whole, annealed):
        return f"{at}both objectives are largest at a standard deviation of {whole:.2f}."
    verb = "widens the encoder" if whole > annealed else "narrows the encoder"
    return (
        f"{at}with the annealed prior alone the best centred encoder has a standard deviation "
        f"of {annealed:.2f}; the entropy term {verb} to {whole:.2f}, the best one under the prior."
    )


def _curves(ax: Axes, x: Float[np.ndarray, " points"], curves: Curves) -> None:
    for index, (label, values) in enumerate(curves.items()):
        ax.plot(x, values, LINES[index], color=COLORS[index], linewidth=1.5, label=label)


def _grows(values: Float[np.ndarray, " points"]) -> bool:
    return bool(values[0] > values[1] or values[-1] > values[-2])


def _tallest(curves: Curves) -> float:
    return max(float(values.max()) for values in curves.values() if not _grows(values))


def _widths(z: Float[np.ndarray, " points"], curves: Curves) -> str:
    """How wide the middle half of each curve's mass is, or that it has no such thing."""
    return ", ".join(f"{label} {_width(z, values)}" for label, values in curves.items())


def _width(z: Float[np.ndarray, " points"], values: Float[np.ndarray, " points"]) -> str:
    if _grows(values):
        return "grows towards the edge and cannot be normalised"
    share = values.cumsum() / values.sum()
    low, high = np.interp([0.25, 0.75], share, z)
    return f"has the middle half of its mass in {high - low:.2f}"
