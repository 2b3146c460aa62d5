"""Downstream tasks: few labels and many, who profits from alignment, and a misleading ratio."""

import warnings

import numpy as np
import pytest
from codes_of_known_quality import changed, padded, rotated
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold

from dvae_course.metrics import Representation, calibrated, noise, perfect
from dvae_course.metrics.downstream import (
    PREDICTORS,
    downstream,
    downstream_from_samples,
    downstream_from_split,
    statistical_efficiency,
)
from dvae_course.metrics.split import Split

SMALL = (3, 4)


def small(representation, predictor="histogram", sizes=(10, 100, 500), seed=0, n_test=500):
    return downstream(representation, seed, sizes, n_test, predictor, progress=False)


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_a_perfect_code_is_learnt_from_many_labels_and_guessed_from_few(predictor):
    score = small(perfect((3, 12)), predictor)
    assert score.tables["accuracy"].shape == (3, 2)
    assert score.value == score.tables["mean_accuracy"][-1] > 0.95
    assert score.tables["accuracy"][0, 1] < 0.9  # ten labels cannot show twelve values


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_noise_stays_at_chance(predictor):
    score = small(noise(SMALL, 3), predictor, n_test=2_000)
    assert score.tables["chance"] == pytest.approx([1 / 3, 1 / 4], abs=0.03)
    np.testing.assert_allclose(score.tables["accuracy"][-1], [1 / 3, 1 / 4], atol=0.05)


def test_logistic_is_the_studys_cross_validation():
    split = Split.drawn(rotated(SMALL, 0), 0, 100, 200)
    score = downstream_from_split(split, 0, (20, 100), "logistic", progress=False)
    for row, n in zip(score.tables["accuracy"], (20, 100), strict=True):
        for factor, accuracy in enumerate(row):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = LogisticRegressionCV(Cs=10, cv=KFold(5))
                model.fit(split.train_codes[:n], split.train_factors[:n, factor])
            truth = split.test_factors[:, factor]
            assert accuracy == np.mean(model.predict(split.test_codes) == truth)


def test_trees_lose_by_a_rotation_what_logistic_regression_does_not():
    sizes = (5, 6, 7)

    def loss(predictor):
        straight = small(perfect(sizes), predictor, (300,)).value
        turned = [small(rotated(sizes, seed), predictor, (300,)).value for seed in range(3)]
        return straight - np.mean(turned)

    assert loss("histogram") > 0.1
    assert loss("logistic") < 0.05


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_ten_labels_that_lack_most_values_raise_no_warning(predictor):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(5):
            accuracy = small(perfect((2, 40)), predictor, (10,), seed).tables["accuracy"]
            assert accuracy[0, 1] <= 10 / 40 + 0.1  # at most ten values can be named


@pytest.mark.parametrize("predictor", PREDICTORS)
@pytest.mark.parametrize("labels", [[1] * 10, [0] * 9 + [1], [0] * 8 + [1, 2]])
def test_labels_nearly_all_alike_are_learnt_from_all_the_same(predictor, labels):
    factors = np.array(labels + [0, 1, 2] * 10)[:, None]
    split = Split(factors, factors.astype(float), factors, factors.astype(float))
    score = downstream_from_split(split, 0, (10,), predictor, progress=False)
    assert score.value >= np.mean(factors == labels[0])


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_dead_dimensions_change_nothing(predictor):
    code = rotated(SMALL, 0)
    plain, with_dead = (
        small(c, predictor, (10, 100)).tables["accuracy"] for c in (code, padded(code, 3, 0.1))
    )
    np.testing.assert_array_equal(plain, with_dead)


def test_codes_that_are_all_dead_name_one_value():
    dead = Representation((4, 5), lambda f: np.full((len(f), 2), 0.1))
    score = small(dead, "histogram")
    assert (score.tables["accuracy"] <= score.tables["chance"]).all()


def test_fewer_labels_are_the_first_of_the_more():
    three, one = (small(rotated(SMALL, 0), sizes=s) for s in ((10, 100, 500), (100, 500)))
    np.testing.assert_array_equal(three.tables["accuracy"][1:], one.tables["accuracy"])


def test_processes_change_no_number():
    two, one = (
        downstream(rotated(SMALL, 0), 0, (10, 50), 100, "logistic", n_jobs, progress=False)
        for n_jobs in (2, 1)
    )
    np.testing.assert_array_equal(two.tables["accuracy"], one.tables["accuracy"])


def test_efficiency_is_the_ratio_of_mean_accuracies():
    score = small(perfect(SMALL))
    accuracy = score.tables["mean_accuracy"]
    efficiency = statistical_efficiency(score, 10, 500)
    assert efficiency.value == pytest.approx(accuracy[0] / accuracy[2])
    np.testing.assert_array_equal(efficiency.tables["few"], score.tables["accuracy"][0])


def test_a_code_that_knows_less_can_look_more_efficient():
    rng = np.random.default_rng(0)
    blurred = changed(perfect((4, 10)), lambda z: z + 3 * rng.standard_normal(z.shape))
    clear, dull = small(perfect((4, 10))), small(blurred)
    assert dull.value < 0.5 * clear.value
    assert (dull.tables["mean_accuracy"] < clear.tables["mean_accuracy"]).all()
    few_many = (10, 500)
    assert (
        statistical_efficiency(dull, *few_many).value
        > statistical_efficiency(clear, *few_many).value
    )


def test_efficiency_has_no_scale_to_be_calibrated_on():
    with pytest.raises(ValueError, match="no perfect code"):
        calibrated(statistical_efficiency(small(perfect(SMALL)), 10, 500))


def test_accuracy_is_calibrated_between_noise_and_perfect():
    result = calibrated(small(rotated(SMALL, 0), "logistic", (10, 100)), repeats=2)
    assert result.metric == "downstream[logistic]"
    assert result.floor == pytest.approx((1 / 3 + 1 / 4) / 2, abs=0.08)


def test_given_samples_are_split_at_random():
    factors, codes = perfect(SMALL).sample(300)
    order = np.lexsort(factors.T)
    score = downstream_from_samples(
        factors[order], codes[order], 0, (100, 200), predictor="histogram", progress=False
    )
    assert score.value > 0.99


def test_wrong_arguments_are_refused():
    code = perfect(SMALL)
    with pytest.raises(
        ValueError, match="logistic, boosting, histogram, untuned, small_forest; got 'svm'"
    ):
        small(code, "svm")
    for sizes in ((), (4, 10), (100, 10), (10, 10)):
        with pytest.raises(ValueError, match="increasing whole numbers from 5 up"):
            small(code, sizes=sizes)
    with pytest.raises(ValueError, match="asks for 100 labels, but there are 40 rows"):
        downstream_from_samples(*code.sample(60), sizes=(10, 100), progress=False)
    with pytest.raises(ValueError, match=r"for \[10, 100, 500\] labels.*not for both 10 and 99"):
        statistical_efficiency(small(code), 10, 99)
    broken = Representation(SMALL, lambda f: np.where([[True, False]], np.nan, f[:, :2]))
    with pytest.raises(ValueError, match=r"dimensions \[0\]"):
        small(broken)
