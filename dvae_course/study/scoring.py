"""Scores of trained models, all on the same samples: what a row of the study holds.

Every model is scored twice, by its mean codes mu(x) and by samples z ~ q(z|x). A model's codes of
all combinations of factors are computed once, and every metric looks them up.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.metrics.betavae_score import betavae_score
from dvae_course.metrics.dci import dci_completeness, dci_from_split, dci_informativeness
from dvae_course.metrics.dependence import (
    mutual_information_score_from_codes,
    total_correlation_from_codes,
    wasserstein_dependence_from_codes,
)
from dvae_course.metrics.downstream import downstream_from_split, statistical_efficiency
from dvae_course.metrics.factorvae_score import factorvae_score
from dvae_course.metrics.information import mutual_information
from dvae_course.metrics.mig import mig_from_information
from dvae_course.metrics.modularity import modularity_from_information
from dvae_course.metrics.representation import Representation, Table
from dvae_course.metrics.sap import sap_from_split
from dvae_course.metrics.split import Split
from dvae_course.randomness import Streams, generator
from dvae_course.representations import KINDS, mean_kl, model_input, represent
from dvae_course.stacking import stack
from dvae_course.study.design import Scoring
from dvae_course.study.pictures import Pictures, Remembered
from dvae_course.vae import VAE

ENCODED = 512  # pictures that a group of models encodes at a time
TOGETHER = 6  # models whose codes of the whole grid are held at a time
ACTIVE = 0.01  # nats of mean KL above which a latent is active
AGREEMENT = 1000  # pictures whose codes are kept, for UDR

Row = dict[str, object]


def scores(vaes: Sequence[VAE], pictures: Pictures, scoring: Scoring) -> list[list[Row]]:
    """For each model, a row for each kind of representation, in the order of `KINDS`."""
    rng = generator(scoring.seed, "study evaluation")
    sample = pictures.data.observe(pictures.data.sample_factors(scoring.evaluated, rng), rng)
    values = [evaluation(vae, sample, scoring.seed) for vae in vaes]
    rows: list[list[Row]] = []
    for first in range(0, len(vaes), TOGETHER):
        group, about = vaes[first : first + TOGETHER], values[first : first + TOGETHER]
        for value, kinds in zip(about, _representations(group, pictures, scoring), strict=True):
            rows.append(_rows_of_model(value, kinds, scoring))
    return rows


@torch.no_grad()
def evaluation(vae: VAE, sample: Float32[Tensor, "n channels side side"], seed: int) -> Row:
    """Reconstruction, KL and ELBO in nats a picture, and which latents are active."""
    output = vae(model_input(vae, sample), generator(seed, "study evaluation noise"))
    posterior = DiagonalGaussian(output.posterior.mu.double(), output.posterior.log_var.double())
    kl = mean_kl(posterior, vae.prior)
    failed = not (np.isfinite(kl).all() and bool(torch.isfinite(output.elbo).all()))
    codes = output.posterior.mu[:AGREEMENT].float().contiguous().numpy()
    return {
        "reconstruction": -output.reconstruction.double().mean().item(),
        "kl": output.kl.double().mean().item(),
        "elbo": output.elbo.double().mean().item(),
        "active": int((kl > ACTIVE).sum()),
        "latent_kl": kl.tolist(),
        "codes": codes.tobytes(),
        "failed": failed,
    }


def _rows_of_model(
    value: Row, representations: Sequence[Representation], scoring: Scoring
) -> list[Row]:
    """What was evaluated once for both kinds, and the scores of each unless the model failed."""
    rows = []
    for kind, representation in zip(KINDS, representations, strict=True):
        row = {"representation": kind, **value}
        if kind != "mean":
            row["codes"] = None
        if not value["failed"]:
            active = np.array(value["latent_kl"]) > ACTIVE
            row |= scores_of_representation(representation, active, scoring, kind == "mean")
        rows.append(row)
    return rows


@contextmanager
def few_of_many_classes() -> Iterator[None]:
    """Keep scikit-learn from asking whether 100 labels of 183 cars are classes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes")
        yield


@few_of_many_classes()
def scores_of_representation(
    representation: Representation,
    active: Bool[np.ndarray, " latent"],
    scoring: Scoring,
    tasks: bool,
) -> Row:
    """The metrics of one representation; the downstream tasks too if `tasks`."""
    seed = scoring.seed
    split = Split.drawn(representation, seed, scoring.n_train, scoring.n_test)
    information = mutual_information(split.train_factors, split.train_codes)
    votes = (representation, seed, scoring.votes_train, scoring.votes_test, scoring.vote_size)
    trees = dci_from_split(
        shortened(split, scoring.dci_train), seed, scoring.dci_estimator, progress=False
    )
    codes = split.train_codes
    row: Row = {
        "betavae_score": betavae_score(*votes).value,
        "factorvae_score": factorvae_score(*votes, n_variance=scoring.n_train).value,
        "mig": mig_from_information(information).value,
        "dci_disentanglement": trees.value,
        "dci_completeness": dci_completeness(trees).value,
        "dci_informativeness": dci_informativeness(trees).value,
        "modularity": modularity_from_information(information).value,
        "sap": sap_from_split(split).value,
        "total_correlation": total_correlation_from_codes(codes).value,
        "wasserstein_dependence": wasserstein_dependence_from_codes(codes).value,
        "mutual_information_score": mutual_information_score_from_codes(codes).value,
        "total_correlation_active": (
            total_correlation_from_codes(codes[:, active]).value if active.any() else 0.0
        ),
    }
    return row | (_downstream(split, scoring) if tasks else {})


def shortened(split: Split, n_train: int) -> Split:
    """The same split with the first `n_train` rows to train on only."""
    return Split(
        split.train_factors[:n_train],
        split.train_codes[:n_train],
        split.test_factors,
        split.test_codes,
    )


def _downstream(split: Split, scoring: Scoring) -> Row:
    """Accuracies from few and from many labels, and their ratio, of both classifiers."""
    few, many = scoring.downstream_few, scoring.downstream_many
    row: Row = {}
    predictors = {"trees": scoring.downstream_trees, "logistic": scoring.downstream_logistic}
    for name, predictor in predictors.items():
        score = downstream_from_split(split, scoring.seed, (few, many), predictor, progress=False)
        at_few, at_many = score.tables["mean_accuracy"].tolist()
        efficiency = statistical_efficiency(score, few, many).value
        row |= {f"{name}_few": at_few, f"{name}_many": at_many, f"{name}_efficiency": efficiency}
    return row


def _representations(
    vaes: Sequence[VAE], pictures: Pictures, scoring: Scoring
) -> Iterator[tuple[Representation, ...]]:
    """Of each model the mean and the sampled representation."""
    sizes = pictures.data.factor_sizes
    if scoring.whole_grid:
        count = len(pictures.data)
        for model in encoded_grid(vaes, pictures.grid(), count, scoring.seed):
            yield tuple(Representation(sizes, Table(sizes, codes)) for codes in model)
        return
    remembered = Remembered(pictures.data)
    for vae in vaes:
        yield tuple(represent(vae, remembered, kind, scoring.seed) for kind in KINDS)


@torch.no_grad()
def encoded_grid(
    vaes: Sequence[VAE], pictures: Iterable[Tensor], count: int, seed: int
) -> Float32[np.ndarray, "models kinds count latent"]:
    """Mean and sampled codes of `count` pictures, given in blocks; all models share the noise."""
    together = stack(vaes)
    noise = Streams(generator(seed, "study grid noise"))
    latent = vaes[0].prior.dim
    codes = np.empty((len(vaes), len(KINDS), count, latent), np.float32)
    start = 0
    for block in chain.from_iterable(block.split(ENCODED) for block in pictures):
        x = model_input(vaes[0], block)
        posterior = together.encode(x.expand(len(vaes), *x.shape))
        z = posterior.sample(noise.normal(len(x), latent, like=x))
        codes[:, :, start : start + len(x)] = torch.stack([posterior.mu, z], 1).numpy()
        start += len(x)
    return codes
