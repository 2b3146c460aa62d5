"""What a minibatch estimates is biased as the theory says, and a trained discriminator learns."""

import math

import numpy as np
import pytest
import torch

from dvae_course.objectives import AnnealedVAE, BetaTCVAE, BetaVAE, FactorVAE
from dvae_course.theory.gaussian_code import GaussianCode
from dvae_course.theory.tc_estimates import (
    over_batches,
    three_estimates,
    with_trained_discriminator,
)

M = torch.tensor([[1, 0.6], [0.6, 1]], dtype=torch.float64)
x = torch.tensor(np.random.default_rng(0).normal(size=(2000, 2)))


def code(noise):
    return GaussianCode(M, noise**2 * torch.eye(2, dtype=torch.float64))


def test_the_kl_estimate_is_unbiased():
    wide = code(0.7)
    found = over_batches(BetaVAE(1), wide.vae(), x, "kl", batches=200)
    assert found.mean() == pytest.approx(wide.kl, abs=4 * found.std() / math.sqrt(200) + 0.05)


def test_a_capacity_that_is_met_is_penalised_all_the_same():
    wide = code(0.7)
    found = over_batches(AnnealedVAE(wide.kl), wide.vae(), x, "capacity_gap", batches=50)
    assert found.min() >= 0 and found.mean() > 0.01


def test_the_average_over_the_batch_sees_only_the_batch_size_if_encodings_are_narrow():
    found = three_estimates(code(1e-5), x, steps=1)["MWS less its constant"]
    assert found == pytest.approx(np.full(100, math.log(64)), abs=0.1)


def test_all_three_are_near_the_truth_for_wide_encodings():
    wide = code(1.0)
    for name, found in three_estimates(wide, x, steps=300).items():
        assert found.mean() == pytest.approx(wide.total_correlation, abs=0.06), name


def test_stratified_sampling_can_be_negative():
    objective = BetaTCVAE(2, "mss", dataset_size=len(x))
    assert over_batches(objective, code(0.1).vae(), x).mean() < 0


def test_training_brings_the_discriminator_towards_the_total_correlation():
    strong = GaussianCode(
        torch.tensor([[1, 0.95], [0.95, 1]], dtype=torch.float64),
        0.01 * torch.eye(2, dtype=torch.float64),
    )
    new = FactorVAE(1, 2, hidden=32, layers=2, learning_rate=3e-3)
    vae, found = strong.vae(), {}
    for steps in (0, 400):
        trained = with_trained_discriminator(new, vae, x, steps, seed=0)
        found[steps] = over_batches(trained, vae, x).mean()
    truth = strong.total_correlation
    assert abs(found[400] - truth) < 0.5 * abs(found[0] - truth)


def test_the_passed_objective_stays_as_it_is_and_seeds_repeat():
    new = FactorVAE(1, 2, hidden=8, layers=1)
    before = [p.clone() for p in new.parameters()]
    once, twice = (with_trained_discriminator(new, code(0.5).vae(), x, 3, seed=1) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(before, new.parameters(), strict=True))
    pairs = zip(once.parameters(), twice.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_errors_name_the_way_out():
    with pytest.raises(ValueError, match="choose from reconstruction, kl"):
        over_batches(BetaVAE(1), code(1.0).vae(), x)
    with pytest.raises(ValueError, match="only 3"):
        with_trained_discriminator(FactorVAE(1, 2, hidden=8), code(1.0).vae(), x[:3], 1, seed=0)
