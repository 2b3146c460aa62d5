"""Hoyer's sparsity: its extremes, its invariances, and what it says of a Gaussian code."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dvae_course.metrics import hoyer, hoyer_of_gaussian
from dvae_course.metrics.sparsity import hoyer_of_rows

finite = st.floats(-1e3, 1e3, allow_subnormal=False)


@pytest.mark.parametrize("dim", [2, 5, 50])
def test_one_hot_rows_score_1_and_rows_of_equal_size_score_0(dim):
    np.testing.assert_allclose(hoyer_of_rows(-7.0 * np.eye(dim)), 1, atol=1e-12)
    np.testing.assert_allclose(hoyer_of_rows(np.full((3, dim), 0.2)), 0, atol=1e-12)


@given(arrays(np.float64, (6, 4), elements=finite.filter(lambda v: abs(v) > 1e-3)))
def test_every_row_scores_between_0_and_1(codes):
    scores = hoyer_of_rows(codes)
    assert (scores > -1e-12).all()
    assert (scores < 1 + 1e-12).all()


def test_rows_match_the_formula_written_out():
    y = np.array([3.0, -4.0, 0.0])
    expected = (math.sqrt(3) - 7 / 5) / (math.sqrt(3) - 1)
    np.testing.assert_allclose(hoyer_of_rows(y[None]), expected)
    np.testing.assert_allclose(hoyer_of_rows(1e300 * y[None]), expected)


@pytest.mark.parametrize("dim", [2, 3, 10, 50])
def test_a_gaussian_code_scores_its_closed_form(dim):
    codes = np.random.default_rng(0).standard_normal((40_000, dim))
    score = hoyer(codes)
    standard_error = score.tables["normalised"].std() / math.sqrt(len(codes))
    assert abs(score.value - hoyer_of_gaussian(dim)) < 4 * standard_error + 1e-4


def test_in_two_dimensions_the_gaussian_reference_is_the_mean_over_the_circle():
    # E[|cos φ| + |sin φ|] = 4/π over a uniform angle φ
    expected = (math.sqrt(2) - 4 / math.pi) / (math.sqrt(2) - 1)
    assert hoyer_of_gaussian(2) == pytest.approx(expected, abs=1e-12)


@given(arrays(np.float64, 4, elements=st.floats(1e-3, 1e3)))
def test_rescaling_dimensions_changes_the_raw_score_but_not_the_normalised_one(scales):
    codes = np.random.default_rng(1).standard_normal((200, 4))
    assert hoyer(codes * scales).value == pytest.approx(hoyer(codes).value, abs=1e-9)


def test_unequal_scales_alone_make_a_dense_code_look_sparse_in_the_raw_score():
    dense = np.random.default_rng(2).standard_normal((2_000, 10))
    unequal = dense * np.logspace(0, -3, 10)
    assert hoyer(unequal, normalise=False).value > hoyer(dense, normalise=False).value + 0.3


def test_dimensions_are_divided_by_their_deviation_but_not_centred():
    codes = np.random.default_rng(3).normal([5.0, 0.0, -2.0], size=(500, 3))
    expected = hoyer_of_rows(codes / codes.std(0)).mean()
    assert hoyer(codes).value == pytest.approx(expected, abs=1e-12)
    centred = hoyer_of_rows((codes - codes.mean(0)) / codes.std(0)).mean()
    assert abs(hoyer(codes).value - centred) > 0.05


@pytest.mark.parametrize("constant", [0.0, 0.1, -3e5])
@pytest.mark.parametrize("normalise", [True, False])
def test_dead_dimensions_change_no_score_and_are_reported(constant, normalise):
    codes = np.random.default_rng(4).standard_normal((1_000, 3)).astype(np.float32)
    dead = np.full((1_000, 2), constant, np.float32)
    with_dead = hoyer(np.hstack([codes, dead]), normalise)
    assert with_dead.value == hoyer(codes, normalise).value
    assert with_dead.tables["live"].tolist() == [True, True, True, False, False]


def test_a_dimension_that_varies_by_rounding_alone_is_dead():
    rng = np.random.default_rng(7)
    rounding = 0.3 * (1 + 1e-8 * rng.standard_normal((500, 1)))
    score = hoyer(np.hstack([rng.standard_normal((500, 2)), rounding]))
    assert score.tables["live"].tolist() == [True, True, False]


def test_both_scores_are_in_the_tables_whichever_is_the_value():
    codes = np.random.default_rng(5).standard_normal((100, 4)) * [1, 2, 3, 4]
    for normalise, name in [(True, "normalised"), (False, "raw")]:
        score = hoyer(codes, normalise)
        assert score.value == pytest.approx(score.tables[name].mean())
        assert len(score.tables["raw"]) == len(score.tables["normalised"]) == 100


def test_rows_without_a_direction_are_left_out():
    codes = np.random.default_rng(6).standard_normal((100, 4))
    codes[0] = 0
    score = hoyer(codes)
    assert len(score.tables["normalised"]) == 99
    assert math.isfinite(score.value)


def test_fewer_than_two_live_dimensions_have_no_sparsity():
    codes = np.array([[1.0, 7.0], [2.0, 7.0]])
    with pytest.raises(ValueError, match=r"only 1 of the 2 do"):
        hoyer(codes)
    with pytest.raises(ValueError, match="at least 2 dimensions, got dim=1"):
        hoyer_of_gaussian(1)


def test_codes_of_a_wrong_shape_are_refused_with_their_shape():
    with pytest.raises(ValueError, match=r"shape \(data points, dimensions\).*\(0, 3\)"):
        hoyer(np.empty((0, 3)))


def test_codes_that_are_not_finite_are_refused_with_their_number():
    codes = np.array([[1.0, np.nan], [np.inf, 2.0]])
    with pytest.raises(ValueError, match="2 of 4 are not"):
        hoyer(codes)
