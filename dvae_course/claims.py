"""Verdicts: does what a paper says show in the runs that this chapter made?

A claim about experiments is reduced, before one looks, to effects with one number a seed, signed so
that a positive number is as claimed. `judge` gives each effect its interval and the claim its
verdict, by one rule for the whole course.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize, stats

REPRODUCED, PARTLY, NOT = "reproduced", "partly reproduced", "not reproduced"
FEWEST = 3
POWER = 0.8


@dataclass(frozen=True)
class Verdict:
    """What the runs say of a claim.

    Attributes
    ----------
    claim : the claim's id in the ledger, `book/claims.yml`.
    verdict : "reproduced", "partly reproduced" or "not reproduced".
    table : one row an effect: its label, the number `n` of seeds, `mean`, `low`, `high` (the ends
        of the interval), `p`, the `result` ("supported", "contradicted", "open") and `detectable`,
        the smallest true mean that this n and this spread would have shown with 80 % power.
    confidence : of all the intervals together.
    unit : of the effects.
    """

    claim: str
    verdict: str
    table: polars.DataFrame = field(repr=False)
    confidence: float
    unit: str = ""

    def __repr__(self) -> str:
        rows = [self._line(row) for row in self.table.to_dicts()]
        return "\n".join([f"{self.claim}: {self.verdict} ({self._method()})", *rows])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(row['effect'])}</td><td>{row['n']}</td>"
            f"<td>{row['mean']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]</td>"
            f"<td>{row['result']}</td><td>{row['detectable']:.2g}</td></tr>"
            for row in self.table.to_dicts()
        )
        unit = f", {html.escape(self.unit)}" if self.unit else ""
        heads = ("effect as claimed", "seeds", f"mean and interval{unit}", "result", "detectable")
        head = "".join(f'<th scope="col">{name}</th>' for name in heads)
        return (
            f'<div class="verdict" data-claim="{html.escape(self.claim)}" '
            f'data-verdict="{self.verdict}"><p><strong>Verdict: {self.verdict}.</strong> '
            f"{self._method()}.</p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )

    def _line(self, row: dict) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"  {row['effect']}: {row['mean']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]{unit}, "
            f"n = {row['n']}: {row['result']} (detectable: {row['detectable']:.2g})"
        )

    def _method(self) -> str:
        many = f"intervals over seeds, simultaneous for the {len(self.table)} effects"
        return f"{self.confidence:.0%} t {many if len(self.table) > 1 else 'interval over seeds'}"


def judge(
    claim: str, effects: Mapping[str, ArrayLike], unit: str = "", confidence: float = 0.95
) -> Verdict:
    """The verdict on a claim, from effects with one number a seed.

    An effect is *supported* if the t interval of its mean lies above 0, *contradicted* if it lies
    below, *open* otherwise; k effects share the error rate (Bonferroni). The claim is reproduced if
    every effect is supported, not reproduced if none is, partly reproduced otherwise.

    Parameters
    ----------
    claim : the claim's id in the ledger.
    effects : label → values `(n,)`, at least 3, signed so that positive is as claimed; where two
        settings share seeds, their paired differences.
    unit : of the effects, for instance "nats".
    confidence : that all intervals hold their means.

    Raises
    ------
    ValueError : no effect, fewer than 3 values, values that are not finite.

    Examples
    --------
    >>> judge("alpha-brings-match", {"match at α = 0 less at α = 8": [1.3, 1.1, 1.6, 1.2]}).verdict
    'reproduced'
    """
    if not effects:
        raise ValueError(f"the claim {claim!r} needs at least one effect, got none")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1, got {confidence}")
    level = 1 - (1 - confidence) / len(effects)
    rows = [_judged(label, _checked(claim, label, v), level) for label, v in effects.items()]
    return Verdict(
        claim, _verdict([row["result"] for row in rows]), polars.DataFrame(rows), confidence, unit
    )


def _verdict(results: list[str]) -> str:
    supported = results.count("supported")
    if supported == len(results):
        return REPRODUCED
    return PARTLY if supported else NOT


def _checked(claim: str, label: str, values: ArrayLike) -> Float[np.ndarray, " n"]:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < FEWEST:
        raise ValueError(
            f"{claim!r}, effect {label!r}: expected one number a seed, at least {FEWEST} of them, "
            f"got shape {array.shape}; train more seeds"
        )
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array)).tolist()
        raise ValueError(
            f"{claim!r}, effect {label!r}: the values of the seeds in places {bad} are not finite; "
            "say what happened to these models before you leave them out"
        )
    return array


def _judged(label: str, values: Float[np.ndarray, " n"], level: float) -> dict[str, object]:
    """One row of the table."""
    n, mean = len(values), values.mean()
    error = values.std(ddof=1) / math.sqrt(n)
    half = stats.t.ppf((1 + level) / 2, n - 1) * error
    low, high = mean - half, mean + half
    result = "supported" if low > 0 else "contradicted" if high < 0 else "open"
    ratio = mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0
    p = 2 * stats.t.sf(abs(ratio), n - 1)
    numbers = {"n": n, "mean": mean, "low": low, "high": high, "p": float(p)}
    return {"effect": label, **numbers, "result": result, "detectable": error * _reach(n, level)}


def _reach(n: int, level: float) -> float:
    """The noncentrality that a two-sided t test of n values finds with 80 % power.

    In units of the mean's standard error; of the right sign, that is.
    """
    bar = stats.t.ppf((1 + level) / 2, n - 1)
    return optimize.brentq(lambda delta: stats.nct.sf(bar, n - 1, delta) - POWER, 0, 20 * bar)
