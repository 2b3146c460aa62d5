"""Dependence of codes: closed forms, the plain estimates, and what noise in each code must do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import information_reference as reference
from scipy.stats import ortho_group

from dvae_course.metrics import (
    Representation,
    mutual_information_score,
    mutual_information_score_from_codes,
    noise,
    total_correlation,
    total_correlation_from_codes,
    wasserstein_dependence,
    wasserstein_dependence_from_codes,
)

SCORES = (
    total_correlation_from_codes,
    wasserstein_dependence_from_codes,
    mutual_information_score_from_codes,
)


def correlated(seed: int, n: int = 2_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scales = rng.uniform(0.3, 3, 5)
    return (rng.standard_normal((n, 5)) * scales) @ ortho_group.rvs(5, random_state=seed)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_all_three_are_the_plain_estimates(seed):
    codes = correlated(seed)
    values = [score(codes).value for score in SCORES]
    expected = [
        reference.total_correlation(codes),
        reference.wasserstein_dependence(codes),
        reference.mutual_information_score(codes),
    ]
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)


def test_the_total_correlation_of_two_gaussians_is_its_closed_form():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((200_000, 2))
    z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]
    assert total_correlation_from_codes(z).value == pytest.approx(
        -0.5 * np.log(1 - 0.8**2), abs=0.01
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.floats(0.01, 3))
def test_independent_noise_in_each_code_cannot_raise_the_total_correlation(seed, scale):
    # Of covariances, by the data-processing inequality: Cov[sampled] = Cov[mean] + diagonal
    mean = correlated(seed)
    covariance = np.cov(mean.T) + np.diag(np.random.default_rng(seed).uniform(0, scale, 5))
    sampled = 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])
    assert sampled <= total_correlation_from_codes(mean).value + 1e-12


def test_a_faint_trace_in_a_passive_code_keeps_the_total_correlation_high():
    rng = np.random.default_rng(1)
    active = rng.standard_normal((5_000, 3))
    values = []
    for leak in (0.1, 0.01, 0.001):
        passive = leak * (active @ rng.standard_normal((3, 2)))
        passive += 0.1 * leak * rng.standard_normal((5_000, 2))
        values.append(total_correlation_from_codes(np.hstack([active, passive])).value)
    assert min(values) > 2  # nats, whatever the leak


@pytest.mark.parametrize("score", SCORES)
def test_independent_codes_score_nearly_0(score):
    codes = np.random.default_rng(2).standard_normal((10_000, 5))
    assert 0 <= score(codes).value < 0.02


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_codes_change_nothing(score, constant):
    codes = correlated(3)
    dead = np.hstack([codes, np.full((len(codes), 2), constant)])
    assert score(dead).value == pytest.approx(score(codes).value, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_a_single_live_code_depends_on_nothing(score):
    one = np.random.default_rng(0).standard_normal((50, 1))
    assert score(one).value == pytest.approx(0, abs=1e-12)
    assert score(np.ones((50, 2))).value == 0


@pytest.mark.parametrize("score", SCORES)
def test_a_nan_is_refused_with_its_dimension(score):
    codes = correlated(4)
    codes[7, 3] = np.nan
    with pytest.raises(ValueError, match=r"dimensions \[3\]"):
        score(codes)


def test_a_repeated_code_has_infinite_total_correlation_and_finite_transport():
    codes = correlated(5)
    twice = np.hstack([codes, codes[:, :1]])
    assert total_correlation_from_codes(twice).value == np.inf
    assert np.isfinite(wasserstein_dependence_from_codes(twice).value)


def test_scales_matter_to_the_transport_unless_normalised():
    codes = correlated(6)
    raw = wasserstein_dependence_from_codes
    assert raw(3 * codes).value == pytest.approx(9 * raw(codes).value)
    assert raw(3 * codes, normalise=True).value == pytest.approx(raw(codes, normalise=True).value)
    assert total_correlation_from_codes(codes * [1, 2, 3, 4, 5]).value == pytest.approx(
        total_correlation_from_codes(codes).value
    )


def test_a_representation_is_scored_by_its_sample():
    code = Representation((4, 5), lambda factors: factors @ np.array([[1.0, 1.0], [0.0, 1.0]]))
    codes = code.sample(1_000, seed=3)[1]
    for metric, core in [
        (total_correlation, total_correlation_from_codes),
        (wasserstein_dependence, wasserstein_dependence_from_codes),
        (mutual_information_score, mutual_information_score_from_codes),
    ]:
        assert metric(code, seed=3, n=1_000).value == core(codes).value
    assert total_correlation(noise((4, 5), 3)).value < 0.01
