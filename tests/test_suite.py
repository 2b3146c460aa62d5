"""The suite: what each metric gives alone, nothing computed twice, and tables to take away."""

import numpy as np
import pytest
from codes_of_known_quality import padded, permuted_and_flipped, rotated

from dvae_course import metrics
from dvae_course.metrics import Representation, evaluate, evaluate_samples, noise
from dvae_course.metrics.suite import METRICS, SIX, SUITE

SIZES = (4, 3, 5)
CODE = rotated(SIZES, 0)
QUICK = [name for name in SUITE if not name.startswith("dci")]


@pytest.fixture(scope="module")
def scores():
    return evaluate(CODE, seed=3, progress=False)


def test_the_default_is_the_six_metrics_and_the_unsupervised_scores(scores):
    assert tuple(scores) == SUITE
    assert set(SIX) <= set(scores) and len(SIX) == 6


@pytest.mark.parametrize(
    "name", ["mig", "modularity", "sap", "total_correlation", "wasserstein_dependence"]
)
def test_each_gives_what_it_gives_alone(scores, name):
    assert scores[name].value == getattr(metrics, name)(CODE, seed=3).value


@pytest.mark.parametrize("name", ["betavae_score", "factorvae_score"])
def test_those_that_draw_factors_see_the_encoded_grid(scores, name):
    alone = getattr(metrics, name)(CODE, seed=3).value
    assert scores[name].value == pytest.approx(alone, abs=2e-3)  # a vote or two by float32


TOLERANCE = {  # what a flip may move: values on a bin's edge, votes, a tree's ties
    "betavae_score": 2e-3,
    "factorvae_score": 2e-3,
    "mig": 0.02,
    "dci_disentanglement": 0.02,
    "modularity": 0.02,
    "sap": 2e-3,
    "mutual_information_score": 0.03,
}


def test_order_and_sign_of_codes_move_no_score(scores):
    other = evaluate(permuted_and_flipped(CODE, 3, seed=1), seed=3, progress=False)
    for name, score in scores.items():
        tolerance = TOLERANCE.get(name, 1e-9)
        assert other[name].value == pytest.approx(score.value, abs=tolerance), name


def test_dead_codes_move_no_score(scores):
    other = evaluate(padded(CODE, 2, constant=0.3), seed=3, progress=False)
    for name, score in scores.items():
        assert other[name].value == pytest.approx(score.value, abs=1e-9), name


def test_dci_says_by_which_learner(scores):
    frame = scores.to_pandas().set_index("metric")
    assert frame.loc["dci_disentanglement", "estimator"] == "histogram"
    assert frame.loc["mig", "estimator"] == ""
    assert frame.loc["mig", "value"] == scores["mig"].value


def test_both_kinds_of_frame_hold_the_same(scores):
    assert scores.to_polars().rows() == list(scores.to_pandas().itertuples(index=False, name=None))


def test_the_three_letters_of_dci_come_from_one_fit():
    names = ["dci_disentanglement", "dci_completeness", "dci_informativeness"]
    three = evaluate(noise((2, 3), 2), names, progress=False)
    tables = [score.tables["importances"] for score in three.values()]
    assert tables[0] is tables[1] is tables[2]


def test_the_sample_is_encoded_once_for_all_metrics_of_it():
    calls = []

    def encode(factors):
        calls.append(len(factors))
        return factors * 1.0

    evaluate(Representation(SIZES, encode), ["mig", "modularity", "sap"], progress=False)
    assert calls == [10_000, 5_000]


def test_given_samples_have_the_scores_of_their_split():
    factors, codes = CODE.sample(3_000, seed=1)
    found = evaluate_samples(factors, codes, ["mig", "sap"], seed=2, progress=False)
    again = evaluate_samples(factors, codes, ["sap"], seed=2, progress=False)
    assert found["sap"].value == again["sap"].value
    assert found["sap"].value == metrics.sap_from_samples(factors, codes, seed=2).value


def test_a_sample_cannot_answer_what_needs_other_factors():
    factors, codes = CODE.sample(300)
    with pytest.raises(ValueError, match="complete grid"):
        evaluate_samples(factors, codes, ["betavae_score"], progress=False)


@pytest.mark.parametrize("score", [evaluate, lambda code, names: evaluate_samples(*code, names)])
def test_an_unknown_metric_is_answered_with_the_known_ones(score):
    code = CODE if score is evaluate else CODE.sample(300)
    with pytest.raises(ValueError, match=r"\['irs'\].*betavae_score.*sap"):
        score(code, ["mig", "irs"])


def test_every_metric_runs_and_gives_a_finite_number():
    factors, codes = CODE.sample(15_100)
    names = [name for name in METRICS if name not in ("betavae_score", "factorvae_score")]
    found = evaluate_samples(factors, codes, names, progress=False)
    assert np.isfinite([score.value for score in found.values()]).all()


@pytest.mark.parametrize("name", QUICK)
def test_no_metric_lets_a_nan_pass(name):
    broken = Representation(SIZES, lambda f: np.where(f == 2, np.nan, f.astype(float)))
    with pytest.raises(ValueError, match=r"dimensions \[0, 1, 2\]"):
        evaluate(broken, [name], progress=False)
