"""The way to the standard Gaussian and back: exact in both tails, and what it refuses."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latent_laws import BOUNDED, LAWS, names
from scipy import stats

from dvae_course.theory.marginals import REACH, Marginal
from dvae_course.theory.normal_mixture import NormalMixture

deviations = st.lists(st.floats(-8, 8), min_size=1, max_size=20).map(np.array)


@given(names, deviations)
@settings(deadline=None)
def test_from_normal_and_back_is_exact_to_the_spacing_of_floats(name, h):
    marginal = Marginal(LAWS[name], name)
    u = marginal.from_normal(h)
    back = marginal.to_normal(u)
    # what one float more or less of u does to h, and the arithmetic of h itself
    bound = 4 * np.spacing(np.abs(u)) * np.exp(marginal.log_slope(u, h)) + 2e-14
    inside = bound < 1e-3  # at an upper end such as 1, floats are too coarse for any h
    assert (np.abs(back - h)[inside] <= bound[inside]).all()
    assert inside[np.abs(h) < 4].all()


@pytest.mark.parametrize("name", sorted(set(LAWS) - BOUNDED))
def test_unbounded_laws_go_to_20_standard_deviations_and_back(name):
    marginal = Marginal(LAWS[name], name)
    h = np.linspace(-20, 20, 401)
    np.testing.assert_allclose(marginal.to_normal(marginal.from_normal(h)), h, atol=2e-14, rtol=0)


def test_the_plain_formula_loses_the_upper_tail_that_the_survival_function_keeps():
    h = np.linspace(5, 8, 31)
    marginal = Marginal(stats.laplace())
    u = marginal.from_normal(h)
    plain = stats.norm.ppf(stats.laplace.cdf(u))
    assert np.abs(plain - h).max() > 1e-3
    assert np.abs(marginal.to_normal(u) - h).max() < 1e-14


@pytest.mark.parametrize("h", [-12.0, -3.0, -0.1, 0.0, 2.0, 12.0])
def test_closed_forms_to_fifty_digits(h):
    with mpmath.workdps(400):
        below, above = mpmath.ncdf(h), mpmath.ncdf(-h)
        logistic, exponential = float(mpmath.log(below / above)), float(-mpmath.log(above))
    at = np.array([h])
    assert Marginal(stats.logistic()).from_normal(at)[0] == pytest.approx(logistic, rel=1e-13)
    assert Marginal(stats.expon()).from_normal(at)[0] == pytest.approx(exponential, rel=1e-13)


@given(names, st.floats(-3, 3).filter(lambda h: abs(h) > 0.01))  # Laplace's kink is at 0
@settings(deadline=None)
def test_the_slope_is_the_derivative(name, h):
    marginal = Marginal(LAWS[name], name)
    step = 2e-4
    ahead, behind, far_ahead, far_behind = marginal.from_normal(
        h + step * np.array([1.0, -1.0, 2.0, -2.0])
    )
    du_dh = (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)
    u = marginal.from_normal(np.array([h]))
    slope = np.exp(marginal.log_slope(u, np.array([h])))
    rounding = 4 * np.spacing(np.abs(u[0])) / (step * du_dh)
    assert slope[0] == pytest.approx(1 / du_dh, rel=1e-8 + rounding)


def test_a_gaussian_goes_to_its_standardised_self():
    u = np.linspace(-3, 5, 50)
    h = Marginal(stats.norm(1, 0.5)).to_normal(u)
    np.testing.assert_allclose(h, (u - 1) / 0.5, rtol=1e-13, atol=1e-15)


def test_images_stay_inside_the_support_where_floats_end():
    for law in (stats.uniform(-1, 3), stats.beta(0.5, 0.5)):
        u = Marginal(law).from_normal(np.array([-20.0, 20.0]))
        low, high = law.support()
        assert low < u[0] < u[1] < high


@pytest.mark.parametrize("u", [-1.0, 2.0, 2.5, np.nan])
def test_the_boundary_and_beyond_are_refused_with_the_support(u):
    with pytest.raises(ValueError, match=r"u_3 has the open support \(-1, 2\), but 1 of 2 values"):
        Marginal(LAWS["uniform"], "u_3").to_normal(np.array([0.0, u]))


def test_points_without_a_tail_probability_are_refused():
    with pytest.raises(ValueError, match="the tail probability of 1000 rounds to 0"):
        Marginal(stats.laplace()).to_normal(np.array([0.0, 1000.0]))
    for h in (REACH + 1, np.nan):
        with pytest.raises(ValueError, match="standard deviations out"):
            Marginal(stats.laplace()).from_normal(np.array([0.0, h]))


@pytest.mark.parametrize("law", [stats.randint(0, 3), stats.poisson(2.0), stats.poisson])
def test_laws_with_atoms_are_refused_with_the_reason_and_the_way_out(law):
    with pytest.raises(ValueError, match=r"shape is discrete: .* jumps at each atom.*into bins"):
        Marginal(law, "shape")


def test_a_family_of_laws_and_what_is_no_law_are_refused():
    with pytest.raises(TypeError, match=r"family of laws; call it with its parameters"):
        Marginal(stats.laplace)
    with pytest.raises(TypeError, match=r"float lacks logpdf, logcdf"):
        Marginal(0.5)


@pytest.mark.parametrize("law", [stats.norm(scale=-1), stats.norm([0, 1]), stats.t(df=[3, 4])])
def test_invalid_and_several_parameters_are_refused(law):
    with pytest.raises(ValueError, match="must be the law of one number"):
        Marginal(law)


def test_a_law_of_ones_own_needs_six_methods_only():
    assert Marginal(NormalMixture([0.0], [1.0])).support == (-np.inf, np.inf)
