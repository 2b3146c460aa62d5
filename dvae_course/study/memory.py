"""How much memory a batch of a study takes: what a worker must have to be sent one.

An estimate of the peak out of the design's shapes, above what is measured rather than below it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor, nn

from dvae_course.study import models
from dvae_course.study.design import Scoring, Training
from dvae_course.study.pictures import MOST_BYTES, open_data_set
from dvae_course.study.runner import Batch
from dvae_course.study.scoring import ENCODED, TOGETHER
from dvae_course.vae import VAE

FLOAT = 4
LIBRARIES = 900 * 2**20  # Python, torch, scikit-learn, polars, Dask, and what malloc holds back
OF_A_WEIGHT = 4  # itself, its gradient, Adam's two moments
OF_A_VALUE = 12  # bytes of a pixel: a float, the byte that it is kept as, copies on the way


def peak_bytes(batch: Batch) -> int:
    """The most that a process holds while it trains and scores a batch."""
    setting = (batch.training, batch.scoring, batch.data_set, batch.method)
    return _peak_bytes(*setting, batch.models[0].strength, len(batch.models))


def seeds_that_fit(batch: Batch, available: float) -> int:
    """How many of the batch's seeds, trained together, take no more bytes; 0 if not even one's.

    Only numbers that divide the batch's, as the design's blocks must stay whole.
    """
    seeds = sorted({model.seed for model in batch.models})
    for count in range(len(seeds), 0, -1):
        kept = tuple(model for model in batch.models if model.seed in seeds[:count])
        if len(seeds) % count == 0 and peak_bytes(replace(batch, models=kept)) <= available:
            return count
    return 0


@lru_cache
def _peak_bytes(
    setting: Training, scoring: Scoring, data_set: str, method: str, strength: float, count: int
) -> int:
    data = open_data_set(data_set, "rendered", setting.side)
    design = models.design(setting, method, strength, 0, data.shape)
    weights = sum(p.numel() for part in (design.vae, design.objective) for p in part.parameters())
    all_layers, largest = activations(design.vae)
    training = count * OF_A_WEIGHT * FLOAT * weights
    training += 3 * count * setting.batch_size * all_layers
    training += OF_A_VALUE * setting.pictures * math.prod(data.shape)
    group = min(count, TOGETHER)
    evaluating = scoring.evaluated * (3 * largest + 2 * FLOAT * math.prod(data.shape))
    encoding = 3 * ENCODED * group * largest + _codes(setting, scoring, data, group)
    return LIBRARIES + max(training, count * FLOAT * weights + max(evaluating, encoding))


def _codes(setting: Training, scoring: Scoring, data, group: int) -> int:
    """What the metrics look codes up in: a table of the grid, or the pictures that they ask for."""
    if scoring.whole_grid:
        grid = len(data) * math.prod(data.shape)
        kept = grid if grid <= MOST_BYTES else 0
        return kept + 2 * group * len(data) * setting.latent_dim * FLOAT
    votes = scoring.votes_train + scoring.votes_test
    drawn = 3 * votes * scoring.vote_size + scoring.n_train + scoring.n_test
    return drawn * math.prod(data.shape) * FLOAT


@torch.no_grad()
def activations(vae: VAE) -> tuple[int, int]:
    """Bytes of all layers' outputs for one picture, and of the largest layer's input and output."""
    sizes: list[tuple[int, int]] = []

    def note(layer: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        tensors = [t for t in (*inputs, output) if isinstance(t, Tensor)]
        if isinstance(output, Tensor):
            sizes.append((output.nbytes, sum(t.nbytes for t in tensors)))

    layers = [module for module in vae.modules() if not list(module.children())]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    vae(torch.zeros(1, *vae.data_shape))
    for hook in hooks:
        hook.remove()
    outputs, both = zip(*sizes, strict=True)
    return sum(outputs), max(both)
