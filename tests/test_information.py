"""The table of information: the plain estimate to the last digits, its bias, its refusals."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import information_reference as reference

from dvae_course.metrics import noise, perfect
from dvae_course.metrics.codes import checked_pairs
from dvae_course.metrics.information import discretise, entropy, mutual_information


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(2, 30), st.sampled_from([(2, 5), (3, 6, 40)]))
def test_the_table_is_the_plain_estimate_of_every_pair(seed, bins, sizes):
    factors, codes = noise(sizes, 4, seed).sample(500, seed)
    codes += factors[:, :1] * np.arange(4)
    table = mutual_information(factors, codes, bins).matrix
    np.testing.assert_allclose(table, reference.information(factors, codes, bins), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(1e-3, 1e3), st.integers(2, 40))
def test_bins_are_those_of_a_histogram(seed, scale, bins):
    codes = np.random.default_rng(seed).standard_cauchy((200, 3)) * scale
    ours = discretise(codes, bins)
    theirs = [reference.binned(column, bins) - 1 for column in codes.T]
    assert np.array_equal(ours, theirs)


def test_a_code_that_is_the_factor_says_its_entropy():
    factors, codes = perfect((4, 7)).sample(4_000)
    table = mutual_information(factors, codes)
    np.testing.assert_allclose(np.diag(table.matrix), table.factor_entropy, atol=1e-12)


@pytest.mark.parametrize("n", [1_000, 10_000])
def test_noise_seems_to_say_as_much_as_its_bias(n):
    # (bins − 1)(values − 1) / 2n to leading order, with the bins that a Gaussian really fills
    factors, codes = noise(SIZES["dSprites"], 200).sample(n)
    table = mutual_information(factors, codes)
    filled = np.array([len(np.unique(row)) for row in discretise(codes)])
    predicted = np.outer(filled - 1, np.array(SIZES["dSprites"]) - 1) / (2 * n)
    np.testing.assert_allclose(table.matrix.mean(0), predicted.mean(0), rtol=0.25)


def test_entropy_takes_0_log_0_as_0():
    assert entropy(np.array([0.5, 0.0, 0.5])) == pytest.approx(np.log(2), abs=1e-15)


def test_the_rows_of_dead_codes_are_0():
    factors, codes = perfect((4, 7)).sample(100)
    codes[:, 1] = 0.1
    table = mutual_information(factors, codes)
    assert table.live.tolist() == [True, False]
    assert (table.matrix[1] == 0).all()


FACTORS = np.array([[0, 1], [1, 0], [1, 1]])
CODES = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("factors", "codes", "words"),
    [
        (FACTORS, np.where(CODES == 2, np.nan, CODES), r"1 of 6 are not, in dimensions \[0\]"),
        (FACTORS, np.where(CODES == 1, np.inf, CODES), r"in dimensions \[0, 1\]"),
        (FACTORS - 1, CODES, "whole numbers from 0 up.*from -1"),
        (FACTORS * [1, 0], CODES, "factor 1 has the same value 0 in all 3 rows"),
        (FACTORS * [1, 9], CODES, "factor 1 has 10 values but there are only 3 rows"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name(factors, codes, words):
    with pytest.raises(ValueError, match=words):
        mutual_information(factors, codes)


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (FACTORS / 2, r"float64.*return_inverse"),
        (FACTORS[:2], r"one row for each of the 3 codes.*\(2, 2\)"),
        (FACTORS[:, :0], r"at least one column.*\(3, 0\)"),
    ],
)
def test_arrays_of_a_wrong_kind_are_refused_with_the_way_out(factors, words):
    unchecked = checked_pairs.__wrapped__  # without the tests' own check of types and shapes
    with pytest.raises(ValueError, match=words):
        unchecked(factors, CODES)


def test_a_single_bin_is_refused():
    with pytest.raises(ValueError, match="at least 2, got 1"):
        mutual_information(FACTORS, CODES, bins=1)
