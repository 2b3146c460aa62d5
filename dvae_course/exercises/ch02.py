"""Exercises of chapter 02, rotation: what turns freely, what it costs, and what axes are found."""

import math

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

WHAT_CHANGES = Choice(
    right="elbo",
    explanations={
        "elbo": "log p(x) belongs to prior and decoder alone, and a turned decoder gives the same "
        "p(x), since the prior looks the same from all sides. The ELBO also needs an encoder that "
        "keeps up: the turned posterior N(Uμ, USUᵀ) has correlated coordinates, and a diagonal "
        "encoder, however well trained, has to do without the correlation.",
        "evidence": "log p(x) integrates over all of z, and the prior is the same in each "
        "direction: turning the decoder only renames the codes. Read again the change of "
        "variables in the proof for log p(x).",
        "both": "The ELBO does change, but log p(x) does not: it has no encoder in it, and the "
        "prior is the same in each direction. Read again the change of variables in the proof for "
        "log p(x).",
        "neither": "This is what the slides say, and it needs a condition: that the turned "
        "posterior is in the encoder's family. Which covariance has the law of Uz where z has "
        "variances 0.01 and 0.3? Can a diagonal encoder have it?",
    },
)

PRICE = Number(
    value=math.log(5 / 3),
    tolerance=0.005,
    why="At 45° both diagonal entries of P are (1/a + 1/b)/2, and det P = 1/(ab): the price is the "
    "logarithm of the arithmetic over the geometric mean of the variances, log(0.5/0.3) = "
    "log(5/3) nats. It is 0 only for a = b, where the posterior is round.",
    misconceptions=(
        WrongNumber(
            0.0,
            "A price of 0 needs a diagonal P. At 45° its off-diagonal entry is (1/a − 1/b)/2, "
            "which is 0 only for equal variances: read again for which U the covariance USUᵀ "
            "stays diagonal.",
        ),
        WrongNumber(
            2 * math.log(5 / 3),
            "This is the price without its ½. Each logarithm of a variance enters a Gaussian KL "
            "divergence with the factor ½: look again at the first line of the proof.",
        ),
        WrongNumber(
            math.log2(5 / 3),
            "This is the answer in bits. The book counts in nats, with the natural logarithm.",
        ),
        WrongNumber(
            0.5 * (0.5 / 0.09 * 2 * 0.5 - 2 - math.log(0.25 / 0.09)),
            "You took the marginal variances, the diagonal of USUᵀ, for the diagonal posterior. "
            "The KL divergence with d first wants 1/P_ii, which is smaller: look again at the "
            "minimisation over the variances.",
        ),
        WrongNumber(
            -math.log(5 / 3),
            "A KL divergence is never negative. Hadamard says Π P_ii ≥ det P, not ≤: check which "
            "of the two logarithms is subtracted.",
            when=lambda number: number < 0,
        ),
    ),
)


def best_noise(
    J: Float[np.ndarray, "data latent"], log_volume: float
) -> Float[np.ndarray, " latent"]:
    """The variances with Σ log σ_j² = log_volume and the least Σ σ_j² ‖J_j‖²."""
    squared = np.square(J).sum(0)
    return np.exp((log_volume + np.log(squared).sum()) / len(squared)) / squared


def jacobians(rng: np.random.Generator) -> list[Case]:
    """Decoder Jacobians, of one latent coordinate first, with log-volumes."""
    sizes = [(2, 1, 0.0), (2, 2, -1.5), (3, 2, -2.0), (5, 3, -3.0), (6, 4, 1.0)]
    return [(rng.normal(size=(n, d)).round(1) + 0.05, volume) for n, d, volume in sizes]


def noise_of_rows(J: np.ndarray, log_volume: float) -> np.ndarray:
    """The squared norms of the rows of J in the place of its columns'."""
    squared = np.square(J).sum(1)
    return np.exp((log_volume + np.log(squared).sum()) / len(squared)) / squared


def without_square(J: np.ndarray, log_volume: float) -> np.ndarray:
    """Norms in the place of squared norms."""
    norms = np.sqrt(np.square(J).sum(0))
    return np.exp((log_volume + np.log(norms).sum()) / len(norms)) / norms


NOISE = Function(
    reference=best_noise,
    cases=jacobians,
    why="All σ_j²‖J_j‖² are equal, the case of equality between arithmetic and geometric mean, and "
    "the volume fixes what they are equal to. So a coordinate that moves the picture much gets "
    "little noise: its code is kept precisely.",
    misconceptions=(
        WrongFunction(
            lambda J, log_volume: 1 / np.square(J).sum(0),
            "The proportions are right, but the volume is not: Σ log σ_j² must be `log_volume`. "
            "Which common value of σ_j²‖J_j‖² has that effect?",
            nearly=True,
        ),
        WrongFunction(
            noise_of_rows,
            "You took the norms of the rows of J, one for each coordinate of x. The noise of "
            "coordinate j of z moves x along the *column* J_j: sum over the data axis, the first.",
        ),
        WrongFunction(
            without_square,
            "You used ‖J_j‖ where ‖J_j‖² belongs. The loss of a variance σ_j² is σ_j²‖J_j‖²: look "
            "again at tr(J S Jᵀ).",
            nearly=True,
        ),
        WrongFunction(
            lambda J, log_volume: np.full(J.shape[1], np.exp(log_volume / J.shape[1])),
            "You gave all coordinates the same noise. That has the right volume but is best only "
            "if all columns of J are equally long: look again at the case of equality.",
        ),
        WrongFunction(
            lambda J, log_volume: J.shape[1] * best_noise(J, log_volume) * np.square(J).sum(0),
            "This is the least *loss*, d (e^C Π‖J_j‖²)^(1/d). Asked for are the variances that "
            "reach it: divide each share by its own ‖J_j‖².",
            nearly=True,
        ),
    ),
)

WHICH_AXES = Choice(
    right="principal",
    explanations={
        "principal": "The diagonal encoder wants orthogonal columns, and of all decoders with this "
        "p(x) only the one along the principal directions has them. Here they mix the two "
        "factors, since the factors' effects are not orthogonal: the pull is towards the "
        "*variance* of the data, and knows nothing of what we call a factor.",
        "factors": "Factors as axes would mean a decoder with the columns (2, 0) and (1, 1), which "
        "are not orthogonal: by Hadamard's inequality a diagonal encoder pays for that. Read "
        "again when the bound is reached.",
        "any": "Every rotation is as good for log p(x), and for a full-covariance encoder. Here "
        "the encoder is diagonal, and the two singular values of (2, 0), (1, 1) differ: read "
        "again what has to be equal for a tie.",
        "none": "The two directions carry variances far above the noise, so both coordinates stay "
        "active. Nothing collapses; the question is only which pair of axes is cheapest.",
    },
)

EXERCISES = (
    Exercise(
        id="02.1",
        difficulty=1,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "Which of the two numbers has an encoder in it?",
            "What is the covariance of Uz where z has the covariance diag(0.01, 0.3)?",
        ),
        answer=WHAT_CHANGES,
    ),
    Exercise(
        id="02.2",
        difficulty=2,
        importance=3,
        minutes=8,
        points=1,
        hints=(
            "At 45° every entry of U is ±1/√2. Write down the diagonal of P = U S⁻¹ Uᵀ.",
            "Both diagonal entries are (1/a + 1/b)/2, and the determinant does not turn: 1/(ab).",
            "½ log of (1/a + 1/b)²/4 · ab is the logarithm of (a + b)/2 over √(ab).",
        ),
        answer=PRICE,
    ),
    Exercise(
        id="02.3",
        difficulty=2,
        importance=2,
        minutes=10,
        points=2,
        hints=(
            "When are the arithmetic and the geometric mean of some numbers equal?",
            "So σ_j²‖J_j‖² = k for all j. Put σ_j² = k/‖J_j‖² into Σ log σ_j² = C.",
            "d log k = C + Σ log ‖J_j‖², with d columns.",
        ),
        answer=NOISE,
    ),
    Exercise(
        id="02.4",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "Are the columns (2, 0) and (1, 1) orthogonal?",
            "Which decoders W Uᵀ have the same p(x), and which of them has orthogonal columns?",
        ),
        answer=WHICH_AXES,
    ),
)
