"""What the tests of the cluster have workers do: work of which some goes wrong."""

import os
import signal
from pathlib import Path

from dvae_course.study import cluster, runner
from dvae_course.study.runner import Batch


def dying_once(batch: Batch) -> list[dict[str, object]]:
    """The first worker at this batch is killed between training and scoring."""
    died = Path(batch.pictures).with_name("died")
    if (batch.method, batch.models[0].seed) == ("dip_vae_ii", 0) and not died.exists():
        died.touch()
        runner.scores = killed
    return cluster.work(batch)


def raising_and_killing(batch: Batch) -> list[dict[str, object]]:
    """One batch that raises, and one that kills whoever is at it."""
    if batch.method == "dip_vae_ii":
        if batch.models[0].seed == 0:
            raise ValueError("this cannot be trained")
        killed()
    return cluster.work(batch)


def killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
