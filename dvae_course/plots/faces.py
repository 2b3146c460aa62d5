"""Drawn faces with three factors, and what a turned code does to them: the slides' example."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from dvae_course.plots.style import COLORS, INK, canvas, describe, house_style

FACTORS = ("azimuth", "illumination", "hair length")
_HAIR, _DARK, _LIGHT = "#2f2a45", np.array([0.45, 0.30, 0.22]), np.array([1.0, 0.89, 0.79])
_STEPS = np.linspace(-1.5, 1.5, 5)

Seeds = Float[np.ndarray, " seeds"]


@house_style
def face_traversals(codes: Mapping[str, Float[np.ndarray, "3 3"]]) -> Figure:
    """Side by side, a panel a code z = U f: each row moves one coordinate, the others are 0.

    `codes` maps names to rotations U, so that the face at z has the factors f = Uᵀz: azimuth,
    illumination and hair length, in standard deviations from the average face.
    """
    figure, axes = canvas(3.3 * len(codes), 2.3, columns=len(codes))
    for ax, (name, U) in zip(axes[0], codes.items(), strict=True):
        _traversals(ax, U)
        ax.set_title(name)
    parts = [f"{name}: {_moved(U)}" for name, U in codes.items()]
    return describe(figure, f"Rows of faces, one coordinate moved in each. {'; '.join(parts)}.")


@house_style
def turned_code(
    degrees: float,
    U: Float[np.ndarray, "3 3"],
    scores: Mapping[str, Seeds],
    log_evidence: float,
) -> Figure:
    """A code z = U f in one picture: its faces, its matrix, its scores; log p(x) is in the title.

    Parameters
    ----------
    degrees : the angle by which U turns, for the title.
    U : the rotation.
    scores : each metric's value, one a seed; the bar is the mean, a tick a seed.
    log_evidence : mean log p(x) of the data, in nats.
    """
    figure, axes = canvas(8.2, 2.5, columns=3)
    faces, matrix, bars = axes[0]
    _traversals(faces, U)
    _matrix(matrix, U)
    for row, values in enumerate(scores.values()):
        bars.barh(row, values.mean(), height=0.6, color=COLORS[0])
        bars.plot(values, [row] * len(values), "|", color=COLORS[2], markersize=9)
        bars.annotate(f"{values.mean():.2f}", (max(values.max(), 0) + 0.03, row), va="center")
    bars.set_yticks(range(len(scores)), list(scores))
    bars.invert_yaxis()
    bars.set(xlim=(0, 1.2), xticks=[0, 0.5, 1], xlabel="score")
    evidence = f"mean log p(x) {log_evidence:.3f} nats".replace("-", "−")
    figure.suptitle(f"turned by {degrees:g}°,  {evidence}", fontsize=10)
    written = ", ".join(f"{name} {values.mean():.2f}" for name, values in scores.items())
    return describe(figure, f"Turned by {degrees:g}°: {_moved(U)}; {written}; {evidence}.")


def _traversals(ax: Axes, U: Float[np.ndarray, "3 3"]) -> None:
    """Three rows of faces; the z of each is 0 but for the coordinate that its row moves."""
    for row, direction in enumerate(U):
        for column, step in enumerate(_STEPS):
            _face(ax, 2.0 * column, -2.3 * row, step * direction)
    ax.set(xlim=(-1, 2 * len(_STEPS) - 1), ylim=(-5.75, 1.1), aspect="equal", xticks=[])
    ax.set_yticks([0, -2.3, -4.6], ["$z_1$", "$z_2$", "$z_3$"])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _face(ax: Axes, x: float, y: float, factors: Float[np.ndarray, " 3"]) -> None:
    """One face at (x, y): the features move with azimuth, the skin brightens, the hair grows."""
    azimuth, light, hair = np.clip(factors, -1.6, 1.6).round(6)
    skin = _DARK + (_LIGHT - _DARK) * (light + 1.6) / 3.2
    end = -0.25 - 0.45 * hair  # where the hair ends
    nose, eye, mouth = x + 0.20 * azimuth, 0.10 * azimuth, x + 0.14 * azimuth
    for patch in (
        Ellipse((x, y + 0.2), 1.3, 1.5, color=_HAIR),
        Rectangle((x - 0.65, y + end), 1.3, max(0.0, 0.2 - end), color=_HAIR),
        Ellipse((x, y - 0.1), 1.0, 1.4, facecolor=skin, edgecolor=INK, linewidth=0.5),
        Ellipse((x, y + 0.6), 0.95, 0.36, color=_HAIR),
        Ellipse((x - 0.2 + eye, y + 0.08), 0.11, 0.14, color=INK),
        Ellipse((x + 0.2 + eye, y + 0.08), 0.11, 0.14, color=INK),
    ):
        ax.add_patch(patch)
    ax.plot([x + 0.1 * azimuth, nose, nose - 0.08 * np.sign(azimuth)], [y, y - 0.2, y - 0.22],
            color=INK, linewidth=0.8)  # fmt: skip
    ax.plot([mouth - 0.16, mouth, mouth + 0.16], [y - 0.44, y - 0.49, y - 0.44], color=INK, lw=0.8)


def _matrix(ax: Axes, U: Float[np.ndarray, "3 3"]) -> None:
    ax.imshow(np.abs(U), cmap="Blues", vmin=0, vmax=1.6, aspect="equal")
    for (i, k), value in np.ndenumerate(U):
        ax.annotate(
            f"{round(value, 2) + 0.0:.2f}".replace("-", "−"), (k, i), ha="center", va="center"
        )
    ax.set_xticks(range(3), ["azimuth", "illum.", "hair"])
    ax.set_yticks(range(3), ["$z_1$", "$z_2$", "$z_3$"])
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)


def _moved(U: Float[np.ndarray, "3 3"]) -> str:
    """How many factors each coordinate moves."""
    counts = (np.abs(U) > 1e-9).sum(axis=1)
    if (counts == 1).all():
        names = [FACTORS[k] for k in np.abs(U).argmax(axis=1)]
        return f"each coordinate moves one factor ({', '.join(names)})"
    return f"the coordinates move {', '.join(map(str, counts))} factors at once"


@house_style
def score_table(scores: Mapping[str, Mapping[str, Seeds]]) -> Figure:
    """A row a code, a column a metric: the mean over seeds, and below it their range.

    Raises `ValueError` if rows differ in metrics.
    """
    columns = list(next(iter(scores.values())))
    odd = [name for name, row in scores.items() if list(row) != columns]
    if odd:
        raise ValueError(f"{odd[0]} has the metrics {list(scores[odd[0]])}; expected {columns}")
    figure, axes = canvas(1.5 + 0.9 * len(columns), 0.5 + 0.46 * len(scores))
    ax = axes[0, 0]
    means = np.array([[values.mean() for values in row.values()] for row in scores.values()])
    ax.imshow(means, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
    for i, row in enumerate(scores.values()):
        for k, values in enumerate(row.values()):
            _cell(ax, k, i, values)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(scores)), list(scores))
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    rows = [
        f"{name}: " + ", ".join(f"{c} {m:.2f}" for c, m in zip(columns, line, strict=True))
        for name, line in zip(scores, means, strict=True)
    ]
    return describe(figure, f"Mean scores over seeds. {'; '.join(rows)}.")


def _cell(ax: Axes, x: int, y: int, values: Seeds) -> None:
    ax.annotate(f"{values.mean():.2f}", (x, y - 0.12), ha="center", va="center", weight="bold")
    spread = f"{values.min():.2f} to {values.max():.2f}"
    ax.annotate(spread, (x, y + 0.24), ha="center", va="center", fontsize=7, color=INK)
