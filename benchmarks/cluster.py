"""How much faster is a study with two Dask workers than with one, and what does Dask cost?

The miniature's dSprites with fewer seeds and steps, by one process without Dask, by "local:1" and
"local:2", and by two workers with the memory settings that Dask gives its own. Timed after a batch
for each worker, when all have imported the package and drawn their pictures. Prints a table and
appends what was measured, with the machine, to `results/cluster.jsonl`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from distributed import Client, LocalCluster
from machine import append, machine

from dvae_course import study
from dvae_course.study.cluster import local_cluster
from dvae_course.study.design import Design


def seconds(design: Design, folder: Path, **how: object) -> float:
    """The study's time, after two batches that have everything imported and drawn."""
    warm_up = design.restricted(methods=("beta_vae", "dip_vae_i"), seeds=(8, 9))
    study.run(warm_up, folder, progress=False, **how)
    start = time.perf_counter()
    study.run(design, folder, progress=False, **how)
    return time.perf_counter() - start


def with_dask(design: Design, cluster: LocalCluster, folder: Path) -> float:
    """The study's time on a cluster."""
    with cluster, Client(cluster) as client:
        return seconds(design, folder, scheduler=client)


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500, help="of training (default: 500)")
    parser.add_argument("--seeds", type=int, default=4, help="an even number (default: 4)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    whole = study.PRESETS["miniature"]
    training = replace(whole.training, steps=options.steps)
    design = replace(whole, training=training).restricted(
        ("dsprites",), seeds=tuple(range(options.seeds))
    )
    record = machine(1) | {"steps": options.steps, "models": len(design)}
    with tempfile.TemporaryDirectory() as folder:
        times = {"no Dask, 1 process": seconds(design, Path(folder) / "plain", workers=1)}
        for name in ("local:1", "local:2"):
            times[name] = with_dask(design, local_cluster(name), Path(folder) / name)
        usual = LocalCluster(2, threads_per_worker=1, dashboard_address=":0")
        times["Dask's memory, 2"] = with_dask(design, usual, Path(folder) / "usual")
    first = times["local:1"]
    print(f"{record['cpu']}, load {record['load']}; {len(design)} models, {options.steps} steps\n")
    print("{:20} {:>9} {:>14} {:>9}".format("", "seconds", "models/minute", "speed-up"))
    for name, time_taken in times.items():
        rate, speed_up = 60 * len(design) / time_taken, first / time_taken
        print(f"{name:20} {time_taken:9.1f} {rate:14.1f} {speed_up:9.2f}")
    append(record | {"seconds": times}, "cluster")


if __name__ == "__main__":
    main()
