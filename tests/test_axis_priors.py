"""The experiment on priors and axes: designs, scores that units cannot move, both presets run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dvae_course.experiments.axis_priors import (
    PRESETS,
    Cell,
    batches,
    design,
    grid,
    pca_variances,
    prior_of,
    run,
    seconds_a_step,
    seeds,
    training_pictures,
)
from dvae_course.gaussians import DiagonalGaussian, FullGaussian
from dvae_course.networks import ConvDecoder, SpritesEncoder
from dvae_course.priors import StudentT

CHAPTER, PAPER = PRESETS["chapter"], PRESETS["paper"]
TINY_GRID = ((0,), (0, 3, 5), (0,), (4, 12, 20, 28), (8, 16, 24))
SCORES = ["reconstruction", "kl", "factorvae", "mig", "alignment"]


def positions(*sizes):
    return np.indices(sizes).reshape(len(sizes), -1).T


def test_the_chapters_grid_has_each_combination_once_with_its_picture():
    scored = grid(CHAPTER)
    assert scored.pictures.shape == (768, 80)
    assert (scored.positions == positions(6, 16, 8)).all()
    assert training_pictures(CHAPTER, scored) is scored.pictures
    size = scored.pictures.sum(1).reshape(6, -1)
    assert (size.min(1).values[1:] > size.max(1).values[:-1]).all()  # scale comes first
    assert (scored.pictures.amax(0) > 0).all()
    side = replace(CHAPTER, hidden=())
    assert grid(side).pictures.sum().item() == pytest.approx(size.sum().item())  # none was lost


def test_the_papers_pictures_are_drawn_evenly_from_all_of_dsprites():
    small = replace(PAPER, pictures=300)
    pictures = training_pictures(small, grid(replace(small, values=TINY_GRID)))
    assert pictures.shape == (300, 1, 64, 64)
    assert len(pictures.flatten(1).unique(dim=0)) > 290
    assert torch.equal(pictures, training_pictures(small, grid(replace(small, values=TINY_GRID))))


def test_pca_variances_are_the_largest_of_the_centred_pictures_with_mean_one():
    draw = torch.Generator().manual_seed(0)
    white = torch.randn(5000, 4, dtype=torch.float64, generator=draw)
    pictures = 100 + white * torch.tensor([1.0, 3.0, 0.1, 2.0])
    found = pca_variances(pictures, 3)
    assert found.mean() == pytest.approx(1)
    assert found == pytest.approx(np.array([9, 4, 1]) * 3 / 14, rel=0.1)


def test_priors_are_what_their_names_say():
    variances = np.array([1.5, 1.0, 0.5])
    iso, pca, learned = (prior_of(Cell(name), variances) for name in ("iso", "pca", "learned"))
    assert iso.scales().tolist() == [1, 1, 1]
    assert pca.scales().square().numpy() == pytest.approx(variances, rel=1e-6)
    assert learned.scales().square().detach().numpy() == pytest.approx(variances, rel=1e-6)
    trained = [bool(list(prior.parameters())) for prior in (iso, pca, learned)]
    assert trained == [False, False, True]
    student = prior_of(Cell(9.0), variances)
    assert isinstance(student, StudentT)
    assert (student.nu.item(), student.scale.item()) == (9, 1)
    with pytest.raises(ValueError, match=r"prior must be .*, got 'gaussian'"):
        prior_of(Cell("gaussian"), variances)


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_a_design_has_the_cells_encoder_beta_and_seed(posterior):
    cell = Cell("iso", posterior, 2.0)
    made = design(CHAPTER, cell, prior_of(cell, np.ones(3)), pixels=80, seed=4)
    q = made.vae.encode(torch.zeros(2, 80))
    assert isinstance(q, DiagonalGaussian if posterior == "diagonal" else FullGaussian)
    assert (made.objective.beta.item(), made.seed) == (2, 4)


def test_seeds_start_from_the_same_weights_under_every_prior():
    cells = (Cell("iso"), Cell(3.0))
    one, other = (
        design(CHAPTER, cell, prior_of(cell, np.ones(3)), pixels=80, seed=1).vae for cell in cells
    )
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_paper_preset_has_the_released_networks_and_twenty_epochs():
    cell = PAPER.cells[0]
    vae = design(PAPER, cell, prior_of(cell, np.ones(10)), pixels=4096, seed=0).vae
    assert isinstance(vae.encoder, SpritesEncoder)
    assert isinstance(vae.decoder, ConvDecoder)
    assert sum(p.numel() for p in vae.parameters()) == 249_172 + 298_017
    assert PAPER.steps * PAPER.batch_size == 20 * 737_280
    assert (PAPER.batch_size, PAPER.learning_rate, PAPER.amsgrad) == (64, 5e-4, True)


def test_batches_hold_every_model_once_and_only_what_can_be_stacked():
    small = replace(CHAPTER, seeds=(0, 1, 2), at_once=5)
    found = list(batches(small))
    models = [model for batch in found for model in batch]
    assert sorted(map(repr, models)) == sorted(
        repr((cell, seed)) for cell in small.cells for seed in small.seeds
    )
    for batch in found:
        assert len(batch) <= 5
        assert len({cell.posterior for cell, _ in batch}) == 1
        kinds = {(type(p := prior_of(c, np.ones(3))), bool(list(p.parameters()))) for c, _ in batch}
        assert len(kinds) == 1


def test_the_chapter_preset_gives_one_row_a_model_with_finite_scores():
    small = replace(CHAPTER, steps=3, seeds=(0, 1), values=TINY_GRID, batch_size=8)
    frame = run(small, progress=False)
    assert len(frame) == len(small.cells) * 2
    assert frame.select("prior", "posterior", "beta", "seed").is_unique().all()
    assert np.isfinite(frame[SCORES].to_numpy()).all()
    assert (frame[["reconstruction", "kl"]].to_numpy() > 0).all()
    ratios = dict(
        frame.filter(posterior="diagonal", beta=2.0)
        .group_by("prior")
        .agg("prior_ratio")
        .iter_rows()
    )
    assert ratios["iso"] == [1, 1]
    assert min(ratios["pca"]) > 1
    assert ratios["ν = 3"] == [None, None]


def test_each_part_of_the_paper_preset_runs_on_a_reduced_copy():
    cells = (Cell("learned", beta=4.0), Cell(9.0, "full"))
    small = replace(
        PAPER, cells=cells, steps=2, seeds=(0, 1), values=TINY_GRID, pictures=16, batch_size=4
    )
    frame = run(small, progress=False)
    assert len(frame) == 4
    assert np.isfinite(frame[SCORES].to_numpy()).all()


def test_a_models_row_does_not_depend_on_what_else_is_trained():
    small = replace(CHAPTER, steps=3, seeds=(0, 1), values=TINY_GRID, batch_size=8)
    alone = run(replace(small, cells=(Cell("pca", beta=2.0),), seeds=(1,)), progress=False)
    beside = run(small, progress=False).filter(prior="pca", posterior="diagonal", beta=2.0, seed=1)
    assert alone[SCORES].to_numpy() == pytest.approx(beside[SCORES].to_numpy(), rel=1e-5)


def test_the_seeds_of_a_kind_come_in_their_order_and_an_unknown_kind_is_named():
    frame = run(
        replace(CHAPTER, steps=1, seeds=(2, 0), values=TINY_GRID, batch_size=8), progress=False
    )
    rows = frame.filter(prior="ν = 9", beta=2.0)
    assert seeds(frame, "mig", "ν = 9").tolist() == rows.sort("seed")["mig"].to_list()
    with pytest.raises(ValueError, match=r"no model of kind \('ν = 9', 'full', 2.0\); there are"):
        seeds(frame, "mig", "ν = 9", "full")


def test_a_step_of_the_papers_model_takes_time():
    assert 0 < seconds_a_step(replace(PAPER, batch_size=4), steps=1) < 60
