"""Fashion-MNIST arrives whole, in [0, 1], with its labels, and says where it came from."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from dvae_course.datasets import DataUnavailable, fashion_mnist
from dvae_course.datasets.fashion_mnist import SOURCE

DEBIAN = SOURCE.debian_folder
needs_debian = pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"no {DEBIAN} on this machine")


def write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + values.tobytes(), compresslevel=1))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory) -> tuple[Path, np.ndarray, np.ndarray]:
    """A folder with a made-up test split, its pixels and its labels."""
    folder = tmp_path_factory.mktemp("fashion")
    rng = np.random.default_rng(0)
    pixels = np.zeros((10_000, 28, 28), np.uint8)
    pixels[:10] = rng.integers(256, size=(10, 28, 28))
    pixels[10] = 255
    labels = rng.integers(10, size=10_000).astype(np.uint8)
    write_idx(folder / "t10k-images-idx3-ubyte.gz", pixels)
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", labels)
    return folder, pixels, labels


def test_a_named_folder_gives_its_pixels_over_255_and_its_labels(made_up):
    folder, pixels, labels = made_up
    data = fashion_mnist("test", folder)
    np.testing.assert_allclose(data.images, pixels / 255, atol=1e-7)
    np.testing.assert_array_equal(data.labels, labels)
    assert (data.images.dtype, data.labels.dtype) == (torch.float32, torch.int64)
    assert data.source == folder


def test_size_14_holds_the_means_of_the_2_by_2_blocks(made_up):
    folder, pixels, _ = made_up
    images = fashion_mnist("test", folder, size=14).images
    for row, column in [(0, 0), (3, 9), (13, 13)]:
        block = pixels[:11, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] / 255
        np.testing.assert_allclose(images[:11, row, column], block.mean((1, 2)), atol=1e-6)
    assert images.max() <= 1


def test_the_folder_that_dvae_data_names_is_searched_before_debians(made_up, monkeypatch):
    folder, _, _ = made_up
    monkeypatch.setenv("DVAE_DATA", str(folder))
    assert fashion_mnist("test").source == folder


def test_a_label_that_is_no_class_is_refused_by_file_and_value(made_up, tmp_path):
    _, pixels, labels = made_up
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", pixels)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.where(labels == 3, 10, labels))
    with pytest.raises(ValueError, match=r"t10k-labels.* holds the label 10, expected 0 to 9"):
        fashion_mnist("test", tmp_path)


def test_a_shortened_split_is_refused_although_its_header_fits_its_size(made_up, tmp_path):
    _, pixels, labels = made_up
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", pixels[:100])
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", labels[:100])
    with pytest.raises(ValueError, match=r"shape \(100, 28, 28\), expected \(10000, 28, 28\)"):
        fashion_mnist("test", tmp_path)


def test_a_folder_without_the_files_is_named_in_the_error(tmp_path):
    with pytest.raises(DataUnavailable, match=str(tmp_path)):
        fashion_mnist("train", tmp_path)


@pytest.mark.parametrize("split", ["validation", "Train", ""])
def test_an_unknown_split_is_refused_with_the_known_ones(split):
    with pytest.raises(ValueError, match=f'"train" or "test", got {split!r}'):
        fashion_mnist(split)


@pytest.mark.parametrize("size", [0, 7, 32])
def test_an_unknown_size_is_refused_with_the_known_ones(size):
    with pytest.raises(ValueError, match=f"28 or 14 pixels a side, got {size}"):
        fashion_mnist("test", size=size)


@needs_debian
def test_the_real_test_split_has_1000_pictures_of_each_class_and_starts_with_an_ankle_boot():
    data = fashion_mnist("test", DEBIAN)
    assert data.labels.bincount().tolist() == [1000] * 10
    assert data.class_names[data.labels[0]] == "Ankle boot"
    assert (data.images.min(), data.images.max()) == (0, 1)
