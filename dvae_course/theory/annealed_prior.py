"""The β-VAE as a standard VAE with an annealed prior and an entropy bonus.

Theorem 1 of Mathieu, Rainforth, Siddharth and Teh (2019), arXiv:1812.02833:

    E_q[log p(x|z)] − β KL(q‖p) = E_q[log p(x|z)] − KL(q‖f_β) + (β−1) H[q] + log F_β

with f_β(z) = p(z)^β / F_β and F_β = ∫ p(z)^β dz, for every β > 0 for which F_β is finite. It is
β H = H + (β−1) H, and log F_β added and taken away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian, GaussianPosterior, kl
from dvae_course.priors import Prior
from dvae_course.priors.gaussian import GaussianPrior
from dvae_course.theory.precision import doubled
from dvae_course.theory.quadrature import expectation, log_integral


@dataclass(frozen=True)
class BetaElboIdentity:
    """Both sides of Theorem 1, term by term, in nats, one number a data point.

    Attributes
    ----------
    reconstruction : E_q[log p(x|z)], which is on both sides.
    kl : KL(q‖p).
    kl_to_annealed : KL(q‖f_β).
    entropy : H[q].
    log_F_beta : log F_β, one number for all data points.
    beta : β.
    """

    reconstruction: Float[Tensor, " batch"]
    kl: Float[Tensor, " batch"]
    kl_to_annealed: Float[Tensor, " batch"]
    entropy: Float[Tensor, " batch"]
    log_F_beta: Float[Tensor, ""]
    beta: float

    @property
    def entropy_bonus(self) -> Float[Tensor, " batch"]:
        """(β−1) H[q]."""
        return (self.beta - 1) * self.entropy

    @property
    def annealed_elbo(self) -> Float[Tensor, " batch"]:
        """The standard ELBO with the prior f_β: L(x; π_{θ,β}, q)."""
        return self.reconstruction - self.kl_to_annealed

    @property
    def left(self) -> Float[Tensor, " batch"]:
        """The β-VAE's objective, E_q[log p(x|z)] − β KL(q‖p)."""
        return self.reconstruction - self.beta * self.kl

    @property
    def right(self) -> Float[Tensor, " batch"]:
        """ELBO with the annealed prior + entropy bonus + log F_β."""
        return self.annealed_elbo + self.entropy_bonus + self.log_F_beta


def beta_elbo_identity(
    reconstruction: Float[Tensor, " batch"],
    q: GaussianPosterior,
    prior: Prior,
    beta: float,
    step: float = 0.125,
) -> BetaElboIdentity:
    """Theorem 1 of Mathieu et al. 2019, each term computed on its own.

    With a Gaussian prior both KL terms are in closed form, whatever the number of coordinates, and
    F_β enters the right side alone. With other priors E_q[log p(z)] is by quadrature; the two sides
    then agree for *any* value of F_β, because it cancels within KL(q‖f_β) + …, so check that value
    on its own, against `log_power_integral`.

    Parameters
    ----------
    reconstruction : E_q[log p(x|z)]: closed form, `quadrature.expectation`, or a sample mean. It is
        the same on both sides, so that its error does not matter.
    q : q(z|x), a row a data point.
    prior : p(z).
    beta : β > 0.
    step : of the quadrature, in standard deviations of q.

    Raises
    ------
    ValueError : where F_β is infinite (β ≤ 0; Student's t at β(ν+1) ≤ 1), and for other priors than
        Gaussian ones in more than two coordinates.
    """
    q, prior = doubled(q), doubled(prior)
    log_F = log_F_beta(prior, beta)
    entropy = q.entropy()
    if isinstance(prior, GaussianPrior):
        to_prior, to_annealed = prior.kl_from(q), kl(q, _annealed_gaussian(prior, beta))
    else:
        mean_log_prior = expectation(q, prior.log_prob, step)
        to_prior = -entropy - mean_log_prior
        to_annealed = -entropy - (beta * mean_log_prior - log_F)
    return BetaElboIdentity(reconstruction.double(), to_prior, to_annealed, entropy, log_F, beta)


def log_F_beta(prior: Prior, beta: float) -> Float[Tensor, ""]:
    """log F_β = log ∫ p(z)^β dz, from the prior itself; `ValueError` where it is infinite."""
    return doubled(prior).annealed(beta).log_normalizer


def log_power_integral(prior: Prior, beta: float, step: float = 1 / 64) -> Float[Tensor, ""]:
    """log ∫ p(z)^β dz by quadrature, which knows of `log_prob` alone: a second opinion on log F_β.

    For one or two coordinates. `ValueError` where the integral is infinite, or so nearly that its
    tail is still felt at |z| = 1e137, and where the step is too coarse.
    """
    prior = doubled(prior)
    return log_integral(lambda z: beta * prior.log_prob(z), prior.dim, step)


def _annealed_gaussian(prior: GaussianPrior, beta: float) -> DiagonalGaussian:
    """f_β = N(0, Σ/β), without F_β."""
    p = prior.gaussian()
    return DiagonalGaussian(p.mu, p.log_var - math.log(beta))
