"""Mixtures: the clustered prior, the sparse prior, and what annealing makes of them."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Normal

from dvae_course.priors.base import Prior, Seed, check_annealing
from dvae_course.randomness import Streams
from dvae_course.stacking import unstack


class GaussianMixture(Prior):
    """p(z) = Σ_k w_k N(z; m_k, diag s_k²): the clustered prior.

    Parameters
    ----------
    means : (K, D).
    scales : standard deviations: one number, (K,), or (K, D).
    weights : (K,), non-negative, adding up to 1; equal by default.
    """

    means: Tensor
    scales: Tensor
    log_weights: Tensor

    def __init__(
        self,
        means: Sequence[Sequence[float]] | Tensor,
        scales: float | Sequence[float] | Sequence[Sequence[float]] | Tensor,
        weights: Sequence[float] | Tensor | None = None,
    ):
        means = torch.as_tensor(means, dtype=torch.float32)
        if means.ndim != 2 or means.numel() == 0 or not bool(means.isfinite().all()):
            raise ValueError(
                f"means must be finite numbers of shape (K, D), got {means.tolist()} of shape "
                f"{tuple(means.shape)}"
            )
        super().__init__(means.shape[1])
        self.register_buffer("means", means)
        self.register_buffer("scales", _component_scales(scales, means))
        self.register_buffer("log_weights", _component_weights(weights, len(means)).log())

    def component_log_prob(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch K"]:
        """log w_k + log N(z; m_k, s_k), one column a component."""
        normal = Normal(self.means.unsqueeze(-3), self.scales.unsqueeze(-3), validate_args=False)
        return self.log_weights.unsqueeze(-2) + normal.log_prob(z.unsqueeze(-2)).sum(-1)

    def _log_density(self, z: Tensor) -> Tensor:
        """log Σ_k w_k N(z; m_k, s_k)."""
        return torch.logsumexp(self.component_log_prob(z), -1)

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """A component by its weight, then its Gaussian."""
        streams = Streams.of(seed, "prior")
        u = streams.uniform(n, 1, like=self.means)
        below = u > self.log_weights.exp().cumsum(-1)[..., None, :-1]  # (*models, n, K-1)
        k = below.sum(-1, keepdim=True).expand(*below.shape[:-1], self.dim)
        noise = streams.normal(n, self.dim, like=self.means)
        return self.means.gather(-2, k) + self.scales.gather(-2, k) * noise

    def annealed(self, beta: float) -> AnnealedMixture:
        """p^β / F_β, with F_β by quadrature: for one or two coordinates."""
        return AnnealedMixture(self, beta)


class AnnealedMixture(Prior):
    """f_β = p^β / F_β of a Gaussian mixture p in one or two coordinates.

    A power of a mixture is no mixture. F_β comes from the trapezoid rule on a grid that is fine
    against the narrowest annealed component; samples are exact, by rejection from the same grid.
    """

    beta: Tensor
    log_integral: Tensor

    def __init__(self, mixture: GaussianMixture, beta: float):
        check_annealing(beta)
        axes = _quadrature_axes(mixture, beta)
        log_power = _log_power(mixture, beta, axes)
        cell = math.prod((a[1] - a[0]).item() for a in axes)
        log_integral = torch.logsumexp(log_power.flatten(), 0) + math.log(cell)
        super().__init__(mixture.dim, log_integral)
        self.mixture = copy.deepcopy(mixture)
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("log_integral", log_integral)

    def _log_density(self, z: Tensor) -> Tensor:
        """β log p(z) − log F_β."""
        beta, log_integral = self.beta[..., None], self.log_integral.to(z)[..., None]
        return beta * self.mixture.log_prob(z) - log_integral

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """`n` exact samples by rejection."""
        streams = Streams.of(seed, "prior")
        if self.beta.ndim == 0:
            return self._sample_one(n, streams)
        generators = streams.for_models(len(self.beta))
        ones = [(unstack(self, i), Streams(g)) for i, g in enumerate(generators)]
        return torch.stack([prior._sample_one(n, stream) for prior, stream in ones])

    def _sample_one(self, n: int, streams: Streams) -> Tensor:
        """Rejection from a density that is constant on each cell of the quadrature grid.

        On a cell, log p^β exceeds the largest of its corners by at most 1/128 a coordinate (the
        cell is a quarter of the narrowest standard deviation), which 0.02 covers.
        """
        beta = self.beta.item()
        axes = _quadrature_axes(self.mixture, beta)
        ceiling = _largest_corner(_log_power(self.mixture, beta, axes)) + 0.02 * self.dim
        cumulative = torch.softmax(ceiling.flatten(), 0).cumsum(0)
        low = torch.stack([a[0] for a in axes])
        step = torch.stack([a[1] - a[0] for a in axes])
        kept = torch.empty(0, self.dim, dtype=torch.float64)
        while len(kept) < n:
            u = streams.uniform(2 * n, self.dim + 2, like=low)
            cell = torch.searchsorted(cumulative, u[:, 0].contiguous())
            cell = cell.clamp_max(ceiling.numel() - 1)
            index = torch.stack(torch.unravel_index(cell, ceiling.shape), -1)
            z = low + (index + u[:, 2:]) * step
            log_accept = _log_power(self.mixture, beta, z) - ceiling.flatten()[cell]
            kept = torch.cat([kept, z[u[:, 1].log() < log_accept]])
        return kept[:n].to(self.mixture.means)

    def annealed(self, beta: float) -> AnnealedMixture:
        """f_β₁^β₂ ∝ p^(β₁β₂); its `log_normalizer` is log ∫ f_β₁^β₂."""
        check_annealing(beta)
        again = AnnealedMixture(self.mixture, beta * self.beta.item())
        again.log_normalizer = again.log_integral - beta * self.log_integral
        return again


class ProductPrior(Prior):
    """p(z) = Π_d p₁(z_d): `dim` independent copies of a prior with one coordinate."""

    def __init__(self, coordinate: Prior, dim: int):
        super().__init__(dim, dim * coordinate.log_normalizer)
        self.coordinate = coordinate

    def _log_density(self, z: Tensor) -> Tensor:
        """Σ_d log p₁(z_d)."""
        flat = z.flatten(-2).unsqueeze(-1)  # (*models, batch·latent, 1)
        return self.coordinate.log_prob(flat).unflatten(-1, z.shape[-2:]).sum(-1)

    def sample(self, n: int, seed: Seed) -> Float[Tensor, "*models n latent"]:
        """Each coordinate independently."""
        flat = self.coordinate.sample(n * self.dim, seed)
        return flat.squeeze(-1).unflatten(-1, (n, self.dim))

    def annealed(self, beta: float) -> ProductPrior:
        """The product of the annealed coordinates: F_β = (∫ p₁^β)^dim."""
        return ProductPrior(self.coordinate.annealed(beta), self.dim)


class SpikeAndSlab(ProductPrior):
    """p(z) = Π_d [γ N(z_d; 0, spike_scale²) + (1−γ) N(z_d; 0, 1)]: the sparse prior.

    `spike_scale` is a standard deviation, as in the code that Mathieu et al. 2019 released; their
    paper writes a variance of 0.05 instead.

    Parameters
    ----------
    dim : the number of latent coordinates.
    gamma : probability of the spike, in [0, 1]; 0 is the standard Gaussian.
    spike_scale : standard deviation of the spike.
    """

    def __init__(self, dim: int, gamma: float, spike_scale: float = 0.05):
        if not 0 <= gamma <= 1:
            raise ValueError(f"gamma, the probability of the spike, must be in [0, 1], got {gamma}")
        coordinate = GaussianMixture(
            [[0.0], [0.0]], torch.tensor([spike_scale, 1.0]), [gamma, 1 - gamma]
        )
        super().__init__(coordinate, dim)


def _component_scales(
    scales: float | Sequence[float] | Sequence[Sequence[float]] | Tensor, means: Tensor
) -> Tensor:
    scales = torch.as_tensor(scales, dtype=torch.float32)
    if not bool((scales > 0).all() & scales.isfinite().all()):
        raise ValueError(
            f"scales (standard deviations) must be positive and finite, got {scales.tolist()}"
        )
    k, dim = means.shape
    if scales.shape not in ((), (k,), (k, dim)):
        raise ValueError(
            f"scales must be one number, one a component (K,) or one a component and coordinate "
            f"(K, D) with (K, D) = {(k, dim)}, got shape {tuple(scales.shape)}"
        )
    if scales.ndim == 1:
        scales = scales.unsqueeze(-1)
    return scales.expand(means.shape).clone()


def _component_weights(weights: Sequence[float] | Tensor | None, k: int) -> Tensor:
    if weights is None:
        return torch.full((k,), 1.0 / k)
    weights = torch.as_tensor(weights, dtype=torch.float64)
    total = weights.sum().item()
    if weights.shape != (k,) or not bool((weights >= 0).all()) or abs(total - 1) > 1e-6:
        raise ValueError(
            f"weights must be {k} non-negative numbers that add up to 1, got {weights.tolist()} "
            f"(sum {total:g}); divide them by their sum"
        )
    return weights.float()


def _quadrature_axes(mixture: GaussianMixture, beta: float) -> list[Tensor]:
    """Grid points along each coordinate: 12 standard deviations out, a quarter of one apart."""
    if mixture.dim > 2:
        raise ValueError(
            "F_β of a Gaussian mixture is computed by quadrature, for 1 or 2 coordinates, and this "
            f"one has {mixture.dim}. Use a product of one-dimensional priors (SpikeAndSlab), or a "
            "Gaussian or Student-t prior, which have closed forms"
        )
    means, scales = mixture.means.double(), mixture.scales.double()
    reach = 12 * scales / math.sqrt(min(beta, 1.0))
    low, high = (means - reach).amin(0), (means + reach).amax(0)
    step = scales.min() / math.sqrt(max(beta, 1.0)) / 4
    counts = (2 + (high - low) / step).long().tolist()
    if math.prod(counts) > 10_000_000:
        raise ValueError(
            f"F_β at beta={beta:g} needs a grid of {' × '.join(map(str, counts))} points: the "
            "narrowest component is too narrow for quadrature; use a smaller beta or wider scales"
        )
    return [low[d] + step * torch.arange(n, dtype=torch.float64) for d, n in enumerate(counts)]


def _log_power(mixture: GaussianMixture, beta: float, where: list[Tensor] | Tensor) -> Tensor:
    """β log p in double precision, at points (n, D) or on the grid that axes span."""
    exact = copy.deepcopy(mixture).double()
    if isinstance(where, Tensor):
        return beta * exact.log_prob(where)
    points = torch.cartesian_prod(*where).reshape(-1, mixture.dim)
    return beta * exact.log_prob(points).reshape([len(a) for a in where])


def _largest_corner(values: Tensor) -> Tensor:
    """For each cell of a grid, the largest of the values at its corners."""
    for axis in range(values.ndim):
        n = values.shape[axis]
        values = torch.maximum(values.narrow(axis, 0, n - 1), values.narrow(axis, 1, n - 1))
    return values
