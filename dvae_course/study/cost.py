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
from dvae_course.study import models
from dvae_course.study.design import Design, Scoring, Training
from dvae_course.study.pictures import open_data_set
from dvae_course.study.scoring import ENCODED, TOGETHER, encoded_grid, scores_of_representation
from dvae_course.training import fit_many

LONG_ENOUGH = 0.5  # seconds that a measurement of steps takes at least
SLOW = "boosting"  # trees that take minutes: measured on a part of the codes
PART = 20


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
    """Encoding what the metrics look at, and the metrics of both representations, of one model."""
    vaes = [models.vae(setting, seed, shape) for seed in range(TOGETHER)]
    sample = _noise(2 * ENCODED, shape)
    each = _seconds(lambda: encoded_grid(vaes, [sample], len(sample), 0)) / len(sample) / TOGETHER
    votes = scoring.votes_train + scoring.votes_test
    drawn = 3 * votes * scoring.vote_size + scoring.n_train + scoring.n_test
    encoded = math.prod(factor_sizes) if scoring.whole_grid else 2 * drawn
    part = PART if SLOW in (scoring.dci_estimator, scoring.downstream_trees) else 1
    codes = np.random.default_rng(0).standard_normal(
        (math.prod(factor_sizes), setting.latent_dim), np.float32
    )
    table = Representation(factor_sizes, Table(factor_sizes, codes))
    active = np.ones(setting.latent_dim, bool)
    smaller = _part_of(scoring, part)
    metrics = sum(
        _seconds(lambda t=tasks: scores_of_representation(table, active, smaller, t))
        for tasks in (True, False)
    )
    return each * encoded + part * metrics


def _part_of(scoring: Scoring, part: int) -> Scoring:
    """The scoring with a fraction of its codes and votes, and as many as its factors need."""
    names = ("n_train", "n_test", "votes_train", "votes_test", "dci_train", "downstream_many")
    fewer = {name: max(100, getattr(scoring, name) // part) for name in names}
    few = min(scoring.downstream_few, fewer["downstream_many"] // 2)
    return replace(scoring, **fewer, downstream_few=few) if part > 1 else scoring


def _noise(n: int, shape: tuple[int, int, int]) -> Float32[Tensor, "n channels side side"]:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
