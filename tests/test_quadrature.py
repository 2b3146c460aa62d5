"""Quadrature: what it is exact for, tails, and integrals that it refuses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian, FullGaussian
from dvae_course.priors import IsotropicGaussian, StudentT
from dvae_course.theory.precision import doubled
from dvae_course.theory.quadrature import expectation, log_integral

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)


def full_gaussian(seed: int, batch: int, dim: int) -> FullGaussian:
    rng = np.random.default_rng(seed)
    scale_tril = np.tril(rng.normal(size=(batch, dim, dim)), -1)
    scale_tril += np.eye(dim) * rng.uniform(0.2, 2, (batch, dim, 1))
    return FullGaussian(torch.from_numpy(rng.normal(size=(batch, dim))), torch.tensor(scale_tril))


@quick
@given(seed=seeds, dim=st.integers(1, 2))
def test_moments_of_gaussians_come_out_exact(seed, dim):
    q = full_gaussian(seed, 3, dim)
    second = expectation(q, lambda z: (z**2).sum(-1))
    exact = (q.mu**2).sum(-1) + q.covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
    torch.testing.assert_close(second, exact, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(expectation(q, q.log_prob), -q.entropy(), rtol=1e-12, atol=1e-12)


def test_each_row_is_integrated_over_its_own_gaussian():
    q = full_gaussian(0, 4, 1)
    shift = torch.arange(4.0, dtype=torch.float64)
    torch.testing.assert_close(expectation(q, lambda z: z[..., 0] + shift), q.mu[:, 0] + shift)


def test_the_mean_of_a_cosine_is_its_characteristic_function():
    q = full_gaussian(3, 2, 2)
    found = expectation(q, lambda z: torch.cos(z.sum(-1)))
    exact = torch.cos(q.mu.sum(-1)) * torch.exp(-0.5 * q.covariance.sum((-2, -1)))
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-13)


def test_at_a_kink_the_error_falls_with_the_square_of_the_step():
    q = DiagonalGaussian(torch.tensor([[0.31]], dtype=torch.float64), torch.zeros(1, 1).double())
    scaled = 0.31 / math.sqrt(2)
    exact = 0.31 * 0.5 * (1 + math.erf(scaled)) + math.exp(-(scaled**2)) / math.sqrt(2 * math.pi)
    for step in (0.5, 0.125, 0.03125):
        error = expectation(q, lambda z: torch.relu(z).sum(-1), step).item() - exact
        assert abs(error) < 0.1 * step**2


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("nu", [0.5, 3.0, 30.0])
def test_a_density_integrates_to_1_however_heavy_its_tails(dim, nu):
    prior = doubled(StudentT(dim, nu))
    assert log_integral(prior.log_prob, dim).item() == pytest.approx(0, abs=1e-11)


def test_infinite_integrals_are_refused():
    def log_f(z: Tensor) -> Tensor:
        return -0.5 * torch.log1p(z.square()).sum(-1)  # 1/√(1 + z²): its integral is infinite

    with pytest.raises(ValueError, match="does not fall off fast enough"):
        log_integral(log_f, 1)
    cauchy = log_integral(lambda z: 2 * log_f(z), 1)  # ∫ 1/(1 + z²) dz = π
    assert cauchy.item() == pytest.approx(math.log(math.pi), abs=1e-12)


def test_a_function_narrower_than_the_grid_is_refused():
    def narrow(z: Tensor) -> Tensor:
        return -0.5 * ((z[:, 0] - 3) / 0.01) ** 2

    with pytest.raises(ValueError, match=r"step=0\.015625 is too coarse.*smaller step"):
        log_integral(narrow, 1)
    exact = math.log(0.01) + 0.5 * math.log(2 * math.pi)
    assert log_integral(narrow, 1, step=1 / 2048).item() == pytest.approx(exact, abs=1e-10)


def test_more_than_two_coordinates_and_odd_steps_are_refused():
    with pytest.raises(ValueError, match="1 or 2 coordinates, and these are 3"):
        expectation(full_gaussian(0, 2, 3), lambda z: z.sum(-1))
    with pytest.raises(ValueError, match=r"step must be in \(0, 1\], got 0"):
        log_integral(lambda z: -z.square().sum(-1), 1, step=0)


def test_doubling_copies_what_it_is_given():
    prior = IsotropicGaussian(2, 0.7)
    assert doubled(prior).scale.dtype == torch.float64
    assert prior.scale.dtype == torch.float32
    mu = torch.zeros(1, 2, requires_grad=True)
    q = doubled(DiagonalGaussian(mu, torch.zeros(1, 2)))
    assert q.mu.dtype == torch.float64
    q.mu.sum().backward()
    assert mu.grad.tolist() == [[1, 1]]
