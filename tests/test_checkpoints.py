"""Checkpoints: whole or not at all, the same in every process, and never another run's."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from dvae_course import checkpoints
from dvae_course.objectives import BetaTCVAE, BetaVAE, FactorVAE
from dvae_course.vae import mlp_vae

TENSORS = {"a": torch.arange(3.0), "b": torch.zeros(2, 2, dtype=torch.int64)}
DATA = torch.zeros(4, 2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "run.safetensors"


def test_what_was_saved_is_loaded_bit_for_bit(path):
    state = {"step": 3, "streams": [{"state": 2**127 + 1}]}
    checkpoints.save(path, "run 1", TENSORS, state)
    tensors, extra = checkpoints.load(path, "run 1")
    assert extra == state
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value)


def test_no_file_is_no_checkpoint(path):
    assert checkpoints.load(path, "run 1") is None


def test_a_later_save_replaces_an_earlier_one_and_leaves_nothing_beside_it(path):
    checkpoints.save(path, "run 1", TENSORS, {"step": 1})
    checkpoints.save(path, "run 1", TENSORS, {"step": 2})
    assert checkpoints.load(path, "run 1")[1] == {"step": 2}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_save_that_is_interrupted_leaves_the_last_one_whole(path, monkeypatch):
    checkpoints.save(path, "run 1", TENSORS, {"step": 1})

    def cut_off(tensors, file, metadata):
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save_file", cut_off)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(path, "run 1", TENSORS, {"step": 2})
    assert checkpoints.load(path, "run 1")[1] == {"step": 1}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_a_damaged_file_is_refused_with_its_path_and_the_way_out(path, damage):
    checkpoints.save(path, "run 1", TENSORS, {"step": 1})
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"hello" * 50}[damage])
    with pytest.raises(ValueError, match=r"run\.safetensors is not a readable checkpoint.*delete"):
        checkpoints.load(path, "run 1")


def test_another_runs_file_and_a_file_of_other_make_are_refused(path):
    checkpoints.save(path, "run 1", TENSORS, {"step": 1})
    with pytest.raises(ValueError, match=r"checkpoint of another run.*choose another file"):
        checkpoints.load(path, "run 2")
    save_file(TENSORS, path)
    with pytest.raises(ValueError, match="another run"):
        checkpoints.load(path, "run 1")


def test_everything_that_decides_a_run_is_in_its_identity():
    def identity(seed=0, beta=1.0, hidden=(4,), data=DATA, numbers=(0,), objective=None):
        vae = mlp_vae(2, 2, hidden, seed=seed)
        return checkpoints.identity([vae, objective or BetaVAE(beta)], data, numbers)

    others = [
        identity(seed=1),
        identity(beta=2.0),
        identity(hidden=(5,)),
        identity(data=DATA + 1),
        identity(numbers=(1,)),
        identity(objective=BetaTCVAE(1.0, "mws", dataset_size=4)),
        identity(objective=BetaTCVAE(1.0, "mss", dataset_size=4)),
    ]
    assert identity() == identity()
    assert len({identity(), *others}) == 1 + len(others)


IDENTITY = """
import torch
from dvae_course import checkpoints
from dvae_course.objectives import FactorVAE
from dvae_course.vae import mlp_vae
vae, objective = mlp_vae(2, 2, (4,)), FactorVAE(1.0, 2, hidden=4)
vae.decoder.final = torch.tanh
print(checkpoints.identity([vae, objective], torch.zeros(4, 2), 0))
"""


def test_an_identity_is_the_same_in_every_process():
    vae, objective = mlp_vae(2, 2, (4,)), FactorVAE(1.0, 2, hidden=4)
    vae.decoder.final = torch.tanh  # a function's own text holds its address
    command = [sys.executable, "-c", IDENTITY]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert checkpoints.identity([vae, objective], DATA, 0) == elsewhere
