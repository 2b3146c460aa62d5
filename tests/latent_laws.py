"""The univariate laws that the tests of Theorem 1 go through, and points in their bulk."""

import numpy as np
from hypothesis import strategies as st
from scipy import stats

from dvae_course.theory.normal_mixture import NormalMixture

LAWS = {
    "uniform": stats.uniform(-1, 3),
    "Laplace": stats.laplace(),
    "exponential": stats.expon(scale=2),
    "Student-t(3)": stats.t(df=3),
    "logistic": stats.logistic(),
    "Beta(2, 5)": stats.beta(2, 5),
    "Beta(1/2, 1/2)": stats.beta(0.5, 0.5),
    "Gaussian": stats.norm(1, 0.5),
    "mixture": NormalMixture([-2, 1.5], [0.7, 1], [0.3, 0.7]),
}
BOUNDED = {"uniform", "Beta(2, 5)", "Beta(1/2, 1/2)"}
DIMENSIONS = (2, 5, 10)

names = st.sampled_from(sorted(LAWS))
lists_of_names = st.sampled_from(DIMENSIONS).flatmap(
    lambda d: st.lists(names, min_size=d, max_size=d)
)
seeds = st.integers(0, 2**32 - 1)


def laws_of(chosen: list[str]) -> list:
    return [LAWS[name] for name in chosen]


def gaussian_bulk(n: int, d: int, seed: int) -> np.ndarray:
    """Standard Gaussian points no farther than 3 from 0, so that A keeps them within 3 too."""
    h = np.random.default_rng(seed).standard_normal((n, d))
    return h * np.minimum(1, 3 / np.linalg.norm(h, axis=1, keepdims=True))
