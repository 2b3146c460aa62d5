"""FactorVAE score: its ceiling and floor, its threshold, and what must not move it."""

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
from dvae_course.metrics.factorvae_score import factorvae_score
from dvae_course.metrics.interventions import interventions
from dvae_course.randomness import generator

FEW = {"n_train": 2_000, "n_test": 1_000}


@pytest.mark.parametrize("name", SIZES)
def test_a_perfect_code_scores_1(name):
    assert factorvae_score(perfect(SIZES[name]), **FEW).value == 1


@pytest.mark.parametrize("name", SIZES)
def test_noise_scores_chance(name):
    chance = 1 / len(SIZES[name])
    score = factorvae_score(noise(SIZES[name], 10), n_train=2_000, n_test=5_000, batch_size=16)
    standard_error = np.sqrt(chance * (1 - chance) / 5_000)
    assert score.value == pytest.approx(chance, abs=4 * standard_error)


@pytest.mark.parametrize(
    ("name", "expected"),
    # the mean of six random rotations by dlib's own code
    [("dSprites", 0.808), ("Shapes3D", 0.775), ("SmallNORB", 0.923)],
)
def test_rotations_are_mostly_forgiven(name, expected):
    values = [factorvae_score(rotated(SIZES[name], seed), **FEW).value for seed in range(6)]
    assert np.mean(values) == pytest.approx(expected, abs=3 * np.std(values) * np.sqrt(2 / 6))


@pytest.mark.parametrize(("name", "expected"), [("Cars3D", 0.694), ("faces", 0.689)])
def test_the_rotation_by_60_degrees_about_a_diagonal_scores_as_known(name, expected):
    r = np.sqrt(6) / 4
    U = np.array([[0.75, 0.25, r], [0.25, 0.75, -r], [-r, r, 0.5]])
    value = factorvae_score(changed(perfect(SIZES[name]), lambda codes: codes @ U.T), **FEW).value
    assert value == pytest.approx(expected, abs=0.06)  # 3 standard errors of two lots of votes


def test_a_code_that_knows_nothing_of_one_factor_cannot_score_1():
    # what the score was made for: the BetaVAE score gives such a code 1
    code = changed(perfect(SIZES["dSprites"]), lambda codes: codes[:, 1:])
    assert factorvae_score(code, **FEW).value < 0.9


def test_every_factor_twice_scores_1():
    assert factorvae_score(doubled(SIZES["dSprites"]), **FEW).value == 1


def test_it_is_the_plain_estimate_of_the_same_votes():
    code = rotated(SIZES["SmallNORB"], 2)
    variance = code.sample(10_000, 3)[1].var(axis=0, ddof=1)
    votes = [
        (reference.least_varying(code.encode(factors[:, 0, vote]), variance, 0.05), k)
        for which, factors in interventions(
            code.factor_sizes, 1_500, 64, 1, generator(3, "metrics factorvae votes")
        )
        for vote, k in enumerate(which)
    ]
    expected = reference.judge_votes(votes, 1_000)
    assert factorvae_score(code, 3, n_train=1_000, n_test=500).value == expected


def test_it_agrees_with_a_loop_over_votes_of_its_own():
    code = rotated(SIZES["dSprites"], 0)
    expected = reference.factorvae_score_reference(code, **FEW)
    # 4 standard errors of the difference of two accuracies of 1,000 votes
    assert factorvae_score(code, **FEW).value == pytest.approx(expected, abs=0.08)


def test_the_tables_recompute_the_value():
    score = factorvae_score(rotated(SIZES["SmallNORB"], 0), **FEW)
    votes, test_votes = score.tables["votes"], score.tables["test_votes"]
    assert (votes.sum(), test_votes.sum()) == (2_000, 1_000)
    right = sum(test_votes[code, row.argmax()] for code, row in enumerate(votes))
    assert score.value == right / 1_000


def test_votes_are_counted_by_the_code_as_it_was_given():
    # between the active codes 1 and 3 lie inactive ones
    code = changed(perfect((4, 5)), lambda codes: codes[:, [0, 0, 0, 1]] * [0, 1, 1e-3, 1])
    score = factorvae_score(code, **FEW)
    assert score.tables["active"].tolist() == [False, True, False, True]
    assert (score.tables["votes"] > 0).tolist() == [
        [False, False],
        [True, False],
        [False, False],
        [False, True],
    ]


def test_order_and_sign_of_codes_do_not_matter():
    code = rotated(SIZES["SmallNORB"], 0)
    other = permuted_and_flipped(code, 4, seed=1)
    assert factorvae_score(code, **FEW).value == pytest.approx(
        factorvae_score(other, **FEW).value, abs=0.002
    )


def test_the_scale_of_active_codes_does_not_matter():
    code = rotated(SIZES["SmallNORB"], 0)
    stretched = changed(code, lambda codes: codes * [1, 4, 16, 64])
    assert factorvae_score(code, **FEW).value == factorvae_score(stretched, **FEW).value


@pytest.mark.parametrize("constant", [0.0, 0.1, -3e5])
@pytest.mark.parametrize("threshold", [0.0, 0.05])
def test_dead_dimensions_change_nothing_whatever_the_threshold(constant, threshold):
    # with 0 / 0 = NaN for a dead code's relative variance a perfect code scores 0.236
    code = perfect(SIZES["dSprites"])
    score = factorvae_score(padded(code, 5, constant), threshold=threshold, **FEW)
    assert score.value == 1
    assert (score.tables["votes"][5:] == 0).all()
    assert all(np.isfinite(table).all() for table in score.tables.values())


def test_the_threshold_keeps_a_faint_copy_of_a_factor_from_voting():
    # a code that does next to nothing, but that little about the factor that no other knows
    code = changed(perfect((4, 5, 6)), lambda codes: codes * [1, 1, 1e-3])
    assert factorvae_score(code, threshold=0, **FEW).value == 1
    assert factorvae_score(code, **FEW).value < 0.95


def test_without_an_active_code_the_score_is_0():
    faint = changed(perfect((4, 5)), lambda codes: codes * 0.01)
    dead = Representation((4, 5), lambda factors: np.ones((len(factors), 3)))
    for code in (faint, dead):
        score = factorvae_score(code, **FEW)
        assert score.value == 0
        assert not score.tables["votes"].any()
        assert not score.tables["test_votes"].any()


def test_seeds_draw_other_votes_and_repeat_their_own():
    code = rotated(SIZES["dSprites"], 0)
    first, again, other = (factorvae_score(code, seed, **FEW) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.tables["votes"], again.tables["votes"])
    assert (first.tables["votes"] != other.tables["votes"]).any()


def test_calibrated_takes_it_with_its_parameters():
    code = padded(rotated(SIZES["faces"], 0), 2)
    score = factorvae_score(code, n_train=1_000, n_test=500, batch_size=32, n_variance=1_000)
    result = calibrated(score, repeats=2)
    assert score.recipe.n_codes == 3
    assert result.ceilings == (1, 1)
    assert result.floor == pytest.approx(1 / 3, abs=0.07)


def test_a_single_factor_leaves_nothing_to_tell_apart():
    with pytest.raises(ValueError, match="at least 2 factors; there is 1, of 7 values"):
        factorvae_score(perfect((7,)))


def test_one_data_point_has_no_variance():
    with pytest.raises(ValueError, match="batch_size of at least 2, got 1"):
        factorvae_score(perfect((3, 4)), batch_size=1)


def test_codes_that_are_not_finite_are_refused_with_their_dimension():
    broken = changed(perfect((3, 4)), lambda codes: codes * [1, np.nan])
    with pytest.raises(ValueError, match=r"in dimensions \[1\]"):
        factorvae_score(broken)
