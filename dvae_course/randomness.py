"""Random numbers that depend on a seed alone: not on threads, batch neighbours or global state.

A model trained beside 74 others must see the very numbers that it would see alone. So each model
owns a NumPy generator, and a `Streams` object draws from all of them at once, stacking the results
along the leading model axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor


def generator(seed: int, purpose: str) -> np.random.Generator:
    """The stream of `seed` for one purpose ("init", "train", …): streams never overlap."""
    if seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed}")
    return np.random.default_rng([seed, *purpose.encode()])


class Streams:
    """One random stream, or one per model of a stack; draws have shape `(*models, *shape)`.

    Parameters
    ----------
    generators : a `numpy.random.Generator` (a single model, no model axis) or a list of them (a
        stack of models, one each).
    """

    def __init__(self, generators: np.random.Generator | Sequence[np.random.Generator]):
        self.single = isinstance(generators, np.random.Generator)
        self.generators = [generators] if self.single else list(generators)

    @classmethod
    def of(cls, source: int | np.random.Generator | Streams, purpose: str = "draws") -> Streams:
        """`source` as streams: a seed, a generator, or streams already."""
        if isinstance(source, Streams):
            return source
        if isinstance(source, np.random.Generator):
            return cls(source)
        return cls(generator(source, purpose))

    @classmethod
    def of_seeds(cls, seeds: Sequence[int], purpose: str) -> Streams:
        """One stream a seed, for a stack of models."""
        return cls([generator(seed, purpose) for seed in seeds])

    def _draw(self, one: Callable[[np.random.Generator], np.ndarray]) -> np.ndarray:
        if self.single:
            return one(self.generators[0])
        return np.stack([one(g) for g in self.generators])

    def normal(self, *shape: int, like: Tensor) -> Tensor:
        """Standard normal numbers in the dtype and on the device of `like`."""
        double = like.dtype == torch.float64
        drawn = self._draw(
            lambda g: g.standard_normal(shape, dtype=np.float64 if double else np.float32)
        )
        return torch.from_numpy(drawn).to(like)

    def uniform(self, *shape: int, like: Tensor) -> Tensor:
        """Uniform numbers in [0, 1) in the dtype and on the device of `like`."""
        return torch.from_numpy(self._draw(lambda g: g.random(shape))).to(like)

    def student_t(self, *shape: int, nu: Tensor) -> Tensor:
        """Student-t numbers, shape `(*nu.shape, *shape)`: one `nu` a model."""
        degrees = nu.detach().cpu().double().reshape(-1).tolist()
        pairs = zip(self.for_models(len(degrees)), degrees, strict=True)
        drawn = np.stack([g.standard_t(df, shape) for g, df in pairs])
        return torch.from_numpy(drawn.reshape(*nu.shape, *shape)).to(nu)

    def for_models(self, models: int) -> list[np.random.Generator]:
        """A generator for each of so many models; a single stream serves them one after another."""
        return self.generators * models if self.single else self.generators

    def integers(self, high: int, *shape: int) -> Tensor:
        """Integers in [0, high)."""
        return torch.from_numpy(self._draw(lambda g: g.integers(high, size=shape)))

    def permutations(self, n: int, count: int) -> Tensor:
        """`count` independent permutations of 0 … n−1, as columns: shape `(*models, n, count)`."""
        return torch.from_numpy(self._draw(lambda g: np.argsort(g.random((n, count)), axis=0)))

    def state(self) -> list[dict]:
        """What `restore` needs to go on from here."""
        return [g.bit_generator.state for g in self.generators]

    def restore(self, state: list[dict]) -> None:
        """Go on from a `state()`."""
        for g, s in zip(self.generators, state, strict=True):
            g.bit_generator.state = s
