"""What a study trains and scores: data sets × methods × strengths × seeds, and with which numbers.

The grids are those of Locatello et al. (2019), "Challenging Common Assumptions in the Unsupervised
Learning of Disentangled Representations". Nothing here computes; `runner` does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from types import MappingProxyType

REVISION = 1  # raised when the same numbers come to mean another result
GRIDS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "beta_vae": (1, 2, 4, 6, 8, 16),
        "factor_vae": (10, 20, 30, 40, 50, 100),
        "dip_vae_i": (1, 2, 5, 10, 20, 50),
        "dip_vae_ii": (1, 2, 5, 10, 20, 50),
        "beta_tcvae": (1, 2, 4, 6, 8, 10),
        "annealed_vae": (5, 10, 25, 50, 75, 100),
    }
)
DATA_SETS = (
    "dsprites",
    "color-dsprites",
    "noisy-dsprites",
    "scream-dsprites",
    "smallnorb",
    "cars3d",
    "shapes3d",
)
DCI_ESTIMATORS = ("boosting", "histogram", "forest", "tree")
DOWNSTREAM_TREES = ("boosting", "histogram", "small_forest")


@dataclass(frozen=True)
class Training:
    """How every model of a study is trained.

    Attributes
    ----------
    source : "rendered" (pictures drawn here) or "original" (the published files).
    side : pixels along a side, 64, 32 or 16. The reconstruction counts (64 / side)² times, as if
        each pixel stood for the block of 64 × 64 ones that it is the mean of, so that the
        regularisers' strengths mean what they mean at 64 × 64.
    pictures : how many are drawn, once for all models of a data set, to take batches from.
    network : "mlp" (perceptrons of `hidden` units and back) or "conv" (the study's, side 64 only).
    latent_dim, steps, batch_size, learning_rate : as they say; the optimiser is Adam.
    factor_learning_rate : FactorVAE's own, instead of `learning_rate`.
    discriminator_units, discriminator_layers, discriminator_learning_rate : FactorVAE's second
        network.
    annealed_gamma : AnnealedVAE's γ.
    annealed_warmup : the share of the steps in which its capacity grows.
    """

    source: str = "rendered"
    side: int = 64
    pictures: int = 100_000
    network: str = "conv"
    hidden: tuple[int, ...] = ()
    latent_dim: int = 10
    steps: int = 300_000
    batch_size: int = 64
    learning_rate: float = 1e-4
    factor_learning_rate: float = 1e-4
    discriminator_units: int = 1000
    discriminator_layers: int = 6
    discriminator_learning_rate: float = 1e-4
    annealed_gamma: float = 1000.0
    annealed_warmup: float = 1 / 3

    def __post_init__(self):
        _choose("training.source", self.source, ("rendered", "original"))
        _choose("training.side", self.side, (64, 32, 16))
        _choose("training.network", self.network, ("mlp", "conv"))
        if self.network == "conv" and self.side != 64:
            raise ValueError(
                f'training.network = "conv" is made for side = 64, got side = {self.side}; take '
                'network = "mlp" for smaller pictures'
            )
        if (self.network == "mlp") != bool(self.hidden):
            raise ValueError(
                f'training.hidden names the units of the layers of network = "mlp", got '
                f"hidden = {list(self.hidden)} with network = {self.network!r}"
            )
        _positive(self, "training")
        if self.pictures < self.batch_size:
            raise ValueError(
                f"training.pictures = {self.pictures} are fewer than a batch, "
                f"training.batch_size = {self.batch_size}"
            )


@dataclass(frozen=True)
class Scoring:
    """How every model of a study is scored. All models of a data set see the same samples.

    Attributes
    ----------
    seed : draws the samples.
    n_train, n_test : codes that the metrics fit on and are judged by.
    votes_train, votes_test, vote_size : the same of BetaVAE and FactorVAE scores, and the pictures
        (of BetaVAE: pairs) in a vote.
    dci_train, dci_estimator : codes that DCI's trees fit on, and which trees.
    downstream_few, downstream_many : numbers of labels of the downstream tasks.
    downstream_trees, downstream_logistic : which trees and which logistic regression learn them.
    evaluated : pictures that reconstruction, KL and the agreement across seeds (UDR) are
        measured on.
    whole_grid : whether each model encodes all combinations of factors once, for the metrics to
        look up (quick for many votes); else the votes' pictures are drawn.
    """

    seed: int = 0
    n_train: int = 10_000
    n_test: int = 5_000
    votes_train: int = 10_000
    votes_test: int = 5_000
    vote_size: int = 64
    dci_train: int = 10_000
    dci_estimator: str = "boosting"
    downstream_few: int = 100
    downstream_many: int = 10_000
    downstream_trees: str = "boosting"
    downstream_logistic: str = "logistic"
    evaluated: int = 10_000
    whole_grid: bool = True

    def __post_init__(self):
        _positive(self, "scoring", but=("seed", "whole_grid"))
        _choose("scoring.dci_estimator", self.dci_estimator, DCI_ESTIMATORS)
        _choose("scoring.downstream_trees", self.downstream_trees, DOWNSTREAM_TREES)
        _choose("scoring.downstream_logistic", self.downstream_logistic, ("logistic", "untuned"))
        most = max(self.dci_train, self.downstream_many)
        if most > self.n_train:
            raise ValueError(
                f"scoring.n_train = {self.n_train} are fewer than the {most} that "
                "scoring.dci_train or scoring.downstream_many ask for"
            )


@dataclass(frozen=True)
class Model:
    """One model of a study."""

    data_set: str
    method: str
    strength: float
    seed: int


@dataclass(frozen=True)
class Design:
    """A study: every data set × method × strength × seed.

    Attributes
    ----------
    name : of the preset or the file that it came from.
    data_sets : names from `dvae data list`.
    strengths : method → the values of its hyper-parameter.
    seeds : the models' seeds: of weights, batches and noise.
    seeds_together : how many seeds of all strengths of a method are trained in one batched pass;
        `seeds` must be whole blocks of as many.
    training, scoring : with which numbers.
    """

    name: str
    data_sets: tuple[str, ...] = DATA_SETS
    strengths: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: GRIDS)
    seeds: tuple[int, ...] = tuple(range(50))
    seeds_together: int = 1
    training: Training = field(default_factory=Training)
    scoring: Scoring = field(default_factory=Scoring)

    def __post_init__(self):
        for data_set in self.data_sets:
            _choose("data_sets", data_set, DATA_SETS)
        for method, strengths in self.strengths.items():
            _choose("strengths", method, tuple(GRIDS))
            _distinct(f"strengths.{method}", strengths)
        for name in ("data_sets", "seeds"):
            _distinct(name, getattr(self, name))
        if not self.strengths:
            raise ValueError("strengths names no method; a study needs at least one")
        if min(self.seeds) < 0 or self.seeds_together < 1:
            raise ValueError(
                f"seeds must be at least 0 and seeds_together at least 1, got seeds from "
                f"{min(self.seeds)} and seeds_together = {self.seeds_together}"
            )
        cut = [block for block in self.blocks if len(block) < self.seeds_together]
        if cut:
            first = cut[0][0] // self.seeds_together * self.seeds_together
            raise ValueError(
                f"seeds {first} to {first + self.seeds_together - 1} are trained together "
                f"(seeds_together = {self.seeds_together}): list all of them or none, got only "
                f"{list(cut[0])}"
            )

    def __len__(self) -> int:
        """The number of models."""
        settings = sum(map(len, self.strengths.values()))
        return len(self.data_sets) * settings * len(self.seeds)

    @property
    def blocks(self) -> list[tuple[int, ...]]:
        """The seeds that are trained together, always the same ones: 0 and 1, 2 and 3, …

        What a model is trained beside changes the last digits of its sums, and training makes last
        digits grow.
        """
        together = groupby(sorted(self.seeds), lambda seed: seed // self.seeds_together)
        return [tuple(block) for _, block in together]

    @property
    def models(self) -> Iterator[Model]:
        """All models, data sets slowest, then settings, then seeds.

        Of the preset `paper` they are in the order of the released models: their `model_num`.
        """
        for data_set in self.data_sets:
            for method, strengths in self.strengths.items():
                for strength in strengths:
                    for seed in self.seeds:
                        yield Model(data_set, method, float(strength), seed)

    @property
    def hash(self) -> str:
        """Of all that decides a row besides its model: same hash and model, same row.

        Data sets, strengths and seeds are not in it: a design that lists more of them goes on with
        the rows that are there.
        """
        parts = asdict(self.training), asdict(self.scoring)
        decisive = [REVISION, self.seeds_together, *parts]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]

    def restricted(
        self,
        data_sets: tuple[str, ...] | None = None,
        methods: tuple[str, ...] | None = None,
        seeds: tuple[int, ...] | None = None,
    ) -> Design:
        """The same design for these data sets, methods and seeds (`None`: as it is)."""
        for method in methods or ():
            _choose("methods", method, tuple(self.strengths))
        chosen = {m: self.strengths[m] for m in methods or self.strengths}
        return replace(
            self,
            data_sets=data_sets or self.data_sets,
            strengths=chosen,
            seeds=self.seeds if seeds is None else seeds,
        )


def _choose(key: str, value: object, choices: tuple) -> None:
    if value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{key} must be one of {known}; got {value!r}")


def _distinct(key: str, values: tuple) -> None:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{key} must list at least one value and none twice, got {list(values)}")


def _positive(part: Training | Scoring, table: str, but: tuple[str, ...] = ()) -> None:
    for name, value in asdict(part).items():
        numbers = value if isinstance(value, tuple) else (value,)
        bad = [n for n in numbers if not isinstance(n, str) and not n > 0]
        if bad and name not in but:
            raise ValueError(f"{table}.{name} must be positive, got {value!r}")
