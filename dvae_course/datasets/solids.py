"""Shaded ellipsoids seen from any side: the stand-ins for data sets of photographed objects.

A ray parallel to the view meets an ellipsoid where a quadratic is zero, so a whole batch of
pictures needs no loop but the one over an object's few parts.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

AMBIENT = 0.3
BATCH = 64


def look_from(
    azimuth: Float[np.ndarray, " n"], elevation: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n 3 3"]:
    """The camera's axes (right, up, towards the camera) as rows, for angles in radians."""
    ca, sa, ce, se = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
    right = np.stack([-sa, ca, 0 * ca], -1)
    up = np.stack([-se * ca, -se * sa, ce], -1)
    towards = np.stack([ce * ca, ce * sa, se], -1)
    return np.stack([right, up, towards], 1)


def render(
    centres: Float[np.ndarray, "n k 3"],
    radii: Float[np.ndarray, "n k 3"],
    colours: Float[np.ndarray, "n k channels"],
    camera: Float[np.ndarray, "n 3 3"],
    light: Float[np.ndarray, "n 3"],
    background: float,
    side: int,
) -> Float[np.ndarray, "n channels side side"]:
    """Pictures in [0, 1] of `k` ellipsoids each, the square [-1, 1]² seen in parallel projection.

    `light` is the direction towards the light in the camera's axes, of length 1.
    """
    pictures = [
        _render_batch(*(array[start : start + BATCH] for array in arrays), background, side)
        for arrays in [(centres, radii, colours, camera, light)]
        for start in range(0, len(centres), BATCH)
    ]
    empty = np.zeros((0, colours.shape[-1], side, side), np.float32)
    return np.concatenate([empty, *pictures])


def _render_batch(centres, radii, colours, camera, light, background, side):
    steps = ((np.arange(side) + 0.5) * 2 / side - 1).astype(np.float32)
    picture = np.full((len(centres), colours.shape[-1], side, side), background, np.float32)
    nearest = np.full((len(centres), side, side), -np.inf, np.float32)
    for part in range(centres.shape[1]):
        form = np.einsum("nij,nj,nkj->nik", camera, radii[:, part] ** -2.0, camera)
        middle = np.einsum("nij,nj->ni", camera, centres[:, part])
        depth, brightness = _surface(form, middle, light, steps)
        seen = depth > nearest
        nearest = np.where(seen, depth, nearest)
        shaded = brightness[:, None] * colours[:, part, :, None, None]
        picture = np.where(seen[:, None], shaded, picture).astype(np.float32)
    return picture


def _surface(form, middle, light, steps):
    """Depth (-inf where the ellipsoid is missed) and brightness at each pixel."""
    a = form.astype(np.float32)[..., None, None]
    x = steps[None, None, :] - middle[:, 0, None, None].astype(np.float32)
    y = -steps[None, :, None] - middle[:, 1, None, None].astype(np.float32)
    slope = a[:, 0, 2] * x + a[:, 1, 2] * y
    rest = a[:, 0, 0] * x**2 + 2 * a[:, 0, 1] * x * y + a[:, 1, 1] * y**2 - 1
    root = slope**2 - a[:, 2, 2] * rest
    z = (np.sqrt(np.maximum(root, 0)) - slope) / a[:, 2, 2]
    normal = [a[:, i, 0] * x + a[:, i, 1] * y + a[:, i, 2] * z for i in range(3)]
    length = np.sqrt(sum(component**2 for component in normal))
    facing = sum(c * light[:, i, None, None] for i, c in enumerate(normal)) / length
    depth = np.where(root > 0, z + middle[:, 2, None, None], -np.inf)
    return depth, AMBIENT + (1 - AMBIENT) * np.maximum(facing, 0)
