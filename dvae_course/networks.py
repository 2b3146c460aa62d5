"""Encoders and decoders: perceptrons and the two papers' convolutions.

Every layer computes with or without a leading model axis on its weights, so that `stack`ed
networks run many models in one pass: x is `(*models, batch, …)`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import DiagonalGaussian, FullGaussian, GaussianPosterior
from dvae_course.randomness import generator


class Linear(nn.Module):
    """x W + b, with weight `(*models, inputs, outputs)`."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def fans(self) -> tuple[int, int]:
        """Inputs and outputs of one unit, for Glorot's initialisation."""
        return self.weight.shape[-2], self.weight.shape[-1]

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """One affine map a model."""
        if self.weight.ndim == 2:
            return F.linear(x, self.weight.mT, self.bias)
        return torch.baddbmm(self.bias.unsqueeze(-2), x, self.weight)


class Convolution(nn.Module):
    """Strided convolution or its transpose; a stack of models is one grouped convolution."""

    def __init__(
        self, inputs: int, outputs: int, side: int, padding: int, transposed: bool = False
    ):
        super().__init__()
        self.transposed, self.padding = transposed, padding
        first, second = (inputs, outputs) if transposed else (outputs, inputs)
        self.weight = nn.Parameter(torch.zeros(first, second, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def fans(self) -> tuple[int, int]:
        """Inputs and outputs of one unit, for Glorot's initialisation."""
        a, b, *window = self.weight.shape[-4:]
        return a * math.prod(window), b * math.prod(window)

    def forward(
        self, x: Float[Tensor, "*batch c_in h_in w_in"]
    ) -> Float[Tensor, "*batch c_out h_out w_out"]:
        """Stride 2 in every case: the images shrink or grow by two."""
        convolve = F.conv_transpose2d if self.transposed else F.conv2d
        if self.weight.ndim == 4:
            return convolve(x, self.weight, self.bias, stride=2, padding=self.padding)
        models = x.shape[0]
        side_by_side = x.transpose(0, 1).flatten(1, 2)  # (batch, models·channels, h, w)
        weight, bias = self.weight.flatten(0, 1), self.bias.flatten()
        y = convolve(side_by_side, weight, bias, stride=2, padding=self.padding, groups=models)
        return y.unflatten(1, (models, -1)).transpose(0, 1)


def initialise(network: nn.Module, seed: int, purpose: str = "init") -> None:
    """Glorot-uniform weights and zero biases, drawn from `seed` alone (TensorFlow 1's default)."""
    stream = generator(seed, purpose)
    for layer in network.modules():
        if isinstance(layer, Linear | Convolution):
            limit = math.sqrt(6 / sum(layer.fans()))
            drawn = stream.uniform(-limit, limit, layer.weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(drawn))
                layer.bias.zero_()


class Perceptron(nn.Module):
    """Linear layers of the given sizes with an activation (ReLU by default) between them."""

    def __init__(self, sizes: Sequence[int], activation: nn.Module | None = None):
        super().__init__()
        self.activation = activation or nn.ReLU()
        pairs = itertools.pairwise(sizes)
        self.layers = nn.ModuleList(Linear(a, b) for a, b in pairs)

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """The last layer has no activation."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class PosteriorHead(nn.Module):
    """From features to q(z|x): diagonal (mu, log_var) or full covariance (mu, Cholesky factor).

    Parameters
    ----------
    inputs : number of features.
    latent_dim : D.
    posterior : "diagonal" or "full".
    initial_log_var : log-variance of q(z|x) where the features are 0, thus about that at the start.
    """

    def __init__(
        self, inputs: int, latent_dim: int, posterior: str = "diagonal", initial_log_var: float = 0
    ):
        super().__init__()
        if posterior not in ("diagonal", "full"):
            raise ValueError(f'posterior must be "diagonal" or "full", got {posterior!r}')
        self.latent_dim, self.initial_log_var = latent_dim, float(initial_log_var)
        self.mu = Linear(inputs, latent_dim)
        self.log_var = Linear(inputs, latent_dim)
        below = latent_dim * (latent_dim - 1) // 2
        self.below = Linear(inputs, below) if posterior == "full" else None

    def forward(self, features: Float[Tensor, "*batch inputs"]) -> GaussianPosterior:
        """One Gaussian a row."""
        mu = self.mu(features)
        log_var = self.log_var(features) + self.initial_log_var
        if self.below is None:
            return DiagonalGaussian(mu, log_var)
        scale_tril = torch.diag_embed(torch.exp(0.5 * log_var))
        rows, columns = torch.tril_indices(self.latent_dim, self.latent_dim, offset=-1)
        scale_tril[..., rows, columns] = self.below(features)
        return FullGaussian(mu, scale_tril)


class MLPEncoder(nn.Module):
    """x → ReLU layers → q(z|x); `PosteriorHead` has the remaining parameters."""

    def __init__(self, data_dim: int, latent_dim: int, hidden: Sequence[int] = (100,), **head):
        super().__init__()
        if not hidden:
            raise ValueError("hidden must name at least one layer's units, got ()")
        self.body = Perceptron([data_dim, *hidden])
        self.head = PosteriorHead(hidden[-1], latent_dim, **head)

    def forward(self, x: Float[Tensor, "*batch data"]) -> GaussianPosterior:
        """Encode vectors."""
        return self.head(torch.relu(self.body(x)))


class MLPDecoder(nn.Module):
    """z → ReLU layers → the likelihood's parameters, `(*models, batch, data, outputs)`."""

    def __init__(
        self, latent_dim: int, data_dim: int, hidden: Sequence[int] = (100,), outputs: int = 1
    ):
        super().__init__()
        self.outputs = outputs
        self.body = Perceptron([latent_dim, *hidden, data_dim * outputs])

    def forward(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch data outputs"]:
        """Decode codes."""
        return self.body(z).unflatten(-1, (-1, self.outputs))


class ConvEncoder(nn.Module):
    """The study's encoder for 64×64 images (Locatello et al. 2019, appendix).

    Convolutions 32 (4×4), 32 (4×4), 64 (2×2), 64 (2×2), all stride 2 with ReLU; 256 ReLU units; two
    heads. 309 204 parameters for one channel and ten latents.
    """

    def __init__(self, channels: int = 1, latent_dim: int = 10, **head):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                Convolution(channels, 32, side=4, padding=1),
                Convolution(32, 32, side=4, padding=1),
                Convolution(32, 64, side=2, padding=0),
                Convolution(64, 64, side=2, padding=0),
            ]
        )
        self.dense = Linear(64 * 4 * 4, 256)
        self.head = PosteriorHead(256, latent_dim, **head)

    def forward(self, x: Float[Tensor, "*batch channels 64 64"]) -> GaussianPosterior:
        """Encode images."""
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(torch.relu(self.dense(x.flatten(-3))))


class SpritesEncoder(nn.Module):
    """Mathieu et al. 2019's encoder for 64×64 sprites, as in their released code.

    Convolutions 32, 32, 64, 64 (all 4×4), stride 2 with ReLU; 128 units *without* an activation;
    two heads. 249 172 parameters for one channel and ten latents.
    """

    def __init__(self, channels: int = 1, latent_dim: int = 10, **head):
        super().__init__()
        widths = itertools.pairwise([channels, 32, 32, 64, 64])
        self.layers = nn.ModuleList(Convolution(a, b, side=4, padding=1) for a, b in widths)
        self.dense = Linear(64 * 4 * 4, 128)
        self.head = PosteriorHead(128, latent_dim, **head)

    def forward(self, x: Float[Tensor, "*batch channels 64 64"]) -> GaussianPosterior:
        """Encode images."""
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(self.dense(x.flatten(-3)))


class ConvDecoder(nn.Module):
    """From codes to 64×64 images: two ReLU layers, then four transposed 4×4 convolutions, stride 2.

    By default the study's decoder (Locatello et al. 2019, appendix): 256 and 1024 units, 64, 32, 32
    channels and those of the image; 381 313 parameters for one channel and ten latents. It is that
    of Mathieu et al. 2019's released code with `units=128, widths=(64, 64, 32)`: 298 017.
    """

    def __init__(
        self,
        latent_dim: int = 10,
        channels: int = 1,
        outputs: int = 1,
        units: int = 256,
        widths: tuple[int, int, int] = (64, 32, 32),
    ):
        super().__init__()
        self.outputs = outputs
        self.dense = Perceptron([latent_dim, units, 64 * 4 * 4])
        pairs = itertools.pairwise([64, *widths, channels * outputs])
        self.layers = nn.ModuleList(
            Convolution(a, b, side=4, padding=1, transposed=True) for a, b in pairs
        )

    def forward(
        self, z: Float[Tensor, "*batch latent"]
    ) -> Float[Tensor, "*batch channels 64 64 outputs"]:
        """Decode codes."""
        x = self.dense(z).unflatten(-1, (64, 4, 4))
        for layer in self.layers:
            x = layer(torch.relu(x))
        return x.unflatten(-3, (-1, self.outputs)).movedim(-3, -1)
