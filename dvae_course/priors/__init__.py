"""Priors p(z) over the latent space, and their power-annealed versions f_β ∝ p^β.

Every prior is a `torch.nn.Module` with `log_prob(z)`, `sample(n, seed)` and `annealed(beta)`.
"""

from dvae_course.priors.base import Prior
from dvae_course.priors.gaussian import AnisotropicGaussian, IsotropicGaussian
from dvae_course.priors.mixture import AnnealedMixture, GaussianMixture, SpikeAndSlab
from dvae_course.priors.student import StudentT

__all__ = [
    "AnisotropicGaussian",
    "AnnealedMixture",
    "GaussianMixture",
    "IsotropicGaussian",
    "Prior",
    "SpikeAndSlab",
    "StudentT",
]
