"""The published dSprites are read in the grid's order, kept as bits, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dvae_course.datasets.download import DataUnavailable
from dvae_course.datasets.dsprites import ARCHIVE, DSprites
from dvae_course.datasets.scream import PAINTING, hide, read_painting
from dvae_course.randomness import generator

SIZES = (3, 2, 4, 3, 5)
CLASSES = np.stack(np.unravel_index(np.arange(360), (1, *SIZES)), axis=-1)
PICTURES = np.random.default_rng(0).integers(0, 2, (360, 64, 64), np.uint8)


class Small(DSprites):
    """A grid small enough for a test to write."""

    factor_sizes = SIZES


def write(folder: Path, **changed: np.ndarray | None) -> Path:
    """The published archive, with its pickled metadata, of noise; arrays changed or left out."""
    arrays = {
        "metadata": np.array({"title": "dSprites"}, object),
        "imgs": PICTURES,
        "latents_classes": CLASSES,
        "latents_values": CLASSES.astype(float),
        **changed,
    }
    path = folder / ARCHIVE
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive and something in the painting's place."""
    folder = tmp_path_factory.mktemp("dsprites")
    write(folder)
    rows = np.linspace(0, 255, 400).astype(np.uint8)
    Image.fromarray(np.repeat(rows[:, None], 300, 1)).save(folder / PAINTING)
    return folder


def test_each_combination_shows_its_picture(folder):
    data = Small(source="original", folder=folder)
    (factors,) = data.grid()
    shuffled = np.random.default_rng(1).permutation(360)
    pictures = data.observe(factors[shuffled])
    assert np.array_equal(pictures[:, 0].numpy(), PICTURES[shuffled])


def test_the_pictures_are_kept_as_bits(folder):
    data = Small(source="original", folder=folder)
    kept = [a for a in vars(data).values() if isinstance(a, np.ndarray)]
    assert sum(a.nbytes for a in kept) == 360 * 64 * 64 // 8


def test_a_smaller_side_holds_the_means_of_blocks(folder):
    data = Small(source="original", side=16, folder=folder)
    (factors,) = data.grid()
    blocks = PICTURES.reshape(360, 1, 16, 4, 16, 4).mean((3, 5), dtype=np.float32)
    assert np.array_equal(data.observe(factors).numpy(), blocks)


@pytest.mark.parametrize("variant", ["color", "noisy"])
def test_the_variants_treat_the_published_sprites_as_the_drawn_ones(folder, variant):
    data = Small(variant, "original", folder=folder)
    factors = data.sample_factors(20, seed=0)
    same = Small(source="original", folder=folder).observe(factors) == Small().observe(factors)
    same = same.expand(-1, 3, -1, -1)
    drawn = Small(variant).observe(factors, seed=1)
    assert data.observe(factors, seed=1)[same].equal(drawn[same])


def test_the_scream_hides_the_published_sprites_in_the_painting(folder):
    data = Small("scream", "original", folder=folder)
    factors = data.sample_factors(20, seed=0)
    sprites = PICTURES[data.index_of(factors)] == 1
    expected = hide(sprites, read_painting(folder), generator(1, "nuisances"))
    assert np.array_equal(data.observe(factors, seed=1).numpy(), expected)
    assert data.background == "painting"


def test_rendered_sprites_never_look_for_the_painting(folder):
    assert Small("scream", folder=folder).background == "texture"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"imgs": None}, "no array imgs"),
        ({"latents_classes": None}, "no array latents_classes"),
        ({"imgs": PICTURES[:-1]}, r"imgs of \|u1 \(359, 64, 64\)"),
        ({"imgs": PICTURES[:, :32]}, r"imgs of \|u1 \(360, 32, 64\)"),
        ({"imgs": PICTURES.astype(float)}, "imgs of <f8"),
        ({"imgs": PICTURES * np.uint8(255)}, "pixel of 255"),
        ({"latents_classes": CLASSES.astype(np.int32)}, "latents_classes of <i4"),
        ({"latents_classes": CLASSES[:, 1:]}, r"latents_classes of <i8 \(360, 5\)"),
        ({"latents_classes": CLASSES[[*range(7), 8, 7, *range(9, 360)]]}, "from row 7"),
    ],
)
def test_wrong_contents_are_refused_by_name_with_a_way_out(tmp_path, changed, words):
    path = write(tmp_path, **changed)
    with pytest.raises(ValueError, match=words) as raised:
        Small(source="original", folder=tmp_path)
    assert str(path) in str(raised.value) and 'source="rendered"' in str(raised.value)


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-200], lambda c: c[: len(c) // 2], lambda c: b"<html>not found</html>"]
)
def test_a_broken_archive_is_refused_by_name(tmp_path, damage):
    path = write(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="broken archive") as raised:
        Small(source="original", folder=tmp_path)
    assert str(path) in str(raised.value)


def test_a_missing_archive_is_named_with_a_way_out(tmp_path):
    with pytest.raises(DataUnavailable, match='source="rendered"') as raised:
        DSprites(source="original", folder=tmp_path)
    assert ARCHIVE in str(raised.value) and str(tmp_path) in str(raised.value)
