"""The data sets by name: what each is, where it is published, and how to open it.

The seven of the study of Locatello et al. (2019), and Fashion-MNIST.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dvae_course.datasets import cars3d, dsprites, scream, shapes3d, smallnorb
from dvae_course.datasets.download import Source
from dvae_course.datasets.factors import FactorDataset
from dvae_course.datasets.fashion_mnist import SOURCE as FASHION_MNIST
from dvae_course.datasets.fashion_mnist import FashionMNIST, fashion_mnist


@dataclass(frozen=True)
class Entry:
    """One data set.

    Attributes
    ----------
    name, what : how it is called, and what its pictures show.
    pictures : how many were published.
    factors : the number of values of each factor, by name; empty if it has labels only.
    published : where the files of the original are to be had.
    megabytes : how many (of 10⁶ bytes) are to be downloaded, about; `None` if we do not know.
    sources : what it can be opened from, first choice first: "rendered", "original".
    opener : called with one of `sources`, opens it; use `open`.
    """

    name: str
    what: str
    pictures: int
    factors: Mapping[str, int]
    published: tuple[Source, ...]
    megabytes: int | None
    sources: tuple[str, ...]
    opener: Callable[[str], FactorDataset | FashionMNIST]

    def open(self, source: str | None = None) -> FactorDataset | FashionMNIST:
        """The data set from `source`, by default the first of `sources`.

        Raises `ValueError` for a source that it has not, or a damaged file, and `DataUnavailable`
        if the original's files are nowhere to be had.
        """
        if source is not None and source not in self.sources:
            known = " or ".join(self.sources)
            raise ValueError(f"the source of {self.name} must be {known}, got {source!r}")
        return self.opener(source or self.sources[0])


def find(name: str) -> Entry:
    """The data set called `name`. Raises `ValueError` with all names for an unknown one."""
    if name not in CATALOGUE:
        raise ValueError(
            f"There is no data set {name!r}. The data sets are: {', '.join(CATALOGUE)}."
        )
    return CATALOGUE[name]


def _on_grid(
    name: str,
    what: str,
    kind: type[FactorDataset],
    megabytes: int | None,
    *published: Source,
    instances: int = 1,
    **options: str,
) -> Entry:
    def opener(source: str) -> FactorDataset:
        return kind(source=source, **options)

    factors = dict(zip(kind.factor_names, kind.factor_sizes, strict=True))
    count = instances * math.prod(kind.factor_sizes)
    return Entry(name, what, count, factors, published, megabytes, ("rendered", "original"), opener)


def _sprites(name: str, what: str, variant: str, *more: Source) -> Entry:
    sprites = (dsprites.SOURCE, *more)
    return _on_grid(name, what, dsprites.DSprites, 27, *sprites, variant=variant)


_ENTRIES = (
    _sprites("dsprites", "white shapes on black", "plain"),
    _sprites("color-dsprites", "shapes in one random colour each", "color"),
    _sprites("noisy-dsprites", "white shapes in coloured noise", "noisy"),
    _sprites("scream-dsprites", "shapes hidden in a painting", "scream", scream.SOURCE),
    _on_grid(
        "shapes3d", "a solid in a room, in three hues", shapes3d.Shapes3D, 268, shapes3d.SOURCE
    ),
    _on_grid("cars3d", "cars from all sides", cars3d.Cars3D, None, cars3d.SOURCE),
    _on_grid(
        "smallnorb",
        "toys under lamps, in grey",
        smallnorb.SmallNORB,
        263,
        smallnorb.SOURCE,
        instances=smallnorb.SmallNORB.instances,
    ),
    Entry(
        "fashion-mnist",
        "clothes in ten classes, in grey",
        70_000,
        {},
        (FASHION_MNIST,),
        31,
        ("original",),
        lambda source: fashion_mnist("test"),
    ),
)
CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
