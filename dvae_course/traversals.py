"""Latent traversals: one latent moves, the others stay, and the decoder shows what that means.

Equal steps of z are no equal steps of what the model has learnt: most codes lie near the middle. So
a latent moves through equal steps of probability u, mapped to z by the quantiles of the Gaussian
fitted to its aggregate posterior, which is where the decoder has seen codes. The others are held at
the code of one base picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64
from scipy.special import ndtr, ndtri
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.representations import mean_kl, posterior_marginals
from dvae_course.vae import VAE

LEAST, MOST = 0.001, 0.999  # of u: its quantiles at 0 and 1 are infinite
PASSIVE = 0.01  # nats, the threshold of UDR
Path = Callable[[np.ndarray], np.ndarray]  # of u: (latent,) → (latent, steps)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, eq=False)
class Aggregate:
    """N(mean_j, scale_j²) with the first two moments of each q(z_j) = mean over x of q(z_j|x)."""

    mean: Float64[np.ndarray, " latent"]
    scale: Float64[np.ndarray, " latent"]

    @classmethod
    def of(cls, posterior: DiagonalGaussian) -> Aggregate:
        """Mean E[mu_j] and variance E[sigma_j²] + Var[mu_j] over the data."""
        mu, variance = posterior.mu, posterior.log_var.exp()
        spread = variance.mean(0) + mu.var(0, correction=0)
        return cls(mu.mean(0).numpy(), spread.sqrt().numpy())

    def quantiles(
        self, u: Float64[np.ndarray, "latent steps"]
    ) -> Float64[np.ndarray, "latent steps"]:
        """z_j below which a share u of q(z_j) lies, u clipped to [0.001, 0.999]."""
        return self.mean[:, None] + self.scale[:, None] * ndtri(u.clip(LEAST, MOST))

    def probabilities(self, z: Float64[np.ndarray, " latent"]) -> Float64[np.ndarray, " latent"]:
        """The share of each q(z_j) below z_j."""
        return ndtr((z - self.mean) / self.scale)


@dataclass(frozen=True, eq=False)
class Traversal:
    """Pictures of one latent moving at a time; rows are latents, by decreasing mean KL.

    Attributes
    ----------
    images : decoded means, the likelihood's E[x|z].
    u, z : where the moving latent of each row is, as a probability and as a code.
    latents : each row's latent, counted from 0.
    kl : each row's mean KL over the data, in nats (see `representations.mean_kl`).
    base_code, base_u : of the base picture, each row's latent.
    base : the reconstruction of the base picture.
    """

    images: Float32[np.ndarray, "latent steps channels height width"]
    u: Float64[np.ndarray, "latent steps"]
    z: Float64[np.ndarray, "latent steps"]
    latents: Int64[np.ndarray, " latent"]
    kl: Float64[np.ndarray, " latent"]
    base_code: Float64[np.ndarray, " latent"]
    base_u: Float64[np.ndarray, " latent"]
    base: Float32[np.ndarray, "channels height width"]

    @property
    def passive(self) -> Bool[np.ndarray, " latent"]:
        """Rows whose latent carries at most 0.01 nats: the decoder has learnt to ignore it."""
        return self.kl <= PASSIVE

    @property
    def labels(self) -> list[str]:
        """Each row's name, such as "z₃ (2.41 nats)"."""
        names = [f"z{j}".translate(_SUBSCRIPTS) for j in self.latents]
        return [f"{name} ({kl:.2f} nats)" for name, kl in zip(names, self.kl, strict=True)]


def traverse(
    vae: VAE,
    pictures: Float[Tensor, "*pictures"],
    base: int = 0,
    steps: int = 11,
    image_shape: tuple[int, int, int] | None = None,
) -> Traversal:
    """Each latent in equal steps of probability from one end of its aggregate to the other.

    u = 0, 1/(steps − 1), …, 1, clipped to [0.001, 0.999].

    Parameters
    ----------
    vae : one trained model with a decoder of images, of perceptrons or convolutions.
    pictures : some thousand pictures like those that it was trained on, `(n, channels, height,
        width)`; the aggregate posterior is fitted to their codes.
    base : which of them holds the other latents, counted from 0.
    steps : at least 2.
    image_shape : (channels, height, width), needed where `pictures` are flat, `(n, values)`.

    Raises
    ------
    ValueError : fewer than 2 steps, no such base picture, an image shape that is missing or does
        not fit, a stack of models, pictures of another size than the model's data.

    Examples
    --------
    >>> from dvae_course.datasets import DSprites
    >>> from dvae_course.vae import mlp_vae
    >>> data = DSprites(side=16)
    >>> pictures = data.observe(data.sample_factors(200))
    >>> traverse(mlp_vae(256, 4), pictures, steps=5).images.shape
    (4, 5, 1, 16, 16)
    """
    _check_steps(steps)
    u = np.linspace(0, 1, steps)
    return _along(vae, pictures, base, lambda start: np.tile(u, (len(start), 1)), image_shape)


def round_trip(
    vae: VAE,
    pictures: Float[Tensor, "*pictures"],
    base: int = 0,
    steps: int = 48,
    image_shape: tuple[int, int, int] | None = None,
) -> Traversal:
    """Each latent from the base picture's own value up, down and back: a loop, for an animation.

    Equal steps of probability of 2/steps each. The first picture of every row is the base, unless
    its code lies in the outermost thousandth. The parameters and errors are those of `traverse`.

    Examples
    --------
    >>> from dvae_course.datasets import DSprites
    >>> from dvae_course.plots import save_gif
    >>> from dvae_course.vae import mlp_vae
    >>> data = DSprites(side=16)
    >>> trip = round_trip(mlp_vae(256, 4), data.observe(data.sample_factors(200)))
    >>> save_gif(trip.images, "traversal.gif", trip.labels)  # doctest: +SKIP
    """
    _check_steps(steps)
    return _along(vae, pictures, base, lambda start: there_and_back(start, steps), image_shape)


def there_and_back(
    start: Float64[np.ndarray, " latent"], steps: int
) -> Float64[np.ndarray, "latent steps"]:
    """From `start` in [0, 1] in equal steps up to 1, down to 0 and up again, short of `start`."""
    way = (start[:, None] + 2 * np.arange(steps) / steps) % 2
    return 1 - np.abs(1 - way)


@torch.no_grad()
def _along(
    vae: VAE, pictures: Tensor, base: int, path: Path, image_shape: tuple[int, int, int] | None
) -> Traversal:
    """Every latent along `path` of its base probability, the rows sorted by mean KL."""
    image_shape = _image_shape(pictures, image_shape)
    if not 0 <= base < len(pictures):
        raise ValueError(
            f"base is the place of one of {len(pictures)} pictures, 0 to {len(pictures) - 1}, got "
            f"{base}"
        )
    posterior = posterior_marginals(vae, pictures)
    aggregate, code = Aggregate.of(posterior), posterior.mu[base].numpy()
    base_u, kl = aggregate.probabilities(code), mean_kl(posterior, vae.prior)
    u = path(base_u).clip(LEAST, MOST)
    z = aggregate.quantiles(u)
    images = _decode(vae, moved(code, z)).reshape(*u.shape, *image_shape)
    reconstruction = _decode(vae, code[None]).reshape(image_shape)
    rows = np.argsort(-kl, kind="stable")
    in_order = (each[rows] for each in (images, u, z, np.arange(len(kl)), kl, code, base_u))
    return Traversal(*in_order, reconstruction)


def moved(
    code: Float64[np.ndarray, " latent"], z: Float64[np.ndarray, "latent steps"]
) -> Float64[np.ndarray, "latent steps latent"]:
    """`code`, but in row j its coordinate j replaced by z_j."""
    codes = np.tile(code, (*z.shape, 1))
    each = np.arange(len(code))
    codes[each, :, each] = z
    return codes


def _decode(vae: VAE, codes: Float64[np.ndarray, "*steps latent"]) -> Float32[np.ndarray, "*x"]:
    weight = next(vae.parameters())
    flat = torch.from_numpy(codes.reshape(-1, codes.shape[-1])).to(weight)
    return vae.decode(flat).float().cpu().numpy()


def _image_shape(
    pictures: Float[Tensor, "*pictures"], shape: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    each = tuple(pictures.shape[1:])
    if shape is None and len(each) != 3:
        raise ValueError(
            f"a picture has shape {each}, which does not say how to draw it; pass image_shape="
            "(channels, height, width)"
        )
    shape = tuple(shape or each)
    if len(shape) != 3 or np.prod(shape) != np.prod(each) or shape[0] not in (1, 3):
        raise ValueError(
            f"image_shape must be (1 or 3 channels, height, width) with as many values as a "
            f"picture of shape {each}, got {shape}"
        )
    return shape


def _check_steps(steps: int) -> None:
    if steps < 2:
        raise ValueError(f"steps must be at least 2, got {steps}")
