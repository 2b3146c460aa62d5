"""What metrics share that fit a predictor to each factor: its inputs, and many fits at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from dvae_course.metrics.split import Split

Item, Result = TypeVar("Item"), TypeVar("Result")


def live_codes(
    split: Split,
) -> tuple[Float[np.ndarray, "n_train inputs"], Float[np.ndarray, "n_test inputs"]]:
    """The live codes to train and to test on; a column of zeros if there is none."""
    if split.live.any():
        return split.train_codes[:, split.live], split.test_codes[:, split.live]
    return np.zeros((len(split.train_codes), 1)), np.zeros((len(split.test_codes), 1))


def in_parallel(
    work: Callable[[Item], Result], items: Sequence[Item], n_jobs: int, name: str, progress: bool
) -> list[Result]:
    """`work` of each item, in order, by `n_jobs` processes (-1: all cores), with a bar.

    Each item is worked on by one thread, for a sum depends on the number of threads that share it.
    """
    results = Parallel(n_jobs, return_as="generator")(
        delayed(_on_one_thread)(work, item) for item in items
    )
    return list(tqdm(results, name, len(items), disable=not progress, leave=False))


def _on_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    with threadpool_limits(1):
        return work(item)
