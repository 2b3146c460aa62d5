"""Likelihoods against their densities, one value at a time in mpmath."""

import mpmath as mp
import numpy as np
import pytest
import torch

from dvae_course.likelihoods import (
    BernoulliLikelihood,
    GaussianLikelihood,
    HeteroscedasticLikelihood,
    LaplaceLikelihood,
)
from dvae_course.vae import mlp_vae

DECODED = np.array([[-3.0, 0.5], [0.25, -2.0], [1.5, 4.0]])  # an output and a pre-activation
X = np.array([0.125, 1.0, 0.0])


def log_prob(likelihood: torch.nn.Module, decoded: np.ndarray) -> np.ndarray:
    return likelihood(torch.from_numpy(decoded)).log_prob(torch.from_numpy(X)).numpy()


def test_bernoulli_is_the_cross_entropy_with_logits():
    expected = [
        float(x * mp.log(1 / (1 + mp.exp(-a))) + (1 - x) * mp.log(1 / (1 + mp.exp(a))))
        for x, (a, _) in zip(X, DECODED, strict=True)
    ]
    np.testing.assert_allclose(log_prob(BernoulliLikelihood(), DECODED[:, :1]), expected)


def test_gaussian_with_one_scale():
    expected = [float(mp.log(mp.npdf(x, a, 0.25))) for x, (a, _) in zip(X, DECODED, strict=True)]
    ours = log_prob(GaussianLikelihood(0.25), DECODED[:, :1])
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize("floor", [0.0, 0.125])
def test_heteroscedastic_gaussian_adds_softplus_to_its_floor(floor):
    expected = [
        float(mp.log(mp.npdf(x, a, floor + mp.log(1 + mp.exp(b)))))
        for x, (a, b) in zip(X, DECODED, strict=True)
    ]
    ours = log_prob(HeteroscedasticLikelihood(floor), DECODED)
    np.testing.assert_allclose(ours, expected, rtol=1e-10)


def test_laplace_has_scale_b_and_not_a_standard_deviation():
    b = 0.125
    expected = [
        float(-abs(x - a) / b - mp.log(2 * b)) for x, (a, _) in zip(X, DECODED, strict=True)
    ]
    np.testing.assert_allclose(log_prob(LaplaceLikelihood(b), DECODED[:, :1]), expected, rtol=1e-7)


def test_a_vaes_log_likelihood_sums_over_values_not_over_the_batch():
    vae = mlp_vae(3, 2, (4,), likelihood=LaplaceLikelihood(0.125)).double()
    x = torch.from_numpy(np.random.default_rng(0).random((5, 3)))
    z = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 2)))
    location = vae.decoder(z)[..., 0].detach().numpy()
    expected = (-np.abs(x.numpy() - location) / 0.125 - np.log(0.25)).sum(1)
    np.testing.assert_allclose(vae.log_likelihood(x, z).detach(), expected, rtol=1e-10)
