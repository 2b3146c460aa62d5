"""Gaussian priors: the isotropic one, and one variance a coordinate, fixed or learned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import LOG_2PI, DiagonalGaussian, GaussianPosterior, kl
from dvae_course.priors.base import Prior, Seed, check_annealing, check_positive
from dvae_course.randomness import Streams


class GaussianPrior(Prior):
    """N(0, diag scales²); its two kinds differ in where `scales()` come from."""

    def scales(self) -> Float[Tensor, "*models latent"]:
        """The standard deviation of each coordinate."""
        raise NotImplementedError

    def gaussian(self) -> DiagonalGaussian:
        """This prior as a Gaussian with a batch axis of 1."""
        scales = self.scales().unsqueeze(-2)
        return DiagonalGaussian(torch.zeros_like(scales), 2 * scales.log())

    def _log_density(self, z: Tensor) -> Tensor:
        """log N(z; 0, diag scales²)."""
        return self.gaussian().log_prob(z)

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """scales · noise."""
        scales = self.scales()
        return scales.unsqueeze(-2) * Streams.of(seed, "prior").normal(n, self.dim, like=scales)

    def kl_from(self, q: GaussianPosterior) -> Float[Tensor, "*models batch"]:
        """KL(q‖p) in closed form."""
        return kl(q, self.gaussian())

    def log_integral(self, beta: float) -> Tensor:
        """log F_β = D(1−β)/2 log 2π + (1−β)/2 log det Σ − D/2 log β."""
        log_det = 2 * self.scales().double().log().sum(-1)
        half = 0.5 * (1 - beta)
        return half * self.dim * LOG_2PI + half * log_det - 0.5 * self.dim * math.log(beta)


class IsotropicGaussian(GaussianPrior):
    """p(z) = N(z; 0, scale² I), the usual prior.

    Parameters
    ----------
    dim : the number of latent coordinates.
    scale : the standard deviation of each.
    """

    scale: Tensor

    def __init__(self, dim: int, scale: float = 1.0, log_normalizer: float | Tensor = 0.0):
        super().__init__(dim, log_normalizer)
        check_positive(scale=scale)
        self.register_buffer("scale", torch.tensor(float(scale)))

    def scales(self) -> Float[Tensor, "*models latent"]:
        """The same scale `dim` times."""
        return self.scale.unsqueeze(-1).expand(*self.scale.shape, self.dim)

    def annealed(self, beta: float) -> IsotropicGaussian:
        """N(0, scale²/β I)."""
        check_annealing(beta)
        scale = self.scale.item() / math.sqrt(beta)
        return IsotropicGaussian(self.dim, scale, self.log_integral(beta))


class AnisotropicGaussian(GaussianPrior):
    """p(z) = N(z; 0, diag scales²), one standard deviation a coordinate.

    With `learned=True` the variances are parameters on a simplex, σ² = D·v·softmax(η), where v is
    the mean of the given variances: they can be shared out anew but not inflated (the construction
    of Mathieu et al. 2019's released code).
    """

    mean_variance: Tensor
    logits: Tensor

    def __init__(
        self,
        scales: Sequence[float] | Tensor,
        learned: bool = False,
        log_normalizer: float | Tensor = 0.0,
    ):
        scales = torch.as_tensor(scales, dtype=torch.float64)
        if (
            scales.ndim != 1
            or len(scales) == 0
            or not bool((scales > 0).all() & scales.isfinite().all())
        ):
            raise ValueError(f"scales must be a list of positive numbers, got {scales.tolist()}")
        super().__init__(len(scales), log_normalizer)
        variances = scales.square()
        self.learned = learned
        self.register_buffer("mean_variance", variances.mean().float())
        logits = variances.log().float()
        if learned:
            self.logits = nn.Parameter(logits)
        else:
            self.register_buffer("logits", logits)

    def scales(self) -> Float[Tensor, "*models latent"]:
        """√(D · v · softmax(η))."""
        share = torch.softmax(self.logits, -1)
        return (self.dim * self.mean_variance.unsqueeze(-1) * share).sqrt()

    def annealed(self, beta: float) -> AnisotropicGaussian:
        """N(0, diag scales²/β)."""
        check_annealing(beta)
        scales = self.scales().detach() / math.sqrt(beta)
        return AnisotropicGaussian(scales, self.learned, self.log_integral(beta).detach())
