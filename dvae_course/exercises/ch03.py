"""Exercises of chapter 03, the impossibility theorem: its bijection, and what it rules out."""

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri
from scipy.stats import special_ortho_group

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

EVEN_MIXING = (1 - 1 / np.sqrt(2)) / 2  # 1 − 2α = 2√(α(1−α))
PRINTED = (5 - np.sqrt(5)) / 10  # the same with the paper's A₁₂ = −v₁v₂


def entangle(u: Float[np.ndarray, "n d"], A: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "n d"]:
    """f(u) = Φ(A Φ⁻¹(u)) of each row u, whose coordinates are uniform on (0, 1)."""
    return ndtr(ndtri(u) @ A.T)


def uniform_cases(rng: np.random.Generator) -> list[Case]:
    """Points inside the cube and rotations that are not symmetric, the smallest first."""
    return [
        (rng.uniform(0.05, 0.95, (n, d)).round(2), special_ortho_group.rvs(d, random_state=rng))
        for n, d in ((1, 2), (2, 2), (2, 3), (4, 5))
    ]


HOW_MANY_FALL = Choice(
    right="some",
    explanations={
        "some": "MIG and DCI look for a code in which each factor has one latent, and lose it; so "
        "does SAP, from a ceiling that is low to begin with. BetaVAE and FactorVAE scores ask only "
        "whether the fixed factor can be recognised, which a linear classifier or the least "
        "variance does through a mixture too; Modularity is high for noise already.",
        "all": "So the name 'disentanglement score' suggests. But the theorem's entanglement is a "
        "Jacobian without zeros, and three of the six do not look for one. BetaVAE and FactorVAE "
        "scores ask whether the factor that was held fixed can be recognised; Modularity is high "
        "for noise already. Read again what stands below the curves of the experiment.",
        "none": "Some do notice. MIG compares the two latents that say most of a factor, and when "
        "several latents share it the gap closes. Look again at the curves near t = 0.1.",
    },
)

EQUAL_ENTRIES = Number(
    value=EVEN_MIXING,
    tolerance=0.002,
    why="v = (√α, √(1−α)) gives A₁₁ = 1 − 2α and A₁₂ = −2√(α(1−α)). With α = sin²θ these are "
    "cos 2θ and −sin 2θ, of equal size at 2θ = π/4: α = sin²(π/8) = (1 − 1/√2)/2. Every entry "
    "then has size 1/√2: the furthest from a zero that two coordinates allow.",
    misconceptions=(
        WrongNumber(
            0.5,
            "At α = 1/2 the entry A₁₁ = 1 − 2α is zero: A is minus a permutation, and the two "
            "coordinates only change places. That is the one value that the proof leaves out.",
        ),
        WrongNumber(
            PRINTED,
            "This is the answer for A₁₂ = −v₁v₂, as the paper's proof prints it. Multiply out "
            "I − 2vvᵀ: the off-diagonal entry is −2v₁v₂.",
        ),
        WrongNumber(
            1 - EVEN_MIXING,
            "|A₁₁| = |A₁₂| holds here too, but α must be below 1/2. Which is the other solution of "
            "the quadratic equation?",
        ),
        WrongNumber(
            0.25,
            "At α = 1/4, A₁₁ = 1/2 but A₁₂ = −√3/2. Set |1 − 2α| equal to 2√(α(1−α)) and square.",
        ),
        WrongNumber(
            1 / np.sqrt(2),
            "This is the size that the entries then have. The question asks for the α behind it: "
            "solve 1 − 2α = 1/√2.",
        ),
    ),
)

ENTANGLE = Function(
    reference=entangle,
    cases=uniform_cases,
    why="Φ⁻¹ makes each uniform coordinate standard Gaussian, the orthogonal A turns N(0, I) into "
    "itself, and Φ makes each coordinate uniform again. So f(u) has the law of u, and with no zero "
    "in A every output moves with every input.",
    misconceptions=(
        WrongFunction(
            lambda u, A: ndtr(ndtri(u) @ A),
            "This is the inverse: h @ A multiplies each row by Aᵀ. For points in rows, A h is "
            "h @ A.T. (With a symmetric A, such as I − 2vvᵀ, you would not notice.)",
            nearly=True,
        ),
        WrongFunction(
            lambda u, A: ndtri(u) @ A.T,
            "The way back is missing: these are Gaussian coordinates. Φ of each makes it uniform "
            "again.",
            nearly=True,
        ),
        WrongFunction(
            lambda u, A: u @ A.T,
            "You rotated the cube itself. Its corners leave the cube, and the law changes: only a "
            "Gaussian vector does not notice A. Go to Gaussian coordinates first.",
        ),
        WrongFunction(
            lambda u, A: ndtr(u @ A.T),
            "You rotated u before making it Gaussian. The first step is h = Φ⁻¹(u), coordinate by "
            "coordinate.",
        ),
        WrongFunction(
            lambda u, A: u,
            "This is the identity: it keeps the law, but entangles nothing. Where does A come in?",
        ),
    ),
)

WHAT_IS_IMPOSSIBLE = Choice(
    right="identify",
    explanations={
        "identify": "For every disentangled model of p(x) there is an entangled one of the same "
        "p(x), so nothing that is computed from p(x) alone can prefer the first. Where it comes "
        "out, something else chose: the architecture, the objective, or the data's structure.",
        "exist": "No: the proof begins with a disentangled model and builds an entangled one "
        "beside it. Both exist. Read the theorem again for what it says of the two.",
        "train": "The theorem speaks of no training: whatever was found, by whatever search, p(x) "
        "cannot tell it from its twin. A search may still find one of them every time, through "
        "its inductive bias.",
        "measure": "With the factors at hand the two can be told apart, as MIG and DCI do above. "
        "What is missing in unsupervised learning is the factors. Ask what can be had from "
        "pictures alone.",
    },
)

LINEAR_ONLY = Number(
    value=4.0,
    tolerance=0.01,
    why="By the theorem of Darmois and Skitovich two mixtures of independent variables are "
    "independent only if what is mixed is Gaussian. So a rotation that keeps the law mixes "
    "nothing: it is a turn by 0, 90, 180 or 270 degrees, and Laplace's symmetry allows all four. "
    "None entangles. That is why linear ICA works, and why the theorem's f is not linear here.",
    misconceptions=(
        WrongNumber(
            1.0,
            "The identity is one of them. But a Laplace law looks the same with its sign changed, "
            "and both coordinates have the same law: which turns only swap coordinates or signs?",
        ),
        WrongNumber(
            2.0,
            "The half turn changes both signs, and the law with it stays. What of a quarter turn, "
            "which sends (u₁, u₂) to (−u₂, u₁)?",
        ),
        WrongNumber(
            8.0,
            "There are eight signed permutations of two coordinates, but half of them are "
            "reflections (determinant −1), and only rotations are asked for.",
        ),
        WrongNumber(
            0.0,
            "The identity is a rotation (by 0 degrees) and changes nothing. Which others only swap "
            "coordinates or signs?",
        ),
        WrongNumber(
            1e9,
            "Infinitely many keep a Gaussian law, and the theorem's family of f is infinite. But f "
            "is linear for Gaussian marginals only. Look again at the rotated square among the "
            "broken hypotheses.",
            when=lambda number: number > 100,
        ),
    ),
)

EXERCISES = (
    Exercise(
        id="03.1",
        difficulty=1,
        importance=2,
        minutes=2,
        points=1,
        hints=(
            "Ask of each metric: does it compare latents with each other, or does it ask whether a "
            "factor can be recognised from all of them?",
            "MIG is of the first sort. A BetaVAE vote gives a linear classifier all latents at "
            "once: is that of the first sort too?",
        ),
        answer=HOW_MANY_FALL,
    ),
    Exercise(
        id="03.2",
        difficulty=2,
        importance=2,
        minutes=8,
        points=1,
        hints=(
            "Write A = I − 2vvᵀ for v = (√α, √(1−α)): what are A₁₁ and A₁₂?",
            "Set 1 − 2α = 2√(α(1−α)) and square; or put α = sin²θ.",
        ),
        answer=EQUAL_ENTRIES,
    ),
    Exercise(
        id="03.3",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "Three steps: to Gaussian coordinates, A, and back. `ndtri` is Φ⁻¹ and `ndtr` is Φ.",
            "Points are rows, so A h for each of them is `h @ A.T`.",
        ),
        answer=ENTANGLE,
    ),
    Exercise(
        id="03.4",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "Which of the four does the proof contradict, and which does it use?",
            "The proof hands you two models. What do they share, and who can tell them apart?",
        ),
        answer=WHAT_IS_IMPOSSIBLE,
    ),
    Exercise(
        id="03.5",
        difficulty=3,
        importance=2,
        minutes=8,
        points=1,
        hints=(
            "If the turned coordinates mix the old ones and are independent, what does Darmois's "
            "and Skitovich's theorem say of the old ones?",
            "So each new coordinate is plus or minus one of the old ones. Which such matrices are "
            "rotations?",
        ),
        answer=LINEAR_ONLY,
    ),
)
