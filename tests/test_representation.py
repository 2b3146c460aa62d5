"""Representations: the same sample for the same seed, the whole grid once, refusals by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvae_course.metrics import Representation, from_grid, noise, perfect


def test_the_same_seed_and_part_give_the_same_sample():
    code = perfect((3, 4, 5))
    for first, second in zip(code.sample(20, 1), code.sample(20, 1), strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(code.sample(20, 1)[0], code.sample(20, 2)[0])
    assert not np.array_equal(code.sample(20, 1)[0], code.sample(20, 1, "test")[0])


def test_a_perfect_code_has_mean_0_and_variance_1_over_the_grid():
    table = perfect((3, 4, 5)).tabulated(progress=False).encode.codes
    np.testing.assert_allclose(table.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(table.var(0), 1, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.integers(1, 50), st.integers(0, 9))
def test_a_table_gives_the_codes_that_it_was_made_from(sizes, batch_size, seed):
    code = perfect(tuple(sizes))
    table = code.tabulated(batch_size, progress=False)
    factors = code.sample(30, seed)[0]
    np.testing.assert_allclose(table.codes(factors), code.codes(factors), atol=1e-6)


def test_a_table_draws_noise_once():
    table = noise((3, 4), 2).tabulated(progress=False)
    factors = table.sample(50)[0]
    assert np.array_equal(table.codes(factors), table.codes(factors))


def test_a_complete_list_in_any_order_is_a_representation():
    code = perfect((3, 4, 5))
    everything = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=-1)
    rows = np.random.default_rng(0).permutation(60)
    again = from_grid(everything[rows], code.codes(everything[rows]))
    assert np.array_equal(again.codes(everything), code.codes(everything))


@pytest.mark.parametrize(
    ("rows", "words"),
    [([0, 1, 2], "4 combinations.*3 rows"), ([0, 1, 3, 3], "1 of the 4 rows repeat")],
)
def test_a_list_that_is_no_complete_grid_is_refused(rows, words):
    factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[rows]
    with pytest.raises(ValueError, match=words):
        from_grid(factors, factors.astype(float))


def test_a_factor_of_one_value_is_refused():
    with pytest.raises(ValueError, match=r"factor_sizes=\(3, 1\)"):
        perfect((3, 1))


def test_an_encoder_that_loses_rows_is_refused():
    with pytest.raises(ValueError, match="4 codes for 5 combinations"):
        Representation((3,), lambda factors: factors[1:].astype(float)).sample(5)


def test_an_encoder_that_gives_nan_is_refused_with_the_dimension():
    with pytest.raises(ValueError, match=r"dimensions \[1\]"):
        Representation((3,), lambda f: np.hstack([f * 1.0, f * np.nan])).sample(5)
