"""A training run: its state from the first step, or from a checkpoint, to the last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from dvae_course import checkpoints
from dvae_course.likelihoods import BernoulliLikelihood
from dvae_course.objectives.base import Objective, Terms
from dvae_course.randomness import Streams
from dvae_course.stacking import stack, unstack
from dvae_course.vae import VAE

Callback = Callable[[int, VAE, Terms], None]
CHECKED_AT_ONCE = 4096  # data points, so that the check takes no memory to speak of


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
    threads : of the CPU. With one, a seed's result does not depend on the machine's cores, nor its
        speed much on what else runs there; on an idle machine more are faster for large stacks and
        networks (benchmarks/ has figures).
    """

    batch_size: int | None = 64
    learning_rate: float = 1e-3
    decay_from: float = 1.0
    amsgrad: bool = False
    record_every: int | None = None
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self):
        if self.batch_size is not None and self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2, or None, got {self.batch_size}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.record_every is not None and self.record_every < 1:
            raise ValueError(f"record_every must be at least 1, or None, got {self.record_every}")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device is {self.device!r}, but torch finds no CUDA here; use 'cpu'")
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, got {self.threads}")
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


class Run:
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
        self.seeds = seeds

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
        self, callback: Callback | None, path: Path | None, checkpoint_every: int, progress: bool
    ) -> None:
        """Go on to the last step."""
        if checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be at least 1, got {checkpoint_every}")
        with _threads(self.settings.threads):
            self._train(callback, path, checkpoint_every, progress)

    def _train(
        self, callback: Callback | None, path: Path | None, checkpoint_every: int, progress: bool
    ) -> None:
        identity = "" if path is None else self._identity()
        if path is not None:
            self._resume(checkpoints.load(path, identity))
        hidden = not progress or os.environ.get("TQDM_DISABLE") == "1"
        bar = tqdm(total=self.steps, initial=self.step, delay=1.0, disable=hidden)
        while self.step < self.steps:
            terms = self._advance()
            bar.update()
            if self.settings.records(self.step, self.steps):
                self._record(terms, bar)
                if callback is not None:
                    callback(self.step, self.vae, terms)
            if path is not None and self._saves(checkpoint_every):
                checkpoints.save(path, identity, self._tensors(), self._extra())
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

    def _identity(self) -> str:
        """What this run is, before its first step."""
        numbers = (self.seeds, self.steps, self.settings)
        return checkpoints.identity([self.vae, self.objective], self.data, numbers)

    def _resume(self, found: tuple[dict[str, Tensor], dict] | None) -> None:
        """Take over the state of a checkpoint, if there is one."""
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


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Run torch on `count` CPU threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
    dtype = next(vae.parameters()).dtype
    if data.dtype != dtype:
        raise ValueError(
            f"data are {data.dtype} and the model's weights {dtype}; convert one, for example "
            "data.float()"
        )
    if batch_size is not None and len(data) < batch_size:
        raise ValueError(
            f"the data set has {len(data)} points, fewer than batch_size={batch_size}; pass a "
            "smaller batch_size, or batch_size=None to take all points each step"
        )
    if not all(torch.isfinite(part).all() for part in data.split(CHECKED_AT_ONCE)):
        raise ValueError("data holds NaN or infinite values; clean it before training")
    if isinstance(vae.likelihood, BernoulliLikelihood) and (data.min() < 0 or data.max() > 1):
        raise ValueError(
            f"the Bernoulli likelihood needs data in [0, 1], got {data.min():g} to {data.max():g}; "
            "rescale them, or use a Gaussian or Laplace likelihood"
        )
