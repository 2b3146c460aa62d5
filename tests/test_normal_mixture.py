"""The mixture of Gaussians on the line: quantiles that invert its distribution function, tails."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from dvae_course.theory.normal_mixture import NormalMixture

components = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(0.1, 4), st.floats(0.05, 1)), min_size=1, max_size=4
)
log_p = st.lists(st.floats(-600, -1e-3), min_size=1, max_size=20).map(np.array)


def mixture_of(rows: list[tuple[float, float, float]]) -> NormalMixture:
    means, scales, weights = np.array(rows).T
    return NormalMixture(means, scales, weights / weights.sum())


@given(components, st.floats(-10, 10))
@settings(deadline=None)
def test_density_and_distribution_are_the_weighted_sums(rows, u):
    mixture = mixture_of(rows)
    normals = [stats.norm(m, s) for m, s in zip(mixture.means, mixture.scales, strict=True)]
    for of_mixture, of_normal in [("logpdf", "pdf"), ("logcdf", "cdf"), ("logsf", "sf")]:
        values = [getattr(normal, of_normal)(u) for normal in normals]
        value = np.exp(getattr(mixture, of_mixture)(u))
        assert value == pytest.approx(mixture.weights @ values, rel=1e-11, abs=1e-290)


@given(components, log_p)
@settings(deadline=None)
def test_the_quantile_inverts_the_distribution_function_in_both_tails(rows, log_p):
    mixture = mixture_of(rows)
    p = np.exp(log_p)
    for quantile, log_tail in [(mixture.ppf, mixture.logcdf), (mixture.isf, mixture.logsf)]:
        u = quantile(p)
        # no float near u does better than the change of log F from one float to the next
        rounding = np.spacing(np.abs(u)) * np.exp(mixture.logpdf(u) - log_tail(u))
        error = np.abs(log_tail(u) - log_p)
        assert (error <= 4 * rounding + 1e-14 * (1 + np.abs(log_p))).all()


def test_one_component_is_the_gaussian_and_its_tails_go_far():
    mixture, gaussian = NormalMixture([2.0], [3.0]), stats.norm(2, 3)
    p = np.logspace(-300, -0.01, 50)
    np.testing.assert_allclose(mixture.ppf(p), gaussian.ppf(p), rtol=1e-13)
    np.testing.assert_allclose(mixture.logsf(100.0), gaussian.logsf(100.0), rtol=1e-14)


def test_the_quantile_survives_a_gap_between_the_components():
    apart = NormalMixture([-1000, 1000], [1, 1])
    u = apart.ppf(np.array([0.25, 0.5, 0.75]))
    np.testing.assert_allclose(u[[0, 2]], [-1000, 1000], rtol=1e-14)
    assert -1000 + 5 < u[1] < 1000 - 5


def test_draws_follow_the_distribution_function_and_the_density_integrates_to_it():
    mixture = NormalMixture([-2, 1.5], [0.7, 1], [0.3, 0.7])
    draws = mixture.rvs(20_000, np.random.default_rng(0))
    assert stats.kstest(draws, mixture.cdf).pvalue > 0.01
    area, _ = integrate.quad(lambda u: np.exp(mixture.logpdf(u)), -10, 0.3, epsabs=1e-12)
    assert mixture.cdf(0.3) == pytest.approx(area, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [1]), "got 2, 1 and 2 numbers"),
        (([], []), "one number a component"),
        (([0, math.inf], [1, 1]), "must be finite"),
        (([0, 1], [1, 0]), "a component of scale 0 is an atom"),
        (([0, 1], [1, 1], [0.5, 0.6]), r"sum 1.1\); divide them by their sum"),
        (([0, 1], [1, 1], [0, 1]), "weights must be positive"),
    ],
)
def test_what_is_no_mixture_is_refused_with_its_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormalMixture(*arguments)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, math.nan])
def test_quantiles_of_what_is_no_probability_between_0_and_1_are_refused(p):
    with pytest.raises(ValueError, match=r"p must be in \(0, 1\)"):
        NormalMixture([0], [1]).ppf(np.array([p]))
