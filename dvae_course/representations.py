"""From trained VAEs to what metrics see: codes of factors, and the mean KL of each latent.

Metrics know factors and codes but no models; this is the bridge. Pictures are fitted to the model's
data_shape (a VAE of perceptrons sees them flat), its device and its precision; codes come back in
double precision.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from dvae_course.datasets.factors import FactorDataset
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.udr import UDR, udr_from_codes
from dvae_course.networks import Linear
from dvae_course.priors import Prior
from dvae_course.priors.gaussian import GaussianPrior
from dvae_course.randomness import Streams, generator
from dvae_course.vae import VAE

KINDS = ("mean", "sampled")


def represent(
    vae: VAE, data: FactorDataset, kind: str = "mean", seed: int = 0, batch_size: int = 512
) -> Representation:
    """What a trained VAE makes of each combination of a data set's factors.

    Parameters
    ----------
    vae : one trained model, on any device.
    data : the data set, which draws the pictures when they are asked for.
    kind : "mean" for the codes mu(x), "sampled" for z ~ q(z|x).
    seed : draws nuisances and z. The same combinations in the same order give the same codes, so a
        metric computed twice gives one number.
    batch_size : pictures drawn and encoded at once.

    Returns
    -------
    Representation with as many codes as the VAE has latents. It can be pickled where the VAE and
    the data set can; `.tabulated()` encodes the whole grid once.

    Raises
    ------
    ValueError : another kind, a stack of models, pictures of another size than the model's data.

    Examples
    --------
    >>> from dvae_course.datasets import DSprites
    >>> from dvae_course.metrics import mig
    >>> from dvae_course.vae import mlp_vae
    >>> representation = represent(mlp_vae(256, 4), DSprites(side=16))
    >>> mig(representation, n=100).tables["mutual_information"].shape
    (4, 5)
    """
    if kind not in KINDS:
        raise ValueError(f'kind must be "mean" or "sampled", got {kind!r}')
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    _check(vae, data.shape)
    return Representation(data.factor_sizes, Encoding(vae, data, kind, seed, batch_size))


@dataclass(frozen=True, eq=False)
class Encoding:
    """Factors → pictures → codes, with `represent`'s arguments."""

    vae: VAE
    data: FactorDataset
    kind: str
    seed: int
    batch_size: int

    def __call__(self, factors: Int64[np.ndarray, "n factors"]) -> Float64[np.ndarray, "n codes"]:
        key = zlib.crc32(factors.tobytes())
        nuisances = generator(self.seed, f"representation nuisances {key}")
        noise = Streams(generator(self.seed, f"representation posterior {key}"))
        starts = range(0, len(factors), self.batch_size)
        blocks = [factors[start : start + self.batch_size] for start in starts]
        return np.concatenate([self._codes(block, nuisances, noise) for block in blocks])

    @torch.no_grad()
    def _codes(
        self,
        factors: Int64[np.ndarray, "n factors"],
        nuisances: np.random.Generator,
        noise: Streams,
    ) -> Float64[np.ndarray, "n codes"]:
        posterior = self.vae.encode(model_input(self.vae, self.data.observe(factors, nuisances)))
        z = posterior.mu
        if self.kind == "sampled":
            z = posterior.sample(noise.normal(*z.shape, like=z))
        return z.double().cpu().numpy()


def model_input(vae: VAE, pictures: Float[Tensor, "*pictures"]) -> Float[Tensor, "*inputs"]:
    """The pictures in the shape, precision and place in which this VAE takes them."""
    _check(vae, tuple(pictures.shape[1:]))
    return pictures.reshape(-1, *vae.data_shape).to(next(vae.parameters()))


@torch.no_grad()
def posterior_marginals(
    vae: VAE, pictures: Float[Tensor, "*pictures"], batch_size: int = 512
) -> DiagonalGaussian:
    """q(z_j|x) of every picture and latent, in double precision and without gradients.

    Of a posterior with full covariance these are the marginals. Raises `ValueError` for a stack of
    models and for pictures of another size than the model's data.
    """
    blocks = [vae.encode(model_input(vae, part)) for part in pictures.split(batch_size)]
    mu, log_var = (
        torch.cat([getattr(block, name) for block in blocks]).double().cpu()
        for name in ("mu", "log_var")
    )
    return DiagonalGaussian(mu, log_var)


@torch.no_grad()
def mean_kl(posterior: DiagonalGaussian, prior: Prior) -> Float64[np.ndarray, " latent"]:
    """Mean over the data of each latent's KL(q(z_j|x)‖p(z_j)) in nats: near 0, it is passive.

    For a diagonal posterior and a Gaussian prior they add up to the KL term of the ELBO. For other
    priors, which have no closed form, p(z_j) is replaced by the Gaussian with the mean and variance
    of q(z_j); that KL bounds the information I(x; z_j) from above, and is 0 for a passive latent.
    """
    mu, variance = posterior.mu, posterior.log_var.exp()
    if isinstance(prior, GaussianPrior):
        centre, spread = mu.new_zeros(()), prior.scales().square().to(mu)
    else:
        centre, spread = mu.mean(0), variance.mean(0) + mu.var(0, correction=0)
    ratio = variance / spread
    kl = 0.5 * (ratio + (mu - centre).square() / spread - 1 - ratio.log())
    return kl.mean(0).numpy()


def udr(
    vaes: Sequence[VAE],
    data: FactorDataset,
    n: int = 1_000,
    seed: int = 0,
    similarity: str = "lasso",
    alpha: float = 0.1,
    kl_threshold: float = 0.01,
) -> UDR:
    """`metrics.udr_from_codes` of trained VAEs, on the same `n` pictures for all of them.

    Parameters
    ----------
    vaes : models of one setting that differ in their seeds, at least 2.
    data : where the pictures come from; the factors behind them are not used.
    n, seed : how many and which pictures.
    similarity, alpha, kl_threshold : as in `udr_from_codes`, whose errors are raised too.

    Examples
    --------
    >>> from dvae_course.datasets import DSprites
    >>> from dvae_course.vae import mlp_vae
    >>> untrained = [mlp_vae(256, 4, seed=seed) for seed in range(3)]
    >>> udr(untrained, DSprites(side=16), n=100).scores.shape
    (3,)
    """
    rng = generator(seed, "udr")
    pictures = data.observe(data.sample_factors(n, rng), rng)
    posteriors = [posterior_marginals(vae, pictures) for vae in vaes]
    kl = [mean_kl(q, vae.prior) for q, vae in zip(posteriors, vaes, strict=True)]
    return udr_from_codes([q.mu.numpy() for q in posteriors], kl, similarity, alpha, kl_threshold)


def _check(vae: VAE, shape: tuple[int, ...]) -> None:
    stacked = [m for m in vae.modules() if isinstance(m, Linear) and m.weight.ndim > 2]
    if stacked:
        raise ValueError(
            f"this VAE is a stack of {len(stacked[0].weight)} models, and a representation is one "
            "model's; take them one by one: fits[i].vae"
        )
    if math.prod(shape) != math.prod(vae.data_shape):
        raise ValueError(
            f"this VAE takes data of shape {vae.data_shape}, but a picture has shape {shape}; use "
            "the pictures that it was trained on, at the same size"
        )
