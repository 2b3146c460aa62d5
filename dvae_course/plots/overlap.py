"""The two factors of decomposition as pictures: encodings that overlap, q(z) beside its prior."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from dvae_course.plots.latent import density_on_grid
from dvae_course.plots.style import COLORS, INK, canvas, class_style, describe, house_style

Numbers = Float[np.ndarray, "seeds 2"]
Labels = Integer[np.ndarray, " points"]
HALF = 3.0  # half-width of every panel
_SHADE = LinearSegmentedColormap.from_list("density", ["#ffffff", "#5a86b4"])
_LINES = ("-", "--")


@house_style
def two_factors(
    headings: Sequence[str],
    mu: Float[np.ndarray, "5 points 2"],
    sd: Float[np.ndarray, "5 points 2"],
    numbers: Float[np.ndarray, "5 seeds 2"],
    labels: Labels,
    log_prior: Float[np.ndarray, "resolution resolution"],
) -> Figure:
    """Figure 1 of Mathieu et al. 2019 from trained models, with both numbers of every seed.

    The first three pictures show encodings as ellipses of one standard deviation; the other two the
    density of q(z), with the prior as contours.

    Parameters
    ----------
    headings : of the five pictures.
    mu, sd : the encodings of one model a picture.
    numbers : overlap I(x; z) and match KL(q(z)‖p(z)) of each seed, in nats.
    labels : the arm of each point.
    log_prior : log p(z) of the lower row's prior on [-3, 3]², first axis z₁, second z₂.
    """
    if not len(headings) == len(mu) == len(sd) == len(numbers) == 5:
        raise ValueError(
            "the figure has three pictures of overlap and two of conformity, got "
            f"{len(headings)} headings, {len(mu)} mu, {len(sd)} sd and {len(numbers)} numbers"
        )
    figure, axes = canvas(7.2, 5.6, 2, 3)
    for i, (ax, heading) in enumerate(zip(axes.flat, headings, strict=False)):
        if i < 3:
            _ellipses(ax, mu[i], sd[i], labels)
        else:
            _density(ax, mu[i], sd[i], log_prior.T)
        _caption(ax, heading, numbers[i])
    _all_seeds(axes[1, 2], headings, numbers)
    parts = [f"{h}: {_means(n)}" for h, n in zip(headings, numbers, strict=True)]
    return describe(figure, f"Means of {numbers.shape[1]} seeds, in nats. {'; '.join(parts)}.")


@house_style
def appropriate(
    betas: Sequence[float],
    own: Float[np.ndarray, "betas seeds"],
    arm: Float[np.ndarray, "betas seeds"],
    elbo: Float[np.ndarray, "betas seeds"],
) -> Figure:
    """Two readings of an appropriate overlap against β, every seed a dot.

    Left the chances to trace a code to its own point and to its own arm, right the ELBO of unseen
    data, in nats.
    """
    figure, axes = canvas(6.6, 2.9, 1, 2)
    for index, (name, values) in enumerate({"own point": own, "own arm": arm}.items()):
        _against(axes[0, 0], betas, values, name, index)
    _against(axes[0, 1], betas, elbo, "held-out ELBO", 2)
    axes[0, 0].set(xlabel="β", ylabel="chance to trace $z$ to it", ylim=(-0.03, 1.05))
    axes[0, 0].legend(loc="lower left")
    axes[0, 1].set(xlabel="β", ylabel="ELBO of unseen data, nats")
    best, votes = np.unique(elbo.argmax(0), return_counts=True)
    top = best[votes.argmax()]
    return describe(
        figure,
        f"The ELBO of unseen data is highest at β = {betas[top]:g} in {votes.max()} of "
        f"{elbo.shape[1]} seeds. There a code is traced to its own arm with chance "
        f"{arm[top].mean():.2f}, to its own point with {own[top].mean():.2f}; at β = {betas[0]:g} "
        f"to its own point with {own[0].mean():.2f}, and at β = {betas[-1]:g} to its own arm with "
        f"only {arm[-1].mean():.2f}.",
    )


@house_style
def batch_bias(
    sizes: Sequence[int], curves: Mapping[str, Float[np.ndarray, "sizes passes"]]
) -> Figure:
    """A panel a divergence: its mean over a pass in batches, against the batches' size.

    Each pass through the data is a dot; lines are means. The sentence gives means with two standard
    errors, each divergence at the smallest and the largest size.
    """
    figure, axes = canvas(2.4 * len(curves), 2.5, 1, len(curves))
    for index, (ax, (name, values)) in enumerate(zip(axes[0], curves.items(), strict=True)):
        _against(ax, sizes, values, name, index)
        ax.set(title=name, xlabel="batch size")
    passes = len(next(iter(curves.values()))[0])
    changes = "; ".join(_change(name, values) for name, values in curves.items())
    return describe(
        figure,
        f"From batches of {sizes[0]} to batches of {sizes[-1]}, means of {passes} passes with two "
        f"standard errors: {changes}.",
    )


@house_style
def through_kernel(
    z: Float[np.ndarray, " points"],
    width: float,
    sharp: Mapping[str, Float[np.ndarray, " points"]],
    seen: Mapping[str, Float[np.ndarray, " points"]],
    kl: float,
    mmd: float,
) -> Figure:
    """Left two densities as KL compares them, right as MMD does: blurred by half the kernel.

    Parameters
    ----------
    z : the grid.
    width : standard deviation of the Gaussian kernel.
    sharp, seen : the same two densities, as they are and blurred.
    kl, mmd : the KL in nats, and MMD².
    """
    figure, axes = canvas(6.4, 2.9, 1, 2)
    headings = (f"as they are: KL = {kl:.3f} nats", f"through the kernel: MMD² = {mmd:.1e}")
    for ax, curves, heading in zip(axes[0], (sharp, seen), headings, strict=True):
        for index, (name, values) in enumerate(curves.items()):
            look = {"color": COLORS[index], "linestyle": _LINES[index % 2], "linewidth": 1.4}
            ax.plot(z, values, label=name, **look)
        ax.set(title=heading, xlabel="$z$", xlim=(-3.5, 3.5), ylim=(0, 1.0))
    axes[0, 0].legend(loc="upper right")
    return describe(
        figure,
        f"Kernel of width {width:g}: the densities differ by a KL of {kl:.3f} nats; blurred by the "
        f"kernel they differ by at most {_gap(seen):.3f}, before by {_gap(sharp):.3f}, and MMD² is "
        f"{mmd:.1e}.",
    )


def _ellipses(ax: Axes, mu, sd, labels: Labels) -> None:
    for index, label in enumerate(np.unique(labels)):
        own = labels == label
        look = class_style(index)
        widths, heights = 2 * sd[own].T
        angles = np.zeros(own.sum())
        place = {"units": "xy", "offsets": mu[own], "offset_transform": ax.transData}
        face = {"facecolors": look["color"], "alpha": 0.12, "linewidths": 0}
        ax.add_collection(EllipseCollection(widths, heights, angles, **place, **face))
        ax.scatter(*mu[own].T, s=4, linewidths=0, **look)
    _frame(ax)


def _density(ax: Axes, mu, sd, log_prior) -> None:
    density = density_on_grid(mu, sd, HALF, 160)
    extent = (-HALF, HALF, -HALF, HALF)
    ax.imshow(density, _SHADE, PowerNorm(0.5, vmin=0, vmax=1), extent=extent, origin="lower")
    levels = log_prior.max() - np.array([4.0, 2.0])
    ax.contour(log_prior, levels, extent=extent, colors=COLORS[1], linewidths=(0.7, 1.1))
    _frame(ax)


def _against(ax: Axes, knob: Sequence[float], values, name: str, index: int) -> None:
    look = class_style(index)
    at = np.repeat(knob, values.shape[1])
    ax.plot(at, values.ravel(), linestyle="", markersize=3.5, alpha=0.55, mew=0, **look)
    ax.plot(knob, values.mean(1), linewidth=1.6, markersize=5.5, label=name, **look)
    ax.set_xscale("log")
    ax.set_xticks(knob, [f"{value:g}" for value in knob])
    ax.minorticks_off()


def _change(name: str, values: Float[np.ndarray, "sizes passes"]) -> str:
    first, last = values[[0, -1]].mean(1)
    errors = 2 * values[[0, -1]].std(1) / np.sqrt(values.shape[1] - 1)
    ends = (f"{first:.2f} ± {errors[0]:.2f}", f"{last:.2f} ± {errors[1]:.2f}")
    if abs(first - last) <= np.hypot(*errors):
        return f"{name} is {ends[0]} and {ends[1]}, no difference beyond the sampling error"
    return f"{name} {'falls' if last < first else 'rises'} from {ends[0]} to {ends[1]}"


def _frame(ax: Axes) -> None:
    ax.set(xlim=(-HALF, HALF), ylim=(-HALF, HALF), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(True)


def _caption(ax: Axes, heading: str, values: Numbers) -> None:
    ax.set_title(heading, color=INK)
    lines = [_range(name, column) for name, column in zip(_NAMES, values.T, strict=True)]
    ax.set_xlabel("\n".join(lines), color=INK, fontsize=8)


_NAMES = ("overlap $I(x;z)$", r"match KL$(q(z)\|p(z))$")


def _range(name: str, values: Float[np.ndarray, " seeds"]) -> str:
    mean, low, high = abs(np.round([values.mean(), values.min(), values.max()], 2))
    return f"{name}: {mean:.2f} ({low:.2f} to {high:.2f})"


def _all_seeds(ax: Axes, headings: Sequence[str], numbers) -> None:
    for index, (heading, values) in enumerate(zip(headings, numbers, strict=True)):
        look = class_style(index)
        ax.plot(*values.T, linestyle="", markersize=4.5, alpha=0.7, mew=0, label=heading, **look)
    ax.set(xlabel="overlap $I(x;z)$, nats", ylabel="match, nats", title="every seed")
    ax.set(xlim=(-0.3, None), ylim=(-0.2, None))
    ax.legend(fontsize=7, loc="upper left", handletextpad=0.1, borderaxespad=0.1)


def _means(values: Numbers) -> str:
    first, second = np.abs(values.mean(0).round(2))
    return f"overlap {first:.2f}, match {second:.2f}"


def _gap(curves: Mapping[str, Float[np.ndarray, " points"]]) -> float:
    first, second = curves.values()
    return float(np.abs(first - second).max())
