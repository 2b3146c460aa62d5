"""Exercises of chapter 08, √β scaling: the constant, the rescaled KL, the noise, the rotation."""

import math

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

LOG_4, LOG_9 = math.log(4), math.log(9)
Codes = Float[np.ndarray, "batch latent"]


def kl_rescaled(mu: Codes, log_var: Codes, beta: float) -> Float[np.ndarray, " batch"]:
    """KL(N(√β mu, β diag exp(log_var))‖N(0, I)), row by row."""
    return _kl(math.sqrt(beta) * mu, log_var + math.log(beta))


def encoding_cases(rng: np.random.Generator) -> list[Case]:
    """Means and log-variances of two to four coordinates and a β ≠ 1, the smallest first."""
    sizes = [(1, 2, 4.0), (1, 3, 0.5), (2, 2, 2.0), (4, 4, 9.0)]
    return [
        (rng.normal(size=(n, d)).round(1), rng.normal(-1, 1, (n, d)).round(1), beta)
        for n, d, beta in sizes
    ]


def _kl(mu: Codes, log_var: Codes) -> Float[np.ndarray, " batch"]:
    return 0.5 * (mu**2 + np.exp(log_var) - log_var - 1).sum(1)


PREDICTION = Choice(
    right="further",
    explanations={
        "further": "In z' the KL term has weight 1, as for any VAE, but the objective holds the "
        "entropy term besides, 3/2 log det S' at β = 4, which rewards encodings for being wide. "
        "That drives the codes beyond the prior. A q(z) that filled N(0, I) would fill N(0, 4 I) "
        "in z', and KL(N(0, 4 I)‖N(0, I)) is D/2 (3 − log 4).",
        "closer": "β multiplies the KL term in z. In z' the weight of the KL term is 1, and there "
        "is an entropy term that rewards wide encodings: which way does that move the codes?",
        "same": "It would be the same if the β-VAE were a standard VAE in larger units and no "
        "more. But z' = √β z stretches the codes while the prior stays N(0, I), and the entropy "
        "term keeps a rescaled decoder from undoing that.",
        "collapses": "A collapse is q'(z'|x) = N(0, I) for every x: S' = I. The entropy term "
        "rewards S' for being larger still; q' would then be wider than the prior, not equal to "
        "it. Look at z' = √β z, with a q(z) that about fills N(0, I).",
    },
)

CONSTANT = Number(
    value=3 - 4 * LOG_4 - 1.5 * LOG_9,
    tolerance=0.01,
    why="D(β−1)/2 = 3, (Dβ/2) log β = 4 log 4, and ((β−1)/2) log det Σ = 1.5 log 9. All 2π have "
    "cancelled: the entropy brings (β−1)(D/2) log 2π, and log F_β takes it away. That is why no "
    "term of c depends on which constant the density has.",
    misconceptions=(
        WrongNumber(
            3 - 4 * LOG_4,
            "The prior's term is missing: Σ = diag(1, 9) has log det Σ = log 9, with the weight "
            "−(β−1)/2. It comes from log F_β, the third line of the proof.",
        ),
        WrongNumber(
            3 - LOG_4 - 1.5 * LOG_9,
            "The term in log β has the weight D/2 here, as in log F_β alone. The entropy adds "
            "(β−1) D/2 log β to it, because log det S = log det S' − D log β: Dβ/2 in all.",
        ),
        WrongNumber(
            3 - 4 * LOG_4 + 1.5 * LOG_9,
            "The sign of the prior's term is turned round: log F_β contains ½(1−β) log det Σ, "
            "which is negative for β > 1 and det Σ > 1.",
        ),
        WrongNumber(
            1.5 - 2 * LOG_4 - 1.5 * LOG_9,
            "You took D = 1 in the first two terms. There is one of each for every coordinate.",
        ),
        WrongNumber(
            (3 - 4 * LOG_4 - 1.5 * LOG_9) / math.log(2),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            0.0,
            "c plays no part in training, but it is not 0: it is so at β = 1 only. Put β = 4, "
            "D = 2 and log det Σ = log 9 into the closed form.",
        ),
        WrongNumber(
            4 * LOG_4 + 1.5 * LOG_9 - 3,
            "The sign of the whole is turned round: c stands on the side of the rescaled ELBO, "
            "L_β = L + (β−1)/2 log det S' + c.",
        ),
    ),
)

KL_RESCALED = Function(
    reference=kl_rescaled,
    cases=encoding_cases,
    why="z' = √β z has the mean √β mu and the variance β exp(log_var), whose logarithm is "
    "log_var + log β: the factor on z becomes a summand in the log-variance. The prior is still "
    "N(0, I), so that only the encoder's numbers change.",
    misconceptions=(
        WrongFunction(
            lambda mu, log_var, beta: beta * _kl(mu, log_var),
            "This is β KL(q‖p), the penalty of the β-VAE in the old units. Corollary 1 moves β "
            "out of the weight and into the encoder: rescale mu and log_var, then take an "
            "ordinary KL.",
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(mu, log_var),
            "This is the KL before rescaling. The prior stays N(0, I) while z' = √β z, so that it "
            "does change.",
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(math.sqrt(beta) * mu, beta * log_var),
            "You multiplied the log-variance by β. The variance is multiplied by β; to its "
            "logarithm log β is added.",
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(math.sqrt(beta) * mu, math.sqrt(beta) * log_var),
            "You multiplied the log-variance by √β. The standard deviation is multiplied by √β, "
            "the variance by β; to its logarithm log β is added.",
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(math.sqrt(beta) * mu, log_var + 0.5 * math.log(beta)),
            "You added log √β, which belongs to the log of the standard deviation. The variance "
            "grows by √β squared: add log β.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(beta * mu, log_var + math.log(beta)),
            "You multiplied the mean by β. z' = √β z: the mean grows by √β, and only the "
            "variance, which is a square, by β.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(mu, log_var + math.log(beta)),
            "You rescaled the variance, but not the mean. All of z is multiplied by √β.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, beta: _kl(math.sqrt(beta) * mu, log_var),
            "You rescaled the mean, but not the variance. All of z is multiplied by √β.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, beta: kl_rescaled(mu, log_var, 1 / beta),
            "You divided by √β. That is what the decoder does with z'; the encoder multiplies.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, beta: kl_rescaled(mu, log_var, beta).mean(),
            "You averaged over the batch. Each x has a KL of its own: keep shape (batch,).",
            nearly=True,
        ),
    ),
)

NOISE = Number(
    value=0.4,
    tolerance=0.002,
    why="Dividing by β turns ‖x − f(z)‖²/(2s²) into ‖x − f(z)‖²/(2βs²) and leaves the KL term the "
    "weight 1: the noise variance is β s² = 0.16. Whoever learns s cannot tell the two apart, "
    "which is why β on its own means little until you are told s.",
    misconceptions=(
        WrongNumber(
            1.6,
            "You multiplied the standard deviation by β. It is the variance s² that is "
            "multiplied by β.",
        ),
        WrongNumber(0.16, "This is the variance β s². The question asks for s: take the root."),
        WrongNumber(
            0.025,
            "You divided by √β. A large β makes the reconstruction matter less, as a noisier "
            "decoder does: s grows.",
        ),
        WrongNumber(
            0.1,
            "The same s would mean that β does nothing. Divide L_β by β, and read off the noise "
            "variance from what stands under ‖x − f(z)‖².",
        ),
        WrongNumber(
            0.2,
            "You multiplied s by the fourth root of β. The variance is multiplied by β, so s by "
            "√β = 4.",
        ),
    ),
)

PULL = Choice(
    right="vanishes",
    explanations={
        "vanishes": "For large β every variance 1/(1 + g/β), with g = w²/s², tends to the prior's "
        "1: the posterior becomes round, and a round one is rotated for nothing. The KL falls off "
        "like 1/β², faster than its weight β grows. What picks the axes is the diagonal encoder, "
        "not a large β.",
        "grows": "The weight β grows, but the KL that it multiplies does not stay: as β grows, "
        "the posterior's variances 1/(1 + g/β), with g = w²/s², tend to the prior's. What does a "
        "rotation of a round posterior cost?",
        "settles": "Two things change: the weight β, and the posterior with its variances "
        "1/(1 + g/β), g = w²/s². For large β these differ by about a multiple of 1/β, and the KL "
        "is quadratic in the difference. What is left of β/β²?",
        "zero": "That is the price with full covariance, by Theorem 2. At a finite β the "
        "posterior's two variances differ, and a diagonal encoder pays for every angle but "
        "multiples of 90°: run the cell above at a few β.",
    },
)

EXERCISES = (
    Exercise(
        id="08.1",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "In z' the KL term has weight 1. Which other term is there, and what does it reward?",
            "Suppose that q(z) about fills the prior N(0, I). What does q'(z') fill, at β = 4?",
        ),
        answer=PREDICTION,
    ),
    Exercise(
        id="08.2",
        difficulty=1,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "log det Σ is the sum of the logarithms of the two variances.",
            "D = 2, β = 4: the three terms are 3, −4 log 4 and −1.5 log det Σ.",
        ),
        answer=CONSTANT,
    ),
    Exercise(
        id="08.3",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "What are the mean and the variance of √β z, for z ~ N(mu, exp(log_var))?",
            "Only mu and log_var change; then it is ½ Σ (mu² + variance − log variance − 1).",
        ),
        answer=KL_RESCALED,
    ),
    Exercise(
        id="08.4",
        difficulty=3,
        importance=3,
        minutes=8,
        points=1,
        hints=(
            "Where do the posterior's two variances go as β → ∞?",
            "Put a = 1/(1 + g/β) and b = 1/(1 + h/β) into ½ log(1 + sin²(2θ)(a−b)²/(4ab)), and "
            "multiply by β.",
        ),
        answer=PULL,
    ),
    Exercise(
        id="08.5",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "Dividing an objective by a positive number does not move its stationary points.",
            "In L_β/β, what stands under ‖x − f(z)‖²? It must be 2 × the new noise variance.",
        ),
        answer=NOISE,
    ),
)
