"""The sparse-prior experiment: its presets are what they say, and each part of it runs."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dvae_course.datasets.download import DataUnavailable
from dvae_course.experiments import sparse_prior
from dvae_course.experiments.sparse_prior import CODE_WIDTH, PAPER_WIDTH, PRESETS, Cell
from dvae_course.priors import SpikeAndSlab
from dvae_course.training import fit

CELLS = (Cell(), Cell(0.8, 20.0), Cell(beta=4.0), Cell(0.8, spike_scale=PAPER_WIDTH))
SMALL = replace(
    PRESETS["chapter"], cells=CELLS, seeds=(0, 1), steps=2, latent_dim=3, hidden=(8,), batch_size=16
)
REDUCED = replace(
    PRESETS["paper"], cells=CELLS[:2], seeds=(0,), steps=2, batch_size=8, latent_dim=5, width=4
)


def pictures(n: int, *shape: int) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))


def test_the_spikes_two_widths_are_a_standard_deviation_and_a_variance_of_5_hundredths():
    assert CODE_WIDTH == 0.05
    assert math.isclose(PAPER_WIDTH**2, 0.05)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_the_grid_the_row_of_beta_and_the_row_of_the_wide_spike(name):
    cells = PRESETS[name].cells
    assert len(set(cells)) == len(cells)
    grid = [c for c in cells if c.beta == 1 and c.spike_scale == CODE_WIDTH]
    gammas, alphas = ({getattr(c, key) for c in grid} for key in ("gamma", "alpha"))
    assert len(grid) == len(gammas) * len(alphas)
    assert {0.0, 0.8} <= gammas and 0.0 in alphas
    assert all(c.gamma == c.alpha == 0 for c in cells if c.beta != 1)
    wide = [c for c in cells if c.spike_scale == PAPER_WIDTH]
    assert {c.alpha for c in wide} == alphas
    assert len(PRESETS[name].seeds) >= 3


def test_the_papers_preset_is_80_epochs():
    paper = PRESETS["paper"]
    assert paper.steps * paper.batch_size == 80 * paper.train


def test_models_with_and_without_a_spike_share_a_pass_and_are_what_each_is_alone():
    x = pictures(64, 196)
    models = sparse_prior.train(SMALL, x, progress=False)
    assert len(models) == len(CELLS) * 2
    for cell in CELLS:
        d = sparse_prior.design(SMALL, cell, 1)
        options = {"batch_size": 16, "learning_rate": 4e-3, "decay_from": 0.5, "progress": False}
        alone = fit(d.vae, x, d.objective, 2, 1, **options).vae
        torch.testing.assert_close(models[cell, 1].encode(x).mu, alone.encode(x).mu)


def test_the_table_has_a_row_a_model_and_finite_numbers():
    x = pictures(64, 196)
    frame = sparse_prior.measured(sparse_prior.train(SMALL, x, progress=False), x)
    assert frame.columns[:5] == ["gamma", "alpha", "beta", "spike_scale", "seed"]
    assert len(frame) == len(CELLS) * 2
    assert np.isfinite(frame.to_numpy()).all()
    assert (frame["reconstruction"] > 0).all()
    picked = sparse_prior.by_seed(frame, "hoyer", [CELLS[3], CELLS[0]])
    assert picked.tolist() == [frame["hoyer"][6:8].to_list(), frame["hoyer"][:2].to_list()]
    with pytest.raises(ValueError, match=r"no model with γ = 0, α = 7"):
        sparse_prior.by_seed(frame, "hoyer", [Cell(alpha=7.0)])
    assert f"α = 20: Hoyer {frame['hoyer'][2]:.2f}, loss" in sparse_prior.caption(frame, CELLS[1])


def test_models_are_compared_at_equal_cost_seed_by_seed():
    loss = np.array([[1.0, 2.0], [3.0, 4.0]])  # two values of a knob, two seeds
    sparsity = np.array([[0.0, 0.2], [1.0, 0.4]])
    found = sparse_prior.at_equal(np.array([2.0, 3.5]), loss, sparsity)
    np.testing.assert_allclose(found, [0.5, 0.35])
    with pytest.raises(ValueError, match="must rise"):
        sparse_prior.at_equal(np.array([2.0, 3.5]), loss[::-1], sparsity)


def test_the_reconstruction_loss_is_the_absolute_error_in_units_of_the_noise():
    x = pictures(5, 196)
    d = sparse_prior.design(SMALL, Cell(), 0)
    with torch.no_grad():
        for parameter in d.vae.decoder.parameters():
            parameter.zero_()  # draws the black picture, whatever z
    found = sparse_prior.measure(d.vae, x)["reconstruction"]
    assert found == pytest.approx(x.sum(1).mean().item() / 0.1, rel=1e-5)


def test_a_latent_whose_mean_never_moves_is_not_active():
    vae = sparse_prior.design(SMALL, Cell(), 0).vae
    with torch.no_grad():
        vae.encoder.head.mu.weight[:, 0] *= 1e-3
        vae.encoder.head.mu.weight[:, 1:] *= 10
    assert sparse_prior.measure(vae, pictures(50, 196))["active"] == 2


def test_a_class_uses_the_latents_that_its_codes_lie_far_out_in():
    labels = np.repeat([0, 1], 10)
    mu = np.stack([labels * 3.0, 1.0 - labels, np.zeros(20)], 1)
    found = sparse_prior.class_magnitudes(mu, labels)
    np.testing.assert_allclose(found, [[0, 2, 0], [2, 0, 0]])


def test_the_hours_are_those_of_all_steps_of_all_models(monkeypatch):
    ticks = iter([10.0, 13.0])  # two steps in three seconds
    monkeypatch.setattr(sparse_prior.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(
        sparse_prior,
        "garments",
        lambda setting: sparse_prior.Garments(
            pictures(setting.train, 1, 32, 32), pictures(1, 1, 32, 32), np.zeros(1, int), ("a",)
        ),
    )
    setting = replace(REDUCED, steps=4800, seeds=(0, 1, 2))
    assert sparse_prior.hours(setting) == pytest.approx(1.5 * 4800 * 6 / 3600)


def test_every_part_of_the_papers_preset_works_on_a_reduced_copy():
    x = pictures(16, 1, 32, 32)
    models = sparse_prior.train(REDUCED, x, progress=False)
    assert not any(vae.training for vae in models.values())
    frame = sparse_prior.measured(models, x)
    assert len(frame) == 2 and np.isfinite(frame.to_numpy()).all()


@pytest.mark.parametrize(("setting", "shape"), [(SMALL, (196,)), (REDUCED, (1, 32, 32))])
def test_garments_come_in_the_shape_that_the_models_take(setting, shape):
    try:
        data = sparse_prior.garments(replace(setting, train=20, test=10))
    except DataUnavailable:
        pytest.skip("Fashion-MNIST is not here")
    assert data.train.shape == (20, *shape) and data.test.shape == (10, *shape)
    assert len(data.labels) == 10
    assert data.train.min() >= 0 and data.train.max() <= 1


def test_a_stacked_spike_and_slab_without_a_spike_is_the_gaussian():
    z = pictures(7, 3)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(SpikeAndSlab(3, 0.0).log_prob(z), expected)
    z.requires_grad_()
    SpikeAndSlab(3, 0.0).log_prob(z).sum().backward()
    torch.testing.assert_close(z.grad, -z.detach())
    assert math.isinf(SpikeAndSlab(3, 0.0).coordinate.log_weights[0])
