"""Why a diagonal posterior turns the latent axes to the principal directions of the data.

Rolinek, Zietlow and Martius (2019), "Variational autoencoders pursue PCA directions (by accident)",
arXiv:1812.06775. Noise on the code costs reconstruction, to first order tr(J S Jᵀ) with the
decoder's Jacobian J and the posterior's covariance S. For a diagonal S that is Σ_j σ_j² ‖J_j‖², J_j
the columns of J, and log p(x) does not change when J becomes J Uᵀ but the columns do. Given the
noise that the KL term pays for, log det S = C,

    min over S of tr(J S Jᵀ) = d (e^C Π_j ‖J_j‖²)^(1/d)      (the arithmetic and geometric means)
                             ≥ d (e^C det JᵀJ)^(1/d)         (Hadamard),

with equality iff the columns of J are orthogonal: J = A Σ Vᵀ with V a signed permutation. That is
about the variance of the data, not about their factors.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from dvae_course.likelihoods import GaussianLikelihood
from dvae_course.networks import MLPDecoder, PosteriorHead, initialise
from dvae_course.priors import IsotropicGaussian
from dvae_course.theory.linear_gaussian import LinearGaussian
from dvae_course.vae import VAE

Jacobian = Float[Tensor, "data latent"]


def stochastic_loss(J: Jacobian, variances: Float[Tensor, " latent"]) -> Float[Tensor, ""]:
    """tr(J diag(σ²) Jᵀ) = Σ_j σ_j² ‖J_j‖²: E‖J ε‖² for the noise ε ~ N(0, diag σ²)."""
    return (variances * _squared_columns(J)).sum()


def best_noise(J: Jacobian, log_volume: float) -> Float[Tensor, " latent"]:
    """The variances with Σ_j log σ_j² = `log_volume` = C and the least stochastic loss.

    By the inequality of the arithmetic and geometric means all σ_j² ‖J_j‖² are equal:
    σ_j² = (e^C Π_k ‖J_k‖²)^(1/d) / ‖J_j‖². `ValueError` for a J with a column of zeros: without a
    price the noise of that coordinate has no bound.
    """
    squared = _squared_columns(J)
    if not bool((squared > 0).all()):
        raise ValueError(
            f"the decoder ignores coordinate {squared.argmin().item()} (its column of J is 0), "
            "whose best noise is infinite; leave out the passive coordinates"
        )
    return torch.exp((log_volume + squared.log().sum()) / len(squared)) / squared


def least_loss(J: Jacobian, log_volume: float) -> Float[Tensor, ""]:
    """d (e^C Π_j ‖J_j‖²)^(1/d), the stochastic loss at `best_noise`."""
    squared = _squared_columns(J)
    return len(squared) * torch.exp((log_volume + squared.log().sum()) / len(squared))


def hadamard_bound(J: Jacobian, log_volume: float) -> Float[Tensor, ""]:
    """d (e^C det JᵀJ)^(1/d), which no rotation of the latent space gets below.

    It is `least_loss` where the columns of J are orthogonal, and the least loss of a posterior with
    full covariance whatever they are: that one has no reason to turn.
    """
    d = J.shape[1]
    return d * torch.exp((log_volume + 2 * torch.linalg.svdvals(J).log().sum()) / d)


def nearest_signed_permutation(
    V: Float[Tensor, "latent latent"],
) -> Float[Tensor, "latent latent"]:
    """The signed permutation matrix with the least Frobenius distance to V.

    ‖V − P‖² is least where Σ_i |V_{i π(i)}| is largest, an assignment problem.
    """
    rows, columns = linear_sum_assignment(V.abs().detach().numpy(), maximize=True)
    P = torch.zeros_like(V)
    signs = torch.where(V[rows, columns] < 0, -1.0, 1.0)
    P[rows, columns] = signs.to(V)
    return P


def distance_to_signed_permutation(V: Float[Tensor, "latent latent"]) -> float:
    """Frobenius distance of V to the nearest signed permutation; 0 iff V is one.

    The diagnostic of Rolinek et al. 2019: for an orthogonal V it is √(2 Σ_i (1 − |V_{i π(i)}|)).
    """
    return torch.linalg.matrix_norm(V - nearest_signed_permutation(V)).item()


def misalignment(J: Jacobian) -> float:
    """Distance to a signed permutation of V, the right singular vectors of J = A Σ Vᵀ.

    0 iff the columns of J are orthogonal, so that the latent axes are the principal directions of
    what the decoder makes of them. Leave out coordinates that the decoder ignores.

    Raises
    ------
    ValueError : where singular values are equal, for then V is not determined: every rotation of
        those directions is as good, and nothing is there to align with.
    """
    s = torch.linalg.svdvals(J)
    gap = ((s[:-1] - s[1:]) / s[0]).min().item() if len(s) > 1 else math.inf
    if not gap > 1e-8:
        raise ValueError(
            f"singular values of J coincide, {np.round(s.tolist(), 6).tolist()}: their directions "
            "are not determined, and alignment with them has no meaning"
        )
    return distance_to_signed_permutation(torch.linalg.svd(J, full_matrices=False).Vh.mT)


def linear_vae(
    data_dim: int,
    latent_dim: int,
    noise_scale: float,
    posterior: str = "diagonal",
    seed: int = 0,
) -> VAE:
    """A VAE without hidden layers: probabilistic PCA with an encoder (Lucas et al. 2019).

    Parameters
    ----------
    data_dim, latent_dim : number of coordinates of x and of z.
    noise_scale : the standard deviation of x given z, fixed.
    posterior : "diagonal" or "full".
    seed : of the weights.
    """
    encoder = PosteriorHead(data_dim, latent_dim, posterior)
    decoder = MLPDecoder(latent_dim, data_dim, hidden=())
    prior, likelihood = IsotropicGaussian(latent_dim), GaussianLikelihood(noise_scale)
    vae = VAE(encoder, decoder, prior, likelihood, (data_dim,))
    initialise(vae, seed)
    return vae


def linear_model(vae: VAE) -> LinearGaussian:
    """What the decoder of a `linear_vae` says of x, in double precision: p(x) and p(z|x)."""
    layer = vae.decoder.body.layers[0]
    scale = vae.likelihood.log_scale.exp().item()
    return LinearGaussian(layer.weight.detach().double().mT, scale, layer.bias.detach().double())


def linear_optimum(
    x: Float[Tensor, "batch data"], latent_dim: int, noise_scale: float
) -> LinearGaussian:
    """The model of greatest likelihood whose latent axes are the principal directions of x.

    W_j = √(λ_j − s²) v_j with the largest eigenvalues λ_j and eigenvectors v_j of the covariance of
    x (Tipping & Bishop 1999; directions with λ_j ≤ s² are passive, W_j = 0). W Uᵀ is as likely for
    every rotation U, but for W alone the true posterior is diagonal: there the bound is tight, and
    that is where a linear VAE with a diagonal posterior has its optimum (Lucas et al. 2019).

    Raises `ValueError` for a latent_dim above the number of coordinates of x.
    """
    data_dim = x.shape[1]
    if not 1 <= latent_dim <= data_dim:
        raise ValueError(f"latent_dim must be from 1 to {data_dim} (data_dim), got {latent_dim}")
    x = x.double()
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh((x - mean).mT @ (x - mean) / len(x))
    values, vectors = values.flip(0)[:latent_dim], vectors.flip(1)[:, :latent_dim]
    return LinearGaussian(
        vectors * (values - noise_scale**2).clamp_min(0).sqrt(), noise_scale, mean
    )


def _squared_columns(J: Jacobian) -> Float[Tensor, " latent"]:
    return J.square().sum(0)
