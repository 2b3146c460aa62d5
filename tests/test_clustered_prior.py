"""The clustered-prior experiment: its objectives, what it measures, and its stored results."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from polars.testing import assert_frame_equal

from dvae_course import claims, results
from dvae_course.datasets import pinwheel
from dvae_course.experiments import clustered_prior as experiment
from dvae_course.experiments.clustered_prior import Cell, CountedTwice
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.objectives import BetaVAE, Decomposition
from dvae_course.theory import quadrature

CHAPTER, PAPER = (experiment.PRESETS[name] for name in ("chapter", "paper"))
DATA = pinwheel(seed=0).points


def small(setting, **changes):
    return dataclasses.replace(setting, **{"steps": 2, "seeds": (0, 1, 2), **changes})


@pytest.fixture(scope="module")
def stored(course):
    return results.read(course.root / "book" / "data" / "clustered-prior-paper.parquet")


def on_clusters(shares):
    """400 encodings, each exactly one of the prior's clusters, in these shares."""
    counts = [round(400 * share) for share in shares]
    mu = torch.tensor(experiment.CENTRES).repeat_interleave(torch.tensor(counts), 0)
    return DiagonalGaussian(mu[None], torch.full((1, 400, 2), math.log(0.03)))


@pytest.mark.parametrize("name", ["chapter", "paper"])
def test_every_part_of_a_preset_runs(name):
    setting = small(experiment.PRESETS[name])
    frame = experiment.run(setting, progress=False)
    assert len(frame) == 3 * len(setting.cells)
    assert frame.drop("divergence", "kl").to_numpy().dtype == np.float64
    assert np.isfinite(frame.select("reconstruction", "overlap", "match", "sd").to_numpy()).all()


def test_presets_have_the_figures_values_and_enough_seeds():
    for setting in (CHAPTER, PAPER):
        assert {0.01, 0.5, 1.0, 1.2} <= {c.beta for c in setting.cells if c.alpha == 0}
        assert {1.0, 3.0, 5.0, 8.0} <= {c.alpha for c in setting.cells if c.beta == 0}
        assert len(setting.seeds) >= 8
    assert {c.divergence for c in CHAPTER.cells} == {"KL", "MMD"}
    assert {c.kl for c in PAPER.cells} == {"correct", "released slip"}


def test_paper_preset_starts_at_the_released_codes_deviation_and_has_no_floor():
    vae = experiment.model(PAPER, 0)
    at_zero = vae.encoder.head(torch.zeros(1, 100))
    assert at_zero.scale.flatten().tolist() == pytest.approx([math.log(2)] * 2)
    assert vae.likelihood.floor == 0 and PAPER.amsgrad and PAPER.batch_size is None


def test_the_slip_is_the_broadcast_of_the_released_code():
    vae = experiment.model(CHAPTER, 0)
    slipped = CountedTwice(1.0)(vae, DATA, generator=0)
    output = slipped.output
    log_q = torch.distributions.Normal(output.posterior.mu, output.posterior.scale)
    log_p = vae.prior.log_prob(output.z)[:, None]  # (n, 1), against log q of shape (n, 2)
    broadcast = (log_q.log_prob(output.z) - log_p).sum(-1).mean()
    assert slipped.values["kl"].item() == pytest.approx(broadcast.item(), rel=1e-5)
    assert slipped.values["kl"] > BetaVAE(1.0)(vae, DATA, generator=0).values["kl"]


def test_the_slip_trains_with_the_annealed_prior():
    """E[log q − 2 log p] = KL(q‖f₂) − log F₂, for any Gaussian q."""
    p = experiment.prior().double()
    annealed = p.annealed(2.0)
    mu, log_var = torch.tensor([[[0.9, 0.1]], [[-3.0, -4.0]]], dtype=torch.float64)
    q = DiagonalGaussian(mu, log_var)
    twice = -q.entropy() - 2 * quadrature.expectation(q, p.log_prob)
    kl = -q.entropy() - quadrature.expectation(q, annealed.log_prob)
    assert twice.item() == pytest.approx((kl - annealed.log_normalizer).item(), abs=1e-6)


def test_objectives_without_alpha_need_no_divergence():
    assert type(experiment.objective(Cell(0, 2))) is BetaVAE
    with_alpha = experiment.objective(Cell(3, 2, "MMD"))
    assert isinstance(with_alpha, Decomposition) and not with_alpha.divergence.per_dimension


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(1, 0, "TV"), "divergence must be one of"),
        (Cell(0, 1, kl="twice"), "released slip"),
        (Cell(1, 0, kl="released slip"), "alpha = 0 only"),
    ],
)
def test_a_cell_that_cannot_be_trained_is_refused(cell, words):
    with pytest.raises(ValueError, match=words):
        experiment.objective(cell)


def test_kl_of_the_prior_from_its_own_clusters_is_zero_and_from_one_of_them_large():
    assert experiment.inclusive_kl(on_clusters([0.25] * 4)).item() == pytest.approx(0, abs=1e-4)
    assert experiment.inclusive_kl(on_clusters([1, 0, 0, 0])).item() > 10


@pytest.mark.parametrize(
    ("shares", "used"), [([0.25] * 4, 4), ([0.5, 0.45, 0.05, 0], 2), ([1, 0, 0, 0], 1)]
)
def test_clusters_count_when_they_hold_a_tenth(shares, used):
    q = on_clusters(shares)
    z = q.sample(torch.zeros(1, 400, 2))
    assert experiment.clusters_used(z).tolist() == [used]


def test_a_model_does_not_depend_on_its_neighbours_and_rows_keep_their_seeds():
    setting = small(CHAPTER, steps=5)
    together = experiment.train(setting, [Cell(0, 1), Cell(0, 2)], DATA, progress=False)
    alone = experiment.train(small(setting, steps=5, seeds=(2,)), [Cell(0, 2)], DATA)
    row = together.table.filter(beta=2, seed=2)
    assert_frame_equal(row, alone.table, abs_tol=1e-4)
    assert together.by_seed("match")[1, 2] == row["match"].item()
    assert np.allclose(together.mu[1, 2], alone.mu[0, 0], atol=1e-4)


def test_training_goes_on_from_the_models_that_are_passed():
    setting = small(CHAPTER, steps=1, learning_rate=1e-9)
    first = experiment.train(small(CHAPTER, steps=20), [Cell(0, 1)], DATA, progress=False)
    on = experiment.train(setting, [Cell(0, 5)], DATA, start=[f.vae for f in first.fits])
    assert np.allclose(on.mu, first.mu, atol=1e-4)


def test_a_column_of_one_cell_comes_by_seed_and_an_ambiguous_cell_is_refused(stored):
    match = experiment.at(stored, "match", alpha=8)
    assert match.shape == (16,)
    for cell in ({"alpha": 0, "beta": 1}, {"alpha": 7}):
        with pytest.raises(ValueError, match="say which alpha"):
            experiment.at(stored, "match", **cell)


def test_stored_results_are_those_of_the_paper_preset(stored):
    cells = {(c.alpha, c.beta, c.kl, s) for c in PAPER.cells for s in PAPER.seeds}
    rows = stored.select("alpha", "beta", "kl", "seed").rows()
    assert set(rows) == cells and len(rows) == len(cells)


@pytest.mark.parametrize("cell", [Cell(0, 2), Cell(8, 0), Cell(0, 2, kl="released slip")])
def test_stored_results_can_be_made_again(stored, cell):
    setting = dataclasses.replace(PAPER, seeds=(1,))
    again = experiment.train(setting, [cell], DATA, progress=False).table
    then = stored.filter(alpha=cell.alpha, beta=cell.beta, kl=cell.kl, seed=1)
    for column in ("overlap", "match", "sd"):  # 500 steps amplify the last digits
        assert again[column].item() == pytest.approx(then[column].item(), rel=0.1, abs=0.05)


def test_at_the_papers_size_alpha_matches_and_beta_does_not(stored):
    large = experiment.at(stored, "match", alpha=0, beta=10, kl="correct")
    asked = experiment.at(stored, "match", alpha=8)
    assert claims.judge("large-beta", {"match": large - asked}).verdict == claims.REPRODUCED
