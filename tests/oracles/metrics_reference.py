"""BetaVAE score, FactorVAE score and SAP from their definitions: loops over votes and classifiers.

One vote, one call of `encode`; one code and one factor, one fit by scikit-learn.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC


def draw(factor_sizes, n, rng):
    """`n` combinations of factors, column by column."""
    return np.stack([rng.integers(size, size=n) for size in factor_sizes], axis=1)


def betavae_score_reference(representation, seed=0, n_train=10_000, n_test=5_000, batch_size=64):
    """Two batches share one factor; a logistic regression on their mean distance guesses which."""
    rng = np.random.default_rng(seed)
    features, labels = [], []
    for _ in range(n_train + n_test):
        k = rng.integers(len(representation.factor_sizes))
        first = draw(representation.factor_sizes, batch_size, rng)
        second = draw(representation.factor_sizes, batch_size, rng)
        second[:, k] = first[:, k]
        features.append(distance(representation.encode(first), representation.encode(second)))
        labels.append(k)
    return judge_distances(np.array(features), np.array(labels), n_train)


def distance(first, second):
    """The mean over pairs of |z₁ − z₂|, a number a code."""
    return np.mean(np.abs(first - second), axis=0)


def judge_distances(features, labels, n_train):
    """Accuracy, beyond the first `n_train` votes, of the logistic regression fitted to those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the study stops at 100 iterations
        model = LogisticRegression().fit(features[:n_train], labels[:n_train])
    return model.score(features[n_train:], labels[n_train:])


def factorvae_score_reference(
    representation,
    seed=0,
    n_train=10_000,
    n_test=5_000,
    batch_size=64,
    n_variance=10_000,
    threshold=0.05,
):
    """The least varying of the active codes votes for the factor that a batch shares."""
    rng = np.random.default_rng(seed)
    codes = representation.encode(draw(representation.factor_sizes, n_variance, rng))
    variance = np.var(codes, axis=0, ddof=1)
    votes = []
    for _ in range(n_train + n_test):
        k = rng.integers(len(representation.factor_sizes))
        factors = draw(representation.factor_sizes, batch_size, rng)
        factors[:, k] = factors[0, k]
        winner = least_varying(representation.encode(factors), variance, threshold)
        votes.append((winner, k))
    return judge_votes(votes, n_train)


def least_varying(codes, variance, threshold):
    """The active code of the least local / global variance; None if there is none."""
    active = [d for d, v in enumerate(variance) if v > 0 and np.sqrt(v) >= threshold]
    local = np.var(codes, axis=0, ddof=1)
    return min(active, key=lambda d: local[d] / variance[d], default=None)


def judge_votes(votes, n_train):
    """Share of the votes beyond `n_train` that are for the factor that their code stands for."""
    counts = {}
    for winner, k in votes[:n_train]:
        counts.setdefault(winner, {}).setdefault(k, 0)
        counts[winner][k] += 1
    stands_for = {
        winner: min(row, key=lambda k: (-row[k], k))
        for winner, row in counts.items()
        if winner is not None
    }
    test = votes[n_train:]
    return sum(winner in stands_for and stands_for[winner] == k for winner, k in test) / len(test)


def sap_reference(representation, seed=0, n_train=10_000, n_test=5_000, C=0.01):
    """The gap between the two best support vector machines on one code, averaged over factors."""
    rng = np.random.default_rng(seed)
    train_factors = draw(representation.factor_sizes, n_train, rng)
    test_factors = draw(representation.factor_sizes, n_test, rng)
    train_codes = representation.encode(train_factors)
    test_codes = representation.encode(test_factors)
    S = svm_accuracies(train_factors, train_codes, test_factors, test_codes, C)
    return gap(S)


def svm_accuracies(train_factors, train_codes, test_factors, test_codes, C=0.01, tol=1e-4):
    """Test accuracies (codes, factors), a `LinearSVC` for each."""
    S = np.zeros((train_codes.shape[1], train_factors.shape[1]))
    for i, k in np.ndindex(*S.shape):
        model = LinearSVC(C=C, class_weight="balanced", tol=tol, random_state=0)
        model.fit(train_codes[:, [i]], train_factors[:, k])
        S[i, k] = np.mean(model.predict(test_codes[:, [i]]) == test_factors[:, k])
    return S


def gap(S):
    """The mean over columns of the largest less the second largest."""
    gaps = []
    for column in S.T:
        second, first = sorted(column)[-2:]
        gaps.append(first - second)
    return np.mean(gaps)
