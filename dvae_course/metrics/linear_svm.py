"""The linear support vector machine of one code, solved exactly for all values of all factors.

scikit-learn's LinearSVC(class_weight="balanced") with its squared hinge, one value against the
rest: for SAP it is fitted to each code and factor. With a single code x the points that violate
the margin are all those on one side of a threshold, so sums over them are differences of cumulative
sums over the sorted code. A Newton step for all values then costs a few look-ups, not passes over
the data; and since the loss is piecewise quadratic, a few steps reach its minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int64

MAX_STEPS = 200
TOLERANCE = 1e-9  # of the gradient, relative to the one at 0
ROUNDING = 1e-12  # of the loss, relative

Moments = Float[np.ndarray, "problems 3"]  # Σ 1, Σ x, Σ x²
Lines = Float[np.ndarray, "problems 2"]  # (w, b) of w x + b


@dataclass(frozen=True, eq=False)
class Problems:
    """Which points are positive in each problem "this value of this factor, against the rest".

    Attributes
    ----------
    labels : `(n, factors)`, the problem in which each point is positive, one for each factor.
    values : the value of the factor that each problem is about.
    starts : the first problem of each factor, and the number of all.
    positive_weight, negative_weight : what a violation costs in each problem, up to C.
    """

    labels: Int64[np.ndarray, "n factors"]
    values: Int64[np.ndarray, " problems"]
    starts: Int64[np.ndarray, " bounds"]
    positive_weight: Float[np.ndarray, " problems"]
    negative_weight: Float[np.ndarray, " problems"]

    @classmethod
    def of(cls, factors: Int[np.ndarray, "n factors"]) -> Problems:
        """One problem for each value that occurs, weighted as "balanced" has it.

        A positive point weighs n / (values · points that have its value), a negative one 1; where
        there are two values, both sides are weighted in the first way.
        """
        unique = [np.unique(c, return_inverse=True, return_counts=True) for c in factors.T]
        starts = np.cumsum([0, *(len(values) for values, _, _ in unique)])
        labels = [s + place for s, (_, place, _) in zip(starts[:-1], unique, strict=True)]
        positive = [len(factors) / (len(count) * count) for _, _, count in unique]
        negative = [w[::-1] if len(w) == 2 else np.ones_like(w) for w in positive]
        return cls(
            np.stack(labels, axis=-1),
            np.concatenate([values for values, _, _ in unique]),
            starts,
            np.concatenate(positive),
            np.concatenate(negative),
        )


def predictions(
    lines: Lines, problems: Problems, code: Float[np.ndarray, " n"]
) -> Int64[np.ndarray, "factors n"]:
    """For each factor the value whose line is highest, the first of equals."""
    best = []
    for start, stop in zip(problems.starts[:-1], problems.starts[1:], strict=True):
        w, b = lines[start:stop, :, None].swapaxes(0, 1)
        best.append(problems.values[start + (w * code + b).argmax(axis=0)])
    return np.stack(best)


def fit(code: Float[np.ndarray, " n"], problems: Problems, C: float) -> Lines:
    """The lines w x + b that minimise, problem by problem,

        ½ (w² + b²) + C Σ_i c_i max(0, 1 − y_i (w x_i + b))²,

    y_i = ±1 and c_i the weight of the point's side.

    A Newton step goes to the minimum of the quadratic that the loss is as long as the same points
    violate the margin; it is halved while the loss does not fall. Where a step leaves the violating
    points as they were, it has reached the minimum.
    """
    violations = Violations.of(code, problems, C)
    lines = np.zeros((len(problems.values), 2))
    here = violations.at(lines)
    tolerance = TOLERANCE * np.abs(here.gradient(lines)).max(axis=1)
    for _ in range(MAX_STEPS):
        step = here.minimum() - lines
        step[np.abs(here.gradient(lines)).max(axis=1) <= tolerance] = 0
        if not step.any():
            break
        lines, here = downhill(violations, here, lines, step)
    return lines


def downhill(
    violations: Violations, here: Quadratic, lines: Lines, step: Lines
) -> tuple[Lines, Quadratic]:
    """The lines a step further, or the first of ½, ¼ … of it that lowers the loss (Armijo)."""
    loss, slope = here.loss(lines), (here.gradient(lines) * step).sum(axis=1)
    size = np.ones(len(lines))
    while True:
        trial = lines + size[:, None] * step
        there = violations.at(trial)
        too_far = there.loss(trial) > loss + 1e-4 * size * slope + ROUNDING * loss
        if not too_far.any():
            return trial, there
        size[too_far] /= 2


@dataclass(frozen=True, eq=False)
class Violations:
    """A code sorted, with cumulative moments over all its points and over each problem's positives.

    Attributes
    ----------
    code : sorted.
    moments : `(n + 1, 3)`, row r over the r lowest points.
    keys : (problem, rank of a positive point) as one number each, ascending.
    positive_moments : `(n · factors + 1, 3)`, row r over the first r keys.
    first : where each problem's keys start, and the number of all.
    """

    code: Float[np.ndarray, " n"]
    moments: Float[np.ndarray, "rows 3"]
    keys: Int64[np.ndarray, " keys"]
    positive_moments: Float[np.ndarray, "key_rows 3"]
    first: Int64[np.ndarray, " bounds"]
    positive_cost: Float[np.ndarray, " problems"]
    negative_cost: Float[np.ndarray, " problems"]

    @classmethod
    def of(cls, code: Float[np.ndarray, " n"], problems: Problems, C: float) -> Violations:
        """Sort once; look up ever after."""
        order = np.argsort(code)
        n, code = len(code), code[order]
        keys = np.sort((problems.labels[order] * n + np.arange(n)[:, None]).ravel())
        first = np.searchsorted(keys, np.arange(len(problems.values) + 1) * n)
        return cls(
            code,
            cumulative_moments(code),
            keys,
            cumulative_moments(code[keys % n]),
            first,
            C * problems.positive_weight,
            C * problems.negative_weight,
        )

    def at(self, lines: Lines) -> Quadratic:
        """What the loss is as long as the points that violate these lines' margins are the same."""
        _, positives = self._below(lines, 1)
        points, others = self._below(lines, -1)
        all_positives = np.diff(self.positive_moments[self.first], axis=0)
        negatives = (self.moments[-1] - points) - (all_positives - others)
        P = 2 * self.positive_cost[:, None] * positives
        N = 2 * self.negative_cost[:, None] * negatives
        return Quadratic(P + N, P - N)

    def _below(self, lines: Lines, level: float) -> tuple[Moments, Moments]:
        """Moments over the points with w x + b < level, and over the positive ones among them."""
        w, b = (lines + 0.0).T  # no −0, by which the threshold would have the wrong sign
        with np.errstate(divide="ignore", invalid="ignore"):
            rank = np.searchsorted(self.code, (level - b) / w)
        place = np.searchsorted(self.keys, np.arange(len(lines)) * len(self.code) + rank)
        first, last = self.positive_moments[self.first[:-1]], self.positive_moments[self.first[1:]]
        points, positives = self.moments[rank], self.positive_moments[place]
        falls = (w < 0)[:, None]
        return (
            np.where(falls, self.moments[-1] - points, points),
            np.where(falls, last - positives, positives - first),
        )


@dataclass(frozen=True, eq=False)
class Quadratic:
    """½ θᵀ H θ − r θ + ½ (number of violations, weighted), θ = (w, b): the loss near some lines.

    Attributes
    ----------
    weights : A_j = Σ 2 C c_i x_i^j over the violating points, so H = I + [[A₂, A₁], [A₁, A₀]].
    signed : the same with y_i in each term, so r = (its second, its first).
    """

    weights: Moments
    signed: Moments

    def minimum(self) -> Lines:
        """H⁻¹ r, by Cramer's rule."""
        A0, A1, A2 = self.weights.T
        r0, r1, _ = self.signed.T
        determinant = (1 + A2) * (1 + A0) - A1**2
        w, b = (1 + A0) * r1 - A1 * r0, (1 + A2) * r0 - A1 * r1
        return np.stack([w, b], axis=-1) / determinant[:, None]

    def gradient(self, lines: Lines) -> Lines:
        """H θ − r."""
        A0, A1, A2 = self.weights.T
        r0, r1, _ = self.signed.T
        w, b = lines.T
        return np.stack([(1 + A2) * w + A1 * b - r1, A1 * w + (1 + A0) * b - r0], axis=-1)

    def loss(self, lines: Lines) -> Float[np.ndarray, " problems"]:
        """The value at θ: ½ (gradient − r) θ and the constant."""
        linear = self.gradient(lines) - self.signed[:, 1::-1]
        return ((linear * lines).sum(axis=1) + self.weights[:, 0]) / 2


def cumulative_moments(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, "rows 3"]:
    """Σ 1, Σ x, Σ x² over none, the first, the first two … of the values."""
    powers = np.stack([np.ones_like(x), x, x**2], axis=-1)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(powers, axis=0)])
