"""How fast are many models trained in one pass? Against a plain loop, and against the machine.

Prints a table and appends what was measured, with the machine, to `results/training.jsonl`.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass

import plain_loop
import torch
from machine import append, machine, seconds
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dvae_course.datasets import pinwheel
from dvae_course.divergences import InclusiveKL
from dvae_course.likelihoods import HeteroscedasticLikelihood
from dvae_course.objectives import BetaVAE, Decomposition
from dvae_course.priors import GaussianMixture
from dvae_course.training import Design, fit, fit_many
from dvae_course.vae import mlp_vae

GRID = list(itertools.product((0, 1, 3, 8, 20), (0.01, 0.1, 0.5, 1, 2), (0, 1, 2)))
GRID_STEPS = 1000


def pinwheel_design(alpha: float, beta: float, seed: int) -> Design:
    """A cell of chapter 11's grid."""
    vae = mlp_vae(
        2,
        2,
        (32,),
        GaussianMixture(plain_loop.CENTRES, 0.03**0.5),
        HeteroscedasticLikelihood(floor=0.05),
        seed,
        initial_log_var=-2.0,
    )
    return Design(vae, Decomposition(alpha, beta, InclusiveKL()), seed)


def sprite_design(seed: int) -> Design:
    """A β-VAE of the size that a study on 16 × 16 sprites takes."""
    return Design(mlp_vae(256, 10, (64, 64), seed=seed), BetaVAE(4.0), seed)


@dataclass(frozen=True)
class Case:
    """Some designs to train in one pass, and the plain way to train one of them."""

    name: str
    designs: list[Design]
    data: Tensor
    steps: int
    plain_vae: Callable[[], nn.ModuleDict]
    plain_loss: plain_loop.Loss

    def train(self, steps: int, threads: int) -> None:
        """By the library."""
        options = {"progress": False, "threads": threads}
        if len(self.designs) == 1:
            design = self.designs[0]
            fit(design.vae, self.data, design.objective, steps, design.seed, **options)
        else:
            fit_many(self.designs, self.data, steps, **options)

    def train_plainly(self, steps: int) -> None:
        """One model by the plain loop."""
        plain_loop.train(self.plain_vae(), self.plain_loss, self.data, steps)


@dataclass(frozen=True)
class Row:
    """What was measured of a case; "model steps" are steps times models."""

    name: str
    models: int
    steps_per_second: float
    model_steps_per_second: float
    plain_model_steps_per_second: float
    times_plain: float
    gflop_per_second: float
    share_of_peak: float


def cases() -> list[Case]:
    """The three of the table."""
    points = pinwheel(seed=0).points
    images = (torch.rand(2000, 256, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    plain_pinwheel = (plain_loop.pinwheel_vae, plain_loop.pinwheel_loss)
    plain_sprites = (plain_loop.sprite_vae, plain_loop.sprite_loss)
    grid = [pinwheel_design(*cell) for cell in GRID]
    sprites = [sprite_design(seed) for seed in range(60)]
    return [
        Case("one pinwheel VAE", grid[:1], points, 1000, *plain_pinwheel),
        Case("75 pinwheel VAEs", grid, points, 300, *plain_pinwheel),
        Case("60 sprite VAEs", sprites, images, 60, *plain_sprites),
    ]


def peak_gflops(n: int = 2048) -> float:
    """The machine's single-precision matrix product, on as many threads as torch now uses."""
    a, b = torch.rand(n, n), torch.rand(n, n)
    return 2 * n**3 / seconds(lambda: a @ b, repeats=8) / 1e9


def measure(case: Case, threads: int, peak: float) -> Row:
    """Time a case, and count the operations of its matrix products."""
    with FlopCounterMode(display=False) as counter:
        case.train(1, threads)
    plain_steps = max(100, case.steps // 2)
    per_step = seconds(lambda: case.train(case.steps, threads)) / case.steps
    plain = seconds(lambda: case.train_plainly(plain_steps)) / plain_steps
    models = len(case.designs)
    gflops = counter.get_total_flops() / per_step / 1e9
    speeds = (1 / per_step, models / per_step, 1 / plain, plain * models / per_step)
    return Row(case.name, models, *speeds, gflops, gflops / peak)


def grid_seconds(threads: int) -> float:
    """Chapter 11's whole experiment, with its settings, once."""
    designs, data = [pinwheel_design(*cell) for cell in GRID], pinwheel(seed=0).points
    options = {"learning_rate": 1e-2, "decay_from": 0.25, "progress": False, "threads": threads}
    return seconds(lambda: fit_many(designs, data, GRID_STEPS, **options), repeats=1)


def show(record: dict, rows: list[Row]) -> None:
    """The table."""
    print(f"{record['cpu']}, {record['threads']} thread(s), torch {record['torch']}")
    print(f"load {record['load']}, sgemm peak {record['peak_gflop_per_second']:.0f} GFLOP/s\n")
    columns = ("case", "steps/s", "model steps/s", "plain loop", "ratio", "GFLOP/s", "of peak")
    print("{:17} {:>8} {:>14} {:>11} {:>7} {:>8} {:>8}".format(*columns))
    for r in rows:
        speeds = (r.steps_per_second, r.model_steps_per_second, r.plain_model_steps_per_second)
        print("{:17} {:8.0f} {:14.0f} {:11.0f}".format(r.name, *speeds), end="")
        print(f" {r.times_plain:7.1f} {r.gflop_per_second:8.2f} {r.share_of_peak:8.1%}")
    print(f"\n75 pinwheel VAEs, {GRID_STEPS} steps: {record['grid_seconds']:.1f} s")


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    record, peak = machine(threads), peak_gflops()
    rows = [measure(case, threads, peak) for case in cases()]
    record |= {"peak_gflop_per_second": peak, "grid_seconds": grid_seconds(threads)}
    show(record, rows)
    record["rows"] = [asdict(row) for row in rows]
    append(record, "training")


if __name__ == "__main__":
    main()
