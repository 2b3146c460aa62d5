"""Raw scores between what their estimators say of noise and of a perfect code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import COLORS, FAINT, INK, canvas, describe, house_style

if TYPE_CHECKING:
    from dvae_course.metrics import Calibrated

VALUE = COLORS[1]


@house_style
def calibrated_scores(scores: Sequence[Calibrated], names: Sequence[str] | None = None) -> Figure:
    """A row a score: a bar to its raw value, on a track from its floor (noise) to its ceiling.

    `names` label the rows, the metrics' own by default; the calibrated value is written beside.
    """
    names = [score.metric for score in scores] if names is None else list(names)
    if not scores or len(names) != len(scores):
        raise ValueError(
            f"expected one name for each score and at least one of both, got {len(names)} names "
            f"for {len(scores)} scores"
        )
    figure, axes = canvas(6.0, 1.1 + 0.36 * len(scores))
    ax = axes[0, 0]
    for row, score in enumerate(scores):
        _row(ax, row, score)
    ax.set_yticks(range(len(scores)), names)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.invert_yaxis()
    ax.set(xlabel="score", xlim=(min(0, *(score.raw for score in scores)), 1.2))
    ax.annotate(
        "calibrated", (1, 1), xycoords="axes fraction", ha="right", va="bottom", color=VALUE
    )
    kinds = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    figure.legend(kinds.values(), kinds.keys(), loc="outside lower center", ncols=len(kinds))
    return describe(figure, _conclusion(scores, names))


def _row(ax: Axes, row: int, score: Calibrated) -> None:
    bounds = [*score.floors, *score.ceilings]
    ax.plot(bounds, [row] * len(bounds), "|", color=INK, markersize=15, label="a seed of either")
    span = score.ceiling - score.floor
    ax.barh(row, span, left=score.floor, height=0.6, color=FAINT, label="noise to perfect code")
    ax.barh(row, score.raw, height=0.28, color=COLORS[0], label="raw score")
    text = f"{score.value:.2f}".replace("-", "−")
    ax.annotate(text, (1.2, row), ha="right", va="center", color=VALUE, weight="bold")


def _conclusion(scores: Sequence[Calibrated], names: Sequence[str]) -> str:
    parts = [
        f"{name} {score.raw:.2f} lies between {score.floor:.2f} for noise and "
        f"{score.ceiling:.2f} for a perfect code, so {score.value:.2f} calibrated"
        for name, score in zip(names, scores, strict=True)
    ]
    return f"{'; '.join(parts)}."
