"""A Gaussian posterior under an angle and a variance, and what its best diagonal stand-in loses."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.plots import rotation_price
from dvae_course.theory.rotation import diagonal_gap, nearest_diagonal, plane_rotation
from dvae_course.widgets.flipbook import FlipBook, flipbook
from dvae_course.widgets.static_page import StaticHTML

_DEGREES = np.arange(0.0, 91.0)


def turned_posterior(degrees: int, variances: Sequence[float]) -> Figure:
    """A posterior with two variances, turned by `degrees` from 0 to 90, and its price.

    Raises
    ------
    ValueError : for another angle, and for variances that are not two positive numbers.
    """
    if not 0 <= degrees <= 90:
        raise ValueError(f"degrees must be from 0 to 90, got {degrees}")
    if len(variances) != 2 or not min(variances) > 0:
        raise ValueError(f"variances must be two positive numbers, got {list(variances)}")
    S = torch.tensor(variances, dtype=torch.float64)
    prices = [diagonal_gap(S, plane_rotation(math.radians(d))).item() for d in _DEGREES]
    q = DiagonalGaussian(torch.zeros(1, 2, dtype=torch.float64), S.log()[None])
    turned = q.rotated(plane_rotation(math.radians(degrees)))
    nearest = nearest_diagonal(turned).log_var.exp()[0].numpy()
    covariance = turned.covariance[0].numpy()
    return rotation_price(_DEGREES, np.maximum(prices, 0.0), degrees, covariance, nearest)


def rotation_panel(
    question: str,
    degrees: Sequence[int] = (0, 15, 30, 45, 90),
    variances: Sequence[float] = (0.01, 0.1, 0.3),
    other_variance: float = 0.3,
    start: tuple[int, int] = (2, 0),
) -> FlipBook | StaticHTML:
    """`turned_posterior` under two sliders, in a kernel and on the static page alike.

    Parameters
    ----------
    question : stands above the sliders.
    degrees, variances : the values of the sliders for the angle and for the first variance.
    other_variance : the second variance.
    start : where the sliders open, as indices.
    """
    figures = [
        turned_posterior(angle, (variance, other_variance))
        for angle, variance in itertools.product(degrees, variances)
    ]
    knobs = {"angle, degrees": degrees, "first variance": variances}
    return flipbook(knobs, figures, question, start)
