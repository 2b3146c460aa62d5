"""The latent plane: where the codes lie, and how their mixture compares with the prior."""

from collections.abc import Iterable
from typing import SupportsFloat

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy.special import ndtr

from dvae_course.plots.style import INK, canvas, class_style, describe, house_style

Points = Float[np.ndarray, "points 2"]
Labels = Integer[np.ndarray, " points"]
# Only to mid-tone, so that the marks on top stay visible.
DENSITY = LinearSegmentedColormap.from_list("density", ["#ffffff", "#86a8ca"])


def window(mu: Float[np.ndarray, "... 2"]) -> float:
    """Half-width of a square around 0 that holds nearly all codes, between 2 and 4."""
    return float(np.clip(np.quantile(np.abs(mu), 0.99), 2.0, 4.0))


def density_on_grid(
    mu: Points, sd: Points, half_width: float, resolution: int
) -> Float[np.ndarray, "resolution resolution"]:
    """Aggregate posterior q(z) = mean over n of N(z; mu_n, diag sd_n²), averaged over each cell.

    The square [-half_width, half_width]² is cut into resolution² cells; rows are z₂, columns z₁.
    Each cell holds the exact mass that falls in it, over its area, so that a Gaussian much
    narrower than a cell is neither lost nor exaggerated. The mass in a cell is a product over the
    two axes, hence one matrix product over all points.
    """
    edges = np.linspace(-half_width, half_width, resolution + 1)
    mass = np.diff(ndtr((edges - mu[..., None]) / sd[..., None]), axis=-1)  # (points, 2, cells)
    return mass[:, 1].T @ mass[:, 0] / len(mu) / (edges[1] - edges[0]) ** 2


@house_style
def pinwheel(points: Points, labels: Labels) -> Figure:
    """The data in the plane, one colour and one marker an arm."""
    figure, axes = canvas(3.2, 3.2)
    _marks(axes[0, 0], points, labels, size=12.0)
    axes[0, 0].set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    arms, counts = np.unique(labels, return_counts=True)
    radius = np.linalg.norm(points, axis=1).mean()
    return describe(
        figure,
        f"{len(points)} points in {len(arms)} curved arms of {counts.min()} to {counts.max()} "
        f"points around the origin, at a mean distance of {radius:.2f} from it.",
    )


@house_style
def latent_grid(
    alphas: Iterable[SupportsFloat],
    betas: Iterable[SupportsFloat],
    mu: Float[np.ndarray, "alphas betas points 2"],
    sd: Float[np.ndarray, "alphas betas points 2"],
    labels: Labels,
    prior_means: Float[np.ndarray, "components 2"],
    prior_sd: float,
) -> Figure:
    """One panel a pair (α, β): density of q(z), posterior means by arm, prior as thin circles."""
    rows, columns = [f"{a:g}" for a in alphas], [f"{b:g}" for b in betas]
    if mu.shape[:2] != (len(rows), len(columns)) or mu.shape != sd.shape:
        raise ValueError(
            f"mu has shape {mu.shape} and sd {sd.shape}; for {len(rows)} values of alpha and "
            f"{len(columns)} of beta both must be ({len(rows)}, {len(columns)}, points, 2)"
        )
    half = window(mu)
    peak = 1 / (len(prior_means) * 2 * np.pi * prior_sd**2)  # of the prior: one scale for all
    figure, axes = canvas(1.5 * len(columns) + 0.4, 1.5 * len(rows) + 0.4, *mu.shape[:2])
    for index in np.ndindex(*mu.shape[:2]):
        _panel(axes[index], mu[index], sd[index], labels, half, peak)
        _prior_circles(axes[index], prior_means, prior_sd)
    for ax, alpha in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(f"α = {alpha}", color=INK)
    for ax, beta in zip(axes[0], columns, strict=True):
        ax.set_title(f"β = {beta}", color=INK)
    apart = _distance_from_prior(mu, sd, prior_means, prior_sd)
    return describe(figure, _conclusion(rows, columns, apart))


def _panel(ax: Axes, mu: Points, sd: Points, labels: Labels, half: float, peak: float) -> None:
    density = density_on_grid(mu, sd, half, 96)
    extent = (-half, half, -half, half)
    shade = PowerNorm(0.5, vmin=0, vmax=peak)  # or a broad density would be invisible
    ax.imshow(density, DENSITY, shade, extent=extent, origin="lower")
    _marks(ax, mu, labels, size=3.0)
    ax.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    outside = int(np.any(np.abs(mu) > half, axis=1).sum())
    if outside:
        ax.text(0.03, 0.03, f"{outside} outside", transform=ax.transAxes, fontsize=6, color=INK)


def _marks(ax: Axes, points: Points, labels: Labels, size: float) -> None:
    for index, label in enumerate(np.unique(labels)):
        x, y = points[labels == label].T
        ax.scatter(x, y, s=size, alpha=0.75, linewidths=0, **class_style(index))


def _prior_circles(ax: Axes, means: Float[np.ndarray, "components 2"], sd: float) -> None:
    for mean in means:
        ax.add_patch(Circle(tuple(mean), 2 * sd, fill=False, color=INK, linewidth=0.6))


def _distance_from_prior(mu, sd, prior_means, prior_sd) -> Float[np.ndarray, "alphas betas"]:
    """Total variation between q(z) and p(z) on a grid: 0 is the same, 1 is no overlap."""
    half, resolution = float(np.abs(mu).max() + 3), 120
    prior = density_on_grid(prior_means, np.full_like(prior_means, prior_sd), half, resolution)
    cell = (2 * half / resolution) ** 2
    apart = np.empty(mu.shape[:2])
    for index in np.ndindex(*apart.shape):
        q = density_on_grid(mu[index], sd[index], half, resolution)
        apart[index] = 0.5 * np.abs(q - prior).sum() * cell
    return apart


def _conclusion(rows: list[str], columns: list[str], apart) -> str:
    best = np.unravel_index(apart.argmin(), apart.shape)
    worst = np.unravel_index(apart.argmax(), apart.shape)
    change = "nearer to" if apart[-1].mean() < apart[0].mean() else "farther from"
    return (
        f"From α = {rows[0]} to α = {rows[-1]} the aggregate posterior comes {change} the prior "
        f"(total variation, mean over β: {apart[0].mean():.2f} to {apart[-1].mean():.2f}); "
        f"it is nearest at α = {rows[best[0]]}, β = {columns[best[1]]} ({apart[best]:.2f}) and "
        f"farthest at α = {rows[worst[0]]}, β = {columns[worst[1]]} ({apart[worst]:.2f})."
    )
