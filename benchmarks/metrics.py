"""How fast are the metrics? On one core, against the straightforward way to the same values.

The straightforward way is what reference implementations do: a histogram a column, a scikit-learn
call a pair of code and factor, an encoder call a vote. Prints a table and appends what was
measured, with the machine, to `results/metrics.jsonl`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from machine import append, machine, seconds
from threadpoolctl import threadpool_limits

from dvae_course import metrics
from dvae_course.metrics import Representation, evaluate
from dvae_course.metrics.explicitness import explicitness_from_split
from dvae_course.metrics.information import mutual_information
from dvae_course.metrics.mig import mig_from_information
from dvae_course.metrics.modularity import modularity_from_information
from dvae_course.metrics.sap import sap_from_split
from dvae_course.metrics.split import Split
from dvae_course.metrics.suite import SUITE

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import information_reference, metrics_reference

SIZES = (3, 6, 40, 32, 32)  # dSprites
CODES = 10
WITHOUT_DCI = [name for name in SUITE if not name.startswith("dci")]


@dataclass(frozen=True)
class Case:
    """One metric, or several that share a table: our way, and the straightforward one if any."""

    name: str
    ours: Callable[[], object]
    plain: Callable[[], object] | None = None


@dataclass(frozen=True)
class Row:
    """What was measured of a case; nan where there is no straightforward way to compare with."""

    name: str
    seconds: float
    plain_seconds: float
    times_plain: float


def blurred_code() -> Representation:
    """Five factors a little mixed in ten codes, with noise: as if trained. Encoded beforehand."""
    rng = np.random.default_rng(0)
    mixing = np.eye(len(SIZES), CODES) + 0.15 * rng.standard_normal((len(SIZES), CODES))

    def encode(factors: np.ndarray) -> np.ndarray:
        codes = (factors / np.array(SIZES)) @ mixing
        return codes + 0.05 * rng.standard_normal(codes.shape)

    return Representation(SIZES, encode).tabulated(progress=False)


def from_one_sample(factors: np.ndarray, codes: np.ndarray) -> list[float]:
    """MIG, Modularity and the three unsupervised scores."""
    information = mutual_information(factors, codes)
    scores = [
        mig_from_information(information),
        modularity_from_information(information),
        metrics.total_correlation_from_codes(codes),
        metrics.wasserstein_dependence_from_codes(codes),
        metrics.mutual_information_score_from_codes(codes),
    ]
    return [score.value for score in scores]


def plainly_from_one_sample(factors: np.ndarray, codes: np.ndarray) -> list[float]:
    """The same five."""
    plain = information_reference
    return [
        plain.mig(factors, codes),
        plain.modularity(factors, codes),
        plain.total_correlation(codes),
        plain.wasserstein_dependence(codes),
        plain.mutual_information_score(codes),
    ]


def cases() -> list[Case]:
    """The rows of the table, all with the study's numbers of data points."""
    code = blurred_code()
    split, plain = Split.drawn(code), metrics_reference
    sample = split.train_factors, split.train_codes
    np.testing.assert_allclose(
        from_one_sample(*sample), plainly_from_one_sample(*sample), rtol=1e-9
    )
    return [
        Case(
            "MIG, Modularity, TC, Wasserstein, MI",
            lambda: from_one_sample(*sample),
            lambda: plainly_from_one_sample(*sample),
        ),
        Case(
            "BetaVAE score",
            lambda: metrics.betavae_score(code),
            lambda: plain.betavae_score_reference(code),
        ),
        Case(
            "FactorVAE score",
            lambda: metrics.factorvae_score(code),
            lambda: plain.factorvae_score_reference(code),
        ),
        Case("SAP", lambda: sap_from_split(split), lambda: plain.sap_reference(code)),
        Case("explicitness", lambda: explicitness_from_split(split)),
        Case("suite without DCI", lambda: evaluate(code, WITHOUT_DCI, progress=False)),
        Case("suite, DCI[histogram]", lambda: evaluate(code, progress=False)),
    ]


def measure(case: Case) -> Row:
    """Time both ways; the straightforward one once, as it is long."""
    ours = seconds(case.ours)
    plain = seconds(case.plain, repeats=1) if case.plain else float("nan")
    return Row(case.name, ours, plain, plain / ours)


def main() -> None:
    """Measure, print, append."""
    torch.set_num_threads(1)
    record = machine(1)
    with threadpool_limits(1):
        rows = [measure(case) for case in cases()]
    print(f"{record['cpu']}, 1 thread, load {record['load']}\n")
    print(f"{'metric':38} {'ours':>9} {'plainly':>9} {'ratio':>7}")
    for row in rows:
        plainly = f" {1000 * row.plain_seconds:6.0f} ms {row.times_plain:7.1f}"
        compared = plainly if row.plain_seconds > 0 else ""
        print(f"{row.name:38} {1000 * row.seconds:6.0f} ms{compared}")
    record["rows"] = [asdict(row) for row in rows]
    append(record, "metrics")


if __name__ == "__main__":
    main()
