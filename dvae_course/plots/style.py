"""One look for every figure, and the sentence that says what a figure shows.

The four colours are Paul Tol's high-contrast set with black: they stay apart under the three
common kinds of colour blindness. Each class also has its own marker, so that colour is never the
only channel.
"""

import base64
import html
import io

import matplotlib
import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.figure import Figure
from PIL import Image

COLORS = ("#004488", "#bb5566", "#c4901a", "#000000")
MARKERS = ("o", "s", "^", "D")
INK = "#333333"
FAINT = "#b8b8b8"

_RC = {
    "font.size": 9,
    "font.family": "sans-serif",
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#808080",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
}
_CSS_PIXELS_PER_INCH = 96

house_style = matplotlib.rc_context(_RC)  # a decorator: the function draws in the house style


def canvas(width: float, height: float, rows: int = 1, columns: int = 1):
    """An empty figure of width × height inches, and its axes as a 2-D array."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def class_style(index: int) -> dict:
    """Colour and marker of class `index`; past four classes the markers shift, so pairs differ."""
    turn, colour = divmod(index, len(COLORS))
    return {"color": COLORS[colour], "marker": MARKERS[(colour + turn) % len(MARKERS)]}


def describe(figure: Figure, text: str) -> Figure:
    """Attach the one sentence that the figure shows; it becomes the alternative text."""
    figure.set_label(text)
    return figure


def conclusion(figure: Figure) -> str:
    """The sentence that `describe` attached, or an error that says how to attach one."""
    text = figure.get_label()
    if not text:
        raise ValueError(
            "this figure has no description, so it cannot be shown to everyone; "
            'call plots.describe(figure, "what the picture shows, in one sentence") first'
        )
    return text


def show(figure: Figure, caption: str = "") -> HTML:
    """The figure as an HTML image with alternative text, sharp on dense screens."""
    alt = html.escape(conclusion(figure), quote=True)
    width = round(figure.get_figwidth() * _CSS_PIXELS_PER_INCH)
    image = (
        f'<img src="data:image/png;base64,{_png(figure)}" alt="{alt}" '
        f'class="dark-light" style="width:{width}px;max-width:100%;height:auto">'
    )
    plt.close(figure)  # or the notebook would draw it a second time
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return HTML(f'<figure style="margin:0.5em 0">{image}{below}</figure>')


def _png(figure: Figure) -> str:
    """The figure in 256 colours of its own: half the weight of true colour, and looks the same."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=2 * _CSS_PIXELS_PER_INCH)
    palette = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(packed, "png", optimize=True)
    return base64.b64encode(packed.getvalue()).decode("ascii")
