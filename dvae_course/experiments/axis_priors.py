"""Which prior gives disentangled latents? Gaussian (isotropic or not) and Student-t, on sprites.

The two figures of Mathieu et al. (2019), arXiv:1812.02833, section 6 ("prior for axis-aligned
disentanglement"), α = 0, with one more factor: whether the encoder's covariance is diagonal or
full. The first can prefer the axes by itself, so that only the second shows what the prior does.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.datasets import DSprites
from dvae_course.experiments.axis_scores import Positions, measure
from dvae_course.likelihoods import BernoulliLikelihood
from dvae_course.networks import ConvDecoder, SpritesEncoder, initialise
from dvae_course.objectives import BetaVAE
from dvae_course.priors import AnisotropicGaussian, Prior, StudentT
from dvae_course.training import Design, Fits, fit_many
from dvae_course.vae import VAE, mlp_vae

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class Cell:
    """One kind of model: its prior ("iso", "pca", "learned" or ν), its encoder, and β."""

    prior: str | float
    posterior: str = "diagonal"
    beta: float = 1.0

    @property
    def name(self) -> str:
        """How figures and tables call it, without β."""
        prior = self.prior if isinstance(self.prior, str) else f"ν = {self.prior:g}"
        return prior if self.posterior == "diagonal" else f"{prior}, full"


@dataclass(frozen=True)
class Setting:
    """The numbers of one run of the experiment.

    Attributes
    ----------
    cells : the kinds of model.
    seeds : trained of each kind.
    steps, batch_size, learning_rate, decay_from, amsgrad : of `training.Settings`.
    latent_dim : D.
    hidden : units of a perceptron's hidden layers; () for the paper's convolutions.
    side : of the pictures, in pixels.
    values : for shape, scale, orientation, x and y the values that occur; every combination is a
        picture of the grid on which models are scored.
    pictures : to train on, drawn evenly from all of dSprites; None trains on the grid.
    at_once : models of one kind of prior that are trained in one pass.
    """

    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    steps: int
    latent_dim: int
    hidden: tuple[int, ...]
    side: int
    values: tuple[Sequence[int], ...]
    batch_size: int = 64
    learning_rate: float = 5e-4
    decay_from: float = 1.0
    amsgrad: bool = True
    pictures: int | None = None
    at_once: int = 45


_CHAPTER = (
    *(Cell(prior, beta=beta) for prior in ("iso", "pca", "learned") for beta in (1.0, 2.0)),
    *(Cell(nu, beta=2.0) for nu in (30.0, 9.0, 3.0)),
    *(Cell(prior, "full", 2.0) for prior in ("iso", 3.0)),
)
_PAPER = (
    *(Cell(p, beta=b) for p in ("iso", "pca", "learned") for b in (1.0, 2.0, 4.0, 8.0, 16.0)),
    *(Cell(nu) for nu in (100.0, 30.0, 9.0, 5.0, 3.0, 2.0)),
    *(Cell(prior, "full") for prior in ("iso", "learned", 9.0, 3.0)),
)

PRESETS: Mapping[str, Setting] = MappingProxyType(
    {
        "chapter": Setting(
            cells=_CHAPTER,
            seeds=tuple(range(30, 45)),  # others served to choose what to test
            steps=700,
            latent_dim=3,
            learning_rate=6e-3,
            decay_from=0.5,
            hidden=(64,),
            side=16,
            values=((0,), range(6), (0,), range(8, 24), range(12, 20)),
        ),
        "paper": Setting(
            cells=_PAPER,
            seeds=tuple(range(100)),
            steps=230_400,  # 20 epochs of 737,280 pictures
            latent_dim=10,
            hidden=(),
            side=64,
            values=(range(3), range(6), range(0, 40, 4), range(0, 32, 2), range(0, 32, 2)),
            pictures=184_320,  # a quarter of dSprites, 3 GB
        ),
    }
)


@dataclass(frozen=True)
class Grid:
    """Every combination of a setting's factor values, and its picture.

    Attributes
    ----------
    positions : of each combination among the values that its factors take, factors with a single
        value left out.
    pictures : as the models take them: whole for convolutions; for perceptrons a row each, of the
        pixels that are not black in all of them.
    """

    positions: Positions
    pictures: Float[Tensor, "n ..."]


def grid(setting: Setting) -> Grid:
    """The pictures on which the setting's models are scored."""
    factors = np.array(list(itertools.product(*setting.values)))
    positions = np.array(list(itertools.product(*(range(len(v)) for v in setting.values))))
    varying = [i for i, values in enumerate(setting.values) if len(values) > 1]
    pictures = DSprites(side=setting.side).observe(factors)
    if setting.hidden:
        pictures = pictures.flatten(1)
        pictures = pictures[:, pictures.amax(0) > 0]
    return Grid(positions[:, varying], pictures)


def training_pictures(setting: Setting, scored: Grid, seed: int = 0) -> Float[Tensor, "n ..."]:
    """What the setting's models are trained on."""
    if setting.pictures is None:
        return scored.pictures
    sprites = DSprites(side=setting.side)
    return sprites.observe(sprites.sample_factors(setting.pictures, seed))


def pca_variances(
    pictures: Float[Tensor, "n ..."], latent_dim: int
) -> Float[np.ndarray, " latent"]:
    """The largest `latent_dim` variances of the pictures along principal directions, mean 1.

    Those of the *centred* pictures, largest first. The code released with the paper takes, by a
    slip, the squared singular values 20 to 11 of the pictures as they are.
    """
    flat = pictures.flatten(1).double()
    variances = torch.linalg.eigvalsh(torch.cov(flat.T)).flip(0)[:latent_dim]
    return (variances / variances.mean()).numpy()


def prior_of(cell: Cell, variances: Float[np.ndarray, " latent"]) -> Prior:
    """The prior of one kind of model; `variances` are for "pca" and the start of "learned".

    Raises `ValueError` for a word that names no prior.
    """
    if not isinstance(cell.prior, str):
        return StudentT(len(variances), cell.prior)
    if cell.prior not in ("iso", "pca", "learned"):
        raise ValueError(f'prior must be "iso", "pca", "learned" or ν, got {cell.prior!r}')
    scales = np.ones(len(variances)) if cell.prior == "iso" else np.sqrt(variances)
    return AnisotropicGaussian(torch.from_numpy(scales), learned=cell.prior == "learned")


def design(setting: Setting, cell: Cell, prior: Prior, pixels: int, seed: int) -> Design:
    """One model to train; `pixels` is the number of those that a perceptron sees."""
    if setting.hidden:
        latent_dim, hidden, posterior = setting.latent_dim, setting.hidden, cell.posterior
        vae = mlp_vae(pixels, latent_dim, hidden, prior, seed=seed, posterior=posterior)
    else:
        vae = _convolutions(setting, prior, cell.posterior, seed)
    return Design(vae, BetaVAE(cell.beta), seed, f"{cell.name}, β = {cell.beta:g}")


def _convolutions(setting: Setting, prior: Prior, posterior: str, seed: int) -> VAE:
    encoder = SpritesEncoder(1, setting.latent_dim, posterior=posterior)
    decoder = ConvDecoder(setting.latent_dim, units=128, widths=(64, 64, 32))
    vae = VAE(encoder, decoder, prior, BernoulliLikelihood(), (1, setting.side, setting.side))
    initialise(vae, seed)
    return vae


def batches(setting: Setting) -> Iterator[list[tuple[Cell, int]]]:
    """The models (cell, seed) of each batched pass: those whose priors and encoders stack."""

    def kind(cell: Cell) -> tuple[str, str]:
        fixed = "gaussian" if cell.prior in ("iso", "pca") else "t"
        return cell.posterior, "learned" if cell.prior == "learned" else fixed

    for _, cells in itertools.groupby(sorted(setting.cells, key=kind), kind):
        models = list(itertools.product(cells, setting.seeds))
        for start in range(0, len(models), setting.at_once):
            yield models[start : start + setting.at_once]


def run(setting: Setting, *, device: str = "cpu", progress: bool = True) -> polars.DataFrame:
    """Train and score all models of a setting, one row each.

    Columns: `prior`, `posterior`, `beta`, `seed`; `reconstruction` and `kl` (losses in nats, mean
    over the grid); `factorvae`, `mig`, `alignment` (`scores`), `active` (number of latents),
    `prior_ratio` (largest over smallest variance of a Gaussian prior at the end, else none).
    """
    import polars

    scored = grid(setting)
    data = training_pictures(setting, scored)
    variances = pca_variances(scored.pictures, setting.latent_dim)
    pixels, rows = scored.pictures[0].numel(), []
    for models in batches(setting):
        designs = [
            design(setting, cell, prior_of(cell, variances), pixels, seed) for cell, seed in models
        ]
        fits = train(setting, designs, data, device, progress)
        found = measure(fits.vae, scored.positions, scored.pictures)
        rows += [{**_labels(*model), **row} for model, row in zip(models, found, strict=True)]
    return polars.DataFrame(rows)


def seeds(
    runs: polars.DataFrame,
    score: str,
    prior: str,
    posterior: str = "diagonal",
    beta: float = 2.0,
) -> Float[np.ndarray, " seeds"]:
    """A column of `run`'s table for one kind of model, in the order of the seeds.

    Raises `ValueError` for a kind that was not trained.
    """
    kind = runs.filter(prior=prior, posterior=posterior, beta=beta).sort("seed")
    if kind.is_empty():
        known = runs.select("prior", "posterior", "beta").unique(maintain_order=True).rows()
        raise ValueError(f"no model of kind {(prior, posterior, beta)}; there are {known}")
    return kind[score].to_numpy()


def train(
    setting: Setting, designs: Sequence[Design], data: Tensor, device: str, progress: bool
) -> Fits:
    """One batched pass."""
    return fit_many(
        designs,
        data,
        setting.steps,
        batch_size=setting.batch_size,
        learning_rate=setting.learning_rate,
        decay_from=setting.decay_from,
        amsgrad=setting.amsgrad,
        device=device,
        progress=progress,
    )


def seconds_a_step(setting: Setting, steps: int = 3) -> float:
    """How long one step of one model of the first kind takes on this machine's CPU.

    On a few pictures, after a first step that is not counted.
    """
    small = replace(setting, steps=1, pictures=setting.batch_size)
    data = training_pictures(small, grid(replace(setting, values=((0,),) * 5)))
    cell = setting.cells[0]
    prior = prior_of(cell, np.ones(setting.latent_dim))
    designs = [design(setting, cell, prior, data[0].numel(), seed=0)]
    train(small, designs, data, "cpu", progress=False)
    start = time.perf_counter()
    train(replace(small, steps=steps), designs, data, "cpu", progress=False)
    return (time.perf_counter() - start) / steps


def _labels(cell: Cell, seed: int) -> dict[str, object]:
    prior = cell.prior if isinstance(cell.prior, str) else f"ν = {cell.prior:g}"
    return {"prior": prior, "posterior": cell.posterior, "beta": cell.beta, "seed": seed}
