"""Exercises of chapter 00, "Start here": the KL term and the reparameterised draw."""

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Number, WrongNumber
from dvae_course.exercises.registry import Exercise

SIZES = [(1, 1), (1, 2), (2, 1), (3, 2), (4, 5)]  # (batch, latent), the smallest first


def kl_to_standard_normal(
    mu: Float[np.ndarray, "batch latent"], log_var: Float[np.ndarray, "batch latent"]
) -> Float[np.ndarray, " batch"]:
    """KL(N(mu, diag e^log_var) ‖ N(0, I)), row by row."""
    return 0.5 * (mu**2 + np.expm1(log_var) - log_var).sum(-1)


def draw_latent(
    mu: Float[np.ndarray, "batch latent"],
    log_var: Float[np.ndarray, "batch latent"],
    noise: Float[np.ndarray, "batch latent"],
) -> Float[np.ndarray, "batch latent"]:
    """A draw from N(mu, diag e^log_var) that moves with `noise`."""
    return mu + np.sqrt(np.exp(log_var)) * noise


def arguments(rng: np.random.Generator, count: int) -> list[Case]:
    """`count` arrays a case, with one decimal, so that a counterexample can be read."""
    return [tuple(rng.normal(size=size).round(1) for _ in range(count)) for size in SIZES]


KL_NUMBER = Number(
    value=0.5,
    tolerance=0.01,
    why="With equal variances only the distance of the means is left: ½ mu² = ½ nat. The KL grows "
    "with the square of that distance, which is why the KL term pulls the codes of different "
    "images together.",
    misconceptions=(
        WrongNumber(
            1.0,
            "This is mu² without its ½. The ½ comes from the exponent of the Gaussian density, "
            "−(z − mu)²/2: look again at the closed form of the KL term.",
        ),
        WrongNumber(
            0.0,
            "A KL of 0 means that the two distributions are equal everywhere. These two have the "
            "same variance but not the same mean: look at the mu² of the closed form.",
        ),
        WrongNumber(
            0.72,
            "This is the answer in bits, the one with a logarithm to base 2. The book counts in "
            "nats, with the natural logarithm: multiply by log 2.",
        ),
        WrongNumber(
            -0.5,
            "A KL divergence is never negative: E_q[log q − log p] ≥ 0 by Jensen's inequality. "
            "Probably log p − log q was averaged: swap the two.",
            when=lambda number: number < 0,
        ),
    ),
)

KL_FUNCTION = Function(
    reference=kl_to_standard_normal,
    cases=lambda rng: arguments(rng, 2),
    why="Each coordinate adds ½ (mu² + σ² − log σ² − 1) ≥ 0, which is 0 only at mu = 0 and σ = 1; "
    "the coordinates add up because both Gaussians are independent across coordinates. One number "
    "for each row, since every image has a KL of its own.",
    misconceptions=(
        WrongFunction(
            lambda mu, log_var: kl_to_standard_normal(mu, log_var).mean(),
            "You averaged over the batch, the first axis. Each image has its own KL: sum over the "
            "latent axis only, and leave the average over images to the objective.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: kl_to_standard_normal(mu, log_var).sum(),
            "You summed over the batch as well: one number for all rows together. Sum over the "
            "last axis, the latent one, only.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: kl_to_standard_normal(mu, log_var) / mu.shape[-1],
            "You averaged over the latent coordinates. For independent coordinates the KLs add up: "
            "a mean divides the KL term by the number of coordinates, which is the same as "
            "choosing a smaller beta without saying so.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: -kl_to_standard_normal(mu, log_var),
            "The sign is turned round. Many texts print −KL, as the ELBO contains it; the KL "
            "itself is never negative.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: 0.5 * (mu**2 + np.exp(log_var) - log_var).sum(-1),
            "The −1 is missing. Test: at mu = 0 and log_var = 0 the two Gaussians are equal, so "
            "the KL must be 0; yours is ½ for each coordinate.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: 2 * kl_to_standard_normal(mu, log_var),
            "The factor ½ is missing: it comes from the ½ in the exponent of the Gaussian density.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var: 0.5 * (mu**2 + log_var - np.log(log_var) - 1).sum(-1),
            "You used log_var as if it were the variance. The variance is exp(log_var); its "
            "logarithm, log_var itself, may be negative.",
        ),
        WrongFunction(
            lambda mu, log_var: 0.5 * (mu**2 + np.exp(2 * log_var) - 2 * log_var - 1).sum(-1),
            "You used log_var as the logarithm of the standard deviation. It is the logarithm of "
            "the variance: σ² = exp(log_var), not exp(2 log_var).",
        ),
    ),
)

DRAW = Function(
    reference=draw_latent,
    cases=lambda rng: arguments(rng, 3),
    why="e^{log_var/2} is the standard deviation, so z has mean mu and variance e^{log_var}. All "
    "chance sits in `noise`, so z is a differentiable function of mu and log_var, and gradients "
    "can train the encoder: this is the reparameterisation trick.",
    misconceptions=(
        WrongFunction(
            lambda mu, log_var, noise: mu + np.exp(log_var) * noise,
            "You scaled the noise by the variance, exp(log_var). Noise is scaled by the standard "
            "deviation, the root of it: exp(log_var / 2).",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, noise: mu + log_var * noise,
            "You scaled the noise by log_var itself. That is a logarithm, and may be negative; the "
            "standard deviation is exp(log_var / 2).",
        ),
        WrongFunction(
            lambda mu, log_var, noise: mu + np.exp(-log_var / 2) * noise,
            "You divided by the standard deviation. Dividing standardises a draw; here standard "
            "noise must become a draw, so multiply.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, noise: mu + noise,
            "You added the noise without scaling it, so every coordinate has variance 1 whatever "
            "log_var says. Multiply the noise by the standard deviation, exp(log_var / 2).",
        ),
        WrongFunction(
            lambda mu, log_var, noise: mu + np.exp(log_var / 2),
            "You ignored `noise`: this moves mu by one standard deviation, always to the same "
            "side. Multiply the standard deviation by the noise before adding it.",
        ),
        WrongFunction(
            lambda mu, log_var, noise: mu,
            "You ignored `noise` and returned the mean. A draw is mu plus the standard deviation "
            "times the noise; without chance the encoder has no reason to keep codes apart.",
        ),
    ),
)

EXERCISES = (
    Exercise(
        id="00.1",
        difficulty=1,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "The closed form is ½ (mu² + σ² − log σ² − 1). Which mu and which σ are given?",
            "σ = 1, so σ² − log σ² − 1 = 0. What is left?",
        ),
        answer=KL_NUMBER,
    ),
    Exercise(
        id="00.2",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "Write the closed form for one coordinate first; the variance is exp(log_var).",
            "The coordinates are independent, so their KLs add up. Which of the two axes is the "
            "latent one?",
            "Check it by hand at mu = 0 and log_var = 0, where each row must give 0, and see that "
            "the result has one number for each row.",
        ),
        answer=KL_FUNCTION,
    ),
    Exercise(
        id="00.3",
        difficulty=1,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "If ε has mean 0 and variance 1, which mean and which variance has a + bε?",
            "b must be the standard deviation. How does it follow from the logarithm of the "
            "variance?",
        ),
        answer=DRAW,
    ),
)
