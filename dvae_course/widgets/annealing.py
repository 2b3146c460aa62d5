"""The annealed prior under sliders: p, f_β and the entropy term of Theorem 1, for three priors."""

import html
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets
import torch
from matplotlib.figure import Figure

from dvae_course import plots
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import GaussianMixture, IsotropicGaussian, Prior, StudentT
from dvae_course.theory.annealed_prior import beta_elbo_identity
from dvae_course.widgets.static_page import StaticHTML, on_static_page

BETAS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_NO_KERNEL = (
    "On this page the picture stands still; moving its sliders needs a running kernel (open the "
    "chapter in JupyterLab)."
)


@dataclass(frozen=True)
class Family:
    """Priors of one coordinate with one parameter: its name, its values, the prior that it gives.

    The value at the index `start` is the one that the panel opens with.
    """

    parameter: str
    values: tuple[float, ...]
    start: int
    prior: Callable[[float], Prior]


FAMILIES = {
    "Gaussian": Family("standard deviation", (0.5, 1.0, 2.0), 1, lambda s: IsotropicGaussian(1, s)),
    "two clusters": Family(
        "half distance", (0.5, 1.0, 2.0), 1, lambda m: GaussianMixture([[-m], [m]], 0.5)
    ),
    "Student's t": Family("ν", (1.0, 2.0, 5.0, 30.0), 1, lambda nu: StudentT(1, nu)),
}


def annealing_figure(family: str, shape: float, beta: float) -> Figure:
    """p and f_β; and −β KL(q‖p), −KL(q‖f_β), (β−1) H and log F_β for q = N(0, s²) against s.

    Where F_β is infinite there are only p, p^β and −β KL(q‖p), and the figure's sentence says so.
    `ValueError` for an unknown family.
    """
    if family not in FAMILIES:
        raise ValueError(f"family is {family!r}; the families are {', '.join(FAMILIES)}")
    prior = FAMILIES[family].prior(shape).double()
    z = torch.linspace(-5, 5, 501, dtype=torch.float64)[:, None]
    sd = 2 ** torch.linspace(-5, 5, 161, dtype=torch.float64)
    nothing = torch.zeros_like(sd)  # the reconstruction, which is on both sides
    q = DiagonalGaussian(nothing[:, None], 2 * sd.log()[:, None])
    log_p = prior.log_prob(z)
    curves = {"$p$": log_p.exp().numpy()}
    kl = beta_elbo_identity(nothing, q, prior, 1.0).kl
    terms = {r"$-\beta\,$KL$(q\|p)$": (-beta * kl).numpy()}
    try:
        both = beta_elbo_identity(nothing, q, prior, beta)
    except ValueError:  # F_β is infinite
        curves[r"$p^\beta$, no density"] = (beta * log_p).exp().numpy()
        return _figure(family, shape, beta, z, curves, sd, terms)
    curves[r"$f_\beta$"] = prior.annealed(beta).double().log_prob(z).exp().numpy()
    terms[r"$-$KL$(q\|f_\beta)$"] = both.annealed_elbo.numpy()
    terms[r"$(\beta-1)\,H$"] = both.entropy_bonus.numpy()
    terms[r"$\log F_\beta$"] = both.log_F_beta.expand(len(sd)).numpy()
    return _figure(family, shape, beta, z, curves, sd, terms)


def _figure(family: str, shape: float, beta: float, z, curves, sd, terms) -> Figure:
    name = f"{family} ({FAMILIES[family].parameter} {shape:g})"
    return plots.annealed_objective(name, beta, z[:, 0].numpy(), curves, sd.numpy(), terms)


class AnnealingPanel(ipywidgets.VBox):
    """Prior, its shape, β and Reset; below, the figure with its sentence. Opens at β = 4."""

    def __init__(self, question: str):
        self.family = ipywidgets.Dropdown(options=list(FAMILIES), description="prior")
        self.shape = ipywidgets.SelectionSlider(options=[""], continuous_update=False)
        options = [(f"{beta:g}", beta) for beta in BETAS]
        self.beta = ipywidgets.SelectionSlider(
            options=options, description="β", continuous_update=False
        )
        self.reset = ipywidgets.Button(description="Reset")
        self.picture = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<strong>{html.escape(question)}</strong>")
        controls = ipywidgets.HBox(
            [self.family, self.shape, self.beta, self.reset], layout={"flex_flow": "row wrap"}
        )
        super().__init__([heading, controls, self.picture])
        self._quiet = True
        self._open()
        self.family.observe(lambda _: self._change_family(), names="value")
        for slider in (self.shape, self.beta):
            slider.observe(lambda _: self._draw(), names="value")
        self.reset.on_click(lambda _: self._open())

    def _open(self) -> None:
        self._quiet = True
        self.family.index, self.beta.value = 0, 4.0
        self._change_family()

    def _change_family(self) -> None:
        """Offer the shapes of the family that was chosen, and draw once."""
        self._quiet = True
        family = FAMILIES[self.family.value]
        self.shape.options = [(f"{value:g}", value) for value in family.values]
        self.shape.index, self.shape.description = family.start, family.parameter
        self._quiet = False
        self._draw()

    def _draw(self) -> None:
        if not self._quiet:
            figure = annealing_figure(self.family.value, self.shape.value, self.beta.value)
            self.picture.value = plots.show(figure, plots.conclusion(figure)).data


def annealing_panel(question: str) -> AnnealingPanel | StaticHTML:
    """The panel in a kernel; on the static page its first picture, with its sentence."""
    if on_static_page():
        figure = annealing_figure("Gaussian", 1.0, 4.0)
        picture = plots.show(figure, plots.conclusion(figure)).data
        return StaticHTML(f"<strong>{html.escape(question)}</strong>{picture}<p>{_NO_KERNEL}</p>")
    return AnnealingPanel(question)
