"""Exercises of chapter 10, priors and axes: which prior breaks the symmetry, and which way."""

import numpy as np
from jaxtyping import Float
from scipy.stats import special_ortho_group

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

Matrix = Float[np.ndarray, "latent latent"]
Scales = Float[np.ndarray, " latent"]


def conjugate(U: Matrix, scales: Scales) -> Matrix:
    """Σ^½ U Σ^−½ for Σ = diag(scales²)."""
    return scales[:, None] * U / scales


def rotation_cases(rng: np.random.Generator) -> list[Case]:
    """A rotation and standard deviations in two to four dimensions, the smallest first."""
    return [
        (special_ortho_group.rvs(d, random_state=rng), np.exp(rng.normal(size=d)).round(2))
        for d in (2, 2, 3, 4)
    ]


PREDICTION = Choice(
    right="student",
    explanations={
        "student": "A diagonal Gaussian prior is the isotropic one in other units, one unit a "
        "latent; a decoder and an encoder with full covariance absorb units, so that just as many "
        "directions are equally good as before. Independent Student-t coordinates have a law that "
        "only signed permutations keep.",
        "anisotropic": "Measure each latent in units of its prior's standard deviation: z' = "
        "Σ^−½ z has the prior N(0, I). Which rotations of z' does the objective see? What do the "
        "same maps look like in z?",
        "both": "One of the two densities becomes rotation invariant when each latent is given a "
        "unit of its own. The networks can do that for free. Which one?",
        "neither": "For one of them look at the contours of log p(z): after any rescaling of the "
        "axes, are they circles? Those of a product of Student-t densities stay stars.",
    },
)

CONJUGATE = Function(
    reference=conjugate,
    cases=rotation_cases,
    why="From the right: Σ^−½ divides column j by the standard deviation j (now the prior is "
    "N(0, I)), U rotates, Σ^½ multiplies row i by the standard deviation i. Then A Σ Aᵀ = Σ^½ U Uᵀ "
    "Σ^½ = Σ, and |det A| = 1.",
    misconceptions=(
        WrongFunction(
            lambda U, scales: U,
            "A plain rotation keeps N(0, Σ) only if it turns latents of equal variance. Check: is "
            "A Σ Aᵀ = Σ?",
        ),
        WrongFunction(
            lambda U, scales: conjugate(U, 1 / scales),
            "This is Σ^−½ U Σ^½. First divide by the standard deviations, then rotate, then "
            "multiply; the factor that acts first stands on the right.",
            nearly=True,
        ),
        WrongFunction(
            lambda U, scales: conjugate(U, scales**2),
            "You used the variances. `scales` are standard deviations, and Σ^½ = diag(scales).",
            nearly=True,
        ),
        WrongFunction(
            lambda U, scales: conjugate(U, np.sqrt(scales)),
            "You took the root of `scales`. They are standard deviations, the roots of the "
            "variances, already: Σ^½ = diag(scales).",
            nearly=True,
        ),
        WrongFunction(
            lambda U, scales: conjugate(U.T, scales),
            "You rotated by Uᵀ. The map is z ↦ Σ^½ U Σ^−½ z.",
            nearly=True,
        ),
        WrongFunction(
            lambda U, scales: scales[:, None] * U * scales,
            "You multiplied on both sides. On the right stands Σ^−½: divide column j by the "
            "standard deviation j.",
        ),
        WrongFunction(
            lambda U, scales: U / scales,
            "This takes N(0, Σ) to N(0, I). The last step, back to the old units, is missing: "
            "multiply row i by the standard deviation i.",
        ),
        WrongFunction(
            lambda U, scales: scales[:, None] * U,
            "This takes N(0, I) to N(0, Σ). Before rotating, the latents must be brought to unit "
            "variance: divide column j by the standard deviation j.",
        ),
    ),
)

GAIN = Number(
    value=0.05,
    tolerance=0.0005,
    why="κ = E s⁴/(E s²)² − 3 = 1 − 3 = −2, the lowest that any law has. −κ sin²(90°)/(4ν) = "
    "2/(4·10) = 0.05, and it is positive: the prior gains by mixing the two factors.",
    misconceptions=(
        WrongNumber(
            -0.05,
            "The sign is turned round. κ is negative, and there is a minus before it: the gain is "
            "positive.",
        ),
        WrongNumber(
            -0.025,
            "You took κ = 1, E s⁴ itself. The *excess* kurtosis subtracts the Gaussian's 3.",
        ),
        WrongNumber(
            0.025,
            "This is the gain of one coordinate. Both coordinates lose half of their excess "
            "kurtosis, and E log p(z) sums over both.",
        ),
        WrongNumber(
            0.1,
            "You have a factor 2 too many: at 45° the excess kurtosis of a coordinate is halved, "
            "it does not become 0.",
        ),
        WrongNumber(
            0.03,
            "This is the gain for uniform factors, κ = −6/5. Here s is −1 or 1.",
        ),
        WrongNumber(
            0.2,
            "The 4 is missing: the expansion of log t_ν has z⁴/(4ν), see the proof.",
        ),
        WrongNumber(
            0.0,
            "At 45° sin²(2θ) = sin²(90°) = 1. It vanishes at multiples of 90°.",
        ),
    ),
)

GAUSSIAN_FACTORS = Choice(
    right="nowhere",
    explanations={
        "nowhere": "Independent Gaussians of one variance have a law that no rotation changes, so "
        "that E log p(z) is the same at every angle, whatever p. It is the one law of the factors "
        "that no prior of independent coordinates can align: ICA's old exception.",
        "axes": "κ = 0 for a Gaussian. Put it into the sign rule; better, ask how the cloud of "
        "factors itself looks after a rotation.",
        "away": "That is for κ < 0. What is the excess kurtosis of a Gaussian, and what does the "
        "cloud of two independent Gaussian factors look like after a rotation?",
        "depends": "For a cloud that looks the same at every angle nothing can depend on the "
        "angle, for any ν. Which two independent factors make such a cloud?",
    },
)

SEEDS = Number(
    value=60,
    tolerance=6,
    why="The standard error of a mean over n seeds is the spread over √n, and so is the smallest "
    "detectable effect: half of it takes four times the seeds (a little less, as the t interval "
    "with more seeds has smaller quantiles). The paper trained 100 networks a point.",
    misconceptions=(
        WrongNumber(
            30,
            "Twice the seeds divide the standard error by √2 only. It falls as 1/√n.",
        ),
        WrongNumber(
            21,
            "You multiplied by √2; that divides the detectable effect by the fourth root of 2.",
        ),
        WrongNumber(
            7.5,
            "Fewer seeds make the interval wider. How does the standard error depend on n?",
        ),
        WrongNumber(
            240,
            "That is a quarter of the effect. Half of it needs 2² times the seeds.",
        ),
        WrongNumber(
            45,
            "Forty-five *more* seeds, yes: how many are there then in all?",
        ),
    ),
)

EXERCISES = (
    Exercise(
        id="10.1",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "What can a decoder do about a latent whose values are all twice as large?",
            "Rescale each latent by a number of your choice. Can N(0, diag(¼, 1, 4)) become round? "
            "Can a product of Student-t densities?",
        ),
        answer=PREDICTION,
    ),
    Exercise(
        id="10.2",
        difficulty=2,
        importance=2,
        minutes=6,
        points=2,
        hints=(
            "Go to the units in which the prior is N(0, I), rotate there, and come back.",
            "Dividing *column* j of U by scales[j] is U / scales; multiplying *row* i by scales[i] "
            "is scales[:, None] * U.",
        ),
        answer=CONJUGATE,
    ),
    Exercise(
        id="10.3",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "What is E s⁴ when s is −1 or 1? Subtract 3.",
            "sin²(2·45°) = 1, so the answer is −κ/(4ν).",
        ),
        answer=GAIN,
    ),
    Exercise(
        id="10.4",
        difficulty=2,
        importance=2,
        minutes=4,
        points=1,
        hints=(
            "What is κ of a Gaussian?",
            "Draw the cloud of two independent standard Gaussian factors, and turn it.",
        ),
        answer=GAUSSIAN_FACTORS,
    ),
    Exercise(
        id="10.5",
        difficulty=1,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "How does the standard error of a mean depend on the number of seeds?",
            "It falls as 1/√n. Which n halves 1/√15?",
        ),
        answer=SEEDS,
    ),
)
