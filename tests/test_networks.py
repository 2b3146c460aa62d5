"""Encoders and decoders: the study's sizes, Glorot's initialisation, and stacks of them."""

import math

import pytest
import torch
from torch import Tensor, nn

from dvae_course.gaussians import DiagonalGaussian, FullGaussian
from dvae_course.networks import (
    ConvDecoder,
    ConvEncoder,
    MLPDecoder,
    MLPEncoder,
    Perceptron,
    SpritesEncoder,
    initialise,
)
from dvae_course.stacking import stack


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_the_studys_networks_have_309204_and_381313_parameters():
    # Counted in the graph of Locatello et al.'s released code, one channel and ten latents.
    assert parameters(ConvEncoder()) == 309_204
    assert parameters(ConvDecoder()) == 381_313


def test_mathieus_networks_have_249172_and_298017_parameters():
    # Counted layer by layer from the shapes in Mathieu et al.'s released code.
    convolutions = [(1, 32), (32, 32), (32, 64), (64, 64)]
    encoder = sum(16 * a * b + b for a, b in convolutions) + 1025 * 128 + 2 * 129 * 10
    transposed = [(64, 64), (64, 64), (64, 32), (32, 1)]
    decoder = 11 * 128 + 129 * 1024 + sum(16 * a * b + b for a, b in transposed)
    assert parameters(SpritesEncoder()) == encoder == 249_172
    assert parameters(ConvDecoder(units=128, widths=(64, 64, 32))) == decoder == 298_017


def test_mathieus_features_have_no_activation():
    encoder = SpritesEncoder(latent_dim=2)
    initialise(encoder, 0)
    with torch.no_grad():
        encoder.dense.weight.zero_()
        encoder.dense.bias.fill_(-1.0)
        features = torch.full((1, 128), -1.0)
        expected = encoder.head(features).mu
        assert torch.equal(encoder(noise(1, 1, 64, 64)).mu, expected)
    assert expected.abs().max() > 0.01


@pytest.mark.parametrize(("channels", "outputs"), [(1, 1), (3, 2)])
def test_the_studys_networks_take_and_give_images_of_64_by_64(channels, outputs):
    posterior = ConvEncoder(channels, latent_dim=4)(noise(2, channels, 64, 64))
    assert posterior.mu.shape == posterior.log_var.shape == (2, 4)
    images = ConvDecoder(4, channels, outputs)(noise(2, 4))
    assert images.shape == (2, channels, 64, 64, outputs)


NETWORKS = {
    "mlp": (lambda: MLPEncoder(5, 3, (7, 6)), (4, 5)),
    "mlp, full covariance": (lambda: MLPEncoder(5, 3, (7,), posterior="full"), (4, 5)),
    "mlp decoder": (lambda: MLPDecoder(3, 5, (7,), outputs=2), (4, 3)),
    "linear decoder": (lambda: MLPDecoder(3, 5, ()), (4, 3)),
    "perceptron": (lambda: Perceptron([3, 4, 4, 1], nn.LeakyReLU(0.2)), (4, 3)),
    "conv encoder": (ConvEncoder, (2, 1, 64, 64)),
    "conv decoder": (ConvDecoder, (2, 10)),
    "sprites encoder": (SpritesEncoder, (2, 1, 64, 64)),
    "sprites decoder": (lambda: ConvDecoder(units=128, widths=(64, 64, 32)), (2, 10)),
}
every = pytest.mark.parametrize(("make", "shape"), NETWORKS.values(), ids=NETWORKS)


def seeded(make, seed: int) -> nn.Module:
    network = make()
    initialise(network, seed)
    return network.double()


def flat(output: Tensor | DiagonalGaussian | FullGaussian) -> Tensor:
    """All the numbers of one network's output, model by model."""
    parts = [output] if isinstance(output, Tensor) else list(vars(output).values())
    return torch.cat([p.flatten(1) for p in parts], 1)


@every
def test_a_stack_has_each_networks_own_outputs_and_gradients(make, shape):
    ones, x = [seeded(make, seed) for seed in (1, 2)], noise(2, *shape).double()
    together = stack(ones)
    outputs = flat(together(x))
    outputs.square().sum().backward()
    for i, network in enumerate(ones):
        alone = flat(network(x[i]))
        alone.square().sum().backward()
        torch.testing.assert_close(outputs[i].sort().values, alone.flatten().sort().values)
        for ours, own in zip(together.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(ours.grad[i], own.grad)


@every
def test_the_seed_alone_decides_the_weights(make, shape):
    torch.manual_seed(0)
    first = seeded(make, 1)
    torch.manual_seed(1)
    again, other = seeded(make, 1), seeded(make, 2)
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


GLOROT = {
    "layers.0.weight": (1 * 16, 32 * 16),
    "layers.1.weight": (32 * 16, 32 * 16),
    "layers.2.weight": (32 * 4, 64 * 4),
    "layers.3.weight": (64 * 4, 64 * 4),
    "dense.weight": (1024, 256),
    "head.mu.weight": (256, 10),
    "head.log_var.weight": (256, 10),
}


def test_weights_fill_glorots_interval_and_biases_are_zero():
    for name, value in seeded(ConvEncoder, 0).named_parameters():
        if name.endswith("bias"):
            assert (value == 0).all()
            continue
        limit = math.sqrt(6 / sum(GLOROT[name]))
        assert 0.98 * limit < value.abs().max() <= limit
        assert value.var().item() == pytest.approx(limit**2 / 3, rel=0.1)


def test_glorots_limit_of_a_transposed_convolution_is_that_of_its_mirror_image():
    weight = seeded(ConvDecoder, 0).layers[1].weight  # 64 channels to 32, 4×4
    limit = math.sqrt(6 / (64 * 16 + 32 * 16))
    assert 0.98 * limit < weight.abs().max() <= limit


def test_a_perceptron_is_torchs_sequential_of_the_same_weights():
    ours = seeded(lambda: Perceptron([5, 7, 6, 2]), 0)
    linear = [nn.Linear(*layer.weight.shape).double() for layer in ours.layers]
    for theirs, layer in zip(linear, ours.layers, strict=True):
        theirs.weight.data, theirs.bias.data = layer.weight.data.mT, layer.bias.data + 0.1
        layer.bias.data += 0.1
    plain = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    x = noise(4, 5).double()
    torch.testing.assert_close(ours(x), plain(x))


def test_posteriors_start_at_the_variance_asked_for():
    for posterior in ("diagonal", "full"):
        encoder = MLPEncoder(5, 3, (7,), posterior=posterior, initial_log_var=-2.5)  # all zeros
        q = encoder(noise(4, 5))
        torch.testing.assert_close(q.covariance, math.exp(-2.5) * torch.eye(3).expand(4, 3, 3))


def test_a_full_posterior_correlates_coordinates_and_keeps_its_cholesky_factor_valid():
    q = seeded(lambda: MLPEncoder(5, 3, (7,), posterior="full"), 3)(noise(4, 5).double())
    assert (q.scale_tril.diagonal(dim1=-2, dim2=-1) > 0).all()
    assert (q.scale_tril.triu(1) == 0).all()
    assert (q.covariance[:, 1, 0].abs() > 1e-3).all()


def test_bad_arguments_are_refused_by_their_value():
    with pytest.raises(ValueError, match=r'"diagonal" or "full", got \'triangular\''):
        MLPEncoder(5, 3, posterior="triangular")
    with pytest.raises(ValueError, match="at least one layer"):
        MLPEncoder(5, 3, hidden=())
