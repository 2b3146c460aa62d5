"""Designs: the study's models in its order, hashes that keep results, TOML errors that explain."""

from dataclasses import replace

import pytest
from tiny_study import SCORING, TINY, TRAINING

from dvae_course.study import presets
from dvae_course.study.design import GRIDS, Design, Model, Scoring, Training
from dvae_course.study.presets import PRESETS


def test_the_paper_has_12600_models_in_the_order_of_the_released_ones():
    models = list(PRESETS["paper"].models)
    assert len(models) == len(PRESETS["paper"]) == len(set(models)) == 12_600
    number = (2 * 36 + 6 + 1) * 50 + 7  # third data set, second setting of the second method
    assert models[number] == Model("noisy-dsprites", "factor_vae", 20.0, 7)
    assert models[-1] == Model("shapes3d", "annealed_vae", 100.0, 49)


def test_the_paper_has_the_studys_network_and_numbers():
    training = PRESETS["paper"].training
    assert (training.network, training.side, training.steps) == ("conv", 64, 300_000)
    assert training.learning_rate == training.discriminator_learning_rate == 1e-4
    assert training.annealed_gamma == 1000
    assert training.annealed_warmup * training.steps == pytest.approx(100_000)


def test_the_miniature_has_360_models_a_data_set():
    design = PRESETS["miniature"]
    assert len(design) == 360 * len(design.data_sets) and len(design.data_sets) >= 3
    assert design.strengths == GRIDS


def test_more_data_sets_methods_strengths_and_seeds_keep_the_hash_and_other_numbers_change_it():
    more = replace(TINY, data_sets=("dsprites", "cars3d"), seeds=(0, 1, 2, 3), strengths=GRIDS)
    assert more.hash == TINY.hash == replace(TINY, name="other").hash
    others = [
        replace(TINY, training=replace(TRAINING, steps=6)),
        replace(TINY, scoring=replace(SCORING, seed=1)),
        replace(TINY, seeds_together=3),
    ]
    assert len({TINY.hash, *(design.hash for design in others)}) == 4


def test_seeds_are_trained_in_the_same_company_whoever_asks_for_them():
    design = replace(TINY, seeds=(2, 1, 3, 0), seeds_together=2)
    assert design.blocks == [(0, 1), (2, 3)]
    with pytest.raises(ValueError, match=r"seeds 2 to 3 are trained together.*got only \[2\]"):
        replace(design, seeds=(0, 1, 2))


def test_a_design_restricted_has_what_was_named():
    design = TINY.restricted(("cars3d",), ("dip_vae_ii",), (1,))
    assert list(design.models) == [Model("cars3d", "dip_vae_ii", 2.0, 1)]
    assert list(TINY.restricted().models) == list(TINY.models)
    with pytest.raises(ValueError, match="methods must be one of 'beta_vae', 'dip_vae_ii'"):
        TINY.restricted(methods=("factor_vae",))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: replace(TINY, data_sets=("dsprite",)), "data_sets must be one of 'dsprites'"),
        (lambda: replace(TINY, seeds=(0, 0)), "seeds must list at least one value and none twice"),
        (lambda: replace(TINY, seeds=(-1,)), "seeds must be at least 0"),
        (lambda: replace(TINY, strengths={}), "strengths names no method"),
        (lambda: replace(TINY, strengths={"vae": (1,)}), "strengths must be one of 'beta_vae'"),
        (lambda: replace(TRAINING, side=48), "training.side must be one of 64, 32, 16; got 48"),
        (lambda: replace(TRAINING, steps=0), "training.steps must be positive, got 0"),
        (lambda: replace(TRAINING, pictures=4), "training.pictures = 4 are fewer than a batch"),
        (lambda: Training(side=16), 'network = "conv" is made for side = 64'),
        (lambda: Training(network="mlp"), "training.hidden names the units"),
        (lambda: Scoring(dci_estimator="svm"), "scoring.dci_estimator must be one of 'boosting'"),
        (lambda: Scoring(n_train=50), "scoring.n_train = 50 are fewer than the 10000"),
    ],
)
def test_what_cannot_be_run_is_refused_by_the_name_of_its_key(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_toml_file_changes_what_it_names_and_keeps_the_rest(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'preset = "smoke"\ndata_sets = ["cars3d"]\nseeds = [0, 1]\n'
        "[strengths]\nbeta_vae = [1, 2.5]\n[training]\nsteps = 7\nhidden = [32, 32]\n"
        "[scoring]\nwhole_grid = true\n"
    )
    smoke, design = PRESETS["smoke"], presets.find(str(file))
    assert design == Design(
        "mine",
        ("cars3d",),
        {"beta_vae": (1, 2.5)},
        (0, 1),
        1,
        replace(smoke.training, steps=7, hidden=(32, 32)),
        replace(smoke.scoring, whole_grid=True),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed = [0]", "there is no key 'seed'; did you mean 'seeds'?"),
        ("[training]\nstep = 5", "there is no key 'training.step'; did you mean 'steps'?"),
        ("[strengths]\nbetavae = [1]", "no key 'strengths.betavae'; did you mean 'beta_vae'?"),
        ("[scoring]\nxyz = 5", "there is no key 'scoring.xyz'; known are seed, n_train"),
        ("[training]\nsteps = 2.5", "training.steps must be a whole number, got 2.5"),
        ("[training]\nlearning_rate = true", "training.learning_rate must be a number, got True"),
        ('seeds = "all"', "seeds must be a list of whole numbers, got 'all'"),
        ("data_sets = [1]", r"data_sets must be a list of strings, got \[1\]"),
        ("training = 5", r"training must be a table, \[training\], got 5"),
        ("[strengths]\nbeta_vae = 4", "strengths.beta_vae must be a list of numbers, got 4"),
        ('preset = "big"', "preset must be one of smoke, miniature, paper; got 'big'"),
        ("seeds = [0", "is no TOML"),
    ],
)
def test_a_wrong_toml_file_is_explained_by_file_and_key(tmp_path, content, message):
    file = tmp_path / "mine.toml"
    file.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        presets.find(str(file))
    assert str(file) in str(caught.value)


def test_a_name_that_is_neither_preset_nor_file_says_what_there_is():
    with pytest.raises(
        ValueError, match=r"neither a preset \(smoke, miniature, paper\) nor a file"
    ):
        presets.find("mini")
