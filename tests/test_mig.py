"""MIG: known values, what it punishes, and what must not move it."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES, doubled, padded, permuted_and_flipped, rotated
from oracles import information_reference as reference

from dvae_course.metrics import Representation, mig, mig_from_samples, noise, perfect


@pytest.mark.parametrize(
    ("name", "expected"),
    # dlib's own code on oracle codes, 10,000 points
    [("dSprites", 0.896), ("Shapes3D", 0.998), ("Cars3D", 0.820), ("faces", 0.998)],
)
def test_a_perfect_code_reaches_the_known_ceiling(name, expected):
    values = [mig(perfect(SIZES[name]), seed).value for seed in range(3)]
    assert np.mean(values) == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("name", SIZES)
def test_noise_scores_nearly_0(name):
    assert mig(noise(SIZES[name], 10)).value < 0.002


@pytest.mark.parametrize(
    ("name", "expected", "spread"),
    # the mean of six random rotations by dlib's own code, and the spread of one rotation
    [("dSprites", 0.106, 0.045), ("Shapes3D", 0.080, 0.03), ("SmallNORB", 0.269, 0.13)],
)
def test_rotations_lose_most_of_it(name, expected, spread):
    values = [mig(rotated(SIZES[name], seed)).value for seed in range(12)]
    assert np.mean(values) == pytest.approx(expected, abs=3 * spread * np.sqrt(1 / 6 + 1 / 12))
    assert max(values) < 0.6 * mig(perfect(SIZES[name])).value


def test_every_factor_twice_scores_0_however_pure_the_codes():
    assert mig(doubled(SIZES["dSprites"])).value == pytest.approx(0, abs=1e-12)


def test_it_is_the_plain_estimate():
    factors, codes = rotated(SIZES["dSprites"], 1).sample(3_000)
    ours = mig_from_samples(factors, codes).value
    assert ours == pytest.approx(reference.mig(factors, codes), abs=1e-12)


def test_order_and_sign_of_codes_do_not_matter():
    code = rotated(SIZES["SmallNORB"], 0)
    other = permuted_and_flipped(code, 4, seed=1)
    # a bin holds its lower edge, so a flip moves values that lie on an edge
    assert mig(code).value == pytest.approx(mig(other).value, abs=2e-3)


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_dimensions_change_nothing(constant):
    code = rotated(SIZES["SmallNORB"], 0)
    assert mig(padded(code, 3, constant)).value == mig(code).value


def test_one_live_code_is_compared_with_none():
    one = Representation((4, 5), lambda factors: factors[:, :1].astype(float))
    score = mig(one)
    assert score.tables["gap"][0] == pytest.approx(1) and score.value == pytest.approx(
        0.5, abs=0.01
    )


def test_codes_that_are_all_dead_score_0():
    assert mig(Representation((4, 5), lambda factors: np.ones((len(factors), 2)))).value == 0


def test_the_value_is_the_mean_of_its_table():
    score = mig(rotated(SIZES["faces"], 0))
    assert score.value == pytest.approx(score.tables["gap"].mean())
    ordered = np.sort(score.tables["mutual_information"], axis=0)
    gap = (ordered[-1] - ordered[-2]) / score.tables["factor_entropy"]
    np.testing.assert_allclose(score.tables["gap"], gap)
