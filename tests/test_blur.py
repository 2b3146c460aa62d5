"""MMD is a comparison through a blur: identities, limits, and what the blur hides."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from dvae_course.divergences import MMD
from dvae_course.randomness import generator
from dvae_course.theory.blur import blurred, compared, kl, mmd, rippled

Z = np.linspace(-9, 9, 1801)
quick = settings(max_examples=8, deadline=None)


def shifted(mean, sd):
    return norm.pdf(Z, mean, sd)


@quick
@given(width=st.floats(0.05, 2), sd=st.floats(0.2, 1.0))
def test_blurring_adds_the_variances_of_gaussians(width, sd):
    wider = shifted(0.5, math.hypot(sd, width))
    np.testing.assert_allclose(blurred(shifted(0.5, sd), Z, width), wider, atol=1e-6)


@quick
@given(mean=st.floats(-2, 2), sd=st.floats(0.3, 1.0), width=st.floats(0.1, 2))
def test_through_the_blur_is_the_double_integral_over_the_kernel(mean, sd, width):
    q, p, step = shifted(mean, sd), shifted(0, 1), Z[1] - Z[0]
    kernel = np.exp(-((Z[:, None] - Z) ** 2) / (2 * width**2))
    directly = (q - p) @ kernel @ (q - p) * step**2
    assert mmd(q, p, Z, width) == pytest.approx(directly, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("width", [0.1, 0.5, 1.0])
def test_it_is_what_the_librarys_mmd_estimates_from_samples(width):
    q, p = rippled(Z, 3.0), norm.pdf(Z)
    u = generator(0, "uniform").random(3000)
    x = torch.from_numpy(np.interp(u, q.cumsum() * 0.01, Z))[:, None]
    y = torch.from_numpy(generator(0, "normal").standard_normal((3000, 1)))
    sampled = MMD(kernel="rbf", scales=(width**2,), per_dimension=False).between(x, y).item()
    assert sampled == pytest.approx(mmd(q, p, Z, width), abs=0.004)


@pytest.mark.parametrize("frequency", [5.0, 10.0, 20.0, 40.0])
def test_the_kl_of_a_ripple_does_not_fade_with_its_fineness(frequency):
    q = rippled(Z, frequency)
    assert q.sum() * 0.01 == pytest.approx(1, abs=1e-9)
    assert kl(q, norm.pdf(Z), Z) == pytest.approx(1 - math.log(2), abs=1e-4)


@pytest.mark.parametrize(("frequency", "width"), [(5.0, 1.0), (10.0, 1.0), (10.0, 0.3), (3.0, 0.1)])
def test_the_mmd_of_a_ripple_falls_like_a_gaussian_in_its_frequency(frequency, width):
    # ½ ∫ exp(−(t−ω)²) k̂(t) dt with k̂ = N(0, 1/h²), and the overlap of the two peaks at ±ω
    spread = 1 + 2 / width**2
    peaks = math.exp(-(frequency**2) / spread) + math.exp(-(frequency**2))
    expected = 0.5 * peaks / math.sqrt(spread)
    found = mmd(rippled(Z, frequency), norm.pdf(Z), Z, width)
    assert found == pytest.approx(expected, rel=0.05, abs=1e-12)


def test_the_comparison_holds_what_each_divergence_compares():
    q, p = rippled(Z, 6.0), norm.pdf(Z)
    both = compared(q, p, Z, 0.4)
    gap = both["seen"]["q(z)"] - both["seen"]["p(z)"]
    assert both["mmd"] == pytest.approx(math.sqrt(2 * math.pi) * 0.4 * (gap**2).sum() * 0.01)
    assert both["sharp"]["q(z)"] is q
    assert both["kl"] == kl(q, p, Z)


def test_without_ripples_nothing_is_left():
    assert mmd(rippled(Z, 0.0), norm.pdf(Z), Z, 0.5) == pytest.approx(0, abs=1e-20)


def test_the_kl_is_infinite_where_p_has_no_mass():
    q, p = np.where(abs(Z) < 2, 0.25, 0.0), np.where(abs(Z) < 1, 0.5, 0.0)
    assert kl(q, p, Z) == math.inf
    assert kl(p, q, Z) == pytest.approx(math.log(2), abs=0.01)


def test_the_kl_of_narrow_gaussians_survives_the_underflow_of_their_tails():
    found = kl(shifted(0, 0.2), shifted(1, 0.2), Z)
    assert found == pytest.approx(1 / (2 * 0.2**2), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rippled(Z, -1.0), "frequency must be finite and 0 or more, got -1.0"),
        (lambda: blurred(Z, Z, 0.01), "a blur of width 0.01 needs grid points"),
        (lambda: kl(Z, Z, Z**3), "an even, increasing grid"),
    ],
)
def test_a_wrong_argument_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
