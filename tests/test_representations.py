"""From a VAE to a Representation: the codes are the model's own, whatever the batches."""

import pickle

import numpy as np
import pytest
import torch

from dvae_course.datasets import DSprites
from dvae_course.metrics import mig
from dvae_course.priors import AnisotropicGaussian, StudentT
from dvae_course.representations import (
    mean_kl,
    model_input,
    posterior_marginals,
    represent,
    udr,
)
from dvae_course.stacking import stack
from dvae_course.vae import conv_vae, mlp_vae

SMALL = DSprites(side=16)
FACTORS = SMALL.sample_factors(30, seed=1)
PICTURES = SMALL.observe(FACTORS)


def vae_of(data=SMALL, latents=3, **options):
    return mlp_vae(int(np.prod(data.shape)), latents, (8,), initial_log_var=-1.0, **options)


def test_the_codes_are_the_posterior_means_of_the_pictures_in_double_precision():
    vae = vae_of()
    codes = represent(vae, SMALL).codes(FACTORS)
    expected = vae.encode(PICTURES.flatten(1)).mu.detach().double().numpy()
    np.testing.assert_array_equal(codes, expected)
    assert codes.dtype == np.float64


def test_a_convolutional_vae_sees_the_pictures_as_they_are():
    data, vae = DSprites("color"), conv_vae(channels=3, latent_dim=4)
    assert represent(vae, data).codes(FACTORS[:3]).shape == (3, 4)
    assert model_input(vae, data.observe(FACTORS[:3])).shape == (3, 3, 64, 64)


@pytest.mark.parametrize("kind", ["mean", "sampled"])
@pytest.mark.parametrize("data", [SMALL, DSprites("color", side=16)], ids=["plain", "color"])
def test_batches_change_no_code_and_the_same_factors_give_the_same_codes(kind, data):
    vae = vae_of(data)
    whole, parts = (represent(vae, data, kind, batch_size=size) for size in (512, 7))
    codes = whole.codes(FACTORS)
    np.testing.assert_array_equal(whole.codes(FACTORS), codes)
    np.testing.assert_allclose(parts.codes(FACTORS), codes, rtol=1e-5, atol=1e-6)
    assert mig(whole, n=50).value == mig(whole, n=50).value


def test_sampled_codes_have_the_posteriors_mean_and_variance():
    vae = vae_of()
    same = np.repeat(FACTORS[:1], 20_000, axis=0)
    codes = represent(vae, SMALL, "sampled").codes(same)
    posterior = vae.encode(PICTURES[:1].flatten(1))
    sd = posterior.scale.detach().numpy()[0]
    error = codes.mean(0) - posterior.mu.detach().numpy()[0]
    assert (np.abs(error) < 4 * sd / np.sqrt(20_000)).all()
    np.testing.assert_allclose(codes.std(0), sd, rtol=0.03)


def test_other_seeds_and_other_factors_draw_other_noise():
    vae = vae_of()
    means = represent(vae, SMALL).codes(FACTORS)
    first, second = (represent(vae, SMALL, "sampled", seed=s).codes(FACTORS) for s in (0, 1))
    assert not np.isclose(first, second).any()
    swapped = represent(vae, SMALL, "sampled").codes(FACTORS[::-1].copy())
    assert not np.isclose((swapped - means[::-1])[::-1], first - means).any()


def test_a_full_covariance_posterior_is_sampled_with_its_correlations():
    vae = vae_of(posterior="full")
    with torch.no_grad():
        vae.encoder.head.below.bias.fill_(0.5)
    codes = represent(vae, SMALL, "sampled").codes(np.repeat(FACTORS[:1], 20_000, axis=0))
    exact = vae.encode(PICTURES[:1].flatten(1)).covariance.detach().numpy()[0]
    np.testing.assert_allclose(np.cov(codes.T), exact, atol=0.02)
    marginals = posterior_marginals(vae, PICTURES[:1])
    np.testing.assert_allclose(marginals.log_var.exp()[0], exact.diagonal(), rtol=1e-5)


def test_encoding_keeps_no_gradients_and_leaves_the_model_alone():
    vae = vae_of()
    before = {name: tensor.clone() for name, tensor in vae.state_dict().items()}
    posterior = posterior_marginals(vae, PICTURES, batch_size=7)
    assert not posterior.mu.requires_grad
    assert posterior.mu.dtype == torch.float64
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())


def test_a_representation_survives_pickling():
    representation = represent(vae_of(), SMALL, "sampled")
    again = pickle.loads(pickle.dumps(representation))
    np.testing.assert_array_equal(again.codes(FACTORS), representation.codes(FACTORS))


@pytest.mark.parametrize("prior", [None, AnisotropicGaussian([0.5, 1.0, 2.0])])
def test_the_latents_mean_kls_add_up_to_the_kl_term(prior):
    vae = vae_of(prior=prior).double()
    each = mean_kl(posterior_marginals(vae, PICTURES), vae.prior)
    total = vae(PICTURES.flatten(1).double()).kl.mean().item()
    assert each.sum() == pytest.approx(total, rel=1e-6)


def test_with_another_prior_a_latent_that_ignores_the_picture_has_no_kl():
    vae = vae_of(prior=StudentT(3, nu=5.0))
    with torch.no_grad():
        for head in (vae.encoder.head.mu, vae.encoder.head.log_var):
            head.weight[:, 1] = 0
        vae.encoder.head.mu.bias[1] = 2.0
    each = mean_kl(posterior_marginals(vae, PICTURES), vae.prior)
    assert each[1] == pytest.approx(0, abs=1e-6)
    assert min(each[0], each[2]) > 1e-3


def test_udr_of_models_is_udr_of_their_codes_of_the_same_pictures():
    vaes = [vae_of(seed=seed) for seed in range(3)]
    result = udr(vaes, SMALL, n=50, seed=4, similarity="spearman")
    assert result.scores.shape == (3,)
    twins = udr([vaes[0], vaes[0]], SMALL, n=50, seed=4, similarity="spearman")
    own = np.abs(np.diag(twins.similarity[0, 1]))
    np.testing.assert_allclose(own, 1, atol=1e-9)
    assert not np.allclose(result.similarity[0, 1], twins.similarity[0, 1])


def test_udr_leaves_out_the_latents_below_the_threshold_of_kl():
    vaes = [vae_of(seed=seed) for seed in range(2)]
    assert udr(vaes, SMALL, n=50).informative.all()
    assert udr(vaes, SMALL, n=50, kl_threshold=1e6).scores.tolist() == [0, 0]


def test_what_cannot_be_represented_is_refused_with_what_was_passed():
    vae = vae_of()
    with pytest.raises(ValueError, match="'mode'"):
        represent(vae, SMALL, kind="mode")
    with pytest.raises(ValueError, match="at least 1, got 0"):
        represent(vae, SMALL, batch_size=0)
    with pytest.raises(ValueError, match=r"shape \(256,\).*shape \(1, 32, 32\)"):
        represent(vae, DSprites(side=32))
    with pytest.raises(ValueError, match=r"stack of 2 models.*fits\[i\]\.vae"):
        represent(stack([vae, vae_of(seed=1)]), SMALL)
