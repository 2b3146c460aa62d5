"""What the six regularisers see: exact penalties of Gaussian codes, and estimates beside them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from dvae_course.plots.style import COLORS, FAINT, INK, canvas, class_style, describe, house_style

LINES = ("-", "--", ":", "-.")
_SHADES = ("#b9cbe0", "#e8b7c0", "#ead9b0")
_HATCHES = ("", "//", "..")
Curves = Mapping[str, Float[np.ndarray, " values"]]


@house_style
def penalties_see(
    rho: Float[np.ndarray, " values"],
    parts: Curves,
    sd: Float[np.ndarray, " scales"],
    seen: Mapping[str, Float[np.ndarray, " scales"]],
) -> Figure:
    """Left the KL term's parts, stacked, against ρ; right what correlation adds to each penalty.

    Parameters
    ----------
    rho, parts : correlations of the means, and up to three terms that add up to the KL term.
    sd, seen : standard deviations of the second latent's mean, and what a correlation adds to each
        penalty; both axes are logarithmic, so values must be positive.
    """
    figure, axes = canvas(7.0, 3.0, 1, 2)
    left, right = axes[0]
    _stacked(left, rho, parts)
    left.set(xlabel="correlation ρ of the means", ylabel="nats", title="parts of the KL term")
    for index, (name, values) in enumerate(seen.items()):
        right.plot(sd, values, LINES[index], color=COLORS[index], lw=1.8, label=name)
    right.set(xscale="log", yscale="log", xlabel="standard deviation of latent 2's mean")
    right.set(ylabel="nats; DIP: squared covariance", title="added by the correlation")
    right.legend(loc="lower right")
    total = sum(parts.values())
    ends = [f"{name} from {v[0]:.2f} to {v[-1]:.2f}" for name, v in parts.items()]
    falls = [f"{name} by a factor of {v.max() / v.min():.3g}" for name, v in seen.items()]
    return describe(
        figure,
        f"Left: as ρ rises from {rho[0]:g} to {rho[-1]:g}, {', '.join(ends)}; their sum, the KL "
        f"term, stays between {total.min():.2f} and {total.max():.2f}. Right: as latent 2's mean "
        f"shrinks from {sd.max():g} to {sd.min():g}, what the correlation adds changes for "
        f"{'; for '.join(falls)}.",
    )


@house_style
def estimates_beside_truth(
    noise: Float[np.ndarray, " values"],
    truth: Float[np.ndarray, " values"],
    estimates: Mapping[str, Float[np.ndarray, "values batches"]],
) -> Figure:
    """Estimates of the total correlation against the encoder's noise: means and 95 % of batches."""
    figure, axes = canvas(5.6, 3.2)
    ax = axes[0, 0]
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.plot(noise, truth, color=INK, lw=3, alpha=0.35, label="exact")
    for index, (name, values) in enumerate(estimates.items()):
        middle = values.mean(1)
        spread = np.abs(np.quantile(values, [0.025, 0.975], axis=1) - middle)
        look = class_style(index) | {"linestyle": LINES[index], "lw": 1.3, "ms": 4.5}
        ax.errorbar(noise * 1.03**index, middle, spread, label=name, capsize=2, **look)
    ax.set(xscale="log", xlabel="standard deviation of the encoder's noise", ylabel="nats")
    ax.set_xticks(noise, [f"{value:g}" for value in noise])
    ax.minorticks_off()
    ax.legend()
    parts = [
        f"{name} from {values[0].mean():.2f} to {values[-1].mean():.2f}"
        for name, values in estimates.items()
    ]
    return describe(
        figure,
        f"As the encoder's noise grows from {noise[0]:g} to {noise[-1]:g}, the exact total "
        f"correlation goes from {truth[0]:.2f} to {truth[-1]:.2f} nats; estimated from a minibatch "
        f"it goes, as {', as '.join(parts)}.",
    )


@house_style
def pair_of_latents(
    M: Float[np.ndarray, "2 2"], C: Float[np.ndarray, "2 2"], seen: Mapping[str, float]
) -> Figure:
    """Left the laws of the means and of the samples; right what correlation adds to each penalty.

    Parameters
    ----------
    M, C : covariances of the means and of the sampled codes, drawn as two standard deviations.
    seen : penalty → what it has with the correlation less what it has without.
    """
    figure, axes = canvas(7.0, 2.9, 1, 2)
    left, right = axes[0]
    _ellipse(left, C, COLORS[1], "--", "sampled z")
    _ellipse(left, M, COLORS[0], "-", "mean μ(x)")
    left.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal", xlabel="latent 1")
    left.set(ylabel="latent 2")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    names, values = list(seen), np.array(list(seen.values()))
    right.barh(range(len(names)), values, color=COLORS[0])
    for row, value in enumerate(values):
        written = f"{value:.2g}".replace("-", "−")
        right.text(max(value, 0) + 0.05, row, written, va="center")
    right.axvline(0, color=INK, lw=0.8)
    right.set_yticks(range(len(names)), names)
    right.set(xlim=(-0.7, 2.6), ylim=(len(names) - 0.5, -0.5), title="added by the correlation")
    correlation = [matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]) for matrix in (M, C)]
    parts = [f"{name} {value:.2g}" for name, value in seen.items()]
    return describe(
        figure,
        f"The means have the correlation {correlation[0]:.2f}, the sampled codes "
        f"{correlation[1]:.3f}. It adds to each number: {', '.join(parts)}.",
    )


@house_style
def code_correlations(
    codes: Mapping[str, tuple[Float[np.ndarray, "n latent"], Float[np.ndarray, " latent"]]],
    active: float = 0.01,
) -> Figure:
    """|correlation| of the latents, one matrix a model; each row is labelled by its latent's KL.

    Parameters
    ----------
    codes : heading → mean codes, and the KL of each latent in nats, sorted from high to low.
    active : nats above which a latent counts as active.
    """
    figure, axes = canvas(2.9 * len(codes) + 0.5, 2.9, 1, len(codes))
    parts = []
    for ax, (name, (mu, kl)) in zip(axes[0], codes.items(), strict=True):
        correlation = np.abs(np.corrcoef(mu.T))
        image = ax.imshow(correlation, vmin=0, vmax=1, cmap="Blues")
        ax.set_yticks(range(len(kl)), [f"{nats:.2g}" for nats in kl])
        ax.set_xticks([])
        ax.set(title=name, ylabel="KL of the latent, nats")
        parts.append(f"{name}: {_strongest(correlation, kl > active)}")
    figure.colorbar(image, ax=list(axes[0]), shrink=0.8, label="|correlation|")
    return describe(
        figure, f"Correlations of the means, latents sorted by their KL. {'; '.join(parts)}."
    )


def _strongest(correlation: np.ndarray, on: np.ndarray) -> str:
    """The largest correlation among active latents, and of a passive one with any other."""
    off = correlation - np.eye(len(correlation))
    among = off[np.ix_(on, on)].max() if on.sum() > 1 else 0.0
    if on.all():
        return f"{on.sum()} active latents, the largest correlation among them is {among:.2f}"
    return (
        f"{on.sum()} active latents, the largest correlation among them is {among:.2f}, the "
        f"largest with a passive latent {off[~on].max():.2f}"
    )


def _stacked(ax: Axes, rho: np.ndarray, parts: Curves) -> None:
    below = np.zeros(len(rho))
    for index, (name, values) in enumerate(parts.items()):
        look = {"color": _SHADES[index], "hatch": _HATCHES[index], "edgecolor": INK, "lw": 0.4}
        ax.fill_between(rho, below, below + values, label=name, **look)
        below = below + values
    ax.set(ylim=(0, 1.45 * below.max()), xlim=(rho[0], rho[-1]))
    ax.legend(loc="upper left")


def _ellipse(ax: Axes, covariance: np.ndarray, color: str, line: str, label: str) -> None:
    values, vectors = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    width, height = 4 * np.sqrt(np.maximum(values[::-1], 1e-6))
    look = {"fill": False, "ec": color, "lw": 2, "ls": line, "label": label}
    ax.add_patch(Ellipse((0, 0), width, height, angle=angle, **look))
