"""The Student-t prior: a product density that is *not* rotation invariant, with heavy tails."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import StudentT as TorchStudentT

from dvae_course.priors.base import Prior, Seed, check_annealing, check_positive
from dvae_course.randomness import Streams


class StudentT(Prior):
    """p(z) = Π_d t_ν(z_d / scale) / scale, independent Student-t coordinates.

    Parameters
    ----------
    dim : the number of latent coordinates.
    nu : degrees of freedom ν > 0; ν → ∞ is the Gaussian.
    scale : the common scale (not the standard deviation, which is scale·√(ν/(ν−2)) for ν > 2).
    """

    nu: Tensor
    scale: Tensor

    def __init__(
        self, dim: int, nu: float, scale: float = 1.0, log_normalizer: float | Tensor = 0.0
    ):
        super().__init__(dim, log_normalizer)
        check_positive(nu=nu, scale=scale)
        self.register_buffer("nu", torch.tensor(float(nu)))
        self.register_buffer("scale", torch.tensor(float(scale)))

    def _log_density(self, z: Tensor) -> Tensor:
        """Σ_d log t_ν(z_d)."""
        nu, scale = self.nu[..., None, None], self.scale[..., None, None]
        return TorchStudentT(nu, 0.0, scale, validate_args=False).log_prob(z).sum(-1)

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """scale · t."""
        t = Streams.of(seed, "prior").student_t(n, self.dim, nu=self.nu)
        return self.scale[..., None, None] * t

    def annealed(self, beta: float) -> StudentT:
        """Again a Student-t: ν' = β(ν+1) − 1 degrees of freedom, scale' = scale·√(ν/ν').

        F_β is finite only for β(ν+1) > 1: below, the tails of p^β are too heavy.
        """
        check_annealing(beta)
        nu, scale = self.nu.item(), self.scale.item()
        new_nu = beta * (nu + 1) - 1
        if not new_nu > 0:
            raise ValueError(
                f"F_β is infinite for the Student-t prior with nu={nu:g} at beta={beta:g}: it "
                f"needs beta·(nu + 1) > 1, that is beta > {1 / (nu + 1):.4g}"
            )
        new_scale = scale * math.sqrt(nu / new_nu)
        log_integral = beta * _log_peak(nu, scale) - _log_peak(new_nu, new_scale)
        return StudentT(self.dim, new_nu, new_scale, self.dim * log_integral)


def _log_peak(nu: float, scale: float) -> float:
    """log of the Student-t density at its centre."""
    log_gammas = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2)
    return log_gammas - 0.5 * math.log(nu * math.pi) - math.log(scale)
