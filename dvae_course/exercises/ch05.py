"""Exercises of chapter 05, measuring: MIG by hand, DCI's reading, floors, what weights forgive."""

import numpy as np
from jaxtyping import Float

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

Table = Float[np.ndarray, "codes factors"]
SIZES = [(2, 2), (3, 2), (4, 3), (6, 5)]  # (codes, factors), the smallest first

MIG_BY_HAND = Number(
    value=0.5,
    tolerance=0.004,
    why="The gaps are 0.75 nats for the first factor and 0.80 for the second, in units of what "
    "there is to know 0.75/1.25 = 0.6 and 0.80/2.00 = 0.4, and their mean is 0.5. The first "
    "factor's best code says less than the second's; relative to its entropy it says more.",
    misconceptions=(
        WrongNumber(
            0.775,
            "The entropies are missing: divide each gap by its own factor's H, then average.",
        ),
        WrongNumber(
            0.775 / 1.625,
            "You divided the mean gap by the mean entropy. Divide each gap by the entropy of its "
            "own factor, and average then.",
        ),
        WrongNumber(
            0.7,
            "This is what the best code says of each factor, in units of H. Subtract what the "
            "runner-up says: that is the gap.",
        ),
        WrongNumber(
            0.675,
            "You subtracted the smallest entry of each column. The rival is the second largest.",
        ),
        WrongNumber(
            0.75,
            "These are gaps along the rows: of each code, its two factors. MIG reads the columns: "
            "of each factor, its two best codes.",
        ),
        WrongNumber(1.0, "This is the sum over the factors. MIG is their mean."),
        WrongNumber(
            (0.75 + 0.8 / 1.2) / 2,
            "You divided by the largest entry of the column. The unit is H(f): what there is to "
            "know of the factor, not what the best code happens to say.",
        ),
    ),
)


def disentanglement(R: Table) -> Float[np.ndarray, ""]:
    """Σ_i ρ_i (1 − H_K(R_i)): the mean over rows, weighted by their share."""
    share = R.sum(axis=1) / R.sum()
    return np.asarray((share * _purity(R, R.shape[1])).sum())


def importances(rng: np.random.Generator) -> list[Case]:
    """Positive tables (codes, factors), unequal in their rows' sums, with two decimals."""
    return [((rng.uniform(0.1, 1, size) ** 2).round(2) + 0.01,) for size in SIZES]


def _purity(R: Table, base: float) -> Float[np.ndarray, " codes"]:
    """1 − entropy of each row divided by its sum."""
    p = R / R.sum(axis=1, keepdims=True)
    return 1 + (p * np.log(p)).sum(axis=1) / np.log(base)


def _share(R: Table) -> Float[np.ndarray, " codes"]:
    return R.sum(axis=1) / R.sum()


DCI = Function(
    reference=disentanglement,
    cases=importances,
    why="With the logarithm to the base K a code that matters alike for all K factors has the "
    "entropy 1, so D_i = 0, whatever K is. The weights ρ_i are why a useless code costs DCI "
    "nothing: no tree asks it anything, and its row has no share.",
    misconceptions=(
        WrongFunction(
            lambda R: _purity(R, R.shape[1]).mean(),
            "You took the plain mean over codes, as Modularity does. DCI weights code i by its "
            "share ρ_i of all importance.",
            nearly=True,
        ),
        WrongFunction(
            lambda R: (_share(R) * _purity(R, np.e)).sum(),
            "The base of the logarithm is missing: divide the entropy by log K, with K factors, so "
            "that it is at most 1.",
            nearly=True,
        ),
        WrongFunction(
            lambda R: (_share(R) * _purity(R, len(R))).sum(),
            "You took the number of codes as the base. A row has one entry a factor: the base is "
            "the number of factors, K = R.shape[1].",
            nearly=True,
            when=lambda outputs, expected: bool(np.isinf(outputs[0]).any()),
        ),
        WrongFunction(
            lambda R: (_share(R) * (1 - _purity(R, R.shape[1]))).sum(),
            "This is the mean entropy, 0 for a perfect code. Disentanglement is 1 minus it.",
            nearly=True,
        ),
        WrongFunction(
            lambda R: (_share(R.T) * _purity(R.T, len(R))).sum(),
            "You read the columns: is each factor in one code? That is DCI's *completeness*. "
            "Disentanglement reads the rows.",
        ),
        WrongFunction(
            lambda R: _share(R) * _purity(R, R.shape[1]),
            "These are the terms of the single codes. The score is their sum, one number.",
            nearly=True,
        ),
        WrongFunction(
            lambda R: (_share(R) * (1 + (R * np.log(R)).sum(axis=1) / np.log(R.shape[1]))).sum(),
            "The rows are not normalised. An entropy is of probabilities: divide each row by its "
            "sum first.",
            nearly=True,
        ),
    ),
)

MORE_DATA = Choice(
    right="mig",
    explanations={
        "mig": "Every entry of the table is biased by (bins − 1)(values − 1)/2n, so ten times more "
        "data make all of them about ten times smaller. MIG is a difference of entries and goes "
        "to 0 with them; Modularity is made of ratios, from which n cancels. Its floor is set by "
        "the factors' numbers of values alone.",
        "both": "All entries of the table do fall, about tenfold. But look at what Modularity "
        "makes of a row: what happens to I_ik / max_k I_ik if all entries become ten times "
        "smaller?",
        "modularity": "It is the other way round. MIG is a difference of entries, Modularity a "
        "ratio. Which of the two stays if all entries become ten times smaller?",
        "neither": "The bias of an entry is about (bins − 1)(values − 1)/2n: it falls as n grows. "
        "Which of the two scores is a difference of such entries?",
    },
)

USELESS = Choice(
    right="modularity",
    explanations={
        "modularity": "It takes the plain mean over codes, and a noise code counts as much as any. "
        "In its row all entries are tiny, but the template compares them with the largest one of "
        "the row itself, so that they look mixed. (DCI's weights, the gap's two best codes and "
        "the vote for the least varying code all pass noise by.)",
        "mig": "For each factor MIG compares its two best codes. The best is the pure one; what is "
        "the information of the runner-up, before and after the noise codes came?",
        "dci": "DCI's mean over codes is weighted by their importance. Which share of it do codes "
        "have that no tree asks anything?",
        "factorvae": "A vote goes to the code that varies least while a factor is held. The pure "
        "code does not vary at all then; how much does a noise code vary?",
        "none": "Four of the five need no more than the pure codes. But one score gives each code "
        "the same weight: what does it make of a row of noise? Look at its formula.",
    },
)

WEIGHTED = Choice(
    right="useless",
    explanations={
        "useless": "A useless code has next to no information, hence next to no weight: the fault "
        "becomes as invisible as it is to DCI. Then nobody of the six would notice useless codes. "
        "A score's blind spot is a choice, not a mistake: say which one you chose.",
        "noise": "Modularity forgives noise already, in the table above: noise lowers all entries "
        "of a row, not their ratios.",
        "rotation": "The turned codes hold a large share of the information, so that they keep "
        "their weight, and their rows stay mixed.",
        "copies": "Modularity forgives copies already: each is as pure as its original. See the "
        "table above.",
    },
)

EXERCISES = (
    Exercise(
        id="05.1",
        difficulty=1,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "Go column by column: which two codes say most of the factor?",
            "The gaps are 1.00 − 0.25 and 1.20 − 0.40; each is divided by its own entropy.",
        ),
        answer=MIG_BY_HAND,
    ),
    Exercise(
        id="05.2",
        difficulty=2,
        importance=3,
        minutes=10,
        points=2,
        hints=(
            "Divide each row by its sum: now it is a distribution over the K factors.",
            "The entropy −Σ p log p of a row, divided by log K, lies between 0 and 1.",
            "Weight 1 minus it by the row's sum over the sum of the whole table, and add up.",
        ),
        answer=DCI,
    ),
    Exercise(
        id="05.3",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "How does the plug-in estimate of an entry depend on n?",
            "One score is a difference of entries, the other is made of ratios within a row.",
        ),
        answer=MORE_DATA,
    ),
    Exercise(
        id="05.4",
        difficulty=2,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "Which scores ask only about the best code of each factor?",
            "Which score takes a mean over all codes, and with which weights?",
        ),
        answer=USELESS,
    ),
    Exercise(
        id="05.5",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "Which faults does Modularity not forgive in the table above?",
            "Of the codes that lower Modularity, which would have a small weight?",
        ),
        answer=WEIGHTED,
    ),
)
