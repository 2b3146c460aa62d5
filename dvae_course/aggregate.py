"""The two factors of decomposition as numbers: overlap I(x; z) and match KL(q(z)‖p(z)).

They add up to the KL term of the ELBO, E_x KL(q(z|x)‖p(z)) = I(x; z) + KL(q(z)‖p(z))
(Hoffman & Johnson 2016). Everything here is in double precision: the encodings of a barely
regularised VAE are so narrow that single precision loses all digits.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.divergences import aggregate_log_prob
from dvae_course.gaussians import DiagonalGaussian, FullGaussian, GaussianPosterior
from dvae_course.priors.base import Prior, Seed
from dvae_course.randomness import Streams


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
    streams = Streams.of(seed)
    parts = [_one_draw(posterior, prior, streams) for _ in range(draws)]
    kl, overlap, match = torch.stack(parts).mean(0).unbind(0)
    return Decomposed(kl, overlap, match)


def _one_draw(posterior: GaussianPosterior, prior: Prior, streams: Streams) -> Tensor:
    z = posterior.sample(streams.normal(*posterior.mu.shape[-2:], like=posterior.mu))
    log_own, log_prior = posterior.log_prob(z), prior.log_prob(z)
    chunks = zip(_chunks(posterior, z), z.split(_rows(z), dim=-2), strict=True)
    log_q = torch.cat([aggregate_log_prob(q, part) for q, part in chunks], -1)
    parts = [log_own - log_prior, log_own - log_q, log_q - log_prior]
    return torch.stack([part.mean(-1) for part in parts])


def _rows(z: Tensor) -> int:
    """How many z to compare with all encodings at once: about 100 MB of pairs."""
    return max(1, int(1.2e7 / (math.prod(z.shape[:-2]) * z.shape[-2] * z.shape[-1])))


def _chunks(posterior: GaussianPosterior, z: Tensor) -> list[GaussianPosterior]:
    return [posterior] * math.ceil(z.shape[-2] / _rows(z))


def _double(posterior: GaussianPosterior) -> GaussianPosterior:
    if isinstance(posterior, DiagonalGaussian):
        return DiagonalGaussian(posterior.mu.double(), posterior.log_var.double())
    return FullGaussian(posterior.mu.double(), posterior.scale_tril.double())
