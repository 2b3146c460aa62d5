"""InfoMEC: information with known values, the three aggregations, and codes of known quality."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from dvae_course.metrics import Representation, calibrated, noise, perfect
from dvae_course.metrics.infomec import (
    active_codes,
    concentration,
    infoc,
    infoe,
    infom,
    infomec,
    infomec_from_samples,
    normalised_information,
    predictive_information,
)

SIZES = (3, 6, 10)


def changed(change, sizes=SIZES):
    """A perfect code, then changed."""
    ideal = perfect(sizes)
    return Representation(sizes, lambda factors: change(ideal.encode(factors)))


def values_of(scores):
    return [score.value for score in scores]


def information_by_loops(codes, values, k):
    """Ross (2014), eq. 2: ψ(n) + ψ(k) − ⟨ψ(n_value)⟩ − ⟨ψ(m)⟩, one pair of points after another."""
    n, terms = len(codes), []
    for i in range(n):
        same = [abs(codes[i] - codes[j]) for j in range(n) if values[j] == values[i] and j != i]
        radius = sorted(same)[k - 1]
        m = sum(abs(codes[i] - codes[j]) <= radius for j in range(n) if j != i)
        terms.append(digamma(k) - digamma(len(same) + 1) - digamma(m))
    return digamma(n) + np.mean(terms)


def test_information_is_the_nearest_neighbour_estimate_written_out():
    rng = np.random.default_rng(0)
    factors = rng.permuted(np.stack([np.arange(120) % size for size in (3, 4)], axis=1), axis=0)
    codes = factors[:, ::-1] + rng.normal(size=(120, 2))
    expected = [
        [max(0, information_by_loops(c, v, 10)) / math.log(v.max() + 1) for v in factors.T]
        for c in codes.T
    ]
    np.testing.assert_allclose(normalised_information(factors, codes), expected, atol=1e-9)
    assert np.max(expected) > 0.1


def two_bumps(n, distance, seed=0):
    """A fair coin, a code N(±distance/2, 1), and the share of the coin's entropy that it knows."""
    rng = np.random.default_rng(seed)
    factor = rng.integers(0, 2, n)
    code = distance * (factor - 0.5) + rng.normal(size=n)

    def integrand(z):
        p, q = norm.pdf(z, distance / 2), norm.pdf(z, -distance / 2)
        return 0.5 * p * math.log(2 * p / (p + q)) + 0.5 * q * math.log(2 * q / (p + q))

    return factor, code, quad(integrand, -12, 12)[0] / math.log(2)


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.5])
def test_two_gaussian_bumps_have_the_information_of_the_integral(distance):
    factor, code, exact = two_bumps(10_000, distance)
    found = normalised_information(factor[:, None], code[:, None])[0, 0]
    assert found == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.5])
def test_where_the_logistic_model_is_true_explicitness_is_the_information(distance):
    factor, code, exact = two_bumps(10_000, distance)
    found = predictive_information(code[:, None], factor)
    assert found == pytest.approx(exact, abs=0.02)


def test_a_factor_in_order_scores_1_and_a_coarser_view_of_it_the_share_of_its_entropy():
    factors = np.random.default_rng(1).permuted(np.arange(4_000)[:, None] % [8, 2], axis=0)
    codes = np.stack([factors[:, 0], factors[:, 0] // 2], axis=1).astype(float)
    found = normalised_information(factors, codes)
    np.testing.assert_allclose(found[:, 0], [1, math.log(4) / math.log(8)], atol=0.01)
    np.testing.assert_allclose(found[:, 1], 0, atol=0.02)


def concentration_by_loops(table):
    """The formula for tables without rows of zeros and with at least two columns."""
    columns, shares = len(table[0]), [max(row) / sum(row) for row in table]
    return (sum(shares) / len(shares) - 1 / columns) / (1 - 1 / columns)


@given(arrays(float, array_shapes(min_dims=2, max_dims=2, min_side=2), elements=st.floats(0.01, 1)))
def test_concentration_is_the_formula_and_lies_between_0_and_1(table):
    value = concentration(table)[1]
    assert value == pytest.approx(concentration_by_loops(table.tolist()), abs=1e-12)
    assert -1e-12 <= value <= 1 + 1e-12


def test_the_scores_are_the_concentration_of_the_active_rows_and_columns():
    scores = infomec(changed(lambda codes: np.hstack([codes, 0.01 * codes])), n=1_000)
    table = scores.infom.tables["nmi"]
    active = scores.infom.tables["active"]
    assert active.tolist() == [True] * 3 + [False] * 3
    assert scores.infom.value == pytest.approx(concentration_by_loops(table[active].tolist()))
    assert scores.infoc.value == pytest.approx(concentration_by_loops(table[active].T.tolist()))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_perfect_code_in_any_order_scores_1_three_times(seed):
    rng = np.random.default_rng(seed)
    order, signs = rng.permutation(3), rng.choice([-1.0, 1.0], 3)
    scores = infomec(changed(lambda codes: codes[:, order] * signs), seed, n=2_000)
    np.testing.assert_allclose(values_of(scores), 1, atol=0.04)


def test_where_each_factor_has_two_codes_compactness_falls_and_modularity_stays():
    once = infomec(perfect(SIZES), n=2_000)
    twice = infomec(changed(lambda codes: np.hstack([codes, codes])), n=2_000)
    assert twice.infoc.value == pytest.approx((1 / 2 - 1 / 6) / (1 - 1 / 6), abs=0.02)
    assert twice.infom.value == pytest.approx(once.infom.value, abs=0.02)
    assert twice.infoe.value == pytest.approx(once.infoe.value, abs=0.02)


def test_two_factors_in_one_code_cost_modularity():
    scores = infomec(changed(lambda codes: codes @ [[1.0], [1.0], [1.0]]), n=2_000)
    assert scores.infom.value < 0.6
    assert scores.infoe.value < 0.8


def test_a_rotation_costs_modularity_and_compactness_but_no_explicitness():
    U = np.array([[3, 1, 6**0.5], [1, 3, -(6**0.5)], [-(6**0.5), 6**0.5, 2]]) / 4
    scores = infomec(changed(lambda codes: codes @ U), n=2_000)
    assert scores.infom.value < 0.7
    assert scores.infoc.value < 0.7
    assert scores.infoe.value > 0.95


def test_noise_has_no_explicitness_but_seems_modular_and_compact():
    scores = infomec(noise(SIZES, 5), n=2_000)
    assert scores.infoe.value < 0.02
    assert min(scores.infom.value, scores.infoc.value) > 0.25


def test_a_constant_predictor_of_balanced_classes_has_the_entropy_of_equal_frequencies():
    values = np.random.default_rng(0).choice(4, 500, p=[0.7, 0.1, 0.1, 0.1])
    constant = np.zeros((500, 1))
    model = LogisticRegression(C=np.inf, class_weight="balanced").fit(constant, values)
    assert log_loss(values, model.predict_proba(constant)) == pytest.approx(math.log(4), abs=1e-4)
    assert predictive_information(constant, values) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_codes_change_no_score(constant):
    factors, codes = perfect(SIZES).sample(500)
    padded = np.hstack([np.full((500, 2), constant), codes])
    scores = infomec_from_samples(factors, padded)
    np.testing.assert_allclose(
        values_of(scores), values_of(infomec_from_samples(factors, codes)), atol=1e-9
    )
    assert scores.infom.tables["active"].tolist() == [False] * 2 + [True] * 3


def test_a_collapsed_code_scores_0_three_times():
    factors, codes = perfect(SIZES).sample(100)
    assert values_of(infomec_from_samples(factors, 0 * codes)) == [0, 0, 0]


def test_in_a_single_code_compactness_is_the_share_of_factors_that_it_knows_of():
    factors, codes = perfect((3, 4)).sample(1_000)
    scores = infomec_from_samples(factors, codes[:, :1])
    known = scores.infoc.tables["nmi"] > 0
    assert scores.infoc.value == known.mean()
    assert scores.infoc.tables["share"].tolist() == [1, 1]


def test_an_active_code_that_says_nothing_counts_as_spread_over_all_factors():
    share, value = concentration(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert share.tolist() == [1, 0.5]
    assert value == 0.5


def test_codes_are_active_by_their_range_relative_to_the_widest():
    codes = np.array([[0.0, 0, 0, 0, 7], [20, 1, 1.01, 2.6, 7]])
    assert active_codes(codes).tolist() == [True, False, True, True, False]
    assert active_codes(codes, 1 / 8).tolist() == [True, False, False, True, False]
    assert active_codes(codes, 0).tolist() == [True] * 4 + [False]


def test_each_score_alone_is_the_score_among_the_three_and_repeats_with_its_seed():
    representation = noise(SIZES, 4)
    fixed = Representation(SIZES, lambda factors: np.sin(factors @ np.ones((3, 4)) + np.arange(4)))
    three = infomec(fixed, 5, n=400, n_neighbors=3, least_range=0.1)
    settings = {"n": 400, "n_neighbors": 3, "least_range": 0.1}
    assert three.infom.value == infom(fixed, 5, **settings).value
    assert three.infoc.value == infoc(fixed, 5, **settings).value
    assert three.infoe.value == infoe(fixed, 5, n=400).value
    pairs = representation.sample(300)
    first, second = (infomec_from_samples(*pairs, seed=2) for _ in range(2))
    assert values_of(first) == values_of(second)


def test_all_three_can_be_calibrated_perfect_is_near_1_and_noise_near_0():
    sizes = (3, 4, 5, 6, 7)
    for score in infomec(perfect(sizes), seed=7, n=1_000):
        assert calibrated(score).value == pytest.approx(1, abs=0.1)
    for score in infomec(noise(sizes, 5, seed=9), seed=9, n=1_000):
        assert calibrated(score).value == pytest.approx(0, abs=0.5)


def test_what_cannot_be_scored_is_refused_with_what_was_passed():
    factors, codes = perfect(SIZES).sample(50)
    with pytest.raises(ValueError, match="at least 2 factors; there is 1"):
        infomec_from_samples(factors[:, :1], codes)
    with pytest.raises(ValueError, match="n_neighbors must be at least 1, got 0"):
        infomec_from_samples(factors, codes, n_neighbors=0)
    with pytest.raises(ValueError, match=r"at least 0 and below 1, got 20"):
        infomec_from_samples(factors, codes, least_range=20)
    alone = np.stack([np.arange(50) % 5, np.arange(50)], axis=1)
    with pytest.raises(ValueError, match="no value of factor 1 occurs twice in 50"):
        infomec_from_samples(alone, codes)
