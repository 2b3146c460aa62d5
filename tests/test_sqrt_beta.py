"""Corollaries 1 and 2 of Mathieu et al. 2019: the constant, the map, and the gradients."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.likelihoods import GaussianLikelihood
from dvae_course.networks import ConvDecoder
from dvae_course.priors import AnisotropicGaussian, IsotropicGaussian, Prior, StudentT
from dvae_course.theory.pca_directions import linear_vae
from dvae_course.theory.quadrature import expectation
from dvae_course.theory.rotation import rotate, slide_rotation
from dvae_course.theory.sqrt_beta import (
    beta_elbo,
    constant,
    log_det,
    max_entropy_elbo,
    prior_covariance,
    rescale,
    rescaling,
    sqrt_beta_identity,
)
from dvae_course.vae import VAE, conv_vae, mlp_vae

quick = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**20)
betas = st.floats(0.25, 16)
families = st.sampled_from(["diagonal", "full"])
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def data(n: int = 6, dim: int = 4) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(n, dim)))


def vae_of(family: str, seed: int, prior: Prior | None = None) -> VAE:
    prior = prior or AnisotropicGaussian([0.4, 1.0, 3.0])
    return mlp_vae(
        4, 3, (8,), prior, GaussianLikelihood(0.5), seed, posterior=family, initial_log_var=-1.0
    ).double()


# The constant


def unsimplified(beta: float, Sigma: np.ndarray) -> float:
    """c as it falls out of the proof: (β−1) D/2 (1 + log(2π/β)) + log F_β."""
    D, log_det_Sigma = len(Sigma), np.linalg.slogdet(Sigma)[1]
    log_F = 0.5 * (1 - beta) * (D * math.log(2 * math.pi) + log_det_Sigma) - 0.5 * D * math.log(
        beta
    )
    return 0.5 * D * (beta - 1) * (1 + math.log(2 * math.pi / beta)) + log_F


@quick
@given(seed=seeds, beta=betas, D=st.integers(1, 5))
def test_the_constant_is_what_falls_out_of_the_proof(seed, beta, D):
    A = np.random.default_rng(seed).normal(size=(D, D))
    Sigma = A @ A.T + 0.1 * np.eye(D)
    found = constant(beta, torch.from_numpy(Sigma))
    assert found == pytest.approx(unsimplified(beta, Sigma), rel=1e-10, abs=1e-10)


def test_the_closed_form_of_the_constant_symbolically():
    beta, D, det = sympy.symbols("beta D det", positive=True)
    log = sympy.log
    log_F = (1 - beta) / 2 * (D * log(2 * sympy.pi) + log(det)) - D / 2 * log(beta)
    proof = D * (beta - 1) / 2 * (1 + log(2 * sympy.pi / beta)) + log_F
    closed = D * (beta - 1) / 2 - D * beta / 2 * log(beta) - (beta - 1) / 2 * log(det)
    assert sympy.simplify(sympy.expand_log(proof - closed)) == 0


def test_corollary_1_in_one_dimension_symbolically():
    mu = sympy.symbols("mu", real=True)
    beta, S, Sigma = sympy.symbols("beta S Sigma", positive=True)

    def kl(m: sympy.Expr, variance: sympy.Expr) -> sympy.Expr:
        return (variance / Sigma + m**2 / Sigma - 1 - sympy.log(variance / Sigma)) / 2

    c = (beta - 1) / 2 - beta / 2 * sympy.log(beta) - (beta - 1) / 2 * sympy.log(Sigma)
    left = -beta * kl(mu, S)
    right = -kl(sympy.sqrt(beta) * mu, beta * S) + (beta - 1) / 2 * sympy.log(beta * S) + c
    assert sympy.simplify(sympy.expand_log(left - right)) == 0


@pytest.mark.parametrize("beta", [0.5, 2.0, 4.0])
def test_the_constant_by_integrals_in_mpmath(beta):
    m, s, sigma = mp.mpf("0.7"), mp.mpf("0.6"), mp.mpf("1.3")

    def kl(mean: mp.mpf, scale: mp.mpf) -> mp.mpf:
        def integrand(z: mp.mpf) -> mp.mpf:
            ratio = mp.npdf(z, mean, scale) / mp.npdf(z, 0, sigma)
            return mp.npdf(z, mean, scale) * mp.log(ratio)

        return mp.quad(integrand, mp.linspace(mean - 15 * scale, mean + 15 * scale, 9))

    root = mp.sqrt(beta)
    c = -beta * kl(m, s) + kl(root * m, root * s) - (beta - 1) / 2 * mp.log(beta * s**2)
    Sigma = torch.tensor([[1.3**2]], dtype=torch.float64)
    assert constant(beta, Sigma) == pytest.approx(float(c), abs=1e-10)


def test_at_beta_1_the_constant_is_0():
    assert constant(1.0, torch.diag(torch.tensor([0.2, 5.0]))) == 0


@pytest.mark.parametrize(
    ("beta", "Sigma", "message"),
    [
        (0.0, [1.0, 1.0], "beta must be positive"),
        (-2.0, [1.0, 1.0], "beta must be positive"),
        (2.0, [1.0, -1.0], "positive definite, but has the eigenvalue -1"),
    ],
)
def test_no_constant_without_positive_beta_and_covariance(beta, Sigma, message):
    with pytest.raises(ValueError, match=message):
        constant(beta, torch.diag(torch.tensor(Sigma)))


# Corollary 1


@quick
@given(seed=seeds, beta=betas, family=families)
def test_the_two_objectives_differ_by_the_constant(seed, beta, family):
    both = sqrt_beta_identity(vae_of(family, seed), data(), beta, seed)
    torch.testing.assert_close(both.left, both.right, **CLOSE)


@quick
@given(beta=betas, family=families)
def test_the_rescaled_networks_are_those_of_the_corollary(beta, family):
    vae, x, z = vae_of(family, 0), data(), data(6, 3)
    rescaled, root = rescale(vae, beta), math.sqrt(beta)
    before, after = vae.encode(x), rescaled.encode(x)
    torch.testing.assert_close(after.mu, root * before.mu, **CLOSE)
    torch.testing.assert_close(after.covariance, beta * before.covariance, **CLOSE)
    torch.testing.assert_close(rescaled.decode(z), vae.decode(z / root), **CLOSE)
    torch.testing.assert_close(log_det(after), torch.logdet(after.covariance), **CLOSE)
    back = rescale(rescaled, 1 / beta)
    for name, parameter in back.named_parameters():
        torch.testing.assert_close(parameter, vae.get_parameter(name), **CLOSE)


def test_convolutional_and_linear_vaes_can_be_rescaled():
    vae, z = conv_vae(1, 3).double(), data(2, 3)
    torch.testing.assert_close(rescale(vae, 4.0).decode(2 * z), vae.decode(z), **CLOSE)
    both = sqrt_beta_identity(linear_vae(4, 2, 0.5, "full").double(), data(), 4.0)
    torch.testing.assert_close(both.left, both.right, **CLOSE)


def test_what_was_passed_in_is_unchanged():
    vae = vae_of("full", 0)
    before = {name: p.clone() for name, p in vae.named_parameters()}
    rescale(vae, 4.0)
    assert all(torch.equal(p, before[name]) for name, p in vae.named_parameters())


# The hypotheses of Corollary 1, one at a time


def difference(vae: VAE, rescaled: VAE, beta: float, seed: int = 0) -> Tensor:
    """What the two objectives differ by, data point by data point."""
    return beta_elbo(vae, data(), beta) - max_entropy_elbo(rescaled, data(), beta, seed)


def test_with_a_gaussian_prior_the_difference_is_one_number():
    vae = vae_of("diagonal", 0)
    spread = difference(vae, rescale(vae, 4.0), 4.0)
    c = constant(4.0, prior_covariance(vae))
    torch.testing.assert_close(spread, torch.full((6,), c).double(), rtol=1e-6, atol=1e-6)
    assert spread.max() - spread.min() < 1e-10


def test_with_another_prior_it_is_not():
    vae = vae_of("diagonal", 0, StudentT(3, 3.0))
    spread = difference(vae, rescale(vae, 4.0), 4.0)
    assert spread.max() - spread.min() > 0.1
    with pytest.raises(ValueError, match="Gaussian prior, and this VAE's is StudentT"):
        sqrt_beta_identity(vae, data(), 4.0)


def test_a_rescaling_by_another_number_is_none():
    vae = vae_of("diagonal", 0)
    spread = difference(vae, rescale(vae, 2.0), 4.0)
    assert spread.max() - spread.min() > 0.1


def test_without_the_entropy_term_it_is_not():
    both = sqrt_beta_identity(vae_of("diagonal", 0), data(), 4.0)
    spread = both.left - both.rescaled_elbo
    assert spread.max() - spread.min() > 0.1


def test_the_same_noise_is_needed_for_exactness():
    vae = vae_of("diagonal", 0)
    spread = difference(vae, rescale(vae, 4.0), 4.0, seed=1)
    assert spread.max() - spread.min() > 0.1


def test_networks_that_cannot_be_rescaled_are_refused():
    rotated = rotate(conv_vae(1, 3).double(), slide_rotation())
    rotated.encoder = torch.nn.Identity()
    with pytest.raises(ValueError, match="Identity has no PosteriorHead"):
        rescale(rotated, 2.0)
    vae = vae_of("full", 0)
    vae.decoder = torch.nn.Sequential(torch.nn.Tanh(), vae.decoder)
    with pytest.raises(ValueError, match="Sequential does not begin with a Linear layer of 3"):
        rescale(vae, 2.0)
    vae.decoder = ConvDecoder(4)
    with pytest.raises(ValueError, match="does not begin with a Linear layer of 3"):
        rescale(vae, 2.0)
    with pytest.raises(ValueError, match="beta must be positive"):
        rescale(vae, 0.0)


# Corollary 2


def gradients(vae: VAE, loss: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*vae.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


@quick
@given(seed=seeds, beta=betas, family=families)
def test_the_gradients_are_each_others_image_under_the_chain_rule(seed, beta, family):
    vae = vae_of(family, seed)
    rescaled, g = rescale(vae, beta), rescaling(vae, beta)
    left = gradients(vae, beta_elbo(vae, data(), beta, seed).mean())
    right = gradients(rescaled, max_entropy_elbo(rescaled, data(), beta, seed).mean())
    for name, gradient in left.items():
        scale = g[name].scale if name in g else 1.0
        # relative to gradients that reach 1e4 at a noise of 0.5
        torch.testing.assert_close(gradient, scale * right[name], rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("family", ["diagonal", "full"])
def test_the_map_is_invertible(family):
    g = rescaling(vae_of(family, 0), 4.0)
    assert len(g) == (4 if family == "diagonal" else 6)
    assert all(change.scale != 0 for change in g.values())


def exact_elbo(vae: VAE, x: Tensor, beta: float, entropy: float = 0.0) -> Tensor:
    """Mean of L_β + entropy · log det S with the expectation exact: the decoder is linear."""
    q = vae.encode(x)
    reconstruction = expectation(q, lambda z: vae.log_likelihood(x, z), step=0.5)
    return (reconstruction - beta * vae.prior.kl_from(q) + entropy * log_det(q)).mean()


def trained(vae: VAE, x: Tensor, beta: float) -> VAE:
    optimizer = torch.optim.LBFGS(
        vae.parameters(),
        max_iter=2000,
        tolerance_grad=1e-13,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -exact_elbo(vae, x, beta)
        loss.backward()
        return loss

    optimizer.step(closure)
    return vae


def largest(gradient: dict[str, Tensor]) -> float:
    return max(g.abs().max().item() for g in gradient.values())


@pytest.mark.parametrize("beta", [0.3, 3.0])
def test_one_gradient_vanishes_where_the_other_does(beta):
    x = data(20, 3)
    vae = trained(linear_vae(3, 1, 0.5).double(), x, beta)
    rescaled, weight = rescale(vae, beta), 0.5 * (beta - 1)
    # as far down as the line search gets
    assert largest(gradients(vae, exact_elbo(vae, x, beta))) < 1e-7
    there = gradients(rescaled, exact_elbo(rescaled, x, 1.0, weight))
    assert largest(there) < 1e-6
    unmapped = gradients(vae, exact_elbo(vae, x, 1.0, weight))
    assert largest(unmapped) > 0.1
    without_entropy = gradients(rescaled, exact_elbo(rescaled, x, 1.0))
    assert largest(without_entropy) > 0.1


def test_the_roads_to_the_same_stationary_points_differ():
    x, beta = data(20, 3), 3.0
    vae = linear_vae(3, 1, 0.5).double()
    rescaled = rescale(vae, beta)
    for model, arguments in ((vae, (beta, 0.0)), (rescaled, (1.0, 0.5 * (beta - 1)))):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(10):
            optimizer.zero_grad()
            (-exact_elbo(model, x, *arguments)).backward()
            optimizer.step()
    mapped = dict(rescale(vae, beta).named_parameters())
    apart = [(mapped[n] - p).abs().max().item() for n, p in rescaled.named_parameters()]
    assert max(apart) > 0.05


def test_isotropic_priors_have_a_covariance_too():
    vae = vae_of("full", 0, IsotropicGaussian(3, 2.0))
    torch.testing.assert_close(prior_covariance(vae), 4 * torch.eye(3, dtype=torch.float64))
