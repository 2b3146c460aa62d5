"""Objectives that act on the size of the KL term: β-VAE and AnnealedVAE."""

from __future__ import annotations

from torch import Tensor

from dvae_course.objectives.base import Objective, Terms, elbo_values
from dvae_course.priors.base import Seed
from dvae_course.vae import VAE


class BetaVAE(Objective):
    """loss = −E log p(x|z) + β KL(q(z|x)‖p(z))  (Higgins et al. 2017).

    Parameters
    ----------
    beta : β ≥ 0; 1 is the negative ELBO.
    """

    beta: Tensor

    def __init__(self, beta: float):
        super().__init__()
        self._hyperparameter("beta", beta)

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction` and `kl`."""
        output = vae(x, generator)
        return Terms(elbo_values(output), {"kl": self.beta}, output)


class AnnealedVAE(Objective):
    """loss = −E log p(x|z) + γ |KL − C(t)|,  C(t) = min(C_max, C_max·t/T)  (Burgess et al. 2018).

    The absolute value is of the *batch mean* of the KL, as in the study of Locatello et al. 2019;
    taken data point by data point it is another objective (Jensen).

    Parameters
    ----------
    capacity : C_max, in nats.
    gamma : γ ≥ 0.
    warmup_steps : T, the step from which on the capacity is C_max.
    """

    capacity: Tensor
    gamma: Tensor

    def __init__(self, capacity: float, gamma: float = 1000.0, warmup_steps: int = 100_000):
        super().__init__()
        self._hyperparameter("capacity", capacity)
        self._hyperparameter("gamma", gamma)
        if warmup_steps < 1:
            raise ValueError(f"warmup_steps must be at least 1, got {warmup_steps}")
        self.warmup_steps = warmup_steps

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction`, `capacity_gap`, and `kl` (watched)."""
        output = vae(x, generator)
        values = elbo_values(output)
        C = self.capacity * min(1.0, step / self.warmup_steps)
        values["capacity_gap"] = (values["kl"] - C).abs()
        return Terms(values, {"kl": 0.0, "capacity_gap": self.gamma}, output)
