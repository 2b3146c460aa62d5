"""How far are the fast learners' DCI scores from the published one's? And how much faster are they?

Scores codes from perfect to noise, with SmallNORB's factors, prints a table and appends one line a
code to `results/dci.jsonl`, with the machine. Takes twelve minutes, most of
them the exact one's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from machine import machine
from scipy.linalg import expm, logm
from scipy.stats import spearmanr, special_ortho_group
from tqdm.auto import tqdm

from dvae_course.metrics.calibration import noise, perfect
from dvae_course.metrics.dci import dci, dci_completeness, dci_informativeness
from dvae_course.metrics.representation import Representation
from dvae_course.randomness import generator

RESULTS = Path(__file__).parent / "results" / "dci.jsonl"
SIZES = (5, 9, 18, 6)
ESTIMATORS = ("boosting", "histogram", "forest")
NUMBERS = ("disentanglement", "completeness", "informativeness")


def changed(change: Callable[[np.ndarray], np.ndarray]) -> Representation:
    """A perfect code, each factor with variance 1, and what `change` makes of it."""
    code = perfect(SIZES)
    return Representation(SIZES, lambda factors: change(code.encode(factors)))


def rotation(share: float, dim: int, seed: int) -> np.ndarray:
    """That share of the way from I to a random rotation Q: exp(share · log Q)."""
    return expm(share * logm(special_ortho_group.rvs(dim, random_state=seed)).real)


def with_noise(codes: np.ndarray, rng: np.random.Generator, dims: int) -> np.ndarray:
    """Followed by dimensions of noise, of deviation 0.1."""
    return np.hstack([codes, 0.1 * rng.standard_normal((len(codes), dims))])


def swirled(codes: np.ndarray) -> np.ndarray:
    """Neighbouring pairs of codes turned by as many radians as they are away from the origin."""
    pairs = codes[:, ::2] + 1j * codes[:, 1::2]
    pairs = pairs * np.exp(1j * np.abs(pairs))
    return np.hstack([pairs.real, pairs.imag])


def codes() -> Iterator[tuple[str, Representation]]:
    """The codes to score, by name; each draws its noise from a stream of its own."""
    yield "perfect", perfect(SIZES)
    rng = generator(0, "padding")
    yield "perfect, 6 dims of noise", changed(lambda z, rng=rng: with_noise(z, rng, 6))
    yield "every factor twice", changed(lambda z: np.hstack([z, z]))
    for seed in (0, 1):
        for share in (0.1, 0.2, 0.3, 0.5, 1):
            turn = rotation(share, 4, seed)
            yield f"rotation {seed}, {share} of it", changed(lambda z, turn=turn: z @ turn)
    for share in (0.3, 1):
        turn, rng = rotation(share, 10, 2), generator(1, "padding")
        yield (
            f"10 dims, rotation 2, {share} of it",
            changed(lambda z, turn=turn, rng=rng: with_noise(z, rng, 6) @ turn),
        )
    for scale in (0.1, 0.3, 1):
        rng = generator(2, "noise")
        yield (
            f"perfect + {scale} × noise",
            changed(lambda z, rng=rng, scale=scale: z + scale * rng.standard_normal(z.shape)),
        )
    yield "swirled", changed(swirled)
    yield "noise", noise(SIZES, 4)


def measure(code: Representation, estimator: str, n_train: int, n_test: int) -> dict[str, float]:
    """The three numbers of DCI by one learner, and the seconds it took on one core."""
    start = time.perf_counter()
    score = dci(code, 0, n_train, n_test, estimator, progress=False)
    parts = (score, dci_completeness(score), dci_informativeness(score))
    numbers = {name: part.value for name, part in zip(NUMBERS, parts, strict=True)}
    return numbers | {"seconds": time.perf_counter() - start}


def show(name: str, row: dict[str, dict[str, float]]) -> None:
    """One line of the table: D, C, I and seconds for each learner."""
    cells = [
        " ".join(f"{row[e][number]:.3f}" for number in NUMBERS) + f" {row[e]['seconds']:6.1f}"
        for e in ESTIMATORS
    ]
    tqdm.write(f"{name:30} " + "   ".join(cells))


def compare(rows: list[dict[str, dict[str, float]]]) -> None:
    """Rank correlation, mean and largest difference with the exact learner over all codes."""
    for number in NUMBERS:
        exact, *fast = (np.array([row[e][number] for row in rows]) for e in ESTIMATORS)
        for estimator, values in zip(ESTIMATORS[1:], fast, strict=True):
            difference = np.abs(values - exact)
            print(
                f"{number:16} {estimator:10} Spearman {spearmanr(values, exact).statistic:.3f}  "
                f"|difference| mean {difference.mean():.3f}, max {difference.max():.3f}"
            )
    seconds = {e: sum(row[e]["seconds"] for row in rows) for e in ESTIMATORS}
    for estimator in ESTIMATORS[1:]:
        print(f"{estimator} is {seconds['boosting'] / seconds[estimator]:.0f} times as fast")


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-train", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--n-test", type=int, default=5_000, help="default: 5000")
    sizes = vars(parser.parse_args())
    print(f"{'':30} " + "   ".join(f"{e + ': D, C, I, seconds':24}" for e in ESTIMATORS))
    rows = []
    RESULTS.parent.mkdir(exist_ok=True)
    for name, code in tqdm(list(codes()), "codes"):
        row = {e: measure(code, e, **sizes) for e in ESTIMATORS}
        show(name, row)
        rows.append(row)
        with RESULTS.open("a") as file:
            file.write(json.dumps(machine(1) | sizes | {"code": name, **row}) + "\n")
    compare(rows)


if __name__ == "__main__":
    main()
