"""Hoffman et al. 2017: the β-VAE's implicit prior, exactly, and where there is none."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, kl
from dvae_course.priors import AnisotropicGaussian, IsotropicGaussian
from dvae_course.theory.implicit_prior import (
    aggregate_log_prob,
    gaussian_implicit_prior,
    implicit_prior_identity,
    log_Z_implicit,
    tail_precision,
)

quick = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 2**20)


def encodings(seed: int, dim: int, least_scale: float, n: int = 4) -> DiagonalGaussian:
    rng = np.random.default_rng(seed)
    mu = torch.from_numpy(rng.normal(size=(n, dim)))
    return DiagonalGaussian(mu, 2 * torch.from_numpy(rng.uniform(least_scale, 1.0, (n, dim))).log())


def one(mean: float, variance: float) -> DiagonalGaussian:
    log_var = torch.tensor([[math.log(variance)]], dtype=torch.float64)
    return DiagonalGaussian(torch.full_like(log_var, mean), log_var)


@quick
@given(seed=seeds, beta=st.floats(0.2, 2.0), dim=st.integers(1, 2))
def test_both_sides_agree(seed, beta, dim):
    q, prior = encodings(seed, dim, least_scale=0.8), IsotropicGaussian(dim)
    assume(tail_precision(q, prior, beta) > 0.05)
    both = implicit_prior_identity(torch.arange(4.0), q, prior, beta)
    torch.testing.assert_close(both.left, both.right, rtol=1e-10, atol=1e-10)


@quick
@given(
    mean=st.floats(-2, 2), variance=st.floats(0.3, 3), beta=st.floats(0.2, 4), wide=st.booleans()
)
def test_one_gaussian_has_a_gaussian_implicit_prior(mean, variance, beta, wide):
    prior = AnisotropicGaussian([1.5 if wide else 0.5])
    prior_variance = prior.scales().item() ** 2
    # within a thousandth of the border r is too wide to be integrated to ten digits
    assume((1 - beta) / variance + beta / prior_variance > 1e-2)
    q = one(mean, variance)
    r, log_Z = gaussian_implicit_prior(q, prior, beta)
    # r's centre may lie far out, where the grid is coarser
    grid = log_Z_implicit(q, prior, beta, step=1 / 256)
    assert grid.item() == pytest.approx(log_Z.item(), abs=1e-9)
    both = implicit_prior_identity(torch.zeros(1), q, prior, beta)
    assert both.kl_to_implicit.item() == pytest.approx(kl(q, r).item(), rel=1e-9, abs=1e-9)
    assert both.mutual_information.item() == pytest.approx(0, abs=1e-12)


def test_the_density_is_the_product_of_powers_over_z():
    q, prior, beta = one(0.5, 0.9), IsotropicGaussian(1), 3.0
    r, log_Z = gaussian_implicit_prior(q, prior, beta)
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    powers = (1 - beta) * q.log_prob(z) + beta * prior.double().log_prob(z)
    torch.testing.assert_close(r.log_prob(z), powers - log_Z)


def test_several_coordinates_in_closed_form():
    q = FullGaussian(torch.zeros(1, 3).double(), torch.eye(3).double()[None])
    r, log_Z = gaussian_implicit_prior(q, IsotropicGaussian(3), 5.0)
    torch.testing.assert_close(r.covariance, q.covariance)  # q = p, hence r = p
    assert log_Z.item() == pytest.approx(0, abs=1e-12)


@quick
@given(beta=st.floats(1.1, 20), excess=st.floats(0.01, 1), scale=st.floats(0.2, 3))
def test_one_gaussian_needs_a_variance_above_beta_minus_1_over_beta_of_the_priors(
    beta, excess, scale
):
    prior = AnisotropicGaussian([scale])
    border = (beta - 1) / beta * prior.double().scales().item() ** 2
    gaussian_implicit_prior(one(0.3, border * (1 + excess)), prior, beta)
    for compute in (gaussian_implicit_prior, log_Z_implicit):
        with pytest.raises(ValueError, match=r"cannot be normalised at beta.*\(β−1\)/β = "):
            compute(one(0.3, border / (1 + excess)), prior, beta)


def test_every_coordinate_must_be_wide_enough():
    q = DiagonalGaussian(
        torch.zeros(1, 2).double(), torch.tensor([[0.9, 0.4]], dtype=torch.float64).log()
    )
    gaussian_implicit_prior(q, IsotropicGaussian(2), 1.6)  # needs 0.375
    with pytest.raises(ValueError, match="cannot be normalised"):
        gaussian_implicit_prior(q, IsotropicGaussian(2), 2.0)  # needs 0.5
    assert tail_precision(q, IsotropicGaussian(2), 2.0) == pytest.approx(2 - 1 / 0.4)


def test_one_wide_encoding_is_enough_and_narrow_ones_spread_wide_are_not():
    narrow = DiagonalGaussian(
        torch.tensor([[-1.0], [1.0]]).double(), torch.full((2, 1), 0.1).double().log()
    )
    assert narrow.mu.var(unbiased=False) + 0.1 > 1  # q(z) is wider than the prior
    with pytest.raises(ValueError, match="too narrow"):
        log_Z_implicit(narrow, IsotropicGaussian(1), 2.0)
    wide = DiagonalGaussian(narrow.mu, torch.tensor([[0.1], [0.7]]).double().log())
    assert log_Z_implicit(wide, IsotropicGaussian(1), 2.0, step=1 / 128).isfinite()


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0])
def test_below_1_every_beta_will_do_and_z_is_at_most_1(beta):
    q = encodings(0, 2, least_scale=0.3)
    assert log_Z_implicit(q, IsotropicGaussian(2), beta).item() < 1e-12  # Hölder's inequality


def test_without_the_mutual_information_the_sides_differ():
    q, beta = encodings(1, 1, least_scale=0.9), 1.5
    both = implicit_prior_identity(torch.zeros(4), q, IsotropicGaussian(1), beta)
    assert both.mutual_information > 0.1
    missing = both.left - (both.reconstruction - both.kl_to_implicit + both.log_Z)
    assert missing.item() == pytest.approx(-(beta - 1) * both.mutual_information.item())


def test_the_aggregate_posterior_is_the_mean_of_the_encodings():
    q, z = encodings(2, 2, least_scale=0.3), encodings(3, 2, 0.3, n=5).mu
    densities = torch.stack([q.log_prob(row.expand(4, 2)).exp().mean() for row in z])
    torch.testing.assert_close(aggregate_log_prob(q, z).exp(), densities)


def test_a_batch_of_several_and_many_coordinates_are_refused():
    with pytest.raises(ValueError, match="one Gaussian, a batch of 1, got 4"):
        gaussian_implicit_prior(encodings(0, 1, 0.3), IsotropicGaussian(1), 2.0)
    with pytest.raises(ValueError, match="1 or 2 coordinates, and these are 3"):
        log_Z_implicit(encodings(0, 3, 0.9), IsotropicGaussian(3), 1.1)
