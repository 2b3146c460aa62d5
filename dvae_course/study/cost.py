"""What a study would cost on this machine: a measured step and a measured scoring, many times.

Measured on noise and untrained networks, which take as long as pictures and trained ones.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float32
from threadpoolctl import threadpool_limits
from torch import Tensor

from dvae_course.metrics.representation import Representation, Table
from dvae_course.metrics.trees import boosting
from dvae_course.representations import KINDS
from dvae_course.study import models
from dvae_course.study.design import Design, Scoring, Training
from dvae_course.study.pictures import open_data_set
from dvae_course.study.scoring import ENCODED, TOGETHER, encoded_grid, scores_of_representation
from dvae_course.training import fit_many

LONG_ENOUGH = 0.5  # seconds that a measurement of steps takes at least
FEW = 64  # pictures that a convolution is timed on
QUICK = {  # stand in for gradient boosting and cross-validation, which take minutes
    "dci_estimator": "tree",
    "downstream_trees": "small_forest",
    "downstream_logistic": "untuned",
}


@dataclass(frozen=True)
class Cost:
    """Seconds of one core.

    Attributes
    ----------
    data_set, method : of what.
    models : how many.
    training, scoring : of one model.
    """

    data_set: str
    method: str
    models: int
    training: float
    scoring: float

    @property
    def seconds(self) -> float:
        """Of all its models."""
        return self.models * (self.training + self.scoring)


def costs(design: Design) -> Iterator[Cost]:
    """What each data set and method of the design would cost, each number measured once."""
    block = len(design.blocks[0])
    with threadpool_limits(1):
        torch.set_num_threads(1)
        for name in design.data_sets:
            data = open_data_set(name, "rendered", design.training.side)
            score = scoring_seconds(design.training, design.scoring, data.shape, data.factor_sizes)
            for method, strengths in design.strengths.items():
                step = step_seconds(design.training, method, strengths, block, data.shape)
                count = len(strengths) * len(design.seeds)
                yield Cost(name, method, count, step * design.training.steps, score)


@lru_cache
def step_seconds(
    setting: Training,
    method: str,
    strengths: tuple[float, ...],
    seeds: int,
    shape: tuple[int, int, int],
) -> float:
    """A training step of one model, in a batch of all strengths and so many seeds."""
    designs = [
        models.design(setting, method, strength, seed, shape)
        for seed in range(seeds)
        for strength in strengths
    ]
    data = _noise(2 * setting.batch_size, shape).reshape(-1, *designs[0].vae.data_shape)

    def train(steps: int) -> Callable[[], object]:
        return lambda: fit_many(designs, data, steps, batch_size=setting.batch_size, progress=False)

    _seconds(train(1))
    one = _seconds(train(1))
    steps = max(2, math.ceil(LONG_ENOUGH / one))
    return _seconds(train(steps)) / steps / len(designs)


@lru_cache
def scoring_seconds(
    setting: Training,
    scoring: Scoring,
    shape: tuple[int, int, int],
    factor_sizes: tuple[int, ...],
) -> float:
    """Encoding what the metrics look at, and the metrics of both representations, of one model.

    The cross-validation of the published logistic regression counts as one fit only.
    """
    rng, grid = np.random.default_rng(0), math.prod(factor_sizes)
    codes = rng.standard_normal((grid, setting.latent_dim), np.float32)
    table = Representation(factor_sizes, Table(factor_sizes, codes))
    active = np.ones(setting.latent_dim, bool)
    quick = replace(scoring, **QUICK) if scoring.dci_estimator == "boosting" else scoring
    metrics = sum(
        _seconds(lambda t=tasks: scores_of_representation(table, active, quick, t))
        for tasks in (True, False)
    )
    votes = (scoring.votes_train + scoring.votes_test) * scoring.vote_size
    drawn = len(KINDS) * (3 * votes + scoring.n_train + scoring.n_test)
    encoded = grid if scoring.whole_grid else drawn
    slow = boosting_seconds(scoring, sum(factor_sizes), codes[: scoring.n_train])
    return encoded * encoding_seconds(setting, shape) + metrics + slow


def encoding_seconds(setting: Training, shape: tuple[int, int, int]) -> float:
    """Both codes of one picture by one model."""
    vaes = [models.vae(setting, seed, shape) for seed in range(TOGETHER)]
    sample = _noise(ENCODED if setting.network == "mlp" else FEW, shape)
    return _seconds(lambda: encoded_grid(vaes, [sample], len(sample), 0)) / len(sample) / TOGETHER


def boosting_seconds(
    scoring: Scoring, values: int, codes: Float32[np.ndarray, "n latent"]
) -> float:
    """What gradient boosting takes for factors with so many values in all.

    It makes a tree a value and round: timed for one value, and multiplied.
    """
    fitted = len(KINDS) * scoring.dci_train * (scoring.dci_estimator == "boosting")
    labels = scoring.downstream_few + scoring.downstream_many
    fitted += labels * (scoring.downstream_trees == "boosting")
    if not fitted:
        return 0.0
    chosen = codes[: 10 * FEW]
    labels = chosen[:, 0] > 0
    return _seconds(lambda: boosting(2, 0).fit(chosen, labels)) / len(chosen) * fitted * values


def _noise(n: int, shape: tuple[int, int, int]) -> Float32[Tensor, "n channels side side"]:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
