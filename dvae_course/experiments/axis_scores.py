"""What is measured of models with unlike priors: losses, and scores that no unit moves.

A prior decides how far a latent stretches, and heavy tails stretch it unevenly. So whether a latent
is active is asked relative to its own noise, and the scores see ranks.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from scipy.stats import rankdata
from torch import Tensor

from dvae_course.metrics import factorvae_score, from_grid, mig_from_samples
from dvae_course.priors import AnisotropicGaussian, Prior
from dvae_course.vae import VAE

SIGNAL = 0.05  # the least share of a latent's variance that must come from the data
Positions = Int64[np.ndarray, "n factors"]


def measure(
    vae: VAE, positions: Positions, pictures: Float[Tensor, "n ..."]
) -> list[dict[str, float | None]]:
    """Losses and scores of each model of a stack, on a grid of factors and its pictures."""
    losses, mu, noise = _passes(vae, pictures)
    ratios = _prior_ratios(vae.prior, len(mu))
    found = []
    for i in range(len(mu)):
        active = active_latents(mu[i], noise[i])
        row = {"reconstruction": float(losses[0, i]), "kl": float(losses[1, i])}
        row |= scores(positions, mu[i], active)
        found.append({**row, "active": int(active.sum()), "prior_ratio": ratios[i]})
    return found


@torch.no_grad()
def _passes(
    vae: VAE, pictures: Tensor, rows: int = 512
) -> tuple[Float[np.ndarray, "2 models"], np.ndarray, Float[np.ndarray, "models latent"]]:
    """Mean losses, means of q(z|x), and mean variances of q(z|x) of a stack of models."""
    device = next(vae.parameters()).device
    models = len(next(vae.parameters()))
    losses, mu, variances = 0, [], 0
    for start in range(0, len(pictures), rows):
        x = pictures[start : start + rows].to(device)
        output = vae(x.expand(models, *x.shape), start)
        losses = losses + torch.stack([-output.reconstruction.sum(-1), output.kl.sum(-1)])
        mu.append(output.posterior.mu.cpu())
        variances = variances + output.posterior.log_var.exp().sum(-2)
    n = len(pictures)
    return (losses / n).cpu().numpy(), torch.cat(mu, -2).numpy(), (variances / n).cpu().numpy()


def _prior_ratios(prior: Prior, models: int) -> list[float | None]:
    if not isinstance(prior, AnisotropicGaussian):
        return [None] * models
    variances = prior.scales().detach().square()
    return (variances.amax(-1) / variances.amin(-1)).cpu().tolist()


def active_latents(
    mu: Float[np.ndarray, "n latent"], noise: Float[np.ndarray, " latent"]
) -> Bool[np.ndarray, " latent"]:
    """Latents with more than 5 % of their variance from the data: Var μ / (Var μ + E σ²).

    Unlike a threshold on Var μ it does not depend on the units of a latent, which are what an
    anisotropic prior changes.
    """
    signal = mu.var(axis=0)
    return signal > SIGNAL * (signal + noise)


def scores(
    positions: Positions, mu: Float[np.ndarray, "n latent"], active: Bool[np.ndarray, " latent"]
) -> dict[str, float]:
    """FactorVAE score, MIG and alignment of the latents' ranks; passive latents count as constant.

    Ranks, because heavy tails stretch a latent, and no score should depend on that; the paper maps
    Student-t codes through the prior's distribution function for the same reason.
    """
    codes = np.where(active, rankdata(mu, axis=0) / len(mu), 0.0)
    representation = from_grid(positions, codes)
    votes = factorvae_score(representation, n_train=1000, n_test=1000, batch_size=32)
    return {
        "factorvae": votes.value,
        "mig": mig_from_samples(positions, codes).value,
        "alignment": alignment(positions, codes),
    }


def alignment(positions: Positions, codes: Float[np.ndarray, "n latent"]) -> float:
    """max_j w_j² / Σ_j w_j² of each factor's linear regression on the codes, averaged over factors.

    Codes are standardised first. It is 1 where each factor is read from a single code, and 1/L at
    worst; 0 where no code varies.
    """
    spread = codes.std(axis=0)
    live = spread > 0
    if not live.any():
        return 0.0
    z = (codes[:, live] - codes[:, live].mean(axis=0)) / spread[live]
    weights = np.linalg.lstsq(z, positions - positions.mean(axis=0), rcond=None)[0] ** 2
    return float((weights.max(axis=0) / weights.sum(axis=0)).mean())
