"""Exercises of chapter 01, what disentangling is: axes, the gap of MIG, copies, floors."""

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

SIZES = [(2, 2), (3, 2), (4, 3), (5, 3)]  # (codes, factors), the smallest first
NOISE_ON_CARS = 1 - (3**2 + 23**2) / (2 * 182**2)  # Modularity of noise, factors 4, 24, 183

HOW_MANY_TURNS = Number(
    value=3,
    tolerance=0.01,
    why="Three turns by 60° about (1,1,0) are half a turn about that axis: it exchanges the first "
    "two coordinates and flips the third. That is a signed permutation: each coordinate speaks "
    "of one factor again, azimuth and illumination have changed places, and hair length counts "
    "backwards. Disentangled means up to order and sign.",
    misconceptions=(
        WrongNumber(
            6,
            "Six turns by 60° are a whole turn, and the code is literally the old one. But the "
            "sentence does not ask for that: order and sign of the coordinates are free. Look "
            "again at which rotations the theorem lets pass; one of them comes earlier.",
        ),
        WrongNumber(
            1.5,
            "A turn by 90° exchanges axes only if it is about a coordinate axis. This one is about "
            "(1,1,0): what does a quarter turn about it do to the third axis?",
        ),
        WrongNumber(
            180,
            "Right angle, wrong unit: the question asks for the number of turns by 60°.",
        ),
        WrongNumber(
            2,
            "After 120° about (1,1,0) no axis has come to lie on an axis. Follow the third axis: "
            "it is perpendicular to (1,1,0) and turns by 60° each time. When is it vertical again?",
        ),
        WrongNumber(
            1,
            "One turn is the slides' matrix itself, all of whose entries differ from 0. Follow "
            "the third axis: when is it vertical again?",
        ),
        WrongNumber(
            0,
            "At least one turn is asked for.",
            when=lambda number: number < 1,
        ),
    ),
)


def mutual_information_gap(
    information: Float[np.ndarray, "codes factors"], entropy: Float[np.ndarray, " factors"]
) -> Float[np.ndarray, ""]:
    """Mean over factors of (I₁ − I₂) / H, the two codes that say most of it compared."""
    ordered = np.sort(information, axis=0)
    return np.asarray(((ordered[-1] - ordered[-2]) / entropy).mean())


def tables(rng: np.random.Generator) -> list[Case]:
    """Information (codes, factors) below the factors' entropies, with one decimal."""
    entropies = [rng.uniform(1, 3, size=factors).round(1) for _, factors in SIZES]
    shares = [rng.uniform(0, 1, size=size) for size in SIZES]
    return [((s * h).round(1), h) for s, h in zip(shares, entropies, strict=True)]


MIG = Function(
    reference=mutual_information_gap,
    cases=tables,
    why="For each factor the best code is compared with the runner-up, and the gap is measured in "
    "units of what there is to know, H. So 1 means that one code tells all of the factor and no "
    "second one tells any of it; a factor spread over two codes alike has the gap 0.",
    misconceptions=(
        WrongFunction(
            lambda information, entropy: np.diff(np.sort(information, axis=0), axis=0)[-1].mean(),
            "The entropy is missing. A factor with many values can be told more of, in nats, so "
            "each gap is divided by its factor's H.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (
                np.diff(np.sort(information, axis=0), axis=0)[-1].mean() / entropy.mean()
            ),
            "You divided the mean gap by the mean entropy. Divide each gap by the entropy of its "
            "own factor, and average then: every factor counts alike.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (
                np.diff(np.sort(information, axis=0), axis=0)[-1] / entropy
            ).sum(),
            "You summed over the factors; MIG is their mean, which is at most 1.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (
                np.diff(np.sort(information, axis=0), axis=0)[-1] / entropy
            ),
            "These are the gaps of the single factors. The score is their mean, one number.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (information.max(axis=0) / entropy).mean(),
            "This is how much the best code tells of each factor. The *gap* is missing: what the "
            "second-best code tells is subtracted, so that copies are punished.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (np.ptp(information, axis=0) / entropy).mean(),
            "You subtracted the smallest information from the largest. The rival is the second "
            "largest; with two codes alone the two agree.",
            nearly=True,
        ),
        WrongFunction(
            lambda information, entropy: (
                (information.max(axis=0) - information.mean(axis=0)) / entropy
            ).mean(),
            "You subtracted the mean information. The rival is the one code that tells second "
            "most, however many others tell nothing.",
        ),
    ),
)

DOUBLED = Choice(
    right="zero",
    explanations={
        "zero": "MIG compares the two codes that say most of a factor. Now these are twins, and "
        "each gap is 0. No coordinate mixes anything: the score asks that a factor be in one code "
        "only (compactness), not only that a code hold one factor (modularity).",
        "stays": "Each code still speaks of one factor only, true, and Modularity stays for that "
        "reason. But MIG looks for each factor at its two best codes and takes their difference: "
        "look again at its definition. What is the difference of two equal numbers?",
        "halves": "Nothing is averaged over the copies. For each factor MIG takes the difference "
        "between the best code and the second best: look again at its definition. What do these "
        "two say here?",
    },
)

MODULARITY_ON_CARS = Choice(
    right="nothing",
    explanations={
        "nothing": f"Noise scores {NOISE_ON_CARS:.3f} there: its plug-in information grows with a "
        "factor's number of values, so each noise code seems to speak of the 183-valued factor "
        "alone. A raw 0.95 lies below that floor. It does not prove that the code is noise "
        "either: between floor and ceiling there is no room left to tell.",
        "good": "0.95 is close to the ceiling of 1, but how close to the floor? Work out what a "
        "code of pure noise scores on factors of 4, 24 and 183 values: see `noise_modularity`.",
        "fair": "A place between floor and ceiling needs both. Work out what a code of pure noise "
        "scores on factors of 4, 24 and 183 values: see `noise_modularity`.",
    },
)

EXERCISES = (
    Exercise(
        id="01.1",
        difficulty=2,
        importance=3,
        minutes=6,
        points=1,
        hints=(
            "Which orthogonal matrices does the theorem let pass?",
            "n turns by 60° are one turn by n · 60° about the same axis, (1,1,0). The third axis "
            "is perpendicular to it: after which angles is it vertical again, up or down?",
            "Half a turn about (1,1,0) maps that axis to itself, and (1,−1,0) and (0,0,1) to their "
            "negatives. Where do (1,0,0) and (0,1,0) go?",
        ),
        answer=HOW_MANY_TURNS,
    ),
    Exercise(
        id="01.2",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "For each factor (a column) you need the largest and the second largest entry.",
            "Sort along the axis of the codes; the last two rows are what you need.",
            "Divide each factor's gap by its own entropy, and only then take the mean.",
        ),
        answer=MIG,
    ),
    Exercise(
        id="01.3",
        difficulty=1,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "Which two codes does MIG compare for the factor azimuth?",
            "How much does each of these two tell of azimuth?",
        ),
        answer=DOUBLED,
    ),
    Exercise(
        id="01.4",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "What would a code score that knows nothing?",
            "Run `metrics.noise_modularity((4, 24, 183))`.",
        ),
        answer=MODULARITY_ON_CARS,
    ),
)
