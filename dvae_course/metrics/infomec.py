"""InfoMEC: modularity, explicitness and compactness, all three in units of information.

Hsu, Dorrell, Whittington, Wu and Finn (2023), arXiv:2305.18378, section 4. Unlike MIG's, their
mutual information needs no bins: it compares distances to nearest neighbours within a factor's
value and among all data (Kraskov, Stögbauer and Grassberger 2004; Ross 2014 for discrete factors).
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from dvae_course.metrics.codes import checked_pairs, factor_sizes_of, live_dimensions
from dvae_course.metrics.information import entropy
from dvae_course.metrics.representation import Representation
from dvae_course.metrics.score import Recipe, Score
from dvae_course.randomness import generator

ITERATIONS = 100  # of the logistic regression, which would go on for ever on separable classes


class InfoMEC(NamedTuple):
    """The three scores of one sample.

    Attributes
    ----------
    infom : modularity, each active code speaks of one factor.
    infoe : explicitness, a linear classifier reads every factor from the codes.
    infoc : compactness, each factor is in one active code.
    """

    infom: Score
    infoe: Score
    infoc: Score


def infomec(
    representation: Representation,
    seed: int = 0,
    n: int = 10_000,
    n_neighbors: int = 10,
    least_range: float = 1 / 20,
) -> InfoMEC:
    """InfoM, InfoE and InfoC of one sample.

    With N = I(code; factor) / H(factor), K factors and L active codes,

        InfoM = (mean over active codes of max_k N / Σ_k N − 1/K) / (1 − 1/K),
        InfoC = (mean over factors of max_l N / Σ_l N − 1/L) / (1 − 1/L),
        InfoE = mean over factors of 1 − H(factor | its prediction from all codes) / H₀,

    H(·|·) the cross-entropy of an unpenalised logistic regression with balanced classes, on the
    data that it was fitted to, H₀ that of the best constant prediction, log(number of values).

    Where each factor is in two codes, InfoC falls below 1/2 and InfoM stays; a rotation leaves
    InfoE, which reads the codes linearly. A code that says nothing has N ≈ 0 everywhere, so that
    InfoM and InfoC divide noise by noise, however many data there are: five codes of pure noise
    score 0.4 to 0.8 on dSprites' factors, and with two or three factors anything from 0 to 1 (see
    `calibrated`). The rule for active codes keeps the passive ones of a VAE out of the mean.

    Parameters
    ----------
    representation : what is scored.
    seed, n : which and how many data points are drawn. With 10,000, 5 factors and 10 codes the
        three take 1 to 3 seconds; the time grows with n and with the number of codes times factors.
    n_neighbors : of the estimate of information.
    least_range : a code is active if its range (largest less smallest value) exceeds this share of
        the widest code's. The authors' published file has 1/20, their experiments' evaluation 1/8.
        The rule is for posterior means: sampled codes of a passive latent are as wide as any.

    Returns
    -------
    InfoMEC of three scores. Tables of InfoM and InfoC: `nmi` (codes, factors; the paper's N,
    transposed), `active` and `share` (each active code's or each factor's max/Σ; 1/K or 1/L where
    nothing is known). Tables of InfoE: `explicitness` of each factor. Dead codes are never active.
    With a single active code InfoC is the share of factors that it knows of; with none, all are 0.

    Raises
    ------
    ValueError : a single factor, codes that are not finite, a factor with more values than data,
        a factor none of whose values occurs twice, n_neighbors below 1, least_range outside [0, 1).
    """
    pairs = representation.sample(n, seed)
    return infomec_from_samples(*pairs, seed, n_neighbors, least_range)


def infomec_from_samples(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int = 0,
    n_neighbors: int = 10,
    least_range: float = 1 / 20,
) -> InfoMEC:
    """`infomec` of given factors (indices of values, from 0) and codes.

    `seed` decides how ties between equal codes are broken.
    """
    infom, infoc = _infom_infoc(factors, codes, seed, n_neighbors, least_range)
    return InfoMEC(infom, infoe_from_samples(factors, codes), infoc)


def infom(
    representation: Representation,
    seed: int = 0,
    n: int = 10_000,
    n_neighbors: int = 10,
    least_range: float = 1 / 20,
) -> Score:
    """`infomec`'s InfoM alone."""
    pairs = representation.sample(n, seed)
    return _infom_infoc(*pairs, seed, n_neighbors, least_range)[0]


def infoc(
    representation: Representation,
    seed: int = 0,
    n: int = 10_000,
    n_neighbors: int = 10,
    least_range: float = 1 / 20,
) -> Score:
    """`infomec`'s InfoC alone."""
    pairs = representation.sample(n, seed)
    return _infom_infoc(*pairs, seed, n_neighbors, least_range)[1]


def infoe(representation: Representation, seed: int = 0, n: int = 10_000) -> Score:
    """`infomec`'s InfoE alone."""
    return infoe_from_samples(*representation.sample(n, seed))


def infoe_from_samples(
    factors: Int[np.ndarray, "n factors"], codes: Real[np.ndarray, "n codes"]
) -> Score:
    """`infoe` of given factors (indices of values, from 0) and codes; all live codes take part."""
    factors, codes = checked_pairs(factors, codes)
    live = live_dimensions(codes)
    kept = _standardised(codes[:, live])
    each = np.array([predictive_information(kept, values) for values in factors.T])
    recipe = Recipe(
        "infoe", partial(infoe, n=len(codes)), factor_sizes_of(factors), int(live.sum())
    )
    return Score(float(each.mean()), {"explicitness": each}, recipe)


def predictive_information(
    codes: Float[np.ndarray, "n live"], values: Int[np.ndarray, " n"]
) -> float:
    """1 − cross-entropy / log(number of values that occur), in sample; 0 without codes.

    The constant predictor with balanced classes gives each value the same probability, whatever
    their frequencies.
    """
    if not codes.shape[1]:
        return 0.0
    model = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        predicted = model.fit(codes, values).predict_proba(codes)
    return float(1 - log_loss(values, predicted) / np.log(len(model.classes_)))


def normalised_information(
    factors: Int[np.ndarray, "n factors"],
    codes: Float[np.ndarray, "n live"],
    seed: int = 0,
    n_neighbors: int = 10,
) -> Float[np.ndarray, "live factors"]:
    """I(code; factor) / H(factor) of each code that varies; estimates below 0 are 0."""
    ties = int(generator(seed, "neighbours").integers(2**31))
    columns = [
        mutual_info_classif(
            _standardised(codes),
            values,
            discrete_features=False,
            n_neighbors=n_neighbors,
            random_state=ties,
        )
        / entropy(np.bincount(values) / len(values))
        for values in factors.T
    ]
    return np.stack(columns, axis=-1)


def _infom_infoc(
    factors: Int[np.ndarray, "n factors"],
    codes: Real[np.ndarray, "n codes"],
    seed: int,
    n_neighbors: int,
    least_range: float,
) -> tuple[Score, Score]:
    factors, codes = checked_pairs(factors, codes)
    _check(factors, n_neighbors, least_range)
    live, active = live_dimensions(codes), active_codes(codes, least_range)
    nmi = np.zeros((codes.shape[1], factors.shape[1]))
    if live.any():
        nmi[live] = normalised_information(factors, codes[:, live], seed, n_neighbors)
    settings = {"n": len(codes), "n_neighbors": n_neighbors, "least_range": least_range}
    scores = []
    for metric, table in ((infom, nmi[active]), (infoc, nmi[active].T)):
        share, value = concentration(table)
        recipe = Recipe(
            metric.__name__, partial(metric, **settings), factor_sizes_of(factors), len(nmi[active])
        )
        scores.append(Score(value, {"nmi": nmi, "active": active, "share": share}, recipe))
    return scores[0], scores[1]


def active_codes(
    codes: Float[np.ndarray, "n codes"], least_range: float = 1 / 20
) -> Bool[np.ndarray, " codes"]:
    """Which codes vary, and over more than `least_range` of the widest code's range."""
    ranges = np.ptp(codes, axis=0)
    return live_dimensions(codes) & (ranges > least_range * ranges.max())


def concentration(
    table: Float[np.ndarray, "rows columns"],
) -> tuple[Float[np.ndarray, " rows"], float]:
    """max/Σ of each row, and (their mean − 1/C) / (1 − 1/C), C columns.

    A row of zeros is as spread as can be, 1/C. With a single column, which leaves no room between
    spread and concentrated, the score is the share of rows that are not zero; with none it is 0.
    """
    rows, columns = table.shape
    if not table.size:
        return np.zeros(rows), 0.0
    total = table.sum(axis=1)
    share = np.where(total > 0, table.max(axis=1) / np.where(total > 0, total, 1), 1 / columns)
    if columns == 1:
        return share, float((total > 0).mean())
    return share, float((share.mean() - 1 / columns) / (1 - 1 / columns))


def _standardised(codes: Float[np.ndarray, "n live"]) -> Float[np.ndarray, "n live"]:
    return (codes - codes.mean(axis=0)) / codes.std(axis=0)


def _check(factors: Int[np.ndarray, "n factors"], n_neighbors: int, least_range: float) -> None:
    if factors.shape[1] < 2:
        raise ValueError(
            "InfoM compares what a code says of its factor with what it says of the others, so it "
            "needs at least 2 factors; there is 1"
        )
    alone = [k for k, values in enumerate(factors.T) if np.bincount(values).max() < 2]
    if alone:
        raise ValueError(
            f"no value of factor {alone[0]} occurs twice in {len(factors)} data points, so none "
            "has a neighbour of the same value; pass more data points"
        )
    if n_neighbors < 1:
        raise ValueError(f"n_neighbors must be at least 1, got {n_neighbors}")
    if not 0 <= least_range < 1:
        raise ValueError(
            "least_range is a share of the widest code's range, at least 0 and below 1, got "
            f"{least_range}"
        )
