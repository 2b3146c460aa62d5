"""What every prior promises: a density, samples, and the annealed prior f_β = p^β / F_β."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import GaussianPosterior
from dvae_course.randomness import Streams

Seed = int | np.random.Generator | Streams


class Prior(nn.Module):
    """A density p(z) on R^dim.

    Attributes
    ----------
    dim : the number of latent coordinates.
    log_normalizer : log F_β with F_β = ∫ p(z)^β dz, p the prior that this one was annealed from; 0
        for a prior that was not annealed.
    """

    log_normalizer: Tensor

    def __init__(self, dim: int, log_normalizer: float | Tensor = 0.0):
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        self.dim = dim
        value = torch.as_tensor(log_normalizer, dtype=torch.float64)
        self.register_buffer("log_normalizer", value)

    def log_prob(self, z: Float[Tensor, "*models batch latent"]) -> Float[Tensor, "*models batch"]:
        """log p(z) in nats; `ValueError` unless z has `dim` columns."""
        if z.ndim < 2 or z.shape[-1] != self.dim:
            raise ValueError(
                f"z must have shape (batch, {self.dim}) for this prior of {self.dim} coordinates, "
                f"got {tuple(z.shape)}"
            )
        return self._log_density(z)

    def _log_density(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """`n` samples; the same seed gives the same samples."""
        raise NotImplementedError

    def annealed(self, beta: float) -> Prior:
        """f_β = p^β / F_β, with log F_β as its `log_normalizer` (Mathieu et al. 2019, Theorem 1).

        Raises `ValueError` where F_β is infinite or not to be had.
        """
        raise NotImplementedError

    def kl_from(self, q: GaussianPosterior) -> Float[Tensor, "*models batch"]:
        """KL(q‖p) in closed form; `ValueError` where there is none."""
        raise ValueError(
            f"KL(q‖p) has no closed form for the prior {type(self).__name__}; estimate it from the "
            'sampled z instead: VAE(..., kl="sampled")'
        )

    @property
    def has_closed_form_kl(self) -> bool:
        """Whether `kl_from` answers."""
        return type(self).kl_from is not Prior.kl_from


def check_annealing(beta: float) -> None:
    """Raise `ValueError` unless β > 0, without which p^β is no density on R^dim."""
    if not 0 < beta < math.inf:
        raise ValueError(
            f"beta must be positive and finite, got {beta}: for beta <= 0 the integral F_β of "
            "p(z)^β over all z is infinite"
        )


def check_positive(**numbers: float) -> None:
    """Raise `ValueError` unless every one is positive and finite."""
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value}")
