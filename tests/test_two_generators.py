"""Two generators with one p(x): the same pictures, the same law of codes, different factors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from dvae_course.datasets import DSprites
from dvae_course.theory.impossibility import along_path, entangling_bijection, householder
from dvae_course.theory.rotation import random_rotation
from dvae_course.theory.two_generators import bins_of, entangled, entangled_codes, spread_in_bins

SIZES = (6, 40, 32, 32)


def sprites_of(z: np.ndarray) -> np.ndarray:
    """Hearts of uniform scale, orientation, x and y."""
    hearts = np.full((len(z), 1), 2)
    return DSprites(side=16).observe(np.hstack([hearts, bins_of(z, SIZES)])).numpy()


@given(arrays(np.int64, (7, 2), elements=st.integers(0, 5)), st.integers(0, 1000))
@settings(deadline=None)
def test_bins_give_the_factors_back(factors, seed):
    z = spread_in_bins(factors, (6, 9), seed)
    assert ((z > 0) & (z < 1)).all()
    np.testing.assert_array_equal(bins_of(z, (6, 9)), factors)


def test_spread_factors_are_uniform_whatever_their_number_of_values():
    factors = np.random.default_rng(0).integers(SIZES, size=(20_000, 4))
    z = spread_in_bins(factors, SIZES, seed=0)
    assert min(stats.kstest(c, "uniform").pvalue for c in z.T) > 0.01 / 4
    assert stats.kstest(factors[:, 0] / 6, "uniform").pvalue < 1e-6


def test_the_entangled_generator_draws_at_f_of_z_what_the_first_draws_at_z():
    f = entangling_bijection([stats.uniform()] * 4, random_rotation(4, seed=0))
    z = spread_in_bins(np.random.default_rng(0).integers(SIZES, size=(200, 4)), SIZES, seed=0)
    np.testing.assert_array_equal(entangled(sprites_of, f)(f.forward(z)), sprites_of(z))


def test_both_generators_make_pictures_of_one_law():
    f = entangling_bijection([stats.uniform()] * 4)
    pictures = sprites_of(f.sample(4_000, seed=1)), entangled(sprites_of, f)(f.sample(4_000, 2))
    area = [p.sum(axis=(1, 2, 3)) for p in pictures]
    assert stats.ks_2samp(*area).pvalue > 0.01
    means = [p.mean(axis=0) for p in pictures]
    error = np.sqrt(sum(p.var(axis=0) for p in pictures) / 4_000)
    assert (np.abs(means[0] - means[1]) <= 5 * error + 1e-6).all()


def test_one_latent_changes_one_factor_of_the_first_generator_and_all_of_the_second():
    f = entangling_bijection([stats.uniform()] * 4)
    z = np.tile([0.52, 0.43, 0.61, 0.37], (2, 1))
    z[1, 2] = 0.8
    changed = np.ptp(bins_of(z, SIZES), axis=0) > 0
    assert changed.tolist() == [False, False, True, False]
    changed = np.ptp(entangled(lambda latents: bins_of(latents, SIZES), f)(z), axis=0) > 0
    assert changed.all()


def test_codes_keep_their_law_and_lose_their_factors_along_the_path():
    factors = np.random.default_rng(3).integers(SIZES, size=(10_000, 4))
    laws, p_values, smallest = [stats.uniform()] * 4, [], []
    for t in (0.0, 0.3, 1.0):
        A = along_path(laws, random_rotation(4, seed=0), t).A
        codes = entangled_codes(factors, SIZES, A, seed=0)
        p_values += [stats.kstest(c, "uniform").pvalue for c in codes.T]
        between = np.abs(np.corrcoef(factors.T, codes.T)[:4, 4:])
        smallest.append(np.diag(between).min())
    assert min(p_values) > 0.01 / len(p_values)
    assert smallest[0] > 0.98
    assert smallest[0] > smallest[1] > smallest[2]


def test_the_identity_gives_the_spread_factors_themselves_and_a_seed_the_same_codes():
    factors = np.random.default_rng(0).integers(SIZES, size=(50, 4))
    codes = entangled_codes(factors, SIZES, np.eye(4), seed=5)
    np.testing.assert_allclose(codes, spread_in_bins(factors, SIZES, seed=5), rtol=1e-12)
    A = random_rotation(4, seed=0)
    again = [entangled_codes(factors, SIZES, A, seed) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(again[0], again[1])
    assert (again[0] != again[2]).all()


def test_what_is_outside_the_grid_is_refused():
    inside = np.zeros((3, 2), dtype=np.int64)
    with pytest.raises(ValueError, match=r"below \(6, 9\), got \[0, 0\] to \[6, 0\]"):
        spread_in_bins(np.array([[0, 0], [6, 0]]), (6, 9))
    with pytest.raises(ValueError, match=r"shape \(n, 3\).*got \(3, 2\)"):
        spread_in_bins(inside, (6, 9, 2))
    with pytest.raises(ValueError, match=r"latents must lie in \(0, 1\), got 0 to 1"):
        bins_of(np.array([[0.0, 1.0]]), (6, 9))
    with pytest.raises(ValueError, match="A must be orthogonal"):
        entangled_codes(inside, (6, 9), 2 * householder(2))
