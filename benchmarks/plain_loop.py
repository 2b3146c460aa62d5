"""What `dvae_course.training` is compared with: the ordinary way to train a VAE, one at a time.

Plain PyTorch as in any tutorial: `nn.Sequential`, `torch.distributions`, `torch.optim.Adam` and a
loop. Nothing here uses `dvae_course`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    kl_divergence,
)

Loss = Callable[[nn.ModuleDict, Tensor], Tensor]

CENTRES = torch.tensor([[0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])


def perceptron(*sizes: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def pinwheel_vae() -> nn.ModuleDict:
    """2-32-(2+2) and 2-32-(2+2)."""
    return nn.ModuleDict({"encoder": perceptron(2, 32, 4), "decoder": perceptron(2, 32, 4)})


def sprite_vae() -> nn.ModuleDict:
    """256-64-64-(10+10) and back."""
    encoder, decoder = perceptron(256, 64, 64, 20), perceptron(10, 64, 64, 256)
    return nn.ModuleDict({"encoder": encoder, "decoder": decoder})


def encode(vae: nn.ModuleDict, x: Tensor) -> Independent:
    """q(z|x)."""
    mu, log_var = vae["encoder"](x).chunk(2, -1)
    return Independent(Normal(mu, torch.exp(0.5 * log_var)), 1)


def pinwheel_loss(vae: nn.ModuleDict, x: Tensor, alpha: float = 3.0, beta: float = 0.5) -> Tensor:
    """−E log p(x|z) + β KL + α KL(p(z)‖q(z)) with the clustered prior."""
    parts = Independent(Normal(CENTRES, torch.full_like(CENTRES, math.sqrt(0.03))), 1)
    prior = MixtureSameFamily(Categorical(torch.ones(len(CENTRES))), parts)
    q = encode(vae, x)
    z = q.rsample()
    mean, raw = vae["decoder"](z).chunk(2, -1)
    reconstruction = Normal(mean, 0.05 + F.softplus(raw)).log_prob(x).sum(-1)
    kl = q.log_prob(z) - prior.log_prob(z)
    s = prior.sample((len(x),))
    log_q = q.log_prob(s.unsqueeze(1)).logsumexp(1) - math.log(len(x))
    return (beta * kl - reconstruction).mean() + alpha * (prior.log_prob(s) - log_q).mean()


def sprite_loss(vae: nn.ModuleDict, x: Tensor, beta: float = 4.0) -> Tensor:
    """−E log p(x|z) + β KL with a standard normal prior and a Bernoulli likelihood."""
    q = encode(vae, x)
    prior = Independent(Normal(torch.zeros(10), torch.ones(10)), 1)
    reconstruction = Bernoulli(logits=vae["decoder"](q.rsample())).log_prob(x).sum(-1)
    return (beta * kl_divergence(q, prior) - reconstruction).mean()


def train(vae: nn.ModuleDict, loss: Loss, data: Tensor, steps: int, batch_size: int = 64) -> None:
    """Adam on random batches."""
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = data[torch.randint(len(data), (batch_size,))]
        optimizer.zero_grad()
        loss(vae, batch).backward()
        optimizer.step()
