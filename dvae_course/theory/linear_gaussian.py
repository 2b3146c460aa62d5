"""The linear Gaussian model, for which everything that a VAE approximates is in closed form.

x = W z + m + noise with z ~ N(0, Λ) and noise ~ N(0, s² I): with Λ = I it is probabilistic PCA
(Tipping & Bishop 1999), and the model of the linear VAE (Lucas et al. 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import MultivariateNormal

from dvae_course.gaussians import (
    LOG_2PI,
    DiagonalGaussian,
    FullGaussian,
    GaussianPosterior,
    check_rotation,
    kl,
)


@dataclass(frozen=True)
class LinearGaussian:
    """p(z) = N(0, diag prior_variances), p(x|z) = N(W z + mean, noise_scale² I).

    Attributes
    ----------
    W : the decoder's matrix.
    noise_scale : s, the standard deviation of x given z.
    mean : m, zero by default.
    prior_variances : the diagonal of Λ, ones by default.
    """

    W: Float[Tensor, "data latent"]
    noise_scale: float
    mean: Float[Tensor, " data"] | None = None
    prior_variances: Float[Tensor, " latent"] | None = None

    def __post_init__(self):
        if not 0 < self.noise_scale < math.inf:
            raise ValueError(f"noise_scale must be positive and finite, got {self.noise_scale}")
        if self.mean is None:
            object.__setattr__(self, "mean", self.W.new_zeros(len(self.W)))
        if self.prior_variances is None:
            object.__setattr__(self, "prior_variances", self.W.new_ones(self.W.shape[1]))

    def log_evidence(self, x: Float[Tensor, "batch data"]) -> Float[Tensor, " batch"]:
        """log p(x) = log N(x; m, W Λ Wᵀ + s² I)."""
        identity = torch.eye(len(self.W), dtype=self.W.dtype)
        covariance = self.W * self.prior_variances @ self.W.mT + self.noise_scale**2 * identity
        return MultivariateNormal(self.mean, covariance).log_prob(x)

    def posterior_precision(self, beta: float = 1.0) -> Float[Tensor, "latent latent"]:
        """P = Λ⁻¹ + WᵀW / (β s²), the precision of the best Gaussian q for the β-VAE's objective.

        At β = 1 it is that of the true posterior; it is diagonal iff W's columns are orthogonal.
        """
        return torch.diag(1 / self.prior_variances) + self.W.mT @ self.W / (
            beta * self.noise_scale**2
        )

    def posterior(self, x: Float[Tensor, "batch data"], beta: float = 1.0) -> FullGaussian:
        """N(P⁻¹ Wᵀ(x − m)/(β s²), P⁻¹): at β = 1 the true posterior p(z|x).

        With Λ = I it is N(M⁻¹Wᵀ(x − m), s² M⁻¹), M = WᵀW + s² I. For other β it is proportional to
        p(x|z)^(1/β) p(z), which maximises the β-VAE's objective.
        """
        covariance = torch.linalg.inv(self.posterior_precision(beta))
        mu = (x - self.mean) @ self.W @ covariance / (beta * self.noise_scale**2)
        scale_tril = torch.linalg.cholesky(covariance)
        return FullGaussian(mu, scale_tril.expand(len(x), *scale_tril.shape))

    def reconstruction(
        self, x: Float[Tensor, "batch data"], q: GaussianPosterior
    ) -> Float[Tensor, " batch"]:
        """E_q[log p(x|z)] = −D/2 log 2πs² − (‖x − W mu − m‖² + tr(W S Wᵀ)) / (2s²)."""
        variance, dim = self.noise_scale**2, len(self.W)
        at_mean = (x - q.mu @ self.W.mT - self.mean).square().sum(-1)
        stochastic = torch.einsum("di,bij,dj->b", self.W, q.covariance, self.W)
        constant = -0.5 * dim * (LOG_2PI + math.log(variance))
        return constant - (at_mean + stochastic) / (2 * variance)

    def elbo(
        self, x: Float[Tensor, "batch data"], q: GaussianPosterior, beta: float = 1.0
    ) -> Float[Tensor, " batch"]:
        """E_q[log p(x|z)] − β KL(q‖p(z)), in closed form."""
        mu = self.W.new_zeros(1, self.W.shape[1])
        prior = DiagonalGaussian(mu, self.prior_variances.log()[None])
        return self.reconstruction(x, q) - beta * kl(q, prior)

    def rotated(self, U: Float[Tensor, "latent latent"]) -> LinearGaussian:
        """p_U(x|z) = p(x|Uᵀz), with the prior unchanged: W becomes W Uᵀ."""
        check_rotation(U)
        return replace(self, W=self.W @ U.mT)
