"""Codes whose scores are known beforehand (rotated, doubled, padded), of the data sets' factors."""

import numpy as np
from scipy.stats import ortho_group

from dvae_course.metrics import Representation, perfect

SIZES = {
    "dSprites": (3, 6, 40, 32, 32),
    "Shapes3D": (10, 10, 10, 8, 4, 15),
    "Cars3D": (4, 24, 183),
    "SmallNORB": (5, 9, 18, 6),
    "faces": (8, 8, 8),
}


def changed(representation: Representation, change) -> Representation:
    """The same factors, their codes changed."""
    encode = representation.encode
    return Representation(representation.factor_sizes, lambda factors: change(encode(factors)))


def rotated(sizes: tuple[int, ...], seed: int) -> Representation:
    """A perfect code turned by a random rotation of the latent space."""
    turn = ortho_group.rvs(len(sizes), random_state=seed)
    return changed(perfect(sizes), lambda codes: codes @ turn)


def doubled(sizes: tuple[int, ...]) -> Representation:
    """Every factor in two codes."""
    return changed(perfect(sizes), lambda codes: np.hstack([codes, codes]))


def padded(representation: Representation, dims: int, constant: float = 0.0) -> Representation:
    """Followed by dead dimensions."""
    return changed(
        representation,
        lambda codes: np.hstack([codes, np.full((len(codes), dims), constant)]),
    )


def permuted_and_flipped(representation: Representation, dims: int, seed: int) -> Representation:
    """The codes in another order, some with the other sign."""
    rng = np.random.default_rng(seed)
    order, signs = rng.permutation(dims), rng.choice([-1.0, 1.0], dims)
    return changed(representation, lambda codes: codes[:, order] * signs)
