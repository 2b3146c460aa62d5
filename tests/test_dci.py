"""DCI: the published estimate, what it punishes and forgives, and what must not move it."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES, changed, doubled, padded, permuted_and_flipped, rotated
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import dci_reference as reference
from scipy.stats import ortho_group
from sklearn.ensemble import HistGradientBoostingClassifier

from dvae_course.metrics import Representation, calibrated, mig, noise, perfect
from dvae_course.metrics.dci import (
    dci,
    dci_completeness,
    dci_from_samples,
    dci_from_split,
    dci_informativeness,
    dci_tables,
)
from dvae_course.metrics.split import Split
from dvae_course.metrics.trees import gains

SMALL = (3, 4)
ESTIMATORS = ("boosting", "histogram", "forest", "tree")


def small(representation, estimator="boosting", seed=0, n_train=300):
    return dci(representation, seed, n_train, n_test=200, estimator=estimator, progress=False)


def numbers(score):
    return [part.value for part in (score, dci_completeness(score), dci_informativeness(score))]


@pytest.mark.parametrize("estimator", ["boosting", "histogram"])
def test_a_perfect_code_scores_1_in_all_three(estimator):
    score = small(perfect(SIZES["SmallNORB"]), estimator, n_train=600)
    assert numbers(score) == pytest.approx([1, 1, 1], abs=1e-4)


def test_boosting_is_the_published_estimate():
    turn = ortho_group.rvs(3, random_state=1)
    code = Representation(
        SMALL, lambda f: np.hstack([perfect(SMALL).encode(f), np.cos(f[:, :1])]) @ turn
    )
    split = Split.drawn(code, 3, 300, 200)
    ours = dci_from_split(split, 3, progress=False)
    theirs = reference.dci(
        split.train_factors, split.train_codes, split.test_factors, split.test_codes, seed=3
    )
    np.testing.assert_array_equal(ours.tables["importances"], theirs["importances"])
    assert ours.tables["train_accuracy"].mean() == theirs["train_accuracy"]
    assert numbers(ours) == pytest.approx(
        [theirs["disentanglement"], theirs["completeness"], theirs["test_accuracy"]], abs=1e-12
    )


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 1).map(lambda v: v if v > 1e-3 else 0.0)))
def test_scores_of_any_importances_are_the_definitions(R):
    tables = dci_tables(R, np.ones(4, bool))
    disentanglement = tables["code_weights"] @ tables["disentanglement"]
    completeness = tables["factor_weights"] @ tables["completeness"]
    assert disentanglement == pytest.approx(reference.weighted(R), abs=1e-9)
    assert completeness == pytest.approx(reference.weighted(R.T), abs=1e-9)
    assert min(disentanglement, completeness) >= -1e-9
    assert max(disentanglement, completeness) <= 1 + 1e-9


def test_importances_spread_by_hand():
    R = np.array([[0.5, 0.5], [0.5, 0.0], [0.0, 0.5]])
    tables = dci_tables(R, np.ones(3, bool))
    assert tables["disentanglement"] == pytest.approx([0, 1, 1], abs=1e-9)
    assert tables["code_weights"] == pytest.approx([0.5, 0.25, 0.25])
    assert tables["completeness"] == pytest.approx(2 * [1 - np.log(2) / np.log(3)], abs=1e-9)


def test_where_nothing_is_important_weights_are_uniform_and_scores_0():
    tables = dci_tables(np.zeros((5, 2)), np.ones(5, bool))
    assert tables["code_weights"] == pytest.approx(5 * [0.2])
    assert tables["disentanglement"] == pytest.approx(np.zeros(5), abs=1e-12)
    assert tables["completeness"] == pytest.approx(np.zeros(2), abs=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_codes_that_are_all_dead_score_0_and_the_commonest_value_is_guessed(estimator):
    dead = Representation((4, 5), lambda f: np.full((len(f), 2), 0.1))
    split = Split.drawn(dead, 0, 300, 200)
    score = dci_from_split(split, 0, estimator, progress=False)
    commonest = [np.bincount(column).argmax() for column in split.train_factors.T]
    expected = (split.test_factors == commonest).mean()
    assert numbers(score) == pytest.approx([0, 0, expected], abs=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_dimensions_change_nothing(estimator, constant):
    code = rotated(SMALL, 0)
    plain, with_dead = small(code, estimator), small(padded(code, 3, constant), estimator)
    assert numbers(with_dead) == numbers(plain)
    assert with_dead.tables["importances"].shape == (5, 2)
    assert not with_dead.tables["importances"][2:].any()
    assert with_dead.tables["code_weights"][2:].tolist() == [0, 0, 0]


def test_the_padded_base_would_have_raised_completeness():
    # with all codes for a base, as published, dead ones make a spread factor look more compact
    R = small(padded(rotated(SMALL, 0), 3)).tables["importances"]
    assert reference.weighted(R.T) > reference.weighted(R[:2].T) + 0.1


@pytest.mark.parametrize("estimator", ["boosting", "histogram"])
def test_every_factor_twice_lowers_completeness_alone(estimator):
    # each factor in 2 of 6 codes: 1 − log 2 / log 6
    score = small(doubled((3, 4, 5)), estimator, n_train=500)
    expected = [1, 1 - np.log(2) / np.log(6), 1]
    assert numbers(score) == pytest.approx(expected, abs=0.02)


def test_ties_are_shared_whatever_the_copy():
    def copies(codes):
        return np.hstack([codes, -(codes**3)])

    table = small(changed(rotated(SMALL, 0), copies), "histogram").tables["importances"]
    np.testing.assert_array_equal(table[:2], table[2:])
    assert table.sum(axis=0) == pytest.approx([1, 1])


def test_gains_add_up_the_splits_of_the_trees():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 3))
    fitted = HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=2)
    fitted.fit(inputs, (inputs[:, 1] > 0.2).astype(int))
    assert gains(fitted, inputs).tolist() == [0, 1, 0]  # one split, on the input that matters


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_order_and_sign_of_codes_hardly_matter(estimator):
    # small nodes tie, and which tie wins depends on the order
    code = rotated(SMALL, 1)
    other = permuted_and_flipped(code, 2, seed=1)
    assert numbers(small(other, estimator)) == pytest.approx(
        numbers(small(code, estimator)), abs=0.03
    )


@pytest.mark.parametrize("estimator", ["boosting", "histogram"])
def test_a_rotation_loses_disentanglement(estimator):
    values = [small(rotated(SIZES["faces"], seed), estimator).value for seed in range(2)]
    assert max(values) < 0.7 * small(perfect(SIZES["faces"]), estimator).value


@pytest.mark.parametrize("estimator", ["boosting", "histogram"])
def test_noise_scores_nearly_0(estimator):
    assert small(noise(SMALL, 3), estimator).value < 0.05


def test_the_histogram_estimate_is_near_the_published_one():
    for seed in range(3):
        code = rotated((4, 5, 6), seed)
        exact, fast = small(code, n_train=600), small(code, "histogram", n_train=600)
        assert numbers(fast) == pytest.approx(numbers(exact), abs=0.08)


def test_fewer_codes_than_factors_will_do():
    one = Representation(SMALL, lambda f: f[:, :1].astype(float))
    score = small(one)
    assert score.tables["importances"].shape == (1, 2)
    assert dci_completeness(score).value == 1
    assert score.tables["test_accuracy"][0] == 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_processes_change_no_number(estimator):
    code = rotated(SMALL, 0)
    together = dci(code, 0, 200, 100, estimator, n_jobs=2, progress=False)
    alone = dci(code, 0, 200, 100, estimator, n_jobs=1, progress=False)
    for name, table in alone.tables.items():
        np.testing.assert_array_equal(together.tables[name], table)


def test_given_samples_are_split_at_random():
    factors, codes = perfect(SMALL).sample(300)
    order = np.lexsort(factors.T)  # sorted: the last rows would hold one value only
    score = dci_from_samples(factors[order], codes[order], estimator="histogram", progress=False)
    assert numbers(score) == pytest.approx([1, 1, 1], abs=1e-3)
    assert score.recipe.estimate.keywords["n_train"] == 200


def test_the_learner_is_in_the_name_of_each_score():
    score = small(perfect(SMALL), "histogram")
    parts = (score, dci_completeness(score), dci_informativeness(score))
    assert [part.recipe.metric for part in parts] == [
        "dci[histogram]",
        "dci completeness[histogram]",
        "dci informativeness[histogram]",
    ]


def test_each_part_is_calibrated_by_its_own_estimates():
    score = small(rotated(SMALL, 0), "histogram", n_train=500)
    informativeness = calibrated(dci_informativeness(score), repeats=2)
    assert informativeness.floor == pytest.approx((1 / 3 + 1 / 4) / 2, abs=0.1)
    assert informativeness.ceiling == 1
    completeness = calibrated(dci_completeness(score), repeats=2)
    assert completeness.floor < 0.1 and completeness.ceiling > 0.999
    assert 0 < completeness.value < 1


def test_nan_is_refused_with_its_dimension():
    broken = Representation(SMALL, lambda f: np.where([[False, True]], np.nan, f[:, :2]))
    with pytest.raises(ValueError, match=r"dimensions \[1\]"):
        small(broken)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="boosting, histogram, forest, tree; got 'xgboost'"):
        small(perfect(SMALL), "xgboost")
    with pytest.raises(ValueError, match="at least 2 factors; there is 1"):
        small(perfect((3,)))
    with pytest.raises(ValueError, match="has the tables mutual_information"):
        dci_completeness(mig(perfect(SMALL), n=100))
