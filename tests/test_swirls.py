"""The invented sky has the statistics that it promises, and is the same at each call."""

from itertools import pairwise

import numpy as np
import pytest

from dvae_course.datasets import swirls

SKY = swirls.texture()
PIXELS = SKY.reshape(-1, 3) / 255


def test_each_call_gives_the_same_sky():
    assert np.array_equal(SKY, swirls.texture())


def test_mean_and_covariance_are_the_promised_ones():
    np.testing.assert_allclose(PIXELS.mean(0), swirls.MEAN, atol=0.01)
    spread = np.sqrt(np.diag(swirls.COVARIANCE))
    error = (np.cov(PIXELS.T) - swirls.COVARIANCE) / np.outer(spread, spread)
    assert np.abs(error).max() < 0.1


def test_few_values_are_cut_off():
    assert np.isin(SKY, (0, 255)).mean() < 0.02


@pytest.mark.parametrize("channel", range(3))
def test_the_amplitude_falls_with_the_promised_power_of_the_frequency(channel):
    height, width = SKY.shape[:2]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    power = np.abs(np.fft.fft2(SKY[..., channel])) ** 2
    edges = np.geomspace(0.01, 0.4, 12)
    rings = [(frequency >= a) & (frequency < b) for a, b in pairwise(edges)]
    x = [np.log(frequency[ring]).mean() for ring in rings]
    y = [np.log(power[ring].mean()) for ring in rings]
    assert np.polyfit(x, y, 1)[0] == pytest.approx(-2 * swirls.SLOPE, abs=0.1)


def test_opposite_edges_join():
    inside = np.abs(np.diff(SKY.astype(float), axis=0)).mean()
    assert np.abs(SKY[0] - SKY[-1].astype(float)).mean() < 1.5 * inside
    assert np.abs(SKY[:, 0] - SKY[:, -1].astype(float)).mean() < 1.5 * inside
