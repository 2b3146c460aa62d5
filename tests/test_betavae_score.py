"""BetaVAE score: its ceiling and floor, what it forgives, and what must not move it."""

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
from dvae_course.metrics.betavae_score import betavae_score
from dvae_course.metrics.interventions import interventions
from dvae_course.randomness import generator

FEW = {"n_train": 2_000, "n_test": 1_000}


@pytest.mark.parametrize("name", SIZES)
def test_a_perfect_code_scores_1(name):
    assert betavae_score(perfect(SIZES[name]), **FEW).value == 1


@pytest.mark.parametrize("name", SIZES)
def test_noise_scores_chance(name):
    chance = 1 / len(SIZES[name])
    value = betavae_score(noise(SIZES[name], 10), n_train=2_000, n_test=5_000, batch_size=16).value
    assert value == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 5_000))


@pytest.mark.parametrize(
    ("name", "expected"),
    # the mean of six random rotations by dlib's own code
    [("dSprites", 0.895), ("Shapes3D", 0.867), ("SmallNORB", 0.958)],
)
def test_rotations_are_mostly_forgiven(name, expected):
    values = [betavae_score(rotated(SIZES[name], seed), **FEW).value for seed in range(6)]
    assert np.mean(values) == pytest.approx(expected, abs=3 * np.std(values) * np.sqrt(2 / 6))


@pytest.mark.parametrize(("name", "expected"), [("Cars3D", 0.922), ("faces", 0.917)])
def test_the_rotation_by_60_degrees_about_a_diagonal_scores_as_known(name, expected):
    r = np.sqrt(6) / 4
    U = np.array([[0.75, 0.25, r], [0.25, 0.75, -r], [-r, r, 0.5]])
    value = betavae_score(changed(perfect(SIZES[name]), lambda codes: codes @ U.T), **FEW).value
    assert value == pytest.approx(expected, abs=0.03)  # 4 standard errors of 1,000 votes


@pytest.mark.parametrize("unknown", range(5))
def test_a_code_that_knows_nothing_of_one_factor_can_score_1(unknown):
    # Kim and Mnih (2018): the factor that it lacks is the one for which all others differ
    code = changed(perfect(SIZES["dSprites"]), lambda codes: np.delete(codes, unknown, axis=1))
    assert betavae_score(code, **FEW).value > 0.999


def test_a_code_that_knows_nothing_of_two_factors_cannot_tell_these_apart():
    code = changed(perfect(SIZES["dSprites"]), lambda codes: codes[:, :3])
    assert betavae_score(code, **FEW).value == pytest.approx(3 / 5 + 1 / 5, abs=0.05)


def test_every_factor_twice_scores_1():
    assert betavae_score(doubled(SIZES["dSprites"]), **FEW).value == 1


def test_it_is_the_plain_estimate_of_the_same_votes():
    code = rotated(SIZES["SmallNORB"], 2)
    features, labels = [], []
    rng = generator(3, "metrics betavae votes")
    for which, factors in interventions(code.factor_sizes, 1_500, 2, 64, rng):
        for vote, k in enumerate(which):
            first, second = code.encode(factors[0, :, vote]), code.encode(factors[1, :, vote])
            features.append(reference.distance(first, second))
            labels.append(k)
    expected = reference.judge_distances(np.array(features), np.array(labels), 1_000)
    assert betavae_score(code, 3, n_train=1_000, n_test=500).value == pytest.approx(
        expected, abs=0.005
    )


def test_it_agrees_with_a_loop_over_votes_of_its_own():
    code = rotated(SIZES["dSprites"], 0)
    expected = reference.betavae_score_reference(code, **FEW)
    # 4 standard errors of the difference of two accuracies of 1,000 votes
    assert betavae_score(code, **FEW).value == pytest.approx(expected, abs=0.055)


def test_the_tables_recompute_the_value():
    code = rotated(SIZES["SmallNORB"], 0)
    score = betavae_score(code, **FEW)
    confusion, difference = score.tables["confusion"], score.tables["difference"]
    assert confusion.sum() == 1_000
    assert score.value == confusion.trace() / 1_000
    assert difference.shape == (4, 4)
    perfect_difference = betavae_score(perfect((4, 5, 6)), **FEW).tables["difference"]
    assert (np.diag(perfect_difference) == 0).all()
    assert perfect_difference[~np.eye(3, dtype=bool)].min() > 1  # E|z₁ − z₂| is 1.1 to 1.2


def test_order_and_sign_of_codes_do_not_matter():
    code = rotated(SIZES["SmallNORB"], 0)
    other = permuted_and_flipped(code, 4, seed=1)
    assert betavae_score(code, **FEW).value == pytest.approx(
        betavae_score(other, **FEW).value, abs=0.002
    )


@pytest.mark.parametrize("constant", [0.0, 0.1, -3e5])
def test_dead_dimensions_change_nothing(constant):
    code = rotated(SIZES["SmallNORB"], 0)
    score = betavae_score(padded(code, 3, constant), **FEW)
    assert score.value == betavae_score(code, **FEW).value
    assert (score.tables["difference"][4:] == 0).all()


def test_a_dimension_that_varies_by_rounding_alone_is_dead():
    rng = np.random.default_rng(0)
    rounding = Representation((4, 5), lambda f: 1e6 * (1 + 1e-8 * rng.random((len(f), 2))))
    score = betavae_score(rounding, **FEW)
    assert (score.tables["difference"] == 0).all()
    assert score.recipe.n_codes == 0
    assert score.value == pytest.approx(0.5, abs=0.06)  # one factor is guessed always


def test_a_looser_penalty_changes_what_small_codes_score():
    small = changed(rotated(SIZES["dSprites"], 0), lambda codes: codes / 20)
    assert betavae_score(small, C=100.0, **FEW).value > betavae_score(small, **FEW).value + 0.02


def test_seeds_draw_other_votes_and_repeat_their_own():
    code = rotated(SIZES["dSprites"], 0)
    first, again, other = (betavae_score(code, seed, **FEW) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.tables["confusion"], again.tables["confusion"])
    assert (first.tables["confusion"] != other.tables["confusion"]).any()


def test_calibrated_takes_it_with_its_parameters():
    score = betavae_score(rotated(SIZES["faces"], 0), n_train=1_000, n_test=500, batch_size=32)
    result = calibrated(score, repeats=2)
    assert result.ceilings == (1, 1)
    assert result.floor == pytest.approx(1 / 3, abs=0.07)
    assert score.recipe.estimate.keywords == {
        "n_train": 1_000,
        "n_test": 500,
        "batch_size": 32,
        "C": 1.0,
    }


def test_a_single_factor_leaves_nothing_to_tell_apart():
    with pytest.raises(ValueError, match="at least 2 factors; there is 1, of 7 values"):
        betavae_score(perfect((7,)))


def test_votes_that_all_fix_one_factor_are_refused():
    with pytest.raises(ValueError, match=r"all n_train=1 votes .* draw more votes"):
        betavae_score(perfect((3, 4)), n_train=1, n_test=1)


def test_codes_that_are_not_finite_are_refused_with_their_dimension():
    broken = changed(perfect((3, 4)), lambda codes: codes * [1, np.nan])
    with pytest.raises(ValueError, match=r"in dimensions \[1\]"):
        betavae_score(broken)
