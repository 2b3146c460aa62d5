"""The annealed prior under controls: p, f_β and the entropy term of Theorem 1, for three priors.

The drawing is `annealing.js`, one ES module that runs in a kernel, through anywidget, and on the
static page. Every setting is computed here beforehand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.figure import Figure

from dvae_course import plots
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.plots.annealing import best_encoders
from dvae_course.priors import GaussianMixture, IsotropicGaussian, Prior, StudentT
from dvae_course.theory.annealed_prior import beta_elbo_identity
from dvae_course.widgets.static_page import StaticHTML, mounted, on_static_page

BETAS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
START = (0, 1, 4)  # the standard normal at β = 4
Z = np.linspace(-5, 5, 121)
LOG2_SD = np.linspace(-4, 4, 97)
_MODULE = Path(__file__).with_name("annealing.js")


@dataclass(frozen=True)
class Family:
    """Priors of one coordinate with one parameter: its name, its values, the prior that it gives.

    The value at the index `start` is the one that stands for the family when it is chosen.
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


@dataclass(frozen=True)
class Annealing:
    """What one setting shows: densities over `Z`, terms of q = N(0, s²) over s = 2^`LOG2_SD`.

    Attributes
    ----------
    densities : p, and f_β; where F_β is infinite p^β in its place.
    terms : −β KL(q‖p), −KL(q‖f_β), (β−1) H and log F_β, in nats; the first alone where F_β is
        infinite. The last three add up to the first.
    """

    densities: dict[str, Float[np.ndarray, " z"]]
    terms: dict[str, Float[np.ndarray, " sd"]]


def annealing(prior: Prior, beta: float) -> Annealing:
    """Everything for a prior of one coordinate at β > 0."""
    prior = prior.double()
    z = torch.from_numpy(Z)[:, None]
    nothing = torch.zeros(len(LOG2_SD), dtype=torch.float64)  # in place of the reconstruction
    log_var = 2 * np.log(2) * torch.from_numpy(LOG2_SD)[:, None]
    q = DiagonalGaussian(nothing[:, None], log_var)
    log_p = prior.log_prob(z)
    densities = {"$p$": log_p.exp().numpy()}
    kl = beta_elbo_identity(nothing, q, prior, 1.0).kl
    terms = {r"$-\beta\,$KL$(q\|p)$": (-beta * kl).numpy()}
    try:
        both = beta_elbo_identity(nothing, q, prior, beta)
    except ValueError:  # F_β is infinite
        densities[r"$p^\beta$, no density"] = (beta * log_p).exp().numpy()
        return Annealing(densities, terms)
    densities[r"$f_\beta$"] = (beta * log_p - both.log_F_beta).exp().numpy()
    terms[r"$-$KL$(q\|f_\beta)$"] = both.annealed_elbo.numpy()
    terms[r"$(\beta-1)\,H$"] = both.entropy_bonus.numpy()
    terms[r"$\log F_\beta$"] = both.log_F_beta.expand(len(nothing)).numpy()
    return Annealing(densities, terms)


def annealing_figure(family: str, shape: float, beta: float) -> Figure:
    """The setting as a figure, whose sentence says which encoder each objective asks for.

    `ValueError` for an unknown family.
    """
    if family not in FAMILIES:
        raise ValueError(f"family is {family!r}; the families are {', '.join(FAMILIES)}")
    shown, sd = annealing(FAMILIES[family].prior(shape), beta), 2**LOG2_SD
    name = _name(family, shape)
    return plots.annealed_objective(name, beta, Z, shown.densities, sd, shown.terms)


class AnnealingPanel(anywidget.AnyWidget):
    """The panel in a kernel; `place` holds the indices of family, shape and β."""

    _esm = _MODULE
    data = traitlets.Dict().tag(sync=True)
    place = traitlets.List(traitlets.Int()).tag(sync=True)

    @traitlets.validate("place")
    def _inside(self, proposal):
        place = proposal.value
        shapes = [len(family["values"]) for family in self.data["families"]]
        betas = range(len(self.data["betas"]))
        if place not in ([f, s, b] for f, n in enumerate(shapes) for s in range(n) for b in betas):
            raise traitlets.TraitError(
                f"place is {place}; expected the indices of a family, of one of its shapes and of β"
            )
        return place


def annealing_panel(question: str) -> AnnealingPanel | StaticHTML:
    """The panel, in a kernel or on the static page; opens with the standard normal at β = 4."""
    data = {
        "question": question,
        "families": [
            {"name": name, "parameter": f.parameter, "start": f.start, "values": list(f.values)}
            for name, f in FAMILIES.items()
        ],
        "betas": list(BETAS),
        "z": _short(Z),
        "log2_sd": _short(LOG2_SD),
        "settings": [
            [[_setting(name, shape, beta) for beta in BETAS] for shape in family.values]
            for name, family in FAMILIES.items()
        ],
        "start": list(START),
    }
    if on_static_page():
        still = plots.show(annealing_figure("Gaussian", 1.0, 4.0)).data
        return mounted(_MODULE, {"data": data, "place": list(START)}, still)
    return AnnealingPanel(data=data, place=list(START))


def _setting(family: str, shape: float, beta: float) -> dict:
    shown = annealing(FAMILIES[family].prior(shape), beta)
    return {
        "names": ["p", "f_β" if len(shown.terms) > 1 else "p^β, whose integral is infinite"],
        "densities": [_short(y, 3) for y in shown.densities.values()],
        "terms": [_short(y.clip(y.max() - 60), 2) for y in shown.terms.values()],
        "best": [int(y.argmax()) for y in list(shown.terms.values())[:2]],
        "conclusion": best_encoders(_name(family, shape), beta, 2**LOG2_SD, shown.terms),
    }


def _name(family: str, shape: float) -> str:
    return f"{family} ({FAMILIES[family].parameter} {shape:g})"


def _short(values: Float[np.ndarray, " points"], digits: int = 4) -> list[float]:
    return [round(float(v), digits) for v in values]
