"""Which linear maps of the latent space a prior leaves unseen, and what that makes of the VAE.

With p_A(x|z) = p(x|A⁻¹z) and q_A the law of A z, every z has a twin A z. The KL term and log p(x)
are unchanged where the prior's law of A z is taken as the new prior, whatever A. So two things are
exact (Mathieu et al. 2019 call anisotropic priors "not rotationally invariant"):

* N(0, Σ) is unseen by the *conjugate* rotations A = Σ^½ U Σ^−½, a group as large as the rotations;
* A = Σ^−½ makes N(0, Σ) into N(0, I), and keeps diagonal posteriors diagonal if Σ is diagonal: an
  anisotropic Gaussian prior is the isotropic one in other units, one unit a latent.

No such thing holds for independent Student-t coordinates, whose law only signed permutations keep.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import (
    DiagonalGaussian,
    FullGaussian,
    GaussianPosterior,
    check_rotation,
)
from dvae_course.priors import Prior
from dvae_course.vae import VAE

Matrix = Float[Tensor, "latent latent"]


class MappedDecoder(nn.Module):
    """z ↦ decoder(A⁻¹z): p_A(x|z) = p(x|A⁻¹z)."""

    inverse: Tensor

    def __init__(self, decoder: nn.Module, A: Matrix):
        super().__init__()
        self.decoder = decoder
        self.register_buffer("inverse", torch.linalg.inv(A))

    def forward(self, z: Float[Tensor, "*batch latent"]) -> Tensor:
        """z has its codes in rows."""
        return self.decoder(z @ self.inverse.mT.to(z))


class MappedEncoder(nn.Module):
    """x ↦ the law of A z: N(A mu, A S Aᵀ)."""

    A: Tensor

    def __init__(self, encoder: nn.Module, A: Matrix):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("A", A)

    def forward(self, x: Tensor) -> GaussianPosterior:
        """Encode, then map."""
        q = self.encoder(x)
        return mapped(q, self.A.to(q.mu))


def mapped(q: GaussianPosterior, A: Matrix) -> GaussianPosterior:
    """The law of A z for z ~ q; diagonal if q is and A is a positive diagonal matrix."""
    diagonal = A.diagonal()
    stretches = bool((diagonal > 0).all()) and torch.equal(diagonal.diag(), A)
    if isinstance(q, DiagonalGaussian) and stretches:
        return DiagonalGaussian(q.mu * diagonal, q.log_var + 2 * diagonal.log())
    return FullGaussian(q.mu @ A.mT, torch.linalg.cholesky(A @ q.covariance @ A.mT))


def transform(vae: VAE, A: Matrix, prior: Prior | None = None) -> VAE:
    """The VAE with a latent space A times the old one; what was passed in is unchanged and shared.

    Parameters
    ----------
    vae : any VAE.
    A : an invertible matrix.
    prior : the new prior; by default the old one, so that something changes unless A keeps its law.

    Raises
    ------
    ValueError : for a singular A.
    """
    if not torch.linalg.det(A).abs() > 0:
        raise ValueError(f"A must be invertible, got {A.tolist()} with determinant 0")
    encoder, decoder = MappedEncoder(vae.encoder, A), MappedDecoder(vae.decoder, A)
    prior = vae.prior if prior is None else prior
    return VAE(encoder, decoder, prior, vae.likelihood, vae.data_shape)


def conjugate_rotation(U: Matrix, scales: Float[Tensor, " latent"]) -> Matrix:
    """A = Σ^½ U Σ^−½ with Σ = diag scales²: A Σ Aᵀ = Σ, so that N(0, Σ) is the law of A z too.

    Raises `ValueError` for a U that is not orthogonal and for scales that are not positive.
    """
    check_rotation(U)
    if not bool((scales > 0).all()):
        raise ValueError(f"scales must be positive standard deviations, got {scales.tolist()}")
    return scales[:, None] * U / scales
