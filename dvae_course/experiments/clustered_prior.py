"""What α and β do to the aggregate posterior, on the pinwheel with a clustered prior.

The two rows of figure 3 of Mathieu et al. (2019), arXiv:1812.02833: β with α = 0, and α with β = 0,
the latter with two divergences. One more row trains what the code released with the paper trains
for β: its one-sample KL counts log p(z) twice.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from dvae_course.aggregate import overlap_and_match
from dvae_course.datasets import pinwheel
from dvae_course.divergences import MMD, Divergence, InclusiveKL, aggregate_log_prob
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.likelihoods import HeteroscedasticLikelihood
from dvae_course.objectives import BetaVAE, Decomposition, Objective
from dvae_course.objectives.base import Terms
from dvae_course.priors import GaussianMixture
from dvae_course.priors.base import Seed
from dvae_course.randomness import Streams
from dvae_course.training import Design, Fits, fit_many
from dvae_course.vae import VAE, mlp_vae

CENTRES = ((0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0))
PRIOR_SD = math.sqrt(0.03)
USED = 0.1  # the least share of q(z) that makes a cluster of the prior count as used

SCALES = (0.0125, 0.05, 0.25, 1.0)  # of MMD: kernels from a cluster's width to their distance
DIVERGENCES: Mapping[str, Callable[[], Divergence]] = MappingProxyType(
    {"KL": InclusiveKL, "MMD": lambda: MMD(scales=SCALES, per_dimension=False)}
)


@dataclass(frozen=True)
class Cell:
    """One kind of model: its two knobs, D of the α term ("KL" or "MMD"), and how KL is counted."""

    alpha: float
    beta: float
    divergence: str = "KL"
    kl: str = "correct"

    @property
    def name(self) -> str:
        """For messages."""
        return f"α = {self.alpha:g}, β = {self.beta:g}, D = {self.divergence}, KL {self.kl}"


@dataclass(frozen=True)
class Setting:
    """The numbers of one run of the experiment.

    Attributes
    ----------
    cells : the kinds of model.
    seeds : trained of each kind.
    hidden : units of the hidden layers of encoder and decoder.
    floor : the decoder's smallest standard deviation.
    initial_log_var : of q(z|x), about, before training.
    steps, batch_size, learning_rate, decay_from, amsgrad : of Adam; batch_size None takes all data.
    """

    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    hidden: tuple[int, ...] = (32,)
    floor: float = 0.05
    initial_log_var: float = -2.0
    steps: int = 600
    batch_size: int | None = 64
    learning_rate: float = 1e-2
    decay_from: float = 0.25
    amsgrad: bool = False

    @property
    def training(self) -> dict[str, object]:
        """How to train: what `fit` and `fit_many` take besides designs and data."""
        names = ("steps", "batch_size", "learning_rate", "decay_from", "amsgrad")
        return {name: getattr(self, name) for name in names}


def _cells(betas: Sequence[float], alphas: Sequence[float], mmd: Sequence[float]) -> tuple:
    beta_rows = [Cell(0.0, beta, kl=kl) for kl in ("correct", "released slip") for beta in betas]
    alpha_rows = [Cell(alpha, 0.0, "KL") for alpha in alphas]
    return (*beta_rows, *alpha_rows, *(Cell(alpha, 0.0, "MMD") for alpha in mmd))


BETAS, ALPHAS = (0.01, 0.5, 1.0, 1.2, 2.0, 10.0), (1.0, 3.0, 5.0, 8.0, 20.0)
MMD_ALPHAS = (1.0, 8.0, 100.0, 300.0, 1000.0)  # MMD² is a far smaller number than a KL

PRESETS: Mapping[str, Setting] = MappingProxyType(
    {
        "chapter": Setting(_cells(BETAS, ALPHAS, MMD_ALPHAS), seeds=tuple(range(10, 18))),
        "paper": Setting(
            _cells(BETAS, ALPHAS, ()),
            seeds=tuple(range(16)),
            hidden=(100,),
            floor=0.0,
            initial_log_var=2 * math.log(math.log(2)),  # a standard deviation of softplus(0)
            steps=500,
            batch_size=None,
            learning_rate=1e-3,
            decay_from=1.0,
            amsgrad=True,
        ),
    }
)


class CountedTwice(BetaVAE):
    """β-VAE whose KL term is log q(z|x) − 2 log p(z): the slip in the paper's released code.

    There log q comes coordinate by coordinate, (n, 2), and log p jointly, (n, 1); their difference
    broadcasts, and the sum over the last axis has log p twice.
    """

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction` and `kl`, the latter with the slip."""
        terms = super().forward(vae, x, generator=generator, step=step)
        log_p = vae.prior.log_prob(terms.output.z).mean(-1)
        values = {**terms.values, "kl": terms.values["kl"] - log_p}
        return Terms(values, terms.weights, terms.output)


def prior() -> GaussianMixture:
    """Four clusters, one on each half-axis, with variance 0.03."""
    return GaussianMixture(CENTRES, PRIOR_SD)


def model(setting: Setting, seed: int) -> VAE:
    """An untrained VAE: perceptrons, two latents, a decoder that learns its standard deviation."""
    decoder = HeteroscedasticLikelihood(setting.floor)
    start = setting.initial_log_var
    return mlp_vae(2, 2, setting.hidden, prior(), decoder, seed, initial_log_var=start)


def objective(cell: Cell) -> Objective:
    """What a kind of model minimises.

    Raises `ValueError` for an unknown D or way to count, and for the slip together with α > 0,
    which no run here needs.
    """
    if cell.divergence not in DIVERGENCES:
        raise ValueError(f"divergence must be one of {list(DIVERGENCES)}, got {cell.divergence!r}")
    if cell.kl not in ("correct", "released slip"):
        raise ValueError(f'kl must be "correct" or "released slip", got {cell.kl!r}')
    if cell.alpha == 0:
        return BetaVAE(cell.beta) if cell.kl == "correct" else CountedTwice(cell.beta)
    if cell.kl != "correct":
        raise ValueError(f"the slip is trained with alpha = 0 only, got alpha = {cell.alpha:g}")
    return Decomposition(cell.alpha, cell.beta, DIVERGENCES[cell.divergence]())


def batches(setting: Setting) -> list[tuple[Cell, ...]]:
    """The cells of each batched pass: those whose objectives stack."""

    def kind(cell: Cell) -> tuple[str, str, bool]:
        return cell.kl, cell.divergence, cell.alpha == 0

    found = itertools.groupby(sorted(setting.cells, key=kind), kind)
    return [tuple(cells) for _, cells in found]


@dataclass(frozen=True)
class Trained:
    """The trained models of some cells, every seed of a cell after the other.

    Attributes
    ----------
    fits : the models.
    table : one row a model: `alpha`, `beta`, `divergence`, `kl`, `seed`, and what `measure` says.
    mu, sd : means and standard deviations of q(z|x) for all data.
    """

    fits: Fits
    table: polars.DataFrame
    mu: Float[np.ndarray, "cells seeds n 2"]
    sd: Float[np.ndarray, "cells seeds n 2"]

    def by_seed(self, column: str) -> Float[np.ndarray, "cells seeds"]:
        """A column of the table."""
        return self.table[column].to_numpy().reshape(self.mu.shape[:2])


def run(setting: Setting, *, device: str = "cpu", progress: bool = True) -> polars.DataFrame:
    """Train and measure all models of a setting, one row each: `Trained.table`."""
    data = pinwheel(seed=0).points
    parts = [train(setting, cells, data, None, device, progress) for cells in batches(setting)]
    return polars.concat([part.table for part in parts])


def train(
    setting: Setting,
    cells: Sequence[Cell],
    data: Float[Tensor, "n 2"],
    start: Sequence[VAE] | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> Trained:
    """All seeds of some cells whose objectives stack, in one batched pass.

    Parameters
    ----------
    start : a model for each seed to go on from; fresh ones by default.
    """
    labels = [(cell, seed) for cell in cells for seed in setting.seeds]
    vaes = start or [model(setting, seed) for seed in setting.seeds]
    pairs = zip(vaes * len(cells), labels, strict=True)
    designs = [Design(vae, objective(cell), seed, cell.name) for vae, (cell, seed) in pairs]
    fits = fit_many(designs, data, device=device, progress=progress, **setting.training)
    schema = {"alpha": polars.Float64, "beta": polars.Float64}
    rows = [{**vars(cell), "seed": seed} for cell, seed in labels]
    names = polars.DataFrame(rows, schema_overrides=schema)
    q = encodings(fits, data)
    mu, sd = (t.unflatten(0, (len(cells), -1)).numpy() for t in (q.mu, q.scale))
    return Trained(fits, names.hstack(measure(fits, data)), mu, sd)


def at(table: polars.DataFrame, column: str, **cell: float | str) -> Float[np.ndarray, " seeds"]:
    """A column of the models of one cell, ordered by seed: `at(table, "match", alpha=0, beta=1)`.

    Raises `ValueError` where no model, or two of the same seed, fit.
    """
    found = table.filter(**cell).sort("seed")
    if found["seed"].n_unique() != len(found) or not len(found):
        raise ValueError(
            f"{cell} fits {len(found)} models of {found['seed'].n_unique()} seeds; expected one of "
            "each seed: say which alpha, beta, divergence and kl are meant"
        )
    return found[column].to_numpy()


def encodings(fits: Fits, data: Float[Tensor, "n 2"]) -> DiagonalGaussian:
    """q(z|x) of all data under each trained model, on the CPU, fields `(models, n, 2)`."""
    vae = fits.vae.cpu()
    with torch.no_grad():
        return vae.encode(data.expand(len(fits), *data.shape))


def measure(fits: Fits, data: Float[Tensor, "n 2"]) -> polars.DataFrame:
    """What the whole data set's encodings look like under each trained model, one row each.

    Columns: `reconstruction`, −E log p(x|z); `overlap`, I(x; z), and `match`, KL(q(z)‖p(z)), which
    add up to the KL term; `inclusive`, KL(p(z)‖q(z)); `mmd`, the squared MMD of whole z;
    `sd`, the geometric mean of the encodings' standard deviations; `clusters`, how many of the
    prior's four hold at least a tenth of q(z) within three of their standard deviations. In nats
    but for the last three.
    """
    q = encodings(fits, data)
    split = overlap_and_match(q, fits.vae.prior, seed=0)
    z = _samples(q)
    columns = {
        "reconstruction": _reconstruction(fits.vae, data, q),
        "overlap": split.overlap,
        "match": split.match,
        "inclusive": inclusive_kl(q),
        "mmd": _mmd(z),
        "sd": (0.5 * q.log_var).mean((-2, -1)).exp(),
        "clusters": clusters_used(z),
    }
    return polars.DataFrame({name: column.numpy() for name, column in columns.items()})


@torch.no_grad()
def _reconstruction(
    vae: VAE, data: Float[Tensor, "n 2"], q: DiagonalGaussian, draws: int = 10
) -> Float[Tensor, " models"]:
    """−E log p(x|z) over all data."""
    x = data.expand(len(q.mu), *data.shape)
    losses = [-vae.log_likelihood(x, _samples(q, draw)).mean(-1) for draw in range(draws)]
    return torch.stack(losses).mean(0)


def inclusive_kl(q: DiagonalGaussian, draws: int = 2000) -> Float[Tensor, " models"]:
    """KL(p(z)‖q(z)) with the aggregate posterior of these encodings, in double precision."""
    p = prior().double()
    z = p.sample(draws, 0).expand(len(q.mu), -1, -1)
    exact = DiagonalGaussian(q.mu.double(), q.log_var.double())
    log_q = [aggregate_log_prob(exact, part) for part in z.split(100, dim=-2)]
    return (p.log_prob(z) - torch.cat(log_q, -1)).mean(-1)


def clusters_used(z: Float[Tensor, "models n 2"]) -> Int64[Tensor, " models"]:
    """How many of the prior's clusters hold at least a tenth of the z within three deviations."""
    distance = (z.unsqueeze(-2) - torch.tensor(CENTRES)).norm(dim=-1)
    return ((distance < 3 * PRIOR_SD).float().mean(-2) >= USED).sum(-1)


def _mmd(z: Float[Tensor, "models n 2"]) -> Float[Tensor, " models"]:
    mmd, p = MMD(scales=SCALES, per_dimension=False), prior().sample(z.shape[-2], 1)
    return torch.stack([mmd.between(of_model, p) for of_model in z])


def _samples(q: DiagonalGaussian, seed: int = 0) -> Float[Tensor, "models n 2"]:
    """One z a data point, from the same noise for every model."""
    return q.sample(Streams.of(seed, "measure").normal(*q.mu.shape[-2:], like=q.mu))
