"""SAP: its low ceilings, what it punishes, and scikit-learn's predictions from an own solver."""

import numpy as np
import pytest
from codes_of_known_quality import (
    SIZES,
    changed,
    doubled,
    padded,
    permuted_and_flipped,
    rotated,
)
from oracles import metrics_reference as reference

from dvae_course.metrics import Representation, calibrated, noise, perfect
from dvae_course.metrics.sap import sap, sap_from_samples, sap_from_split
from dvae_course.metrics.split import Split


def sklearn_accuracies(split: Split, tol: float) -> np.ndarray:
    parts = (split.train_factors, split.train_codes, split.test_factors, split.test_codes)
    return reference.svm_accuracies(*parts, tol=tol)


@pytest.mark.parametrize(
    ("name", "expected"),
    # dlib's own code on oracle codes
    [
        ("dSprites", 0.244),
        ("Shapes3D", 0.226),
        ("Cars3D", 0.260),
        ("SmallNORB", 0.338),
        ("faces", 0.323),
    ],
)
def test_a_perfect_code_reaches_the_known_ceiling(name, expected):
    values = [sap(perfect(SIZES[name]), seed).value for seed in range(8)]
    # which lines in the middle win depends on a few data points, hence the spread
    assert np.mean(values) == pytest.approx(expected, abs=3 * np.std(values) + 0.003)
    assert np.mean(values) == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize("name", SIZES)
def test_noise_scores_nearly_0(name):
    assert sap(noise(SIZES[name], 10)).value < 0.008


@pytest.mark.parametrize(
    ("name", "expected"),
    # the mean of six random rotations by dlib's own code
    [("dSprites", 0.046), ("Shapes3D", 0.041), ("SmallNORB", 0.128)],
)
def test_rotations_lose_most_of_it(name, expected):
    values = [sap(rotated(SIZES[name], seed)).value for seed in range(6)]
    assert np.mean(values) == pytest.approx(expected, abs=3 * np.std(values) * np.sqrt(2 / 6))
    assert np.mean(values) < 0.5 * sap(perfect(SIZES[name])).value


def test_every_factor_twice_scores_0_however_pure_the_codes():
    assert sap(doubled(SIZES["dSprites"])).value == 0


@pytest.mark.parametrize(
    "representation",
    [
        perfect(SIZES["dSprites"]),
        rotated(SIZES["dSprites"], 0),
        rotated(SIZES["SmallNORB"], 1),
        perfect(SIZES["faces"]),
        changed(rotated(SIZES["faces"], 2), lambda codes: codes / 10),
        perfect((2, 3, 7)),
    ],
    ids=["perfect", "rotated", "SmallNORB", "faces", "small", "two values"],
)
def test_predictions_are_those_of_scikit_learn(representation):
    split = Split.drawn(representation)
    ours = sap_from_split(split).tables["predictability"]
    theirs = sklearn_accuracies(split, tol=1e-4)
    assert np.abs(ours - theirs).max() * len(split.test_codes) < 1.5  # one prediction of 5,000
    assert sap_from_split(split).value == pytest.approx(reference.gap(theirs), abs=4e-4)


@pytest.mark.parametrize(("scale", "shift"), [(3, 100), (1e3, 0), (1e-3, 0)])
def test_predictions_are_those_of_scikit_learn_when_it_is_made_to_converge(scale, shift):
    # liblinear's default tolerance leaves 6 to 45 of 5,000 predictions undecided on such codes
    code = changed(rotated(SIZES["faces"], 1), lambda codes: codes * scale + shift)
    split = Split.drawn(code)
    theirs = sklearn_accuracies(split, tol=1e-12)
    ours = sap_from_split(split).tables["predictability"]
    assert np.abs(ours - theirs).max() * len(split.test_codes) < 1.5


def test_the_value_is_the_mean_gap_of_its_table():
    score = sap(rotated(SIZES["SmallNORB"], 0))
    assert score.value == pytest.approx(reference.gap(score.tables["predictability"]))
    assert score.value == pytest.approx(score.tables["gap"].mean())


def test_it_agrees_with_an_estimate_from_a_sample_of_its_own():
    code = rotated(SIZES["SmallNORB"], 1)
    spread = np.std([sap(code, seed).value for seed in range(5)])
    assert sap(code).value == pytest.approx(reference.sap_reference(code), abs=5 * spread + 0.005)


def test_order_and_sign_of_codes_do_not_matter():
    code = rotated(SIZES["SmallNORB"], 0)
    other = permuted_and_flipped(code, 4, seed=1)
    assert sap(code).value == pytest.approx(sap(other).value, abs=1e-3)


@pytest.mark.parametrize("constant", [0.0, 0.1])
@pytest.mark.parametrize("continuous", [False, True])
def test_dead_dimensions_change_nothing(constant, continuous):
    code = rotated(SIZES["SmallNORB"], 0)
    with_dead = sap(padded(code, 3, constant), continuous=continuous)
    assert with_dead.value == sap(code, continuous=continuous).value
    assert with_dead.recipe.n_codes == 4


def test_a_dead_code_predicts_what_scikit_learn_makes_of_a_constant_one():
    split = Split.drawn(padded(perfect((3, 5)), 1, 0.7), n_train=500, n_test=200)
    np.testing.assert_allclose(
        sap_from_split(split).tables["predictability"][2], sklearn_accuracies(split, 1e-10)[2]
    )


def test_one_live_code_is_compared_with_the_commonest_value_and_none_scores_0():
    one = Representation((3, 4), lambda factors: factors[:, :1].astype(float))
    score = sap(one)
    accuracy = score.tables["predictability"][0]
    constant = sap(padded(one, 1)).tables["predictability"][1]
    np.testing.assert_allclose(score.tables["gap"], np.abs(accuracy - constant))
    assert constant == pytest.approx([1 / 3, 1 / 4], abs=0.03)
    assert sap(Representation((3, 4), lambda factors: np.ones((len(factors), 2)))).value == 0


def test_values_that_occur_in_one_part_only_are_no_obstacle():
    split = Split(
        np.array([[0], [1], [3], [0], [1], [3]]),
        np.array([[0.0, 1], [1, 0], [3, 1], [0.1, 1], [1.1, 0], [3.1, 0]]),
        np.array([[0], [2], [3]]),
        np.array([[0.0, 1], [2, 1], [3, 0]]),
    )
    ours = sap_from_split(split, C=10.0).tables["predictability"]
    parts = (split.train_factors, split.train_codes, split.test_factors, split.test_codes)
    np.testing.assert_array_equal(ours, reference.svm_accuracies(*parts, C=10.0, tol=1e-10))


def test_continuous_factors_are_judged_by_their_squared_correlation():
    factors, codes = rotated(SIZES["faces"], 0).sample(3_000)
    split = Split.of(factors, codes, seed=1)
    ours = sap_from_split(split, continuous=True)
    joint = np.corrcoef(split.train_codes.T, split.train_factors.T)[:3, 3:]
    np.testing.assert_allclose(ours.tables["predictability"], joint**2)
    assert ours.value == pytest.approx(reference.gap(joint**2))
    assert sap(perfect(SIZES["faces"]), continuous=True).value == pytest.approx(1, abs=0.002)


def test_samples_are_split_and_scored():
    factors, codes = perfect(SIZES["faces"]).sample(6_000)
    score = sap_from_samples(factors, codes, seed=4, test_share=0.25, C=0.1)
    assert score.value == sap_from_split(Split.of(factors, codes, 4, 0.25), 0.1).value
    assert score.recipe.estimate.keywords["n_train"] == 4_500


def test_calibrated_takes_it_with_its_parameters():
    score = sap(rotated(SIZES["dSprites"], 0), n_train=2_000, n_test=1_000, C=0.1)
    result = calibrated(score, repeats=2)
    assert result.floor < 0.02
    assert result.ceiling > 0.15
    assert score.recipe.estimate.keywords["C"] == 0.1


def test_C_must_be_positive():
    with pytest.raises(ValueError, match=r"C must be positive, got 0; the study has 0\.01"):
        sap(perfect((3, 4)), C=0)


def test_codes_that_are_not_finite_are_refused_with_their_dimension():
    broken = changed(perfect((3, 4)), lambda codes: codes * [1, np.nan])
    with pytest.raises(ValueError, match=r"in dimensions \[1\]"):
        sap(broken)
