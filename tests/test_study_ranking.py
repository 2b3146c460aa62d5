"""Places of methods in drawn studies: certain when methods are far apart, even when alike."""

import numpy as np
import polars
import pytest
from study_frames import GRIDS, frame_of, noisy

from dvae_course.plots.ranking import places
from dvae_course.plots.style import conclusion
from dvae_course.study.ranking import rank_shares

ALIKE = frame_of({"mig": np.random.default_rng(0).normal(size=(36, 8))})
APART = frame_of({"mig": noisy(np.repeat(np.arange(6.0), 6), 8, 0.01, 0)})


def as_table(shares: polars.DataFrame) -> np.ndarray:
    return shares.pivot("place", index="method", values="share").drop("method").to_numpy()


@pytest.mark.parametrize("frame", [ALIKE, APART], ids=["alike", "apart"])
def test_each_method_takes_one_place_and_each_place_is_taken(frame):
    table = as_table(rank_shares(frame, "mig", seeds=3))
    np.testing.assert_allclose(table.sum(axis=0), 1)
    np.testing.assert_allclose(table.sum(axis=1), 1)


def test_methods_far_apart_always_have_the_same_places():
    shares = rank_shares(APART, "mig", seeds=1).filter(polars.col("share") > 0)
    assert shares["share"].to_list() == [1.0] * 6
    best_first = shares.sort("place")["method"].to_list()
    assert best_first == list(GRIDS)[::-1]


def test_more_seeds_settle_who_is_first_and_one_does_not():
    firsts = [
        rank_shares(ALIKE, "mig", seeds).filter(polars.col("place") == 1)["share"].max()
        for seeds in (1, 8, 500)
    ]
    assert firsts == sorted(firsts)
    assert firsts[0] < 0.6 < 0.9 < firsts[-1]


def test_the_same_seed_draws_the_same_studies():
    assert rank_shares(ALIKE, "mig", 2).equals(rank_shares(ALIKE, "mig", 2))
    assert not rank_shares(ALIKE, "mig", 2).equals(rank_shares(ALIKE, "mig", 2, seed=1))


def test_a_seed_brings_all_of_its_models_so_that_common_luck_changes_no_place():
    luck = np.random.default_rng(0).normal(0, 100, (1, 8))
    lucky = frame_of({"mig": noisy(np.repeat(np.arange(6.0), 6), 8, 0.01, 0) + luck})
    assert rank_shares(lucky, "mig", 3).equals(rank_shares(APART, "mig", 3))


def test_a_study_without_seeds_is_an_error():
    with pytest.raises(ValueError, match="at least 1 seed, got seeds=0"):
        rank_shares(ALIKE, "mig", 0)


def test_the_picture_writes_each_share_and_says_who_is_first():
    figure = places(rank_shares(APART, "mig", seeds=1), "mig", 1)
    written = sorted(text.get_text() for text in figure.axes[0].texts)
    assert written == ["0%"] * 30 + ["100%"] * 6
    assert "with 1 seed, β-TCVAE is first in 100%" in conclusion(figure)
    assert "it alone comes first" in conclusion(figure)
    assert "methods come first" in conclusion(places(rank_shares(ALIKE, "mig", 1), "mig", 1))
