"""Rays enter and leave solids where an inside test says; light comes from one surface a ray."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvae_course.datasets.rooms import SOLIDS, SURFACES, views

SEEDS = st.integers(0, 2**32 - 1)


def inside(solid: str, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How far inside the solid a point is, negative outside: written down from its description."""
    return {
        "cube": 0.45 - np.maximum.reduce([abs(x), abs(y), abs(z - 0.45)]),
        "cylinder": 0.5 - np.maximum(np.hypot(x, y), abs(z - 0.5)),
        "sphere": 0.52 - np.sqrt(x**2 + y**2 + (z - 0.52) ** 2),
        "capsule": 0.4 - np.sqrt(x**2 + np.maximum(abs(y) - 0.35, 0) ** 2 + (z - 0.4) ** 2),
    }[solid]


def rays_at(solid: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rays from above the floor towards points near the solid, which `t = 1` reaches."""
    rng = np.random.default_rng(seed)
    start = rng.normal(size=(3, 200))
    start *= 4 / np.linalg.norm(start, axis=0)
    start[2] = abs(start[2])
    return start, rng.uniform([[-1], [-1], [0]], [[1], [1], [1.1]], (3, 200)) - start


@pytest.mark.parametrize("solid", SOLIDS)
@given(SEEDS)
def test_a_ray_is_in_the_solid_between_entering_and_leaving(solid, seed):
    start, way = rays_at(solid, seed)
    enter, leave = SOLIDS[solid].span(start, way)
    for t in np.linspace(0.5, 1.5, 41):
        depth = inside(solid, *(start + t * way))
        clear = abs(depth) > 1e-6
        np.testing.assert_array_equal(((enter < t) & (t < leave))[clear], (depth > 0)[clear])


@pytest.mark.parametrize("solid", SOLIDS)
@given(SEEDS)
def test_the_solid_lies_behind_the_plane_across_each_normal(solid, seed):
    start, way = rays_at(solid, seed)
    enter, _ = SOLIDS[solid].span(start, way)
    hit = np.isfinite(enter)
    point = (start + enter * way)[:, hit]
    normal = SOLIDS[solid].normal(point)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1, atol=1e-6)
    across = normal.T @ point - (normal * point).sum(0)[:, None]
    assert across.max() < 1e-3


def test_a_pixels_surfaces_share_at_most_its_whole_light():
    light = views([0.75, 1.25], [-0.5, 0.2])
    assert light.shape == (2, len(SOLIDS), 2, len(SURFACES), 64, 64)
    assert light.min() >= 0 and light.sum(-3).max() <= 1 + 1e-6
    assert light.sum(-3).min() > 0.3


@pytest.mark.parametrize("solid", range(4))
def test_the_solid_hides_part_of_the_floor_and_darkens_more_of_it(solid):
    small, large = views([0.05, 1.0], [0.0])[:, solid, 0, SURFACES.index("floor")]
    thing = views([1.0], [0.0])[0, solid, 0, SURFACES.index("object")]
    assert (large <= small + 1e-6).all()
    assert ((thing == 0) & (large > 0) & (large < 0.7 * small)).sum() > 20
