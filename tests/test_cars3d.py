"""Cars3D: cars told apart by their factors, and the published archive read or refused by name."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from dvae_course.datasets.cars3d import ARCHIVE, Cars3D
from dvae_course.datasets.download import DataUnavailable

RENDERED = Cars3D()


class Small(Cars3D):
    """A grid small enough for a test to write."""

    factor_sizes = (2, 3, 2)


def meshes(car: int) -> np.ndarray:
    """Evenly coloured pictures whose channels are elevation, azimuth and car."""
    pictures = np.empty((128, 128, 3, 3, 2), np.uint8)
    pictures[:, :, 0] = 10 * np.arange(2)
    pictures[:, :, 1] = 20 * np.arange(3)[:, None]
    pictures[:, :, 2] = 30 * car
    return pictures


def mat(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    savemat(file, arrays)
    return file.getvalue()


def archive(folder: Path, cars: dict[str, bytes]) -> Path:
    path = folder / ARCHIVE
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in {"sprites/sprite.mat": b"", **cars}.items():
            member = tarfile.TarInfo(f"data/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


WHOLE = {"cars/car_002_mesh.mat": mat(im=meshes(1)), "cars/car_001_mesh.mat": mat(im=meshes(0))}


def test_the_original_shows_each_factors_picture_with_cars_in_the_order_of_names(tmp_path):
    archive(tmp_path, WHOLE)
    data = Small("original", tmp_path)
    (factors,) = data.grid()
    expected = np.broadcast_to((factors * [10, 20, 30])[..., None, None], (12, 3, 64, 64))
    np.testing.assert_allclose(data.observe(factors).numpy() * 255, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("cars", "words"),
    [
        ({"cars/car_001_mesh.mat": mat(im=meshes(0))}, "found 1 files"),
        ({**WHOLE, "cars/car_003_mesh.mat": b""}, "found 3 files"),
        ({"cars/car_001_mesh.mat": mat(mask=meshes(0))}, "car_001_mesh.mat.* no array im"),
        ({"cars/car_001_mesh.mat": mat(im=meshes(0)[1:])}, r"car_001.* \(127, 128, 3, 3, 2\)"),
        ({"cars/car_001_mesh.mat": mat(im=meshes(0) / 255)}, "car_001.* im of float64"),
        ({"cars/car_001_mesh.mat": b"<html>not found</html>" * 9}, "car_001.* no MATLAB 5 data"),
    ],
)
def test_wrong_contents_are_refused_by_name_with_a_way_out(tmp_path, cars, words):
    path = archive(tmp_path, cars)
    with pytest.raises(ValueError, match=words) as raised:
        Small("original", tmp_path)
    assert str(path) in str(raised.value) and 'source="rendered"' in str(raised.value)


@pytest.mark.parametrize("damage", [lambda c: c[:-200], lambda c: b"<html>not found</html>"])
def test_a_broken_archive_is_refused_by_name(tmp_path, damage):
    path = archive(tmp_path, WHOLE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError) as raised:
        Small("original", tmp_path)
    assert str(path) in str(raised.value)


def test_a_missing_archive_is_named_with_a_way_out(tmp_path):
    with pytest.raises(DataUnavailable, match='source="rendered"') as raised:
        Cars3D("original", tmp_path)
    assert ARCHIVE in str(raised.value) and str(tmp_path) in str(raised.value)


def test_rendering_depends_on_factors_alone():
    factors = RENDERED.sample_factors(70, seed=1)
    pictures = RENDERED.observe(factors, seed=2)
    assert pictures.shape == (70, 3, 64, 64)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert pictures.equal(RENDERED.observe(factors, seed=3))
    assert pictures[66:].equal(RENDERED.observe(factors[66:]))


@pytest.mark.parametrize("factor", range(3))
def test_every_step_of_every_factor_shows(factor):
    size = RENDERED.factor_sizes[factor]
    factors = np.tile([2, 3, 7], (size, 1))
    factors[:, factor] = np.arange(size)
    pictures = RENDERED.observe(factors).numpy()
    assert np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)).min() > 1e-3


def test_a_car_from_higher_up_covers_more_of_the_picture():
    factors = np.tile([0, 0, 7], (4, 1))
    factors[:, 0] = np.arange(4)
    covered = (RENDERED.observe(factors).numpy() != 1).any(axis=1).mean(axis=(1, 2))
    assert (np.diff(covered) > 0).all()


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match="'drawn'"):
        Cars3D("drawn")
