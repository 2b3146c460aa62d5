"""Exercises of chapter 12, the sparse prior: its density, Hoyer's sparsity, what α and β do."""

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp
from scipy.stats import norm

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.log_densities import wrong_far_out_only
from dvae_course.exercises.registry import Exercise

Codes = Float[np.ndarray, "n latent"]
Scalar = float | Float[np.ndarray, ""]


def log_spike_and_slab(z: Codes, gamma: Scalar, spike_sd: Scalar) -> Float[np.ndarray, " n"]:
    """Σ_d log [γ N(z_d; 0, spike_sd²) + (1 − γ) N(z_d; 0, 1)]."""
    return _mixed(*_weighted(z, gamma, spike_sd)).sum(1)


def _weighted(z: Codes, gamma: Scalar, spike_sd: Scalar) -> tuple[Codes, Codes]:
    """log γ N(z_d; 0, spike_sd²) and log (1 − γ) N(z_d; 0, 1)."""
    with np.errstate(all="ignore"):
        weights = np.log(gamma), np.log1p(-gamma)
    return weights[0] + norm.logpdf(z, 0, spike_sd), weights[1] + norm.logpdf(z)


def _mixed(
    spike: Float[np.ndarray, "*shape"], slab: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    return logsumexp(np.stack([spike, slab]), axis=0)


def code_cases(rng: np.random.Generator) -> list[Case]:
    """Small ones first; one without a spike, and one with a code so far out that both underflow."""
    sizes = [(1, 1, 0.5, 0.1), (1, 2, 0.8, 0.2), (2, 3, 0.0, 0.05), (4, 3, 0.4, 0.5)]
    cases = [(rng.normal(size=(n, d)).round(1), gamma, spike_sd) for n, d, gamma, spike_sd in sizes]
    z, *rest = cases[-1]
    return [*cases, (np.concatenate([z, [[60.0, 0.0, 0.0]]]), *rest)]


DENSITY = Function(
    reference=log_spike_and_slab,
    cases=code_cases,
    why="In each coordinate the two weighted log densities are joined by logsumexp, which holds "
    "both at γ = 0, where log γ is −∞ and the slab alone remains, and far out, where both "
    "densities underflow. Coordinates are independent: their log densities add up.",
    misconceptions=(
        WrongFunction(
            lambda z, gamma, spike_sd: np.log(
                gamma * norm.pdf(z, 0, spike_sd) + (1 - gamma) * norm.pdf(z)
            ).sum(1),
            "Right close by, but far out both densities underflow to 0 and the logarithm is −∞, "
            "with no gradient to come back by. Stay in logarithms: logsumexp of log γ + log N "
            "and log(1 − γ) + log N.",
            when=wrong_far_out_only,
            nearly=True,
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: _mixed(*_one_switch(z, gamma, spike_sd)),
            "You summed over the coordinates before mixing, so that one switch turns all "
            "coordinates on or off together. In this prior each coordinate has a switch of its "
            "own: mix first, coordinate by coordinate, then sum.",
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: log_spike_and_slab(z, gamma, np.sqrt(spike_sd)),
            "You used spike_sd as if it were the variance. It is the standard deviation: square "
            "it. The paper and its code differ in just this.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: log_spike_and_slab(z, 1 - gamma, spike_sd),
            "The weights are exchanged: γ is the share of the spike, 1 − γ that of the slab.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: (
                gamma * norm.logpdf(z, 0, spike_sd) + (1 - gamma) * norm.logpdf(z)
            ).sum(1),
            "You averaged the logarithms. A mixture averages the densities, and the logarithm "
            "comes after; an average of two Gaussians' logarithms is one Gaussian's, and no "
            "spike is left.",
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: _mixed(norm.logpdf(z, 0, spike_sd), norm.logpdf(z)).sum(1),
            "The weights γ and 1 − γ are missing: this integrates to 2 in every coordinate.",
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: (
                log_spike_and_slab(z, gamma, spike_sd) + z.shape[1] * 0.5 * np.log(2 * np.pi)
            ),
            "The constant −½ log 2π is missing from every coordinate: the density does not "
            "integrate to 1.",
            nearly=True,
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: _mixed(*_weighted(z, gamma, spike_sd)),
            "These are the log densities of the coordinates. A code has one: sum them over the "
            "last axis, shape (n,).",
            nearly=True,
        ),
        WrongFunction(
            lambda z, gamma, spike_sd: log_spike_and_slab(z, gamma, spike_sd).sum(),
            "You summed over the codes as well. Keep one log density a row.",
            nearly=True,
        ),
    ),
)


def _one_switch(z: Codes, gamma: Scalar, spike_sd: Scalar) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(all="ignore"):
        weights = np.log(gamma), np.log1p(-gamma)
    return weights[0] + norm.logpdf(z, 0, spike_sd).sum(1), weights[1] + norm.logpdf(z).sum(1)


BY_HAND = Number(
    value=0.8,
    tolerance=0.004,
    why="‖y‖₁ = 7, ‖y‖₂ = 5 and √9 = 3, so that H = (3 − 7/5)/(3 − 1) = 0.8. The signs do not "
    "count, and neither does the length of y: (6, −8, 0, …) has the same sparsity.",
    misconceptions=(
        WrongNumber(
            1.6,
            "This is the numerator. Divide by √d − 1 = 2, so that a code with one non-zero entry "
            "scores 1.",
        ),
        WrongNumber(
            0.95,
            "You put d = 9 in the place of √d = 3, above and below.",
        ),
        WrongNumber(
            (3 - 5 / 7) / 2,
            "The ratio is upside down: it is ‖y‖₁/‖y‖₂, which lies between 1 and √d.",
        ),
        WrongNumber(
            (3 - 1 / 5) / 2,
            "You added 3 and −4. ‖y‖₁ adds absolute values: 7.",
        ),
        WrongNumber(
            7 / 9,
            "This is the share of zeros. Hoyer's number grades: it also sees how unequal the "
            "non-zero entries are, and needs no entry to be exactly 0.",
        ),
        WrongNumber(
            (np.sqrt(2) - 7 / 5) / (np.sqrt(2) - 1),
            "You took d = 2, the non-zero entries. d counts all entries: the zeros are what "
            "makes y sparse.",
        ),
        WrongNumber(
            0.2,
            "This is 1 − H, how dense the code is.",
        ),
    ),
)

PREDICTION = Choice(
    right="raw",
    explanations={
        "raw": "Raising β switches latents off: their means shrink to almost nothing beside the "
        "others, and raw Hoyer takes that for sparsity. In units of its own standard deviation a "
        "dead latent is noise like any other, so that normalised Hoyer stays near the value of a "
        "Gaussian. The same few latents serve every picture, and nothing is sparse about that.",
        "both": "A rotation-invariant prior asks for no sparse code, whatever its weight. What "
        "makes raw Hoyer rise is the loss of whole latents; what becomes of that when each latent "
        "is measured in units of its own standard deviation?",
        "normalised": "Normalising takes away what differs from latent to latent, and that is all "
        "that β changes. Which of the two numbers sees a latent whose mean hardly moves?",
        "neither": "β > 1 makes the KL term expensive, and the model saves it latent by latent: "
        "some means shrink to almost nothing. One of the two numbers takes this for sparsity.",
    },
)

BALANCE = Number(
    value=100 * 196 / 1024,
    tolerance=0.5,
    why="The reconstruction term sums over pixels, so with 196/1024 as many of them it is about "
    "that much smaller, while MMD² does not know the pixels: α = 100 · 196/1024 ≈ 19 keeps the "
    "balance. This holds if a pixel is as hard to reconstruct at either size, which is roughly "
    "so; that is why the chapter takes 20 and says 'about a fifth'.",
    misconceptions=(
        WrongNumber(
            100.0,
            "The MMD is the same, but the reconstruction term is not: it is a sum over pixels. "
            "How many are there in each of the two?",
        ),
        WrongNumber(
            100 * 1024 / 196,
            "The other way round: with fewer pixels the reconstruction term is smaller, and so "
            "must α be.",
        ),
        WrongNumber(
            100 * 14 / 32,
            "You compared the sides. The sum is over pixels: compare the areas.",
        ),
        WrongNumber(
            100 * 196 / 784,
            "28 × 28 is the size of the files. The paper's models see them enlarged to 32 × 32.",
        ),
    ),
)

COPIES = Choice(
    right="zero",
    explanations={
        "zero": "The sum of MMD²(q(z_d), p(z_d)) compares one coordinate at a time, and each has "
        "exactly the prior's distribution. Ten copies of one latent, which are far from the "
        "product prior, pass as a perfect match: α puts no price on dependence.",
        "large": "The joint distribution is far from the prior's: in that you are right. But "
        "look at what is summed: one coordinate at a time, and each coordinate is distributed "
        "exactly as the prior's.",
        "tenfold": "MMD² of one coordinate is counted ten times; but how much is it, if the "
        "coordinate is distributed exactly as the prior's?",
        "negative": "An estimate from a batch can fall below 0 by chance, as the U-statistic is "
        "unbiased. The quantity itself is an integral of squares: never negative.",
    },
)

EXERCISES = (
    Exercise(
        id="12.1",
        difficulty=2,
        importance=3,
        minutes=10,
        points=2,
        hints=(
            "One coordinate first: the logarithm of a sum of two weighted densities.",
            "log γ + log N(z_d; 0, spike_sd²) and log(1 − γ) + log N(z_d; 0, 1), then "
            "`torch.logaddexp`. `math.log(0)` is an error; `torch.log` of a tensor 0 is −inf.",
            "The coordinates are independent: what happens to their log densities?",
        ),
        answer=DENSITY,
    ),
    Exercise(
        id="12.2",
        difficulty=1,
        importance=2,
        minutes=3,
        points=1,
        hints=(
            "‖y‖₁ adds absolute values; ‖y‖₂ is the root of the sum of squares.",
            "d = 9 counts the zeros too.",
        ),
        answer=BY_HAND,
    ),
    Exercise(
        id="12.3",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "What does a VAE do with a latent that is not worth its KL?",
            "Write a code with one large coordinate and nine of size 0.01. What is its raw Hoyer "
            "number, and what is it when each coordinate is divided by its standard deviation?",
        ),
        answer=PREDICTION,
    ),
    Exercise(
        id="12.4",
        difficulty=1,
        importance=2,
        minutes=4,
        points=1,
        hints=(
            "Which of the terms of the objective is a sum over pixels?",
            "The pixels here: 14 × 14. In the paper: 32 × 32.",
        ),
        answer=BALANCE,
    ),
    Exercise(
        id="12.5",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "What is the distribution of z₇ alone?",
            "The sum runs over coordinates, one at a time.",
        ),
        answer=COPIES,
    ),
)
