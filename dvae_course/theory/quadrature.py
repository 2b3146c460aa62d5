"""Integrals over one or two latent coordinates, to about twelve digits.

Both are the trapezoid rule, which needs few points where the integrand is smooth and vanishes fast
at both ends: its error then falls exponentially in 1/step (Trefethen & Weideman 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from dvae_course.gaussians import GaussianPosterior
from dvae_course.theory.precision import doubled

Function = Callable[[Tensor], Tensor]
REACH = 9.0  # standard deviations: beyond them lies a mass of 1e-18
FAR = 6.0  # z = sinh(π/2 sinh t) is then some 1e137


def expectation(q: GaussianPosterior, f: Function, step: float = 0.125) -> Float[Tensor, " batch"]:
    """E_{q(z|x)}[f(z)] for every row of q, in double precision.

    With z = mu + L ξ it is ∫ f(z(ξ)) N(ξ; 0, I) dξ, over a grid of ξ. Polynomials come out exact;
    where f has a kink (ReLU) the error is of the order of step².

    Parameters
    ----------
    q : Gaussians in one or two coordinates.
    f : takes z of shape (points, batch, latent), z[:, i] for row i, and gives (points, batch).
    step : distance of the grid's points, in standard deviations.

    Raises
    ------
    ValueError : for more than two coordinates, and for a step outside (0, 1].
    """
    q = doubled(q)
    _check(q.mu.shape[-1], step)
    axis = _axis(REACH, step)
    xi = _grid(axis, q.mu.shape[-1])  # (points, latent)
    weights = torch.softmax(-0.5 * xi.square().sum(-1), 0)
    values = f(q.sample(xi.unsqueeze(1)))  # (points, batch)
    return weights @ values


def log_integral(log_f: Function, dim: int, step: float = 1 / 64) -> Float[Tensor, ""]:
    """log ∫ f(z) dz over all of R^dim, in double precision.

    Each coordinate is z = sinh(π/2 sinh t) (Takahasi & Mori 1974), so that tails that fall off
    like a power of z, such as Student's t, fall off doubly exponentially in t.

    Parameters
    ----------
    log_f : takes z of shape (points, dim) and gives log f(z), (points,).
    dim : 1 or 2.
    step : distance of the grid's points in t; near z = 1 that of z is about 2.5 times as much.

    Raises
    ------
    ValueError : for another dim; where f does not vanish far out, so that the integral is infinite
        or nearly so; where the grid is too coarse for f.
    """
    _check(dim, step)
    t = _axis(FAR, step)
    y = 0.5 * math.pi * torch.sinh(t)
    log_slope = math.log(0.5 * math.pi) + _log_cosh(t) + _log_cosh(y)  # log dz/dt
    values = log_f(_grid(torch.sinh(y), dim)) + _grid(log_slope, dim).sum(-1)
    values = values.reshape([len(t)] * dim)
    fine = torch.logsumexp(values.flatten(), 0) + dim * math.log(step)
    _check_that_it_vanishes(values, fine)
    coarse = values[(slice(None, None, 2),) * dim].flatten()
    change = (torch.logsumexp(coarse, 0) + dim * math.log(2 * step) - fine).abs().item()
    if change > 1e-6:  # halving the step about squares the error, so what is returned has 1e-12
        raise ValueError(
            f"the grid with step={step:g} is too coarse: half as fine, it changes the logarithm "
            f"of the integral by {change:.1e}; pass a smaller step"
        )
    return fine


def _axis(reach: float, step: float) -> Tensor:
    """Points from about −reach to reach, 0 and both ends among every second one."""
    n = 2 * math.ceil(reach / step / 2)
    return step * torch.arange(-n, n + 1, dtype=torch.float64)


def _grid(axis: Tensor, dim: int) -> Float[Tensor, "points dim"]:
    return torch.cartesian_prod(*[axis] * dim).reshape(-1, dim)


def _log_cosh(y: Tensor) -> Tensor:
    return y.abs() + torch.log1p(torch.exp(-2 * y.abs())) - math.log(2)


def _check(dim: int, step: float) -> None:
    if dim not in (1, 2):
        raise ValueError(
            f"quadrature is for 1 or 2 coordinates, and these are {dim}: the grid would be too "
            "large. Take a smaller latent space, or estimate from samples"
        )
    if not 0 < step <= 1:
        raise ValueError(f"step must be in (0, 1], got {step}")


def _check_that_it_vanishes(values: Tensor, log_total: Tensor) -> None:
    rims = [values.select(d, end) for d in range(values.ndim) for end in (0, -1)]
    log_share = max(rim.max().item() for rim in rims) - log_total.item()
    if not log_share < -25:
        raise ValueError(
            "the function does not fall off fast enough for its integral to be finite (far out it "
            f"still has e^{log_share:.0f} of the total a step); it may not be normalisable"
        )
