"""Exercises of chapter 04, six objectives: noise and total correlation, a constant, DIP-VAE-II."""

import math

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

Codes = Float[np.ndarray, "batch latent"]
Matrix = Float[np.ndarray, "latent latent"]
Scalar = Float[np.ndarray, ""]
Weight = float | Scalar


def dip_ii(mu: Codes, log_var: Codes, lambda_od: Weight, lambda_d: Weight) -> Scalar:
    """λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)², C = Cov[mu] + E[diag exp(log_var)]."""
    C = _covariance(mu) + np.diag(np.exp(log_var).mean(0))
    return _penalty(C, lambda_od, lambda_d)


def batches(rng: np.random.Generator) -> list[Case]:
    """Means and log-variances of two or three latents and both weights, the smallest first."""
    sizes = [(2, 2, 1.0, 1.0), (3, 2, 2.0, 1.0), (4, 3, 1.0, 3.0), (6, 3, 0.5, 2.0)]
    return [
        (rng.normal(size=(n, d)).round(1), rng.normal(-1, 1, (n, d)).round(1), od, diagonal)
        for n, d, od, diagonal in sizes
    ]


def _covariance(mu: Codes) -> Matrix:
    centred = mu - mu.mean(0)
    return centred.T @ centred / len(mu)


def _penalty(C: Matrix, lambda_od: Weight, lambda_d: Weight) -> Scalar:
    diagonal = np.diag(C)
    off = (C**2).sum() - (diagonal**2).sum()
    return np.asarray(lambda_od * off + lambda_d * ((diagonal - 1) ** 2).sum())


def _with_noise(noise, covariance=_covariance):
    """The penalty of C = covariance(mu) + noise(log_var)."""

    def penalty(mu, log_var, lambda_od, lambda_d):
        return _penalty(covariance(mu) + noise(log_var), lambda_od, lambda_d)

    return penalty


def _published_slip(log_var: Codes) -> Scalar:
    """`torch.diag` of a matrix takes its diagonal; its mean is one number for all entries of C."""
    return np.asarray(np.diag(np.exp(log_var)).mean())


def _mean_variances(log_var: Codes) -> Matrix:
    return np.diag(np.exp(log_var).mean(0))


PREDICTION = Choice(
    right="never",
    explanations={
        "never": "It is a theorem, not a finding: a diagonal encoder adds a diagonal matrix to "
        "the covariance, and that cannot raise the Gaussian total correlation. What remains to be "
        "found by experiment is how either number moves with the strength of the regulariser.",
        "rarely": "What would such a rare model look like? The sampled code is the mean code plus "
        "noise that is drawn for each latent on its own. Can that add to what the latents say "
        "about one another?",
        "often": "The noise is large in strongly regularised models, but it is drawn for each "
        "latent on its own: it can hide what two latents share, and adds nothing shared.",
        "always": "The other way round. The noise of one latent says nothing about another "
        "latent; it buries what their means have in common.",
    },
)

SAMPLED = -0.5 * math.log(1 - 0.4**2)
OF_MEANS = -0.5 * math.log(1 - 0.8**2)
AFTER_NOISE = Number(
    value=SAMPLED,
    tolerance=0.0015,
    why="The covariance 0.8 stays, the variances become 2, so the correlation is 0.4, and "
    "−½ log(1 − 0.16) = 0.087. The means had −½ log(1 − 0.64) = 0.511: noise of the means' own "
    "variance takes away five sixths.",
    misconceptions=(
        WrongNumber(
            OF_MEANS,
            "This is the total correlation of the means. The noise adds 1 to each variance and "
            "nothing to the covariance: which correlation is left?",
        ),
        WrongNumber(
            2 * SAMPLED,
            "The ½ is missing: log det stands in the entropy of a Gaussian with the factor ½.",
        ),
        WrongNumber(
            SAMPLED / math.log(2),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            -0.5 * math.log(1 - 0.32),
            "You let the noise into one latent only, or took the square root of a variance: both "
            "variances are 2, and the correlation is the covariance 0.8 divided by √2·√2.",
        ),
        WrongNumber(
            -0.5 * math.log(1 - 0.4),
            "You took 1 − ρ. The determinant of a correlation matrix of two latents is 1 − ρ².",
        ),
        WrongNumber(
            0.0,
            "The noise is independent of everything, but the sampled codes are not: their "
            "covariance is still 0.8. Only infinitely much noise would bring 0.",
        ),
        WrongNumber(
            -SAMPLED,
            "The sign is turned round: a total correlation is a KL divergence, never negative.",
        ),
    ),
)

CONSTANT = Number(
    value=9 * math.log(60_000),
    tolerance=0.1,
    why="The joint density carries log N once and the ten marginals once each, with the opposite "
    "sign: 9 log 60,000. Nothing in the model changes it, so it has no gradient, and the "
    "printed value says nothing until it is taken off. (The log B that goes with it is what makes "
    "the estimate an average over the batch; it belongs there.)",
    misconceptions=(
        WrongNumber(
            10 * math.log(60_000),
            "You counted the ten marginals alone. The joint density has the same constant once, "
            "with the opposite sign.",
        ),
        WrongNumber(
            math.log(60_000),
            "You counted one density. log q(z) has the constant once, and each of the ten log "
            "q(z_d) has it once.",
        ),
        WrongNumber(
            9 * math.log(64 * 60_000),
            "You took off log B too. An average over the B encodings of the batch is (1/B) Σ: that "
            "1/B is right, and only the 1/N is too much.",
        ),
        WrongNumber(
            9 * math.log10(60_000),
            "You took the logarithm to the base 10. The book counts in nats.",
        ),
        WrongNumber(
            9 * math.log2(60_000),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            -9 * math.log(60_000),
            "The sign is turned round: the marginals enter with a minus, and so the printed value "
            "is too large.",
        ),
    ),
)

DIP_II = Function(
    reference=dip_ii,
    cases=batches,
    why="E[S] is a diagonal matrix, one mean variance for each latent; so the off-diagonal term is "
    "that of DIP-VAE-I, and only the diagonal term knows of the noise.",
    misconceptions=(
        WrongFunction(
            _with_noise(_published_slip),
            "`diag` of a matrix *takes* its diagonal instead of building one: you add one number "
            "to all entries of C, also beside the diagonal. Several published implementations do "
            "this. Average over the batch first, then make a diagonal matrix of the D numbers.",
        ),
        WrongFunction(
            _with_noise(lambda log_var: np.exp(log_var).mean(0)),
            "The mean variances were added to every row of C. They belong on its diagonal only: "
            "make a diagonal matrix of them first.",
        ),
        WrongFunction(
            _with_noise(lambda log_var: 0.0),
            "This is DIP-VAE-I, the covariance of the means alone. II asks for the covariance of "
            "the aggregate posterior: add the mean variances on the diagonal.",
            nearly=True,
        ),
        WrongFunction(
            _with_noise(lambda log_var: np.diag(log_var.mean(0))),
            "`log_var` was used as if it were the variance. Take `exp` of it.",
        ),
        WrongFunction(
            _with_noise(lambda log_var: np.diag(np.exp(0.5 * log_var).mean(0))),
            "exp(log_var / 2) is the standard deviation. A covariance has variances on its "
            "diagonal.",
            nearly=True,
        ),
        WrongFunction(
            _with_noise(lambda log_var: np.diag(np.exp(log_var.mean(0)))),
            "The exponential and the mean do not commute: average the variances, not their "
            "logarithms.",
            nearly=True,
        ),
        WrongFunction(
            _with_noise(_mean_variances, lambda mu: mu.T @ mu / len(mu)),
            "The means were not centred: a covariance takes the mean over the batch off first.",
            nearly=True,
        ),
        WrongFunction(
            _with_noise(_mean_variances, lambda mu: _covariance(mu) * len(mu) / (len(mu) - 1)),
            "You divided by B − 1. Here, as in the library, the covariance is divided by B.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, lambda_od, lambda_d: dip_ii(mu, log_var, lambda_od / 2, lambda_d),
            "Every pair was counted once. The sum runs over all i ≠ j, so it has C_12 and C_21.",
            nearly=True,
        ),
        WrongFunction(
            lambda mu, log_var, lambda_od, lambda_d: dip_ii(mu, log_var, lambda_d, lambda_od),
            "The two weights are exchanged: `lambda_od` belongs to the off-diagonal entries.",
            nearly=True,
        ),
    ),
)

COMMON_NOISE = Choice(
    right="true",
    explanations={
        "true": "The covariance of z is still diagonal, so its Gaussian total correlation is 0. "
        "But |z₁| large tells that s(x) was large, and so |z₂| probably is: z₁ and z₂ are "
        "dependent, though uncorrelated. Data processing does not forbid it, for this noise is no "
        "channel of its own for each latent: both look at the same x.",
        "gaussian": "The Gaussian total correlation looks at the covariance of z only, which is "
        "I + E[s(x)²] I. What is it for a diagonal matrix? And do |z₁| and |z₂| know of one "
        "another?",
        "both": "One of them depends on the covariance of z alone. What is E[z₁ z₂], when the two "
        "ε are drawn on their own?",
        "neither": "Uncorrelated they are. Independent? Suppose that you are told |z₁| = 10: what "
        "does it say about s(x), and that about |z₂|?",
    },
)

EXERCISES = (
    Exercise(
        id="04.1",
        difficulty=2,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "z = mu(x) + σ(x) ε, with ε drawn for each latent on its own.",
            "Of two correlated numbers, does independent noise on each raise their correlation?",
        ),
        answer=PREDICTION,
    ),
    Exercise(
        id="04.2",
        difficulty=2,
        importance=3,
        minutes=10,
        points=2,
        hints=(
            "C = covariance of the means + a diagonal matrix of mean variances.",
            "`centred.T @ centred / len(mu) + torch.diag(log_var.exp().mean(0))`, and then two "
            "sums of squares.",
        ),
        answer=DIP_II,
    ),
    Exercise(
        id="04.3",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "Each of the estimated densities is an average over the batch, divided by N.",
            "log q(z) has −log N once, Σ_d log q(z_d) ten times. What is left of the difference?",
        ),
        answer=CONSTANT,
    ),
    Exercise(
        id="04.4",
        difficulty=1,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "Write down the covariance matrix of the sampled codes.",
            "For two latents the total correlation is −½ log(1 − ρ²), with the correlation ρ.",
        ),
        answer=AFTER_NOISE,
    ),
    Exercise(
        id="04.5",
        difficulty=3,
        importance=2,
        minutes=6,
        points=1,
        hints=(
            "The Gaussian total correlation is a function of the covariance: compute E[z₁ z₂].",
            "Compare E[z₁² z₂²] with E[z₁²] E[z₂²].",
        ),
        answer=COMMON_NOISE,
    ),
)
