"""Shapes3D: a solid in the corner of a room, under every choice of three colours.

Published by Burgess and Kim (2018) with FactorVAE (Kim and Mnih 2018). The rendered stand-in shows
the same kind of scene with the same factors, not the same pictures: 480 views of light, coloured on
demand, stand for all 480,000 scenes.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from matplotlib.colors import hsv_to_rgb
from tqdm.auto import tqdm

from dvae_course.datasets import rooms
from dvae_course.datasets.damaged import damaged
from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.factors import FactorDataset, Factors

FILE = "3dshapes.h5"
SOURCE = Source(
    title="Shapes3D",
    folder_name="shapes3d",
    base_url="https://storage.googleapis.com/3d-shapes/",
    checksums={FILE: "md5:099a2078d58cec4daad0702c55d06868"},
)
SIDE, SIDES = 64, (64, 32, 16)
SKY = (0.75, 0.88, 1.0)
SLAB = 15_000  # pictures read at a time when repacking, 184 MB


class Shapes3D(FactorDataset):
    """Pictures `(3, side, side)` of a room: 10 hues each of floor, wall and object, 8 scales of
    the object, 4 shapes, and 15 orientations from -30 to 30 degrees of the eye about the object.

    Parameters
    ----------
    source : "rendered" (cast here, no file needed; the first pictures take a second longer, and
        31 MB of views stay in memory) or "original". The original's 480,000 pictures stay in their
        file, which each `observe` opens anew, so that processes can share the data set. Where its
        blocks span many pictures (h5py's default, and said of the published file), scattered
        factors unpack most of it at each `observe`: `repack` it before training.
    folder : the only folder to search for the original file.
    side : 64, or 32 or 16 for pictures whose pixels are the means of blocks of the 64 × 64 ones.

    Raises
    ------
    ValueError : an unknown source or side, or a file that is not what it should be.
    DataUnavailable : the original file is nowhere to be had.
    """

    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    factor_sizes = (10, 10, 10, 8, 4, 15)
    shape_names = tuple(rooms.SOLIDS)

    def __init__(
        self, source: str = "rendered", folder: str | Path | None = None, side: int = SIDE
    ):
        if source not in ("rendered", "original"):
            raise ValueError(f'source must be "rendered" or "original", got {source!r}')
        if side not in SIDES:
            raise ValueError(f"side must be 64, 32 or 16 pixels, got {side!r}")
        self.source = source
        self.shape = (3, side, side)
        if source == "original":
            (self._path,) = obtain(SOURCE, [FILE], folder)
            _check_file(self._path, self.factor_sizes)

    def _pictures(self, factors: Factors, rng: np.random.Generator) -> np.ndarray:
        if self.source == "rendered":
            return self._rendered(factors)
        pictures = _read(self._path, self.index_of(factors)).transpose(0, 3, 1, 2)
        return pictures if self.shape[-1] == SIDE else _shrunk(pictures, self.shape[-1]) / 255

    def _rendered(self, factors: Factors) -> Float32[np.ndarray, "n 3 side side"]:
        floor, wall, thing, scale, shape, orientation = factors.T
        hues = np.linspace(0, 0.9, 10)
        palette = hsv_to_rgb(np.stack([hues, np.ones(10), np.ones(10)], -1)).astype(np.float32)
        sky = np.tile(np.float32(SKY), (len(factors), 1))
        colours = np.stack([palette[floor], palette[wall], palette[thing], sky], -1)
        pictures = np.empty((len(factors), 3, self.shape[-1] ** 2), np.float32)
        for i, view in enumerate(zip(scale, shape, orientation, strict=True)):
            np.matmul(colours[i], self._views[view], out=pictures[i])
        return pictures.reshape(-1, *self.shape)

    @cached_property
    def _views(self) -> Float32[np.ndarray, "scale shape orientation surface pixel"]:
        scales, degrees = np.linspace(0.75, 1.25, 8), np.linspace(-30, 30, 15)
        light = rooms.views(scales.tolist(), np.deg2rad(degrees).tolist())
        return _shrunk(light, self.shape[-1]).reshape(*light.shape[:4], -1)


def repack(original: str | Path, copy: str | Path) -> None:
    """Copy `3dshapes.h5` with every picture in a block of its own, to be read at random.

    Keep the copy under the same name in another folder, and give that folder to `Shapes3D`. It
    takes minutes and about four times the original's space on disk, and has its name only when it
    is whole. Raises `ValueError` if the original is not what it should be.
    """
    import h5py

    path, part = Path(original), Path(copy).with_suffix(".part")
    _check_file(path, Shapes3D.factor_sizes)
    with h5py.File(path) as source, h5py.File(part, "w") as target:
        source.copy("labels", target)
        shape = source["images"].shape
        packed = target.create_dataset(
            "images", shape, "u1", chunks=(1, *shape[1:]), compression="gzip"
        )
        for start in tqdm(range(0, shape[0], SLAB), "repacking Shapes3D"):
            end = min(start + SLAB, shape[0])
            packed[start:end] = _read(path, np.arange(start, end))
    part.replace(copy)


def _shrunk(pictures: np.ndarray, side: int) -> Float32[np.ndarray, "*batch side side"]:
    block = pictures.shape[-1] // side
    blocks = pictures.reshape(*pictures.shape[:-2], side, block, side, block)
    return blocks.mean(axis=(-3, -1), dtype=np.float32)


def _read(path: Path, index: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, "n 64 64 3"]:
    """Pictures at these places, in this order; the file itself is read once each, in its own."""
    import h5py

    places, back = np.unique(index, return_inverse=True)
    try:
        with h5py.File(path) as file:
            return _at(file["images"], places)[back]
    except OSError as error:
        raise damaged(path, f"unreadable pictures ({error})", "a whole HDF5 file") from error


def _at(images, places: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, "n 64 64 3"]:
    """A run at once; others one by one where that unpacks nothing else, as HDF5's way is slow."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return images[places[0] : places[-1] + 1]
    if images.chunks is not None and images.chunks[0] > 1:
        return images[places]
    pictures = np.empty((len(places), *images.shape[1:]), np.uint8)
    for i, place in enumerate(places):
        pictures[i] = images[place]
    return pictures


def _check_file(path: Path, sizes: tuple[int, ...]) -> None:
    import h5py

    count = int(np.prod(sizes))
    try:
        with h5py.File(path) as file:
            _check_array(path, file, "images", (count, SIDE, SIDE, 3), "uint8")
            _check_array(path, file, "labels", (count, len(sizes)), "float64")
            labels = file["labels"][:]
    except OSError as error:
        raise damaged(path, f"no whole HDF5 file ({error})", FILE) from error
    _check_order(path, labels.reshape(*sizes, len(sizes)))


def _check_array(path: Path, file, name: str, shape: tuple[int, ...], dtype: str) -> None:
    found, expected = file.get(name), f"{name} of {dtype} {shape}"
    if not hasattr(found, "dtype"):
        raise damaged(path, f"no array {name}", expected)
    if found.shape != shape or found.dtype != dtype:
        raise damaged(path, f"{name} of {found.dtype} {found.shape}", expected)


def _check_order(path: Path, labels: np.ndarray) -> None:
    """Each factor's labels rise along its own axis of the grid and along no other."""
    for axis, name in enumerate(Shapes3D.factor_names):
        rows = np.moveaxis(labels[..., axis], axis, 0).reshape(labels.shape[axis], -1)
        if (rows != rows[:, :1]).any() or (np.diff(rows[:, 0]) <= 0).any():
            raise damaged(path, f"labels of {name} in another order", "the last factor fastest")
