"""Choosing models without labels: no regret for an oracle, none but regret for its opposite."""

import numpy as np
import polars
import pytest
from study_frames import frame_of, noisy, setting_effects

from dvae_course.study.regret import select_by


def models(seeds: int = 5) -> polars.DataFrame:
    mig = noisy(setting_effects(1, 1, 0), seeds, 1.0, 1)
    return frame_of(
        {"mig": mig, "udr": 2 * mig + 1, "kl": -mig, "idle": noisy(mig[:, 0], seeds, 9, 2)}
    )


def test_an_oracle_has_no_regret_and_its_gain_is_a_random_choices_regret():
    found = select_by(models(), {"udr": 1, "kl": -1})
    assert found.summary["regret"].to_list() == [0, 0]
    assert found.summary["percentile"].to_list() == [1, 1]
    np.testing.assert_allclose(found.summary["gain"], found.summary["random_regret"])


def test_choosing_the_wrong_end_is_worse_than_chance():
    row = select_by(models(), {"udr": -1}).summary.row(0, named=True)
    assert row["percentile"] == 0 and row["gain"] < 0 and row["gain_high"] < 0


def test_regret_and_gain_are_those_of_each_seeds_models():
    found = select_by(models(), {"idle": 1}).per_seed.row(3, named=True)
    rows = models().filter(polars.col("seed") == 3)
    chosen = rows["mig"][rows["idle"].arg_max()]
    assert found["seed"] == 3 and found["chosen"] == chosen
    assert found["regret"] == pytest.approx(rows["mig"].max() - chosen)
    assert found["gain"] == pytest.approx(chosen - rows["mig"].mean())
    assert found["percentile"] == pytest.approx((rows["mig"] < chosen).sum() / 35)


def test_a_sign_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"1 \(choose the largest\) or −1 .*'udr': 2"):
        select_by(models(), {"udr": 2})
