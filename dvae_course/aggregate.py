"""The two factors of decomposition as numbers: overlap I(x; z) and match KL(q(z)‖p(z)).

They add up to the KL term of the ELBO, E_x KL(q(z|x)‖p(z)) = I(x; z) + KL(q(z)‖p(z))
(Hoffman & Johnson 2016). Everything here is in double precision: the encodings of a barely
regularised VAE are so narrow that single precision loses all digits (double precision is good for
standard deviations down to about 1e-6).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from dvae_course.divergences import Divergence, aggregate_log_prob, pairwise_log_prob
from dvae_course.gaussians import DiagonalGaussian, GaussianPosterior
from dvae_course.priors.base import Prior, Seed
from dvae_course.randomness import Streams, generator
from dvae_course.vae import VAE


@dataclass(frozen=True)
class Decomposed:
    """The KL term and its two parts, in nats; `kl = overlap + match`.

    Attributes
    ----------
    kl : E_x KL(q(z|x)‖p(z)).
    overlap : I(x; z) = E_x KL(q(z|x)‖q(z)), from 0 (all encodings alike) to log n (none overlap).
    match : KL(q(z)‖p(z)), 0 when the aggregate posterior is the prior.
    """

    kl: Float[Tensor, "*models"]
    overlap: Float[Tensor, "*models"]
    match: Float[Tensor, "*models"]


@torch.no_grad()
def overlap_and_match(
    posterior: GaussianPosterior, prior: Prior, seed: Seed = 0, draws: int = 4
) -> Decomposed:
    """Split the KL term of a data set's encodings, by sampling z from q(z).

    Parameters
    ----------
    posterior : q(z|x) of all n data points: q(z) is their mixture.
    prior : p(z).
    seed : one stream for all models (common random numbers), or one a model.
    draws : samples of z a data point.
    """
    posterior, prior = _double(posterior), copy.deepcopy(prior).double()
    rows = posterior.mu.shape[-2] * draws
    noise = Streams.of(seed).normal(rows, posterior.mu.shape[-1], like=posterior.mu)
    repeated = _repeated(posterior, draws)
    z = repeated.sample(noise)
    log_own, log_prior = repeated.log_prob(z), prior.log_prob(z)
    parts = z.split(_rows_at_once(posterior.mu), dim=-2)
    log_q = torch.cat([aggregate_log_prob(posterior, part) for part in parts], -1)
    kl, overlap, match = (log_own - log_prior, log_own - log_q, log_q - log_prior)
    return Decomposed(kl.mean(-1), overlap.mean(-1), match.mean(-1))


@torch.no_grad()
def traced(
    posterior: DiagonalGaussian, labels: Integer[Tensor, " n"], seed: Seed = 0
) -> tuple[Float[Tensor, "*models"], Float[Tensor, "*models"]]:
    """What a code gives away: the chance to trace z to its own data point, and to that one's label.

    z is drawn from q(z|x) of each of the n data points; Bayes' rule, all n equally likely before,
    gives P(x_j|z) = q(z|x_j) / Σ_k q(z|x_k). The two numbers are the means of P(own point|z) and
    P(own label|z): 1 and 1 where no encodings overlap, 1/n and the mean share of a point's label
    where all do.

    Parameters
    ----------
    posterior : q(z|x) of all n data points.
    labels : a class of each data point.
    seed : one stream for all models, or one a model.
    """
    posterior = _double(posterior)
    noise = Streams.of(seed).normal(*posterior.mu.shape[-2:], like=posterior.mu)
    share = pairwise_log_prob(posterior, posterior.sample(noise)).sum(-3).softmax(-1)
    same = (labels[:, None] == labels).to(share)
    own = share.diagonal(dim1=-2, dim2=-1).mean(-1)
    return own, (share * same).sum(-1).mean(-1)


@torch.no_grad()
def over_batches(
    divergence: Divergence, vaes: Sequence[VAE], data: Tensor, sizes: Sequence[int]
) -> Float[np.ndarray, "sizes vaes"]:
    """A divergence as training in minibatches sees it: its mean over one pass through the data.

    Each model has its own order of the data and its own noise, decided by its place in `vaes`.
    Raises `ValueError` for a batch size that does not divide the data evenly.
    """
    uneven = [size for size in sizes if size < 1 or len(data) % size]
    if uneven:
        raise ValueError(f"batches of {uneven} do not divide {len(data)} data points evenly")
    places = list(enumerate(vaes))
    return np.array([[_one_pass(divergence, v, data, s, k) for k, v in places] for s in sizes])


def _one_pass(divergence: Divergence, vae: VAE, data: Tensor, size: int, seed: int) -> float:
    order = torch.from_numpy(generator(seed, "order").permutation(len(data)))
    streams = Streams(generator(seed, "draws"))
    outputs = (vae(data[rows], streams) for rows in order.split(size))
    values = [divergence(output, vae.prior, streams) for output in outputs]
    return torch.stack(values).mean().item()


def _rows_at_once(mu: Tensor) -> int:
    """How many z to compare with all encodings at once: some 100 MB of pairs."""
    return max(1, int(1.2e7 / mu.numel()))


def _repeated(posterior: GaussianPosterior, times: int) -> GaussianPosterior:
    """Every encoding `times` times, along the batch axis."""
    fields = vars(posterior).items()
    batch = posterior.mu.ndim - 2
    return type(posterior)(**{k: v.repeat_interleave(times, dim=batch) for k, v in fields})


def _double(posterior: GaussianPosterior) -> GaussianPosterior:
    return type(posterior)(**{k: v.double() for k, v in vars(posterior).items()})
