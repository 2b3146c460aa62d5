"""A variational auto-encoder: encoder + decoder + prior + likelihood, and its three numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import GaussianPosterior
from dvae_course.likelihoods import BernoulliLikelihood, Likelihood
from dvae_course.networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder, initialise
from dvae_course.priors import IsotropicGaussian, Prior
from dvae_course.randomness import Streams


@dataclass(frozen=True)
class VAEOutput:
    """What one pass gives for a batch, in nats.

    Attributes
    ----------
    posterior : q(z|x).
    z : one sample a data point.
    reconstruction : log p(x|z), summed over the values of x (higher is better).
    kl : KL(q(z|x)‖p(z)), in closed form, or its one-sample estimate log q(z|x) − log p(z).
    """

    posterior: GaussianPosterior
    z: Float[Tensor, "*models batch latent"]
    reconstruction: Float[Tensor, "*models batch"]
    kl: Float[Tensor, "*models batch"]

    @property
    def elbo(self) -> Float[Tensor, "*models batch"]:
        """reconstruction − kl: in expectation a lower bound of log p(x)."""
        return self.reconstruction - self.kl


class VAE(nn.Module):
    """p(x, z) = p(z) p(x|z) with the approximate posterior q(z|x) (Kingma & Welling 2014).

    Parameters
    ----------
    encoder : module, x → `DiagonalGaussian` or `FullGaussian`.
    decoder : module, z → the likelihood's parameters, last axis `likelihood.outputs`.
    prior : a `Prior`.
    likelihood : a likelihood.
    data_shape : shape of one data point.
    kl : "closed", "sampled", or "auto": closed where the prior has a closed form.

    Raises
    ------
    ValueError : for kl="closed" with a prior that has no closed-form KL from a Gaussian.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        prior: Prior,
        likelihood: Likelihood,
        data_shape: Sequence[int],
        kl: str = "auto",
    ):
        super().__init__()
        if kl not in ("auto", "closed", "sampled"):
            raise ValueError(f'kl must be "auto", "closed" or "sampled", got {kl!r}')
        if kl == "closed" and not prior.has_closed_form_kl:
            raise ValueError(
                f"KL(q‖p) has no closed form for the prior {type(prior).__name__}, so kl='closed' "
                "cannot be had; use kl='sampled' (or 'auto')"
            )
        self.encoder, self.decoder = encoder, decoder
        self.prior, self.likelihood = prior, likelihood
        self.data_shape = tuple(data_shape)
        self.closed_form_kl = kl != "sampled" and prior.has_closed_form_kl

    def encode(self, x: Float[Tensor, "*shape"]) -> GaussianPosterior:
        """q(z|x), x of shape `(*models, batch, *data_shape)`."""
        if tuple(x.shape[x.ndim - len(self.data_shape) :]) != self.data_shape:
            raise ValueError(
                f"x must end in this model's data_shape {self.data_shape}, got {tuple(x.shape)}"
            )
        return self.encoder(x)

    def log_likelihood(
        self, x: Float[Tensor, "*shape"], z: Float[Tensor, "*models batch latent"]
    ) -> Float[Tensor, "*models batch"]:
        """log p(x|z), summed over the values of x."""
        log_prob = self.likelihood(self.decoder(z)).log_prob(x)
        return log_prob.flatten(-len(self.data_shape)).sum(-1)

    def decode(self, z: Float[Tensor, "*models batch latent"]) -> Float[Tensor, "*shape"]:
        """The mean of p(x|z)."""
        return self.likelihood(self.decoder(z)).mean

    def forward(
        self, x: Float[Tensor, "*shape"], generator: int | np.random.Generator | Streams = 0
    ) -> VAEOutput:
        """Encode, sample, decode: the three numbers of the ELBO."""
        posterior = self.encode(x)
        noise = Streams.of(generator, "posterior").normal(
            *posterior.mu.shape[-2:], like=posterior.mu
        )
        z = posterior.sample(noise)
        if self.closed_form_kl:
            kl = self.prior.kl_from(posterior)
        else:
            kl = posterior.log_prob(z) - self.prior.log_prob(z)
        return VAEOutput(posterior, z, self.log_likelihood(x, z), kl)


def mlp_vae(
    data_dim: int,
    latent_dim: int,
    hidden: Sequence[int] = (100,),
    prior: Prior | None = None,
    likelihood: Likelihood | None = None,
    seed: int = 0,
    kl: str = "auto",
    **head,
) -> VAE:
    """A VAE of perceptrons for vectors, its weights drawn from `seed`.

    Parameters
    ----------
    data_dim, latent_dim : number of coordinates of x and of z.
    hidden : units of each hidden layer of the encoder; the decoder mirrors them.
    prior : N(0, I) by default.
    likelihood : Bernoulli by default.
    head : `posterior` ("diagonal" or "full") and `initial_log_var` of `PosteriorHead`.
    """
    likelihood = likelihood or BernoulliLikelihood()
    encoder = MLPEncoder(data_dim, latent_dim, hidden, **head)
    decoder = MLPDecoder(latent_dim, data_dim, tuple(reversed(hidden)), likelihood.outputs)
    return _build(encoder, decoder, prior, likelihood, (data_dim,), latent_dim, kl, seed)


def conv_vae(
    channels: int = 1,
    latent_dim: int = 10,
    prior: Prior | None = None,
    likelihood: Likelihood | None = None,
    seed: int = 0,
    kl: str = "auto",
    **head,
) -> VAE:
    """The large study's convolutional VAE for 64×64 images, its weights drawn from `seed`."""
    likelihood = likelihood or BernoulliLikelihood()
    encoder = ConvEncoder(channels, latent_dim, **head)
    decoder = ConvDecoder(latent_dim, channels, likelihood.outputs)
    shape = (channels, 64, 64)
    return _build(encoder, decoder, prior, likelihood, shape, latent_dim, kl, seed)


def _build(
    encoder: nn.Module,
    decoder: nn.Module,
    prior: Prior | None,
    likelihood: Likelihood,
    data_shape: tuple[int, ...],
    latent_dim: int,
    kl: str,
    seed: int,
) -> VAE:
    prior = prior or IsotropicGaussian(latent_dim)
    if prior.dim != latent_dim:
        raise ValueError(
            f"the prior has {prior.dim} coordinates but latent_dim is {latent_dim}; make them equal"
        )
    vae = VAE(encoder, decoder, prior, likelihood, data_shape, kl)
    initialise(vae, seed)
    return vae
