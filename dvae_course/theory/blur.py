"""What a kernel sees: MMD with a Gaussian kernel compares two densities through a blur.

With k(a, b) = exp(−(a − b)² / (2 h²)), in one coordinate (Gretton et al. 2012, Lemma 6, and the
convolution of two Gaussians of width h/√2),

    MMD²(q, p) = ∫∫ (q − p)(a) k(a, b) (q − p)(b) da db = √(2π) h ∫ (N(0, h²/2) * (q − p))² dz:

what the blur of width h/√2 levels, MMD cannot see. All densities are given on an even grid that
holds nearly all of their mass.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import rel_entr
from scipy.stats import norm

Grid = Float[np.ndarray, " points"]


def rippled(z: Grid, frequency: float) -> Grid:
    """The density of N(0, 1) with ripples: φ(z) (1 + cos ωz) / (1 + exp(−ω²/2)).

    However fine the ripples, KL(q‖φ) stays near the mean of (1 + cos t) log(1 + cos t), which is
    1 − log 2.

    Parameters
    ----------
    frequency : ω ≥ 0; the ripples are 2π/ω apart.
    """
    if not 0 <= frequency < math.inf:
        raise ValueError(f"frequency must be finite and 0 or more, got {frequency}")
    whole = 1 + math.exp(-(frequency**2) / 2)
    return norm.pdf(z) * (1 + np.cos(frequency * z)) / whole


def blurred(f: Grid, z: Grid, width: float) -> Grid:
    """f convolved with N(0, width²).

    Raises `ValueError` for a width below two steps of the grid, which it cannot resolve.
    """
    step = _step(z)
    if not 2 * step <= width < math.inf:
        raise ValueError(
            f"a blur of width {width:g} needs grid points at most half that apart, and z has them "
            f"{step:g} apart; take a finer z or a larger width"
        )
    return norm.pdf(z[:, None], z, width) @ f * step


def mmd(q: Grid, p: Grid, z: Grid, width: float) -> float:
    """MMD²(q, p) for the kernel exp(−(a − b)² / (2 width²)), from the densities themselves."""
    seen = blurred(q - p, z, width / math.sqrt(2))
    return float(math.sqrt(2 * math.pi) * width * np.square(seen).sum() * _step(z))


def kl(q: Grid, p: Grid, z: Grid) -> float:
    """KL(q‖p) in nats; infinite where q has mass and p has none.

    Densities below 1e-60 count as no mass of q: so far out both may underflow, p first.
    """
    return float(rel_entr(np.where(q > 1e-60, q, 0.0), p).sum() * _step(z))


def compared(q: Grid, p: Grid, z: Grid, width: float) -> dict[str, object]:
    """q and p as KL sees them (`sharp`) and as MMD does (`seen`), with `width`, `kl` and `mmd`."""
    sharp = {"q(z)": q, "p(z)": p}
    seen = {name: blurred(f, z, width / math.sqrt(2)) for name, f in sharp.items()}
    numbers = {"kl": kl(q, p, z), "mmd": mmd(q, p, z, width)}
    return {"width": width, "sharp": sharp, "seen": seen, **numbers}


def _step(z: Grid) -> float:
    steps = np.diff(z)
    if not (steps > 0).all() or not np.allclose(steps, steps[0]):
        raise ValueError("z must be an even, increasing grid, such as np.linspace(-8, 8, 1601)")
    return float(steps[0])
