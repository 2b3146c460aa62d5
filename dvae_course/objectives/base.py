"""What an objective gives back: named terms which add up to the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.priors.base import Seed
from dvae_course.vae import VAE, VAEOutput


@dataclass(frozen=True)
class Terms:
    """loss = Σ weight · value over named terms, each `(*models,)`, in nats a data point.

    Attributes
    ----------
    values : the terms, unweighted; "reconstruction" is −log p(x|z), so that smaller is better for
        every term.
    weights : their weights in the loss; 1 where a name is missing, 0 for a term that is only
        watched.
    output : the pass that they were computed from.
    """

    values: Mapping[str, Tensor]
    weights: Mapping[str, float | Tensor]
    output: VAEOutput = field(repr=False)

    @property
    def weighted(self) -> dict[str, Tensor]:
        """The terms with their weights: they add up to `loss`."""
        return {name: self.weights.get(name, 1.0) * v for name, v in self.values.items()}

    @property
    def loss(self) -> Float[Tensor, "*models"]:
        """What training makes small, one number a model."""
        return torch.stack(list(self.weighted.values())).sum(0)


class Objective(nn.Module):
    """A loss for a VAE; its hyper-parameters are buffers, so that a stack of objectives is one."""

    needs_second_batch = False

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """The terms on a batch x of shape `(*models, batch, *data_shape)`.

        `generator` (a seed, a NumPy generator or one stream a model) decides all that is random;
        `step` counts from 0 and matters to objectives that change as training goes on.
        """
        raise NotImplementedError

    def _hyperparameter(self, name: str, value: float, least: float = 0.0) -> None:
        if not least <= value < math.inf:
            raise ValueError(f"{name} must be finite and at least {least:g}, got {value}")
        self.register_buffer(name, torch.tensor(float(value)))


def elbo_values(output: VAEOutput) -> dict[str, Tensor]:
    """The two terms of every objective: reconstruction loss and KL, averaged over the batch."""
    return {"reconstruction": -output.reconstruction.mean(-1), "kl": output.kl.mean(-1)}
