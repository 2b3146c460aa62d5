"""Every prior against mpmath: log densities, log F_β, samples; annealed priors are densities."""

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy import stats

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import (
    AnisotropicGaussian,
    GaussianMixture,
    IsotropicGaussian,
    SpikeAndSlab,
    StudentT,
)
from dvae_course.vae import mlp_vae
from oracles import densities as exact
from oracles.aggregate_loops import pairwise

POINTS = np.array([[0.0, 0.0], [0.3, -1.7], [-4.0, 2.5], [9.0, 0.01], [0.02, -0.04]])
MEANS = np.array([[0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])
SCALES = np.array([[0.25, 0.25], [0.5, 0.25], [0.25, 0.75], [1.0, 1.0]])
WEIGHTS = np.array([0.125, 0.25, 0.5, 0.125])
SPIKE = 0.0625  # exact in float32, unlike the default 0.05

# coordinates of a product prior: (library prior in 2 dimensions, its two coordinates, cuts)
PRODUCTS = {
    "isotropic": (IsotropicGaussian(2, 1.5), [exact.normal(0, 1.5)] * 2),
    "anisotropic": (
        AnisotropicGaussian([0.5, 2.0]),
        [exact.normal(0, 0.5), exact.normal(0, 2.0)],
    ),
    "student": (StudentT(2, nu=3.0), [exact.student_t(3)] * 2),
    "spike and slab": (
        SpikeAndSlab(2, gamma=0.75, spike_scale=SPIKE),
        [exact.mixed([0.75, 0.25], [exact.normal(0, SPIKE), exact.normal(0, 1)])] * 2,
    ),
    "spike without weight": (SpikeAndSlab(2, gamma=0.0), [exact.normal(0, 1)] * 2),
}
CUTS = (-0.5, -0.1, 0, 0.1, 0.5)


def mixture(scales: np.ndarray) -> GaussianMixture:
    means, weights = torch.from_numpy(MEANS), torch.from_numpy(WEIGHTS)
    return GaussianMixture(means, torch.from_numpy(scales), weights)


def clustered() -> GaussianMixture:
    return mixture(SCALES)


def log_prob(prior: torch.nn.Module, points: np.ndarray) -> np.ndarray:
    return prior.log_prob(torch.from_numpy(points)).detach().numpy()


@pytest.mark.parametrize("name", PRODUCTS)
def test_log_density_of_a_product_prior(name):
    prior, coordinates = PRODUCTS[name]
    expected = [exact.log_product(coordinates, z) for z in POINTS]
    np.testing.assert_allclose(log_prob(prior, POINTS), expected, rtol=1e-6, atol=1e-6)


def test_log_density_of_the_clustered_prior():
    expected = exact.log_mixture(POINTS, MEANS, SCALES, WEIGHTS)
    np.testing.assert_allclose(log_prob(clustered(), POINTS), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 7.5])
@pytest.mark.parametrize("name", PRODUCTS)
def test_log_F_beta_of_a_product_prior_by_quadrature(name, beta):
    prior, coordinates = PRODUCTS[name]
    expected = sum(exact.log_power_integral(p, beta, CUTS) for p in coordinates)
    assert float(prior.annealed(beta).log_normalizer) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("beta", [0.5, 2.0, 7.5])
@pytest.mark.parametrize("name", PRODUCTS)
def test_the_annealed_density_is_p_to_the_beta_over_F_beta(name, beta):
    prior, coordinates = PRODUCTS[name]
    log_F = sum(exact.log_power_integral(p, beta, CUTS) for p in coordinates)
    expected = [beta * exact.log_product(coordinates, z) - log_F for z in POINTS]
    np.testing.assert_allclose(
        log_prob(prior.annealed(beta), POINTS), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("beta", [0.25, 1.0, 3.0])
def test_log_F_beta_of_the_clustered_prior_on_a_fine_grid(beta):
    points, cell = exact.grid(-25, 25, 1201, dim=2)
    log_p = np.logaddexp.reduce(
        [
            math.log(w)
            - 0.5 * (((points - m) / s) ** 2).sum(1)
            - math.log(2 * math.pi * s[0] * s[1])
            for m, s, w in zip(MEANS, SCALES, WEIGHTS, strict=True)
        ]
    )
    F = np.exp(beta * log_p).sum() * cell
    annealed = clustered().annealed(beta)
    assert float(annealed.log_normalizer) == pytest.approx(math.log(F), abs=1e-5)
    assert np.exp(log_prob(annealed, points)).sum() * cell == pytest.approx(1, abs=1e-5)


def test_annealing_a_mixture_is_not_annealing_its_components():
    # the tempting mistake: raise each Gaussian to β and mix again with the old weights
    beta = 3.0
    mistaken = mixture(SCALES / math.sqrt(beta))
    gap = log_prob(clustered().annealed(beta), POINTS[:3]) - log_prob(mistaken, POINTS[:3])
    assert np.abs(gap).max() > 0.5


@pytest.mark.parametrize("name", ["isotropic", "student", "spike and slab"])
def test_annealing_twice_is_annealing_by_the_product(name):
    prior, coordinates = PRODUCTS[name]
    twice, once = prior.annealed(2.0).annealed(1.5), prior.annealed(3.0)
    np.testing.assert_allclose(log_prob(twice, POINTS), log_prob(once, POINTS), atol=1e-5)
    # the second log F is that of f₂, not of p
    F = [exact.log_power_integral(p, b, CUTS) for p in coordinates for b in (3.0, 2.0)]
    expected = F[0] + F[2] - 1.5 * (F[1] + F[3])
    assert float(twice.log_normalizer) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("nu", "beta"), [(3.0, 0.25), (1.0, 0.4), (9.0, 0.1)])
def test_a_student_prior_whose_F_beta_is_infinite_is_refused(nu, beta):
    assert beta * (nu + 1) <= 1
    with pytest.raises(ValueError, match="beta"):
        StudentT(2, nu=nu).annealed(beta)


def test_just_above_the_limit_the_annealed_student_is_still_right():
    beta, density = 0.3125, exact.student_t(3)  # β (ν+1) = 1.25
    # z = sinh t turns the heavy tail into an exponential one
    F = mp.quad(lambda t: density(mp.sinh(t)) ** beta * mp.cosh(t), [-mp.inf, 0, mp.inf])
    annealed = StudentT(1, nu=3.0).annealed(beta)
    assert float(annealed.log_normalizer) == pytest.approx(float(mp.log(F)), abs=1e-5)
    expected = [beta * exact.log_product([density], z) - float(mp.log(F)) for z in POINTS[:, :1]]
    np.testing.assert_allclose(log_prob(annealed, POINTS[:, :1]), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["isotropic", "anisotropic"])
def test_closed_form_kl_is_the_integral_of_q_log_q_over_p(name):
    prior, coordinates = PRODUCTS[name]
    mu, scale = torch.tensor([[0.5, -1.0]]).double(), np.array([0.25, 1.25])
    q = DiagonalGaussian(mu, 2 * torch.from_numpy(scale)[None].log())
    expected = 0.0
    for d, p in enumerate(coordinates):
        own = exact.normal(mu[0, d].item(), scale[d])
        integrand = lambda z, own=own, p=p: own(z) * (mp.log(own(z)) - mp.log(p(z)))  # noqa: E731
        centre, reach = mu[0, d].item(), 12 * scale[d]
        expected += float(mp.quad(integrand, [centre - reach, centre, centre + reach]))
    assert prior.kl_from(q).item() == pytest.approx(expected, abs=1e-6)


def test_a_vaes_sampled_kl_to_a_mixture_counts_log_p_once():
    # published code lets log p of shape (B, 1) broadcast against log q of shape (B, D), then sums
    vae = mlp_vae(3, 2, (4,), prior=clustered(), initial_log_var=-2.0).double()
    output = vae(torch.from_numpy(np.random.default_rng(0).random((50, 3))), 0)
    q = output.posterior
    z, mu, scale = (t.detach().numpy() for t in (output.z, q.mu, q.scale))
    log_q = np.einsum("iid->id", pairwise(z, mu, scale))
    log_p = exact.log_mixture(z, MEANS, SCALES, WEIGHTS)
    right, wrong = log_q.sum(1) - log_p, (log_q - log_p[:, None]).sum(1)
    np.testing.assert_allclose(output.kl.detach(), right, atol=1e-6)
    assert abs(right.mean() - wrong.mean()) > 0.5


def moments(prior: torch.nn.Module, n: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    z = prior.sample(n, 0).double().numpy()
    return z.mean(0), z.var(0)


def test_samples_have_the_mixtures_moments():
    mean, variance = moments(clustered())
    expected_mean = WEIGHTS @ MEANS
    expected_variance = WEIGHTS @ (SCALES**2 + MEANS**2) - expected_mean**2
    np.testing.assert_allclose(mean, expected_mean, atol=0.01)
    np.testing.assert_allclose(variance, expected_variance, rtol=0.02)


def test_samples_of_the_sparse_prior_have_deviation_0_449_at_gamma_0_8():
    # √(0.8 · 0.05² + 0.2) ≈ 0.449; published code states 0.24
    _, variance = moments(SpikeAndSlab(1, gamma=0.8))
    expected = math.sqrt(0.8 * 0.05**2 + 0.2)
    assert math.sqrt(variance[0]) == pytest.approx(expected, rel=0.02)
    assert abs(expected - 0.24) > 0.2


@pytest.mark.parametrize("beta", [0.5, 3.0])
def test_samples_of_the_annealed_mixture_have_the_moments_of_p_to_the_beta(beta):
    points, _ = exact.grid(-15, 15, 601, dim=2)
    log_power = beta * log_prob(clustered(), points)
    f = np.exp(log_power - log_power.max())
    f /= f.sum()
    mean, variance = moments(clustered().annealed(beta))
    expected_mean = f @ points
    np.testing.assert_allclose(mean, expected_mean, atol=0.02)
    np.testing.assert_allclose(variance, f @ points**2 - expected_mean**2, rtol=0.03)


@pytest.mark.parametrize("beta", [0.5, 3.0])
def test_samples_of_the_annealed_spike_and_slab_follow_its_distribution_function(beta):
    _, coordinates = PRODUCTS["spike and slab"]
    axis = np.concatenate([np.linspace(-9, -0.5, 400), np.linspace(-0.5, 0.5, 2001)[1:-1]])
    axis = np.unique(np.concatenate([axis, -axis]))
    density = np.array([float(coordinates[0](mp.mpf(v))) ** beta for v in axis])
    steps = np.diff(axis) * (density[1:] + density[:-1]) / 2
    below = np.concatenate([[0], steps.cumsum()]) / steps.sum()
    z = PRODUCTS["spike and slab"][0].annealed(beta).sample(100_000, 0).double().numpy().ravel()
    assert stats.kstest(z, lambda v: np.interp(v, axis, below)).pvalue > 0.01


def test_samples_of_an_annealed_student_have_the_variance_of_its_power():
    prior = StudentT(1, nu=9.0)
    density = exact.student_t(9)
    F = mp.quad(lambda z: density(z) ** 2, [-mp.inf, 0, mp.inf])
    expected = mp.quad(lambda z: z**2 * density(z) ** 2, [-mp.inf, 0, mp.inf]) / F
    _, variance = moments(prior.annealed(2.0))
    assert variance[0] == pytest.approx(float(expected), rel=0.03)
