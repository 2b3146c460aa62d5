"""The sign rule: kurtosis under rotation, and E log p of a Student-t prior, found two ways."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from dvae_course.theory.ica_sign import (
    expected_log_prior,
    gains,
    kurtosis_after,
    laplace,
    sample,
    uniform,
)

FACTORS = [uniform(), laplace()]
each = pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.name)


@each
def test_quadrature_has_the_laws_moments_and_excess_kurtosis(factor):
    for power, moment in ((0, 1), (1, 0), (2, 1), (3, 0), (4, factor.kurtosis + 3)):
        found = (factor.weights * factor.nodes**power).sum()
        assert found == pytest.approx(moment, abs=1e-12)


@each
def test_samples_follow_the_law(factor):
    drawn = sample(factor, 20_000, seed=0)
    law = stats.uniform(-math.sqrt(3), 2 * math.sqrt(3))
    law = law if factor.name == "uniform" else stats.laplace(scale=1 / math.sqrt(2))
    assert drawn.shape == (20_000, 2)
    assert min(stats.kstest(column, law.cdf).pvalue for column in drawn.T) > 1e-3


@each
@given(angle=some.floats(-10, 10))
def test_the_kurtosis_of_a_turned_pair_is_that_of_its_fourth_moment(factor, angle):
    z = math.cos(angle) * factor.nodes[:, None] - math.sin(angle) * factor.nodes
    fourth = (factor.weights[:, None] * factor.weights * z**4).sum()
    assert kurtosis_after(angle, factor.kurtosis) == pytest.approx(fourth - 3, abs=1e-10)


@each
@pytest.mark.parametrize("nu", [1.0, 3.0, 30.0])
@pytest.mark.parametrize("angle", [0.0, 0.6])
def test_e_log_p_agrees_with_samples_at_the_best_scale(factor, nu, angle):
    s = sample(factor, 40_000, seed=1)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    z = s @ turn.T
    by_scale = [stats.t.logpdf(z, nu, scale=c).sum(1).mean() for c in np.geomspace(0.3, 1.2, 25)]
    assert expected_log_prior(factor, nu, angle) == pytest.approx(max(by_scale), abs=0.03)


def test_the_prior_pushes_uniform_factors_away_and_laplace_factors_to_the_axes():
    degrees = np.linspace(0, 90, 7)
    away, towards = (gains(factor, 3.0, degrees) for factor in FACTORS)
    assert away.argmax() == 3
    assert away[3] == pytest.approx(0.074, abs=5e-4)
    assert towards.argmax() in (0, 6)
    assert towards.argmin() == 3
    assert towards[3] == pytest.approx(-0.100, abs=5e-4)


@each
def test_the_gain_is_minus_kappa_sin_squared_over_four_nu_for_large_nu(factor):
    for degrees in (15.0, 45.0, 70.0):
        predicted = -factor.kurtosis * math.sin(2 * math.radians(degrees)) ** 2 / 4
        scaled = [nu * gains(factor, nu, np.array([degrees]))[0] for nu in (1e3, 1e4)]
        errors = np.abs(np.array(scaled) - predicted)
        assert errors[1] < 0.002
        assert errors[1] < 0.2 * errors[0] + 1e-4


@each
def test_a_gaussian_prior_has_no_preferred_angle(factor):
    assert np.abs(gains(factor, math.inf, np.linspace(0, 90, 5))).max() < 1e-12


@pytest.mark.parametrize("nu", [0.0, -1.0, math.nan])
def test_a_nu_that_is_not_positive_is_refused(nu):
    with pytest.raises(ValueError, match=r"nu must be positive .*inf for the Gaussian"):
        expected_log_prior(uniform(), nu, 0.0)
