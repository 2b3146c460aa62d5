"""The pinwheel follows its recipe: unbending the arms gives back plain Gaussians."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dvae_course.datasets import Pinwheel, pinwheel


def unbent(data: Pinwheel, n_arms: int, rate: float) -> np.ndarray:
    """Invert the recipe by fixed-point iteration: (r, t) of every point."""
    x = data.points.double().numpy()
    z = x[:, 0] + 1j * x[:, 1]
    r = np.abs(z)
    for _ in range(200):
        theta = 2 * np.pi * data.labels.numpy() / n_arms + rate * np.exp(r)
        turned_back = z * np.exp(1j * theta)
        r = turned_back.real
    return np.stack([turned_back.real, turned_back.imag], axis=1)


def test_unbent_arms_have_mean_1_0_and_the_deviations_that_were_asked_for():
    data = pinwheel(points_per_arm=20_000, radial_sd=0.3, tangential_sd=0.1)
    along_across = unbent(data, n_arms=4, rate=0.25)
    np.testing.assert_allclose(along_across.mean(0), [1, 0], atol=0.005)
    np.testing.assert_allclose(along_across.std(0), [0.3, 0.1], rtol=0.01)
    assert abs(np.corrcoef(along_across.T)[0, 1]) < 0.02


def test_the_names_are_not_swapped_so_radial_acts_along_the_arm():
    straight = pinwheel(n_arms=1, points_per_arm=5_000, radial_sd=0.3, tangential_sd=0.0, rate=0.0)
    assert straight.points[:, 0].std() > 0.29
    assert straight.points[:, 1].abs().max() == 0


def test_without_spread_every_arm_is_the_one_point_that_the_recipe_names():
    data = pinwheel(n_arms=4, points_per_arm=1, radial_sd=0.0, tangential_sd=0.0, rate=0.25)
    theta = np.arange(4) * np.pi / 2 + 0.25 * np.e
    expected = np.stack([np.cos(theta), -np.sin(theta)], axis=1)
    np.testing.assert_allclose(data.points, expected, atol=1e-6)


def test_points_further_out_are_turned_further_clockwise():
    points = pinwheel(n_arms=1, points_per_arm=500, tangential_sd=0.0).points.numpy()
    outwards = points[np.argsort(np.hypot(*points.T))]
    angles = np.unwrap(np.arctan2(outwards[:, 1], outwards[:, 0]))
    assert (np.diff(angles) < 0).all()


@given(st.integers(1, 7), st.integers(1, 20))
def test_points_come_arm_after_arm_with_their_labels(n_arms, points_per_arm):
    data = pinwheel(n_arms, points_per_arm)
    assert data.points.shape == (n_arms * points_per_arm, 2)
    assert (data.points.dtype, data.labels.dtype) == (torch.float32, torch.int64)
    assert data.labels.tolist() == [arm for arm in range(n_arms) for _ in range(points_per_arm)]


def test_a_seed_gives_the_same_points_again_and_another_seed_gives_others():
    assert torch.equal(pinwheel(seed=3).points, pinwheel(seed=3).points)
    assert not torch.isin(pinwheel(seed=3).points, pinwheel(seed=4).points).any()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_arms", 0),
        ("points_per_arm", -1),
        ("radial_sd", -0.1),
        ("tangential_sd", float("nan")),
        ("tangential_sd", float("inf")),
        ("rate", float("inf")),
        ("seed", -1),
    ],
)
def test_an_impossible_argument_is_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"{name} .*got {value}"):
        pinwheel(**{name: value})
