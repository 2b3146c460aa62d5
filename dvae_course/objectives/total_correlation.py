"""Objectives that penalise the total correlation of q(z): β-TCVAE and FactorVAE."""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.divergences import pairwise_log_prob
from dvae_course.networks import Perceptron, initialise
from dvae_course.objectives.base import Objective, Terms, elbo_values
from dvae_course.priors.base import Seed
from dvae_course.randomness import Streams
from dvae_course.vae import VAE, VAEOutput


class BetaTCVAE(Objective):
    """loss = −ELBO + (β−1) TC,  TC = KL(q(z)‖Π_d q(z_d))  (Chen et al. 2018, with α = γ = 1).

    log q(z) and log q(z_d) are estimated from the minibatch. "mws", minibatch-weighted sampling,
    carries the constant (D−1) log N, so that its printed value is far above the TC, with the right
    gradient; "mss", stratified sampling, has none, and may come out negative.

    Parameters
    ----------
    beta : β ≥ 0; 1 is the negative ELBO.
    estimator : "mws" or "mss".
    dataset_size : N, the number of data points that the batches are drawn from.
    """

    beta: Tensor

    def __init__(self, beta: float, estimator: str = "mws", *, dataset_size: int):
        super().__init__()
        self._hyperparameter("beta", beta)
        if estimator not in ("mws", "mss"):
            raise ValueError(f'estimator must be "mws" or "mss", got {estimator!r}')
        if dataset_size < 2:
            raise ValueError(f"dataset_size must be at least 2, got {dataset_size}")
        self.estimator, self.dataset_size = estimator, dataset_size

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction`, `kl` and `total_correlation`."""
        output = vae(x, generator)
        values = elbo_values(output)
        values["total_correlation"] = self.total_correlation(output)
        return Terms(values, {"total_correlation": self.beta - 1}, output)

    def total_correlation(self, output: VAEOutput) -> Float[Tensor, "*models"]:
        """Batch mean of log q(z) − Σ_d log q(z_d)."""
        log_q = pairwise_log_prob(output.posterior, output.z)  # (*models, latent, points, batch)
        log_weights = self._log_weights(log_q.shape[-1]).to(log_q)
        log_joint = torch.logsumexp(log_weights + log_q.sum(-3), -1)
        log_marginals = torch.logsumexp(log_weights + log_q, -1)
        return (log_joint - log_marginals.sum(-2)).mean(-1)

    def _log_weights(self, batch: int) -> Tensor:
        if batch > self.dataset_size:
            raise ValueError(
                f"the batch has {batch} points but dataset_size is {self.dataset_size}; pass the "
                "size of the whole data set"
            )
        if self.estimator == "mws":
            log_weight = -math.log(batch * self.dataset_size)
            return torch.full((batch, batch), log_weight, dtype=torch.float64)
        return stratified_weights(batch, self.dataset_size).log()


@functools.lru_cache(maxsize=8)
def stratified_weights(batch: int, dataset_size: int) -> Float[Tensor, "batch batch"]:
    """Weight of encoding i in the estimate of q(z_j), entry (j, i)  (Chen et al. 2018, app. C).

    The encoding that z_j came from weighs 1/N; one other, (N−M)/(NM); the remaining M−1, 1/M each,
    with M = batch − 1. Every row adds up to 1. (Published implementations put 1/N in the first
    column instead of the diagonal.)
    """
    if not 2 <= batch <= dataset_size:
        raise ValueError(
            f"stratified weights need 2 <= batch <= dataset_size, got batch={batch} and "
            f"dataset_size={dataset_size}"
        )
    N, M = dataset_size, batch - 1
    W = torch.full((batch, batch), 1 / M, dtype=torch.float64)
    own = torch.arange(batch)
    W[own, own] = 1 / N
    W[own, (own + 1) % batch] = (N - M) / (N * M)
    return W


class FactorVAE(Objective):
    """loss = −ELBO + γ TC,  TC ≈ E[logit(z is from q(z), not from Π_d q(z_d))]  (Kim & Mnih 2018).

    A discriminator is trained beside the VAE to tell samples of q(z) from samples whose coordinates
    were shuffled across a second batch; the VAE never sees the discriminator's loss, nor the
    discriminator the VAE's. Architecture of the paper and the study: six hidden layers, leaky ReLU
    of slope 0.2, Adam with β = (0.5, 0.9).

    Parameters
    ----------
    gamma : γ ≥ 0.
    latent_dim : number of latent coordinates.
    hidden, layers : units and number of the discriminator's hidden layers.
    learning_rate : the discriminator's.
    seed : of the discriminator's initial weights.
    """

    needs_second_batch = True
    adam_betas = (0.5, 0.9)
    gamma: Tensor

    def __init__(
        self,
        gamma: float,
        latent_dim: int = 10,
        hidden: int = 1000,
        layers: int = 6,
        learning_rate: float = 1e-4,
        seed: int = 0,
    ):
        super().__init__()
        self._hyperparameter("gamma", gamma)
        self.learning_rate = learning_rate
        self.discriminator = Perceptron([latent_dim, *[hidden] * layers, 1], nn.LeakyReLU(0.2))
        initialise(self.discriminator, seed, "discriminator")

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction`, `kl` and `total_correlation`."""
        output = vae(x, generator)
        latent_dim = self.discriminator.layers[0].weight.shape[-2]
        if output.z.shape[-1] != latent_dim:
            raise ValueError(
                f"this FactorVAE was made for latent_dim={latent_dim}, but the VAE has "
                f"{output.z.shape[-1]} latent coordinates; pass FactorVAE(..., latent_dim=…)"
            )
        values = elbo_values(output)
        values["total_correlation"] = self.discriminator(output.z).squeeze(-1).mean(-1)
        return Terms(values, {"total_correlation": self.gamma}, output)

    def discriminator_loss(
        self, vae: VAE, output: VAEOutput, second_x: Tensor, generator: Seed
    ) -> Float[Tensor, "*models"]:
        """Cross-entropy of telling z from shuffled codes of a second batch (not the VAE's)."""
        streams = Streams.of(generator)
        with torch.no_grad():
            second_z = vae(second_x, streams).z
        real = self.discriminator(output.z.detach()).squeeze(-1)
        shuffled = self.discriminator(shuffle_coordinates(second_z, streams)).squeeze(-1)
        return 0.5 * (F.softplus(-real).mean(-1) + F.softplus(shuffled).mean(-1))


def shuffle_coordinates(
    z: Float[Tensor, "*models batch latent"], generator: Seed
) -> Float[Tensor, "*models batch latent"]:
    """Each coordinate permuted across the batch on its own: samples of Π_d q(z_d)."""
    order = Streams.of(generator).permutations(*z.shape[-2:]).to(z.device)
    return z.gather(-2, order.expand(z.shape))
