"""Training: one model, or many at once that see exactly what each would see alone.

`fit_many` stacks models that differ in seed, hyper-parameters or prior along a leading model axis
and trains all of them in one batched pass. Each model draws its batches and noise from its own
stream, and nothing couples the models but the arithmetic unit, so that the result is, model by
model, that of `fit`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from dvae_course import checkpoints
from dvae_course.objectives.base import Objective, Terms
from dvae_course.randomness import Streams
from dvae_course.stacking import stack, unstack
from dvae_course.vae import VAE

Callback = Callable[[int, VAE, Terms], None]


@dataclass(frozen=True)
class Design:
    """One model to train: what it is, what it minimises, and its seed.

    The seed decides batches and noise; the initial weights are the VAE's own.
    """

    vae: VAE
    objective: Objective
    seed: int = 0
    name: str = "model"


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes
    ----------
    batch_size : data points a step, drawn with replacement; None takes all points each step.
    learning_rate : Adam's.
    decay_from : the fraction of the steps after which the learning rate falls linearly to 0.
    amsgrad : Adam's variant with non-decreasing second moments (Mathieu et al. 2019 use it).
    record_every : steps between entries of the history; 100 entries in all by default.
    device : "cpu" or "cuda".
    """

    batch_size: int | None = 64
    learning_rate: float = 1e-3
    decay_from: float = 1.0
    amsgrad: bool = False
    record_every: int | None = None
    device: str = "cpu"

    def __post_init__(self):
        if self.batch_size is not None and self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2, or None, got {self.batch_size}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.decay_from <= 1:
            raise ValueError(f"decay_from is a fraction of the steps, got {self.decay_from}")

    def rate(self, step: int, steps: int) -> float:
        """The learning rate at a step."""
        left = (steps - step) / max(1.0, steps * (1 - self.decay_from))
        return self.learning_rate * min(1.0, left)

    def records(self, step: int, steps: int) -> bool:
        """Whether the history has an entry after this step (the last always has)."""
        every = self.record_every or max(1, steps // 100)
        return step % every == 0 or step == steps


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
    failed : name → step of the first entry at which that model's loss was not finite.
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
    run = _Run([Design(vae, objective, seed)], data, steps, Settings(**settings), single=True)
    run.train(callback, checkpoint, checkpoint_every, progress)
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
    run = _Run(designs, data, steps, Settings(**settings), single=False)
    run.train(callback, checkpoint, checkpoint_every, progress)
    history, failed = run.recorded_terms, {}
    for model, design in enumerate(designs):
        bad = np.flatnonzero(~np.isfinite(history["loss"][:, model]))
        if len(bad):
            failed[design.name] = int(run.recorded_steps[bad[0]])
    if failed:
        named = ", ".join(f"{name} (by step {step})" for name, step in failed.items())
        warnings.warn(f"the loss stopped being finite in: {named}", stacklevel=2)
    return Fits(tuple(designs), run.vae, run.objective, run.recorded_steps, history, failed)


class _Run:
    """The state of a training run, from its start or from a checkpoint."""

    def __init__(
        self,
        designs: Sequence[Design],
        data: Tensor,
        steps: int,
        settings: Settings,
        single: bool,
    ):
        _check_data(data, designs[0].vae, steps, settings.batch_size)
        seeds = [d.seed for d in designs]
        streams = Streams.of_seeds(seeds, "train")
        self.streams = Streams(streams.generators[0]) if single else streams
        self.models = () if single else (len(designs),)
        self.vae = stack([d.vae for d in designs]).to(settings.device)
        self.objective = stack([d.objective for d in designs]).to(settings.device)
        if single:
            self.vae, self.objective = unstack(self.vae, 0), unstack(self.objective, 0)
        self.data = data.to(settings.device)
        self.steps, self.settings, self.step = steps, settings, 0
        self.optimizers = _optimizers(self.vae, self.objective, settings)
        self._records: list[tuple[int, dict[str, Tensor]]] = []
        self.identity = checkpoints.identity(
            [self.vae, self.objective], self.data, (seeds, steps, settings)
        )

    @property
    def recorded_steps(self) -> np.ndarray:
        """Steps of the history."""
        return np.array([step for step, _ in self._records])

    @property
    def recorded_terms(self) -> dict[str, np.ndarray]:
        """Terms of the history, `(entries, *models)`."""
        names = self._records[0][1]
        return {n: torch.stack([terms[n] for _, terms in self._records]).numpy() for n in names}

    def train(
        self,
        callback: Callback | None,
        checkpoint: Path | str | None,
        checkpoint_every: int,
        progress: bool,
    ) -> None:
        """Go on to the last step."""
        path = None if checkpoint is None else Path(checkpoint)
        self._resume(path)
        hidden = {} if progress else {"disable": True}  # else TQDM_DISABLE decides
        bar = tqdm(total=self.steps, initial=self.step, delay=1.0, **hidden)
        while self.step < self.steps:
            terms = self._advance()
            bar.update()
            if self.settings.records(self.step, self.steps):
                self._record(terms, bar)
                if callback is not None:
                    callback(self.step, self.vae, terms)
            if path is not None and self._saves(checkpoint_every):
                checkpoints.save(path, self.identity, self._tensors(), self._extra())
        bar.close()

    def _advance(self) -> Terms:
        """One step of the optimiser, and of the objective's own if it has one."""
        terms = self.objective(self.vae, self._batch(), generator=self.streams, step=self.step)
        losses, rates = [terms.loss], [self.settings.rate(self.step, self.steps)]
        if self.objective.needs_second_batch:
            losses.append(
                self.objective.discriminator_loss(
                    self.vae, terms.output, self._batch(), self.streams
                )
            )
            rates.append(self.objective.learning_rate)
        for loss, rate, optimizer in zip(losses, rates, self.optimizers, strict=True):
            _backward(loss, optimizer)
            optimizer.param_groups[0]["lr"] = rate
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return terms

    def _batch(self) -> Tensor:
        if self.settings.batch_size is None:
            return self.data.expand(*self.models, *self.data.shape)
        index = self.streams.integers(len(self.data), self.settings.batch_size)
        return self.data[index.to(self.data.device)]

    def _record(self, terms: Terms, bar: tqdm) -> None:
        values = {**terms.values, "loss": terms.loss}
        values = {name: value.detach().cpu().clone() for name, value in values.items()}
        self._records.append((self.step, values))
        shown = {name: f"{v.nanmean().item():.3g}" for name, v in values.items()}
        bar.set_postfix(shown, refresh=False)

    def _saves(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.steps

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that the rest of the run depends on."""
        parts = {"vae": self.vae.state_dict(), "objective": self.objective.state_dict()}
        for i, optimizer in enumerate(self.optimizers):
            for j, slots in optimizer.state_dict()["state"].items():
                parts[f"optimizer.{i}.{j}"] = slots
        for step, values in self._records:
            parts[f"record.{step}"] = values
        return {f"{part}/{k}": v for part, tensors in parts.items() for k, v in tensors.items()}

    def _extra(self) -> dict:
        return {"step": self.step, "streams": self.streams.state()}

    def _resume(self, path: Path | None) -> None:
        """Take over the state of a checkpoint, if there is one."""
        found = None if path is None else checkpoints.load(path, self.identity)
        if found is None:
            return
        tensors, extra = found
        parts: dict[str, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = value
        self.vae.load_state_dict(parts["vae"])
        self.objective.load_state_dict(parts["objective"])
        for i, optimizer in enumerate(self.optimizers):
            state = optimizer.state_dict()
            indices = state["param_groups"][0]["params"]
            state["state"] = {j: parts[f"optimizer.{i}.{j}"] for j in indices}
            optimizer.load_state_dict(state)
        records = ((int(k.split(".")[1]), v) for k, v in parts.items() if k.startswith("record."))
        self._records = sorted(records, key=lambda record: record[0])
        self.step = extra["step"]
        self.streams.restore(extra["streams"])


def _optimizers(vae: VAE, objective: Objective, settings: Settings) -> list[torch.optim.Adam]:
    """Adam for the VAE, and one for the objective's own parameters if it has any."""
    options = {"lr": settings.learning_rate, "amsgrad": settings.amsgrad, "fused": True}
    optimizers = [torch.optim.Adam(vae.parameters(), **options)]
    if objective.needs_second_batch:
        optimizers.append(
            torch.optim.Adam(objective.parameters(), betas=objective.adam_betas, fused=True)
        )
    return optimizers


def _backward(loss: Tensor, optimizer: torch.optim.Adam) -> None:
    """Gradients of the loss for this optimiser's parameters and for no others."""
    parameters = optimizer.param_groups[0]["params"]
    optimizer.zero_grad()
    loss.sum().backward(inputs=parameters)


def _check_data(data: Tensor, vae: VAE, steps: int, batch_size: int | None) -> None:
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if tuple(data.shape[1:]) != vae.data_shape:
        raise ValueError(
            f"data must have shape (n, {', '.join(map(str, vae.data_shape))}) for this model, got "
            f"{tuple(data.shape)}"
        )
    if batch_size is not None and len(data) < batch_size:
        raise ValueError(
            f"the data set has {len(data)} points, fewer than batch_size={batch_size}; pass a "
            "smaller batch_size, or batch_size=None to take all points each step"
        )
    if not bool(torch.isfinite(data).all()):
        raise ValueError("data holds NaN or infinite values; clean it before training")
