"""Modularity: known values, its floor of noise from the closed form, what must not move it."""

import numpy as np
import pytest
from codes_of_known_quality import SIZES, changed, doubled, padded, permuted_and_flipped, rotated
from oracles import information_reference as reference

from dvae_course.metrics import (
    Representation,
    modularity,
    modularity_from_samples,
    noise,
    noise_modularity,
    perfect,
)


@pytest.mark.parametrize("name", SIZES)
def test_a_permutation_of_the_factors_scores_1(name):
    code = permuted_and_flipped(perfect(SIZES[name]), len(SIZES[name]), seed=2)
    assert modularity(code).value == pytest.approx(1, abs=2e-3)


def test_every_factor_twice_scores_1():
    assert modularity(doubled(SIZES["dSprites"])).value == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "known"),
    # dlib's own code on one sample of ten pure-noise codes
    [("dSprites", 0.643), ("Shapes3D", 0.650), ("Cars3D", 0.989), ("SmallNORB", 0.850)],
)
def test_noise_scores_what_is_known_and_near_its_closed_form(name, known):
    sizes = SIZES[name]
    values = [modularity(noise(sizes, 10, seed), seed).value for seed in range(10)]
    error = np.std(values, ddof=1)
    assert abs(np.mean(values) - known) < 3 * error  # `known` is one sample too
    assert np.mean(values) == pytest.approx(noise_modularity(sizes), abs=0.05)


def test_the_closed_form_of_noise_is_the_limit_of_many_estimates():
    # the mean *table* of noise, not the mean of scores: Modularity bends what scatters
    tables = [
        modularity(noise(SIZES["dSprites"], 10, seed), seed, n=2_000).tables["mutual_information"]
        for seed in range(20)
    ]
    factors = np.mean(tables, axis=(0, 1))
    relative = np.square(factors / factors.max())
    limit = 1 - (relative.sum() - 1) / (len(factors) - 1)
    assert limit == pytest.approx(noise_modularity(SIZES["dSprites"]), abs=0.02)


def test_tiny_noise_dimensions_pull_a_perfect_code_towards_the_floor():
    # 0.839 by dlib's own code: five codes at 1 and five at the floor of noise
    rng = np.random.default_rng(0)
    code = changed(
        perfect(SIZES["dSprites"]),
        lambda codes: np.hstack([codes, 1e-3 * rng.standard_normal((len(codes), 5))]),
    )
    assert modularity(code).value == pytest.approx(0.839, abs=0.03)


def test_it_is_the_plain_estimate():
    factors, codes = rotated(SIZES["dSprites"], 1).sample(3_000)
    ours = modularity_from_samples(factors, codes).value
    assert ours == pytest.approx(reference.modularity(factors, codes), abs=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_dead_dimensions_change_nothing(constant):
    code = rotated(SIZES["SmallNORB"], 0)
    score = modularity(padded(code, 3, constant))
    assert score.value == pytest.approx(modularity(code).value, abs=1e-15)
    assert score.tables["modularity"][-3:].tolist() == [0, 0, 0]


def test_codes_that_are_all_dead_score_0():
    dead = Representation((4, 5), lambda factors: np.ones((len(factors), 2)))
    assert modularity(dead).value == 0


def test_one_factor_has_no_others_to_compare_with():
    one = Representation((4,), lambda factors: factors.astype(float))
    with pytest.raises(ValueError, match="at least 2 factors; there is 1"):
        modularity(one)
