"""The DCGAN VAE: the paper's sizes, reproducible from a seed, and able to train one at a time."""

import math

import pytest
import torch
from torch import nn

from dvae_course.dcgan import dcgan_vae
from dvae_course.objectives import BetaVAE
from dvae_course.priors import IsotropicGaussian, SpikeAndSlab
from dvae_course.training import Design, fit, fit_many


def pictures(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def small(seed: int = 0):
    return dcgan_vae(SpikeAndSlab(3, 0.5), width=4, seed=seed)


def test_the_papers_size_has_the_papers_layers():
    vae = dcgan_vae(SpikeAndSlab(50, 0.8))
    kernels = [
        tuple(m.weight.shape)
        for m in vae.modules()
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)
    ]
    head = (50, 128, 4, 4)
    encoder = [(32, 1, 4, 4), (64, 32, 4, 4), (128, 64, 4, 4), head, head]
    decoder = [(50, 128, 4, 4), (128, 64, 4, 4), (64, 32, 4, 4), (32, 1, 4, 4)]
    assert kernels == encoder + decoder
    assert sum(isinstance(m, nn.BatchNorm2d) for m in vae.modules()) == 5
    assert vae.decode(vae.encode(pictures(2)).mu).shape == (2, 1, 32, 32)


def test_weights_come_from_the_seed_alone_with_the_standard_deviation_of_dcgan():
    first, again, other = small(1), small(1), small(2)
    weights = [torch.cat([p.flatten() for p in v.parameters()]) for v in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    wide = dcgan_vae(IsotropicGaussian(50)).encoder.body[2].weight
    assert wide.std().item() == pytest.approx(0.02, rel=0.02)


def test_a_posteriors_standard_deviation_is_softplus_with_the_papers_floor():
    vae = small()
    for raw, scale in ((0.0, math.log(2)), (-100.0, 1e-6)):
        with torch.no_grad():
            vae.encoder.raw_scale.weight.zero_()
            vae.encoder.raw_scale.bias.fill_(raw)
        found = vae.encode(pictures(4)).scale
        torch.testing.assert_close(found, torch.full_like(found, scale), rtol=1e-4, atol=1e-6)


def test_in_evaluation_mode_a_picture_does_not_see_its_batch():
    vae, x = small(), pictures(8)
    assert not torch.allclose(vae.encode(x[:4]).mu, vae.encode(x).mu[:4], rtol=1e-3, atol=0)
    vae.eval()
    torch.testing.assert_close(vae.encode(x[:4]).mu, vae.encode(x).mu[:4])


def test_one_model_trains_and_its_running_means_move():
    vae = small()
    trained = fit(vae, pictures(16), BetaVAE(1.0), 3, batch_size=8, progress=False).vae
    norms = [[m for m in v.modules() if isinstance(m, nn.BatchNorm2d)] for v in (vae, trained)]
    assert [n.num_batches_tracked.item() for n in norms[0]] == [0] * 5
    assert [n.num_batches_tracked.item() for n in norms[1]] == [3] * 5


def test_a_stack_of_them_is_refused_rather_than_trained_wrongly():
    designs = [Design(small(s), BetaVAE(1.0), s) for s in range(2)]
    with pytest.raises((ValueError, RuntimeError, TypeError)):
        fit_many(designs, pictures(16), 1, batch_size=8, progress=False)
