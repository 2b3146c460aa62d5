"""How many models a minute does the study train and score? Against doing it one after another.

Takes one block of seeds of the miniature's dSprites (all methods and strengths), with all cores.
The plain way is plain PyTorch, one model at a time, and the reference estimators of the tests, with
the same steps, sizes and numbers of votes; it is measured for one model of each method on one core,
and told as if it scaled to all cores without loss: once with the miniature's learner for DCI, once
with the published one, which is timed on one factor and multiplied. Prints a table and appends what
was measured, with the machine, to `results/study.jsonl`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import plain_study
import torch
from machine import append, machine, seconds
from threadpoolctl import threadpool_limits
from torch import nn

from dvae_course import study
from dvae_course.metrics import Representation, dci, downstream
from dvae_course.metrics.trees import boosting
from dvae_course.study.design import Design, Training
from dvae_course.study.models import FULL_SIDE, learning_rate
from dvae_course.study.pictures import Pictures

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import information_reference, metrics_reference

MIDDLE = 2  # the strength of which the plain way trains one model
KINDS = ("mean", "sampled")


@dataclass(frozen=True)
class Row:
    """Seconds a model of one method on one core, trained and scored, by the study and plainly.

    `published_dci` is what the plain way's scoring takes longer with the published learner.
    """

    method: str
    training: float
    scoring: float
    plain_training: float
    plain_scoring: float
    published_dci: float


def plain_model(design: Design, method: str, pictures: Pictures, steps: int) -> nn.ModuleDict:
    """One model of a method, trained in a loop of its own."""
    setting, strength = design.training, design.strengths[method][MIDDLE]
    data = pictures.to_train_on(setting.pictures).flatten(1)
    vae = plain_study.mlp(data.shape[1], setting.hidden, setting.latent_dim)
    times = (FULL_SIDE // setting.side) ** 2
    rate = learning_rate(setting, method)
    if method == "factor_vae":
        layers = [setting.discriminator_units] * setting.discriminator_layers
        units = (setting.latent_dim, *layers, 1)
        rates = (rate, setting.discriminator_learning_rate)
        plain_study.train_factor(
            vae, strength, units, rates, data, steps, times, setting.batch_size
        )
    else:
        loss = plain_loss(setting, method, strength)
        plain_study.train(vae, loss, data, steps, rate, times, setting.batch_size)
    return vae


def plain_loss(setting: Training, method: str, strength: float) -> plain_study.Loss:
    """What a method adds to the reconstruction."""
    warmup = round(setting.annealed_warmup * setting.steps)
    return {
        "beta_vae": lambda: plain_study.beta_vae(strength),
        "annealed_vae": lambda: plain_study.annealed_vae(strength, setting.annealed_gamma, warmup),
        "dip_vae_i": lambda: plain_study.dip_vae("I", strength, 10 * strength),
        "dip_vae_ii": lambda: plain_study.dip_vae("II", strength, strength),
        "beta_tcvae": lambda: plain_study.beta_tcvae(strength, setting.pictures),
    }[method]()


def plain_scores(design: Design, vae: nn.ModuleDict, pictures: Pictures, grid: np.ndarray) -> None:
    """Both representations of one model by the reference estimators."""
    scoring, sizes = design.scoring, pictures.data.factor_sizes
    strides = np.cumprod((1, *sizes[:0:-1]))[::-1]
    votes = (scoring.seed, scoring.votes_train, scoring.votes_test, scoring.vote_size)
    numbers = {"n_train": scoring.n_train, "n_test": scoring.n_test}
    for kind in KINDS:
        encode = partial(plain_study.encode, vae, grid, strides, kind)
        code = Representation(sizes, encode)
        metrics_reference.betavae_score_reference(code, *votes)
        metrics_reference.factorvae_score_reference(code, *votes, scoring.n_train)
        metrics_reference.sap_reference(code, scoring.seed, **numbers)
        factors, codes = code.sample(scoring.n_train, scoring.seed)
        for score in (information_reference.mig, information_reference.modularity):
            score(factors, codes)
        for score in (
            information_reference.total_correlation,
            information_reference.wasserstein_dependence,
            information_reference.mutual_information_score,
        ):
            score(codes)
        dci(code, **numbers, estimator=scoring.dci_estimator, progress=False)
    few_and_many = (scoring.downstream_few, scoring.downstream_many)
    for predictor in (scoring.downstream_trees, scoring.downstream_logistic):
        downstream(code, 0, few_and_many, scoring.n_test, predictor, progress=False)


def published_dci(
    design: Design, vae: nn.ModuleDict, pictures: Pictures, grid: np.ndarray
) -> float:
    """Seconds of gradient boosting for all factors of both representations.

    It makes as many trees a round as a factor has values: timed for the first factor.
    """
    sizes = pictures.data.factor_sizes
    strides = np.cumprod((1, *sizes[:0:-1]))[::-1]
    code = Representation(sizes, partial(plain_study.encode, vae, grid, strides, "mean"))
    factors, codes = code.sample(design.scoring.n_train)
    first = boosting(sizes[0], 0)
    took = seconds(lambda: first.fit(codes, factors[:, 0]), repeats=1)
    return len(KINDS) * took * sum(sizes) / sizes[0]


def measure(design: Design, method: str, pictures: Pictures, rows, steps: int) -> Row:
    """The plain way for one model of a method, beside what the study's rows say."""
    grid = np.load(pictures.folder / f"{pictures.name}-grid.npy", mmap_mode="r")
    ready = seconds(lambda: plain_model(design, method, pictures, 1))
    start = time.perf_counter()
    vae = plain_model(design, method, pictures, steps + 1)
    training = (time.perf_counter() - start - ready) * design.training.steps / steps
    scoring = seconds(lambda: plain_scores(design, vae, pictures, grid), repeats=1)
    ours = rows.filter(method=method).select("seconds_training", "seconds_scoring").mean().row(0)
    return Row(method, *ours, training, scoring, published_dci(design, vae, pictures, grid))


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="default: one a core")
    parser.add_argument("--steps", type=int, help="train for fewer than the miniature's")
    parser.add_argument("--methods", nargs="+", help="only these")
    options = parser.parse_args()
    torch.set_num_threads(1)
    miniature, methods = study.PRESETS["miniature"], options.methods
    design = miniature.restricted(("dsprites",), methods and tuple(methods), seeds=(0, 1))
    if options.steps:
        design = replace(design, training=replace(design.training, steps=options.steps))
    record = machine(1) | {"workers": options.workers, "steps": design.training.steps}
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        setting, kept = design.training, Path(folder) / "pictures"
        pictures = Pictures.of("dsprites", setting.source, setting.side, kept)
        drawing = seconds(lambda: draw(pictures, setting.pictures), repeats=1)
        running = seconds(
            lambda: study.run(design, folder, workers=options.workers, progress=False), repeats=1
        )
        frame, steps = study.load(folder), min(500, setting.steps)
        rows = [measure(design, method, pictures, frame, steps) for method in design.strengths]
    show(record, rows, len(design), drawing, running)


def draw(pictures: Pictures, count: int) -> None:
    """All pictures that the study needs, kept."""
    pictures.to_train_on(count)
    next(pictures.grid())


def show(record: dict, rows: list[Row], models: int, drawing: float, running: float) -> None:
    """The table; the line of results."""
    print(f"{record['cpu']}, {record['workers']} processes, load {record['load']}")
    print(f"{record['steps']} steps; seconds a model and core\n")
    print(f"{'method':13} {'training':>9} {'plainly':>9} {'scoring':>9} {'plainly':>9}")
    for r in rows:
        numbers = (r.training, r.plain_training, r.scoring, r.plain_scoring)
        print(f"{r.method:13}" + "".join(f" {number:9.2f}" for number in numbers))
    alike = float(np.mean([r.plain_training + r.plain_scoring for r in rows]))
    published = alike + float(np.mean([r.published_dci for r in rows]))
    ours = 60 * models / running
    plainly, as_published = (60 * record["workers"] / taken for taken in (alike, published))
    whole = (360 * running / models + drawing) / 60
    print(f"\n{ours:.1f} models a minute")
    print(f"plainly {plainly:.2f}: {ours / plainly:.1f} times as many")
    print(f"with the published DCI {as_published:.2f}: {ours / as_published:.0f} times as many")
    print(f"360 models of a data set: {whole:.1f} minutes, {drawing:.0f} s of them for pictures")
    record |= {"models_per_minute": ours, "plain_models_per_minute": plainly}
    record |= {"published_models_per_minute": as_published}
    record |= {"drawing": drawing, "minutes_for_360": whole, "rows": [asdict(row) for row in rows]}
    append(record, "study")


if __name__ == "__main__":
    main()
