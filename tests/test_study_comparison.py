"""Our table beside a published one: identical, unrelated, and what relabelling says."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from study_frames import frame_of, six_metrics

from dvae_course.study.agreement import Correlations, rank_correlations
from dvae_course.study.comparison import compare
from dvae_course.study.published import (
    Published,
    noisy_dsprites_metrics,
    shapes3d_unsupervised,
)


def ours_as(theirs: Published, shift: float = 0) -> Correlations:
    values = theirs.values + shift
    resampled = values + np.random.default_rng(0).normal(0, 2, (200, *values.shape))
    return Correlations(
        theirs.rows, theirs.columns, values, values - 4, values + 4, resampled, 360, 0
    )


@pytest.mark.parametrize("theirs", [noisy_dsprites_metrics(), shapes3d_unsupervised()])
def test_the_published_table_agrees_with_itself_as_no_relabelling_does(theirs):
    found = compare(ours_as(theirs), theirs)
    assert found.pattern == pytest.approx(1) and found.difference == 0
    assert found.inside.all()
    assert found.p == 1 / len(found.relabelled)


def test_all_relabellings_are_tried():
    for theirs, number in ((noisy_dsprites_metrics(), 720), (shapes3d_unsupervised(), 24 * 720)):
        assert len(compare(ours_as(theirs), theirs).relabelled) == number


def test_a_constant_shift_keeps_the_pattern_and_is_the_difference():
    found = compare(ours_as(noisy_dsprites_metrics(), shift=7), noisy_dsprites_metrics())
    assert found.pattern == pytest.approx(1)
    assert found.difference == pytest.approx(7)
    assert found.difference_low < 7.2 and found.difference_high > 6.8
    assert not found.inside.any()


def test_pairs_count_once_and_the_diagonal_never():
    theirs = noisy_dsprites_metrics()
    ours = rank_correlations(frame_of(six_metrics()), resamples=200)
    found = compare(ours, theirs)
    upper = np.triu_indices(6, 1)
    expected = np.corrcoef(ours.values[upper], theirs.values[upper])[0, 1]
    assert found.pattern == pytest.approx(expected)
    assert found.difference == pytest.approx(np.abs(ours.values - theirs.values)[upper].mean())
    assert found.pattern_low <= found.pattern <= found.pattern_high


def test_the_test_of_unrelated_tables_is_fair():
    """Over the relabellings of ours, p is spread evenly between 0 and 1."""
    theirs = noisy_dsprites_metrics()
    ours = ours_as(theirs)
    p_values = []
    for order in list(permutations(range(6)))[::30]:
        mixed = ours.values[np.ix_(order, order)]
        p_values.append(compare(replace(ours, values=mixed), theirs).p)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.1)


def test_tables_of_other_names_are_refused_with_both():
    with pytest.raises(ValueError, match="the rows differ: ours are reconstruction"):
        compare(ours_as(shapes3d_unsupervised()), noisy_dsprites_metrics())


def test_too_many_relabellings_are_refused():
    names = tuple("abcdefghi")
    values = np.eye(9) * 100
    big = Published(names, names, values, "")
    with pytest.raises(ValueError, match="9 rows and 9 columns have 362880 relabellings"):
        compare(ours_as(big), big)
