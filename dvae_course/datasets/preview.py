"""A look at a data set: for each factor, pictures in which that one changes and nothing else."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from dvae_course.datasets.factors import FactorDataset
from dvae_course.datasets.fashion_mnist import FashionMNIST
from dvae_course.randomness import generator

Pictures = Float32[np.ndarray, "n channels height width"]


def contact_rows(
    data: FactorDataset | FashionMNIST, columns: int = 12, seed: int = 0
) -> dict[str, Pictures]:
    """Rows of at most `columns` pictures in [0, 1], by their labels.

    Of a grid of factors, one row a factor, see `factor_rows`; of Fashion-MNIST, one row a class.
    Raises `ValueError` for less than one column.
    """
    if columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")
    rows = class_rows if isinstance(data, FashionMNIST) else factor_rows
    return rows(data, columns, seed)


def factor_rows(data: FactorDataset, columns: int, seed: int) -> dict[str, Pictures]:
    """For each factor, pictures at values spread evenly from its first to its last.

    `seed` draws one combination of factors, from which each row sets out, and one nuisance (noise,
    instance, background), the same in all pictures: along a row nothing but its factor changes.
    """
    start = data.sample_factors(1, seed)
    rows = {}
    for factor, (name, size) in enumerate(zip(data.factor_names, data.factor_sizes, strict=True)):
        values = np.linspace(0, size - 1, min(columns, size)).round().astype(np.int64)
        factors = np.repeat(start, len(values), axis=0)
        factors[:, factor] = values
        pictures = [data.observe(one, seed).numpy() for one in np.split(factors, len(factors))]
        rows[f"{name.replace('_', ' ')} ({size} values)"] = np.concatenate(pictures)
    return rows


def class_rows(data: FashionMNIST, columns: int, seed: int) -> dict[str, Pictures]:
    """For each class, pictures of it drawn at random."""
    rng, rows, labels = generator(seed, "preview"), {}, data.labels.numpy()
    for label, name in enumerate(data.class_names):
        members = np.flatnonzero(labels == label)
        chosen = rng.choice(members, min(columns, len(members)), replace=False)
        rows[f"{name} ({len(members)} pictures)"] = data.images.numpy()[chosen][:, None]
    return rows
