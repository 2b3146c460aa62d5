"""Every objective's terms on a small fixed batch against loops, and the losses they add up to."""

import math

import numpy as np
import pytest
import torch

from dvae_course import objectives
from dvae_course.divergences import MMD, ExclusiveKL, InclusiveKL
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import AnisotropicGaussian, IsotropicGaussian
from dvae_course.randomness import Streams
from oracles import aggregate_loops as loops
from oracles import penalties
from oracles.small_model import (
    BATCH,
    DIM,
    PIXELS,
    arrays,
    elbo_parts,
    make_vae,
    make_x,
    run,
    standard_normal,
    value,
)


def test_beta_vae():
    terms, vae = run(objectives.BetaVAE(4.0))
    rec, kl = elbo_parts(terms, vae)
    assert value(terms, "reconstruction") == pytest.approx(rec, rel=1e-10)
    assert value(terms, "kl") == pytest.approx(kl.mean(), rel=1e-10)
    assert terms.loss.item() == pytest.approx(rec + 4 * kl.mean(), rel=1e-10)
    # averaging over pixels instead of summing divides the meaning of β by their number
    assert abs(rec / PIXELS - rec) > 1


@pytest.mark.parametrize("step", [0, 30, 100, 500])
def test_annealed_vae(step):
    capacity, gamma = 1.5, 20.0
    terms, vae = run(objectives.AnnealedVAE(capacity, gamma, warmup_steps=100), step=step)
    rec, kl = elbo_parts(terms, vae)
    C = min(capacity, capacity * step / 100)
    expected = rec + penalties.capacity_penalty(kl, gamma, C)
    assert terms.loss.item() == pytest.approx(expected, rel=1e-10)


def test_annealed_vae_takes_the_absolute_value_of_the_mean_not_of_each_row():
    capacity = float(elbo_parts(*run(objectives.BetaVAE(1.0)))[1].mean())
    terms, vae = run(objectives.AnnealedVAE(capacity, 20.0, warmup_steps=1), step=1)
    rec, kl = elbo_parts(terms, vae)
    assert terms.loss.item() == pytest.approx(rec, abs=1e-4)
    assert penalties.capacity_penalty_per_sample(kl, 20.0, capacity) > 1


@pytest.mark.parametrize("kind", ["I", "II"])
def test_dip_vae(kind):
    terms, vae = run(objectives.DIPVAE(kind, lambda_od=5.0, lambda_d=2.0))
    _, mu, log_var = arrays(terms.output)
    rec, kl = elbo_parts(terms, vae)
    cov = penalties.dip_covariance(mu, log_var, kind)
    off, on = penalties.dip_penalty(cov, 5.0, 2.0)
    weighted = terms.weighted
    assert weighted["off_diagonal"].item() == pytest.approx(off, rel=1e-10)
    assert weighted["diagonal"].item() == pytest.approx(on, rel=1e-10)
    assert terms.loss.item() == pytest.approx(rec + kl.mean() + off + on, rel=1e-10)


def test_dip_vae_ii_is_not_what_three_libraries_compute():
    mu, log_var = np.random.default_rng(0).normal(size=(2, BATCH, DIM)) - 1
    q = DiagonalGaussian(torch.from_numpy(mu), torch.from_numpy(log_var))
    ours = objectives.DIPVAE("II", 1.0, 1.0).covariance(q).numpy()
    np.testing.assert_allclose(ours, penalties.dip_covariance(mu, log_var, "II"), rtol=1e-10)
    # theirs lets the variances into every entry, ours into the diagonal alone
    off_diagonal = ~np.eye(DIM, dtype=bool)
    of_means = penalties.covariance(mu)[off_diagonal]
    published = penalties.dip_ii_covariance_as_published(mu, log_var)[off_diagonal]
    np.testing.assert_allclose(ours[off_diagonal], of_means, rtol=1e-10)
    assert np.abs(published - of_means).min() > 0.5


def test_dip_vae_covariance_agrees_with_numpys():
    terms, _ = run(objectives.DIPVAE("II", 1.0, 1.0))
    _, mu, log_var = arrays(terms.output)
    expected = np.cov(mu.T, bias=True) + np.diag(np.exp(log_var).mean(0))
    ours = objectives.DIPVAE("II", 1.0, 1.0).covariance(terms.output.posterior)
    np.testing.assert_allclose(ours.detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("divergence", [InclusiveKL(), ExclusiveKL(), MMD()])
def test_decomposition(divergence):
    terms, vae = run(objectives.Decomposition(alpha=3.0, beta=0.5, divergence=divergence))
    rec, kl = elbo_parts(terms, vae)
    z, mu, log_var = arrays(terms.output)
    scale = np.exp(log_var / 2)
    streams = Streams.of(3, "posterior")
    vae(make_x(), streams)
    points = vae.prior.sample(BATCH, streams).numpy()
    match divergence:
        case InclusiveKL():
            D = (log_standard(points) - loops.log_aggregate(points, mu, scale)).mean()
        case ExclusiveKL():
            D = (loops.log_aggregate(z, mu, scale) - log_standard(z)).mean()
        case _:
            D = loops.mmd_per_dimension(z, points.astype(float))
    assert terms.loss.item() == pytest.approx(rec + 0.5 * kl.mean() + 3 * D, rel=1e-6)


def log_standard(points: np.ndarray) -> np.ndarray:
    return np.array([math.fsum(standard_normal(v) for v in row) for row in points])


@pytest.mark.parametrize("beta", [0.5, 2.0, 4.0])
def test_theorem_1_and_corollary_1(beta):
    # L_β = L(π_β) + (β−1) H[q] + log F_β, and in the √β-scaled space, with c in closed form
    scales, rng = np.array([0.5, 1.0, 2.0]), np.random.default_rng(0)
    mu, log_var = torch.from_numpy(rng.normal(size=(2, 4, DIM)))
    prior = AnisotropicGaussian(torch.from_numpy(scales))
    q = DiagonalGaussian(mu, log_var)
    f = prior.annealed(beta)
    left = -beta * prior.kl_from(q)
    log_F = f.log_normalizer
    theorem = -f.kl_from(q) + (beta - 1) * q.entropy() + log_F
    np.testing.assert_allclose(left, theorem, atol=2e-5)
    scaled = DiagonalGaussian(math.sqrt(beta) * mu, log_var + math.log(beta))
    log_det_sigma = 2 * np.log(scales).sum()
    c = DIM * (beta - 1) / 2 - DIM * beta / 2 * math.log(beta) - (beta - 1) / 2 * log_det_sigma
    corollary = -prior.kl_from(scaled) + (beta - 1) / 2 * scaled.log_var.sum(-1) + c
    np.testing.assert_allclose(left, corollary, atol=2e-5)
    # without the entropy term the constant alone does not close the gap
    assert (left - (-f.kl_from(q) + log_F)).abs().max() > 0.5


def test_the_noise_of_a_sample_is_standard_normal_whatever_the_posterior():
    vae, x = make_vae(), make_x().repeat(2000, 1)
    output = vae(x, 0)
    noise = ((output.z - output.posterior.mu) / output.posterior.scale).detach()
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.04)
    np.testing.assert_allclose(noise.T.cov(), np.eye(DIM), atol=0.04)
    assert isinstance(vae.prior, IsotropicGaussian)
