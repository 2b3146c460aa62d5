"""Exercises of chapter 06, the large study: shares, upsets, transfer, and choosing unlabelled."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from dvae_course.exercises.functions import Case, Function, WrongFunction
from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.registry import Exercise

Scores = Float[np.ndarray, "settings seeds"]

MORE_SEEDS = Choice(
    right="stays",
    explanations={
        "stays": "The seed's share is a property of training: how far two runs of one setting lie "
        "apart, against how far settings lie apart. More seeds make the *mean* of a setting "
        "certain, and the estimate of the share precise; they do not make runs more alike. The one "
        "run that you will use is as much a lottery ticket as before.",
        "falls": "The error of a setting's *mean* falls, as one over the root of the number of "
        "seeds. But the share is about single runs: do two runs of one setting come closer because "
        "others have been trained as well?",
        "rises": "There are more runs in a setting, but their spread about its mean is no larger. "
        "(The plain η² of the settings does fall a little with more seeds, for it counts noise of "
        "the means as difference between settings; ω² takes that off beforehand.)",
    },
)

OMEGA = Number(
    value=14 / 22,
    tolerance=0.005,
    why="The grand mean is 4, the methods' means are 2 and 6: SS_method = 2·(−2)² + 2·2² = 16. The "
    "runs lie ±1 about their means: SS_seed = 4, with 4 − 2 = 2 degrees of freedom, so "
    "MS_seed = 2. ω² = (16 − 1·2)/(20 + 2). The plain η² = 16/20 is larger: two runs a method "
    "would show some difference of means even if the methods were the same.",
    misconceptions=(
        WrongNumber(
            16 / 20,
            "This is η², the plain share SS_method / SS_total. Means of two runs differ by chance, "
            "too: subtract df · MS_seed above, and add MS_seed below.",
        ),
        WrongNumber(
            14 / 20,
            "The numerator is right. Below stands SS_total + MS_seed.",
        ),
        WrongNumber(
            16 / 22,
            "The denominator is right. Above, subtract what the seeds alone would give the "
            "difference of means: df · MS_seed, with one degree of freedom for two methods.",
        ),
        WrongNumber(
            12 / 24,
            "You took SS_seed = 4 for MS_seed. Divide it by its degrees of freedom, 4 runs less 2 "
            "settings.",
        ),
        WrongNumber(
            (8 - 2) / (12 + 2),
            "You counted each method's mean once, so that SS_method = 8. Each *run* has the "
            "deviation of its method's mean: two runs a method, twice the sum.",
        ),
        WrongNumber(
            8 / 22,
            "This is the seeds' share N · MS_seed / (SS_total + MS_seed). The methods have the "
            "rest.",
        ),
    ),
)

UPSET = Number(
    value=4 / 9,
    tolerance=0.004,
    why="Each of three bad runs meets each of three good ones: 9 pairs. 0.10 beats none, 0.14 "
    "beats 0.12, and 0.30 beats all three. The better mean wins five times of nine only: which "
    "setting is better, and which *run* is, are two questions.",
    misconceptions=(
        WrongNumber(
            0,
            "You compared the means, 0.18 and 0.19. The question is about two single runs, drawn "
            "at random.",
        ),
        WrongNumber(
            1,
            "You compared the best bad run with the worst good one: that *can* happen. How often "
            "does it, over all pairs of runs?",
        ),
        WrongNumber(
            1 / 3,
            "You compared first with first, second with second, and so on. Runs are not paired: "
            "each of the three meets each of the other three.",
        ),
        WrongNumber(
            5 / 9,
            "This is how often the good setting wins. The question is how often it loses.",
        ),
        WrongNumber(
            2 / 3,
            "Two of three bad runs beat *some* good run. Count pairs: how many good runs does each "
            "beat?",
        ),
        WrongNumber(4, "This is the number of pairs that the bad setting wins: divide by all 9."),
    ),
)


def rank_transfer(first: Scores, second: Scores) -> Float[np.ndarray, ""]:
    """Spearman's correlation of the settings' means over seeds."""
    return _correlation(rankdata(first.mean(axis=1)), rankdata(second.mean(axis=1)))


def two_data_sets(rng: np.random.Generator) -> list[Case]:
    """Skewed scores of settings that two data sets share, with digits enough to have no ties."""
    cases = []
    for settings, seeds in [(4, 2), (5, 3), (8, 3), (12, 5)]:
        common = rng.normal(size=(settings, 1))
        noise = rng.normal(size=(2, settings, seeds))
        cases.append(tuple((10 * np.exp(common + noise)).round(4)))
    return cases


def _correlation(a: np.ndarray, b: np.ndarray) -> Float[np.ndarray, ""]:
    return np.asarray(np.corrcoef(a, b)[0, 1])


def _by_seed(first: Scores, second: Scores) -> Float[np.ndarray, ""]:
    pairs = zip(first.T, second.T, strict=True)
    return np.asarray(np.mean([_correlation(rankdata(a), rankdata(b)) for a, b in pairs]))


TRANSFER = Function(
    reference=rank_transfer,
    cases=two_data_sets,
    why="First the mean over seeds, so that a setting's luck does not count; then ranks, so that "
    "only the order of settings matters and not the scales of two data sets; then their "
    "correlation. The slides' matrix was made like this, with 36 settings.",
    misconceptions=(
        WrongFunction(
            lambda first, second: _correlation(first.mean(axis=1), second.mean(axis=1)),
            "This is Pearson's correlation of the means: the ranks are missing. One outstanding "
            "setting would decide it.",
            nearly=True,
        ),
        WrongFunction(
            lambda first, second: _correlation(rankdata(first), rankdata(second)),
            "You ranked single runs. Seed 0 here and seed 0 there have nothing in common: average "
            "over the seeds (the second axis) first, then rank the settings.",
        ),
        WrongFunction(
            _by_seed,
            "You correlated seed by seed and averaged the correlations. Single runs are noisy, and "
            "noise pulls each correlation towards 0; average over the seeds before you rank.",
        ),
        WrongFunction(
            lambda first, second: _correlation(
                rankdata(first, axis=0).mean(axis=1), rankdata(second, axis=0).mean(axis=1)
            ),
            "You ranked within each seed and averaged the ranks, which then are no ranks any more. "
            "Mean first, ranks after.",
            nearly=True,
        ),
        WrongFunction(
            lambda first, second: _correlation(
                np.argsort(first.mean(axis=1)), np.argsort(second.mean(axis=1))
            ),
            "One `argsort` gives the *order*: which setting is the lowest, which the next. The "
            "rank of each setting is the argsort of that.",
            nearly=True,
        ),
        WrongFunction(
            lambda first, second: _correlation(
                rankdata(first.mean(axis=0)), rankdata(second.mean(axis=0))
            ),
            "You averaged over the settings, the first axis. Seeds are the second axis: `mean(1)`.",
            when=lambda outputs, expected: bool(np.isnan(outputs).any()),
        ),
    ),
)

UNLABELLED = Choice(
    right="udr",
    explanations={
        "udr": "UDR asks whether several seeds of one setting find the same axes: it needs their "
        "codes and no factor. What it costs is seeds. Whether what seeds agree on is what *you* "
        "want is the assumption behind it; a way to choose is an inductive bias, too.",
        "mig": "MIG is made of the information between codes and *factors*. Without labels there "
        "is no second row of the table to subtract.",
        "efficiency": "Accuracy with 100 labels needs 100 labels, and a test set to measure it on.",
        "seed": "More seeds tell how large the lottery is, not which ticket wins: to pick the best "
        "run they must be scored by something. By what, without labels?",
    },
)

EXERCISES = (
    Exercise(
        id="06.1",
        difficulty=1,
        importance=3,
        minutes=3,
        points=1,
        hints=(
            "Of what is it a share: of the spread of single runs, or of the error of a mean?",
            "Toss a coin ten times or fifty times: does the spread of a single toss change?",
        ),
        answer=MORE_SEEDS,
    ),
    Exercise(
        id="06.2",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "Find the grand mean, both methods' means, and the squares of all deviations.",
            "SS_method counts each run once, with its method's mean: 2·2² + 2·2².",
            "SS_seed = 4 has 4 − 2 degrees of freedom. Put MS_seed = 2 into the formula.",
        ),
        answer=OMEGA,
    ),
    Exercise(
        id="06.3",
        difficulty=1,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "How many pairs of one bad and one good run are there?",
            "Take the bad runs one at a time: how many of the three good runs does each beat?",
        ),
        answer=UPSET,
    ),
    Exercise(
        id="06.4",
        difficulty=1,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "For each of them write down what must be given, besides pictures and models.",
            "One of them compares models with each other, and nothing else.",
        ),
        answer=UNLABELLED,
    ),
    Exercise(
        id="06.5",
        difficulty=2,
        importance=3,
        minutes=10,
        points=2,
        hints=(
            "Which axis are the seeds? Average over it first.",
            "The rank of each entry of v is `v.argsort().argsort()`, if no two are equal.",
            "`np.corrcoef(a, b)[0, 1]` or `torch.corrcoef(torch.stack([a, b]))[0, 1]`, of ranks.",
        ),
        answer=TRANSFER,
    ),
)
