"""Calibrated scores: noise is 0, a perfect code is 1, by the estimator that made the score."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES, padded, rotated

from dvae_course.metrics import (
    calibrated,
    hoyer,
    mig,
    mig_from_samples,
    modularity,
    noise,
    noise_modularity,
    perfect,
)
from dvae_course.metrics import calibration as module


@pytest.mark.parametrize("metric", [mig, modularity])
@pytest.mark.parametrize("name", ["dSprites", "SmallNORB"])
def test_noise_is_near_0_and_a_perfect_code_near_1(metric, name):
    sizes = SIZES[name]
    assert calibrated(metric(perfect(sizes), seed=7)).value == pytest.approx(1, abs=0.01)
    value = np.mean([calibrated(metric(noise(sizes, 10, s), s)).value for s in range(10, 15)])
    assert value == pytest.approx(0, abs=0.15)


def test_the_floor_of_modularity_is_near_its_closed_form():
    score = calibrated(modularity(rotated(SIZES["Cars3D"], 0)), repeats=5)
    assert score.floor == pytest.approx(noise_modularity(SIZES["Cars3D"]), abs=0.02)
    assert score.floor > 0.95 and score.ceiling > 0.99


def test_a_rotated_code_that_looks_modular_is_not_once_calibrated():
    # 0.45 raw would be far above MIG's 0.07; the floor of Cars3D's noise is 0.99
    score = calibrated(modularity(rotated(SIZES["Cars3D"], 0)))
    assert score.raw > 0 and score.value < 0


def test_bounds_use_the_scores_own_parameters():
    code = rotated(SIZES["SmallNORB"], 0)
    few, many = calibrated(mig(code, n=300, bins=5)), calibrated(mig(code))
    assert few.ceiling < 0.8 < many.ceiling  # 5 bins cannot tell 18 values apart
    assert few.floor > 5 * many.floor  # fewer data, more bias


def test_a_score_of_samples_has_the_bounds_of_as_many_samples():
    factors, codes = rotated(SIZES["SmallNORB"], 0).sample(300)
    score = calibrated(mig_from_samples(factors, codes, bins=5))
    again = calibrated(mig(rotated(SIZES["SmallNORB"], 0), n=300, bins=5))
    assert (score.floors, score.ceilings) == (again.floors, again.ceilings)


def test_dead_codes_do_not_move_the_floor():
    code = rotated(SIZES["SmallNORB"], 0)
    score, other = calibrated(mig(code)), calibrated(mig(padded(code, 6)))
    assert score.floors == other.floors and score.value == other.value


def test_bounds_are_estimated_once_for_all_scores_of_a_kind(monkeypatch):
    code = rotated(SIZES["faces"], 0)
    first = calibrated(mig(code, n=500))
    monkeypatch.setattr(module, "noise", None)
    assert calibrated(mig(code, seed=3, n=500)).floors == first.floors
    with pytest.raises(TypeError):
        calibrated(mig(code, n=501))


def test_a_score_without_factors_has_no_calibration():
    score = hoyer(np.random.default_rng(0).standard_normal((50, 3)))
    with pytest.raises(ValueError, match="no perfect code"):
        calibrated(score)


def test_an_estimator_that_cannot_tell_noise_from_perfection_says_so():
    with pytest.raises(ValueError, match="draw more data points"):
        calibrated(mig(rotated((20, 20), 0), n=21, bins=2))
