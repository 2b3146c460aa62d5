"""Theorem 1 of Mathieu et al. 2019: both sides, every prior, and what it needs."""

import itertools
import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import Tensor

from dvae_course import objectives
from dvae_course.gaussians import DiagonalGaussian, FullGaussian, GaussianPosterior
from dvae_course.priors import (
    AnisotropicGaussian,
    GaussianMixture,
    IsotropicGaussian,
    Prior,
    SpikeAndSlab,
    StudentT,
)
from dvae_course.theory.annealed_prior import beta_elbo_identity, log_F_beta, log_power_integral
from dvae_course.theory.quadrature import expectation
from dvae_course.vae import mlp_vae

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)
betas = st.floats(0.3, 16.0)

MEANS = [[0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]
PRIORS: dict[str, Prior] = {
    "isotropic": IsotropicGaussian(2, 0.7),
    "anisotropic": AnisotropicGaussian([0.3, 2.0]),
    "student": StudentT(2, 3.0),
    "mixture": GaussianMixture(MEANS, 0.3),
    "sparse": SpikeAndSlab(1, 0.8),
}
every = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)


def posterior(family: str, seed: int, dim: int, batch: int = 3) -> GaussianPosterior:
    rng = np.random.default_rng(seed)
    mu = torch.from_numpy(rng.normal(size=(batch, dim)))
    scale = torch.from_numpy(rng.uniform(0.05, 1, (batch, dim)))
    if family == "diagonal":
        return DiagonalGaussian(mu, 2 * scale.log())
    below = torch.from_numpy(rng.normal(size=(batch, dim, dim))).tril(-1)
    return FullGaussian(mu, torch.diag_embed(scale) + below)


def reconstruction(q: GaussianPosterior) -> Tensor:
    """E_q[log p(x|z)] of a decoder that is not linear."""
    return expectation(q, lambda z: -2 * (torch.tanh(z).sum(-1) - 0.3).square())


@every
@quick
@given(seed=seeds, beta=betas, family=st.sampled_from(["diagonal", "full"]))
def test_both_sides_agree(prior, seed, beta, family):
    q = posterior(family, seed, prior.dim)
    both = beta_elbo_identity(reconstruction(q), q, prior, beta)
    torch.testing.assert_close(both.left, both.right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dim", [1, 3, 10])
def test_with_a_gaussian_prior_it_holds_in_any_number_of_coordinates(dim):
    q = posterior("full", 0, dim)
    both = beta_elbo_identity(
        torch.zeros(3), q, AnisotropicGaussian([0.1 + d for d in range(dim)]), 4
    )
    torch.testing.assert_close(both.left, both.right, rtol=1e-10, atol=1e-10)


@quick
@given(seed=seeds, beta=betas)
def test_the_left_side_is_the_loss_of_the_beta_vae(seed, beta):
    vae, x = (
        mlp_vae(4, 2, (8,), seed=seed).double(),
        torch.linspace(0, 1, 20).double().reshape(5, 4),
    )
    terms = objectives.BetaVAE(beta).double()(vae, x, generator=seed)
    output = terms.output
    both = beta_elbo_identity(output.reconstruction, output.posterior, vae.prior, beta)
    # the objective keeps beta in single precision
    torch.testing.assert_close(-both.right.mean(), terms.loss, rtol=1e-6, atol=1e-6)


@every
@pytest.mark.parametrize("beta", [0.6, 1.0, 2.0, 4.0])
def test_log_f_beta_is_the_integral_of_the_power(prior, beta):
    step = 1 / 256 if prior.dim == 1 else 1 / 64
    by_quadrature = log_power_integral(prior, beta, step).item()
    # a mixture's own F_β is on a grid of its own, good for nine digits
    tolerance = 1e-8 if isinstance(prior, GaussianMixture) else 1e-10
    assert log_F_beta(prior, beta).item() == pytest.approx(by_quadrature, abs=tolerance)


@pytest.mark.parametrize("beta", [0.4, 2.0, 5.0])
def test_the_kl_to_the_annealed_student_is_that_to_scipys_student(beta):
    nu = 3.0
    q = DiagonalGaussian(*torch.tensor([[[0.4]], [[-1.0]]], dtype=torch.float64))
    new_nu = beta * (nu + 1) - 1
    f_beta = stats.t(new_nu, scale=math.sqrt(nu / new_nu))
    density = stats.norm(0.4, math.exp(-0.5))

    def integrand(z: float) -> float:
        return density.pdf(z) * (density.logpdf(z) - f_beta.logpdf(z))

    exact = integrate.quad(integrand, -8, 8, epsabs=1e-12, epsrel=1e-12)[0]
    both = beta_elbo_identity(torch.zeros(1), q, StudentT(1, nu), beta)
    assert both.kl_to_annealed.item() == pytest.approx(exact, abs=1e-10)


def test_at_beta_1_the_annealed_prior_is_the_prior_and_the_bonus_is_gone():
    q = posterior("full", 1, 2)
    both = beta_elbo_identity(reconstruction(q), q, PRIORS["mixture"], 1.0)
    torch.testing.assert_close(both.kl_to_annealed, both.kl)
    assert both.entropy_bonus.abs().max() == 0


def test_the_proof_line_by_line():
    rec, H, mean_log_p, log_F = sympy.symbols("rec H m F", real=True)  # m = E_q log p(z)
    beta = sympy.symbols("beta", positive=True)
    kl_to_prior, kl_to_annealed = -H - mean_log_p, -H - (beta * mean_log_p - log_F)
    lines = [
        rec - beta * kl_to_prior,
        rec + beta * H + beta * mean_log_p,
        rec + (beta - 1) * H + H + (beta * mean_log_p - log_F) + log_F,
        rec - kl_to_annealed + (beta - 1) * H + log_F,
    ]
    for before, after in itertools.pairwise(lines):
        assert sympy.expand(before - after) == 0


def test_log_f_beta_of_a_gaussian_symbolically():
    z = sympy.symbols("z", real=True)
    beta, s = sympy.symbols("beta s", positive=True)
    density = sympy.exp(-(z**2) / (2 * s**2)) / sympy.sqrt(2 * sympy.pi * s**2)
    power = density.subs(z, 0) ** beta * sympy.exp(-beta * z**2 / (2 * s**2))
    integral = sympy.integrate(power, (z, -sympy.oo, sympy.oo))
    formula = (1 - beta) / 2 * sympy.log(2 * sympy.pi * s**2) - sympy.log(beta) / 2
    difference = sympy.expand_log(sympy.log(integral) - formula, force=True)
    assert sympy.simplify(sympy.expand(difference)) == 0


# The hypotheses, one at a time


def test_without_a_finite_f_beta_there_is_no_theorem():
    q = posterior("diagonal", 0, 2)
    for beta in (0.1, 0.25):  # Student's t with ν = 3 needs β > 1/4
        with pytest.raises(ValueError, match=r"F_β is infinite.*beta > 0\.25"):
            beta_elbo_identity(torch.zeros(3), q, StudentT(2, 3.0), beta)
        with pytest.raises(ValueError, match="does not fall off"):
            log_power_integral(StudentT(2, 3.0), beta)
    for beta in (0.0, -1.0):
        with pytest.raises(ValueError, match="beta must be positive"):
            beta_elbo_identity(torch.zeros(3), q, IsotropicGaussian(2), beta)


@quick
@given(seed=seeds, beta=st.sampled_from([0.5, 2.0, 4.0]))
def test_without_the_bonus_or_without_log_f_the_sides_differ(seed, beta):
    q = posterior("diagonal", seed, 2)
    both = beta_elbo_identity(reconstruction(q), q, IsotropicGaussian(2, 0.7), beta)
    without_F = both.annealed_elbo + both.entropy_bonus
    assert (both.left - without_F - both.log_F_beta).abs().max() < 1e-10
    assert both.log_F_beta.abs() > 0.1
    assert (both.left - both.annealed_elbo - both.log_F_beta).abs().max() > 0.01


class WronglyNormalised(StudentT):
    """A prior whose `annealed` is off: its log F_β is 1 too large."""

    def annealed(self, beta: float) -> StudentT:
        f = super().annealed(beta)
        f.log_normalizer = f.log_normalizer + 1
        return f


def test_a_wrong_f_beta_cancels_from_both_sides_but_not_from_its_own_check():
    q, prior = posterior("full", 0, 2), WronglyNormalised(2, 3.0)
    both = beta_elbo_identity(torch.zeros(3), q, prior, 2.0)
    torch.testing.assert_close(both.left, both.right, rtol=1e-10, atol=1e-10)
    error = (log_F_beta(prior, 2.0) - log_power_integral(prior, 2.0)).item()
    assert error == pytest.approx(1, abs=1e-10)


class Box(Prior):
    """Uniform on [−½, ½]: p^β = p, and F_β = 1 for all β > 0."""

    def _log_density(self, z: Tensor) -> Tensor:
        inside = (z.abs() <= 0.5).all(-1)
        return torch.where(inside, 0.0, -math.inf).to(z)

    def annealed(self, beta: float) -> "Box":
        return self


def test_where_e_q_log_p_is_infinite_both_sides_are_and_say_nothing():
    both = beta_elbo_identity(torch.zeros(3), posterior("diagonal", 0, 1), Box(1), 2.0)
    assert torch.isneginf(both.left).all()
    assert torch.isneginf(both.right).all()


def test_a_mixture_in_many_coordinates_is_refused():
    prior = GaussianMixture([[0.0, 0.0, 0.0]], 1.0)
    with pytest.raises(ValueError, match="1 or 2 coordinates"):
        beta_elbo_identity(torch.zeros(3), posterior("diagonal", 0, 3), prior, 2.0)
