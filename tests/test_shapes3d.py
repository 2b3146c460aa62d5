"""Shapes3D: rooms told apart by their factors, and the published file read or refused by name."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from dvae_course.datasets import rooms, shapes3d
from dvae_course.datasets.download import DataUnavailable
from dvae_course.datasets.shapes3d import FILE, Shapes3D, repack

RENDERED_AT = {side: Shapes3D(side=side) for side in (64, 32, 16)}
RENDERED = RENDERED_AT[64]
MIDDLE = [0, 5, 2, 4, 0, 7]
SCATTERED, RUN = np.array([7, 0, 7, 15, 3]), np.array([5, 3, 4, 4])


class Small(Shapes3D):
    """A grid small enough for a test to write."""

    factor_sizes = (2, 1, 2, 2, 1, 2)


IMAGES = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
LABELS = np.stack(np.meshgrid(*map(np.arange, Small.factor_sizes), indexing="ij"), -1)
LABELS = LABELS.reshape(16, 6) / 10


def write(folder: Path, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS, **layout) -> Path:
    with h5py.File(folder / FILE, "w") as file:
        file.create_dataset("images", data=images, **layout)
        file["labels"] = labels
    return folder / FILE


def blank_block(path: Path, block: int) -> None:
    """Overwrite the beginning of one packed block of pictures."""
    with h5py.File(path) as file:
        start = file["images"].id.get_chunk_info(block).byte_offset
    content = bytearray(path.read_bytes())
    content[start : start + 100] = bytes(100)
    path.write_bytes(content)


def vary(factor: int, **fixed: int) -> np.ndarray:
    """Every value of one factor, the others in the middle or as given by name."""
    factors = np.tile(MIDDLE, (Shapes3D.factor_sizes[factor], 1))
    for name, value in fixed.items():
        factors[:, Shapes3D.factor_names.index(name)] = value
    factors[:, factor] = np.arange(len(factors))
    return factors


@pytest.mark.parametrize("chunks", [None, (1, 64, 64, 3), (8, 4, 8, 1)])
def test_the_original_shows_pictures_in_any_order_and_more_than_once(tmp_path, chunks):
    write(tmp_path, chunks=chunks)
    data = Small("original", tmp_path)
    for places in (SCATTERED, RUN):
        pictures = data.observe(data.factors_at(places)).numpy() * 255
        np.testing.assert_allclose(pictures, IMAGES[places].transpose(0, 3, 1, 2), atol=1e-3)
    assert data.observe(data.factors_at(SCATTERED[:0])).shape == (0, 3, 64, 64)


def test_a_pickled_data_set_shows_the_same(tmp_path):
    write(tmp_path)
    for data in (Small("original", tmp_path), RENDERED):
        factors = data.factors_at(SCATTERED)
        before = data.observe(factors)
        assert pickle.loads(pickle.dumps(data)).observe(factors).equal(before)


def test_a_repacked_copy_holds_the_same_picture_by_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(Shapes3D, "factor_sizes", Small.factor_sizes)
    monkeypatch.setattr(shapes3d, "SLAB", 6)
    original = write(tmp_path, chunks=(8, 4, 8, 1), compression="gzip")
    (tmp_path / "copy").mkdir()
    repack(original, tmp_path / "copy" / FILE)
    assert [path.name for path in (tmp_path / "copy").iterdir()] == [FILE]
    with h5py.File(tmp_path / "copy" / FILE) as file:
        assert file["images"].chunks == (1, 64, 64, 3)
    first, second = (Small("original", folder) for folder in (tmp_path, tmp_path / "copy"))
    (factors,) = first.grid()
    assert first.observe(factors).equal(second.observe(factors))


def test_a_copy_that_was_cut_short_never_takes_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(Shapes3D, "factor_sizes", Small.factor_sizes)
    original = write(tmp_path, chunks=(1, 64, 64, 3), compression="gzip")
    blank_block(original, 5)
    with pytest.raises(ValueError, match="unreadable pictures"):
        repack(original, tmp_path / "copy.h5")
    assert not (tmp_path / "copy.h5").exists()


def test_only_the_expected_file_is_repacked(tmp_path):
    with pytest.raises(ValueError, match=r"found images of uint8 \(16, 64, 64, 3\)"):
        repack(write(tmp_path), tmp_path / "copy.h5")


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"labels": LABELS}, "no array images"),
        ({"images": IMAGES}, "no array labels"),
        ({"images": IMAGES, "labels/deep": LABELS}, "no array labels"),
        ({"images": IMAGES[1:], "labels": LABELS}, r"images of uint8 \(15, 64, 64, 3\)"),
        ({"images": IMAGES / 255, "labels": LABELS}, "images of float64"),
        ({"images": IMAGES, "labels": LABELS[:, :5]}, r"labels of float64 \(16, 5\)"),
        ({"images": IMAGES, "labels": LABELS.astype(int)}, "labels of int64"),
        ({"images": IMAGES, "labels": LABELS[::-1]}, "labels of floor_hue in another order"),
        ({"images": IMAGES, "labels": LABELS[:, [0, 1, 2, 5, 4, 3]]}, "labels of scale"),
    ],
)
def test_wrong_contents_are_refused_by_name_with_a_way_out(tmp_path, contents, words):
    with h5py.File(tmp_path / FILE, "w") as file:
        for name, array in contents.items():
            file[name] = array
    with pytest.raises(ValueError, match=words) as raised:
        Small("original", tmp_path)
    assert str(tmp_path / FILE) in str(raised.value) and 'source="rendered"' in str(raised.value)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-200], lambda content: b"<html>not found</html>"]
)
def test_what_is_no_whole_hdf5_file_is_refused_by_name(tmp_path, damage):
    path = write(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="no whole HDF5 file") as raised:
        Small("original", tmp_path)
    assert str(path) in str(raised.value)


def test_pictures_that_cannot_be_unpacked_are_refused_by_name(tmp_path):
    path = write(tmp_path, chunks=(1, 64, 64, 3), compression="gzip")
    blank_block(path, 5)
    data = Small("original", tmp_path)
    assert data.observe(data.factors_at(np.array([4]))).max() > 0
    with pytest.raises(ValueError, match="unreadable pictures") as raised:
        data.observe(data.factors_at(np.array([5])))
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named_with_a_way_out(tmp_path):
    with pytest.raises(DataUnavailable, match='source="rendered"') as raised:
        Shapes3D("original", tmp_path)
    assert FILE in str(raised.value) and str(tmp_path) in str(raised.value)


@pytest.mark.parametrize("side", [32, 16])
@pytest.mark.parametrize("source", ["rendered", "original"])
def test_a_smaller_side_holds_the_means_of_blocks(tmp_path, source, side):
    write(tmp_path)
    data, small = (
        RENDERED_AT[s] if source == "rendered" else Small("original", tmp_path, side=s)
        for s in (64, side)
    )
    factors = data.sample_factors(16, seed=0)
    blocks = data.observe(factors).reshape(16, 3, side, 64 // side, side, 64 // side)
    assert small.shape == (3, side, side)
    np.testing.assert_allclose(small.observe(factors), blocks.mean((3, 5)), atol=1e-6)


def test_rendering_depends_on_factors_alone_one_by_one_or_together():
    factors = RENDERED.sample_factors(20, seed=1)
    pictures = RENDERED.observe(factors, seed=2)
    assert pictures.shape == (20, 3, 64, 64)
    assert pictures.min() >= 0 and pictures.max() <= 1
    again = Shapes3D()
    assert torch.cat([again.observe(row[None], seed=3) for row in factors]).equal(pictures)


@pytest.mark.parametrize("side", [64, 16])
@pytest.mark.parametrize("shape", range(4))
@pytest.mark.parametrize("factor", range(6))
def test_every_step_of_every_factor_shows(factor, shape, side):
    pictures = RENDERED_AT[side].observe(vary(factor, shape=shape)).numpy()
    assert np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)).min() > 1e-3


@pytest.mark.parametrize("factor", range(3))
def test_a_hue_changes_every_pixel_of_its_own_surface_and_no_other(factor):
    light = rooms.views([np.linspace(0.75, 1.25, 8)[4]], [0.0])[0, MIDDLE[4], 0]
    pictures = RENDERED.observe(vary(factor)).numpy()
    changed = (pictures != pictures[:1]).any(axis=1)[1:]
    assert (changed == (light[factor] > 0)).all()


def test_there_are_ten_hues_a_tenth_apart_from_red():
    pictures = RENDERED.observe(vary(0))
    corner = pictures[:, :, -1, -1] / pictures[:, :, -1, -1].amax(1, keepdim=True)
    ramp = [[1, 0, 0], [1, 0.6, 0], [0.8, 1, 0], [0.2, 1, 0], [0, 1, 0.4]]
    ramp += [[0, 1, 1], [0, 0.4, 1], [0.2, 0, 1], [0.8, 0, 1], [1, 0, 0.6]]
    np.testing.assert_allclose(corner, ramp, atol=1e-6)


@pytest.mark.parametrize("shape", range(4))
def test_the_object_grows_with_its_scale(shape):
    first = RENDERED.observe(vary(3, shape=shape, object_hue=0))
    second = RENDERED.observe(vary(3, shape=shape, object_hue=5))
    area = (first != second).any(dim=1).sum((1, 2))
    assert (area.diff() > 0).all()
    assert 200 < area[0] < area[-1] < 2000


def test_the_corner_of_the_room_moves_with_the_orientation():
    rows = RENDERED.observe(vary(5, scale=0, shape=2)).sum(1)[:, 14].numpy()
    corner = np.abs(np.diff(rows)).argmax(axis=1)
    assert (np.diff(corner) > 0).all()
    assert 20 < corner[7] < 44


@pytest.mark.parametrize("wrong", [{"source": "drawn"}, {"side": 48}])
def test_an_unknown_choice_is_refused_by_value(wrong):
    with pytest.raises(ValueError, match=str(*wrong.values())):
        Shapes3D(**wrong)
