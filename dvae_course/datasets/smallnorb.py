"""SmallNORB: five kinds of toys on a turntable, under six lights, one grey picture each.

Which of a kind's ten toys is seen is no factor: it is drawn anew at each observation, as in the
study of Locatello et al. (2019). Published by LeCun, Huang and Bottou (2004). The rendered stand-in
shows toys put together from ellipsoids: the same factors, not the same pictures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64, UInt8
from PIL import Image

from dvae_course.datasets import solids
from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.factors import FactorDataset, Factors
from dvae_course.datasets.norb import matrix_rows, read_matrix
from dvae_course.randomness import generator

SPLITS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
SOURCE = Source(
    title="SmallNORB",
    folder_name="smallnorb",
    base_url="https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
    checksums={
        f"{SPLITS[0]}-dat.mat.gz": "md5:66054832f9accfe74a0f4c36a75bc0a2",
        f"{SPLITS[0]}-cat.mat.gz": "md5:23c8b86101fbf0904a000b43d3ed2fd9",
        f"{SPLITS[0]}-info.mat.gz": "md5:51dee1210a742582ff607dfd94e332e3",
        f"{SPLITS[1]}-dat.mat.gz": "md5:e4ad715691ed5a3a5f138751a4ceb071",
        f"{SPLITS[1]}-cat.mat.gz": "md5:5aa791cd7e6016cf957ce9bdb93b8603",
        f"{SPLITS[1]}-info.mat.gz": "md5:a9454f3864d7fd4bb3ea7fc3eb84924e",
    },
)
SIDE, ORIGINAL_SIDE = 64, 96
BACKGROUND = 0.75

# Each kind's parts: centre (forward, left, up) and radii of an ellipsoid; eight parts a kind.
_LEGS = [(x, y, -0.3, 0.07, 0.07, 0.22) for x in (-0.3, 0.3) for y in (-0.13, 0.13)]
_WHEELS = [(x, y, -0.2, 0.14, 0.06, 0.14) for x in (-0.36, 0.36) for y in (-0.24, 0.24)]
PARTS = np.array(
    [
        [
            (0, 0, 0, 0.5, 0.22, 0.22),
            (0.55, 0, 0.2, 0.2, 0.14, 0.16),
            *_LEGS,
            (-0.55, 0, 0.1, 0.18, 0.05, 0.05),
            (0.5, 0, 0.36, 0.05, 0.14, 0.1),
        ],
        [(0, 0, 0.12, 0.16, 0.24, 0.32), (0, 0, 0.58, 0.16, 0.16, 0.18)]
        + [(0, y, -0.42, 0.1, 0.1, 0.34) for y in (-0.12, 0.12)]
        + [(0.08, y, 0.12, 0.1, 0.08, 0.28) for y in (-0.28, 0.28)]
        + [(0.08, y, -0.72, 0.16, 0.08, 0.06) for y in (-0.12, 0.12)],
        [(0, 0, 0, 0.75, 0.13, 0.13), (0.1, 0, 0, 0.2, 0.75, 0.04)]
        + [(-0.6, 0, 0.02, 0.1, 0.28, 0.03), (-0.62, 0, 0.16, 0.12, 0.03, 0.18)]
        + [(0.18, y, -0.08, 0.14, 0.07, 0.07) for y in (-0.35, 0.35)]
        + [(0.5, 0, 0.08, 0.14, 0.09, 0.08), (0.7, 0, 0, 0.08, 0.06, 0.06)],
        [
            (-0.2, 0, 0.2, 0.5, 0.28, 0.36),
            (0.48, 0, 0.08, 0.2, 0.26, 0.26),
            (0, 0, -0.12, 0.68, 0.22, 0.08),
            (0.6, 0, -0.04, 0.14, 0.22, 0.12),
            *_WHEELS,
        ],
        [
            (0, 0, -0.08, 0.7, 0.3, 0.16),
            (-0.08, 0, 0.1, 0.36, 0.24, 0.18),
            (0.45, 0, -0.02, 0.25, 0.26, 0.1),
            (-0.55, 0, -0.02, 0.15, 0.26, 0.12),
            *_WHEELS,
        ],
    ]
)


class SmallNORB(FactorDataset):
    """Grey pictures `(1, 64, 64)` of toys: 5 kinds, 9 elevations, 18 azimuths, 6 lights.

    Parameters
    ----------
    source : "rendered" (toys of ellipsoids, no file needed) or "original". The original's two
        splits (five toys of each kind in either) are joined, the first of each stereo pair is
        taken and resized from 96 to 64 pixels a side with Pillow's Lanczos filter. Its 48,600
        pictures are kept in memory as bytes, 199 MB.
    folder : the only folder to search for the original files.

    Raises
    ------
    ValueError : an unknown source, or a file that is not what it should be.
    DataUnavailable : the original files are nowhere to be had.
    """

    factor_names = ("category", "elevation", "azimuth", "lighting")
    factor_sizes = (5, 9, 18, 6)
    shape = (1, SIDE, SIDE)
    instances = 10

    def __init__(self, source: str = "rendered", folder: str | Path | None = None):
        if source not in ("rendered", "original"):
            raise ValueError(f'source must be "rendered" or "original", got {source!r}')
        self.source = source
        if source == "original":
            paths = obtain(SOURCE, list(SOURCE.checksums), folder)
            sizes = (self.factor_sizes[0], self.instances, *self.factor_sizes[1:])
            self._originals = _read_originals(paths, sizes)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        instance = rng.integers(self.instances, size=len(factors))
        if self.source == "rendered":
            return _rendered(factors, instance)
        category, elevation, azimuth, lighting = factors.T
        return self._originals[category, instance, elevation, azimuth, lighting][:, None]


def _rendered(
    factors: Factors, instance: Int64[np.ndarray, " n"]
) -> Float[np.ndarray, "n 1 side side"]:
    category, elevation, azimuth, lighting = factors.T
    centres, radii, greys = _toys()
    light_at, height = np.deg2rad(60.0 * lighting), np.deg2rad(35.0)
    light = np.stack([np.cos(light_at), np.sin(light_at), np.full(len(factors), np.tan(height))])
    return solids.render(
        centres[category, instance],
        radii[category, instance],
        greys[category, instance],
        solids.look_from(np.deg2rad(20.0 * azimuth), np.deg2rad(30.0 + 5 * elevation)),
        (light / np.linalg.norm(light, axis=0)).T,
        BACKGROUND,
        SIDE,
    )


def _toys() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres, radii and greys of every toy's parts: the kind's, each toy's own way."""
    rng = generator(0, "toys")
    stretch = rng.uniform(0.8, 1.15, (len(PARTS), SmallNORB.instances, 1, 3))
    radii = PARTS[:, None, :, 3:] * rng.uniform(0.85, 1.15, (len(PARTS), SmallNORB.instances, 8, 3))
    greys = rng.uniform(0.5, 0.95, (len(PARTS), SmallNORB.instances, 8, 1))
    return PARTS[:, None, :, :3] * stretch, radii * stretch, greys


def _read_originals(
    paths: list[Path], sizes: tuple[int, ...]
) -> UInt8[np.ndarray, "category instance elevation azimuth lighting side side"]:
    """The pictures of both splits, from paths in the order dat, cat, info, each in grid order."""
    pictures = np.empty((np.prod(sizes), SIDE, SIDE), np.uint8)
    count = len(pictures) // 2
    places = [_places(cat, info, count, sizes) for _, cat, info in (paths[:3], paths[3:])]
    if len(np.unique(places)) < len(pictures):
        raise damaged(paths[2], "pictures that share all labels", "each combination once")
    for dat, place in zip(paths[::3], places, strict=True):
        start = 0
        for rows in matrix_rows(dat, (count, 2, ORIGINAL_SIDE, ORIGINAL_SIDE), "u1"):
            pictures[place[start : start + len(rows)]] = _resized(rows[:, 0])
            start += len(rows)
    return pictures.reshape(*sizes, SIDE, SIDE)


def _places(
    cat: Path, info: Path, count: int, sizes: tuple[int, ...]
) -> Int64[np.ndarray, " count"]:
    """Where a split's pictures belong in the grid; azimuths are stored as 0, 2, 4, …"""
    labels = np.column_stack(
        [read_matrix(cat, (count,), "<i4"), read_matrix(info, (count, 4), "<i4")]
    ).astype(np.int64)
    labels[:, 3] //= 2
    if (labels < 0).any() or (labels >= sizes).any():
        found = f"labels from {labels.min(0).tolist()} to {labels.max(0).tolist()}"
        raise damaged(info, f"{found} (with those of {cat.name})", f"each below {list(sizes)}")
    return np.ravel_multi_index(tuple(labels.T), sizes)


def _resized(pictures: UInt8[np.ndarray, "n 96 96"]) -> UInt8[np.ndarray, "n 64 64"]:
    lanczos = Image.Resampling.LANCZOS
    return np.stack([Image.fromarray(p).resize((SIDE, SIDE), lanczos) for p in pictures])
