"""A code for which every regulariser is exact: Gaussian data, a linear encoder, Gaussian noise.

With x ~ N(0, I) and q(z|x) = N(A x, S) the means have the covariance M = A Aᵀ, and the aggregate
posterior is N(0, M + S). The penalties of all six objectives are then functions of two small
matrices, so that one sees what each of them looks at and what it is blind to.

The KL term has three parts (Chen et al. 2018, eq. 2), each exact here:
E_x KL(q(z|x)‖p(z)) = I(x; z) + KL(q(z)‖Π_d q(z_d)) + Σ_d KL(q(z_d)‖p(z_d)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.theory.pca_directions import linear_vae
from dvae_course.vae import VAE


def gaussian_total_correlation(
    covariance: Float[Tensor, "*batch latent latent"],
) -> Float[Tensor, "*batch"]:
    """½ (Σ_d log C_dd − log det C) in nats: KL of N(0, C) to the product of its marginals.

    It does not change when a coordinate is multiplied by a number: only correlations count.

    Raises
    ------
    ValueError : a matrix that is not positive definite, for which it is infinite or has no meaning.
    """
    scale = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    correlation = covariance / (scale.unsqueeze(-1) * scale.unsqueeze(-2))
    factor, failed = torch.linalg.cholesky_ex(correlation)
    if bool(failed.any()):
        raise ValueError(
            "a covariance must be positive definite to have a finite total correlation; the "
            f"smallest eigenvalue here is {torch.linalg.eigvalsh(covariance).min().item():.3g}"
        )
    return 0.0 - factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)  # not -0.0


@dataclass(frozen=True, eq=False)
class GaussianCode:
    """x ~ N(0, I), q(z|x) = N(A x, S) with A Aᵀ = M; the prior is N(0, I).

    Attributes
    ----------
    M : covariance of the means, Cov_x[mu(x)].
    S : covariance of the encoder's noise; diagonal for a diagonal encoder.

    Raises
    ------
    ValueError : S is not positive definite, M is not positive semi-definite or of another shape.
    """

    M: Float[Tensor, "latent latent"]
    S: Float[Tensor, "noise noise"]

    def __post_init__(self):
        if self.M.shape != self.S.shape:
            raise ValueError(
                f"M and S must have one shape, got {tuple(self.M.shape)} and {tuple(self.S.shape)}"
            )
        least = [torch.linalg.eigvalsh(matrix).min().item() for matrix in (self.M, self.S)]
        if least[0] < -1e-12 or least[1] <= 0:
            raise ValueError(
                "M must be positive semi-definite and S positive definite; their smallest "
                f"eigenvalues are {least[0]:.3g} and {least[1]:.3g}"
            )

    @classmethod
    def pair(cls, rho: float, first: float, second: float) -> GaussianCode:
        """Two latents with standard normal marginals q(z_d), whose means have the correlation ρ.

        `first` and `second`, between 0 and 1, are the standard deviations of the means; the noise
        has what is left of the variance 1. The smaller one of them, the more passive that latent.
        """
        if not (-1 <= rho <= 1 and 0 < first < 1 and 0 < second < 1):
            raise ValueError(
                "rho must lie in [-1, 1] and both standard deviations in (0, 1), got "
                f"rho={rho}, first={first}, second={second}"
            )
        a = torch.tensor([first, second], dtype=torch.float64)
        correlation = torch.tensor([[1, rho], [rho, 1]], dtype=torch.float64)
        return cls(torch.outer(a, a) * correlation, torch.diag(1 - a**2))

    @property
    def covariance(self) -> Float[Tensor, "latent latent"]:
        """C = M + S, of the aggregate posterior: the law of total covariance."""
        return self.M + self.S

    @property
    def kl(self) -> float:
        """E_x KL(q(z|x)‖N(0, I)) = ½ (tr C − log det S − D)."""
        return 0.5 * (self.covariance.trace() - torch.logdet(self.S) - len(self.S)).item()

    @property
    def information(self) -> float:
        """I(x; z) = ½ log (det C / det S)."""
        return 0.5 * (torch.logdet(self.covariance) - torch.logdet(self.S)).item()

    @property
    def total_correlation(self) -> float:
        """KL(q(z)‖Π_d q(z_d)), of the sampled code."""
        return gaussian_total_correlation(self.covariance).item()

    @property
    def total_correlation_of_means(self) -> float:
        """The same of mu(x), which no objective penalises."""
        return gaussian_total_correlation(self.M).item()

    @property
    def dimension_wise(self) -> float:
        """Σ_d KL(q(z_d)‖N(0, 1)) = ½ Σ_d (C_dd − log C_dd − 1)."""
        variances = self.covariance.diagonal()
        return 0.5 * (variances - variances.log() - 1).sum().item()

    def off_diagonal(self) -> float:
        """Σ_{i≠j} C_ij², one term for DIP-VAE-I (of M) and -II (of C) if the encoder is diagonal.

        Raises `ValueError` for an S that is not diagonal.
        """
        self._check_diagonal()
        return (self.M.square().sum() - self.M.diagonal().square().sum()).item()

    def diagonal(self, kind: str) -> float:
        """Σ_d (M_dd − 1)² for DIP-VAE-I, Σ_d (C_dd − 1)² for DIP-VAE-II."""
        matrix = {"I": self.M, "II": self.covariance}.get(kind)
        if matrix is None:
            raise ValueError(f'kind must be "I" or "II", got {kind!r}')
        return (matrix.diagonal() - 1).square().sum().item()

    def penalties(self, capacity: float) -> dict[str, float]:
        """What each objective adds to the negative ELBO for a unit of its strength.

        AnnealedVAE's is what takes the KL term's place; DIP-VAE weighs its diagonal as in the
        study, 10 times for I and once for II.
        """
        return {
            "β-VAE": self.kl,
            "AnnealedVAE": abs(self.kl - capacity),
            "FactorVAE": self.total_correlation,
            "β-TCVAE": self.total_correlation,
            "DIP-VAE-I": self.off_diagonal() + 10 * self.diagonal("I"),
            "DIP-VAE-II": self.off_diagonal() + self.diagonal("II"),
        }

    def vae(self) -> VAE:
        """A VAE in double precision with this encoder, whose decoder ignores the code.

        Feed it x of `(batch, latent)` standard normal numbers. Raises `ValueError` for an S that is
        not diagonal.
        """
        self._check_diagonal()
        latent = len(self.S)
        vae = linear_vae(latent, latent, noise_scale=1.0).double()
        values, vectors = torch.linalg.eigh(self.M)
        root = vectors * values.clamp_min(0).sqrt()  # root rootᵀ = M
        with torch.no_grad():
            vae.encoder.mu.weight.copy_(root.mT)
            vae.encoder.log_var.weight.zero_()
            vae.encoder.log_var.bias.copy_(self.S.diagonal().log())
            vae.decoder.body.layers[0].weight.zero_()
        return vae

    def _check_diagonal(self) -> None:
        beside = self.S - torch.diag(self.S.diagonal())
        if bool(beside.any()):
            raise ValueError(
                "S must be diagonal, as a diagonal encoder's is; its largest entry beside the "
                f"diagonal is {beside.abs().max().item():.3g}"
            )


def lost_to_noise(covariance: Float[Tensor, "latent latent"], coordinate: int, t: float) -> float:
    """By how much the Gaussian total correlation falls when z_i gets independent noise, variance t.

    ½ log [(1 + t/v) / (1 + t/C_ii)] with v = 1/(C⁻¹)_ii, the variance of z_i given the others;
    never negative, as v ≤ C_ii.
    """
    if t < 0:
        raise ValueError(f"t is a variance and must not be negative, got {t}")
    variance = covariance[coordinate, coordinate].item()
    given_others = 1 / torch.linalg.inv(covariance)[coordinate, coordinate].item()
    return 0.5 * (math.log1p(t / given_others) - math.log1p(t / variance))
