"""The Gaussian β-VAE is a VAE with a √β times larger latent space and a maximum-entropy term.

Corollary 1 of Mathieu et al. (2019), arXiv:1812.02833: with p(z) = N(0, Σ), q(z|x) = N(mu, S),

    L_β(x; θ, φ) = L(x; θ', φ') + (β−1)/2 log det S'(x) + c,
    p_θ'(x|z) = p_θ(x|z/√β),  mu' = √β mu,  S' = β S.

It is Theorem 1 (`annealed_prior`) followed by the substitution z' = √β z, which takes the annealed
prior N(0, Σ/β) back to N(0, Σ). Corollary 2: (θ, φ) is stationary for L_β iff (θ', φ') is so for
L_{H,β} = L + (β−1)/2 log det S. The roads there may differ: Adam does not see the same gradients.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import LOG_2PI, GaussianPosterior
from dvae_course.networks import Linear, PosteriorHead
from dvae_course.priors.base import Seed, check_annealing
from dvae_course.vae import VAE


@dataclass(frozen=True)
class Affine:
    """parameter ↦ scale · parameter + shift."""

    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class SqrtBetaIdentity:
    """Both sides of Corollary 1, term by term, in nats, one number a data point.

    Attributes
    ----------
    left : L_β(x; θ, φ), the β-VAE's objective.
    rescaled_elbo : L(x; θ', φ'), the standard ELBO of the rescaled VAE.
    entropy_term : (β−1)/2 log det S'(x).
    constant : c.
    """

    left: Float[Tensor, " batch"]
    rescaled_elbo: Float[Tensor, " batch"]
    entropy_term: Float[Tensor, " batch"]
    constant: float

    @property
    def right(self) -> Float[Tensor, " batch"]:
        """ELBO of the rescaled VAE + maximum-entropy term + c."""
        return self.rescaled_elbo + self.entropy_term + self.constant


def sqrt_beta_identity(vae: VAE, x: Tensor, beta: float, seed: Seed = 0) -> SqrtBetaIdentity:
    """Corollary 1 on a batch, with the same noise on both sides, so that it is exact.

    It holds for every encoder and decoder; of the prior it needs that it is Gaussian, and with
    another one the two sides differ by more than a constant.

    Parameters
    ----------
    vae : a VAE whose encoder ends in a `PosteriorHead`; convert it with `.double()` first to see
        more than the seven digits of single precision.
    x : (batch, *vae.data_shape).
    beta : β > 0.
    seed : of the noise: a number, so that both sides draw the same.

    Raises
    ------
    ValueError : as `rescale`; for a prior without a covariance.
    """
    rescaled = rescale(vae, beta)
    entropy_term = 0.5 * (beta - 1) * log_det(rescaled.encode(x))
    c = constant(beta, prior_covariance(vae))
    return SqrtBetaIdentity(
        beta_elbo(vae, x, beta, seed), beta_elbo(rescaled, x, 1.0, seed), entropy_term, c
    )


def beta_elbo(vae: VAE, x: Tensor, beta: float, seed: Seed = 0) -> Float[Tensor, "*models batch"]:
    """L_β = log p(x|z) − β KL(q‖p), at one z a data point drawn from q(z|x) by `seed`."""
    output = vae(x, seed)
    return output.reconstruction - beta * output.kl


def max_entropy_elbo(
    vae: VAE, x: Tensor, beta: float, seed: Seed = 0
) -> Float[Tensor, "*models batch"]:
    """L_{H,β} = L + (β−1)/2 log det S(x), the objective of Corollary 2."""
    output = vae(x, seed)
    return output.elbo + 0.5 * (beta - 1) * log_det(output.posterior)


def log_det(q: GaussianPosterior) -> Float[Tensor, "*models batch"]:
    """log det S of every row, from the entropy H = D/2 (1 + log 2π) + ½ log det S."""
    return 2 * q.entropy() - q.mu.shape[-1] * (1 + LOG_2PI)


def rescale(vae: VAE, beta: float) -> VAE:
    """The VAE (θ', φ'): its latent space is √β times as large, its prior the same.

    In the encoder's head the mean is multiplied by √β, log β added to the log-variance and, with
    full covariance, the rest of the Cholesky factor multiplied by √β; the weights of the decoder's
    first layer are divided by √β. `vae` is unchanged.

    Raises
    ------
    ValueError : for β ≤ 0, an encoder without a `PosteriorHead`, and a decoder that does not begin
        with a `Linear` layer.
    """
    rescaled = copy.deepcopy(vae)
    parameters = dict(rescaled.named_parameters())
    with torch.no_grad():
        for name, g in rescaling(vae, beta).items():
            parameters[name].mul_(g.scale).add_(g.shift)
        _check_decoder(vae, rescaled, math.sqrt(beta))
    return rescaled


def rescaling(vae: VAE, beta: float) -> dict[str, Affine]:
    """The map g: (θ, φ) ↦ (θ', φ'), an `Affine` for each parameter that it changes.

    Its Jacobian J is diagonal, the scales, none of which is 0. Hence Corollary 2 by the chain rule:
    ∇L_β(θ, φ) = Jᵀ ∇L_{H,β}(g(θ, φ)), and one gradient vanishes iff the other does.
    """
    check_annealing(beta)
    root = math.sqrt(beta)
    head, decoder = _head_name(vae.encoder), _first_layer_name(vae)
    changes = {
        f"{head}mu.weight": Affine(root),
        f"{head}mu.bias": Affine(root),
        f"{head}log_var.bias": Affine(shift=math.log(beta)),
        f"{head}below.weight": Affine(root),
        f"{head}below.bias": Affine(root),
        f"{decoder}weight": Affine(1 / root),
    }
    present = dict(vae.named_parameters())
    return {name: change for name, change in changes.items() if name in present}


def constant(beta: float, Sigma: Float[Tensor, "latent latent"]) -> float:
    """c = D(β−1)/2 − (Dβ/2) log β − ((β−1)/2) log det Σ, for the prior N(0, Σ).

    The paper calls it a constant and leaves it at that. It is (β−1) D/2 (1 + log(2π/β)) + log F_β:
    what the entropy (β−1) H[N(·, S'/β)] has beside log det S', and Theorem 1's log F_β.

    Raises `ValueError` for β ≤ 0 and for a Σ that is not positive definite.
    """
    check_annealing(beta)
    Sigma = Sigma.double()
    lowest = torch.linalg.eigvalsh(Sigma).min().item()
    if not lowest > 0:
        raise ValueError(f"Sigma must be positive definite, but has the eigenvalue {lowest:g}")
    D, log_det_Sigma = len(Sigma), torch.logdet(Sigma).item()
    return 0.5 * (D * (beta - 1) - D * beta * math.log(beta) - (beta - 1) * log_det_Sigma)


def prior_covariance(vae: VAE) -> Float[Tensor, "latent latent"]:
    """The covariance of the VAE's prior; `ValueError` for priors that are not Gaussian."""
    if not vae.prior.has_closed_form_kl:
        raise ValueError(
            f"Corollary 1 is for a Gaussian prior, and this VAE's is {type(vae.prior).__name__}; "
            "Theorem 1 is for all priors: annealed_prior.beta_elbo_identity"
        )
    return torch.diag(vae.prior.scales().detach().double().square())


def _head_name(encoder: nn.Module) -> str:
    """What the names of the head's parameters begin with."""
    for name, module in encoder.named_modules(prefix="encoder"):
        if isinstance(module, PosteriorHead):
            return f"{name}."
    raise ValueError(
        f"the encoder {type(encoder).__name__} has no PosteriorHead, whose mean and variance could "
        "be rescaled; build it with mlp_vae, conv_vae or pca_directions.linear_vae"
    )


def _first_layer_name(vae: VAE) -> str:
    """What the names of the parameters of the decoder's first layer begin with."""
    for name, module in vae.decoder.named_modules(prefix="decoder"):
        if isinstance(module, Linear) and module.weight.shape[-2] == vae.prior.dim:
            return f"{name}."
    raise ValueError(_no_first_layer(vae))


def _check_decoder(vae: VAE, rescaled: VAE, root: float) -> None:
    """Raise `ValueError` unless p_θ'(x|√β z) = p_θ(x|z), seen at one z."""
    weight = next(vae.decoder.parameters())
    z = torch.linspace(-1, 1, vae.prior.dim).to(weight).unsqueeze(0)
    if not torch.allclose(rescaled.decoder(root * z), vae.decoder(z), rtol=1e-3, atol=1e-4):
        raise ValueError(_no_first_layer(vae))


def _no_first_layer(vae: VAE) -> str:
    return (
        f"the decoder {type(vae.decoder).__name__} does not begin with a Linear layer of "
        f"{vae.prior.dim} inputs, whose weights could be divided by √β"
    )
