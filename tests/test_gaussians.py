"""Facts of Gaussian posteriors for all means, covariances and rotations."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import kl_divergence

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, check_rotation, kl

quick = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 2**20)
dims = st.integers(1, 5)
family = pytest.mark.parametrize("make", ["diagonal", "full"])


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def gaussian(make: str, seed: int, dim: int, batch: int = 3) -> DiagonalGaussian | FullGaussian:
    diagonal = DiagonalGaussian(numbers(seed, batch, dim), numbers(seed + 1, batch, dim))
    if make == "diagonal":
        return diagonal
    below = numbers(seed + 2, batch, dim, dim).tril(-1)
    return FullGaussian(diagonal.mu, torch.diag_embed(diagonal.scale) + below)


def rotation(seed: int, dim: int) -> Tensor:
    return torch.linalg.qr(numbers(seed, dim, dim)).Q


@family
@quick
@given(seed=seeds, dim=dims)
def test_kl_is_positive_and_zero_exactly_between_equals(make, seed, dim):
    q, p = gaussian(make, seed, dim), gaussian(make, seed + 7, dim)
    assert (kl(q, p) > 0).all()
    torch.testing.assert_close(kl(q, q), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(kl(q.full(), q), torch.zeros(3, dtype=torch.float64))


@quick
@given(seed=seeds, dim=dims)
def test_a_common_rotation_changes_no_kl_and_no_entropy(seed, dim):
    q, p, U = gaussian("full", seed, dim), gaussian("full", seed + 7, dim), rotation(seed, dim)
    torch.testing.assert_close(kl(q.rotated(U), p.rotated(U)), kl(q, p), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(q.rotated(U).entropy(), q.entropy())


@quick
@given(seed=seeds, dim=dims)
def test_a_rotated_density_is_the_density_at_the_rotated_point(seed, dim):
    q, U, z = gaussian("diagonal", seed, dim), rotation(seed, dim), numbers(seed + 5, 3, dim)
    torch.testing.assert_close(q.rotated(U).log_prob(z @ U.mT), q.log_prob(z))


@quick
@given(seed=seeds, dim=st.integers(2, 5))
def test_forcing_a_rotated_gaussian_to_be_diagonal_costs_the_hadamard_gap(seed, dim):
    q = gaussian("diagonal", seed, dim, batch=1)
    rotated = q.rotated(rotation(seed, dim))
    precision = torch.linalg.inv(rotated.covariance)
    variances, precisions = (torch.diagonal(m[0]) for m in (rotated.covariance, precision))
    log_det = q.log_var.sum()  # of S, and of U S Uᵀ

    # keep the variances (the best fit of KL(rotated ‖ ·)): ½ [Σ log (USUᵀ)_ii − log det S]
    marginal = DiagonalGaussian(rotated.mu, variances.log()[None])
    gap = 0.5 * (variances.log().sum() - log_det)
    torch.testing.assert_close(kl(rotated, marginal)[0], gap)

    # keep the precisions (the best fit of KL(· ‖ rotated), what a VAE pays): the same for S⁻¹
    fitted = DiagonalGaussian(rotated.mu, -precisions.log()[None])
    torch.testing.assert_close(kl(fitted, rotated)[0], 0.5 * (precisions.log().sum() + log_det))
    assert gap > 0


def test_the_gap_is_zero_for_signed_permutations_and_for_equal_variances():
    q = gaussian("diagonal", 0, 2, batch=1)
    turned = q.rotated(torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64))
    torch.testing.assert_close(turned.log_var, q.log_var.flip(-1))
    round_one = DiagonalGaussian(q.mu, torch.full_like(q.mu, 0.3))
    torch.testing.assert_close(round_one.rotated(rotation(1, 2)).covariance, round_one.covariance)


@family
@quick
@given(seed=seeds, dim=dims)
def test_entropy_density_and_covariance_are_those_of_torch_distributions(make, seed, dim):
    q, z = gaussian(make, seed, dim), numbers(seed + 5, 3, dim)
    torch.testing.assert_close(q.entropy(), q.distribution().entropy())
    torch.testing.assert_close(q.log_prob(z), q.full().distribution().log_prob(z))
    torch.testing.assert_close(q.covariance, q.full().distribution().covariance_matrix)


@quick
@given(seed=seeds, dim=dims)
def test_kl_between_families_treats_a_diagonal_as_the_full_gaussian_that_it_is(seed, dim):
    q, p = gaussian("diagonal", seed, dim), gaussian("full", seed + 7, dim)
    expected = kl_divergence(q.full().distribution(), p.distribution())
    torch.testing.assert_close(kl(q, p), expected)
    back = kl_divergence(p.distribution(), q.full().distribution())
    torch.testing.assert_close(kl(p, q), back)


@family
def test_samples_carry_gradients_to_both_parameters(make):
    mu = numbers(0, 2, 3).requires_grad_()
    second = numbers(1, 2, 3).requires_grad_()
    q = DiagonalGaussian(mu, second)
    q = q if make == "diagonal" else FullGaussian(mu, torch.diag_embed(second.exp()))
    q.sample(numbers(2, 2, 3)).sum().backward()
    torch.testing.assert_close(mu.grad, torch.ones_like(mu))
    assert (second.grad != 0).all()


ROOT = math.sqrt(6) / 4
SLIDE = [[0.75, 0.25, 1.0], [0.25, 0.75, -1.0], [-1.0, 1.0, 0.5]]


def slides_matrix(entry: float) -> Tensor:
    scale = torch.tensor([[1, 1, entry], [1, 1, entry], [entry, entry, 1]], dtype=torch.float64)
    return torch.tensor(SLIDE, dtype=torch.float64) * scale


def test_the_slides_rounded_matrix_is_refused_with_its_error_and_the_way_out():
    with pytest.raises(
        ValueError, match=r"differs from the identity by 5\.\de-03.*√6/4, not 0\.61"
    ):
        check_rotation(slides_matrix(0.61))
    check_rotation(slides_matrix(ROOT))
    check_rotation(slides_matrix(ROOT).float())


def test_a_matrix_that_is_orthogonal_only_in_single_precision_is_no_double_rotation():
    with pytest.raises(ValueError, match="orthogonal"):
        check_rotation(slides_matrix(ROOT).float().double())
    with pytest.raises(ValueError, match="orthogonal"):
        gaussian("full", 0, 3).rotated(2 * torch.eye(3, dtype=torch.float64))
