"""Finished pictures under one to three sliders: the same in a kernel and on the static page.

Where every setting can be drawn beforehand, nothing has to be computed when a slider moves; so the
page needs no kernel, and a reader of it has what a reader of the notebook has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from matplotlib.figure import Figure

from dvae_course.plots import conclusion, show
from dvae_course.widgets.static_page import StaticHTML, mounted, on_static_page

_MODULE = Path(__file__).with_name("flipbook.js")


class FlipBook(anywidget.AnyWidget):
    """The flip book in a kernel; Python reads and sets the sliders' indices as `places`."""

    _esm = _MODULE
    data = traitlets.Dict().tag(sync=True)
    places = traitlets.List(traitlets.Int()).tag(sync=True)

    @traitlets.validate("places")
    def _inside(self, proposal):
        sizes = [len(knob["values"]) for knob in self.data["knobs"]]
        places = proposal.value
        if len(places) != len(sizes) or not all(
            0 <= place < size for place, size in zip(places, sizes, strict=True)
        ):
            raise traitlets.TraitError(
                f"places is {places}; expected one index for each slider, below {sizes}"
            )
        return places


def flipbook(
    knobs: Mapping[str, Sequence[object]],
    figures: Sequence[Figure],
    question: str,
    start: Sequence[int] | None = None,
) -> FlipBook | StaticHTML:
    """A picture for each setting of the sliders, with the figure's conclusion written below.

    Parameters
    ----------
    knobs : the sliders' names and values, one to three of them.
    figures : one for each combination of values, the last slider's value changing fastest; each
        with a description (`plots.describe`).
    question : stands above the sliders.
    start : where the sliders open and what Reset goes back to, as indices; all 0 by default.

    Raises
    ------
    ValueError : no slider or more than three, another number of figures than of settings, a start
        that is no setting, a figure without a description.
    """
    sizes = [len(values) for values in knobs.values()]
    start = [0] * len(sizes) if start is None else list(start)
    _check(sizes, len(figures), start)
    data = {
        "question": question,
        "knobs": [{"name": n, "values": [str(v) for v in vs]} for n, vs in knobs.items()],
        "conclusions": [conclusion(figure) for figure in figures],
        "pictures": [show(figure).data for figure in figures],
        "start": start,
    }
    if on_static_page():
        still = data["pictures"][np.ravel_multi_index(start, sizes)]
        note = "<p>The sliders need JavaScript; this is their first picture.</p>"
        return mounted(_MODULE, {"data": data, "places": start}, still + note)
    return FlipBook(data=data, places=start)


def _check(sizes: list[int], figures: int, start: list[int]) -> None:
    if not 1 <= len(sizes) <= 3:
        raise ValueError(f"a flip book has one to three sliders, got {len(sizes)}")
    if figures != math.prod(sizes):
        raise ValueError(
            f"{figures} figures for {math.prod(sizes)} settings ({' × '.join(map(str, sizes))}); "
            "give one for each, the last slider's value changing fastest"
        )
    if len(start) != len(sizes) or not all(0 <= s < n for s, n in zip(start, sizes, strict=True)):
        raise ValueError(f"start is {start}; expected one index for each slider, below {sizes}")
