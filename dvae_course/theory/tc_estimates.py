"""What a minibatch makes of a penalty, on an encoder that stands still and is known exactly.

An objective prints, step by step, an estimate from one batch. Its bias does not average out over
the steps, so here it is seen on its own: many batches, one encoder.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.objectives import BetaTCVAE, FactorVAE, Objective
from dvae_course.randomness import Streams, generator
from dvae_course.theory.gaussian_code import GaussianCode
from dvae_course.vae import VAE

_AT_THE_END = 10**9  # a step by which every schedule has run out


def three_estimates(
    code: GaussianCode, x: Float[Tensor, "n latent"], steps: int = 500, seed: int = 0
) -> dict[str, Float[np.ndarray, " batches"]]:
    """What β-TCVAE and FactorVAE make of the code's total correlation, on 100 minibatches of x.

    "MWS less its constant" is minibatch-weighted sampling without the (D − 1) log N that it
    carries: an average over the batch. "MSS" is stratified sampling. "discriminator" is FactorVAE's
    (two layers of 64 units, learning rate 1e-3), trained for `steps` steps on this code before.
    """
    vae, N, D = code.vae(), len(x), x.shape[1]
    mws, mss = (BetaTCVAE(2, kind, dataset_size=N) for kind in ("mws", "mss"))
    untrained = FactorVAE(1, D, hidden=64, layers=2, learning_rate=1e-3, seed=seed)
    trained = with_trained_discriminator(untrained, vae, x, steps, seed)
    return {
        "MWS less its constant": over_batches(mws, vae, x, seed=seed) - (D - 1) * math.log(N),
        "MSS": over_batches(mss, vae, x, seed=seed),
        "discriminator": over_batches(trained, vae, x, seed=seed),
    }


@torch.no_grad()
def over_batches(
    objective: Objective,
    vae: VAE,
    data: Float[Tensor, "n data"],
    term: str = "total_correlation",
    batches: int = 100,
    batch_size: int = 64,
    seed: int = 0,
) -> Float[np.ndarray, " batches"]:
    """The value of one of an objective's terms on each of many minibatches, drawn with replacement.

    An objective that changes with the step is taken at its end. Raises `ValueError` for a term that
    the objective does not have.
    """
    rows, noise = generator(seed, "batches"), Streams.of(seed, "posterior")
    values = []
    for _ in range(batches):
        batch = data[torch.from_numpy(rows.integers(len(data), size=batch_size))]
        terms = objective(vae, batch, generator=noise, step=_AT_THE_END).values
        if term not in terms:
            raise ValueError(f"there is no term {term!r}; choose from {', '.join(terms)}")
        values.append(terms[term].item())
    return np.array(values)


def with_trained_discriminator(
    objective: FactorVAE,
    vae: VAE,
    data: Float[Tensor, "n data"],
    steps: int,
    seed: int,
    batch_size: int = 64,
) -> FactorVAE:
    """A copy of the objective whose discriminator was trained as beside a VAE that stands still.

    Every step takes two batches, one for z and one for the shuffled z, as in training; the
    optimiser is the objective's own, with its `learning_rate`.

    Raises `ValueError` for fewer data than a batch.
    """
    if len(data) < batch_size:
        raise ValueError(f"a batch has {batch_size} points, but there are only {len(data)} data")
    objective = copy.deepcopy(objective).to(data.dtype)
    parameters = list(objective.discriminator.parameters())
    optimiser = torch.optim.Adam(parameters, objective.learning_rate, objective.adam_betas)
    batches, noise = generator(seed, "batches"), Streams.of(seed, "posterior")
    for _ in range(steps):
        rows = torch.from_numpy(batches.integers(len(data), size=(2, batch_size)))
        with torch.no_grad():
            output = vae(data[rows[0]], noise)
        loss = objective.discriminator_loss(vae, output, data[rows[1]], noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return objective
