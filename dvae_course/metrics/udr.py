"""UDR, the unsupervised disentanglement ranking: do models of other seeds find the same latents?

Duan et al. (2020), arXiv:1905.12614. The idea: there are many ways to entangle the factors but few
to disentangle them, so models that agree up to the order and sign of their latents are likely to be
disentangled. No factor is needed, but several models of the same setting are (the paper trains 50).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy.stats import rankdata
from sklearn.linear_model import Lasso

from dvae_course.metrics.codes import checked_codes, live_dimensions

Codes = Float[np.ndarray, "n a"]
OtherCodes = Float[np.ndarray, "n b"]
Similarities = Float[np.ndarray, "a b"]


@dataclass(frozen=True, eq=False)
class UDR:
    """How well each model's latents are found again by the others.

    Attributes
    ----------
    scores : of each model, the median over the others of `pairwise[other, model]`.
    pairwise : `(from, to)`, 0 on the diagonal. With "lasso" it is not symmetric: predicting j's
        latents from i's is not the inverse problem's mirror image.
    similarity : `(from, to, latent of from, latent of to)`; 0 for uninformative latents.
    informative : `(models, latent)`, which latents took part.
    """

    scores: Float[np.ndarray, " models"]
    pairwise: Float[np.ndarray, "models models"]
    similarity: Float[np.ndarray, "models models latent latent"]
    informative: Bool[np.ndarray, "models latent"]


def udr_from_codes(
    codes: Sequence[Real[np.ndarray, "_ _"]],
    kl: Sequence[Real[np.ndarray, " _"]],
    similarity: str = "lasso",
    alpha: float = 0.1,
    kl_threshold: float = 0.01,
) -> UDR:
    """UDR of several models' codes of the same data points.

    For each ordered pair of models and R_ab ≥ 0, the similarity of latent a of the first to latent
    b of the second,

        UDR = ½ (mean_b (max_a R_ab)² / Σ_a R_ab + mean_a (max_b R_ab)² / Σ_b R_ab),

    over informative latents; a latent that resembles no other counts as 0, as does a pair in which
    one model has no informative latent. Agreement alone is rewarded: a model that finds a single
    factor, and finds it each time, scores as high as one that finds all.

    Parameters
    ----------
    codes : of each model, the mean codes of the same n data points (the paper: 1,000).
    kl : of each model, each latent's mean KL(q(z_a|x)‖p(z_a)) in nats. A latent is informative if
        it exceeds `kl_threshold`, and if its code varies over the data at all.
    similarity : "lasso", the absolute coefficients of the Lasso from the first model's standardised
        latents to each of the second's; or "spearman", the absolute rank correlation.
    alpha : the Lasso's penalty. It shrinks: two models that agree perfectly reach 1 − alpha with
        "lasso", 1 with "spearman".

    Raises
    ------
    ValueError : fewer than 2 models, models with other numbers of data points or latents, codes or
        KLs that are not finite, an unknown similarity, an alpha outside (0, 1).

    Examples
    --------
    >>> codes = np.random.default_rng(0).standard_normal((1000, 3))
    >>> informed = np.ones(3)
    >>> udr_from_codes([codes, -codes[:, ::-1]], [informed, informed]).scores.round(1)
    array([0.9, 0.9])
    """
    models, kls = _checked(codes, kl)
    similar = _similarity(similarity, alpha)
    live = np.stack([live_dimensions(model) for model in models])
    informative = live & (kls > kl_threshold)
    kept = [_standardised(model[:, use]) for model, use in zip(models, informative, strict=True)]
    count, latents = informative.shape
    table, pairwise = np.zeros((count, count, latents, latents)), np.zeros((count, count))
    for i, j in np.argwhere(~np.eye(count, dtype=bool)):
        if informative[i].any() and informative[j].any():
            R = similar(kept[i], kept[j])
            table[i, j][np.ix_(informative[i], informative[j])] = R
            pairwise[i, j] = relative_strength(R)
    others = ~np.eye(count, dtype=bool)
    scores = np.array([np.median(pairwise[others[:, j], j]) for j in range(count)])
    return UDR(scores, pairwise, table, informative)


def relative_strength(R: Similarities) -> float:
    """½ (mean_b (max_a R)² / Σ_a R + mean_a (max_b R)² / Σ_b R), 0/0 counting as 0."""
    strengths = []
    for axis in (0, 1):
        total = R.sum(axis)
        strengths.append((R.max(axis) ** 2 / np.where(total > 0, total, 1)).mean())
    return float(np.mean(strengths))


def lasso_similarity(first: Codes, second: OtherCodes, alpha: float = 0.1) -> Similarities:
    """|coefficient| of each of the first's latents in the Lasso for each of the second's.

    Both standardised; the Lasso minimises ‖y − X w‖² / 2n + alpha ‖w‖₁, latent by latent of y.
    """
    model = Lasso(alpha=alpha, fit_intercept=False, precompute=True).fit(first, second)
    return np.abs(model.coef_).reshape(second.shape[1], first.shape[1]).T


def spearman_similarity(first: Codes, second: OtherCodes) -> Similarities:
    """|rank correlation| of each of the first's latents with each of the second's."""
    a, b = (_standardised(rankdata(codes, axis=0)) for codes in (first, second))
    return np.abs(a.T @ b) / len(a)


def _standardised(codes: Codes) -> Codes:
    return (codes - codes.mean(axis=0)) / codes.std(axis=0)


def _similarity(name: str, alpha: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1 (at 1 no latent is kept), got {alpha}")
    known = {"lasso": partial(lasso_similarity, alpha=alpha), "spearman": spearman_similarity}
    if name not in known:
        raise ValueError(f'similarity must be "lasso" or "spearman", got {name!r}')
    return known[name]


def _checked(
    codes: Sequence[np.ndarray], kl: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], Float[np.ndarray, "models latent"]]:
    if len(codes) < 2:
        raise ValueError(
            f"UDR compares models with each other, so it needs at least 2, got {len(codes)}; train "
            "the same setting with other seeds"
        )
    models = [checked_codes(model) for model in codes]
    shapes = [model.shape for model in models]
    if len(set(shapes)) > 1:
        raise ValueError(
            "all models must encode the same data points in the same number of latents, got "
            f"codes of shapes {shapes}"
        )
    kl_shapes = [np.shape(k) for k in kl]
    if kl_shapes != [shapes[0][1:]] * len(models):
        raise ValueError(
            f"kl must hold, for each of the {len(models)} models, one number for each of its "
            f"{shapes[0][1]} latents, got shapes {kl_shapes}"
        )
    kls = np.stack(kl).astype(np.float64)
    if not np.isfinite(kls).all():
        raise ValueError(
            f"kl must be finite numbers, but those of models "
            f"{np.flatnonzero(~np.isfinite(kls).all(axis=1)).tolist()} (counted from 0) are not; "
            "look for a diverged model, or leave it out"
        )
    return models, kls
