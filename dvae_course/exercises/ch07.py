"""Exercises of chapter 07, the β-VAE deconstructed: f_β, F_β, the entropy, the implicit prior."""

import math

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

LOG_2PI = math.log(2 * math.pi)


def kl_to_annealed(
    entropy: Float[np.ndarray, " batch"],
    mean_log_prior: Float[np.ndarray, " batch"],
    log_F: Float[np.ndarray, ""] | float,
    beta: float,
) -> Float[np.ndarray, " batch"]:
    """KL(q‖f_β) from H[q], E_q[log p(z)] and log F_β, row by row."""
    return log_F - beta * mean_log_prior - entropy


def identity_cases(rng: np.random.Generator) -> list[Case]:
    """Batches of H[q] and E_q[log p], a log F_β and a β ≠ 1, the smallest first."""
    return [
        (
            rng.normal(1, 1, n).round(1),
            rng.normal(-3, 1, n).round(1),
            np.asarray(rng.normal(-2, 1)).round(1),
            beta,
        )
        for n, beta in ((1, 2.0), (2, 0.5), (3, 4.0), (5, 0.25))
    ]


PRIOR_ALONE = Choice(
    right="stays",
    explanations={
        "stays": "f_β = N(0, I/β) is the old prior with its coordinates divided by √β. Encoder and "
        "decoder are free to divide theirs too, and I(x; z) does not change when z is rescaled: "
        "the annealed Gaussian prior alone is a change of units. The overlap of a β-VAE comes from "
        "the other term of Theorem 1, (β−1) H.",
        "falls": "That is what the β-VAE does, which has the entropy term as well. A narrower "
        "prior alone does not make the codes overlap more: nothing stops the encodings from "
        "shrinking by the same factor √β as their distances. Look again at f_β = N(0, I/β), and "
        "at what I(x; z) does when z is rescaled.",
        "rises": "The prior gets narrower, which crowds the codes together if anything. But each "
        "encoding may shrink by the same factor √β: look again at f_β = N(0, I/β), and at what "
        "I(x; z) does when z is rescaled.",
    },
)

LOG_F = Number(
    value=-1.5 * LOG_2PI - 0.5 * math.log(4),
    tolerance=0.01,
    why="p⁴ = (2π)^(−2) exp(−2z²). The exponent is that of a Gaussian of variance 1/4, so "
    "∫ exp(−2z²) dz = √(2π/4), and log F_4 = −2 log 2π + ½ log(2π/4) = −(3/2) log 2π − ½ log 4. It "
    "does not depend on the encoder or the decoder, so training does not see it; the value of the "
    "objective does.",
    misconceptions=(
        WrongNumber(
            -1.5 * LOG_2PI,
            "The term −½ log β is missing. The exponent of p⁴ is −4z²/2: a Gaussian of variance "
            "1/4, whose integral is √(2π/4), not √(2π).",
        ),
        WrongNumber(
            -1.5 * LOG_2PI + 0.5 * math.log(4),
            "The sign of ½ log β is turned round. The larger β, the narrower p^β, so the integral "
            "gets smaller: √(2π/β).",
        ),
        WrongNumber(
            0.5 * math.log(2 * math.pi / 4),
            "This is log ∫ exp(−2z²) dz. The constant of the density counts too: p⁴ carries "
            "(2π)^(−1/2) to the fourth power, that is −2 log 2π.",
        ),
        WrongNumber(
            0.0,
            "A log F of 0 means that p^β integrates to 1 as it stands. That holds at β = 1 only; "
            "F_β is there because p^β is no density.",
        ),
        WrongNumber(
            (-1.5 * LOG_2PI - 0.5 * math.log(4)) / math.log(2),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            math.exp(-1.5 * LOG_2PI - 0.5 * math.log(4)),
            "This is F_4 itself. Take its logarithm.",
        ),
        WrongNumber(
            1.5 * LOG_2PI + 0.5 * math.log(4),
            "The sign is turned round: p is below 1 everywhere, so p⁴ lies below p and integrates "
            "to less than 1. Its logarithm is negative.",
            when=lambda number: number > 0,
        ),
    ),
)

KL_TO_ANNEALED = Function(
    reference=kl_to_annealed,
    cases=identity_cases,
    why="KL(q‖f_β) = E_q[log q] − E_q[log f_β]. The first is −H[q], with weight 1 whatever β; the "
    "second is β E_q[log p] − log F_β. β multiplies the prior's part only: that is where −β KL and "
    "−KL(q‖f_β) part, and what (β−1) H makes good.",
    misconceptions=(
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: -beta * (entropy + mean_log_prior) + log_F,
            "You multiplied the entropy by β as well: this is β KL(q‖p) + log F_β. A KL divergence "
            "contains the entropy of q once; β belongs to log p alone, because only p was raised "
            "to the power β. Look again at the second line of the proof.",
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: -entropy - beta * mean_log_prior,
            "log F_β is missing: log f_β = β log p − log F_β. Without it you compare q with p^β, "
            "which does not integrate to 1, and the result can even be negative.",
            nearly=True,
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: -entropy - beta * mean_log_prior - log_F,
            "The sign of log F_β is turned round. f_β = p^β / F_β, so log f_β contains −log F_β, "
            "and KL = −H − E_q[log f_β] contains +log F_β.",
            nearly=True,
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: -entropy - mean_log_prior + log_F,
            "β is missing: log f_β = β log p − log F_β. This is KL(q‖p) + log F_β.",
            nearly=True,
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: (
                -kl_to_annealed(entropy, mean_log_prior, log_F, beta)
            ),
            "The sign of the whole is turned round. KL(q‖f) = E_q[log q − log f], and "
            "E_q[log q] = −H[q].",
            nearly=True,
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: entropy - beta * mean_log_prior + log_F,
            "The sign of the entropy is turned round: H[q] = −E_q[log q].",
            nearly=True,
        ),
        WrongFunction(
            lambda entropy, mean_log_prior, log_F, beta: kl_to_annealed(
                entropy, mean_log_prior, log_F, beta
            ).mean(),
            "You averaged over the batch. Each x has a KL of its own: keep shape (batch,).",
            nearly=True,
        ),
    ),
)

STUDENT_BORDER = Number(
    value=0.5,
    tolerance=0.002,
    why="Far out p(z) ~ |z|^−(ν+1) = |z|^−2, so p^β ~ |z|^(−2β), which has a finite integral only "
    "for 2β > 1. At β = 1/2 itself it falls off like 1/|z|, and the integral diverges like a "
    "logarithm. The β-VAE can still be trained there; it merely is no standard VAE.",
    misconceptions=(
        WrongNumber(
            1.0,
            "This is 1/ν, or β = 1, where p^β is p itself, which is a density. The density of "
            "Student's t falls off like |z|^−(ν+1), one power faster than its tail probability: "
            "look at ν + 1.",
            when=lambda number: abs(number - 1) < 0.01,
        ),
        WrongNumber(
            0.25,
            "That is the border for ν = 3, as in the cell above. With ν = 1 the tails are heavier "
            "and fall off like |z|^−2: for which β is ∫ |z|^(−2β) dz infinite?",
        ),
        WrongNumber(
            0.0,
            "That is the answer for a Gaussian, whose tails fall off fast enough for every β > 0. "
            "Student's t falls off like a power of z only: when is ∫ |z|^(−2β) dz infinite?",
            when=lambda number: number <= 0,
        ),
        WrongNumber(2.0, "This is ν + 1. The condition is β(ν + 1) > 1: solve it for β."),
    ),
)

IMPLICIT_BORDER = Number(
    value=1.25,
    tolerance=0.005,
    why="Far out −log r ~ ½ z² [β − (β−1)/0.2], which falls off only while β > 5(β−1), that is "
    "β < 5/4. The encodings of a trained VAE are often far narrower than 0.2, so that for β > 1 "
    "there usually is no implicit prior: r grows without bound, out where no code ever comes.",
    misconceptions=(
        WrongNumber(
            5.0,
            "This is 1/V. The condition is V > (β−1)/β: solve it for β, which gives β < 1/(1−V).",
        ),
        WrongNumber(
            1.2,
            "This is 1 + V. Solve V > (β−1)/β exactly: Vβ > β − 1 gives β < 1/(1−V).",
        ),
        WrongNumber(
            1.0,
            "For β ≤ 1 there is no problem: q(z) stands with the power 1−β ≥ 0. But a little above "
            "1 the prior's tails still win. How far above?",
        ),
        WrongNumber(
            1 / (1 - math.sqrt(0.2)),
            "You took the standard deviation √V for the variance. The exponents contain z²/V.",
        ),
        WrongNumber(
            0.25,
            "This is V/(1−V), how far above 1 β may go. The border itself is 1/(1−V).",
        ),
        WrongNumber(
            0.8,
            "The β that you found is below 1, where r can always be normalised. Check the sign in "
            "V > (β−1)/β.",
            when=lambda number: 0.3 < number < 0.99,
        ),
    ),
)

EXERCISES = (
    Exercise(
        id="07.1",
        difficulty=2,
        importance=2,
        minutes=6,
        points=1,
        hints=(
            "Write p(z)⁴ as a constant times exp(−a z²).",
            "∫ exp(−z²/(2s²)) dz = √(2π) s. Which s has exp(−2z²)?",
        ),
        answer=LOG_F,
    ),
    Exercise(
        id="07.2",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "For p = N(0, I) the annealed prior is N(0, I/β). How do you turn samples of the one "
            "into samples of the other?",
            "An encoder may divide all its means and standard deviations by √β, and the decoder "
            "multiply its input by √β. What does that do to I(x; z)?",
        ),
        answer=PRIOR_ALONE,
    ),
    Exercise(
        id="07.3",
        difficulty=2,
        importance=3,
        minutes=6,
        points=2,
        hints=(
            "KL(q‖f) = E_q[log q] − E_q[log f]. Which of the two is the entropy, with which sign?",
            "log f_β(z) = β log p(z) − log F_β. Take E_q of it.",
        ),
        answer=KL_TO_ANNEALED,
    ),
    Exercise(
        id="07.4",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "How does the density of Student's t fall off for large z? It is a power of z.",
            "∫ z^−a dz from 1 to infinity is finite exactly for a > 1.",
        ),
        answer=STUDENT_BORDER,
    ),
    Exercise(
        id="07.5",
        difficulty=3,
        importance=3,
        minutes=8,
        points=1,
        hints=(
            "Far out, log q(z) is that of its widest encoding: −z²/(2V), here for all V = 0.2.",
            "Collect the z² in (1−β) log q(z) + β log p(z). When is their sum negative?",
        ),
        answer=IMPLICIT_BORDER,
    ),
)
