"""Rows and grids of grey images: what goes into a VAE, and what comes out of it."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_course.plots.style import INK, canvas, describe, house_style

Images = Float[np.ndarray, "images height width"]
_TILE = 0.72  # inches


@house_style
def image_rows(rows: Mapping[str, Images]) -> Figure:
    """One labelled row a name; column i of every row belongs to the same image."""
    shapes = {name: images.shape for name, images in rows.items()}
    if len(set(shapes.values())) != 1:
        raise ValueError(f"rows {shapes} differ in shape; pass one or more arrays of one shape")
    count = next(iter(shapes.values()))[0]
    figure, axes = canvas(count * _TILE + 1.2, len(rows) * _TILE, len(rows), count)
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(row, images, strict=True):
            _draw(ax, image)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6, color=INK)
    return describe(figure, _rows_conclusion(rows, count))


@house_style
def image_grid(images: Images) -> Figure:
    """All images in a nearly square grid, for example samples of a generative model."""
    columns = int(np.ceil(np.sqrt(len(images) * 2)))
    rows = int(np.ceil(len(images) / columns))
    figure, axes = canvas(columns * _TILE * 0.8, rows * _TILE * 0.8, rows, columns)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image in zip(axes.flat, images, strict=False):
        _draw(ax, image)
    spread = images.std(axis=0).mean()
    return describe(
        figure,
        f"{len(images)} images of {images.shape[1]} by {images.shape[2]} pixels with mean "
        f"brightness {images.mean():.2f}; from one image to the next a pixel varies by "
        f"{spread:.2f} on average (standard deviation).",
    )


def _draw(ax: Axes, image: Float[np.ndarray, "height width"]) -> None:
    ax.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _rows_conclusion(rows: Mapping[str, Images], count: int) -> str:
    (first, reference), *others = rows.items()
    if not others:
        return f"{count} {first}, mean brightness {reference.mean():.2f}."
    errors = [
        f"{name} differ from them by {np.sqrt(np.mean((images - reference) ** 2)):.2f} a pixel"
        for name, images in others
    ]
    return f"{count} {first} in a row; below, {', '.join(errors)} (root mean square, 0 to 1)."
