"""Studies that take seconds, for the tests of the engine; and running one in another process."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl

from dvae_course.study.design import Design, Scoring, Training

TRAINING = Training(
    side=16,
    pictures=64,
    network="mlp",
    hidden=(8,),
    latent_dim=3,
    steps=5,
    batch_size=16,
    learning_rate=1e-2,
    factor_learning_rate=1e-2,
    discriminator_units=8,
    discriminator_layers=2,
    annealed_gamma=10.0,
)
SCORING = Scoring(
    n_train=200,
    n_test=50,
    votes_train=20,
    votes_test=10,
    vote_size=2,
    dci_train=200,
    dci_estimator="tree",
    downstream_few=20,
    downstream_many=40,
    downstream_trees="small_forest",
    downstream_logistic="untuned",
    evaluated=40,
    whole_grid=False,
)
TINY = Design(
    "tiny",
    data_sets=("dsprites",),
    strengths={"beta_vae": (8,), "dip_vae_ii": (2,)},
    seeds=(0, 1, 2),
    training=TRAINING,
    scoring=SCORING,
)
WHEN = ("finished", "seconds_training", "seconds_scoring", "code")


def one_seed(design: Design = TINY, seed: int = 0) -> Design:
    return replace(design, seeds=(seed,))


def numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """What must be the same however a study was run."""
    return rows.drop(WHEN)


def start(script: str, out: Path) -> subprocess.Popen:
    """Run a script in a process of its own, with TINY, `out`, `local` and `runner` at hand."""
    lines = (
        "import os, signal, sys",
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})",
        "from pathlib import Path",
        "from tiny_study import TINY",
        "from dvae_course.study import local, runner",
        f"out = Path({str(out)!r})",
        script,
    )
    return subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stderr=subprocess.PIPE)
