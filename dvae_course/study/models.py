"""From a line of a study to what is trained: the VAE and the objective of one model."""

from __future__ import annotations

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli

from dvae_course import training
from dvae_course.likelihoods import BernoulliLikelihood
from dvae_course.objectives import (
    DIPVAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    FactorVAE,
    Objective,
)
from dvae_course.study.design import Training
from dvae_course.vae import VAE, conv_vae, mlp_vae

FULL_SIDE = 64


class RepeatedBernoulli(Bernoulli):
    """A Bernoulli value that is observed `times` times: its log-probability counts as often."""

    def __init__(self, logits: Float[Tensor, "*values"], times: int):
        super().__init__(logits=logits, validate_args=False)
        self.times = times

    def log_prob(self, value: Float[Tensor, "*values"]) -> Float[Tensor, "*values"]:
        """times · log p(value)."""
        return self.times * super().log_prob(value)


class BlockLikelihood(BernoulliLikelihood):
    """Bernoulli pixels that each stand for a block of `times` equal ones of a larger picture.

    Of a 16 × 16 picture the reconstruction counts 16 times, so that it has the weight against the
    regulariser that it has at 64 × 64.
    """

    def __init__(self, times: int):
        super().__init__()
        self.times = times

    def forward(self, decoded: Float[Tensor, "*values 1"]) -> RepeatedBernoulli:
        """`decoded` are logits."""
        return RepeatedBernoulli(decoded[..., 0], self.times)


def design(
    setting: Training, method: str, strength: float, seed: int, shape: tuple[int, int, int]
) -> training.Design:
    """The untrained model of a method, a strength and a seed, for pictures of a shape."""
    objective = OBJECTIVES[method](setting, strength, seed)
    return training.Design(vae(setting, seed, shape), objective, seed, f"{method} {strength:g}")


def vae(setting: Training, seed: int, shape: tuple[int, int, int]) -> VAE:
    """The network, its weights drawn from `seed` (Glorot)."""
    likelihood = BlockLikelihood((FULL_SIDE // setting.side) ** 2)
    common = {"likelihood": likelihood, "seed": seed}
    if setting.network == "conv":
        return conv_vae(shape[0], setting.latent_dim, **common)
    return mlp_vae(math.prod(shape), setting.latent_dim, setting.hidden, **common)


def learning_rate(setting: Training, method: str) -> float:
    """Adam's, of the VAE."""
    return setting.factor_learning_rate if method == "factor_vae" else setting.learning_rate


def _annealed(setting: Training, strength: float, seed: int) -> Objective:
    warmup = max(1, round(setting.annealed_warmup * setting.steps))
    return AnnealedVAE(strength, setting.annealed_gamma, warmup)


def _factor(setting: Training, strength: float, seed: int) -> Objective:
    return FactorVAE(
        strength,
        setting.latent_dim,
        setting.discriminator_units,
        setting.discriminator_layers,
        setting.discriminator_learning_rate,
        seed,
    )


OBJECTIVES: dict[str, Callable[[Training, float, int], Objective]] = {
    "beta_vae": lambda setting, strength, seed: BetaVAE(strength),
    "annealed_vae": _annealed,
    "factor_vae": _factor,
    "dip_vae_i": lambda setting, strength, seed: DIPVAE("I", strength, 10 * strength),
    "dip_vae_ii": lambda setting, strength, seed: DIPVAE("II", strength, strength),
    "beta_tcvae": lambda setting, strength, seed: BetaTCVAE(
        strength, dataset_size=setting.pictures
    ),
}
