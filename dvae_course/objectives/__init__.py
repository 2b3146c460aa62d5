"""The objectives of the two papers; each is called as `objective(vae, x, generator=…, step=…)`."""

from dvae_course.objectives.base import Objective, Terms
from dvae_course.objectives.beta import AnnealedVAE, BetaVAE
from dvae_course.objectives.decomposition import Decomposition
from dvae_course.objectives.dip import DIPVAE
from dvae_course.objectives.total_correlation import BetaTCVAE, FactorVAE

__all__ = [
    "DIPVAE",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "Decomposition",
    "FactorVAE",
    "Objective",
    "Terms",
]
