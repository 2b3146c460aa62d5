"""The VAE's three numbers: bounds of the evidence, two ways to the KL, seeds, and refusals."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, kl
from dvae_course.likelihoods import GaussianLikelihood
from dvae_course.networks import MLPDecoder, initialise
from dvae_course.priors import GaussianMixture, IsotropicGaussian, StudentT
from dvae_course.vae import VAE, conv_vae, mlp_vae

S = 0.3  # the standard deviation of x given z in the linear model
DRAWS = 20_000


class LinearEncoder(nn.Module):
    """mu = x A, one covariance for all x: the family of the linear model's exact posterior."""

    def __init__(self, A: Tensor, scale_tril: Tensor, diagonal: bool):
        super().__init__()
        self.A, self.scale_tril, self.diagonal = A, scale_tril, diagonal

    def forward(self, x: Tensor) -> DiagonalGaussian | FullGaussian:
        full = FullGaussian(x @ self.A, self.scale_tril.expand(len(x), 2, 2))
        return DiagonalGaussian(full.mu, full.log_var) if self.diagonal else full


def linear_vae(diagonal: bool, kl: str = "sampled") -> tuple[VAE, Tensor, Tensor]:
    """A VAE with x = z W + noise, its encoder the exact posterior or that one's variances alone."""
    decoder = MLPDecoder(2, 4, ()).double()
    initialise(decoder, 0)
    W = decoder.body.layers[0].weight.data
    W[1] += W[0]  # so that the exact posterior correlates the coordinates
    M = W @ W.mT / S**2 + torch.eye(2, dtype=torch.float64)  # the posterior's precision
    exact = torch.linalg.inv(M)
    encoder = LinearEncoder(W.mT @ exact / S**2, torch.linalg.cholesky(exact), diagonal)
    likelihood = GaussianLikelihood(S).double()
    vae = VAE(encoder, decoder, IsotropicGaussian(2).double(), likelihood, (4,), kl)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 4)))
    covariance = W.mT @ W + S**2 * torch.eye(4, dtype=torch.float64)
    return vae, x, MultivariateNormal(torch.zeros(4).double(), covariance).log_prob(x)


def test_with_the_exact_posterior_every_single_sample_gives_log_p_of_x():
    vae, x, log_p = linear_vae(diagonal=False)
    for seed in range(3):
        torch.testing.assert_close(vae(x, seed).elbo, log_p, rtol=1e-5, atol=1e-5)


def test_with_a_diagonal_posterior_the_elbo_falls_short_of_log_p_of_x_by_its_kl_to_the_exact_one():
    vae, x, log_p = linear_vae(diagonal=True, kl="closed")
    exact = linear_vae(diagonal=False)[0].encode(x)
    gap = kl(vae.encode(x), exact)
    assert (gap > 0.05).all()
    mean = vae(x.repeat(DRAWS, 1), 0).elbo.unflatten(0, (DRAWS, len(x))).mean(0)
    torch.testing.assert_close(log_p - mean, gap, rtol=0, atol=0.05)


def test_the_sampled_kl_averages_to_the_closed_form():
    sampled, x, _ = linear_vae(diagonal=True, kl="sampled")
    closed, _, _ = linear_vae(diagonal=True, kl="closed")
    mean = sampled(x.repeat(DRAWS, 1), 0).kl.unflatten(0, (DRAWS, len(x))).mean(0)
    torch.testing.assert_close(mean, closed(x, 0).kl, rtol=0, atol=0.05)
    assert torch.equal(closed(x, 0).kl, closed(x, 1).kl)


def test_auto_takes_the_closed_form_where_there_is_one():
    assert mlp_vae(3, 2).closed_form_kl
    assert not mlp_vae(3, 2, kl="sampled").closed_form_kl
    assert not mlp_vae(3, 2, prior=StudentT(2, 5.0)).closed_form_kl


def test_the_seed_decides_the_weights_and_the_generator_the_sample():
    x = torch.rand(5, 3)
    first, again, other = mlp_vae(3, 2, seed=1), mlp_vae(3, 2, seed=1), mlp_vae(3, 2, seed=2)
    assert torch.equal(first(x, 7).z, again(x, 7).z)
    assert not torch.equal(first(x, 7).z, first(x, 8).z)
    assert not torch.equal(first(x, 7).posterior.mu, other(x, 7).posterior.mu)


def test_a_sample_does_not_depend_on_numbers_that_initialised_the_weights():
    # the same seed for weights and noise must not make them the same numbers
    noise = mlp_vae(3, 2, seed=0)(torch.rand(5, 3), 0)
    standard = (noise.z - noise.posterior.mu) / noise.posterior.scale
    prior = IsotropicGaussian(2).sample(5, 0)
    assert not torch.allclose(standard, prior)


def test_images_go_in_and_come_out_in_their_shape_and_range():
    vae, x = conv_vae(3, 4), torch.rand(2, 3, 64, 64)
    output = vae(x, 0)
    assert output.reconstruction.shape == output.kl.shape == (2,)
    decoded = vae.decode(output.z)
    assert decoded.shape == x.shape
    assert 0 < decoded.min() <= decoded.max() < 1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: mlp_vae(3, 2, kl="exact"), r"'exact'"),
        (
            lambda: mlp_vae(3, 2, prior=GaussianMixture([[0.0, 0.0]], 1.0), kl="closed"),
            r"no closed form for the prior GaussianMixture.*use kl='sampled'",
        ),
        (lambda: mlp_vae(3, 2, prior=StudentT(5, 3.0)), r"prior has 5 .* latent_dim is 2"),
        (lambda: mlp_vae(3, 2)(torch.rand(5, 4)), r"data_shape \(3,\), got \(5, 4\)"),
        (lambda: conv_vae()(torch.rand(2, 1, 32, 32)), r"\(1, 64, 64\), got \(2, 1, 32, 32\)"),
    ],
    ids=["kl", "closed form", "prior", "vector", "image"],
)
def test_what_does_not_fit_is_refused_with_both_sides_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
