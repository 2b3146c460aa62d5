"""The spectral MMD is the direct one without prior draws, to the error that it states."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.divergences import MMD
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.objectives import Decomposition
from dvae_course.priors import (
    AnisotropicGaussian,
    GaussianMixture,
    IsotropicGaussian,
    SpikeAndSlab,
    StudentT,
)
from dvae_course.spectral import SpectralMMD, characteristic, spectral_rule
from dvae_course.stacking import stack
from dvae_course.vae import VAEOutput

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PRIORS = {
    "isotropic": IsotropicGaussian(2, 0.7),
    "anisotropic": AnisotropicGaussian([0.5, 2.0]),
    "clusters": GaussianMixture([[0.0, 1.0], [2.0, -1.0]], [[0.3, 0.4], [1.0, 0.2]], [0.2, 0.8]),
    "spike and slab": SpikeAndSlab(2, 0.8),
    "no spike": SpikeAndSlab(2, 0.0),
    "only the spike": SpikeAndSlab(2, 1.0),
}


def normals(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def kernel(d: np.ndarray) -> np.ndarray:
    return sum(2 * s / (2 * s + d**2) for s in SCALES)


def test_enough_cosines_are_the_kernel_itself():
    d = np.linspace(0, 10, 200)
    t, w = spectral_rule(SCALES, 400)
    np.testing.assert_allclose(w @ np.cos(np.outer(t, d)), kernel(d), atol=1e-5)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS.keys())
def test_characteristic_functions_are_means_over_samples(prior):
    t = torch.tensor([0.0, 0.3, 1.0, 4.0])
    z, n = prior.sample(40_000, 0), 40_000
    angle = z.unsqueeze(-1) * t
    real, imaginary = characteristic(prior, t)
    assert real.shape == imaginary.shape == (2, 4)
    noise = 5 / math.sqrt(n)
    torch.testing.assert_close(real, angle.cos().mean(0), rtol=0, atol=noise)
    torch.testing.assert_close(imaginary, angle.sin().mean(0), rtol=0, atol=noise)


def spectral_of_laws(nodes: int, q, p) -> float:
    t, w = spectral_rule(SCALES, nodes)
    at = torch.from_numpy(t)
    (a, b), (c, d) = (characteristic(law.double(), at) for law in (q, p))
    return (((a - c) ** 2 + (b - d) ** 2) * torch.from_numpy(w)).sum().item()


@pytest.mark.parametrize("gamma", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("centre", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("sd", [0.05, 0.3, 1.5])
def test_twelve_nodes_miss_less_than_half_a_percent_between_two_laws(gamma, centre, sd):
    laws = GaussianMixture([[centre]], sd), SpikeAndSlab(1, gamma)
    assert spectral_of_laws(12, *laws) == pytest.approx(spectral_of_laws(400, *laws), rel=5e-3)


def test_the_direct_mmd_averages_to_it_over_prior_draws():
    prior = SpikeAndSlab(3, 0.8)
    z = (0.5 * normals(0, 200, 3)).float()
    direct = torch.stack([MMD().between(z, prior.sample(200, seed)) for seed in range(60)])
    error = direct.std().item() / math.sqrt(60)
    spectral = SpectralMMD().between(z, prior).item()
    assert abs(direct.mean().item() - spectral) < 4 * error + 5e-3 * spectral


def test_it_averages_to_0_over_samples_of_the_prior_and_is_sometimes_negative():
    prior = SpikeAndSlab(2, 0.5)
    values = SpectralMMD().between(torch.stack([prior.sample(50, s) for s in range(400)]), prior)
    assert abs(values.mean().item()) < 4 * values.std().item() / 20
    assert (values < 0).any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_it_sees_each_coordinate_on_its_own_and_no_order(seed):
    z, prior = normals(seed, 8, 3), SpikeAndSlab(3, 0.4).double()
    whole = SpectralMMD().between(z, prior)
    one = SpikeAndSlab(1, 0.4).double()
    parts = sum(SpectralMMD().between(z[:, [d]], one) for d in range(3))
    torch.testing.assert_close(whole, parts)
    shuffled = torch.stack([z[:, 0], z[:, 1].flip(0), z[:, 2]], 1)
    torch.testing.assert_close(SpectralMMD().between(shuffled, prior), whole)


def test_its_gradient_is_the_finite_difference():
    prior = SpikeAndSlab(2, 0.8).double()
    z = normals(0, 6, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: SpectralMMD().double().between(z, prior), (z,))


def test_a_stack_of_priors_with_and_without_a_spike_is_each_of_them():
    priors = [SpikeAndSlab(2, gamma, width) for gamma, width in ((0.0, 0.05), (0.8, 0.2))]
    z = normals(0, 2, 30, 2).float()
    together = stack([SpectralMMD(), SpectralMMD()]).between(z, stack(priors))
    alone = torch.stack([SpectralMMD().between(z[i], priors[i]) for i in range(2)])
    torch.testing.assert_close(together, alone)


def test_it_is_a_divergence_of_the_objective():
    mu = normals(0, 20, 2).float()
    output = VAEOutput(DiagonalGaussian(mu, torch.zeros_like(mu)), mu, mu[:, 0], mu[:, 0])
    prior = IsotropicGaussian(2)
    objective = Decomposition(alpha=3.0, beta=1.0, divergence=SpectralMMD())
    value = objective.divergence(output, prior, 0)
    torch.testing.assert_close(value, SpectralMMD().between(mu, prior))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SpectralMMD(scales=()), r"scales .* at least one, got \(\)"),
        (lambda: SpectralMMD(nodes=1), r"nodes must be at least 2, got 1"),
        (lambda: SpectralMMD().between(normals(0, 1, 2), PRIORS["no spike"]), "two codes, got 1"),
        (
            lambda: SpectralMMD().between(normals(0, 5, 2), StudentT(2, 3.0)),
            r"characteristic function of StudentT is not at hand.*divergences\.MMD",
        ),
    ],
)
def test_what_cannot_be_compared_is_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
