"""A solid in the corner of a room, seen from any side: the ray caster behind rendered Shapes3D.

A picture is linear in the colours of its surfaces: at each pixel, the light that comes from a
surface times that surface's colour, summed over surfaces. So the light alone is cast here, once for
each geometry; a colour is then one product away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

SURFACES = ("floor", "wall", "object", "sky")
SIDE, SUPERSAMPLING = 64, 2

# The solids are about 1 high and wide; the corner lies behind the origin, at negative x.
LAMP = np.array([2.9, 1.7, 4.8], np.float32)
EYE_DISTANCE, EYE_HEIGHT, LOOK_AT_HEIGHT = 3.3, 1.75, 0.55
HALF_FIELD = np.tan(np.deg2rad(21.0))
WALL_DISTANCE, WALL_HEIGHT = 2.1, 1.35
AMBIENT = 0.4

Vectors = Float[np.ndarray, "3 n"]
Starts = Float[np.ndarray, "3 _"]
Numbers = Float[np.ndarray, " n"]


class Solid(NamedTuple):
    """A convex body of scale 1 that stands on the floor at the origin.

    `span(start, way)` gives the `t` at which the rays `start + t way` enter and leave it, inf and
    -inf where they miss; `normal(point)` points outward, with length 1, at points of its surface
    that can be seen from above the floor.
    """

    span: Callable[[Starts, Vectors], tuple[Numbers, Numbers]]
    normal: Callable[[Vectors], Vectors]


class Room(NamedTuple):
    """What each ray meets in the empty room: how far away, where, which surface, how lit."""

    distance: Numbers
    point: Vectors
    surface: Int64[np.ndarray, " n"]
    facing: Numbers


def views(
    scales: Sequence[float], azimuths: Sequence[float]
) -> Float[np.ndarray, "scale solid azimuth surface side side"]:
    """The light from each surface in each geometry, from 0 to 1; azimuths in radians."""
    light = np.empty((len(scales), len(SOLIDS), len(azimuths), len(SURFACES), SIDE, SIDE), "f4")
    for k, azimuth in enumerate(azimuths):
        eye, rays = _camera(azimuth)
        room = _room(eye, rays)
        for (i, scale), (j, solid) in product(enumerate(scales), enumerate(SOLIDS.values())):
            light[i, j, k] = _view(eye, rays, room, solid, scale)
    return light


def _view(
    eye: Starts, rays: Vectors, room: Room, solid: Solid, scale: float
) -> Float[np.ndarray, "surface side side"]:
    distance, _ = solid.span(eye / scale, rays / scale)
    seen = distance < room.distance
    lit = np.where(_shadowed(room.point, solid, scale), 0, room.facing)
    point = eye + distance[seen] * rays[:, seen]
    lit[seen] = _facing(solid.normal(point / scale), point)
    surface = np.where(seen, SURFACES.index("object"), room.surface)
    light = np.zeros((len(SURFACES), rays.shape[1]), np.float32)
    light[surface, np.arange(rays.shape[1])] = AMBIENT + (1 - AMBIENT) * lit
    blocks = (len(SURFACES), SIDE, SUPERSAMPLING, SIDE, SUPERSAMPLING)
    return light.reshape(blocks).mean(axis=(2, 4))


def _camera(azimuth: float) -> tuple[Starts, Vectors]:
    """The eye and the directions of its rays, row by row from the top left, not normalised."""
    c, s = np.cos(azimuth), np.sin(azimuth)
    eye = np.array([EYE_DISTANCE * c, EYE_DISTANCE * s, EYE_HEIGHT])
    forward = np.array([0, 0, LOOK_AT_HEIGHT]) - eye
    forward /= np.linalg.norm(forward)
    right = np.array([-s, c, 0])
    up = np.cross(right, forward)
    steps = (np.arange(SIDE * SUPERSAMPLING) + 0.5) * 2 / (SIDE * SUPERSAMPLING) - 1
    y, x = np.meshgrid(-steps * HALF_FIELD, steps * HALF_FIELD, indexing="ij")
    rays = forward[:, None] + np.outer(right, x) + np.outer(up, y)
    return eye[:, None].astype(np.float32), rays.astype(np.float32)


def _room(eye: Starts, rays: Vectors) -> Room:
    normals = np.array([[0, 0, 1], [0.5**0.5, 0.5**0.5, 0], [0.5**0.5, -(0.5**0.5), 0]], np.float32)
    heights = np.array([[0], [-WALL_DISTANCE], [-WALL_DISTANCE]], np.float32)
    approach = normals @ rays
    distances = np.where(approach < 0, (heights - normals @ eye) / approach, np.inf)
    nearest = distances.argmin(0)
    distance = distances.min(0)
    point = eye + distance * rays
    surface = np.minimum(nearest, SURFACES.index("wall"))
    facing = _facing(normals[nearest].T, point)
    sky = point[2] > WALL_HEIGHT
    surface[sky], facing[sky] = SURFACES.index("sky"), 1
    return Room(distance, point, surface, facing)


def _facing(normal: Vectors, point: Vectors) -> Numbers:
    """The cosine between a surface's normal and the way to the lamp, 0 where it looks away."""
    way = LAMP[:, None] - point
    return np.maximum((normal * way).sum(0) / np.sqrt((way**2).sum(0)), 0)


def _shadowed(point: Vectors, solid: Solid, scale: float) -> Bool[np.ndarray, " n"]:
    enter, leave = solid.span(point / scale, (LAMP[:, None] - point) / scale)
    return (enter < 1) & (leave > 1e-3)


def _slab(
    start: Float[np.ndarray, " _"], way: Numbers, low: float, high: float
) -> tuple[Numbers, Numbers]:
    """Where rays are between two planes across one axis."""
    to_low, to_high = (low - start) / way, (high - start) / way
    return np.minimum(to_low, to_high), np.maximum(to_low, to_high)


def _round(
    start: Float[np.ndarray, "axes _"], way: Float[np.ndarray, "axes n"], radius: float
) -> tuple[Numbers, Numbers]:
    """Where rays are within a radius of the origin of however many axes are given."""
    a, b, c = (way**2).sum(0), (start * way).sum(0), (start**2).sum(0) - radius**2
    root = b**2 - a * c
    half = np.sqrt(np.maximum(root, 0))
    hit = root > 0
    return np.where(hit, (-b - half) / a, np.inf), np.where(hit, (half - b) / a, -np.inf)


def _within(*spans: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
    """Where rays are in all of these bodies at once."""
    enter, leave = zip(*spans, strict=True)
    first, last = np.maximum.reduce(enter), np.minimum.reduce(leave)
    hit = first < last
    return np.where(hit, first, np.inf), np.where(hit, last, -np.inf)


CUBE, CYLINDER, SPHERE = 0.45, 0.5, 0.52  # half edge; radius and half height; radius
CAPSULE, REACH = 0.4, 0.35  # radius; half the length of the axis, which lies along y


def _cube_span(start: Starts, way: Vectors) -> tuple[Numbers, Numbers]:
    lows = (-CUBE, -CUBE, 0.0)
    return _within(*(_slab(start[i], way[i], lows[i], lows[i] + 2 * CUBE) for i in range(3)))


def _cube_normal(point: Vectors) -> Vectors:
    offset = point - _raised(CUBE)
    return np.eye(3, dtype=np.float32)[:, np.abs(offset).argmax(0)] * np.sign(offset)


def _cylinder_span(start: Starts, way: Vectors) -> tuple[Numbers, Numbers]:
    return _within(_round(start[:2], way[:2], CYLINDER), _slab(start[2], way[2], 0.0, 2 * CYLINDER))


def _cylinder_normal(point: Vectors) -> Vectors:
    on_top = point[2] > 2 * CYLINDER - 1e-4
    side = np.stack([point[0], point[1], 0 * point[2]]) / CYLINDER
    return np.where(on_top, [[0], [0], [1]], side)


def _sphere_span(start: Starts, way: Vectors) -> tuple[Numbers, Numbers]:
    return _round(start - _raised(SPHERE), way, SPHERE)


def _sphere_normal(point: Vectors) -> Vectors:
    return (point - _raised(SPHERE)) / SPHERE


def _capsule_span(start: Starts, way: Vectors) -> tuple[Numbers, Numbers]:
    """The convex union of a cylinder and a sphere at either end."""
    start = start - _raised(CAPSULE)
    end = np.array([[0], [REACH], [0]], np.float32)
    tube = _within(_round(start[::2], way[::2], CAPSULE), _slab(start[1], way[1], -REACH, REACH))
    spans = [tube, _round(start - end, way, CAPSULE), _round(start + end, way, CAPSULE)]
    enter, leave = zip(*spans, strict=True)
    return np.minimum.reduce(enter), np.maximum.reduce(leave)


def _capsule_normal(point: Vectors) -> Vectors:
    nearest = np.clip(point, [[0], [-REACH], [0]], [[0], [REACH], [0]]) + _raised(CAPSULE)
    return (point - nearest) / CAPSULE


def _raised(height: float) -> Float[np.ndarray, "3 1"]:
    return np.array([[0], [0], [height]], np.float32)


SOLIDS = {
    "cube": Solid(_cube_span, _cube_normal),
    "cylinder": Solid(_cylinder_span, _cylinder_normal),
    "sphere": Solid(_sphere_span, _sphere_normal),
    "capsule": Solid(_capsule_span, _capsule_normal),
}
