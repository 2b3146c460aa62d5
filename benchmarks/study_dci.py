"""How does the miniature's DCI, of one tree a factor, rank trained models? Against slower learners.

Trains one seed of the miniature's dSprites, all methods and strengths, scores the mean codes with
each learner, prints rank correlations and differences with `histogram`, and appends one line a
model to `results/study_dci.jsonl`, with the machine. About ten minutes on one core.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from machine import RESULTS, machine, seconds
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from dvae_course.metrics import Representation, dci
from dvae_course.representations import represent
from dvae_course.study import PRESETS, Model, batches
from dvae_course.study.pictures import Pictures
from dvae_course.study.runner import trained

REFERENCE = "histogram"
ESTIMATORS = ("tree", "forest", REFERENCE)


def models(folder: Path) -> Iterator[tuple[Model, Representation]]:
    """Each model of one seed, and its mean codes."""
    miniature = replace(PRESETS["miniature"], seeds_together=1)
    design = miniature.restricted(("dsprites",), seeds=(0,))
    setting = design.training
    pictures = Pictures.of("dsprites", setting.source, setting.side, folder)
    for batch in batches(design, (), folder):
        fits = trained(batch, pictures)
        for model, fit in zip(batch.models, fits, strict=True):
            yield model, represent(fit.vae, pictures.data)


def measured(representation: Representation) -> dict[str, dict[str, float]]:
    """Value and seconds of each learner."""
    found = {}
    for estimator in ESTIMATORS:
        values: list[float] = []
        taken = seconds(
            lambda e=estimator, v=values: v.append(
                dci(representation, estimator=e, progress=False).value
            ),
            repeats=1,
        )
        found[estimator] = {"value": values[0], "seconds": taken}
    return found


def show(rows: list[dict]) -> None:
    """Agreement with the reference, and time."""
    reference = np.array([row[REFERENCE]["value"] for row in rows])
    print(f"\n{'learner':10} {'Spearman':>9} {'mean diff.':>11} {'largest':>8} {'s/model':>8}")
    for name in ESTIMATORS:
        value = np.array([row[name]["value"] for row in rows])
        took = np.mean([row[name]["seconds"] for row in rows])
        off = value - reference
        rank = spearmanr(value, reference).statistic
        print(f"{name:10} {rank:9.3f} {off.mean():+11.3f} {np.abs(off).max():8.3f} {took:8.2f}")


def main() -> None:
    """Measure, print, append."""
    torch.set_num_threads(1)
    about, rows = machine(1), []
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        for model, representation in tqdm(models(Path(folder)), total=36):
            rows.append({**asdict(model), **measured(representation)})
    show(rows)
    with (RESULTS / "study_dci.jsonl").open("a") as file:
        file.writelines(json.dumps(about | row) + "\n" for row in rows)


if __name__ == "__main__":
    main()
