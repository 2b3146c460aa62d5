"""The function exercises of chapter 11: the log density of a mixture, and a one-sample KL."""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp
from scipy.stats import norm

from dvae_course.exercises.functions import Case, Function, Outputs, WrongFunction
from dvae_course.exercises.values import same


def log_components(z: np.ndarray, means: np.ndarray, sd: float) -> Float[np.ndarray, "n K"]:
    """log N(z_i; m_k, sd² I)."""
    return norm.logpdf(z[:, None], means, sd).sum(-1)


def log_mixture(
    z: Float[np.ndarray, "n 2"], means: Float[np.ndarray, "K 2"], sd: float
) -> Float[np.ndarray, " n"]:
    """log (1/K) Σ_k N(z; m_k, sd² I)."""
    return logsumexp(log_components(z, means, sd), axis=1, b=1 / len(means))


def mixture_cases(rng: np.random.Generator) -> list[Case]:
    """Small ones first; the last has a point so far out that its density underflows."""
    sizes = [(1, 1, 0.5), (1, 2, 1.5), (2, 3, 0.7), (5, 4, 1.2), (3, 4, 0.3)]
    cases = [
        (rng.normal(size=(n, 2)).round(1), rng.normal(size=(K, 2)).round(1), sd)
        for n, K, sd in sizes
    ]
    z, means, sd = cases[-1]
    return [*cases[:-1], (np.concatenate([z, [[40.0, 40.0]]]), means, sd)]


def wrong_far_out_only(outputs: Outputs, expected: Outputs) -> bool:
    """Right wherever the density itself can be held in a float64."""
    if any(o.shape != e.shape for o, e in zip(outputs, expected, strict=True)):
        return False
    near = [e > -700 for e in expected]
    return all(same(o[k], e[k]) for o, e, k in zip(outputs, expected, near, strict=True))


def kl_one_sample(
    log_q: Float[np.ndarray, "n 2"], log_p: Float[np.ndarray, "n 1"]
) -> Float[np.ndarray, " n"]:
    """log q(z|x) − log p(z) at one draw z a row, where log q comes coordinate by coordinate."""
    return np.einsum("nd->n", log_q) - log_p[:, 0]


def log_density_cases(rng: np.random.Generator) -> list[Case]:
    """Pairs of log q (n, 2) and log p (n, 1)."""
    return [
        (rng.normal(-1, 1, (n, 2)).round(1), rng.normal(-3, 1, (n, 1)).round(1))
        for n in (1, 2, 3, 6)
    ]


MIXTURE = Function(
    reference=log_mixture,
    cases=mixture_cases,
    why="The average of the densities is taken inside the logarithm, by logsumexp: log Σ_k "
    "exp(a_k) is computed as max a + log Σ_k exp(a_k − max a), which underflows nowhere. Far from "
    "all clusters the nearest one alone decides, and its gradient still points home.",
    misconceptions=(
        WrongFunction(
            lambda z, means, sd: np.log(np.exp(log_components(z, means, sd)).mean(1)),
            "Right close by, but far from every cluster exp(…) underflows to 0 and its logarithm "
            "is −∞, with no gradient to come back by. Stay in logarithms: use logsumexp instead of "
            "exp, sum and log.",
            when=wrong_far_out_only,
            nearly=True,
        ),
        WrongFunction(
            lambda z, means, sd: log_components(z, means, sd).mean(1),
            "You averaged the logarithms of the components. A mixture averages the densities, and "
            "the logarithm comes after: log (1/K) Σ_k N_k, not (1/K) Σ_k log N_k. The average of "
            "logarithms is the log of a single Gaussian (up to a constant): no clusters are left.",
        ),
        WrongFunction(
            lambda z, means, sd: logsumexp(log_components(z, means, sd), axis=1),
            "The weights 1/K are missing: with K components this density integrates to K. "
            "Subtract log K.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, means, sd: (
                log_mixture(z, means, sd) + z.shape[1] / 2 * math.log(2 * math.pi * sd**2)
            ),
            "The Gaussian's normaliser is missing: in D dimensions log N has the term "
            "−(D/2) log(2π sd²). Without it the density does not integrate to 1, and a KL computed "
            "from it is off by that amount.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, means, sd: log_mixture(z, means, sd) + 0.5 * math.log(2 * math.pi * sd**2),
            "The normaliser is that of one dimension, ½ log(2π sd²). Each coordinate brings one: "
            "in D dimensions it is (D/2) log(2π sd²).",
            nearly=True,
        ),
        WrongFunction(
            lambda z, means, sd: log_mixture(z, means, math.sqrt(sd)),
            "You used sd as if it were the variance. It is the standard deviation: square it.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, means, sd: log_mixture(z, means, sd).sum(),
            "You summed over the points as well. Keep one log density for each row of z: sum over "
            "the coordinates, and logsumexp over the components, only.",
            nearly=True,
        ),
    ),
)

ONE_SAMPLE_KL = Function(
    reference=kl_one_sample,
    cases=log_density_cases,
    why="The encoder's coordinates are independent, so its log densities add up over the "
    "coordinates. The mixture is one joint density of z: log p enters once, with its column taken "
    "off before the subtraction so that nothing broadcasts.",
    misconceptions=(
        WrongFunction(
            lambda log_q, log_p: (log_q - log_p).sum(-1),
            "You subtract log p from every coordinate and then sum, so it counts twice: the single "
            "column of log_p broadcasts over both columns of log_q. This very slip is in the code "
            "released with Mathieu et al. 2019. Sum log_q over the coordinates first, then "
            "subtract log p once.",
        ),
        WrongFunction(
            lambda log_q, log_p: log_q.sum(-1) - log_p,
            "The result is a table (n, n): log_q.sum(-1) has shape (n,), log_p has (n, 1), and "
            "broadcasting pairs every row with every other. Take the column off log_p first: "
            "log_p[:, 0].",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q, log_p: log_q.sum(-1, keepdims=True) - log_p,
            "The numbers are right, but in a column of shape (n, 1) that will broadcast in "
            "whatever comes next. Return shape (n,), one number for each row.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q, log_p: -kl_one_sample(log_q, log_p),
            "The sign is turned round: KL(q‖p) averages log q − log p over draws from q.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q, log_p: log_q.mean(-1) - log_p[:, 0],
            "You averaged log q over the coordinates. The density of independent coordinates is a "
            "product, so its logarithm is a sum.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q, log_p: kl_one_sample(log_q, log_p).mean(),
            "You averaged over the rows. Each x has its own estimate: keep shape (n,), and leave "
            "the average over the data to the objective.",
            nearly=True,
        ),
        WrongFunction(
            lambda log_q, log_p: np.exp(log_q.sum(-1)) * kl_one_sample(log_q, log_p),
            "You weighted by q. The draws come from q already, so the plain value log q − log p is "
            "the estimate: weighting counts q twice.",
        ),
    ),
)
