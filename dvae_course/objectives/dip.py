"""DIP-VAE: moments of the aggregate posterior pulled towards those of N(0, I)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.gaussians import GaussianPosterior
from dvae_course.objectives.base import Objective, Terms, elbo_values
from dvae_course.priors.base import Seed
from dvae_course.vae import VAE


class DIPVAE(Objective):
    """loss = −ELBO + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)²  (Kumar et al. 2018).

    Kind "I": C = Cov_x[mu(x)]. Kind "II": C = Cov_x[mu(x)] + E_x[S(x)], the covariance of the
    aggregate posterior, whose off-diagonal entries a diagonal encoder's variances do not touch.

    Parameters
    ----------
    kind : "I" or "II".
    lambda_od : λ_od ≥ 0, for the off-diagonal entries.
    lambda_d : λ_d ≥ 0, for the diagonal; the study takes 10 λ_od for I and λ_od for II.
    """

    lambda_od: Tensor
    lambda_d: Tensor

    def __init__(self, kind: str, lambda_od: float, lambda_d: float):
        super().__init__()
        if kind not in ("I", "II"):
            raise ValueError(f'kind must be "I" or "II", got {kind!r}')
        self.kind = kind
        self._hyperparameter("lambda_od", lambda_od)
        self._hyperparameter("lambda_d", lambda_d)

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction`, `kl`, `off_diagonal` and `diagonal`."""
        output = vae(x, generator)
        C = self.covariance(output.posterior)
        diagonal = C.diagonal(dim1=-2, dim2=-1)
        off_diagonal = C - torch.diag_embed(diagonal)
        values = elbo_values(output)
        values["off_diagonal"] = off_diagonal.square().sum((-2, -1))
        values["diagonal"] = (diagonal - 1).square().sum(-1)
        weights = {"off_diagonal": self.lambda_od, "diagonal": self.lambda_d}
        return Terms(values, weights, output)

    def covariance(self, posterior: GaussianPosterior) -> Float[Tensor, "*models latent latent"]:
        """C of this kind, over the batch (divided by its size, not by one less)."""
        centred = posterior.mu - posterior.mu.mean(-2, keepdim=True)
        of_means = centred.mT @ centred / centred.shape[-2]
        if self.kind == "I":
            return of_means
        return of_means + posterior.covariance.mean(-3)
