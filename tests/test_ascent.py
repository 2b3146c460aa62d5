"""Promises of the optimiser: it reaches optima that are known, in place, and refuses bad starts."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.theory.ascent import maximise
from dvae_course.theory.linear_gaussian import LinearGaussian
from dvae_course.theory.rotation import nearest_diagonal


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**20), beta=st.floats(0.25, 8))
def test_it_finds_the_best_diagonal_posterior_which_has_a_closed_form(seed, beta):
    draw = torch.Generator().manual_seed(seed)
    W, x = torch.randn(2, 3, 3, dtype=torch.float64, generator=draw)
    model = LinearGaussian(W[:, :2], 1.0)
    free = torch.zeros(2, 3, 2, dtype=torch.float64, requires_grad=True)
    maximise(lambda: model.elbo(x, DiagonalGaussian(*free), beta).sum(), [free], 500)
    best = nearest_diagonal(model.posterior(x, beta))
    torch.testing.assert_close(free.detach()[0], best.mu, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(free.detach()[1], best.log_var, rtol=1e-5, atol=1e-6)


def test_no_steps_and_no_finite_start_are_refused():
    free = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        maximise(lambda: -free.square().sum(), [free], 0)
    with pytest.raises(ValueError, match="value at the start is -inf"):
        maximise(lambda: free.log().sum(), [free], 5)
