"""Cars3D: 183 computer-drawn cars, seen from 24 sides and 4 heights.

Drawn by Fidler, Dickinson and Urtasun (2012), published by Reed et al. (2015). The rendered
stand-in shows cars put together from ellipsoids: the same factors, not the same pictures.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.colors import hsv_to_rgb
from PIL import Image
from scipy.io import loadmat

from dvae_course.datasets import solids
from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.factors import FactorDataset, Factors
from dvae_course.randomness import generator

ARCHIVE = "nips2015-analogy-data.tar.gz"
SOURCE = Source(
    title="Cars3D",
    folder_name="cars3d",
    base_url="http://www.scottreed.info/files/",
    checksums={ARCHIVE: "md5:4e866a7919c1beedf53964e6f7a23686"},
)
SIDE = 64


class Cars3D(FactorDataset):
    """Pictures `(3, 64, 64)` of cars: 4 elevations, 24 azimuths, 183 cars.

    Parameters
    ----------
    source : "rendered" (cars of ellipsoids, no file needed) or "original". The original's cars are
        numbered by their files' names, sorted, and its pictures resized from 128 to 64 pixels a
        side with Pillow's Lanczos filter. They are kept in memory as bytes, 216 MB.
    folder : the only folder to search for the original archive.

    Raises
    ------
    ValueError : an unknown source, or a file that is not what it should be.
    DataUnavailable : the original archive is nowhere to be had.
    """

    factor_names = ("elevation", "azimuth", "object")
    factor_sizes = (4, 24, 183)
    shape = (3, SIDE, SIDE)

    def __init__(self, source: str = "rendered", folder: str | Path | None = None):
        if source not in ("rendered", "original"):
            raise ValueError(f'source must be "rendered" or "original", got {source!r}')
        self.source = source
        if source == "original":
            (path,) = obtain(SOURCE, [ARCHIVE], folder)
            self._originals = _read_originals(path, self.factor_sizes)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        if self.source == "rendered":
            return _rendered(factors)
        elevation, azimuth, car = factors.T
        return self._originals[elevation, azimuth, car]


def _rendered(factors: Factors) -> Float[np.ndarray, "n 3 side side"]:
    elevation, azimuth, car = factors.T
    centres, radii, colours = _cars()
    light = np.array([-0.4, 0.7, 0.6]) / np.linalg.norm([-0.4, 0.7, 0.6])
    camera = solids.look_from(np.deg2rad(15.0 * azimuth), np.deg2rad(5.0 + 12 * elevation))
    lights = np.tile(light, (len(factors), 1))
    return solids.render(centres[car], radii[car], colours[car], camera, lights, 1.0, SIDE)


def _cars() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres, radii and colours of each car's body, cabin, bonnet and four wheels."""
    rng, cars = generator(0, "cars"), Cars3D.factor_sizes[2]
    length, width, height, cabin = rng.uniform(
        [0.6, 0.28, 0.14, -0.25], [0.85, 0.38, 0.24, 0.1], (cars, 4)
    ).T
    zero, wheel = np.zeros(cars), np.full(cars, 0.15)
    parts = [
        (zero, zero, zero, length, width, height),
        (cabin, zero, height, 0.5 * length, 0.8 * width, 1.1 * height),
        (0.6 * length, zero, 0.2 * height, 0.35 * length, 0.9 * width, 0.7 * height),
    ]
    for x in (-0.5, 0.5):
        for y in (-0.7, 0.7):
            parts.append((x * length, y * width, -0.65 * height, wheel, 0.4 * wheel, wheel))
    solid = np.stack([np.stack(part, -1) for part in parts], 1)
    colours = np.full((cars, len(parts), 3), 0.15)
    colours[:, [0, 2]] = hsv_to_rgb(rng.uniform([0, 0.2, 0.5], 1, (cars, 3)))[:, None]
    colours[:, 1] = 0.5 * colours[:, 0] + 0.25
    return solid[..., :3], solid[..., 3:], colours


def _read_originals(
    path: Path, sizes: tuple[int, int, int]
) -> UInt8[np.ndarray, "elevation azimuth car 3 side side"]:
    elevations, azimuths, cars = sizes
    pictures = np.empty((cars, elevations, azimuths, 3, SIDE, SIDE), np.uint8)
    names = []
    try:
        for name, content in _car_files(path):
            if len(names) < cars:
                pictures[len(names)] = _car(
                    path, name, content, (128, 128, 3, azimuths, elevations)
                )
            names.append(name)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise damaged(path, f"a broken archive ({error})", "a whole .tar.gz or .tar") from error
    if len(names) != cars:
        raise damaged(path, f"{len(names)} files cars/*.mat", str(cars))
    return pictures[np.argsort(names)].transpose(1, 2, 0, 3, 4, 5)


def _car_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the archive's car files, in the archive's order, read in one pass."""
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            location = Path(member.name)
            if member.isfile() and location.suffix == ".mat" and location.parent.name == "cars":
                yield location.name, archive.extractfile(member).read()


def _car(
    path: Path, name: str, content: bytes, shape: tuple[int, ...]
) -> UInt8[np.ndarray, "elevation azimuth 3 side side"]:
    """One car's pictures, `(elevations, azimuths, 3, side, side)`."""
    where = path / name
    try:
        meshes = loadmat(io.BytesIO(content)).get("im")
    except (ValueError, TypeError, NotImplementedError, OSError, zlib.error) as error:
        raise damaged(where, f"no MATLAB 5 data ({error})", "a MATLAB 5 file") from error
    if meshes is None or meshes.shape != shape or meshes.dtype != np.uint8:
        found = "no array im" if meshes is None else f"im of {meshes.dtype} {meshes.shape}"
        raise damaged(where, found, f"im of uint8 {shape}")
    flat = meshes.transpose(4, 3, 0, 1, 2).reshape(-1, *shape[:3])
    lanczos = Image.Resampling.LANCZOS
    small = np.stack([Image.fromarray(picture).resize((SIDE, SIDE), lanczos) for picture in flat])
    return small.transpose(0, 3, 1, 2).reshape(shape[4], shape[3], 3, SIDE, SIDE)
