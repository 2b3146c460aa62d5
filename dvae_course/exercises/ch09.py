"""Exercises of chapter 09, overlap and match: an estimate, its units, a blind spot, a batch."""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from dvae_course.exercises.functions import Case, Function, Outputs, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise
from dvae_course.exercises.values import same

Table = Float[np.ndarray, "n n"]


def overlap_from_table(log_q: Table) -> np.ndarray:
    """Mean over i of log q(z_i|x_i) − log q(z_i), with q(z) the mean of the row's densities."""
    return np.asarray(_each_point(log_q).mean())


def table_cases(rng: np.random.Generator) -> list[Case]:
    """Tables of two to six points, the smallest first; the last so low that exp underflows."""
    tables = [rng.normal(-2, 2, (n, n)).round(1) for n in (2, 3, 3, 4, 6)]
    tables = [table + np.diag(np.full(len(table), 2.0)) for table in tables]
    return [*[(table,) for table in tables], (tables[-1] - 2000,)]


def _each_point(log_q: Table, axis: int = 1) -> Float[np.ndarray, " n"]:
    return np.diagonal(log_q) - logsumexp(log_q, axis=axis, b=1 / len(log_q))


def _without_own(log_q: Table) -> np.ndarray:
    """The mixture of all *other* encodings in the place of q(z)."""
    others = np.where(np.eye(len(log_q), dtype=bool), -np.inf, log_q)
    log_q_of_z = logsumexp(others, axis=1) - math.log(len(log_q) - 1)
    return np.asarray((np.diagonal(log_q) - log_q_of_z).mean())


def _through_exp(log_q: Table) -> np.ndarray:
    return np.asarray((np.diagonal(log_q) - np.log(np.exp(log_q).mean(1))).mean())


def _underflows(outputs: Outputs, expected: Outputs) -> bool:
    """Right on all tables but the last, whose densities no float64 can hold."""
    right = all(map(same, outputs[:-1], expected[:-1]))
    return right and not np.isfinite(outputs[-1]).all()


ESTIMATE = Function(
    reference=overlap_from_table,
    cases=table_cases,
    why="q(z_i) is the mean of row i's densities, so its logarithm is logsumexp over the row minus "
    "log n. Because the own encoding is one of the n, the estimate never exceeds log n: that is "
    "where the ceiling comes from.",
    misconceptions=(
        WrongFunction(
            _through_exp,
            "Right where the densities can be held in a float, but exp(…) of a log density of "
            "−2000 underflows to 0, and its logarithm is −∞. Stay in logarithms: logsumexp.",
            when=_underflows,
            nearly=True,
        ),
        WrongFunction(
            lambda log_q: np.mean(np.diagonal(log_q) - logsumexp(log_q, axis=1)),
            "The weights 1/n of the mixture are missing: subtract log n from the logsumexp. As it "
            "is, your estimate is never above 0, and mutual information is never below it.",
            nearly=True,
        ),
        WrongFunction(
            _without_own,
            "You left the own encoding out of q(z_i). The aggregate posterior is the mixture of "
            "*all* n encodings, the own one too: read the theorem's hypothesis, the same x.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q: np.mean(np.diagonal(log_q) - log_q.mean(1)),
            "You averaged the logarithms. q(z) is the mean of the densities, and the logarithm "
            "comes after: logsumexp over the row, minus log n.",
        ),
        WrongFunction(
            lambda log_q: _each_point(log_q, axis=0).mean(),
            "You took the mixture down the columns: that is one encoding's density at all z. "
            "q(z_i) needs all encodings at one z, which is row i.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q: -overlap_from_table(log_q),
            "The sign is turned round: log q(z|x) − log q(z) is positive on average.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q: _each_point(log_q).sum(),
            "You summed over the points. E_x is the mean.",
            nearly=True,
        ),
        WrongFunction(
            _each_point,
            "This is one number a point. I(x; z) is their mean.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q: np.diagonal(log_q).mean(),
            "This is the negative entropy of the encodings alone. The second term, log q(z_i), is "
            "missing: how much of that sharpness do the other encodings share?",
        ),
        WrongFunction(
            lambda log_q: overlap_from_table(log_q) / math.log(2),
            "This is in bits. The book counts in nats, with the natural logarithm.",
            nearly=True,
        ),
    ),
)

TEN_TIMES = Choice(
    right="stays",
    explanations={
        "stays": "z' = 10 z is a bijection: whoever has z' has z. Both log q(z|x) and log q(z) "
        "fall by D log 10, and the difference, whose mean is I(x; z), is what it was. Noise counts "
        "relative to the spacing of the means. The match does change: q(z) is now ten times too "
        "wide for the prior, which is why a prior that holds the scale makes noise mean something.",
        "falls": "It would if the means stayed where they are. Here they move apart by the same "
        "factor: draw two encodings on paper, and the same two enlarged. Can they be told apart "
        "any worse?",
        "rises": "The means are further apart, but the noise has grown by the same factor. Put "
        "z' = 10 z into log q(z'|x) − log q(z').",
        "depends": "There is no decoder in I_q(x; z): data and encoder alone decide it. Look again "
        "at the definition below the theorem.",
    },
)

BLIND = Choice(
    right="joint",
    explanations={
        "joint": "z₂ = ±z₁ is N(0, 1) on its own, by symmetry, so that MMD per dimension compares "
        "equal laws twice. Jointly, all mass lies on two lines, which a kernel on the plane sees. "
        "A correlation of 0 is not independence, and MMD per dimension sees less than even a "
        "correlation.",
        "per dimension": "Look at one coordinate at a time: what is the law of −z₁, if z₁ is "
        "N(0, 1)? And of z₂?",
        "both": "The joint one, yes. But what is the law of z₂ alone? Half of the time it is that "
        "of z₁, half of the time that of −z₁.",
        "neither": "A correlation of 0 does not make the coordinates independent: |z₁| = |z₂| "
        "always, so that all mass lies on two lines. Which of the two MMDs looks at pairs "
        "(z₁, z₂)?",
    },
)

EXCESS = Number(
    value=math.log(120),
    tolerance=0.01,
    why="Without overlap I = log n: log 60,000 over all data and log 500 in each batch. The KL "
    "term is the same mean over x in both. The match is what is left of it, so that a batch's is "
    "too large by log 60,000 − log 500 = log 120 nats, however good the true match is.",
    misconceptions=(
        WrongNumber(
            math.log(500),
            "This is log 500, the overlap that a batch can count at most. The question is by how "
            "much that falls short of the true overlap of all 60,000.",
        ),
        WrongNumber(
            math.log(60_000),
            "This is log 60,000, the true overlap. A batch does not miss all of it: it counts "
            "log 500.",
        ),
        WrongNumber(
            120.0,
            "You have the ratio of the two sizes. Overlap without any shared codes is the "
            "*logarithm* of the number of points.",
        ),
        WrongNumber(
            math.log2(120),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            0.0,
            "The mean over batches is unbiased for the KL term, but not for its parts: the overlap "
            "in a batch of 500 is at most log 500. What is then left for the match?",
        ),
        WrongNumber(
            -math.log(120),
            "Check the sign: a batch counts too little overlap, and the sum is fixed.",
            when=lambda number: number < 0,
        ),
    ),
)

EXERCISES = (
    Exercise(
        id="09.1",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "Where in the table is log q(z_i|x_i)?",
            "q(z_i) is the mean over j of exp(log_q[i, j]). How is its logarithm taken safely?",
            "diagonal − (logsumexp over the last axis − log n), and then the mean over i.",
        ),
        answer=ESTIMATE,
    ),
    Exercise(
        id="09.2",
        difficulty=1,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "Draw two encodings that overlap a little. Enlarge the drawing.",
            "What does z' = 10 z do to log q(z|x), and what to log q(z)?",
        ),
        answer=TEN_TIMES,
    ),
    Exercise(
        id="09.3",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "What does MMD per dimension know of the pair (z₁, z₂)?",
            "N(0, 1) is symmetric: −z₁ has the law of z₁. What is the law of z₂?",
        ),
        answer=BLIND,
    ),
    Exercise(
        id="09.4",
        difficulty=2,
        importance=2,
        minutes=6,
        points=1,
        hints=(
            "Split the KL term twice: over all data, and over one batch.",
            "The sum is the same on average. By how much do the two overlaps differ?",
        ),
        answer=EXCESS,
    ),
)
