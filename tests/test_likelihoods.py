"""Likelihoods: stacks, learned scales, their optimum, and refusals."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dvae_course.likelihoods import (
    BernoulliLikelihood,
    GaussianLikelihood,
    HeteroscedasticLikelihood,
    LaplaceLikelihood,
)
from dvae_course.stacking import stack

PAIRS = {
    "bernoulli": [BernoulliLikelihood(), BernoulliLikelihood()],
    "gaussian": [GaussianLikelihood(0.1), GaussianLikelihood(2.0)],
    "learned gaussian": [GaussianLikelihood(0.1, learned=True), GaussianLikelihood(2.0, True)],
    "heteroscedastic": [HeteroscedasticLikelihood(0.1), HeteroscedasticLikelihood(0.1)],
    "laplace": [LaplaceLikelihood(0.1), LaplaceLikelihood(2.0)],
}


@pytest.mark.parametrize("data", [(5,), (1, 4, 4)], ids=["vectors", "images"])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_stack_has_each_likelihoods_own_values_and_gradients(pair, data):
    source = torch.Generator().manual_seed(0)
    decoded = torch.randn(2, 3, *data, pair[0].outputs, generator=source).double()
    decoded.requires_grad_()
    x = torch.rand(2, 3, *data, generator=source).double()
    together = stack(pair).double()
    values = together(decoded).log_prob(x)
    gradient = torch.autograd.grad(values.sum(), [decoded, *together.parameters()])
    for i, likelihood in enumerate(pair):
        likelihood, own = likelihood.double(), decoded[i].detach().requires_grad_()
        alone = likelihood(own).log_prob(x[i])
        torch.testing.assert_close(values[i], alone)
        expected = torch.autograd.grad(alone.sum(), [own, *likelihood.parameters()])
        for ours, theirs in zip(gradient, expected, strict=True):
            torch.testing.assert_close(ours[i], theirs)


def test_a_scale_is_a_parameter_where_it_is_learned_and_only_there():
    assert [p.exp().item() for p in GaussianLikelihood(0.3, learned=True).parameters()] == [
        pytest.approx(0.3)
    ]
    for fixed in (GaussianLikelihood(0.3), LaplaceLikelihood(0.3)):
        assert not list(fixed.parameters())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), size=st.floats(0.01, 10))
def test_the_best_gaussian_scale_is_the_root_mean_square_of_the_residuals(seed, size):
    residuals = size * torch.randn(50, generator=torch.Generator().manual_seed(seed))
    best = residuals.square().mean().sqrt().item()
    likelihood = GaussianLikelihood(best, learned=True)
    log_p = likelihood(torch.zeros(50, 1)).log_prob(residuals).mean()
    (slope,) = torch.autograd.grad(log_p, likelihood.log_scale)
    assert slope.item() == pytest.approx(0, abs=1e-4)


def test_the_floor_bounds_the_density_that_learning_by_heart_can_reach():
    sure = torch.tensor([[0.0, -50.0]])  # mean right, scale as small as can be
    with_floor = HeteroscedasticLikelihood(0.05)(sure).log_prob(torch.zeros(1))
    assert with_floor.item() == pytest.approx(-math.log(0.05) - 0.5 * math.log(2 * math.pi))
    assert HeteroscedasticLikelihood()(sure).log_prob(torch.zeros(1)).item() > 40


def test_bernoulli_takes_values_between_0_and_1_and_is_best_at_its_own_mean():
    logits = torch.linspace(-8, 8, 1601)[:, None]
    log_p = BernoulliLikelihood()(logits).log_prob(torch.full((1601,), 0.3))
    assert logits[log_p.argmax()].sigmoid().item() == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("make", [GaussianLikelihood, LaplaceLikelihood])
def test_a_scale_that_is_not_positive_and_finite_is_refused(make, value):
    with pytest.raises(ValueError, match=f"scale must be positive and finite, got {value}"):
        make(value)


def test_a_negative_floor_is_refused():
    with pytest.raises(ValueError, match=r"floor.*must be >= 0, got -0\.1"):
        HeteroscedasticLikelihood(-0.1)
