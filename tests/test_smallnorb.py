"""SmallNORB: toys told apart by their factors, and the published files read or refused by name."""

import gzip
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from dvae_course.datasets.smallnorb import SOURCE, SmallNORB

RENDERED = SmallNORB()


class Small(SmallNORB):
    """A grid small enough for a test to write: eight pictures a split."""

    factor_sizes = (2, 1, 2, 2)
    instances = 2


def matrix(array: np.ndarray) -> bytes:
    magic = {1: 0x1E3D4C55, 4: 0x1E3D4C54}[array.itemsize]
    lengths = (*array.shape, 1, 1)[: max(3, array.ndim)]
    return np.array([magic, array.ndim, *lengths], "<i4").tobytes() + array.tobytes()


def grey(category: int, instance: int, azimuth: int, light: int) -> int:
    return 100 * category + 50 * instance + 20 * azimuth + 10 * light


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both splits; toy i is in split i; the order is not the grid's; the second eye sees 255."""
    names = iter(SOURCE.checksums)
    for instance in range(2):
        labels = [(c, instance, 0, 2 * a, b) for c, a, b in product(range(2), repeat=3)][::-1]
        greys = [grey(c, i, a // 2, b) for c, i, _, a, b in labels]
        pictures = np.full((8, 2, 96, 96), 255, np.uint8)
        pictures[:, 0] = np.array(greys)[:, None, None]
        table = np.array(labels, "<i4")
        for array in (pictures, table[:, 0], table[:, 1:]):
            (tmp_path / next(names)).write_bytes(gzip.compress(matrix(array), 1))
    return tmp_path


def test_the_original_shows_each_factors_picture_of_either_split(folder):
    data = Small("original", folder)
    seen = set()
    for seed in range(8):
        for factors in data.grid():
            pictures = data.observe(factors, seed).numpy() * 255
            for (c, _, a, b), picture in zip(factors, pictures, strict=True):
                value = round(float(picture[0, 0, 0]))
                np.testing.assert_allclose(picture, value, atol=1e-3)
                assert value in {grey(c, 0, a, b), grey(c, 1, a, b)}
                seen.add((c, a, b, value))
    assert len(seen) == 16


def test_unpacked_files_are_read_too(folder):
    for path in list(folder.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert Small("original", folder).observe(np.zeros((1, 4), np.int64)).shape == (1, 1, 64, 64)


@pytest.mark.parametrize("which", range(6))
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: content[:-1], "whole rows"),
        (lambda content: content + b"\0", "more than 8 rows"),
        (lambda content: b"<html>" + content, "the first bytes"),
        (lambda content: content[:6], "a header of 6 bytes"),
        (lambda content: content[:8] + b"\x07" + content[9:], "axes"),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_a_way_out(folder, which, damage, words):
    path = folder / list(SOURCE.checksums)[which]
    path.write_bytes(gzip.compress(damage(gzip.decompress(path.read_bytes())), 1))
    with pytest.raises(ValueError, match=words) as raised:
        Small("original", folder)
    assert str(path) in str(raised.value) and 'source="rendered"' in str(raised.value)


def test_broken_gzip_data_is_refused_by_name(folder):
    path = folder / next(iter(SOURCE.checksums))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="broken gzip") as raised:
        Small("original", folder)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(("label", "words"), [(9, "labels from"), (0, "share all labels")])
def test_labels_that_are_no_grid_are_refused(folder, label, words):
    path = folder / list(SOURCE.checksums)[1]
    path.write_bytes(gzip.compress(matrix(np.full(8, label, "<i4"))))
    with pytest.raises(ValueError, match=words):
        Small("original", folder)


def test_rendering_depends_on_factors_and_seed_alone():
    factors = RENDERED.sample_factors(70, seed=1)
    pictures = RENDERED.observe(factors, seed=2)
    assert pictures.shape == (70, 1, 64, 64)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert pictures.equal(RENDERED.observe(factors, seed=2))
    assert not pictures.equal(RENDERED.observe(factors, seed=3))


@pytest.mark.parametrize("factor", range(4))
def test_every_step_of_every_factor_shows(factor):
    size = RENDERED.factor_sizes[factor]
    factors = np.tile([4, 4, 3, 2], (size, 1))
    factors[:, factor] = np.arange(size)
    # One call a picture, so that each draws the same toy.
    pictures = np.stack([RENDERED.observe(row[None], seed=0).numpy() for row in factors])
    steps = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3, 4))
    assert steps.min() > 1e-3


def test_the_light_changes_no_outline():
    factors = np.tile([0, 4, 3, 0], (6, 1))
    factors[:, 3] = np.arange(6)
    outlines = [RENDERED.observe(row[None], seed=0).numpy() == 0.75 for row in factors]
    assert all(np.mean(outline != outlines[0]) < 0.001 for outline in outlines)


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match="'photographed'"):
        SmallNORB("photographed")
