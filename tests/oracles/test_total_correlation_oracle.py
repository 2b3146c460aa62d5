"""β-TCVAE's estimators and FactorVAE's discriminator against loops over pairs and layers."""

import math

import numpy as np
import pytest
import torch

from dvae_course import objectives
from dvae_course.objectives.total_correlation import shuffle_coordinates, stratified_weights
from dvae_course.randomness import Streams
from oracles import aggregate_loops as loops
from oracles.small_model import (
    BATCH,
    DIM,
    N_DATA,
    arrays,
    elbo_parts,
    make_x,
    run,
    standard_normal,
    value,
)

WEIGHTS = {"mws": loops.mws_weights, "mss": loops.mss_weights}


@pytest.mark.parametrize("estimator", WEIGHTS)
def test_beta_tcvae(estimator):
    terms, vae = run(objectives.BetaTCVAE(6.0, estimator, dataset_size=N_DATA))
    z, mu, log_var = arrays(terms.output)
    weights = WEIGHTS[estimator](BATCH, N_DATA)
    parts = loops.decomposition(z, mu, np.exp(log_var / 2), weights, standard_normal)
    rec, kl = elbo_parts(terms, vae)
    tc = parts["total_correlation"]
    assert value(terms, "total_correlation") == pytest.approx(tc, rel=1e-6)
    assert terms.loss.item() == pytest.approx(rec + kl.mean() + 5 * tc, rel=1e-6)
    # the sampled KL splits exactly, whatever the weights
    three = ("mutual_information", "total_correlation", "dimension_wise_kl")
    assert parts["kl"] == pytest.approx(sum(parts[name] for name in three), abs=1e-10)


def test_mws_is_the_plain_estimate_plus_a_constant():
    z, mu, log_var = arrays(run(objectives.BetaVAE(1.0))[0].output)
    estimates = [
        loops.decomposition(z, mu, np.exp(log_var / 2), w, standard_normal)["total_correlation"]
        for w in (loops.mws_weights(BATCH, N_DATA), loops.plain_weights(BATCH))
    ]
    constant = (DIM - 1) * math.log(N_DATA)
    assert estimates[0] - estimates[1] == pytest.approx(constant, abs=1e-10)
    ours = run(objectives.BetaTCVAE(6.0, "mws", dataset_size=N_DATA))[0]
    assert value(ours, "total_correlation") - estimates[1] == pytest.approx(constant, abs=1e-5)


@pytest.mark.parametrize(("batch", "n_data"), [(2, 2), (5, 100), (7, 50), (64, 4000)])
def test_stratified_weights_are_right_and_not_as_published(batch, n_data):
    ours = stratified_weights(batch, n_data).numpy()
    np.testing.assert_allclose(ours, loops.mss_weights(batch, n_data), rtol=1e-12)
    np.testing.assert_allclose(ours.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(ours.diagonal(), 1 / n_data)
    if batch > 2:
        wrong = loops.mss_weights_as_published(batch, n_data)
        assert wrong.sum(1).max() > 1 + 0.1 / batch
        assert np.count_nonzero(np.isclose(wrong.diagonal(), 1 / n_data)) < batch


def test_stratified_total_correlation_is_not_the_published_one():
    terms, _ = run(objectives.BetaTCVAE(6.0, "mss", dataset_size=N_DATA))
    z, mu, log_var = arrays(terms.output)
    wrong = loops.decomposition(
        z,
        mu,
        np.exp(log_var / 2),
        loops.mss_weights_as_published(BATCH, N_DATA),
        standard_normal,
    )
    assert abs(value(terms, "total_correlation") - wrong["total_correlation"]) > 0.05


def small_factor_vae() -> objectives.FactorVAE:
    objective = objectives.FactorVAE(10.0, latent_dim=DIM, hidden=5, seed=2)
    with torch.no_grad():  # biases away from 0, so that each is seen
        for i, parameter in enumerate(objective.parameters()):
            parameter += 0.1 * torch.cos(torch.arange(parameter.numel()) + i).reshape(
                parameter.shape
            )
    return objective


def discriminate(objective: objectives.FactorVAE, z: np.ndarray, slope: float) -> np.ndarray:
    """The discriminator's log p(joint) / p(product), layer by layer."""
    layers = objective.discriminator.layers
    for layer in layers[:-1]:
        z = z @ layer.weight.detach().numpy() + layer.bias.detach().numpy()
        z = np.where(z > 0, z, slope * z)
    return (z @ layers[-1].weight.detach().numpy() + layers[-1].bias.detach().numpy())[:, 0]


def test_factor_vae():
    objective = small_factor_vae()
    terms, vae = run(objective)
    rec, kl = elbo_parts(terms, vae)
    tc = discriminate(objective, arrays(terms.output)[0], slope=0.2).mean()
    assert terms.loss.item() == pytest.approx(rec + kl.mean() + 10 * tc, rel=1e-9)
    wrong = discriminate(objective, arrays(terms.output)[0], slope=0.01).mean()
    assert abs(tc - wrong) > 1e-3


def test_factor_vaes_discriminator_has_six_hidden_layers_of_1000_by_default():
    shapes = [tuple(layer.weight.shape) for layer in objectives.FactorVAE(1.0).discriminator.layers]
    assert shapes == [(10, 1000)] + [(1000, 1000)] * 5 + [(1000, 1)]


def test_the_discriminators_loss_is_the_cross_entropy_of_real_against_shuffled():
    objective = small_factor_vae()
    terms, vae = run(objective)
    loss = objective.discriminator_loss(vae, terms.output, make_x(9), Streams.of(4))
    streams = Streams.of(4)  # the second batch's noise, then its permutations
    second = vae(make_x(9), streams).z.detach()
    shuffled = shuffle_coordinates(second, streams).numpy()
    real = discriminate(objective, arrays(terms.output)[0], 0.2)
    fake = discriminate(objective, shuffled, 0.2)
    log_p = [math.log(1 / (1 + math.exp(-v))) for v in real]
    log_not_p = [math.log(1 - 1 / (1 + math.exp(-v))) for v in fake]
    assert loss.item() == pytest.approx(-0.5 * (np.mean(log_p) + np.mean(log_not_p)), rel=1e-9)
    swapped = -0.5 * (np.mean([-math.log1p(math.exp(v)) for v in real]) + np.mean(log_p))
    assert abs(loss.item() - swapped) > 1e-3


def test_neither_player_of_factor_vae_sees_the_others_gradient():
    objective = small_factor_vae()
    terms, vae = run(objective)
    objective.discriminator_loss(vae, terms.output, make_x(9), Streams.of(4)).backward()
    assert all(p.grad is None for p in vae.parameters())
    assert all(p.grad is not None for p in objective.parameters())


def test_shuffling_permutes_each_coordinate_on_its_own():
    z = torch.arange(40.0).reshape(20, 2)
    shuffled = shuffle_coordinates(z, 0)
    assert torch.equal(shuffled.sort(0).values, z)
    # permuting whole rows would keep the pairs together
    assert (shuffled[:, 1] - shuffled[:, 0] != 1).sum() > 10
    assert not torch.equal(shuffled, z)
