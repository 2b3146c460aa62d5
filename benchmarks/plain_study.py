"""What `dvae_course.study` is compared with: the study done one model after another.

Training as in any tutorial, plain PyTorch with `nn.Module`, Adam and a loop for each model; scoring
as in reference implementations, an encoder call a vote. Training uses nothing of `dvae_course`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from plain_loop import perceptron
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor, Tensor, int], Tensor]


def diagonal_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(q(z|x)‖N(0, I)), the mean over the batch."""
    return 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(-1).mean()


def beta_vae(beta: float) -> Loss:
    """β KL."""
    return lambda mu, log_var, z, step: beta * diagonal_kl(mu, log_var)


def annealed_vae(capacity: float, gamma: float, warmup: int) -> Loss:
    """γ |KL − C|."""

    def loss(mu: Tensor, log_var: Tensor, z: Tensor, step: int) -> Tensor:
        target = capacity * min(1.0, step / warmup)
        return gamma * (diagonal_kl(mu, log_var) - target).abs()

    return loss


def dip_vae(kind: str, off_diagonal: float, diagonal: float) -> Loss:
    """KL + λ_od Σ C_ij² + λ_d Σ (C_ii − 1)²."""

    def loss(mu: Tensor, log_var: Tensor, z: Tensor, step: int) -> Tensor:
        centred = mu - mu.mean(0)
        C = centred.T @ centred / len(mu)
        if kind == "II":
            C = C + torch.diag(log_var.exp().mean(0))
        d = torch.diagonal(C)
        off = C.square().sum() - d.square().sum()
        moments = off_diagonal * off + diagonal * (d - 1).square().sum()
        return diagonal_kl(mu, log_var) + moments

    return loss


def beta_tcvae(beta: float, n: int) -> Loss:
    """KL + (β − 1) TC by minibatch-weighted sampling."""

    def loss(mu: Tensor, log_var: Tensor, z: Tensor, step: int) -> Tensor:
        distance = (z[:, None] - mu).square() / log_var.exp()
        log_q = -0.5 * (distance + log_var + math.log(2 * math.pi))
        constant = math.log(len(z) * n)
        joint = log_q.sum(-1).logsumexp(1) - constant
        marginals = (log_q.logsumexp(1) - constant).sum(-1)
        return diagonal_kl(mu, log_var) + (beta - 1) * (joint - marginals).mean()

    return loss


def sampled(vae: nn.ModuleDict, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """mu, log_var and z."""
    mu, log_var = vae["encoder"](x).chunk(2, -1)
    return mu, log_var, mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)


def reconstruction(vae: nn.ModuleDict, x: Tensor, z: Tensor, times: int) -> Tensor:
    """Cross-entropy, the mean over the batch; each pixel counts `times` times."""
    logits = vae["decoder"](z)
    return times * F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def mlp(dim: int, hidden: tuple[int, ...], latent: int) -> nn.ModuleDict:
    """The miniature's network."""
    encoder = perceptron(dim, *hidden, 2 * latent)
    return nn.ModuleDict(
        {"encoder": encoder, "decoder": perceptron(latent, *reversed(hidden), dim)}
    )


def batch_of(data: Tensor, size: int) -> Tensor:
    """Drawn with replacement."""
    return data[torch.randint(len(data), (size,))]


def train(
    vae: nn.ModuleDict, loss: Loss, data: Tensor, steps: int, rate: float, times: int, size: int
) -> None:
    """Adam on random batches."""
    optimizer = torch.optim.Adam(vae.parameters(), lr=rate)
    for step in range(steps):
        x = batch_of(data, size)
        mu, log_var, z = sampled(vae, x)
        total = reconstruction(vae, x, z, times) + loss(mu, log_var, z, step)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()


def train_factor(
    vae: nn.ModuleDict,
    gamma: float,
    units: tuple[int, ...],
    rates: tuple[float, float],
    data: Tensor,
    steps: int,
    times: int,
    size: int,
) -> None:
    """FactorVAE: the VAE and its discriminator in turn."""
    judge = perceptron(*units)
    first = torch.optim.Adam(vae.parameters(), lr=rates[0])
    second = torch.optim.Adam(judge.parameters(), lr=rates[1], betas=(0.5, 0.9))
    for _ in range(steps):
        x = batch_of(data, size)
        mu, log_var, z = sampled(vae, x)
        penalty = gamma * judge(z).mean()
        total = reconstruction(vae, x, z, times) + diagonal_kl(mu, log_var) + penalty
        first.zero_grad()
        total.backward()
        with torch.no_grad():
            other = sampled(vae, batch_of(data, size))[2]
        shuffled = torch.stack([column[torch.randperm(size)] for column in other.T], 1)
        error = F.softplus(-judge(z.detach())).mean() + F.softplus(judge(shuffled)).mean()
        second.zero_grad()
        (0.5 * error).backward()
        first.step()
        second.step()


@torch.no_grad()
def encode(
    vae: nn.ModuleDict, pictures: np.ndarray, strides: np.ndarray, kind: str, factors: np.ndarray
) -> np.ndarray:
    """Codes of factors, whose pictures are bytes in a grid's order."""
    x = torch.from_numpy(pictures[factors @ strides]).flatten(1).float() / 255
    mu, _, z = sampled(vae, x)
    return (mu if kind == "mean" else z).double().numpy()
