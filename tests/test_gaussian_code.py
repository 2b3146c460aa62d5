"""The Gaussian code's numbers are exact, and noise of its own for each latent lowers its TC."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal, kl_divergence

from dvae_course.metrics import total_correlation_from_codes
from dvae_course.objectives import DIPVAE
from dvae_course.theory.gaussian_code import (
    GaussianCode,
    gaussian_total_correlation,
    lost_to_noise,
)

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def random_covariance(rng, latent):
    A = torch.tensor(rng.normal(size=(latent, latent + 2)))
    return A @ A.mT


def random_code(rng, latent=4):
    return GaussianCode(
        random_covariance(rng, latent), torch.diag(torch.tensor(rng.uniform(0.01, 2, latent)))
    )


def test_total_correlation_is_the_kl_to_the_product_of_the_marginals():
    C = random_covariance(np.random.default_rng(0), 4)
    joint = MultivariateNormal(torch.zeros(4).double(), C)
    product = MultivariateNormal(torch.zeros(4).double(), torch.diag(C.diagonal()))
    assert gaussian_total_correlation(C).item() == pytest.approx(kl_divergence(joint, product))


def test_total_correlation_is_that_of_the_metric():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3))
    exact = gaussian_total_correlation(torch.tensor(np.cov(codes.T))).item()
    assert total_correlation_from_codes(codes).value == pytest.approx(exact)


@quick
@given(seeds, st.floats(-8, 8))
def test_total_correlation_does_not_see_the_scale_of_a_latent(seed, exponent):
    C = random_covariance(np.random.default_rng(seed), 3)
    scale = torch.tensor([1, 10**exponent, 1], dtype=torch.float64)
    scaled = scale[:, None] * C * scale
    assert torch.isclose(gaussian_total_correlation(C), gaussian_total_correlation(scaled))


def test_independent_latents_have_none():
    assert gaussian_total_correlation(torch.diag(torch.tensor([1.0, 4.0]))).item() == 0


def test_a_singular_covariance_is_refused_with_its_eigenvalue():
    with pytest.raises(ValueError, match="smallest eigenvalue"):
        gaussian_total_correlation(torch.ones(2, 2))


@quick
@given(seeds)
def test_diagonal_noise_never_raises_the_total_correlation(seed):
    code = random_code(np.random.default_rng(seed))
    assert code.total_correlation <= code.total_correlation_of_means + 1e-12


@quick
@given(seeds)
def test_the_loss_to_noise_adds_up_latent_by_latent(seed):
    code = random_code(np.random.default_rng(seed))
    C, lost = code.M.clone(), 0.0
    for i, t in enumerate(code.S.diagonal().tolist()):
        step = lost_to_noise(C, i, t)
        assert step >= -1e-12
        lost += step
        C[i, i] += t
    assert lost == pytest.approx(code.total_correlation_of_means - code.total_correlation, abs=1e-9)


def test_noise_on_an_uncorrelated_latent_loses_nothing():
    C = torch.tensor([[1.0, 0.5, 0], [0.5, 1, 0], [0, 0, 2]], dtype=torch.float64)
    assert lost_to_noise(C, 2, 5.0) == pytest.approx(0, abs=1e-12)
    assert lost_to_noise(C, 0, 1e12) == pytest.approx(gaussian_total_correlation(C).item())
    with pytest.raises(ValueError, match="-1"):
        lost_to_noise(C, 0, -1.0)


def test_noise_that_is_not_diagonal_can_raise_it():
    M = torch.eye(2, dtype=torch.float64)
    code = GaussianCode(M, torch.tensor([[1, 0.9], [0.9, 1]], dtype=torch.float64))
    assert code.total_correlation > code.total_correlation_of_means == 0
    with pytest.raises(ValueError, match=r"0\.9"):
        code.off_diagonal()
    with pytest.raises(ValueError, match="diagonal"):
        code.vae()


@quick
@given(seeds)
def test_the_kl_term_is_the_sum_of_its_three_parts(seed):
    code = random_code(np.random.default_rng(seed))
    parts = code.information + code.total_correlation + code.dimension_wise
    assert code.kl == pytest.approx(parts, rel=1e-9)


@quick
@given(st.floats(-0.99, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_kl_of_a_pair_is_blind_to_their_correlation(rho, first, second):
    code, without = (GaussianCode.pair(r, first, second) for r in (rho, 0.0))
    assert code.kl == pytest.approx(without.kl)
    assert code.total_correlation_of_means == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-9)
    assert code.dimension_wise == pytest.approx(0, abs=1e-12)
    assert code.diagonal("II") == pytest.approx(0, abs=1e-12)


def test_the_vae_has_the_codes_encoder():
    code = random_code(np.random.default_rng(1), latent=3)
    x = torch.tensor(np.random.default_rng(2).normal(size=(100_000, 3)))
    output = code.vae()(x, 0)
    C = torch.cov(output.z.detach().mT)
    assert torch.allclose(C, code.covariance, atol=0.05 * code.covariance.max().item())
    assert output.kl.mean().item() == pytest.approx(code.kl, rel=0.02)


@pytest.mark.parametrize("kind", ["I", "II"])
def test_its_dip_terms_are_those_of_the_objective_on_many_points(kind):
    code = random_code(np.random.default_rng(3), latent=3)
    x = torch.tensor(np.random.default_rng(4).normal(size=(100_000, 3)))
    values = DIPVAE(kind, 1, 1)(code.vae(), x, generator=0).values
    assert values["off_diagonal"].item() == pytest.approx(code.off_diagonal(), rel=0.05)
    assert values["diagonal"].item() == pytest.approx(code.diagonal(kind), rel=0.05)


def test_penalties_name_all_six_objectives_each_at_unit_strength():
    code = GaussianCode.pair(0.9, 0.9, 0.5)
    penalties = code.penalties(capacity=1.0)
    assert len(penalties) == 6
    assert penalties["FactorVAE"] == penalties["β-TCVAE"] == code.total_correlation
    assert penalties["AnnealedVAE"] == pytest.approx(abs(penalties["β-VAE"] - 1.0))
    assert penalties["DIP-VAE-I"] > penalties["DIP-VAE-II"]


def test_a_code_that_cannot_be_is_refused():
    eye = torch.eye(2, dtype=torch.float64)
    with pytest.raises(ValueError, match="one shape"):
        GaussianCode(eye, torch.eye(3, dtype=torch.float64))
    with pytest.raises(ValueError, match="smallest eigenvalues"):
        GaussianCode(eye, 0 * eye)
    with pytest.raises(ValueError, match="smallest eigenvalues"):
        GaussianCode(-eye, eye)
    with pytest.raises(ValueError, match="first=1"):
        GaussianCode.pair(0.5, 1.0, 0.5)
    with pytest.raises(ValueError, match="III"):
        GaussianCode(eye, eye).diagonal("III")
