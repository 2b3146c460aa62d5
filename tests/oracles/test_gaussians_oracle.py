"""Gaussian posteriors against NumPy, and what rotating a diagonal one costs."""

import math

import numpy as np
import pytest
import torch

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, kl
from oracles import gaussian_formulas as exact

DIM = 3


def random_covariance(rng: np.random.Generator) -> np.ndarray:
    a = rng.standard_normal((DIM, DIM))
    return a @ a.T + 0.3 * np.eye(DIM)


@pytest.fixture
def full() -> tuple[np.ndarray, np.ndarray, FullGaussian]:
    """Two Gaussians, as arrays and as the library has them."""
    rng = np.random.default_rng(0)
    mu, S = rng.standard_normal((2, DIM)), np.stack([random_covariance(rng) for _ in range(2)])
    scale_tril = torch.from_numpy(np.linalg.cholesky(S))
    return mu, S, FullGaussian(torch.from_numpy(mu), scale_tril)


@pytest.fixture
def diagonal() -> tuple[np.ndarray, np.ndarray, DiagonalGaussian]:
    rng = np.random.default_rng(1)
    mu, log_var = rng.standard_normal((2, DIM)), rng.standard_normal((2, DIM))
    S = np.stack([np.diag(np.exp(row)) for row in log_var])
    return mu, S, DiagonalGaussian(torch.from_numpy(mu), torch.from_numpy(log_var))


@pytest.mark.parametrize("family", ["full", "diagonal"])
def test_log_density_and_entropy(family, request):
    mu, S, q = request.getfixturevalue(family)
    z = np.random.default_rng(2).standard_normal((2, DIM))
    expected = [exact.log_density(*arrays) for arrays in zip(z, mu, S, strict=True)]
    np.testing.assert_allclose(q.log_prob(torch.from_numpy(z)), expected, rtol=1e-10)
    np.testing.assert_allclose(q.entropy(), [exact.entropy(s) for s in S], rtol=1e-10)
    np.testing.assert_allclose(q.covariance, S, rtol=1e-10)


@pytest.mark.parametrize("of", ["full", "diagonal"])
@pytest.mark.parametrize("to", ["full", "diagonal"])
def test_kl_between_every_pair_of_families(of, to, request):
    mu_q, S_q, q = request.getfixturevalue(of)
    mu_p, S_p, p = request.getfixturevalue(to)
    expected = [exact.kl(*arrays) for arrays in zip(mu_q, S_q, mu_p, S_p, strict=True)]
    np.testing.assert_allclose(kl(q, p), expected, rtol=1e-9, atol=1e-12)
    if of != to:  # the two arguments do not commute
        reverse = [exact.kl(*arrays) for arrays in zip(mu_p, S_p, mu_q, S_q, strict=True)]
        assert np.abs(np.array(expected) - reverse).min() > 0.05


def test_samples_have_the_mean_and_covariance_that_are_claimed(full):
    mu, S, _ = full
    n = 200_000
    q = FullGaussian(
        torch.from_numpy(mu[:1]).expand(n, DIM),
        torch.from_numpy(np.linalg.cholesky(S[:1])).expand(n, DIM, DIM),
    )
    z = q.sample(torch.from_numpy(np.random.default_rng(3).standard_normal((n, DIM)))).numpy()
    np.testing.assert_allclose(z.mean(0), mu[0], atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), S[0], atol=0.05)


@pytest.mark.parametrize("family", ["full", "diagonal"])
def test_a_rotated_posterior_has_mean_U_mu_and_covariance_U_S_Ut(family, request):
    mu, S, q = request.getfixturevalue(family)
    root = math.sqrt(6) / 4
    U = np.array([[0.75, 0.25, root], [0.25, 0.75, -root], [-root, root, 0.5]])
    rotated = q.rotated(torch.from_numpy(U))
    np.testing.assert_allclose(rotated.mu, mu @ U.T, atol=1e-12)
    np.testing.assert_allclose(rotated.covariance, [U @ s @ U.T for s in S], atol=1e-12)
    # the mistake that a symmetric S = s² I hides
    assert np.abs(rotated.covariance.numpy() - [U.T @ s @ U for s in S]).max() > 0.1


@pytest.mark.parametrize(("degrees", "nats"), [(15, 0.506), (30, 0.917), (45, 1.040)])
def test_the_best_diagonal_fit_of_a_rotated_diagonal_posterior_costs(degrees, nats):
    U = torch.from_numpy(exact.rotation(degrees))
    q = DiagonalGaussian(torch.zeros(1, 2).double(), torch.tensor([[0.01, 0.3]]).double().log())
    rotated = q.rotated(U)
    precision = torch.linalg.inv(rotated.covariance[0])
    best = DiagonalGaussian(torch.zeros(1, 2).double(), -precision.diagonal().log()[None])
    assert kl(best, rotated).item() == pytest.approx(nats, abs=5e-4)
    for change in (0.9, 1.1):  # nothing beside it is better
        worse = DiagonalGaussian(best.mu, best.log_var + math.log(change))
        assert kl(worse, rotated).item() > kl(best, rotated).item()
