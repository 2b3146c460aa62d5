"""Rotation of the latent space: what it leaves unchanged, under which hypotheses, and its price."""

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, check_rotation, kl
from dvae_course.priors import AnisotropicGaussian, IsotropicGaussian, Prior, StudentT
from dvae_course.theory.linear_gaussian import LinearGaussian
from dvae_course.theory.pca_directions import linear_optimum
from dvae_course.theory.quadrature import expectation
from dvae_course.theory.rotation import (
    diagonal_gap,
    nearest_diagonal,
    objective_at,
    plane_rotation,
    random_rotation,
    rotate,
    rotation_path,
    slide_rotation,
)
from dvae_course.vae import VAE, mlp_vae

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)
betas = st.floats(0.3, 8)
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def vae_of(posterior: str, seed: int = 0, prior: Prior | None = None) -> VAE:
    return mlp_vae(5, 3, (8,), posterior=posterior, seed=seed, prior=prior).double()


def linear(seed: int) -> tuple[LinearGaussian, Tensor]:
    return LinearGaussian(numbers(seed, 5, 3), 0.7, numbers(seed + 1, 5)), numbers(seed + 2, 6, 5)


def aligned() -> tuple[LinearGaussian, Tensor]:
    """A model whose true posterior is diagonal, and its data."""
    x = numbers(0, 200, 5) * torch.tensor([3.0, 2.0, 1.2, 0.4, 0.4], dtype=torch.float64)
    return linear_optimum(x, 3, 0.4), x


# What is invariant


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
@quick
@given(seed=seeds, beta=betas)
def test_every_z_has_a_twin_u_z_with_the_same_objective(posterior, seed, beta):
    vae, x, z = vae_of(posterior, seed % 7), numbers(9, 4, 5), numbers(seed, 4, 3)
    U = random_rotation(3, seed)
    rotated = objective_at(rotate(vae, U), x, z @ U.mT, beta)
    torch.testing.assert_close(rotated, objective_at(vae, x, z, beta), **CLOSE)


@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
def test_the_objective_at_z_has_the_objective_as_its_mean(beta):
    vae, x = mlp_vae(5, 2, (8,), posterior="full").double(), numbers(9, 4, 5)
    q = vae.encode(x)
    mean = expectation(q, lambda z: objective_at(vae, x, z, beta))
    reconstruction = expectation(q, lambda z: vae.log_likelihood(x, z))
    torch.testing.assert_close(mean, reconstruction - beta * vae.prior.kl_from(q), **CLOSE)


@quick
@given(seed=seeds)
def test_log_p_of_x_is_invariant(seed):
    (model, x), U = linear(seed), random_rotation(3, seed)
    torch.testing.assert_close(rotate(model, U).log_evidence(x), model.log_evidence(x), **CLOSE)


@quick
@given(seed=seeds, beta=betas)
def test_elbo_and_beta_vae_objective_are_invariant_with_full_covariance(seed, beta):
    (model, x), U = linear(seed), random_rotation(3, seed)
    q = FullGaussian(numbers(seed, 6, 3), numbers(seed, 6, 3, 3).tril(-1) + torch.eye(3).double())
    before, after = model.elbo(x, q, beta), rotate(model, U).elbo(x, rotate(q, U), beta)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)


@quick
@given(seed=seeds)
def test_a_rotated_vae_rotates_its_codes_and_decodes_them_back(seed):
    vae, x, U = vae_of("diagonal"), numbers(9, 4, 5), random_rotation(3, seed)
    rotated, z = rotate(vae, U), numbers(seed, 4, 3)
    torch.testing.assert_close(rotated.encode(x).mu, vae.encode(x).mu @ U.mT)
    torch.testing.assert_close(rotated.decode(z @ U.mT), vae.decode(z))
    torch.testing.assert_close(rotate(vae.decoder, U)(z @ U.mT), vae.decoder(z))
    S = torch.diag_embed(vae.encode(x).log_var.exp())
    torch.testing.assert_close(rotated.encode(x).covariance, U @ S @ U.mT)
    torch.testing.assert_close(rotate(rotated, U.mT).encode(x).covariance, S)


def test_reflections_and_single_precision_will_do():
    vae, x, z = vae_of("full").float(), numbers(9, 4, 5).float(), numbers(0, 4, 3).float()
    U = slide_rotation() * torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    rotated = objective_at(rotate(vae, U), x, z @ U.mT.float())
    torch.testing.assert_close(rotated, objective_at(vae, x, z), rtol=1e-4, atol=1e-4)


def test_a_rotated_vae_keeps_the_way_to_its_kl():
    assert rotate(vae_of("full"), slide_rotation()).closed_form_kl
    sampled = mlp_vae(5, 3, kl="sampled").double()
    assert not rotate(sampled, slide_rotation()).closed_form_kl


# The hypotheses, one at a time


@pytest.mark.parametrize("prior", [StudentT(3, 3.0), AnisotropicGaussian([0.5, 1.0, 2.0])])
def test_a_prior_without_rotational_symmetry_breaks_it(prior):
    vae, x, z = vae_of("full", 0, prior), numbers(9, 4, 5), 3 * numbers(0, 4, 3)
    U = slide_rotation()
    difference = objective_at(rotate(vae, U), x, z @ U.mT) - objective_at(vae, x, z)
    expected = vae.prior.log_prob(z @ U.mT) - vae.prior.log_prob(z)
    torch.testing.assert_close(difference, expected, **CLOSE)
    assert difference.abs().max() > 0.1


def test_an_anisotropic_gaussian_has_rotations_of_its_own():
    variances = torch.tensor([0.3, 1.0, 3.0], dtype=torch.float64)
    x, U = numbers(2, 6, 5), slide_rotation()
    model = LinearGaussian(numbers(0, 5, 3), 0.7, prior_variances=variances)
    plain = model.rotated(U).log_evidence(x)
    assert (plain - model.log_evidence(x)).abs().max() > 0.1
    scales = variances.sqrt()
    A = scales[:, None] * U / scales  # Σ^{1/2} U Σ^{−1/2} leaves N(0, Σ) as it is
    own = LinearGaussian(model.W @ torch.linalg.inv(A), 0.7, prior_variances=variances)
    torch.testing.assert_close(own.log_evidence(x), model.log_evidence(x), **CLOSE)


@quick
@given(seed=seeds, beta=betas)
def test_with_a_diagonal_posterior_theorem_2_fails_by_the_diagonal_gap(seed, beta):
    model, x = aligned()
    U = random_rotation(3, seed)
    q = model.posterior(x, beta)  # diagonal, and the best there is
    before = model.elbo(x, q, beta)
    torch.testing.assert_close(model.elbo(x, nearest_diagonal(q), beta), before, **CLOSE)
    rotated, q_U = rotate(model, U), rotate(q, U)
    torch.testing.assert_close(rotated.elbo(x, q_U, beta), before, rtol=1e-9, atol=1e-9)
    gap = diagonal_gap(q.covariance[0], U)
    after = rotated.elbo(x, nearest_diagonal(q_U), beta)
    torch.testing.assert_close(before - after, (beta * gap).expand(200), rtol=1e-8, atol=1e-8)
    assert gap > 0


def test_no_other_diagonal_posterior_does_better_than_the_nearest():
    model, x = aligned()
    q = nearest_diagonal(rotate(model.posterior(x), random_rotation(3, 1)))
    rotated = rotate(model, random_rotation(3, 1))
    best = rotated.elbo(x, q).mean()
    for d in range(3):
        for change in (-0.1, 0.1):
            log_var, mu = q.log_var.clone(), q.mu.clone()
            log_var[:, d] += change
            assert rotated.elbo(x, DiagonalGaussian(q.mu, log_var)).mean() < best
            mu[:, d] += change
            assert rotated.elbo(x, DiagonalGaussian(mu, q.log_var)).mean() < best


def test_a_matrix_that_is_not_orthogonal_is_refused_with_its_error():
    rounded = (slide_rotation() * 100).round() / 100
    vae = vae_of("full")
    for thing in (vae, vae.decoder, vae.encode(numbers(9, 2, 5)), linear(0)[0]):
        with pytest.raises(ValueError, match=r"differs from the identity by 5\.\de-03"):
            rotate(thing, rounded)
    for function in (lambda U: rotation_path(U, 0.5), lambda U: diagonal_gap(torch.ones(3), U)):
        with pytest.raises(ValueError, match="must be orthogonal"):
            function(rounded)


# The price of a rotation


@pytest.mark.parametrize(("degrees", "nats"), [(15, 0.506), (30, 0.917), (45, 1.040), (90, 0)])
def test_the_gap_of_variances_0_01_and_0_3(degrees, nats):
    S = torch.tensor([0.01, 0.3], dtype=torch.float64)
    gap = diagonal_gap(S, plane_rotation(math.radians(degrees))).item()
    assert gap == pytest.approx(nats, abs=5e-4)


def test_the_gap_in_the_plane_symbolically():
    a, b = sympy.symbols("a b", positive=True)
    theta = sympy.symbols("theta", real=True)
    c, s = sympy.cos(theta), sympy.sin(theta)
    U = sympy.Matrix([[c, -s], [s, c]])
    P = U * sympy.diag(1 / a, 1 / b) * U.T
    ratio = P[0, 0] * P[1, 1] / P.det()
    formula = 1 + sympy.sin(2 * theta) ** 2 * (a - b) ** 2 / (4 * a * b)
    assert sympy.simplify(ratio - formula) == 0


@quick
@given(seed=seeds, dim=st.integers(2, 5))
def test_the_gap_is_the_kl_of_the_nearest_diagonal(seed, dim):
    log_var, U = numbers(seed, 1, dim), random_rotation(dim, seed)
    q = rotate(DiagonalGaussian(numbers(seed + 1, 1, dim), log_var), U)
    gap = diagonal_gap(log_var[0].exp(), U)
    torch.testing.assert_close(kl(nearest_diagonal(q), q)[0], gap, **CLOSE)
    torch.testing.assert_close(diagonal_gap(q.covariance[0], torch.eye(dim).double()), gap, **CLOSE)


def test_there_is_no_gap_for_signed_permutations_nor_for_equal_variances():
    S = torch.tensor([0.1, 1.0, 4.0], dtype=torch.float64)
    signed = torch.tensor([[0.0, -1, 0], [0, 0, 1], [1, 0, 0]], dtype=torch.float64)
    assert diagonal_gap(S, signed).item() == pytest.approx(0, abs=1e-12)
    equal = torch.full((3,), 0.2, dtype=torch.float64)
    assert diagonal_gap(equal, slide_rotation()).item() == pytest.approx(0, abs=1e-12)
    assert diagonal_gap(S, slide_rotation()) > 0.1


def test_a_covariance_that_is_none_is_refused():
    with pytest.raises(ValueError, match="positive definite, but has the eigenvalue -1"):
        diagonal_gap(torch.tensor([-1.0, 1.0]).double(), plane_rotation(0.1))


# Rotations


def test_the_slides_matrix_turns_by_60_degrees_about_its_axis():
    U = slide_rotation()
    check_rotation(U)
    assert torch.linalg.det(U).item() == pytest.approx(1, abs=1e-14)
    assert math.degrees(math.acos((U.trace().item() - 1) / 2)) == pytest.approx(60, abs=1e-10)
    axis = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(U @ axis, axis)
    printed = torch.tensor([[0.75, 0.25, 0.61], [0.25, 0.75, -0.61], [-0.61, 0.61, 0.5]])
    torch.testing.assert_close(U.float(), printed, rtol=0, atol=0.005)


@quick
@given(seed=seeds, dim=st.integers(2, 6), t=st.floats(0, 1), u=st.floats(0, 1))
def test_a_path_goes_from_no_rotation_to_all_of_it_steadily(seed, dim, t, u):
    U = random_rotation(dim, seed)
    identity = torch.eye(dim, dtype=torch.float64)
    torch.testing.assert_close(rotation_path(U, 0.0), identity, **CLOSE)
    torch.testing.assert_close(rotation_path(U, 1.0), U, **CLOSE)
    check_rotation(rotation_path(U, t))
    both = rotation_path(U, t) @ rotation_path(U, u)
    torch.testing.assert_close(both, rotation_path(U, t + u), **CLOSE)


@pytest.mark.parametrize("signs", [[-1, -1, 1], [-1, 1, -1], [1, 1, 1], [-1, -1, -1, -1]])
def test_a_path_to_half_turns(signs):
    U = torch.diag(torch.tensor(signs, dtype=torch.float64))
    half = rotation_path(U, 0.5)
    check_rotation(half)
    torch.testing.assert_close(half @ half, U, **CLOSE)


def test_half_way_of_the_slides_rotation_is_30_degrees():
    half = rotation_path(slide_rotation(), 0.5)
    assert math.degrees(math.acos((half.trace().item() - 1) / 2)) == pytest.approx(30, abs=1e-10)
    torch.testing.assert_close(rotation_path(plane_rotation(1.2), 0.25), plane_rotation(0.3))


def test_no_path_leads_to_a_reflection():
    with pytest.raises(ValueError, match=r"determinant −1.*sign of one of its rows"):
        rotation_path(torch.diag(torch.tensor([1.0, -1.0, 1.0])).double(), 0.5)


def test_random_rotations_are_rotations_and_uniform():
    many = torch.stack([random_rotation(3, seed) for seed in range(2000)])
    torch.testing.assert_close(torch.linalg.det(many), torch.ones(2000).double())
    # under the Haar measure every entry has mean 0 and second moment 1/3
    assert many.mean(0).abs().max() < 0.06
    assert (many.square().mean(0) - 1 / 3).abs().max() < 0.04
    assert torch.equal(random_rotation(3, 5), many[5])
    with pytest.raises(ValueError, match="at least 2 coordinates, got dim=1"):
        random_rotation(1, 0)


def test_isotropic_priors_of_any_scale_are_symmetric():
    vae, x = vae_of("full", 0, IsotropicGaussian(3, 2.5)), numbers(9, 4, 5)
    z, U = numbers(0, 4, 3), random_rotation(3, 0)
    rotated = objective_at(rotate(vae, U), x, z @ U.mT)
    torch.testing.assert_close(rotated, objective_at(vae, x, z), **CLOSE)
