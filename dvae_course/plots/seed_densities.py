"""Densities of the aggregate posterior, one tile a seed: figure 3 with nothing left to luck."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from dvae_course.plots.latent import DENSITY, density_on_grid
from dvae_course.plots.style import INK, canvas, describe, house_style

HALF = 2.0  # the window of the paper's figure
TILE = 0.82


@house_style
def seed_densities(
    names: Sequence[str],
    mu: Float[np.ndarray, "_rows _seeds points 2"],
    sd: Float[np.ndarray, "_rows _seeds points 2"],
    numbers: Float[np.ndarray, "_rows _seeds"],
    prior_means: Float[np.ndarray, "components 2"],
    prior_sd: float,
    meaning: str = "KL(q(z)‖p(z))",
) -> Figure:
    """A row a setting, a column a seed: q(z) on [-2, 2]², the prior as circles, a number each.

    Parameters
    ----------
    names : of the rows.
    mu, sd : posterior means and standard deviations of every point.
    numbers : written into the tiles.
    prior_means, prior_sd : the mixture prior; circles are two standard deviations wide.
    meaning : of the numbers.
    """
    if not len(names) == len(mu) == len(numbers) or mu.shape[:2] != numbers.shape:
        raise ValueError(
            f"{len(names)} names, mu of shape {mu.shape} and numbers of shape {numbers.shape}; "
            "expected a name for each row, and a number for each row and seed"
        )
    rows, seeds = numbers.shape
    figure, axes = canvas(TILE * seeds + 0.5, TILE * rows + 0.1, rows, seeds)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    peak = 1 / (len(prior_means) * 2 * np.pi * prior_sd**2)
    for index in np.ndindex(rows, seeds):
        _tile(axes[index], mu[index], sd[index], numbers[index], peak)
        for mean in prior_means:
            circle = Circle(tuple(mean), 2 * prior_sd, fill=False, color=INK, linewidth=0.4)
            axes[index].add_patch(circle)
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.set_ylabel(name, color=INK, fontsize=8)
    return describe(figure, _conclusion(names, numbers, meaning))


def _tile(ax: Axes, mu, sd, number: float, peak: float) -> None:
    shade = PowerNorm(0.5, vmin=0, vmax=peak)  # or a broad density would be invisible
    square = {"extent": (-HALF, HALF, -HALF, HALF), "origin": "lower", "interpolation": "nearest"}
    ax.imshow(density_on_grid(mu, sd, HALF, 64), DENSITY, shade, **square)
    ax.set(xlim=(-HALF, HALF), ylim=(-HALF, HALF), xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.text(0.04, 0.05, f"{number:.2f}", transform=ax.transAxes, fontsize=6.5, color=INK)


def _conclusion(names: Sequence[str], numbers: Float[np.ndarray, "rows seeds"], meaning) -> str:
    ranges = "; ".join(
        f"{row.min():.2f} to {row.max():.2f} at {name}"
        for name, row in zip(names, numbers, strict=True)
    )
    spread = numbers.max(axis=1) - numbers.min(axis=1)
    return (
        f"Densities of q(z), one tile for each of {numbers.shape[1]} seeds: {meaning} is {ranges}. "
        f"The seeds agree best at {names[spread.argmin()]} and least at {names[spread.argmax()]}."
    )
