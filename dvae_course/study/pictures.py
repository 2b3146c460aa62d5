"""The pictures of a data set at a study's size: to train on, and of every combination of factors.

Drawing is dear and every batch of models needs the same pictures, so they are drawn once, kept as
bytes in a folder, and mapped into the memory of every process that asks.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor
from torch.nn.functional import avg_pool2d

from dvae_course.datasets import Cars3D, DSprites, FactorDataset, Shapes3D, SmallNORB
from dvae_course.datasets.factors import Factors
from dvae_course.randomness import generator

BLOCK = 4096
MOST_BYTES = 2**30  # a grid that takes more is drawn again whenever it is needed


class Reduced(FactorDataset):
    """A data set whose pixels are the means of blocks of another's: `side` of them along a side."""

    def __init__(self, data: FactorDataset, side: int):
        self.data, self.source = data, data.source
        self.factor_names, self.factor_sizes = data.factor_names, data.factor_sizes
        self.shape = (data.shape[0], side, side)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        pictures = self.data.observe(factors, rng)
        return avg_pool2d(pictures, self.data.shape[-1] // self.shape[-1]).numpy()


def open_data_set(name: str, source: str, side: int) -> FactorDataset:
    """One of the study's seven, with `side` pixels along a side."""
    if name.endswith("dsprites"):
        variant = name.removesuffix("dsprites").rstrip("-") or "plain"
        return DSprites(variant, source, side)
    if name == "shapes3d":
        return Shapes3D(source, side=side)
    data = {"cars3d": Cars3D, "smallnorb": SmallNORB}[name](source)
    return data if side == data.shape[-1] else Reduced(data, side)


@dataclass(frozen=True, eq=False)
class Pictures:
    """A data set's pictures, each drawn once.

    Parameters
    ----------
    name : of the data set, with its source and side: names the files too.
    data : what draws them.
    folder : where they are kept.
    """

    name: str
    data: FactorDataset
    folder: Path

    @classmethod
    def of(cls, name: str, source: str, side: int, folder: Path) -> Pictures:
        """The pictures of a data set of the study."""
        return cls(f"{name}-{source}-{side}", open_data_set(name, source, side), folder)

    def to_train_on(self, n: int) -> Float32[Tensor, "n channels side side"]:
        """`n` pictures of factors drawn uniformly, each with its own nuisances.

        Of a data set that has no more than `n` pictures, each of them once.
        """
        if self.has_nuisances or len(self.data) > n:
            kept = self._kept(f"{self.name}-train-{n}", n, self._drawn)
            return torch.from_numpy(np.array(kept)).float().div_(255)
        return torch.cat(list(self.grid()))

    @property
    def has_nuisances(self) -> bool:
        """Whether a combination of factors has more than one picture."""
        factors = self.data.factors_at(np.zeros(8, np.int64))
        pictures = self.data.observe(factors)
        return not bool((pictures == pictures[0]).all())

    def grid(self) -> Iterator[Float32[Tensor, "n channels side side"]]:
        """The pictures of all combinations of factors in the grid's order, a block at a time."""
        count = len(self.data)
        starts = range(0, count, BLOCK)
        if count * np.prod(self.data.shape) > MOST_BYTES:
            yield from (self._block(start).float() / 255 for start in starts)
            return
        kept = self._kept(f"{self.name}-grid", count, self._block)
        for start in starts:
            yield torch.from_numpy(np.array(kept[start : start + BLOCK])).float().div_(255)

    def _drawn(self, start: int) -> Tensor:
        rng = generator(start, "study pictures")
        return _bytes(self.data.observe(self.data.sample_factors(BLOCK, rng), rng))

    def _block(self, start: int) -> Tensor:
        rng = generator(start, "study grid")
        index = np.arange(start, min(start + BLOCK, len(self.data)))
        return _bytes(self.data.observe(self.data.factors_at(index), rng))

    def _kept(
        self, name: str, count: int, block: Callable[[int], Tensor]
    ) -> UInt8[np.ndarray, "n channels side side"]:
        """The pictures in the file of that name, which the first who needs it draws."""
        path = self.folder / f"{name}.npy"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{name}.lock"):
            if not path.exists():
                unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
                _write(unfinished, (count, *self.data.shape), block)
                unfinished.replace(path)
        return np.load(path, mmap_mode="r")


@dataclass(eq=False)
class Remembered(FactorDataset):
    """A data set that gives the same pictures again when the same factors are asked for again.

    The metrics of one seed ask for the same factors of every model, so that each picture is drawn
    once for all of them.
    """

    data: FactorDataset
    seen: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self):
        self.factor_names, self.factor_sizes = self.data.factor_names, self.data.factor_sizes
        self.shape, self.source = self.data.shape, self.data.source

    def observe(
        self, factors: Int64[np.ndarray, "n factors"], seed: int | np.random.Generator = 0
    ) -> Float32[Tensor, "n channels side side"]:
        """The pictures of these factors; `seed` draws what is no factor, the first time only."""
        key = zlib.crc32(factors.tobytes())
        if key not in self.seen:
            self.seen[key] = self.data.observe(factors, seed)
        return self.seen[key]


def _bytes(pictures: Float32[Tensor, "*pictures"]) -> UInt8[Tensor, "*pictures"]:
    return pictures.mul(255).round().to(torch.uint8)


def _write(path: Path, shape: tuple[int, ...], block: Callable[[int], Tensor]) -> None:
    kept = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for start in range(0, shape[0], BLOCK):
        rows = block(start)[: shape[0] - start]
        kept[start : start + BLOCK] = rows.numpy()
    kept.flush()
