"""Training: one model, or many at once that see exactly what each would see alone.

`fit_many` stacks models that differ in seed, hyper-parameters or prior along a leading model axis
and trains all of them in one batched pass. Each model draws its batches and noise from its own
stream, and nothing couples the models but the arithmetic unit, so that the result is, model by
model, that of `fit`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from dvae_course.objectives.base import Objective
from dvae_course.runs import Callback, Design, Run, Settings
from dvae_course.stacking import unstack
from dvae_course.vae import VAE

__all__ = ["Callback", "Design", "Fit", "Fits", "Settings", "fit", "fit_many"]


@dataclass(frozen=True)
class Fit:
    """A trained model.

    Attributes
    ----------
    vae, objective : trained copies; what was passed in is unchanged.
    steps : the steps of the history's entries.
    history : the objective's terms, unweighted, and "loss", at each entry; each from one batch.
    """

    vae: VAE
    objective: Objective
    steps: np.ndarray
    history: Mapping[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True)
class Fits(Sequence):
    """Many trained models: `fits[i]` is the `Fit` of design i.

    Attributes
    ----------
    designs : what was asked for.
    vae, objective : the stacks of trained models, with a leading model axis.
    steps, history : as in `Fit`, each term `(entries, models)`.
    failed : "name, seed" → step of the first entry at which that model's loss was not finite.
    """

    designs: tuple[Design, ...]
    vae: VAE
    objective: Objective
    steps: np.ndarray
    history: Mapping[str, np.ndarray] = field(repr=False)
    failed: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.designs)

    def __getitem__(self, model: int) -> Fit:
        if not -len(self) <= model < len(self):
            raise IndexError(f"there are {len(self)} models, no number {model}")
        history = {name: values[:, model] for name, values in self.history.items()}
        vae, objective = unstack(self.vae, model), unstack(self.objective, model)
        return Fit(vae, objective, self.steps, history)

    def frame(self):
        """The last history entry of each model, as a pandas table indexed by name and seed."""
        import pandas

        index = [(d.name, d.seed) for d in self.designs]
        index = pandas.MultiIndex.from_tuples(index, names=["name", "seed"])
        return pandas.DataFrame({k: v[-1] for k, v in self.history.items()}, index=index)


def fit(
    vae: VAE,
    data: Tensor,
    objective: Objective,
    steps: int,
    seed: int = 0,
    *,
    callback: Callback | None = None,
    checkpoint: Path | str | None = None,
    checkpoint_every: int = 1000,
    progress: bool = True,
    **settings,
) -> Fit:
    """Train one model; the same seed gives the same result.

    Parameters
    ----------
    vae : the model to start from; it is copied, not changed.
    data : (n, *vae.data_shape).
    objective : what to minimise; copied too.
    steps : number of optimiser steps.
    seed : decides batches and noise.
    callback : called after each history entry with the step, the VAE and the terms.
    checkpoint : a file to save to every `checkpoint_every` steps, and to go on from if it is there:
        an interrupted run ends with the result of an uninterrupted one.
    progress : show a progress bar with the terms.
    settings : the fields of `Settings`.

    Raises
    ------
    ValueError : for data that do not fit the model or are fewer than a batch, and for a checkpoint
        that belongs to another run.
    """
    run = Run([Design(vae, objective, seed)], data, steps, Settings(**settings), single=True)
    run.train(callback, _path(checkpoint), checkpoint_every, progress)
    return Fit(run.vae, run.objective, run.recorded_steps, run.recorded_terms)


def fit_many(
    designs: Sequence[Design],
    data: Tensor,
    steps: int,
    *,
    callback: Callback | None = None,
    checkpoint: Path | str | None = None,
    checkpoint_every: int = 1000,
    progress: bool = True,
    **settings,
) -> Fits:
    """Train all designs in one batched pass; model by model the result is that of `fit`.

    The designs may differ in seeds and in every number (weights, β, α, γ, λ, the prior's
    parameters), not in architecture. A model whose loss stops being finite is reported by name, in
    a warning and in `failed`; the others go on undisturbed. Parameters and errors as in `fit`.
    """
    if not designs:
        raise ValueError("fit_many needs at least one design, got none")
    run = Run(designs, data, steps, Settings(**settings), single=False)
    run.train(callback, _path(checkpoint), checkpoint_every, progress)
    history, at = run.recorded_terms, run.recorded_steps
    failed = _failures([f"{d.name}, seed {d.seed}" for d in designs], history["loss"], at)
    if failed:
        named = ", ".join(f"{name} (by step {step})" for name, step in failed.items())
        warnings.warn(f"the loss stopped being finite in: {named}", stacklevel=2)
    return Fits(tuple(designs), run.vae, run.objective, at, history, failed)


def _failures(names: Sequence[str], loss: np.ndarray, steps: np.ndarray) -> dict[str, int]:
    """Name → step of the first entry with a loss that is not finite."""
    bad = ~np.isfinite(loss)
    first = bad.argmax(axis=0)
    return {name: int(steps[first[i]]) for i, name in enumerate(names) if bad[:, i].any()}


def _path(file: Path | str | None) -> Path | None:
    return None if file is None else Path(file)
