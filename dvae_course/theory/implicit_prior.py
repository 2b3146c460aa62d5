"""The prior that a β-VAE has for the data set as a whole, if it has one.

Hoffman, Riquelme and Johnson (2017), "The β-VAE's implicit prior". Averaged over the data, with
the aggregate posterior q(z) = mean over x of q(z|x),

    E log p(x|z) − β E KL(q(z|x)‖p) = E log p(x|z) − E KL(q(z|x)‖r) − (β−1) I_q(x; z) + log Z_r

    r(z) = q(z)^(1−β) p(z)^β / Z_r,    Z_r = ∫ q(z)^(1−β) p(z)^β dz.

For β > 1 the prior r is pushed away from where the encodings are, and where these are too narrow
Z_r is infinite: there is then no such prior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.gaussians import FullGaussian, GaussianPosterior
from dvae_course.priors.base import check_annealing
from dvae_course.priors.gaussian import GaussianPrior
from dvae_course.theory.precision import doubled
from dvae_course.theory.quadrature import expectation, log_integral

DIRECTIONS = 721  # a quarter of a degree apart


@dataclass(frozen=True)
class ImplicitPriorIdentity:
    """Both sides of the identity, means over the data, in nats.

    Attributes
    ----------
    reconstruction : E log p(x|z).
    kl : E KL(q(z|x)‖p).
    kl_to_implicit : E KL(q(z|x)‖r).
    mutual_information : I_q(x; z) = E KL(q(z|x)‖q(z)).
    log_Z : log Z_r.
    beta : β.
    """

    reconstruction: Float[Tensor, ""]
    kl: Float[Tensor, ""]
    kl_to_implicit: Float[Tensor, ""]
    mutual_information: Float[Tensor, ""]
    log_Z: Float[Tensor, ""]
    beta: float

    @property
    def left(self) -> Float[Tensor, ""]:
        """The β-VAE's objective."""
        return self.reconstruction - self.beta * self.kl

    @property
    def right(self) -> Float[Tensor, ""]:
        """ELBO with the implicit prior − (β−1) I_q(x; z) + log Z_r."""
        elbo = self.reconstruction - self.kl_to_implicit
        return elbo - (self.beta - 1) * self.mutual_information + self.log_Z


def implicit_prior_identity(
    reconstruction: Float[Tensor, " batch"],
    q: GaussianPosterior,
    prior: GaussianPrior,
    beta: float,
    step: float = 1 / 64,
) -> ImplicitPriorIdentity:
    """The identity of Hoffman et al. 2017, exactly, for encodings in one or two coordinates.

    Parameters
    ----------
    reconstruction : E_q[log p(x|z)] of each data point (see `beta_elbo_identity`).
    q : q(z|x) of all data points, a few dozen: q(z) is their mixture.
    prior : p(z), Gaussian, so that it is known when r can be normalised.
    beta : β > 0.
    step : of the quadrature for Z_r (see `log_integral`); for means under q it is 8 times as much,
        in standard deviations of q.

    Raises
    ------
    ValueError : where r cannot be normalised, and for more than two coordinates.
    """
    q, prior = doubled(q), doubled(prior)
    log_Z = log_Z_implicit(q, prior, beta, step)
    negative_entropy = -q.entropy()
    mean_log_aggregate = expectation(q, lambda z: aggregate_log_prob(q, z), 8 * step)
    kl = prior.kl_from(q)
    # E log r = (1−β) E log q(z) + β E log p(z) − log Z_r
    mean_log_r = (1 - beta) * mean_log_aggregate + beta * (negative_entropy - kl) - log_Z
    means = (
        term.mean()
        for term in (
            reconstruction.double(),
            kl,
            negative_entropy - mean_log_r,
            negative_entropy - mean_log_aggregate,
        )
    )
    return ImplicitPriorIdentity(*means, log_Z, beta)


def log_Z_implicit(
    q: GaussianPosterior, prior: GaussianPrior, beta: float, step: float = 1 / 64
) -> Float[Tensor, ""]:
    """log Z_r = log ∫ q(z)^(1−β) p(z)^β dz by quadrature; `ValueError` where it is infinite."""
    q, prior = doubled(q), doubled(prior)
    _check_normalisable(q, prior, beta)

    def log_r(z: Tensor) -> Tensor:
        return (1 - beta) * aggregate_log_prob(q, z) + beta * prior.log_prob(z)

    return log_integral(log_r, prior.dim, step)


def gaussian_implicit_prior(
    aggregate: GaussianPosterior, prior: GaussianPrior, beta: float
) -> tuple[FullGaussian, Float[Tensor, ""]]:
    """r and log Z_r in closed form where the aggregate posterior is one Gaussian N(m, V).

    r is Gaussian with precision P = (1−β) V⁻¹ + β Σ⁻¹ and mean P⁻¹ (1−β) V⁻¹ m, if P is positive
    definite: in each coordinate of a diagonal V, if V_d > (β−1)/β Σ_d.

    Parameters
    ----------
    aggregate : q(z), a batch of one, in any number of coordinates.
    prior : N(0, Σ).
    beta : β > 0.

    Raises `ValueError` for a batch of several, and where r cannot be normalised.
    """
    q, p = doubled(aggregate).full(), doubled(prior).gaussian().full()
    if len(q.mu) != 1:
        raise ValueError(f"aggregate must be one Gaussian, a batch of 1, got {len(q.mu)}")
    check_annealing(beta)
    V_inverse, prior_precision = torch.linalg.inv(q.covariance), torch.linalg.inv(p.covariance)
    P = (1 - beta) * V_inverse + beta * prior_precision
    lowest = torch.linalg.eigvalsh(P).min().item()
    if not lowest > 0:
        raise ValueError(_not_normalisable(beta, lowest))
    scale_tril = torch.linalg.cholesky(torch.linalg.inv(P))
    mean = torch.linalg.inv(P) @ ((1 - beta) * V_inverse) @ q.mu.unsqueeze(-1)
    r = FullGaussian(mean.squeeze(-1), scale_tril)
    at_0 = torch.zeros_like(q.mu)  # Z_r = q(z)^(1−β) p(z)^β / r(z) at any z
    log_Z = (1 - beta) * q.log_prob(at_0) + beta * p.log_prob(at_0) - r.log_prob(at_0)
    return r, log_Z.squeeze(0)


def aggregate_log_prob(
    q: GaussianPosterior, z: Float[Tensor, "*points latent"]
) -> Float[Tensor, "*points"]:
    """log q(z), the mean over the rows of q of their densities."""
    beside_each = z.unsqueeze(-2).expand(*z.shape[:-1], *q.mu.shape)  # (*points, batch, latent)
    log_each = q.log_prob(beside_each)  # (*points, batch)
    return torch.logsumexp(log_each, -1) - math.log(len(q.mu))


def tail_precision(q: GaussianPosterior, prior: GaussianPrior, beta: float) -> float:
    """How fast r falls off far out, in the direction u where it does so least.

    −log r(t u) ~ ½ t² [β uᵀΣ⁻¹u − (β−1) min_x uᵀS(x)⁻¹u]: the narrower even the widest encoding,
    the smaller for β > 1. The bracket's minimum over u must be positive for r to be normalisable.
    For one coordinate that says max_x S(x) > (β−1)/β Σ. Two are searched at 721 directions.
    """
    q, p = doubled(q).full(), doubled(prior).gaussian().full()
    u = _directions(prior.dim)  # (directions, latent)

    def precision_along(gaussian: FullGaussian) -> Tensor:
        inverse = torch.linalg.inv(gaussian.covariance)
        return torch.einsum("ui,bij,uj->ub", u, inverse, u)

    widest = precision_along(q).amin(-1)
    return (beta * precision_along(p)[:, 0] + (1 - beta) * widest).min().item()


def _directions(dim: int) -> Float[Tensor, "directions dim"]:
    if dim == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    if dim != 2:
        raise ValueError(f"the tail is searched in 1 or 2 coordinates, and these are {dim}")
    angle = torch.linspace(0, math.pi, DIRECTIONS, dtype=torch.float64)
    return torch.stack([angle.cos(), angle.sin()], -1)


def _check_normalisable(q: GaussianPosterior, prior: GaussianPrior, beta: float) -> None:
    check_annealing(beta)
    lowest = tail_precision(q, prior, beta)
    if not lowest > 0:
        raise ValueError(_not_normalisable(beta, lowest))


def _not_normalisable(beta: float, lowest: float) -> str:
    return (
        f"r ∝ q(z)^(1−β) p(z)^β cannot be normalised at beta={beta:g}: far out it grows (lowest "
        f"tail precision {lowest:.3g}), because q(z) is too narrow. Each coordinate needs a "
        f"variance above (β−1)/β = {(beta - 1) / beta:.3g} of the prior's; use a smaller beta"
    )
