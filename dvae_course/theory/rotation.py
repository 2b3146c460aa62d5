"""Rotations of the latent space, and what they leave unchanged.

With p_U(x|z) = p(x|Uᵀz) and q_U(z|x) = q(Uᵀz|x), every z has a twin U z with the same densities
under a rotation-invariant prior, so that log p(x), the ELBO and the β-VAE's objective are unchanged
(Theorem 2 of Mathieu et al. 2019). But q_U = N(U mu, U S Uᵀ) is diagonal for special U only: in
the family of diagonal posteriors a rotation has a price (Rolinek, Zietlow & Martius 2019).
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import scipy.linalg
import scipy.stats
import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import (
    DiagonalGaussian,
    FullGaussian,
    GaussianPosterior,
    check_rotation,
)
from dvae_course.randomness import generator
from dvae_course.theory.linear_gaussian import LinearGaussian
from dvae_course.vae import VAE

Matrix = Float[Tensor, "latent latent"]
Rotatable = TypeVar("Rotatable", VAE, LinearGaussian, nn.Module, GaussianPosterior)


class RotatedDecoder(nn.Module):
    """z ↦ decoder(Uᵀz): p_U(x|z) = p(x|Uᵀz)."""

    U: Tensor

    def __init__(self, decoder: nn.Module, U: Matrix):
        super().__init__()
        self.decoder = decoder
        self.register_buffer("U", U)

    def forward(self, z: Float[Tensor, "*batch latent"]) -> Tensor:
        """z has its codes in rows, so that Uᵀz is z U."""
        return self.decoder(z @ self.U.to(z))


class RotatedEncoder(nn.Module):
    """x ↦ q(Uᵀz|x) = N(U mu, U S Uᵀ), with full covariance even if the encoder's was diagonal."""

    U: Tensor

    def __init__(self, encoder: nn.Module, U: Matrix):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("U", U)

    def forward(self, x: Tensor) -> FullGaussian:
        """Encode, then rotate."""
        q = self.encoder(x)
        return q.rotated(self.U.to(q.mu))


def rotate(thing: Rotatable, U: Matrix) -> Rotatable:
    """The same in a latent space rotated by U; what was passed in is unchanged and shared.

    Parameters
    ----------
    thing : a posterior becomes N(U mu, U S Uᵀ), a decoder p(x|Uᵀz), a VAE or a `LinearGaussian`
        both, with the prior as it is.
    U : orthogonal (a reflection will do as well as a rotation).

    Raises
    ------
    ValueError : for a U that is not orthogonal, with the error measured.
    """
    check_rotation(U)
    if isinstance(thing, VAE):
        kl = "closed" if thing.closed_form_kl else "sampled"
        encoder, decoder = RotatedEncoder(thing.encoder, U), RotatedDecoder(thing.decoder, U)
        return VAE(encoder, decoder, thing.prior, thing.likelihood, thing.data_shape, kl)
    if isinstance(thing, nn.Module):
        return RotatedDecoder(thing, U)
    return thing.rotated(U)


def objective_at(
    vae: VAE, x: Tensor, z: Float[Tensor, "*models batch latent"], beta: float = 1.0
) -> Float[Tensor, "*models batch"]:
    """log p(x|z) + β [log p(z) − log q(z|x)] at a given z, row by row.

    Its mean under q(z|x) is the ELBO (β = 1) or the β-VAE's objective; at β = 1 its exponential has
    the mean p(x). So where a rotated VAE has the same value at every U z, all of them are equal.
    """
    q = vae.encode(x)
    return vae.log_likelihood(x, z) + beta * (vae.prior.log_prob(z) - q.log_prob(z))


def diagonal_gap(
    S: Float[Tensor, " latent"] | Float[Tensor, "latent latent"], U: Matrix
) -> Float[Tensor, ""]:
    """½ [Σ_i log P_ii − log det P], P = U S⁻¹ Uᵀ: what a diagonal posterior costs after a rotation.

    It is KL(d‖N(·, U S Uᵀ)) of the best diagonal Gaussian d, in nats a data point: by Hadamard's
    inequality never negative, and 0 iff P is diagonal. In two coordinates with variances a and b,
    rotated by θ, it is ½ log(1 + sin²(2θ) (a−b)²/(4ab)).

    Parameters
    ----------
    S : the posterior's variances, or its covariance.
    U : the rotation.

    Raises
    ------
    ValueError : for an S that is not positive definite, and a U that is not orthogonal.
    """
    check_rotation(U)
    S = torch.diag(S) if S.ndim == 1 else S
    lowest = torch.linalg.eigvalsh(S).min().item()
    if not lowest > 0:
        raise ValueError(f"S must be positive definite, but has the eigenvalue {lowest:g}")
    P = U @ torch.linalg.inv(S) @ U.mT
    return 0.5 * (P.diagonal().log().sum() - torch.linalg.slogdet(P).logabsdet)


def nearest_diagonal(q: GaussianPosterior) -> DiagonalGaussian:
    """The diagonal Gaussian d with the least KL(d‖q): q's mean, and the variances 1 / (S⁻¹)_ii.

    Where q is the true posterior, d is the best that a diagonal encoder can do.
    """
    precision = torch.linalg.inv(q.covariance)
    return DiagonalGaussian(q.mu, -precision.diagonal(dim1=-2, dim2=-1).log())


def plane_rotation(angle: float) -> Float[Tensor, "2 2"]:
    """Rotation of the plane by `angle`, in radians, counter-clockwise."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s], [s, c]], dtype=torch.float64)


def slide_rotation() -> Float[Tensor, "3 3"]:
    """The matrix that entangles azimuth, illumination and hair length on the slides, exactly.

    Rotation by 60° about (1, 1, 0)/√2. The slides print √6/4 as 0.61, with which it is orthogonal
    to 6e-3 only.
    """
    r = math.sqrt(6) / 4
    rows = [[0.75, 0.25, r], [0.25, 0.75, -r], [-r, r, 0.5]]
    return torch.tensor(rows, dtype=torch.float64)


def random_rotation(dim: int, seed: int) -> Matrix:
    """A rotation drawn uniformly (Haar measure on SO(dim)); `ValueError` for dim < 2."""
    if dim < 2:
        raise ValueError(f"a rotation needs at least 2 coordinates, got dim={dim}")
    stream = generator(seed, "rotation")
    return torch.from_numpy(scipy.stats.special_ortho_group.rvs(dim, random_state=stream))


def rotation_path(U: Matrix, t: float) -> Matrix:
    """U^t = exp(t log U): from no rotation at t = 0 to U at t = 1, turning steadily.

    Every rotation turns some planes by an angle each (its real Schur form); here by t times it.

    Raises
    ------
    ValueError : for a U that is not orthogonal, and for a reflection (det U = −1), which no path of
        rotations leads to.
    """
    check_rotation(U)
    if torch.linalg.det(U) < 0:
        raise ValueError(
            "U has determinant −1: it reflects, and no path of rotations leads there; change the "
            "sign of one of its rows"
        )
    form, basis = scipy.linalg.schur(U.double().numpy(), output="real")
    turned = np.eye(len(form))
    for i, j, angle in _planes(form):
        c, s = math.cos(t * angle), math.sin(t * angle)
        turned[np.ix_([i, j], [i, j])] = [[c, -s], [s, c]]
    return torch.from_numpy(basis @ turned @ basis.T).to(U)


def _planes(form: np.ndarray) -> list[tuple[int, int, float]]:
    """The pairs of axes that a Schur form turns, with their angles; pairs of −1 are half turns."""
    planes, flipped, i = [], [], 0
    while i < len(form):
        if i + 1 < len(form) and abs(form[i + 1, i]) > 1e-12:
            planes.append((i, i + 1, math.atan2(form[i + 1, i], form[i, i])))
            i += 2
            continue
        if form[i, i] < 0:
            flipped.append(i)
        i += 1
    return planes + [(a, b, math.pi) for a, b in zip(flipped[::2], flipped[1::2], strict=True)]
