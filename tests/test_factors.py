"""The grid of factors: one order, both ways; samples and pairs that share what they must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvae_course.datasets.factors import FactorDataset


class Squares(FactorDataset):
    """Grey squares whose brightness is the index, with a nuisance in the last column."""

    factor_names = ("a", "b", "c")
    factor_sizes = (3, 4, 5)
    shape = (1, 2, 2)
    source = "rendered"

    def _pictures(self, factors, rng):
        pictures = np.tile(self.index_of(factors)[:, None, None, None] / 60, (1, 1, 2, 2))
        pictures[..., 1] = rng.random((len(factors), 1, 2))
        return pictures


DATA = Squares()


def test_factors_to_index_to_factors_is_the_identity_over_the_whole_grid():
    everything = np.concatenate(list(DATA.grid(batch_size=7)))
    assert everything.shape == (60, 3)
    assert np.array_equal(DATA.index_of(everything), np.arange(60))
    assert np.array_equal(DATA.factors_at(np.arange(60)), everything)


def test_the_last_factor_varies_fastest():
    assert DATA.factors_at(np.arange(2)).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_the_same_seed_gives_the_same_factors_and_pictures():
    assert np.array_equal(DATA.sample_factors(9, seed=4), DATA.sample_factors(9, seed=4))
    factors = DATA.sample_factors(9, seed=4)
    assert DATA.observe(factors, seed=1).equal(DATA.observe(factors, seed=1))


def test_nuisances_change_with_the_seed_and_factors_do_not():
    factors = DATA.sample_factors(9, seed=4)
    one, other = DATA.observe(factors, seed=1), DATA.observe(factors, seed=2)
    assert one[..., 0].equal(other[..., 0]) and not one[..., 1].equal(other[..., 1])


def test_every_value_of_every_factor_is_sampled():
    factors = DATA.sample_factors(400, seed=0)
    assert [len(np.unique(column)) for column in factors.T] == [3, 4, 5]


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 2)))
def test_pairs_agree_in_what_they_share_and_differ_elsewhere(shared):
    first, second = DATA.sample_pairs(200, sorted(shared), seed=0)
    agree = (first == second).all(axis=0)
    assert set(np.flatnonzero(agree)) == shared


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 2)))
def test_a_sharing_batch_is_constant_in_what_it_shares_alone(shared):
    factors = DATA.sample_sharing(200, sorted(shared), seed=0)
    constant = (factors == factors[0]).all(axis=0)
    assert set(np.flatnonzero(constant)) == shared


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: DATA.observe(np.zeros((2, 2), dtype=np.int64)), r"shape \(n, 3\)"),
        (lambda: DATA.observe(np.array([[0, 4, 0]])), "b has values 0 to 3, got 4"),
        (lambda: DATA.observe(np.array([[0, 0, -1]])), "c has values 0 to 4, got -1"),
        (lambda: DATA.factors_at(np.array([60])), "0 to 59"),
        (lambda: DATA.sample_pairs(2, [3]), "0 to 2"),
    ],
)
def test_what_is_outside_the_grid_is_refused_by_name(act, words):
    with pytest.raises(ValueError, match=words):
        act()
