"""A study's work: cut into batches of models, each trained and scored by a call of its own.

`train_and_score` is a pure function of a small batch, so that whatever runs functions elsewhere
can run it. The models of a batch train in one pass of `training.fit_many`.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

import dvae_course
from dvae_course.fingerprint import of_files
from dvae_course.study import models
from dvae_course.study.design import Design, Model, Scoring, Training
from dvae_course.study.pictures import Pictures
from dvae_course.study.scoring import scores
from dvae_course.training import Fits, fit_many

DECISIVE = (
    *("datasets", "metrics", "objectives", "priors", "study"),
    *("divergences.py", "gaussians.py", "likelihoods.py", "networks.py", "randomness.py"),
    *("representations.py", "runs.py", "stacking.py", "training.py", "vae.py"),
)


@dataclass(frozen=True)
class Batch:
    """Models of one data set and method, to train in one pass: all that a worker needs.

    Attributes
    ----------
    design : the hash of the design.
    models : what to train.
    training, scoring : the design's.
    pictures : the folder where drawn pictures are kept.
    """

    design: str
    models: tuple[Model, ...]
    training: Training
    scoring: Scoring
    pictures: str

    @property
    def data_set(self) -> str:
        """All models' data set."""
        return self.models[0].data_set

    @property
    def method(self) -> str:
        """All models' method."""
        return self.models[0].method

    @property
    def key(self) -> str:
        """A name that no other batch has."""
        which = repr([(model.strength, model.seed) for model in self.models])
        seeds = sorted({model.seed for model in self.models})
        digest = hashlib.sha256(which.encode()).hexdigest()[:8]
        return f"{self.data_set}.{self.method}.{seeds[0]}-{seeds[-1]}.{digest}.{self.design}"


def batches(design: Design, finished: Collection[Model], pictures: Path) -> list[Batch]:
    """What is left to do, the first seeds of all methods first.

    A batch holds all strengths of a method for `design.seeds_together` seeds, less what is
    finished.
    """
    return list(_batches(design, frozenset(finished), pictures))


def _batches(design: Design, finished: frozenset[Model], pictures: Path) -> Iterator[Batch]:
    for data_set in design.data_sets:
        for seeds in design.blocks:
            for method, strengths in design.strengths.items():
                wanted = [
                    Model(data_set, method, float(strength), seed)
                    for seed in seeds
                    for strength in strengths
                ]
                left = tuple(model for model in wanted if model not in finished)
                if left:
                    common = (design.training, design.scoring, str(pictures))
                    yield Batch(design.hash, left, *common)


def train_and_score(batch: Batch) -> list[dict[str, object]]:
    """Train the batch's models and score them: a row for each model and representation."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        start = time.perf_counter()
        pictures = Pictures.of(
            batch.data_set, batch.training.source, batch.training.side, Path(batch.pictures)
        )
        fits = trained(batch, pictures)
        half = time.perf_counter()
        rows = scores([fit.vae for fit in fits], pictures, batch.scoring)
        end = time.perf_counter()
    seconds = {"seconds_training": half - start, "seconds_scoring": end - half}
    about = {name: value / len(batch.models) for name, value in seconds.items()}
    about |= {"design": batch.design, "code": code_version(), "finished": datetime.now(UTC)}
    return [
        {**asdict(model), **row, **about}
        for model, kinds in zip(batch.models, rows, strict=True)
        for row in kinds
    ]


def trained(batch: Batch, pictures: Pictures) -> Fits:
    """The batch's models, trained."""
    setting = batch.training
    data = pictures.to_train_on(setting.pictures)
    shape = pictures.data.shape
    designs = [models.design(setting, m.method, m.strength, m.seed, shape) for m in batch.models]
    flat = data.reshape(len(data), *designs[0].vae.data_shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the loss stopped being finite")
        return fit_many(
            designs,
            flat,
            setting.steps,
            batch_size=setting.batch_size,
            learning_rate=models.learning_rate(setting, batch.method),
            progress=False,
        )


@lru_cache(maxsize=1)
def code_version() -> str:
    """The package's version, and a hash of the code that decides the numbers."""
    package = Path(dvae_course.__file__).parent
    files = [path for name in DECISIVE for path in _sources(package / name)]
    return f"{dvae_course.__version__}+{of_files(files, package)[:12]}"


def _sources(path: Path) -> list[Path]:
    return sorted(path.glob("*.py")) if path.is_dir() else [path]
