"""A study run to its end: what is left is found, shared among processes, and written as it comes.

Any number of runs may work on one store at a time: each takes what no other has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from dvae_course.study.cluster import on_cluster, workers_for
from dvae_course.study.design import Design
from dvae_course.study.runner import Batch, batches, train_and_score
from dvae_course.study.store import Store


def run(
    design: Design,
    out: str | Path,
    scheduler: Any = None,
    workers: int | None = None,
    progress: bool = True,
) -> Store:
    """Train and score all models of a design whose rows are not in the store yet.

    Stopped at any moment, it loses the batches that it was at, and the next run goes on with them.
    The rows of a model do not depend on what it was run beside.

    Parameters
    ----------
    design : what to train; a preset out of `presets.PRESETS`, `presets.find(name)`, or your own.
    out : the store's folder, made if it is not there.
    scheduler : `None` for this machine without Dask; the address of a Dask scheduler
        ("tcp://10.0.0.1:8786"), a scheduler file ("scheduler.json"), a `distributed.Client`; or
        "local:N" for N Dask workers on this machine.
    workers : processes of this machine, each with one thread of its own; by default one for each
        core. A scheduler has its own.
    progress : whether to show a bar of the models, with an estimate of what remains.

    Returns
    -------
    The store; `load(out)` gives its rows.

    Raises
    ------
    ValueError : a store with a damaged file, fewer than one worker, a number of workers beside a
        scheduler; and what `cluster.workers_for` and `cluster.on_cluster` raise.
    """
    if scheduler is not None and workers is not None:
        raise ValueError(
            f"workers is for this machine, got {workers} beside the scheduler {scheduler!r}, which "
            "has its own; leave one out, or take the scheduler local:N"
        )
    workers = workers or os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    store = Store(Path(out).absolute())
    left = batches(design, store.finished(design.hash), store.pictures)
    total = sum(len(batch.models) for batch in left)
    hidden = not progress or os.environ.get("TQDM_DISABLE") == "1"
    with ExitStack() as until_the_end:
        if scheduler is None:
            work = on_this_machine(store, left, min(workers, max(1, len(left))))
        else:
            client = until_the_end.enter_context(workers_for(left, scheduler))
            work = on_cluster(store, left, client)
        until_the_end.enter_context(closing(work))
        with tqdm(total=total, desc=design.name, unit=" models", disable=hidden) as bar:
            for batch in work:
                bar.update(len(batch.models))
    return store


def on_this_machine(store: Store, left: Sequence[Batch], workers: int) -> Iterator[Batch]:
    """The batches, each when it is finished or found to be another run's."""
    work = (delayed(finish)(store, batch) for batch in left)
    yield from Parallel(workers, return_as="generator_unordered", batch_size=1)(work)


def finish(store: Store, batch: Batch) -> Batch:
    """Train, score and write a batch, unless another run is at it or has done it."""
    with store.claimed(batch.key) as ours:
        if ours:
            store.append(batch.key, train_and_score(batch))
    return batch
