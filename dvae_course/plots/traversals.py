"""Latent traversals as a figure and as an animation: arrays of pictures in, no model needed."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont

from dvae_course.plots.style import COLORS, FAINT, INK, canvas, describe, house_style

Images = Float[np.ndarray, "rows steps channels height width"]
_TILE = 0.5  # inches
_SIDE = 0.88  # of a picture, the rest of its tile being gap
_QUIET = "#767676"  # as faint as text may be on white
_GIF_TILE = 112  # pixels, at least
_GIF_MARGIN, _GIF_FONT = 8, 13


@house_style
def traversal_grid(
    images: Images,
    labels: Sequence[str],
    passive: Bool[np.ndarray, " rows"] | None = None,
    u: Float[np.ndarray, " columns"] | None = None,
    base_u: Float[np.ndarray, " rows"] | None = None,
) -> Figure:
    """One row a latent, one column a step; grey pictures as dark ink on white.

    Parameters
    ----------
    images : values in [0, 1], 1 or 3 channels.
    labels : one a row.
    passive : rows to call passive.
    u : the probability at each column, in equal steps, written above.
    base_u : where each row's latent is in the base picture, marked below the row; needs `u`.

    Raises
    ------
    ValueError : labels, passive, u or base_u of another length than the images' rows or columns,
        neither 1 nor 3 channels, base_u without u.
    """
    _check_images(images)
    _check_lengths(images, labels=labels, passive=passive, base_u=base_u)
    if u is not None and len(u) != images.shape[1]:
        raise ValueError(f"u has {len(u)} values for {images.shape[1]} columns of images")
    if base_u is not None and u is None:
        raise ValueError("base_u can be marked only where u says what the columns are; pass u too")
    passive = np.zeros(len(images), bool) if passive is None else passive
    rows, steps = images.shape[:2]
    height, width = images.shape[3:]
    size = (steps * _TILE + 1.65, rows * _TILE * height / width + 0.55)
    figure, axes = canvas(*size)
    _draw(axes[0, 0], images)
    _name_rows(axes[0, 0], labels, passive, steps)
    _name_columns(axes[0, 0], u, steps)
    if u is not None and base_u is not None:
        _mark(axes[0, 0], u, np.where(passive, np.nan, base_u))
    return describe(figure, _conclusion(images, labels, passive))


def _draw(ax: Axes, images: Images) -> None:
    """All pictures on one axes, whose unit is one picture with its gap."""
    shown = _ink(images)
    for row, column in np.ndindex(images.shape[:2]):
        extent = (column, column + _SIDE, row + _SIDE, row)
        ax.imshow(shown[row, column], extent=extent, interpolation="nearest")
        frame = Rectangle((column, row), _SIDE, _SIDE, fill=False, color=FAINT, linewidth=0.5)
        ax.add_patch(frame)
    rows, steps, _, height, width = images.shape
    ax.set(xlim=(-0.02, steps), ylim=(rows, -0.02), aspect=height / width)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _name_rows(ax: Axes, labels: Sequence[str], passive, steps: int) -> None:
    middle = np.arange(len(labels)) + _SIDE / 2
    ax.set_yticks(middle, labels, color=INK)
    for y in middle[passive]:
        ax.text(steps, y, "passive", va="center", color=_QUIET, fontsize=8)
    for text, quiet in zip(ax.get_yticklabels(), passive, strict=True):
        text.set_color(_QUIET if quiet else INK)


def _name_columns(ax: Axes, u, steps: int) -> None:
    ax.xaxis.tick_top()
    if u is None:
        ax.set_xticks([])
        return
    ax.set_xticks(np.arange(steps) + _SIDE / 2, [f"{100 * value:.3g}%" for value in u], color=INK)
    ax.set_xlabel("share of all codes below the moving latent", loc="left")
    ax.xaxis.set_label_position("top")


def _mark(ax: Axes, u, base_u) -> None:
    """A tick below each row, at the base picture's own place among the columns."""
    at = np.interp(base_u, u, np.arange(len(u))) + _SIDE / 2
    below = np.arange(len(base_u)) + (1 + _SIDE) / 2
    style = {"linestyle": "", "marker": "^", "markersize": 3.5, "color": COLORS[1]}
    ax.plot(at, below, clip_on=False, **style)
    marked = np.flatnonzero(np.isfinite(base_u))
    if len(marked):
        ax.text(len(u), marked[0] + _SIDE / 2, "▲ base", va="center", color=COLORS[1], fontsize=8)


def save_gif(
    images: Images,
    path: Path | str,
    labels: Sequence[str] | None = None,
    milliseconds: int = 60,
) -> Path:
    """All rows side by side as one animation that runs for ever, a step a frame.

    Small pictures are enlarged to at least 112 pixels a side, each pixel to a square. Frames that
    equal the one before are stored as a longer duration of it.

    Parameters
    ----------
    images : values in [0, 1], 1 or 3 channels; grey ones are drawn as dark ink on white.
    path : of the file, whose name must end in .gif; returned.
    labels : written below each row's picture.
    milliseconds : a frame, at least 20 (browsers slow down what is faster).

    Raises
    ------
    ValueError : another file type, fewer than 20 milliseconds, labels of another number than rows,
        neither 1 nor 3 channels.
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"an animation is saved as a .gif, got {path.name!r}")
    if milliseconds < 20:
        raise ValueError(f"milliseconds must be at least 20, got {milliseconds}")
    _check_images(images)
    labels = [""] * len(images) if labels is None else labels
    _check_lengths(images, labels=labels)
    shown = np.round(255 * _ink(images)).astype(np.uint8)
    frames = [_frame(shown[:, step], labels) for step in range(images.shape[1])]
    if images.shape[2] == 1:
        frames = [frame.convert("L") for frame in frames]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    return path


def _frame(tiles: UInt8[np.ndarray, "rows height width 3"], labels: Sequence[str]) -> Image.Image:
    """One moment of all rows, in a nearly square grid."""
    rows, height, width, _ = tiles.shape
    zoom = max(1, -(-_GIF_TILE // max(height, width)))
    step_x, step_y = width * zoom + _GIF_MARGIN, height * zoom + _GIF_MARGIN
    step_y += _GIF_FONT + _GIF_MARGIN if any(labels) else 0
    columns = int(np.ceil(np.sqrt(rows)))
    size = (columns * step_x + _GIF_MARGIN, -(-rows // columns) * step_y + _GIF_MARGIN)
    frame = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(frame), ImageFont.truetype(findfont("DejaVu Sans"), _GIF_FONT)
    for index, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        row, column = divmod(index, columns)
        x, y = column * step_x + _GIF_MARGIN, row * step_y + _GIF_MARGIN
        enlarged = tile.repeat(zoom, axis=0).repeat(zoom, axis=1)
        frame.paste(Image.fromarray(enlarged), (x, y))
        draw.rectangle((x - 1, y - 1, x + width * zoom, y + height * zoom), outline=FAINT)
        middle = (x + width * zoom // 2, y + height * zoom + _GIF_MARGIN // 2)
        draw.text(middle, label, INK, font, anchor="ma")
    return frame


def _ink(images: Images) -> Float[np.ndarray, "rows steps height width 3"]:
    """RGB in [0, 1]; grey pictures inverted, so that what is bright in the data is dark ink."""
    last = np.moveaxis(images.clip(0, 1), 2, -1)
    return 1 - last.repeat(3, axis=-1) if last.shape[-1] == 1 else last


def _check_images(images: Images) -> None:
    if images.shape[2] not in (1, 3):
        raise ValueError(f"pictures need 1 or 3 channels, got images of shape {images.shape}")


def _check_lengths(images: Images, **given: Sized | None) -> None:
    for name, values in given.items():
        if values is not None and len(values) != len(images):
            raise ValueError(f"{name} has {len(values)} entries for {len(images)} rows of images")


def _conclusion(images: Images, labels: Sequence[str], passive) -> str:
    change = np.sqrt(images.var(axis=1).mean(axis=(1, 2, 3)))  # of each row, per pixel
    first = [f"{labels[row]} by {change[row]:.3f}" for row in np.argsort(-change)[:3]]
    unused = [label for label, flag in zip(labels, passive, strict=True) if flag]
    return (
        f"{len(labels)} latents moved one at a time through {images.shape[1]} steps. The picture "
        f"changes most with {', '.join(first)} a pixel (standard deviation, 0 to 1). "
        f"Passive: {', '.join(unused) if unused else 'none'}."
    )
