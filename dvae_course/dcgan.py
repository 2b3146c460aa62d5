"""The convolutional VAE of the sparse-prior experiment: DCGAN layers with batch normalisation.

Architecture of the code released with Mathieu et al. (2019), arXiv:1812.02833, for Fashion-MNIST at
32×32 pixels. A batch's normalisation couples its pictures, so that these models are trained one at
a time (`training.fit`, not `fit_many`) and measured in evaluation mode (`vae.eval()`).
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.likelihoods import LaplaceLikelihood
from dvae_course.priors import Prior
from dvae_course.randomness import generator
from dvae_course.vae import VAE

FLOOR = 1e-6  # of a posterior's standard deviation
SIDE = 32


class DCGANEncoder(nn.Module):
    """Pictures of 32×32 → q(z|x) with the standard deviation softplus(output) + 1e-6.

    4×4 convolutions of stride 2 to `width`, 2 `width` and 4 `width` channels with leaky ReLUs of
    slope 0.2, the second and third batch-normalised; two 4×4 convolutions as heads.
    """

    def __init__(self, latent_dim: int, width: int = 32):
        super().__init__()
        body: list[nn.Module] = [_halving(1, width), nn.LeakyReLU(0.2)]
        for c in (width, 2 * width):
            body += [_halving(c, 2 * c), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*body)
        self.mu = nn.Conv2d(4 * width, latent_dim, 4)
        self.raw_scale = nn.Conv2d(4 * width, latent_dim, 4)

    def forward(self, x: Float[Tensor, "batch 1 32 32"]) -> DiagonalGaussian:
        """Encode pictures."""
        features = self.body(x)
        scale = F.softplus(self.raw_scale(features)) + FLOOR
        return DiagonalGaussian(self.mu(features).flatten(-3), 2 * scale.log().flatten(-3))


class DCGANDecoder(nn.Module):
    """Codes → pictures of 32×32: the encoder's mirror, batch-normalised ReLUs, a linear last layer.

    Transposed 4×4 convolutions to 4 `width` (4×4 pixels), 2 `width`, `width` and one channel.
    """

    outputs = 1

    def __init__(self, latent_dim: int, width: int = 32):
        super().__init__()
        first = nn.ConvTranspose2d(latent_dim, 4 * width, 4, bias=False)
        layers: list[nn.Module] = [first, nn.BatchNorm2d(4 * width), nn.ReLU()]
        for a, b in itertools.pairwise((4 * width, 2 * width, width)):
            layers += [_doubling(a, b), nn.BatchNorm2d(b), nn.ReLU()]
        self.layers = nn.Sequential(*layers, _doubling(width, 1))

    def forward(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch 1 32 32 1"]:
        """Decode codes."""
        return self.layers(z[..., None, None]).unsqueeze(-1)


def dcgan_vae(prior: Prior, width: int = 32, scale: float = 0.1, seed: int = 0) -> VAE:
    """The VAE of these two with a Laplace likelihood; weights from N(0, 0.02²) by `seed`.

    Parameters
    ----------
    prior : decides the number of latents.
    width : channels of the layer next to the picture, 32 in the paper.
    scale : of the Laplace likelihood.
    """
    encoder, decoder = DCGANEncoder(prior.dim, width), DCGANDecoder(prior.dim, width)
    vae = VAE(encoder, decoder, prior, LaplaceLikelihood(scale), (1, SIDE, SIDE))
    _initialise(vae, seed)
    return vae


def _initialise(vae: VAE, seed: int) -> None:
    stream = generator(seed, "init")
    for layer in vae.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            drawn = stream.normal(0, 0.02, layer.weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(drawn))
                if layer.bias is not None:
                    layer.bias.zero_()


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
