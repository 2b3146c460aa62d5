"""Gaussian posteriors, diagonal and with full covariance: density, entropy, KL, rotation.

The difference between the two is what chapters 01 to 03 are about: the full family is closed
under rotation of the latent space, the diagonal one is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """q(z|x) = N(mu, diag exp(log_var)), one Gaussian a row of the batch."""

    mu: Float[Tensor, "*models batch latent"]
    log_var: Float[Tensor, "*models batch latent"]

    @property
    def scale(self) -> Float[Tensor, "*models batch latent"]:
        """The standard deviations."""
        return torch.exp(0.5 * self.log_var)

    @property
    def covariance(self) -> Float[Tensor, "*models batch latent latent"]:
        """The covariance matrices."""
        return torch.diag_embed(self.log_var.exp())

    def distribution(self) -> Independent:
        """The same, as a `torch.distributions` object."""
        return Independent(Normal(self.mu, self.scale, validate_args=False), 1)

    def sample(self, noise: Float[Tensor, "*models batch latent"]) -> Tensor:
        """z = mu + scale · noise: a sample that gradients pass through (reparameterisation)."""
        return self.mu + self.scale * noise

    def log_prob(self, z: Float[Tensor, "*models batch latent"]) -> Float[Tensor, "*models batch"]:
        """log q(z|x), each row of z under its own Gaussian."""
        return self.distribution().log_prob(z)

    def entropy(self) -> Float[Tensor, "*models batch"]:
        """H[q(z|x)] = ½ Σ_d (1 + log 2π + log_var_d), in nats."""
        return 0.5 * (1 + LOG_2PI + self.log_var).sum(-1)

    def full(self) -> FullGaussian:
        """The same Gaussians, as members of the full-covariance family."""
        return FullGaussian(self.mu, torch.diag_embed(self.scale))

    def rotated(self, U: Float[Tensor, "latent latent"]) -> FullGaussian:
        """The law of U z: N(U mu, U S Uᵀ), which is diagonal only for special U."""
        return self.full().rotated(U)


@dataclass(frozen=True)
class FullGaussian:
    """q(z|x) = N(mu, L Lᵀ) with L = `scale_tril` lower triangular, diagonal positive."""

    mu: Float[Tensor, "*models batch latent"]
    scale_tril: Float[Tensor, "*models batch latent latent"]

    @property
    def covariance(self) -> Float[Tensor, "*models batch latent latent"]:
        """The covariance matrices."""
        return self.scale_tril @ self.scale_tril.mT

    @property
    def log_var(self) -> Float[Tensor, "*models batch latent"]:
        """The logarithms of the marginal variances."""
        return self.scale_tril.square().sum(-1).log()

    def distribution(self) -> MultivariateNormal:
        """The same, as a `torch.distributions` object."""
        return MultivariateNormal(self.mu, scale_tril=self.scale_tril, validate_args=False)

    def sample(self, noise: Float[Tensor, "*models batch latent"]) -> Tensor:
        """z = mu + L noise: a sample that gradients pass through (reparameterisation)."""
        return self.mu + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, z: Float[Tensor, "*models batch latent"]) -> Float[Tensor, "*models batch"]:
        """log q(z|x), each row of z under its own Gaussian."""
        return self.distribution().log_prob(z)

    def entropy(self) -> Float[Tensor, "*models batch"]:
        """H[q(z|x)] = D/2 (1 + log 2π) + ½ log det S, in nats."""
        log_diagonal = self.scale_tril.diagonal(dim1=-2, dim2=-1).log()
        return (0.5 * (1 + LOG_2PI) + log_diagonal).sum(-1)

    def full(self) -> FullGaussian:
        """Itself: it is in the full-covariance family."""
        return self

    def rotated(self, U: Float[Tensor, "latent latent"]) -> FullGaussian:
        """The law of U z: N(U mu, U S Uᵀ), in the same family for every rotation U."""
        check_rotation(U)
        covariance = U @ self.covariance @ U.mT
        return FullGaussian(self.mu @ U.mT, torch.linalg.cholesky(covariance))


GaussianPosterior = DiagonalGaussian | FullGaussian


def check_rotation(U: Float[Tensor, "latent latent"]) -> None:
    """Raise `ValueError` unless Uᵀ U = I to the precision of U's dtype."""
    error = (U.mT @ U - torch.eye(U.shape[-1], dtype=U.dtype, device=U.device)).abs().max().item()
    if error > 100 * torch.finfo(U.dtype).eps * U.shape[-1]:
        raise ValueError(
            f"U must be orthogonal, but UᵀU differs from the identity by {error:.1e}; write its "
            "entries exactly (√6/4, not 0.61) or take the Q of torch.linalg.qr"
        )


def kl(q: GaussianPosterior, p: GaussianPosterior) -> Float[Tensor, "*models batch"]:
    """KL(q‖p) between Gaussians, row by row, in nats (a batch axis of 1 broadcasts)."""
    if isinstance(q, DiagonalGaussian) and isinstance(p, DiagonalGaussian):
        return kl_divergence(q.distribution(), p.distribution())
    return kl_divergence(q.full().distribution(), p.full().distribution())
