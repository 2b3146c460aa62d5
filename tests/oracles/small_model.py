"""A small VAE on a fixed batch, an objective run on it, and what loops make of its outputs."""

import numpy as np
import torch

from dvae_course import objectives
from dvae_course.vae import VAE, VAEOutput, mlp_vae
from oracles import gaussian_formulas as exact
from oracles import penalties

BATCH, PIXELS, DIM, N_DATA = 7, 6, 3, 50


def make_vae(seed: int = 1) -> VAE:
    """A small VAE whose encodings lie far enough apart for mistakes to show."""
    vae = mlp_vae(PIXELS, DIM, (8,), seed=seed, initial_log_var=-3.0).double()
    with torch.no_grad():
        vae.encoder.head.mu.weight *= 5
    return vae


def make_x(seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((BATCH, PIXELS)))


def arrays(output: VAEOutput) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, mu and log_var."""
    tensors = (output.z, output.posterior.mu, output.posterior.log_var)
    return tuple(t.detach().numpy() for t in tensors)


def run(objective: objectives.Objective, **options: object) -> tuple[objectives.Terms, VAE]:
    vae = make_vae()
    return objective.double()(vae, make_x(), generator=3, **options), vae


def value(terms: objectives.Terms, name: str) -> float:
    return terms.values[name].item()


def elbo_parts(terms: objectives.Terms, vae: VAE) -> tuple[float, np.ndarray]:
    """The reconstruction loss and each row's KL, by loops."""
    z, mu, log_var = arrays(terms.output)
    logits = vae.decoder(torch.from_numpy(z)).detach().numpy()[..., 0]
    rec = penalties.bernoulli_reconstruction(logits, make_x().numpy())
    return rec, penalties.standard_normal_kl(mu, log_var)


def standard_normal(v: float) -> float:
    return exact.log_scalar_normal(v, 0, 1)
