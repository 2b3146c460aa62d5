"""Likelihoods p(x|z): from a decoder's outputs to a distribution over each value of x."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Laplace, Normal


class BernoulliLikelihood(nn.Module):
    """p(x|z) = Bernoulli(x; sigmoid(output)); x may lie anywhere in [0, 1].

    For x strictly inside (0, 1) this is the cross-entropy that the field uses, not a density.
    """

    outputs = 1

    def forward(self, decoded: Float[Tensor, "*values 1"]) -> Distribution:
        """`decoded` are logits."""
        return Bernoulli(logits=decoded[..., 0], validate_args=False)


class GaussianLikelihood(nn.Module):
    """p(x|z) = N(x; output, scale²), one scale for all values, fixed or learned."""

    outputs = 1

    def __init__(self, scale: float = 0.1, learned: bool = False):
        super().__init__()
        _check_scale(scale)
        log_scale = torch.tensor(math.log(scale))
        if learned:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def forward(self, decoded: Float[Tensor, "*values 1"]) -> Distribution:
        """`decoded` are means."""
        mean = decoded[..., 0]
        return Normal(mean, _per_model(self.log_scale.exp(), mean), validate_args=False)


class HeteroscedasticLikelihood(nn.Module):
    """p(x|z) = N(x; mean(z), scale(z)²), with scale = floor + softplus(output).

    The likelihood of Mathieu et al. 2019's pinwheel experiment, whose released code has floor 0: a
    decoder that learns the data by heart can then make the density as large as it likes.
    """

    outputs = 2

    def __init__(self, floor: float = 0.0):
        super().__init__()
        if not floor >= 0:
            raise ValueError(f"floor, the smallest standard deviation, must be >= 0, got {floor}")
        self.floor = float(floor)

    def forward(self, decoded: Float[Tensor, "*values 2"]) -> Distribution:
        """`decoded` are means and pre-activations of the scales."""
        mean, raw = decoded.unbind(-1)
        return Normal(mean, self.floor + F.softplus(raw), validate_args=False)


class LaplaceLikelihood(nn.Module):
    """p(x|z) = Laplace(x; output, scale), a fixed scale."""

    outputs = 1
    scale: Tensor

    def __init__(self, scale: float = 0.1):
        super().__init__()
        _check_scale(scale)
        self.register_buffer("scale", torch.tensor(float(scale)))

    def forward(self, decoded: Float[Tensor, "*values 1"]) -> Distribution:
        """`decoded` are locations."""
        location = decoded[..., 0]
        return Laplace(location, _per_model(self.scale, location), validate_args=False)


Likelihood = (
    BernoulliLikelihood | GaussianLikelihood | HeteroscedasticLikelihood | LaplaceLikelihood
)


def _check_scale(scale: float) -> None:
    if not 0 < scale < math.inf:
        raise ValueError(f"scale must be positive and finite, got {scale}")


def _per_model(value: Tensor, values: Tensor) -> Tensor:
    """A number a model, shaped to broadcast over batch and data."""
    return value.reshape(value.shape + (1,) * (values.ndim - value.ndim))
