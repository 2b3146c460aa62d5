"""Votes share one factor, and nothing else; all else is uniform."""

import numpy as np
import pytest

from dvae_course.metrics import noise
from dvae_course.metrics.interventions import ROWS, interventions, summarised_votes
from dvae_course.randomness import generator


def test_votes_share_their_factor_pair_by_pair_and_nothing_else():
    rng = generator(0, "test")
    for which, factors in interventions((3, 6, 40), 500, 2, 64, rng):
        same = (factors[0] == factors[1]).mean(axis=0)  # (votes, factors)
        each = np.arange(len(which))
        assert (same[each, which] == 1).all()
        shared_in_batch = (factors[0, :1] == factors[0]).mean(axis=0)
        assert shared_in_batch[each, which].max() < 1
        same[each, which] = np.nan
        np.testing.assert_allclose(np.nanmean(same, axis=0), [1 / 3, 1 / 6, 1 / 40], atol=0.02)


def test_votes_share_their_factor_throughout_and_nothing_else():
    for which, factors in interventions((3, 6, 40), 500, 64, 1, generator(0, "test")):
        same = (factors == factors[:1]).mean(axis=0)[0]  # (votes, factors)
        each = np.arange(len(which))
        assert (same[each, which] == 1).all()
        same[each, which] = np.nan
        np.testing.assert_allclose(np.nanmean(same, axis=0), [1 / 3, 1 / 6, 1 / 40], atol=0.04)


def test_every_factor_is_fixed_equally_often_and_every_value_drawn_equally_often():
    drawn = list(interventions((3, 2), 20_000, 4, 1, generator(1, "test")))
    fixed = np.bincount(np.concatenate([which for which, _ in drawn]))
    np.testing.assert_allclose(fixed / 20_000, [1 / 2, 1 / 2], atol=4 * np.sqrt(0.25 / 20_000))
    values = np.bincount(np.concatenate([factors[0, 0, :, 0] for _, factors in drawn]))
    np.testing.assert_allclose(values / 20_000, np.full(3, 1 / 3), atol=0.015)


@pytest.mark.parametrize("n", [1, ROWS // 8, ROWS // 8 + 1])
def test_there_are_as_many_votes_as_asked_for_each_with_its_summary(n):
    shapes = []

    def summary(codes: np.ndarray) -> np.ndarray:
        shapes.append(codes.shape)
        return codes[0, 0]

    fixed, summaries = summarised_votes(noise((3, 4), 5), n, 4, 2, generator(0, "test"), summary)
    assert (fixed.shape, summaries.shape) == ((n,), (n, 5))
    assert {shape[:2] for shape in shapes} == {(4, 2)}
    assert max(np.prod(shape[:3]) for shape in shapes) <= ROWS  # so memory is bounded


def test_a_vote_of_more_rows_than_fit_is_drawn_alone():
    (_, factors), *_ = interventions((3, 4), 2, ROWS + 1, 1, generator(0, "test"))
    assert factors.shape == (ROWS + 1, 1, 1, 2)


def test_a_single_factor_is_refused():
    with pytest.raises(ValueError, match="at least 2 factors; there is 1, of 7 values"):
        summarised_votes(noise((7,), 2), 10, 2, 4, generator(0, "test"), lambda codes: codes[0, 0])
