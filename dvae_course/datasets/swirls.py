"""A painted, swirling sky out of noise: the picture behind the Scream sprites where there is none.

Streaks of noise are pushed about and wound up by vortices. Then two statistics are imposed: a
spectrum that falls with frequency, and the mean and covariance of a palette. The spectrum's slope
and the palette were chosen by eye after Munch's Scream, not measured on it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import map_coordinates

from dvae_course.randomness import generator

# The size that the painting of 91 × 73.5 cm has when 274 pixels high.
HEIGHT, WIDTH = 274, 221
# Umber, deep blue, grey-green, olive, ochre, orange, red and pale yellow.
PALETTE = np.array(
    [
        (52, 44, 40),
        (62, 74, 94),
        (104, 110, 104),
        (146, 120, 78),
        (203, 140, 66),
        (214, 104, 50),
        (178, 72, 44),
        (228, 186, 120),
    ]
)
# Paint mixes on the canvas, so that its colours vary less than the palette's.
MEAN, COVARIANCE = PALETTE.mean(0) / 255, 0.5 * np.cov(PALETTE.T / 255, bias=True)
SLOPE = 1.2
STREAK_LENGTH, STREAK_SLOPE = 8, 1.5
VORTICES, RADII, TURN = 10, (12, 28), 3.0
PUSH, PUSH_SLOPE = 9, 2.5

Field = Float[np.ndarray, "height width"]


def texture() -> UInt8[np.ndarray, "height width 3"]:
    """The same sky at each call, `(274, 221, 3)`; its left and right, top and bottom edges join.

    Before values outside [0, 1] are cut off, the colours have exactly `MEAN` and `COVARIANCE`, and
    the root mean square amplitude at f cycles a pixel is proportional to f^−`SLOPE`; cutting off
    takes a tenth of red's variance and next to nothing of the rest.
    """
    rng = generator(0, "scream")
    places = _swirled(rng)
    streaks = [_noise(rng, STREAK_SLOPE, STREAK_LENGTH) for _ in range(3)]
    swirls = [map_coordinates(s, places, order=1, mode="grid-wrap") for s in streaks]
    colours = _coloured(np.stack([_with_spectrum(s, SLOPE) for s in swirls]))
    return np.rint(255 * colours.clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)


def _swirled(rng: np.random.Generator) -> Float[np.ndarray, "2 height width"]:
    """Where each pixel's colour comes from: rows and columns, turned by vortices, then pushed."""
    sides = np.array([HEIGHT, WIDTH])[:, None, None]
    places = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    for _ in range(VORTICES):
        centre, radius = rng.uniform(0, sides), rng.uniform(*RADII)
        turn = rng.choice([-1, 1]) * rng.uniform(0.5, 1) * TURN
        away = (np.mgrid[:HEIGHT, :WIDTH] - centre + sides / 2) % sides - sides / 2
        angle = turn * np.exp(-(away**2).sum(0) / (2 * radius**2))
        cos, sin = np.cos(angle), np.sin(angle)
        turned = np.stack([cos * away[0] - sin * away[1], sin * away[0] + cos * away[1]])
        places += turned - away
    return places + PUSH * np.stack([_noise(rng, PUSH_SLOPE) for _ in range(2)])


def _noise(rng: np.random.Generator, slope: float, length: float = 1) -> Field:
    """Noise of variance 1 with amplitude 1/f^slope, drawn out along the rows by `length`."""
    frequency = _frequencies(length)
    waves = np.fft.rfft2(rng.standard_normal((HEIGHT, WIDTH))) * frequency**-slope
    waves[0, 0] = 0
    noise = np.fft.irfft2(waves, (HEIGHT, WIDTH))
    return noise / noise.std()


def _with_spectrum(field: Field, slope: float) -> Field:
    """`field` with its rings of equal frequency rescaled to a mean square amplitude f^−2·slope."""
    frequency, waves = _frequencies(), np.fft.rfft2(field)
    ring = np.rint(HEIGHT * frequency).astype(int).ravel()
    power = np.bincount(ring, np.abs(waves).ravel() ** 2) / np.maximum(np.bincount(ring), 1)
    waves *= frequency**-slope / np.sqrt(power[ring]).reshape(waves.shape)
    waves[0, 0] = 0
    return np.fft.irfft2(waves, (HEIGHT, WIDTH))


def _frequencies(stretch: float = 1) -> Float[np.ndarray, "height half"]:
    """Cycles a pixel of each wave of `rfft2`, those along the rows counted `stretch` times.

    The constant, which has none, gets 1 so that it can be divided by.
    """
    down, across = np.fft.fftfreq(HEIGHT), np.fft.rfftfreq(WIDTH)
    frequency = np.hypot(down[:, None], stretch * across)
    frequency[0, 0] = 1
    return frequency


def _coloured(fields: Float[np.ndarray, "3 height width"]) -> Float[np.ndarray, "3 height width"]:
    """The fields mixed into red, green and blue of mean `MEAN` and covariance `COVARIANCE`."""
    flat = fields.reshape(3, -1)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(flat, bias=True)), flat)
    return (MEAN[:, None] + np.linalg.cholesky(COVARIANCE) @ white).reshape(fields.shape)
