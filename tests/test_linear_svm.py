"""The support vector machine of one code: scikit-learn's lines, and no better ones nearby."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from dvae_course.metrics import linear_svm, perfect
from dvae_course.metrics.split import Split


@pytest.mark.parametrize("C", [1e-3, 0.01, 10.0])
@pytest.mark.parametrize("size", [2, 5])
def test_lines_are_those_of_scikit_learn(C, size):
    rng = np.random.default_rng(size)
    factor = rng.choice(size, 400, p=np.arange(1, size + 1) / np.arange(1, size + 1).sum())
    code = factor + rng.normal(1.0, 0.7, 400)
    lines = linear_svm.fit(code, linear_svm.Problems.of(factor[:, None]), C)
    model = LinearSVC(C=C, class_weight="balanced", tol=1e-12).fit(code[:, None], factor)
    theirs = np.column_stack([model.coef_, model.intercept_])
    np.testing.assert_allclose(lines[-len(theirs) :], theirs, rtol=1e-5, atol=1e-7)


def weighted_loss(line, code, positive, positive_weight, negative_weight, C):
    """½ (w² + b²) + C Σ c_i max(0, 1 − y_i (w x_i + b))², written out."""
    y, c = np.where(positive, 1, -1), np.where(positive, positive_weight, negative_weight)
    violation = np.maximum(0, 1 - y * (line[0] * code + line[1]))
    return (line**2).sum() / 2 + C * (c * violation**2).sum()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(4, 60),
    size=st.integers(2, 5),
    log_scale=st.floats(-3, 3),
    shift=st.floats(-5, 5),
    log_C=st.floats(-3, 3),
    levels=st.sampled_from([2, 5, 1_000]),
)
def test_no_line_nearby_has_a_smaller_loss(seed, n, size, log_scale, shift, log_C, levels):
    rng = np.random.default_rng(seed)
    factor = rng.integers(size, size=n)
    factor[:2] = 0, 1
    code = (rng.integers(levels, size=n) / levels + shift) * 10**log_scale
    C, problems = 10**log_C, linear_svm.Problems.of(factor[:, None])
    for line, value, *weights in zip(
        linear_svm.fit(code, problems, C),
        problems.values,
        problems.positive_weight,
        problems.negative_weight,
        strict=True,
    ):
        found = weighted_loss(line, code, factor == value, *weights, C)
        for _ in range(20):
            nearby = line + rng.normal(size=2) * 10 ** rng.uniform(-4, 0) / [10**log_scale, 1]
            other = weighted_loss(nearby, code, factor == value, *weights, C)
            assert found <= other * (1 + 1e-9)


@pytest.mark.parametrize(("size", "middle"), [(5, [2]), (7, [3]), (40, range(14, 26))])
def test_the_values_in_the_middle_are_never_guessed_however_perfect_the_code(size, middle):
    split = Split.drawn(perfect((size, 2)))
    problems = linear_svm.Problems.of(split.train_factors)
    lines = linear_svm.fit(split.train_codes[:, 0], problems, 0.01)
    guesses = linear_svm.predictions(lines, problems, split.test_codes[:, 0])[0]
    assert not np.isin(guesses, middle).any()
    assert np.isin([0, size - 1], guesses).all()
