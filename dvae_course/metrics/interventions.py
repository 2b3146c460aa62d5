"""Data points that share one factor: what the BetaVAE and the FactorVAE score look at.

Each vote fixes one factor, draws the others, and boils the codes down to one number a dimension.
The paper's settings take two million codes, so votes are drawn and boiled down a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Int64

from dvae_course.metrics.representation import Representation

ROWS = 8192  # codes at a time: enough to forget the loop, few enough for the processor's cache

Fixed = Int64[np.ndarray, " votes"]
Shared = Int64[np.ndarray, "sharing repeats votes factors"]
SharedCodes = Float[np.ndarray, "sharing repeats votes codes"]
PerVote = Float[np.ndarray, "votes codes"]


def summarised_votes(
    representation: Representation,
    n: int,
    sharing: int,
    repeats: int,
    rng: np.random.Generator,
    summary: Callable[[SharedCodes], PerVote],
) -> tuple[Fixed, PerVote]:
    """Which factor each of `n` votes fixes, and the `summary` of its codes.

    A vote has `repeats` groups of `sharing` combinations; those of a group have the same value of
    the vote's factor, and all else is drawn independently and uniformly.

    Raises `ValueError` for a single factor.
    """
    if len(representation.factor_sizes) < 2:
        raise ValueError(
            "the score tells factors apart by their interventions, so it needs at least 2 factors; "
            f"there is 1, of {representation.factor_sizes[0]} values"
        )
    fixed, summaries = [], []
    for which, factors in interventions(representation.factor_sizes, n, sharing, repeats, rng):
        codes = representation.codes(factors.reshape(-1, factors.shape[-1]))
        fixed.append(which)
        summaries.append(summary(codes.reshape(*factors.shape[:-1], -1)))
    return np.concatenate(fixed), np.concatenate(summaries)


def interventions(
    factor_sizes: tuple[int, ...], n: int, sharing: int, repeats: int, rng: np.random.Generator
) -> Iterator[tuple[Fixed, Shared]]:
    """`n` votes, some at a time: the factor that each fixes, and its combinations."""
    at_a_time = max(1, ROWS // (sharing * repeats))
    for start in range(0, n, at_a_time):
        votes = min(at_a_time, n - start)
        which = rng.integers(len(factor_sizes), size=votes)
        shape = (sharing, repeats, votes)
        factors = np.stack([rng.integers(size, size=shape) for size in factor_sizes], axis=-1)
        each = np.arange(votes)
        factors[:, :, each, which] = factors[:1, :, each, which]
        yield which, factors
