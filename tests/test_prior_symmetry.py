"""A Gaussian prior's conjugate rotations and units are exact; a Student-t prior has neither."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from dvae_course.gaussians import DiagonalGaussian, FullGaussian
from dvae_course.likelihoods import GaussianLikelihood
from dvae_course.priors import AnisotropicGaussian, IsotropicGaussian, StudentT
from dvae_course.theory.prior_symmetry import conjugate_rotation, mapped, transform
from dvae_course.theory.rotation import objective_at, random_rotation
from dvae_course.vae import mlp_vae

seeds = some.integers(0, 10_000)


def normal(*shape, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=draw)


def vae_with(prior, posterior="full", seed=0):
    return mlp_vae(5, 3, (8,), prior, GaussianLikelihood(0.7), seed, posterior=posterior).double()


def objective_moves(vae, A, prior=None, beta=1.0):
    """By how much the integrand at the twins A z differs from that at z, at most."""
    x = normal(6, 5)
    z = vae.encode(x).sample(normal(6, 3, seed=1))
    after = objective_at(transform(vae, A, prior), x, z @ A.mT, beta)
    return (after - objective_at(vae, x, z, beta)).abs().max().item()


@given(seed=seeds, scales=some.lists(some.floats(0.1, 10), min_size=3, max_size=3))
def test_a_conjugate_rotation_keeps_the_prior(seed, scales):
    sd = torch.tensor(scales, dtype=torch.float64)
    A, Sigma = conjugate_rotation(random_rotation(3, seed), sd), torch.diag(sd**2)
    assert torch.allclose(A @ Sigma @ A.mT, Sigma, rtol=1e-10, atol=1e-10)
    assert torch.linalg.det(A).item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
def test_under_a_gaussian_prior_the_conjugate_rotation_is_unseen_and_the_plain_one_is_not(
    learned, beta
):
    vae, U = vae_with(AnisotropicGaussian([0.4, 1.0, 2.5], learned)), random_rotation(3, 0)
    A = conjugate_rotation(U, vae.prior.scales().detach())
    assert objective_moves(vae, A, beta=beta) < 1e-11
    assert objective_moves(vae, U, beta=beta) > 0.1


def test_a_student_t_prior_sees_every_rotation_but_signed_permutations():
    vae = vae_with(StudentT(3, 3.0))
    swap = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, -1]], dtype=torch.float64)
    assert objective_moves(vae, swap) < 1e-11
    assert min(objective_moves(vae, random_rotation(3, seed)) for seed in range(5)) > 0.01


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
@pytest.mark.parametrize("beta", [0.5, 4.0])
def test_an_anisotropic_prior_is_the_isotropic_one_in_other_units(posterior, beta):
    vae = vae_with(AnisotropicGaussian([0.4, 1.0, 2.5]), posterior)
    A, unit = (1 / vae.prior.scales()).diag(), IsotropicGaussian(3).double()
    x = normal(6, 5)
    moved = transform(vae, A, unit)
    kl_after, kl_before = moved.prior.kl_from(moved.encode(x)), vae.prior.kl_from(vae.encode(x))
    assert (kl_after - kl_before).abs().max() < 1e-12
    z = vae.encode(x).sample(normal(6, 3, seed=1))
    same = moved.log_likelihood(x, z @ A) - vae.log_likelihood(x, z)
    assert same.abs().max() < 1e-12
    assert objective_moves(vae, A, unit, beta) < 1e-11


def test_stretching_keeps_a_posterior_diagonal_and_mixing_does_not():
    q = DiagonalGaussian(normal(4, 3), normal(4, 3, seed=1))
    stretch = torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64)
    assert isinstance(mapped(q, stretch.diag()), DiagonalGaussian)
    assert isinstance(mapped(q, random_rotation(3, 0)), FullGaussian)
    assert isinstance(mapped(q, -stretch.diag()), FullGaussian)


@given(seed=seeds)
def test_mapping_a_posterior_maps_its_mean_and_covariance(seed):
    q = DiagonalGaussian(normal(4, 3, seed=seed), normal(4, 3, seed=seed + 1))
    A = normal(3, 3, seed=seed + 2) + 3 * torch.eye(3)
    p = mapped(q, A)
    assert torch.allclose(p.mu, (A @ q.mu.mT).mT)
    assert torch.allclose(p.covariance, A @ q.covariance @ A.mT, atol=1e-8)


def test_mapping_back_gives_the_same_model():
    vae, A = vae_with(StudentT(3, 3.0)), normal(3, 3) + 3 * torch.eye(3)
    there_and_back = transform(transform(vae, A), torch.linalg.inv(A))
    x, z = normal(6, 5), normal(6, 3, seed=1)
    assert torch.allclose(
        objective_at(there_and_back, x, z), objective_at(vae, x, z), rtol=1e-9, atol=1e-9
    )


def test_errors_name_what_was_passed():
    with pytest.raises(ValueError, match="A must be invertible"):
        transform(vae_with(StudentT(3, 3.0)), torch.zeros(3, 3, dtype=torch.float64))
    with pytest.raises(ValueError, match="U must be orthogonal"):
        conjugate_rotation(2 * torch.eye(2), torch.ones(2))
    with pytest.raises(ValueError, match="scales must be positive standard deviations"):
        conjugate_rotation(torch.eye(2), torch.tensor([1.0, 0.0]))
