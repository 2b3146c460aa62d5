"""Exercises of chapter 11, the clustered prior: density, KL term, knobs, slip, and start."""

import math

from dvae_course.exercises.kinds import Choice, Number, WrongNumber
from dvae_course.exercises.log_densities import MIXTURE, ONE_SAMPLE_KL
from dvae_course.exercises.registry import Exercise

SMALLEST_KL = Number(
    value=math.log(4),
    tolerance=0.01,
    why="E_x KL(q(z|x)‖p) = I(x; z) + KL(q(z)‖p). The match makes the second term 0, and the code "
    "tells which of four equally likely clusters x is in: I(x; z) = log 4 nats. A KL term of 0 "
    "would mean that the code tells nothing.",
    misconceptions=(
        WrongNumber(
            0.0,
            "KL(q(z)‖p) is 0 here, but that is the KL of the aggregate. The KL term of the "
            "objective averages KL(q(z|x)‖p), and is larger by the mutual information I(x; z): "
            "look again at the decomposition of the KL term.",
        ),
        WrongNumber(
            2.0,
            "This is the answer in bits: log₂ 4. The book counts in nats, with the natural "
            "logarithm.",
        ),
        WrongNumber(
            4.0,
            "This is the number of clusters. The information that tells which of four equally "
            "likely clusters x is in is the logarithm of that number.",
        ),
        WrongNumber(
            math.log(400),
            "This is log 400, the information that tells all 400 points apart. Here the points of "
            "one cluster share one Gaussian, so the code tells the cluster only.",
        ),
        WrongNumber(
            -math.log(4),
            "A KL divergence is never negative, nor is an average of them: check the sign.",
            when=lambda number: number < 0,
        ),
    ),
)

WHICH_KNOB = Choice(
    right="beta",
    explanations={
        "beta": "β multiplies E_x KL(q(z|x)‖p) = I(x; z) + KL(q(z)‖p), so turning it up makes "
        "information cost something: each q(z|x) widens until neighbouring points overlap, and "
        "I(x; z) falls below log 400 = 5.99, where every point had a code of its own.",
        "alpha": "α multiplies a divergence between the aggregate q(z) and the prior: it pays for "
        "the match. I(x; z) itself stands nowhere in it, so overlap is at most a by-product, as "
        "far as the 400 Gaussians must widen to cover the prior between them. Look again at which "
        "of the two terms of the decomposition α sees.",
        "both": "Only one of the two puts a price on I(x; z). α sees the aggregate q(z) alone; the "
        "overlap that comes with it is a by-product. Look again at what β multiplies.",
        "neither": "I(x; z) = 5.99 = log 400 says that every point has a code of its own: no "
        "overlap. One of the two knobs puts a price on I(x; z); look again at the decomposition "
        "of the KL term.",
    },
)

SLIPPED_SD = Number(
    value=math.sqrt(0.015),
    tolerance=0.002,
    why="The square of N(z; m, s²) is proportional to exp(−2 (z−m)²/2s²), a Gaussian of half the "
    "variance; where clusters do not overlap, the square of the mixture is the mixture of the "
    "squares. So each cluster of f₂ has the variance 0.015, a deviation 1/√2 times the prior's. A "
    "β that is large leaves q(z|x) no choice but one of them.",
    misconceptions=(
        WrongNumber(
            math.sqrt(0.03),
            "This is the prior's own √0.03. p² falls off faster than p: what is the variance of "
            "the Gaussian that is proportional to the square of a Gaussian?",
        ),
        WrongNumber(
            0.015,
            "This is the variance of a cluster of f₂. The question asks for the standard "
            "deviation: take the root.",
        ),
        WrongNumber(
            math.sqrt(0.03) / 2,
            "You halved the standard deviation. Squaring the density doubles the exponent "
            "−(z−m)²/2s², so that it halves the variance.",
        ),
        WrongNumber(
            math.sqrt(0.06),
            "You doubled the variance: that is √p, flatter than p. A square is more peaked than "
            "what was squared.",
        ),
        WrongNumber(
            0.03,
            "This is the prior's variance. Find the variance of p² first, then take the root.",
        ),
    ),
)

FROM_THE_MATCH = Choice(
    right="stay",
    explanations={
        "stay": "Each q(z|x) sits in a minimum of the KL term already, so that a large β pins it "
        "there: to change clusters it would have to cross the gap, where the KL term is large. "
        "What β does not ask for it does not destroy either.",
        "merge": "A single cluster has a match of log 4, but an overlap term of 0: the KL term is "
        "the same sum. And the way there leads through the gap between two clusters, where "
        "log p(z) is very low and β multiplies it.",
        "blob": "The blob is where many *cold* starts end. It is a local minimum of KL(q‖p) with a "
        "far larger value than that of a cluster: nothing leads from a cluster up to it.",
    },
)

EXERCISES = (
    Exercise(
        id="11.1",
        difficulty=2,
        importance=3,
        minutes=10,
        points=2,
        hints=(
            "First find the log density of every point under every component: a table (n, K).",
            "log (1/K) Σ_k exp(a_k) = logsumexp_k(a_k) − log K. Why not exp, mean and log?",
            "In two dimensions log N(z; m, sd² I) = −|z − m|² / (2 sd²) − log(2π sd²).",
        ),
        answer=MIXTURE,
    ),
    Exercise(
        id="11.2",
        difficulty=2,
        importance=3,
        minutes=8,
        points=2,
        hints=(
            "Write down both shapes, and what broadcasting does with them.",
            "log q is given coordinate by coordinate; log p already belongs to the whole point. "
            "Which of them has to be summed?",
        ),
        answer=ONE_SAMPLE_KL,
    ),
    Exercise(
        id="11.3",
        difficulty=2,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "Split the KL term: E_x KL(q(z|x)‖p) = I(x; z) + KL(q(z)‖p).",
            "The match makes the second term 0. How many nats does it take to name one of four "
            "equally likely clusters?",
        ),
        answer=SMALLEST_KL,
    ),
    Exercise(
        id="11.4",
        difficulty=1,
        importance=3,
        minutes=4,
        points=1,
        hints=(
            "Overlap means that the codes of different points cannot be told apart. Which of the "
            "two numbers says so?",
            "Write down which terms of the decomposition the knob α sees, and which β sees.",
        ),
        answer=WHICH_KNOB,
    ),
    Exercise(
        id="11.5",
        difficulty=2,
        importance=2,
        minutes=5,
        points=1,
        hints=(
            "Look at one cluster. What is exp(−(z−m)²/2s²), squared?",
            "It is the exponential of a Gaussian with another variance. The question asks for the "
            "root of that.",
        ),
        answer=SLIPPED_SD,
    ),
    Exercise(
        id="11.6",
        difficulty=3,
        importance=3,
        minutes=5,
        points=1,
        hints=(
            "What is KL(q(z|x)‖p) for an encoding that is one of the prior's clusters? Can it be "
            "lower?",
            "To join another cluster an encoding has to travel there. What is log p(z) on the way?",
        ),
        answer=FROM_THE_MATCH,
    ),
)
