"""A panel that trains again when a knob moves: the shell, with training and drawing passed in."""

import html
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat

import ipywidgets
from matplotlib.figure import Figure

from dvae_course.plots import show
from dvae_course.widgets.static_page import StaticHTML, on_static_page

FRESH, CONTINUE = "fresh", "continue from here"
_NO_KERNEL = (
    "On this page the picture stands still: moving α and β here means training again, which needs "
    "a running kernel (open the chapter in JupyterLab). The live figure of this chapter works on "
    "the page."
)

Train = Callable[[float, float, Any], Any]
Draw = Callable[[Any], Figure]


class RetrainPanel(ipywidgets.VBox):
    """Sliders for α and β, a choice of starting point, Reset, and the picture of the model.

    `train(alpha, beta, previous)` returns the trained state; `previous` is None for a fresh start
    and the state on show otherwise. `draw(state)` returns its figure.
    """

    def __init__(self, train: Train, draw: Draw, question: str, alphas, betas):
        self._train, self._draw = train, draw
        self.alpha, self.beta = _slider("α", alphas), _slider("β", betas)
        self.start = ipywidgets.RadioButtons(options=[FRESH, CONTINUE], description="start")
        self.reset = ipywidgets.Button(description="Reset")
        self.status, self.picture = ipywidgets.HTML(), ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<strong>{html.escape(question)}</strong>")
        controls = ipywidgets.VBox([self.alpha, self.beta, self.start, self.reset, self.status])
        beside = ipywidgets.HBox([controls, self.picture], layout={"flex_flow": "row wrap"})
        super().__init__([heading, beside])
        self.state = None
        self._resetting = False
        for slider in (self.alpha, self.beta):
            slider.observe(lambda _: self._move(), names="value")
        self.reset.on_click(lambda _: self._reset())
        self._move()

    def _move(self) -> None:
        """Train at the sliders' values and show the result, or the error in one line."""
        if self._resetting:
            return
        alpha, beta = self.alpha.value, self.beta.value
        previous = self.state if self.start.value == CONTINUE else None
        self._say(f"training at α = {alpha:g}, β = {beta:g} …")
        try:
            state = self._train(alpha, beta, previous)
            self.picture.value = show(self._draw(state)).data
        except Exception as error:  # whatever went wrong is shown, and the panel stays usable
            self._say(f"stopped: {type(error).__name__}: {error}; the picture is unchanged")
            return
        self.state = state
        self._say(f"trained at α = {alpha:g}, β = {beta:g}")

    def _reset(self) -> None:
        self._resetting = True
        self.alpha.index = self.beta.index = 0
        self.start.value = FRESH
        self._resetting = False
        self._move()

    def _say(self, text: str) -> None:
        one_line = " ".join(text.split())
        self.status.value = f'<span role="status">{html.escape(one_line)}</span>'


def retrain_panel(
    train: Train,
    draw: Draw,
    question: str,
    alphas: Iterable[SupportsFloat],
    betas: Iterable[SupportsFloat],
) -> RetrainPanel | StaticHTML:
    """The panel in a kernel, opened at the first α and β; on the static page its first picture."""
    alphas, betas = [float(v) for v in alphas], [float(v) for v in betas]
    if not alphas or not betas:
        raise ValueError(f"alphas is {alphas} and betas is {betas}; each needs at least one value")
    if on_static_page():
        picture = show(draw(train(alphas[0], betas[0], None))).data
        return StaticHTML(f"{picture}<p>{_NO_KERNEL}</p>")
    return RetrainPanel(train, draw, question, alphas, betas)


def _slider(name: str, values: list[float]) -> ipywidgets.SelectionSlider:
    options = [(f"{value:g}", value) for value in values]
    return ipywidgets.SelectionSlider(options=options, description=name, continuous_update=False)
