"""The linear Gaussian model: its evidence, posterior and bound agree with each other."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, kl
from dvae_course.theory.linear_gaussian import LinearGaussian
from dvae_course.theory.quadrature import expectation, log_integral

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)
betas = st.floats(0.3, 8)
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def model(seed: int, data: int = 4, latent: int = 2) -> tuple[LinearGaussian, Tensor]:
    """A model with a prior that is not isotropic, and some x."""
    rng = np.random.default_rng(seed)
    W, mean, x = (torch.from_numpy(rng.normal(size=s)) for s in ((data, latent), data, (3, data)))
    variances = torch.from_numpy(rng.uniform(0.3, 2, latent))
    return LinearGaussian(W, rng.uniform(0.3, 1.5), mean, variances), x


def some_q(seed: int, latent: int = 2) -> FullGaussian:
    rng = np.random.default_rng(seed + 1)
    scale_tril = np.tril(rng.normal(size=(3, latent, latent)), -1) + 0.5 * np.eye(latent)
    return FullGaussian(torch.from_numpy(rng.normal(size=(3, latent))), torch.tensor(scale_tril))


@quick
@given(seed=seeds)
def test_the_evidence_is_the_bound_plus_the_kl_to_the_true_posterior(seed):
    (m, x), q = model(seed), some_q(seed)
    gap = kl(q, m.posterior(x))
    torch.testing.assert_close(m.log_evidence(x), m.elbo(x, q) + gap, **CLOSE)
    torch.testing.assert_close(m.log_evidence(x), m.elbo(x, m.posterior(x)), **CLOSE)


@quick
@given(seed=seeds, beta=betas)
def test_the_beta_vaes_best_posterior_is_that_of_a_noise_sqrt_beta_times_as_large(seed, beta):
    # L_β(q) = L_β(q*) − β KL(q‖q*)
    (m, x), q = model(seed), some_q(seed)
    best = m.posterior(x, beta)
    torch.testing.assert_close(
        m.elbo(x, q, beta), m.elbo(x, best, beta) - beta * kl(q, best), rtol=1e-9, atol=1e-9
    )
    louder = LinearGaussian(m.W, m.noise_scale * math.sqrt(beta), m.mean, m.prior_variances)
    torch.testing.assert_close(best.covariance, louder.posterior(x).covariance, **CLOSE)
    torch.testing.assert_close(best.mu, louder.posterior(x).mu, **CLOSE)


@quick
@given(seed=seeds)
def test_reconstruction_and_evidence_are_those_of_quadrature(seed):
    (m, x), q = model(seed), some_q(seed)

    def log_likelihood(z: Tensor) -> Tensor:
        mean = z @ m.W.mT + m.mean
        return torch.distributions.Normal(mean, m.noise_scale).log_prob(x).sum(-1)

    torch.testing.assert_close(m.reconstruction(x, q), expectation(q, log_likelihood), **CLOSE)


def test_the_evidence_is_the_integral_over_z():
    m, x = model(5)
    prior = DiagonalGaussian(torch.zeros(1, 2).double(), m.prior_variances.log()[None])

    def log_joint(z: Tensor) -> Tensor:
        mean = z @ m.W.mT + m.mean
        log_likelihood = torch.distributions.Normal(mean, m.noise_scale).log_prob(x[0]).sum(-1)
        return log_likelihood + prior.distribution().log_prob(z)

    torch.testing.assert_close(m.log_evidence(x)[0], log_integral(log_joint, 2), **CLOSE)


@quick
@given(seed=seeds)
def test_with_a_standard_prior_the_posterior_is_that_of_probabilistic_pca(seed):
    m, x = model(seed)
    ppca = LinearGaussian(m.W, m.noise_scale)
    M = ppca.W.mT @ ppca.W + ppca.noise_scale**2 * torch.eye(2, dtype=torch.float64)
    q = ppca.posterior(x)
    torch.testing.assert_close(q.mu, x @ ppca.W @ torch.linalg.inv(M), **CLOSE)
    expected = ppca.noise_scale**2 * torch.linalg.inv(M)
    torch.testing.assert_close(q.covariance, expected.expand(3, 2, 2), **CLOSE)


def test_the_posterior_is_diagonal_exactly_for_orthogonal_columns():
    W = torch.linalg.qr(model(0)[0].W).Q * torch.tensor([3.0, 0.5]).double()
    assert LinearGaussian(W, 0.5).posterior_precision()[0, 1].abs() < 1e-12
    W[:, 1] += 0.1 * W[:, 0]
    assert LinearGaussian(W, 0.5).posterior_precision()[0, 1].abs() > 1


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_noise_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="noise_scale must be positive and finite, got"):
        LinearGaussian(torch.zeros(4, 2), scale)
