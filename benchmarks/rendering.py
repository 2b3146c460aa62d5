"""How fast are the rendered data sets drawn? On one core, at 64 × 64 pixels.

Prints a table and appends what was measured, with the machine, to `results/rendering.jsonl`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from machine import append, machine, seconds

from dvae_course.datasets.catalogue import CATALOGUE, Entry
from dvae_course.datasets.dsprites import DSprites

BATCH = 256
BATCHES = 8


@dataclass(frozen=True)
class Row:
    """What was measured of a data set; the first picture's time includes opening it."""

    name: str
    pictures_per_second: float
    seconds_to_first: float


def measure(entry: Entry) -> Row:
    """Time batches of pictures of random factors."""
    first = seconds(lambda: entry.open("rendered").observe(_start(entry)), repeats=1)
    data = entry.open("rendered")
    data.observe(_start(entry))
    batches = [data.sample_factors(BATCH, seed) for seed in range(BATCHES)]
    whole = seconds(lambda: [data.observe(factors) for factors in batches])
    return Row(entry.name, BATCH * BATCHES / whole, first)


def _start(entry: Entry) -> np.ndarray:
    return np.zeros((1, len(entry.factors)), np.int64)


def sprites_grid() -> dict[str, float]:
    """All of dSprites, drawn once and packed into bits: the seconds and bytes that it takes."""
    data, packed = DSprites(), []

    def draw() -> None:
        for factors in data.grid():
            pictures = data.observe(factors).numpy().astype(bool)
            packed.append(np.packbits(pictures.reshape(len(factors), -1), axis=1))

    taken = seconds(draw, repeats=1)
    return {"grid_seconds": taken, "grid_bytes": sum(block.nbytes for block in packed)}


def show(record: dict, rows: list[Row]) -> None:
    """The table."""
    print(f"{record['cpu']}, {record['threads']} thread(s), load {record['load']}\n")
    print(f"{'data set':16} {'pictures/s':>11} {'first after':>12}")
    for r in rows:
        print(f"{r.name:16} {r.pictures_per_second:11,.0f} {r.seconds_to_first:10.2f} s")
    print(f"\nthe 737,280 of dSprites: {record['grid_seconds']:.1f} s, ", end="")
    print(f"as bits {record['grid_bytes'] / 1e6:.0f} MB")


def main() -> None:
    """Measure, print, append."""
    torch.set_num_threads(1)
    record = machine(1)
    rows = [measure(entry) for entry in CATALOGUE.values() if "rendered" in entry.sources]
    record |= sprites_grid()
    show(record, rows)
    append(record | {"rows": [asdict(row) for row in rows]}, "rendering")


if __name__ == "__main__":
    main()
