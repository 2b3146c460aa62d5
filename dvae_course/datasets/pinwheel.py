"""The pinwheel: points in the plane on bent arms, a data set whose clusters can be seen.

The synthetic data of Johnson, Duvenaud, Wiltschko, Datta and Adams (2016), arXiv:1603.06277, as
used for the clustered prior by Mathieu, Rainforth, Siddharth and Teh (2019), arXiv:1812.02833.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from dvae_course.randomness import generator


@dataclass(frozen=True, eq=False)
class Pinwheel:
    """Points, arm after arm, and the number of the arm that each belongs to."""

    points: Float32[Tensor, "n 2"]
    labels: Int64[Tensor, " n"]


def pinwheel(
    n_arms: int = 4,
    points_per_arm: int = 100,
    radial_sd: float = 0.3,
    tangential_sd: float = 0.1,
    rate: float = 0.25,
    seed: int = 0,
) -> Pinwheel:
    """Points on `n_arms` arms that bend the more, the further out they are.

    A point of arm k has r ~ N(1, radial_sd²) along the arm and t ~ N(0, tangential_sd²) across it,
    and is turned clockwise by an angle that grows with r:

        θ = 2πk / n_arms + rate · exp(r),    x = (r, t) [[cos θ, −sin θ], [sin θ, cos θ]].

    The code released with Mathieu et al. calls the two deviations by each other's names (0.1
    "radial", 0.3 "tangential"); here each name says what it does, and the data have the same law.

    Parameters
    ----------
    n_arms, points_per_arm : how many arms, and how many points on each.
    radial_sd, tangential_sd : standard deviations along and across an arm.
    rate : how strongly the arms bend; 0 gives straight ones.
    seed : another seed gives other points of the same law, such as a test set.

    Examples
    --------
    >>> pinwheel(n_arms=4, points_per_arm=100).points.shape
    torch.Size([400, 2])
    """
    _check_counts(n_arms=n_arms, points_per_arm=points_per_arm)
    _check_numbers(radial_sd=radial_sd, tangential_sd=tangential_sd, rate=rate)
    labels = np.repeat(np.arange(n_arms), points_per_arm)
    noise = generator(seed, "pinwheel").standard_normal((labels.size, 2))
    r, t = (np.array([1.0, 0.0]) + noise * [radial_sd, tangential_sd]).T
    theta = 2 * math.pi * labels / n_arms + rate * np.exp(r)
    points = _turned_clockwise(r, t, theta).astype(np.float32)
    return Pinwheel(torch.from_numpy(points), torch.from_numpy(labels))


def _turned_clockwise(
    r: Float[np.ndarray, " n"], t: Float[np.ndarray, " n"], theta: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n 2"]:
    cos, sin = np.cos(theta), np.sin(theta)
    return np.stack([r * cos + t * sin, t * cos - r * sin], axis=1)


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")


def _check_numbers(rate: float, **deviations: float) -> None:
    if not math.isfinite(rate):
        raise ValueError(f"rate must be a finite number, got {rate}")
    for name, deviation in deviations.items():
        if not 0 <= deviation < math.inf:
            raise ValueError(f"{name} is a standard deviation: finite, 0 or more; got {deviation}")
