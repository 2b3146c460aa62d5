"""A correlation matrix read closely, and what the slides' matrices say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvae_course.study.published import dci_transfer, noisy_dsprites_metrics
from dvae_course.study.structure import spearman_interval, structure

DCI = structure(dci_transfer().values, dci_transfer().rows)


def test_two_groups_of_the_dci_matrix_exceed_the_rest():
    pairs = {frozenset((first, second)) for first, second, *_ in DCI.above(80).rows()}
    assert pairs == {
        frozenset(("dsprites", "color-dsprites")),
        frozenset(("scream-dsprites", "cars3d")),
        frozenset(("cars3d", "shapes3d")),
    }
    assert DCI.pairs["correlation"][:5].to_list() == [95, 93, 85, 69, 68]


def test_the_dci_matrix_groups_the_sprites_then_scream_with_cars_and_leaves_smallnorb_for_last():
    joined = [set(first) | set(second) for first, second, _ in DCI.merges.rows()]
    assert joined[0] == {"dsprites", "color-dsprites"}
    assert joined[1] == {"scream-dsprites", "cars3d"}
    assert joined[2] == {"scream-dsprites", "cars3d", "shapes3d"}
    assert DCI.merges["first"][-1].to_list() == ["smallnorb"]
    assert DCI.merges["correlation"][2] == (69 + 85) / 2
    assert DCI.means.row(-1) == ("smallnorb", (34 + 21 + 17 + 36 + 21 - 9) / 6)


def test_the_published_square_tables_are_possible_correlation_matrices():
    for table in (dci_transfer(), noisy_dsprites_metrics()):
        eigenvalues = structure(table.values, table.rows).eigenvalues
        assert eigenvalues.sum() == pytest.approx(len(table.rows))
        assert (eigenvalues > 0).all() and (np.diff(eigenvalues) <= 0).all()


@given(st.integers(2, 6), st.integers(0, 99))
def test_names_only_name(size, seed):
    """Renaming and reordering the rows changes neither eigenvalues nor the pairs' numbers."""
    values = 100 * np.corrcoef(np.random.default_rng(seed).normal(size=(size, 9)))
    order = np.random.default_rng(seed).permutation(size)
    names = [str(i) for i in range(size)]
    plain = structure(values, names)
    mixed = structure(values[np.ix_(order, order)], names)
    np.testing.assert_allclose(plain.eigenvalues, mixed.eigenvalues, atol=1e-12)
    np.testing.assert_allclose(plain.pairs["correlation"], mixed.pairs["correlation"])
    assert sorted(mixed.names) == names


@given(st.floats(-99, 99), st.integers(4, 500))
def test_intervals_hold_the_correlation_stay_in_bounds_and_shrink(correlation, n):
    low, high = spearman_interval(correlation, n)
    assert -100 <= low < correlation < high <= 100
    wider = spearman_interval(correlation, max(4, n // 2))
    assert wider[0] <= low + 1e-9 and high <= wider[1] + 1e-9


def test_the_interval_covers_ranks_of_correlated_gaussians():
    rng, rho = np.random.default_rng(0), 0.7
    truth = 100 * 6 / np.pi * np.arcsin(rho / 2)  # Spearman's correlation of a Gaussian pair
    inside = []
    for _ in range(300):
        x, noise = rng.normal(size=(2, 36))
        y = rho * x + np.sqrt(1 - rho**2) * noise
        ranks = np.argsort(np.argsort([x, y], axis=1), axis=1)
        low, high = spearman_interval(100 * float(np.corrcoef(ranks)[0, 1]), 36)
        inside.append(low <= truth <= high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.035)


def test_what_is_no_correlation_matrix_is_refused():
    with pytest.raises(ValueError, match="symmetric"):
        structure(np.array([[100.0, 3.0], [2.0, 100.0]]), ["a", "b"])
    with pytest.raises(ValueError, match="multiply"):
        structure(np.eye(2), ["a", "b"])
    with pytest.raises(ValueError, match="each of 2 rows, got 1 names"):
        structure(100 * np.eye(2), ["a"])
    with pytest.raises(ValueError, match="n=3"):
        spearman_interval(50, 3)
