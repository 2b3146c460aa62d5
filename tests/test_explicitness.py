"""Explicitness: scikit-learn's numbers, known values, and what must not move it."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES, changed, doubled, padded, permuted_and_flipped, rotated
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from dvae_course.metrics import Representation, calibrated, noise, perfect
from dvae_course.metrics.explicitness import (
    areas,
    explicitness,
    explicitness_from_samples,
    explicitness_from_split,
)
from dvae_course.metrics.split import Split


@pytest.mark.parametrize(
    ("name", "expected"),
    # dlib's own code on oracle codes, 10,000 and 5,000 points
    [("dSprites", 0.987), ("Shapes3D", 1.000), ("Cars3D", 0.976)],
)
def test_a_perfect_code_reaches_the_known_ceiling(name, expected):
    assert explicitness(perfect(SIZES[name])).value == pytest.approx(expected, abs=0.0015)


def test_every_factor_twice_scores_the_known_value():
    # a doubled code halves the penalty: slightly above the ceiling of a single one
    assert explicitness(doubled(SIZES["dSprites"])).value == pytest.approx(0.991, abs=0.0015)


def test_a_rotation_is_forgiven():
    values = [explicitness(rotated(SIZES["dSprites"], seed)).value for seed in range(3)]
    assert np.mean(values) == pytest.approx(0.982, abs=0.006)


@pytest.mark.parametrize("name", ["dSprites", "Cars3D"])
def test_noise_scores_a_half(name):
    assert explicitness(noise(SIZES[name], 10)).value == pytest.approx(0.5, abs=0.01)


def test_it_is_scikit_learns_straightforward_way():
    split = Split.drawn(rotated((3, 4, 10), 1), 0, 800, 400)
    scaler = StandardScaler().fit(split.train_codes)
    train, test = scaler.transform(split.train_codes), scaler.transform(split.test_codes)
    expected = []
    for values, truth in zip(split.train_factors.T, split.test_factors.T, strict=True):
        probabilities = LogisticRegression().fit(train, values).predict_proba(test)
        each = [roc_auc_score(truth == v, p) for v, p in enumerate(probabilities.T)]
        expected.append(np.mean(each))
    score = explicitness_from_split(split)
    np.testing.assert_allclose(score.tables["test_auc"], expected, rtol=0, atol=1e-10)
    assert score.value == pytest.approx(np.mean(expected), abs=1e-10)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 4))
def test_areas_are_the_share_of_pairs_in_the_right_order(seed, size, levels):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.concatenate([np.arange(size), rng.integers(size, size=20)]))
    scores = rng.integers(levels, size=(len(truth), size)).astype(float)  # with many ties
    for value, area in enumerate(areas(scores, truth)):
        with_it, without = scores[truth == value, value], scores[truth != value, value]
        right = np.sign(with_it[:, None] - without) / 2 + 0.5
        assert area == pytest.approx(right.mean(), abs=1e-12)


def test_values_missing_from_one_part_are_left_out_or_count_a_half():
    factors = np.array([[0], [1]] * 50 + [[2]] * 20)
    codes = factors.astype(float)
    train, test = slice(0, 80), slice(80, None)  # the value 2 is in the test part alone
    unseen = explicitness_from_split(
        Split(factors[train], codes[train], factors[test], codes[test])
    )
    # of 0: all others lie higher; of 1: value 2 lies higher, 10 of 30 pairs right
    assert unseen.tables["test_auc"] == pytest.approx([(1 + 1 / 3 + 1 / 2) / 3])
    absent = explicitness_from_split(
        Split(factors[80:], codes[80:], factors[:20], codes[:20])  # 2 is in the train part alone
    )
    assert absent.tables["test_auc"] == pytest.approx([1])


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_dimensions_change_nothing(constant):
    code = rotated(SIZES["SmallNORB"], 0)
    with_dead = explicitness(padded(code, 3, constant), n_train=1_000)
    assert with_dead.value == explicitness(code, n_train=1_000).value


def test_codes_that_are_all_dead_score_a_half():
    dead = Representation((4, 5), lambda f: np.full((len(f), 2), 0.1))
    assert explicitness(dead, n_train=200, n_test=100).value == pytest.approx(0.5, abs=1e-12)


def test_order_sign_scale_and_shift_of_codes_do_not_matter():
    code = rotated((3, 4, 10), 0)
    other = changed(permuted_and_flipped(code, 3, 1), lambda z: z * [0.01, 3, 200] + 7)
    first, second = (explicitness(c, n_train=1_000, n_test=1_000).value for c in (code, other))
    assert first == pytest.approx(second, abs=1e-3)


def test_given_samples_are_split_at_random():
    factors, codes = perfect((3, 4)).sample(600)
    order = np.lexsort(factors.T)
    assert explicitness_from_samples(factors[order], codes[order]).value > 0.98


def test_it_is_calibrated_between_noise_and_perfect():
    result = calibrated(explicitness(rotated((3, 4, 10), 0), n_train=1_000, n_test=500))
    assert result.floor == pytest.approx(0.5, abs=0.02)
    assert result.value == pytest.approx(1, abs=0.05)


def test_wrong_data_are_refused():
    broken = Representation((3, 4), lambda f: np.where([[False, True]], np.inf, f[:, :2]))
    with pytest.raises(ValueError, match=r"dimensions \[1\]"):
        explicitness(broken)
    factors, codes = perfect((3, 4)).sample(50)
    constant = factors[:10] * [1, 0]
    with pytest.raises(ValueError, match=r"factors \[1\] have a single value each in the 10 rows"):
        explicitness_from_split(Split(factors, codes, constant, codes[:10]))
