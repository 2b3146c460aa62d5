"""Checkpoints: written whole or not at all, and never taken for another run's.

The format is safetensors: numbers and a line of JSON, nothing that could run code when loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dvae_course.stacking import constants

IDENTITY, EXTRA = "identity", "extra"


def identity(modules: Sequence[nn.Module], data: Tensor, numbers: object) -> str:
    """A hash of all that decides a run: initial tensors, constants, data, seeds and settings."""
    digest = hashlib.sha256(repr(numbers).encode())
    for module in modules:
        digest.update(repr([(k, _lasting(v)) for k, v in constants(module)]).encode())
        for name, value in sorted(module.state_dict().items()):
            digest.update(name.encode())
            digest.update(_bytes(value))
    digest.update(_bytes(data))
    return digest.hexdigest()


def save(path: Path, run: str, tensors: dict[str, Tensor], extra: dict) -> None:
    """Write a checkpoint beside `path`, then put it in its place in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    metadata = {IDENTITY: run, EXTRA: json.dumps(extra)}
    try:
        save_file({k: v.contiguous() for k, v in tensors.items()}, unfinished, metadata)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: Path, run: str) -> tuple[dict[str, Tensor], dict] | None:
    """The tensors and extra of a checkpoint; None where there is none.

    Raises
    ------
    ValueError : for a file that is no checkpoint, is damaged, or belongs to another run.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is not a readable checkpoint ({error}); delete it") from error
    if metadata.get(IDENTITY) != run:
        raise ValueError(
            f"{path} is the checkpoint of another run (other models, data, seeds, steps or "
            "settings); delete it or choose another file"
        )
    return tensors, json.loads(metadata[EXTRA])


def _lasting(constant: object) -> object:
    """A function or class by its name: its own text holds an address, new in every process."""
    return getattr(constant, "__qualname__", constant)


def _bytes(value: Tensor) -> bytes:
    return value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
