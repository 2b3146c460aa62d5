"""Every data set opens by its name, and a look at it varies one factor a row and nothing else."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from dvae_course.datasets.catalogue import CATALOGUE, find
from dvae_course.datasets.dsprites import DSprites
from dvae_course.datasets.fashion_mnist import FashionMNIST
from dvae_course.datasets.preview import contact_rows
from dvae_course.datasets.smallnorb import SmallNORB

GRIDS = [name for name, entry in CATALOGUE.items() if "rendered" in entry.sources]
PUBLISHED = {
    "dsprites": 737_280,
    "color-dsprites": 737_280,
    "noisy-dsprites": 737_280,
    "scream-dsprites": 737_280,
    "shapes3d": 480_000,
    "cars3d": 17_568,
    "smallnorb": 48_600,
    "fashion-mnist": 70_000,
}


def test_the_catalogue_has_the_seven_of_the_study_and_fashion_mnist():
    assert {name: entry.pictures for name, entry in CATALOGUE.items()} == PUBLISHED
    assert len(GRIDS) == 7


@pytest.mark.parametrize("name", GRIDS)
def test_a_data_set_opens_by_name_with_the_factors_that_the_catalogue_says(name):
    entry = find(name)
    data = entry.open()
    assert data.source == "rendered"
    assert dict(zip(data.factor_names, data.factor_sizes, strict=True)) == dict(entry.factors)
    assert math.prod(entry.factors.values()) == len(data)


def test_each_sprites_entry_opens_its_own_variant():
    variants = [find(name).open().variant for name in PUBLISHED if "dsprites" in name]
    assert variants == ["plain", "color", "noisy", "scream"]


def test_every_file_that_an_original_reads_is_listed():
    files = [len(source.checksums) for entry in CATALOGUE.values() for source in entry.published]
    assert min(files) > 0
    assert len(find("scream-dsprites").published) == 2


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no data set 'mpi3d'.*dsprites, .*fashion-mnist"):
        find("mpi3d")


def test_a_source_that_a_data_set_has_not_is_refused():
    with pytest.raises(ValueError, match="fashion-mnist must be original, got 'rendered'"):
        find("fashion-mnist").open("rendered")


@pytest.mark.parametrize("name", ["dsprites", "cars3d"])
def test_a_row_goes_from_the_first_value_to_the_last_in_at_most_so_many_pictures(name):
    data = find(name).open()
    rows = contact_rows(data, columns=4, seed=3)
    start = data.sample_factors(1, 3)
    sizes = zip(data.factor_names, data.factor_sizes, strict=True)
    assert list(rows) == [f"{factor} ({size} values)" for factor, size in sizes]
    for factor, (row, size) in enumerate(zip(rows.values(), data.factor_sizes, strict=True)):
        ends = np.repeat(start, 2, axis=0)
        ends[:, factor] = 0, size - 1
        assert len(row) == min(4, size)
        assert np.array_equal(row[[0, -1]], data.observe(ends).numpy())


def test_along_a_row_noise_stays_the_same_where_no_sprite_is():
    rows = contact_rows(DSprites("noisy"), seed=1)
    for row in rows.values():
        corners = row[:, :, :4, :4]
        assert np.array_equal(corners, np.broadcast_to(corners[0], corners.shape))


def test_along_a_row_the_toy_stays_the_same():
    toys = []

    class Watched(SmallNORB):
        def _pictures(self, factors, rng):
            toys.append(int(rng.integers(self.instances)))
            return super()._pictures(factors, rng)

    contact_rows(Watched(), seed=2)
    assert len(toys) > 30 and len(set(toys)) == 1


def test_fashion_mnist_shows_pictures_of_each_class():
    labels = torch.arange(10).repeat(5)
    images = (labels / 10)[:, None, None].expand(-1, 28, 28)
    rows = contact_rows(FashionMNIST(images, labels, source=Path()), columns=3)
    assert next(iter(rows)) == "T-shirt/top (5 pictures)"
    for label, row in enumerate(rows.values()):
        assert row.shape == (3, 1, 28, 28)
        assert row == pytest.approx(label / 10)


def test_less_than_one_column_is_refused():
    with pytest.raises(ValueError, match="columns must be 1 or more, got 0"):
        contact_rows(DSprites(), columns=0)
