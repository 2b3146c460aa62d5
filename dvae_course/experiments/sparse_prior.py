"""Does a sparse prior make sparse codes? Spike and slab on Fashion-MNIST, α against γ, β beside it.

Figure 4 of Mathieu et al. (2019), arXiv:1812.02833: the Hoyer sparsity of the codes, the
reconstruction loss, and the divergence of the codes from the prior. Two rows are added: β raised
with a Gaussian prior, and the spike's width read as the paper writes it (variance 0.05) instead of
as the released code has it (standard deviation 0.05).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from dvae_course.datasets import fashion_mnist
from dvae_course.dcgan import SIDE, dcgan_vae
from dvae_course.likelihoods import LaplaceLikelihood
from dvae_course.metrics.sparsity import hoyer
from dvae_course.objectives import Decomposition
from dvae_course.priors import SpikeAndSlab
from dvae_course.spectral import SpectralMMD
from dvae_course.training import Design, fit, fit_many
from dvae_course.vae import VAE, mlp_vae

if TYPE_CHECKING:
    import polars

NOISE = 0.1  # scale of the Laplace likelihood, in the paper and here
CODE_WIDTH, PAPER_WIDTH = 0.05, math.sqrt(0.05)  # the spike's standard deviation: code, paper
ACTIVE = 0.01  # the least variance of an active latent's mean (Burda et al. 2016)
PIXEL = 1e-6  # the paper's pixels keep this far from 0 and 1
PANELS = MappingProxyType(  # of the paper's figure 4: column → label
    {"hoyer": "normalised Hoyer", "reconstruction": "loss, nats", "mmd": "MMD²"}
)


@dataclass(frozen=True)
class Cell:
    """One kind of model: the prior's γ and spike, and the objective's α and β."""

    gamma: float = 0.0
    alpha: float = 0.0
    beta: float = 1.0
    spike_scale: float = CODE_WIDTH

    @property
    def name(self) -> str:
        """How figures and warnings call it."""
        return (
            f"γ = {self.gamma:g}, α = {self.alpha:g}, β = {self.beta:g}, "
            f"spike {self.spike_scale:.2g}"
        )


@dataclass(frozen=True)
class Setting:
    """The numbers of one run of the experiment.

    Attributes
    ----------
    cells : the kinds of model.
    seeds : trained of each kind.
    steps, batch_size, learning_rate, decay_from, amsgrad : of `training.Settings`.
    latent_dim : L.
    hidden : units of a perceptron's hidden layers, for pictures of 14×14; () for the paper's
        convolutions, for pictures of 32×32.
    width : channels of the convolution next to the picture.
    train, test : how many pictures to train and to measure on, the first of each split.
    """

    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    steps: int
    batch_size: int
    learning_rate: float
    latent_dim: int
    hidden: tuple[int, ...]
    train: int
    test: int
    decay_from: float = 1.0
    amsgrad: bool = False
    width: int = 32


def _cells(gammas: tuple[float, ...], alphas: tuple[float, ...], betas: tuple[float, ...]):
    """γ × α at β = 1, a row of β at γ = α = 0, and a row of α with the paper's spike."""
    grid = [Cell(gamma, alpha) for gamma, alpha in itertools.product(gammas, alphas)]
    raised = [Cell(beta=beta) for beta in betas]
    wide = [Cell(gammas[-1], alpha, spike_scale=PAPER_WIDTH) for alpha in alphas]
    return (*grid, *raised, *wide)


PRESETS: Mapping[str, Setting] = MappingProxyType(
    {
        "chapter": Setting(
            # 196 pixels instead of 1,024 make the reconstruction loss about a fifth as large, so
            # that these α are the paper's 0, 50, 100 and 500.
            cells=_cells((0.0, 0.4, 0.8), (0.0, 10.0, 20.0, 100.0), (2.0, 4.0, 10.0)),
            seeds=tuple(range(5)),
            steps=600,
            batch_size=64,
            learning_rate=4e-3,
            decay_from=0.5,
            latent_dim=10,
            hidden=(64,),
            train=10_000,
            test=2_000,
        ),
        "paper": Setting(
            cells=_cells(
                (0.0, 0.2, 0.4, 0.6, 0.8),
                (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
                (2.0, 4.0, 10.0),
            ),
            seeds=(0, 1, 2),
            steps=9_600,  # 80 epochs of 60,000 pictures
            batch_size=500,
            learning_rate=5e-4,
            amsgrad=True,
            latent_dim=50,
            hidden=(),
            train=60_000,
            test=10_000,
        ),
    }
)


@dataclass(frozen=True, eq=False)
class Garments:
    """Fashion-MNIST as a setting's models take it: flat, or of shape (1, 32, 32)."""

    train: Float32[Tensor, "*n_and_shape"]
    test: Float32[Tensor, "*m_and_shape"]
    labels: Int64[np.ndarray, " m"]
    class_names: tuple[str, ...]


def garments(setting: Setting) -> Garments:
    """The pictures of a setting; the labels are those of the test pictures."""
    splits = [fashion_mnist(s, size=14 if setting.hidden else 28) for s in ("train", "test")]
    train, test = (
        _prepared(split.images[:n], flat=bool(setting.hidden))
        for split, n in zip(splits, (setting.train, setting.test), strict=True)
    )
    return Garments(train, test, splits[1].labels[: setting.test].numpy(), splits[1].class_names)


def _prepared(images: Tensor, flat: bool) -> Tensor:
    if flat:
        return images.flatten(1)
    larger = F.interpolate(images[:, None], (SIDE, SIDE), mode="bilinear", antialias=True)
    return larger.clamp(PIXEL, 1 - PIXEL)


def design(setting: Setting, cell: Cell, seed: int) -> Design:
    """One model to train: L = log p(x|z) − β KL − α Σ_d MMD²(q(z_d), p(z_d))."""
    prior = SpikeAndSlab(setting.latent_dim, cell.gamma, cell.spike_scale)
    objective = Decomposition(cell.alpha, cell.beta, SpectralMMD())
    if not setting.hidden:
        return Design(dcgan_vae(prior, setting.width, NOISE, seed), objective, seed, cell.name)
    shape = (14 * 14, setting.latent_dim, setting.hidden)
    vae = mlp_vae(*shape, prior, LaplaceLikelihood(NOISE), seed)
    return Design(vae, objective, seed, cell.name)


def train(
    setting: Setting,
    pictures: Float32[Tensor, "*n_and_shape"],
    *,
    device: str = "cpu",
    progress: bool = True,
) -> dict[tuple[Cell, int], VAE]:
    """All models of a setting by cell and seed, on the CPU and in evaluation mode.

    Perceptrons train in one batched pass; batch normalisation does not stack, so that the paper's
    models train one after another.
    """
    names = list(itertools.product(setting.cells, setting.seeds))
    designs = [design(setting, cell, seed) for cell, seed in names]
    options = {
        "batch_size": setting.batch_size,
        "learning_rate": setting.learning_rate,
        "decay_from": setting.decay_from,
        "amsgrad": setting.amsgrad,
        "device": device,
        "progress": progress,
    }
    if setting.hidden:
        fits = list(fit_many(designs, pictures, setting.steps, **options))
    else:
        fits = [
            fit(d.vae, pictures, d.objective, setting.steps, d.seed, **options) for d in designs
        ]
    return {name: each.vae.cpu().eval() for name, each in zip(names, fits, strict=True)}


@torch.no_grad()
def measure(vae: VAE, pictures: Float32[Tensor, "*m_and_shape"]) -> dict[str, float]:
    """What one trained model's codes of these pictures look like.

    Keys: `hoyer`, of the means, each latent in units of its standard deviation over the data;
    `hoyer_raw`, without these units; `hoyer_sampled`, of z ~ q(z|x); `active`, the number of
    latents whose mean varies; `reconstruction`, the loss in nats beyond that of a perfect picture;
    `kl`; `mmd`, the squared MMD of z from the model's own prior, summed over latents.
    """
    outputs = [vae(part, seed) for seed, part in enumerate(pictures.split(2_000))]
    mu = torch.cat([o.posterior.mu for o in outputs])
    z = torch.cat([o.z for o in outputs])
    log_likelihood = torch.cat([o.reconstruction for o in outputs]).mean().item()
    sparsity = {
        "hoyer": hoyer(mu.numpy()).value,
        "hoyer_raw": hoyer(mu.numpy(), normalise=False).value,
        "hoyer_sampled": hoyer(z.numpy()).value,
    }
    return {
        **sparsity,
        "active": float((mu.var(0) > ACTIVE).sum()),
        "reconstruction": -log_likelihood - pictures[0].numel() * math.log(2 * NOISE),
        "kl": torch.cat([o.kl for o in outputs]).mean().item(),
        "mmd": SpectralMMD().between(z, vae.prior).item(),
    }


def measured(
    models: Mapping[tuple[Cell, int], VAE], pictures: Float32[Tensor, "*m_and_shape"]
) -> polars.DataFrame:
    """One row a model: `gamma`, `alpha`, `beta`, `spike_scale`, `seed`, and `measure`'s columns."""
    import polars

    rows = [
        {**vars(cell), "seed": seed, **measure(vae, pictures)}
        for (cell, seed), vae in models.items()
    ]
    return polars.DataFrame(rows)


def by_seed(
    frame: polars.DataFrame, column: str, cells: Sequence[Cell]
) -> Float[np.ndarray, "cells seeds"]:
    """One column of `measured`'s table: a row a cell, its seeds in order.

    Raises `ValueError` for a cell that the table lacks.
    """
    rows = []
    for cell in cells:
        found = frame.filter(**vars(cell)).sort("seed")[column]
        if not len(found):
            raise ValueError(f"the table has no model with {cell.name}")
        rows.append(found.to_numpy())
    return np.stack(rows)


def at_equal(
    x: Float[np.ndarray, " seeds"],
    row_x: Float[np.ndarray, "values seeds"],
    row_y: Float[np.ndarray, "values seeds"],
) -> Float[np.ndarray, " seeds"]:
    """What a row of models has in y where it has `x`, seed by seed, between its neighbours.

    Raises `ValueError` unless each seed's `row_x` rises along the row; beyond its ends, the end.
    """
    if not (np.diff(row_x, axis=0) > 0).all():
        raise ValueError(f"row_x must rise with the row's knob in every seed, got {row_x.round(3)}")
    each = zip(x, row_x.T, row_y.T, strict=True)
    return np.array([np.interp(value, xs, ys) for value, xs, ys in each])


def caption(frame: polars.DataFrame, cell: Cell, seed: int = 0) -> str:
    """One model's knobs and its three numbers of figure 4."""
    hoyer, loss, mmd = (by_seed(frame, column, [cell])[0, seed] for column in PANELS)
    numbers = f"Hoyer {hoyer:.2f}, loss {loss:.0f} nats, MMD² {mmd:.2f}"
    return f"γ = {cell.gamma:g}, α = {cell.alpha:g}: {numbers}"


def run(setting: Setting, *, device: str = "cpu", progress: bool = True) -> polars.DataFrame:
    """Train and measure all models of a setting, one row each."""
    data = garments(setting)
    models = train(setting, data.train, device=device, progress=progress)
    return measured(models, data.test)


@torch.no_grad()
def latent_use(
    vae: VAE, pictures: Float32[Tensor, "*m_and_shape"], labels: Int64[np.ndarray, " m"]
) -> Float[np.ndarray, "classes latent"]:
    """`class_magnitudes` of a model's codes."""
    return class_magnitudes(vae.encode(pictures).mu.numpy(), labels)


def class_magnitudes(
    mu: Float[np.ndarray, "m latent"], labels: Int64[np.ndarray, " m"]
) -> Float[np.ndarray, "classes latent"]:
    """Mean of |mu_d| / sd(mu_d) over each class's codes: which latents a class uses.

    0 in a latent that is the same for all data.
    """
    sd = mu.std(axis=0)
    size = np.divide(np.abs(mu), sd, out=np.zeros_like(mu), where=sd > 0)
    return np.stack([size[labels == k].mean(axis=0) for k in range(labels.max() + 1)])


def hours(setting: Setting, *, device: str = "cpu", steps: int = 2) -> float:
    """How long all models of a setting would train here, from a few measured steps of one."""
    few = replace(setting, cells=setting.cells[:1], seeds=setting.seeds[:1], steps=steps, test=1)
    pictures = garments(replace(few, train=2 * setting.batch_size)).train
    start = time.perf_counter()
    train(few, pictures, device=device, progress=False)
    models = len(setting.cells) * len(setting.seeds)
    return (time.perf_counter() - start) / steps * setting.steps * models / 3600
