"""A law that stays while its coordinates mix: bent lines, two generators' pictures, six scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import COLORS, FAINT, canvas, class_style, describe, house_style

if TYPE_CHECKING:
    from dvae_course.metrics import Calibrated

Lines = Float[np.ndarray, "2 lines points 2"]
Images = Float[np.ndarray, "latents steps height width"]
Changed = Integer[np.ndarray, " _latents"]
_GAP = 2  # pixels between pictures


def grid_lines(number: int = 9, points: int = 200) -> Lines:
    """Lines of the unit square: `number` of constant u₁, then as many of constant u₂."""
    fixed, free = np.meshgrid(
        np.linspace(0.02, 0.98, number), np.linspace(0.001, 0.999, points), indexing="ij"
    )
    return np.stack([np.stack([fixed, free], axis=-1), np.stack([free, fixed], axis=-1)])


@house_style
def bent_grid(lines: Mapping[str, Lines], points: Mapping[str, Float[np.ndarray, "n 2"]]) -> Figure:
    """A panel a name: points of a law, and lines along which one coordinate of u is constant.

    `lines` holds those of constant u₁ (solid), then those of constant u₂ (dashed). Raises
    `ValueError` if lines and points have different names.
    """
    if list(lines) != list(points):
        raise ValueError(f"lines are named {list(lines)}, but points {list(points)}")
    figure, axes = canvas(3.0 * len(lines), 3.1, columns=len(lines))
    for ax, name in zip(axes[0], lines, strict=True):
        ax.plot(*points[name].T, ".", color=FAINT, markersize=2.5)
        for which, style in enumerate(("-", "--")):
            ax.plot(*lines[name][which].T, style, color=COLORS[which], linewidth=1.1)
        ax.set(title=name, aspect="equal")
    axes[0, 0].plot([], [], "-", color=COLORS[0], label="u₁ constant")
    axes[0, 0].plot([], [], "--", color=COLORS[1], label="u₂ constant")
    figure.legend(loc="outside lower center", ncols=2)
    straight = [name for name in lines if _parallel(lines[name])]
    bent = [name for name in lines if name not in straight]
    return describe(
        figure,
        f"Lines of constant u₁ and u₂ are parallel to the axes in {_listed(straight)} and bent or "
        f"turned in {_listed(bent)}, while the points fill every panel.",
    )


@house_style
def twin_traversals(panels: Mapping[str, tuple[Images, Changed]]) -> Figure:
    """Side by side, a panel a generator: one row a latent, one column a step, dark on white.

    Each panel has its pictures and how many factors change along each row. Raises `ValueError`
    where these are not one a row.
    """
    for name, (images, changed) in panels.items():
        if len(images) != len(changed):
            raise ValueError(f"{name} has {len(changed)} counts for {len(images)} rows of images")
    figure, axes = canvas(3.9 * len(panels), 2.75, columns=len(panels))
    for ax, (name, (images, changed)) in zip(axes[0], panels.items(), strict=True):
        notes = [f": {n} factor" if n == 1 else f": {n} factors" for n in changed]
        _traversal(ax, images, name, notes)
    counts = [f"{', '.join(map(str, c))} with {name}" for name, (_, c) in panels.items()]
    return describe(
        figure,
        f"Latents moved one at a time. Factors that change along each row: {'; '.join(counts)}.",
    )


@house_style
def traversals_and_scores(images: Images, scores: Mapping[str, float], title: str) -> Figure:
    """The traversals of one generator beside its scores as bars from 0 to 1."""
    figure, axes = canvas(6.4, 2.75, columns=2)
    _traversal(axes[0, 0], images, title, [""] * len(images))
    ax, names = axes[0, 1], list(scores)
    ax.barh(names, list(scores.values()), height=0.55, color=COLORS[0])
    for row, value in enumerate(scores.values()):
        ax.annotate(f"{value:.2f}", (max(value, 0) + 0.02, row), va="center")
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.15), xticks=[0, 0.5, 1], xlabel="score")
    written = ", ".join(f"{name} {value:.2f}" for name, value in scores.items())
    return describe(figure, f"{title}: {written}.")


@house_style
def scores_along(found: Mapping[tuple[float, int], Mapping[str, Calibrated]]) -> Figure:
    """Raw scores at each (t, seed), two rows of panels, one a metric; dotted: noise and perfect.

    Every seed is a dot, the line is their mean. Raises `ValueError` unless each t has each seed.
    """
    places, seeds = (sorted({at[axis] for at in found}) for axis in (0, 1))
    if len(found) != len(places) * len(seeds):
        raise ValueError(
            f"{len(found)} settings are not {len(places)} values of t × {len(seeds)} seeds"
        )
    names = list(next(iter(found.values())))
    columns = -(-len(names) // 2)
    figure, axes = canvas(6.6, 3.8, rows=2, columns=columns)
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    ends = []
    for index, (ax, name) in enumerate(zip(axes.flat, names, strict=False)):
        scores = [[found[t, seed][name] for seed in seeds] for t in places]
        _one_metric(ax, places, scores, class_style(index // columns))
        ax.set(title=name, xlabel="t" if index // columns == 1 else "")
        first, last = (np.mean([score.raw for score in scores[at]]) for at in (0, -1))
        ends.append(f"{name} from {first:.2f} to {last:.2f}")
    return describe(
        figure,
        f"As t goes from {places[0]:g} to {places[-1]:g}, {', '.join(ends)} (means over "
        f"{len(seeds)} seeds, each a dot).",
    )


def _one_metric(
    ax: Axes, t: Sequence[float], scores: Sequence[Sequence[Calibrated]], style: dict
) -> None:
    values = np.array([[score.raw for score in row] for row in scores])
    ax.plot(np.repeat(t, values.shape[1]), values.ravel(), ls="", ms=4, alpha=0.6, **style)
    ax.plot(t, values.mean(axis=1), linewidth=1.6, color=style["color"])
    for bound in (scores[0][0].floor, scores[0][0].ceiling):
        ax.axhline(bound, color="#808080", linewidth=0.9, linestyle=":")
    ax.set(ylim=(-0.03, 1.08))


def _traversal(ax: Axes, images: Images, title: str, notes: Sequence[str]) -> None:
    rows, height = len(images), images.shape[2]
    ax.imshow(_mosaic(images), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    middles = (np.arange(rows) + 0.5) * (height + _GAP)
    ax.set_yticks(middles, [f"latent {row}{note}" for row, note in enumerate(notes, start=1)])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title)


def _mosaic(images: Images) -> Float[np.ndarray, "rows columns"]:
    """All pictures on one sheet, with faint gaps."""
    padded = np.pad(images, ((0, 0), (0, 0), (0, _GAP), (0, _GAP)), constant_values=0.25)
    return np.concatenate(np.concatenate(padded, axis=1), axis=1)


def _parallel(lines: Lines) -> bool:
    """Whether lines of constant u₁ have a constant first coordinate, those of u₂ a second one."""
    ranges = [np.ptp(lines[which, ..., which], axis=-1).max() for which in (0, 1)]
    return bool(max(ranges) < 1e-9)


def _listed(names: list[str]) -> str:
    return " and ".join(names) if names else "none"
