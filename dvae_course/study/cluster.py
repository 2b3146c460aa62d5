"""A study on `dask.distributed`: workers train and score, this process alone writes to the store.

A worker needs the package, and neither the store nor a common folder: batches travel there, rows
travel back. Dask is imported when it is asked for.
"""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from dvae_course.study.design import Model
from dvae_course.study.memory import peak_bytes, seeds_that_fit
from dvae_course.study.runner import Batch, code_version, train_and_score
from dvae_course.study.store import Store

CONNECTING = 5  # seconds that a scheduler may take to answer
LOOKING = 2  # seconds after which new workers are noticed
LOCAL_FAILURES = 1  # times that a batch may cost a worker of this machine its life
ENVIRONMENT = "distributed.nanny.pre-spawn-environ"
LOCAL = {  # Dask has workers give freed memory back at once, which is slow (benchmarks/cluster.py)
    "distributed.scheduler.allowed-failures": LOCAL_FAILURES,
    f"{ENVIRONMENT}.MALLOC_TRIM_THRESHOLD_": 2**28,
    f"{ENVIRONMENT}.MALLOC_MMAP_THRESHOLD_": 2**25,
}
USABLE = 0.8  # of a worker's memory: above it Dask starts no more work there
GB = 1e9


class UnfinishedStudy(RuntimeError):
    """Some batches failed; all others are in the store.

    Attributes
    ----------
    failures : what each failed batch held, and why it failed.
    """

    def __init__(self, failures: Mapping[str, str]):
        self.failures = failures
        lines = [f"  {batch}: {reason}" for batch, reason in failures.items()]
        super().__init__(
            "\n".join([f"{len(lines)} of the batches failed:", *lines])
            + "\nAll others are in the store. The same command tries these again, and nothing else."
        )


@contextmanager
def workers_for(left: Sequence[Batch], scheduler: Any) -> Iterator[Any]:
    """A client of a scheduler whose workers can do what is left.

    Raises
    ------
    ImportError : without the extra `study`.
    ValueError : an address that is none; workers with other code, too many threads, or too little
        memory.
    OSError : a scheduler that does not answer.
    """
    with connected(scheduler) as client:
        if left:
            check_workers(client, left)
        yield client


def on_cluster(store: Store, left: Sequence[Batch], client: Any) -> Iterator[Batch]:
    """The batches, each when its rows are written, or it failed, or it is found to be another's.

    As many are on their way as there are workers, so that a worker that dies takes no other batch
    with it. Stopped at any moment, nothing is left on the scheduler and no claim is held.

    Raises
    ------
    OSError : a scheduler that no longer answers.
    UnfinishedStudy : at the end, if batches failed.
    """
    failures: dict[str, str] = {}
    waiting, sent = deque(left), {}
    with on_the_way(client, sent):
        while waiting or sent:
            yield from send(client, store, waiting, sent)
            for future in done(sent):
                batch, claim = sent.pop(future)
                with claim:
                    reason = written(store, batch, future)
                if reason:
                    failures[described(batch.models)] = reason
                    tqdm.write(f"{described(batch.models)} failed: {reason}")
                yield batch
    if failures:
        raise UnfinishedStudy(failures)


@contextmanager
def connected(scheduler: Any) -> Iterator[Any]:
    """A client of the scheduler: an address, a scheduler file, "local:N", or a client already."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            "a study on a cluster needs Dask: pip install 'dvae-course[study]'"
        ) from error
    if isinstance(scheduler, distributed.Client):
        yield scheduler
        return
    with ExitStack() as opened:
        if scheduler.startswith("local"):
            cluster = local_cluster(scheduler)
            opened.callback(close, cluster)
            client = distributed.Client(cluster)
        else:
            client = connect(scheduler)
        opened.callback(close, client)
        yield client


def close(what: Any) -> None:
    """Close a client or a cluster; one that dies too slowly takes away no result."""
    with suppress(OSError):
        what.close()


def connect(address: str) -> Any:
    """A client of the scheduler at an address, or that a scheduler file names."""
    from distributed import Client

    is_file = address.endswith(".json")
    if is_file and not Path(address).is_file():
        raise ValueError(f"there is no scheduler file {address}; `dask scheduler` has not begun")
    if not is_file and not re.fullmatch(r"[a-z]+://.+", address):
        raise ValueError(
            f"scheduler must be an address like tcp://10.0.0.1:8786, a scheduler file that ends in "
            f".json, or local:N; got {address!r}"
        )
    where = {"scheduler_file": address} if is_file else {"address": address}
    try:
        return Client(**where, timeout=CONNECTING)
    except (OSError, ValueError) as error:
        raise OSError(
            f"no Dask scheduler answered at {address} within {CONNECTING} s; is it running "
            "(`dask scheduler`), and can this machine reach it?"
        ) from error


def local_cluster(name: str) -> Any:
    """N worker processes of one thread on this machine, which share its memory evenly."""
    import dask
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    count = name.removeprefix("local:")
    if not count.isdecimal() or int(count) < 1:
        raise ValueError(
            f"local:N takes a number of workers of at least 1, for example local:2; got {name!r}"
        )
    with dask.config.set(LOCAL):
        return LocalCluster(
            n_workers=int(count),
            threads_per_worker=1,
            memory_limit=MEMORY_LIMIT // int(count),
            dashboard_address=":0",
            silence_logs="CRITICAL",
        )


@contextmanager
def on_the_way(client: Any, sent: dict[Any, tuple[Batch, ExitStack]]) -> Iterator[None]:
    """Whatever is still in `sent` at the end is called back, and its claims are given up."""
    try:
        yield
    finally:
        with suppress(OSError):
            client.cancel(list(sent), force=True)
        for _, claim in sent.values():
            claim.close()


def check_workers(client: Any, left: Sequence[Batch]) -> None:
    """Wait for a first worker; see that the present ones have this code and enough memory."""
    workers = client.scheduler_info()["workers"]
    if not workers:
        tqdm.write(f"waiting for the first worker of {client.scheduler.address}")
        client.wait_for_workers(1)
        workers = client.scheduler_info()["workers"]
    for address, code in client.run(code_version, on_error="return").items():
        if code != code_version():
            raise ValueError(
                f"the worker {address} has other code ({code}) than this machine "
                f"({code_version()}); install the same version of dvae-course on both"
            )
    for address, worker in workers.items():
        if worker["nthreads"] > 1:
            raise ValueError(
                f"the worker {address} has {worker['nthreads']} threads; a batch takes one, and "
                "several in one process get in each other's way: start workers with --nthreads 1 "
                "and --nworkers one a core"
            )
    address, smallest = min(workers.items(), key=lambda item: item[1]["memory_limit"] or 1e99)
    if smallest["memory_limit"]:
        check_memory(left, address, smallest["memory_limit"])


def check_memory(left: Sequence[Batch], address: str, limit: int) -> None:
    """Raise `ValueError` if a batch would not fit into a worker of that much memory."""
    largest: dict[tuple[str, str], Batch] = {}
    for batch in left:
        known = largest.setdefault((batch.data_set, batch.method), batch)
        if len(batch.models) > len(known.models):
            largest[batch.data_set, batch.method] = batch
    batch = max(largest.values(), key=peak_bytes)
    needed = peak_bytes(batch)
    if needed > USABLE * limit:
        seeds = seeds_that_fit(batch, USABLE * limit)
        fewer = f", or write seeds_together = {seeds} into the design" if seeds else ""
        what = described(batch.models) if seeds else f"even one seed of {described(batch.models)}"
        raise ValueError(
            f"{what} takes about {needed / GB:.1f} GB, and the worker {address} can use "
            f"{USABLE * limit / GB:.1f} GB, {USABLE:.0%} of its limit: start workers with "
            f"--memory-limit {needed / USABLE / GB + 0.1:.1f}GB{fewer}"
        )


def send(
    client: Any, store: Store, waiting: deque[Batch], sent: dict[Any, tuple[Batch, ExitStack]]
) -> Iterator[Batch]:
    """Send batches until every worker has one; the batches that others are at or have done."""
    places = max(1, sum(client.nthreads().values()))
    while waiting and len(sent) < places:
        batch = waiting.popleft()
        with ExitStack() as claim:
            if claim.enter_context(store.claimed(batch.key)):
                key = f"{batch.method}-{uuid.uuid4()}"
                sent[client.submit(work, batch, key=key)] = (batch, claim.pop_all())
                continue
        yield batch


def work(batch: Batch) -> list[dict[str, object]]:
    """On a worker: train and score, with pictures drawn into the worker's own folder."""
    from distributed import get_worker

    return train_and_score(replace(batch, pictures=f"{get_worker().local_directory}/pictures"))


def done(sent: Collection[Any]) -> list[Any]:
    """What has ended, after the first has, or after a while for new workers to get work."""
    from distributed import CancelledError, TimeoutError, wait

    if not sent:
        return []
    with suppress(TimeoutError, CancelledError):
        wait(list(sent), timeout=LOOKING, return_when="FIRST_COMPLETED")
    return [future for future in sent if future.done()]


def written(store: Store, batch: Batch, future: Any) -> str | None:
    """Write what a future brings to the store; why there is nothing to write, if so."""
    from distributed import KilledWorker

    if future.cancelled():
        raise OSError(
            "the scheduler is gone; what is finished is in the store, the same command goes on"
        )
    error = future.exception()
    if error is None:
        store.append(batch.key, future.result())
        return None
    if isinstance(error, KilledWorker):
        return (
            f"{error.allowed_failures + 1} workers died over it, the last {error.last_worker.name} "
            f"({error.last_worker.address}); it takes about {peak_bytes(batch) / GB:.1f} GB, see "
            "the workers' logs"
        )
    return f"{type(error).__name__}: {error}"


def described(models: Sequence[Model]) -> str:
    """The models of a batch in a few words."""
    first = models[0]
    strengths = ", ".join(f"{value:g}" for value in sorted({m.strength for m in models}))
    seeds = ", ".join(str(seed) for seed in sorted({m.seed for m in models}))
    return f"{first.data_set} {first.method} {strengths}, seeds {seeds}"
