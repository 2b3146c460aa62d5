"""Contact sheets: what each factor of a data set does to its pictures, one row a factor."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from dvae_course.plots.style import canvas, describe, house_style

Pictures = Float[np.ndarray, "n channels height width"]
_TILE = 0.68  # inches
_FRAME, _GREY = 1, 0.55  # pixels of a picture, brightness


@house_style
def contact_sheet(rows: Mapping[str, Pictures], title: str) -> Figure:
    """Rows of grey or coloured pictures in [0, 1], each row under its label on the left.

    Rows may differ in length, pictures may not differ in shape. Raises `ValueError` if they do, if
    there is no picture, or if pictures have neither 1 nor 3 channels.
    """
    shapes = {label: pictures.shape[1:] for label, pictures in rows.items() if len(pictures)}
    if not shapes or len(shapes) < len(rows) or len(set(shapes.values())) > 1:
        found = {label: pictures.shape for label, pictures in rows.items()}
        raise ValueError(f"rows must hold pictures of one shape, one or more a row, got {found}")
    channels, height, width = next(iter(shapes.values()))
    if channels not in (1, 3):
        raise ValueError(f"pictures must have 1 or 3 channels, got {channels}")
    columns = max(map(len, rows.values()))
    figure, ((ax,),) = canvas(columns * _TILE + 1.6, len(rows) * _TILE * height / width + 0.3)
    ax.imshow(_sheet(rows.values(), columns), interpolation="nearest")
    centres = (height + 2 * _FRAME) * (np.arange(len(rows)) + 0.5) - 0.5
    ax.set_yticks(centres, [label.replace(" (", "\n(") for label in rows])
    ax.tick_params(length=0)
    ax.set(title=title, xticks=[])
    ax.spines[:].set_visible(False)
    return describe(figure, _conclusion(rows, title))


def _sheet(rows, columns: int) -> Float[np.ndarray, "height width 3"]:
    """All pictures in one, in colour, each in a grey frame; white where a row has no more."""
    framed = ((_FRAME, _FRAME), (_FRAME, _FRAME), (0, 0))
    strips = []
    for pictures in rows:
        coloured = np.broadcast_to(pictures, (len(pictures), 3, *pictures.shape[2:]))
        tiles = [np.pad(t, framed, constant_values=_GREY) for t in coloured.transpose(0, 2, 3, 1)]
        blank = [np.ones_like(tiles[0])] * (columns - len(tiles))
        strips.append(np.concatenate([*tiles, *blank], axis=1))
    return np.concatenate(strips)


def _conclusion(rows: Mapping[str, Pictures], title: str) -> str:
    changes = {
        label: float(np.abs(np.diff(pictures, axis=0)).mean())
        for label, pictures in rows.items()
        if len(pictures) > 1
    }
    text = f"{title}: pictures in a row for each of {', '.join(rows)}."
    if len(changes) < 2:
        return text
    least, most = min(changes, key=changes.get), max(changes, key=changes.get)
    return (
        f"{text} From one picture to the next the pixels, from 0 to 1, change most along {most}, "
        f"by {changes[most]:.3f} on average, and least along {least}, by {changes[least]:.3f}."
    )
