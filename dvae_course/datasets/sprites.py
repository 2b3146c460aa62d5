"""Draw dSprites' squares, ellipses and hearts: three formulas stand in for 737,280 stored pictures.

The published pictures are binary and not antialiased: a pixel is on when its centre lies inside the
shape. Sizes, positions and the heart's outline are fitted to published pictures, so that a drawing
may differ from the published one by pixels along its outline.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int64

SIDE = 64
WINDOW = 28
SCALES = np.linspace(0.5, 1, 6)
ORIENTATIONS = np.linspace(0, 2 * np.pi, 40)
POSITIONS = 15.5 + 32 * np.arange(32) / 31
SQUARE_HALF_SIDE = 9.6
ELLIPSE_SEMI_AXES = (12.8, 7.2)
# The heart's radius every 5 degrees, from the notch to the tip; left and right are alike.
# fmt: off
HEART_RADII = np.array(
    [
        5.55, 6.72, 7.9, 8.84, 9.75, 10.32, 10.73, 11.0, 11.2, 11.26, 11.23, 11.09, 10.85,
        10.54, 10.23, 9.66, 9.1, 8.65, 8.05, 7.65, 7.15, 6.87, 6.58, 6.35, 6.1, 6.0,
        5.88, 5.91, 5.93, 6.01, 6.18, 6.25, 6.6, 6.88, 7.38, 8.07, 9.12,
    ]
)
# fmt: on
HEART_ANGLES = np.linspace(0, np.pi, len(HEART_RADII))

Coordinates = Float32[np.ndarray, "n height width"]
Inside = Bool[np.ndarray, "n height width"]


def draw(factors: Int64[np.ndarray, "n 5"]) -> Bool[np.ndarray, "n 64 64"]:
    """The sprites of shape, scale, orientation, x and y, each given by index; y points down."""
    centres = POSITIONS[factors[:, 3:]]
    corners = np.floor(centres).astype(np.int64) - (WINDOW // 2 - 1)
    steps = np.arange(WINDOW)
    columns, rows = corners[:, :1] + steps, corners[:, 1:] + steps
    u, v = _upright(columns - centres[:, :1], rows - centres[:, 1:], factors)
    inside = np.empty(u.shape, bool)
    for shape, is_inside in enumerate((_square, _ellipse, _heart)):
        chosen = factors[:, 0] == shape
        inside[chosen] = is_inside(u[chosen], v[chosen])
    pictures = np.zeros((len(factors), SIDE, SIDE), bool)
    pictures[np.arange(len(factors))[:, None, None], rows[:, :, None], columns[:, None]] = inside
    return pictures


def _upright(dx: np.ndarray, dy: np.ndarray, factors: np.ndarray) -> tuple[Coordinates, ...]:
    """Pixel centres as the sprite of scale 1 and orientation 0 sees them."""
    scale, angle = SCALES[factors[:, 1], None], ORIENTATIONS[factors[:, 2], None]
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    across, along = (cos * dx).astype(np.float32), (sin * dx).astype(np.float32)
    u = across[:, None] + (sin * dy).astype(np.float32)[..., None]
    return u, (cos * dy).astype(np.float32)[..., None] - along[:, None]


def _square(u: Coordinates, v: Coordinates) -> Inside:
    return np.maximum(np.abs(u), np.abs(v)) <= SQUARE_HALF_SIDE


def _ellipse(u: Coordinates, v: Coordinates) -> Inside:
    wide, high = ELLIPSE_SEMI_AXES
    return (u / wide) ** 2 + (v / high) ** 2 <= 1


def _heart(u: Coordinates, v: Coordinates) -> Inside:
    radii = np.interp(np.arctan2(np.abs(u), -v), HEART_ANGLES, HEART_RADII)
    return u**2 + v**2 <= radii**2
