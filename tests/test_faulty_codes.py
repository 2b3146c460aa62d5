"""Faults that are dialled are the faults that a code has, and none besides."""

import numpy as np
import pytest

from dvae_course import metrics
from dvae_course.metrics.faulty_codes import SIZES, Faults, linear_code, turned


def test_a_code_without_faults_is_the_perfect_one():
    factors, codes = Faults(0, 0, 0, 0).code().sample(100)
    assert np.array_equal(codes, metrics.perfect(SIZES).encode(factors))


def test_a_turn_is_a_rotation_that_leaves_shape_alone():
    U = turned(30)
    assert np.allclose(U.T @ U, np.eye(3))
    assert np.array_equal(U[0], [1, 0, 0])
    assert U[1, 1] == pytest.approx(np.sqrt(3) / 2) and U[2, 1] == pytest.approx(0.5)


def test_noise_has_the_deviation_that_was_asked_for_in_each_code():
    factors, codes = linear_code(np.eye(3), noise=[0, 0.5, 2]).sample(20_000)
    noise = codes - metrics.perfect(SIZES).encode(factors)
    assert noise.std(axis=0) == pytest.approx([0, 0.5, 2], rel=0.02)


def test_the_same_combinations_get_the_same_noise_and_others_another():
    code = linear_code(np.eye(3), noise=1)
    first, again = code.sample(50, seed=0)[1], code.sample(50, seed=0)[1]
    assert np.array_equal(first, again)
    clean = metrics.perfect(SIZES)
    residuals = [z - clean.encode(f) for f, z in (code.sample(50, seed=s) for s in (0, 1))]
    assert not np.allclose(*residuals)


def test_useless_codes_know_nothing_and_copies_are_alike():
    code = Faults(angle=20, noise=0, useless=2, copies=1).code()
    factors, codes = code.sample(20_000)
    assert codes.shape == (20_000, 6)
    assert np.array_equal(codes[:, 0], codes[:, 3])
    clean = metrics.perfect(SIZES).encode(factors)
    assert np.abs(np.corrcoef(clean.T, codes[:, 4:].T)[:3, 3:]).max() < 0.03


def test_drawn_faults_are_repeatable_spread_over_their_range_and_independent():
    assert Faults.drawn(7) == Faults.drawn(7)
    found = np.array([list(vars(Faults.drawn(seed)).values()) for seed in range(400)])
    assert found.min(axis=0) == pytest.approx([0, 0, 0, 0], abs=0.5)
    assert found.max(axis=0) == pytest.approx([45, 1, 3, 1], rel=0.02)
    assert np.abs(np.corrcoef(found.T) - np.eye(4)).max() < 0.15


@pytest.mark.parametrize("A", [np.eye(2), np.zeros(3), np.zeros((3, 4))])
def test_a_matrix_without_a_column_for_each_factor_is_refused(A):
    with pytest.raises(ValueError, match=r"expected \(codes, 3\)"):
        linear_code(A)


@pytest.mark.parametrize("noise", [-1, [0, 0], [0, 0, -0.1]])
def test_a_noise_that_is_none_is_refused(noise):
    with pytest.raises(ValueError, match="one for each of the 3 codes"):
        linear_code(np.eye(3), noise=noise)
