"""DCI from its definition: scikit-learn's boosting factor by factor, entropies by loops."""

import math

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier


def dci(train_factors, train_codes, test_factors, test_codes, seed):
    """Disentanglement, completeness, and train and test accuracy, as the study defines them."""
    columns, train_accuracy, test_accuracy = [], [], []
    for k in range(train_factors.shape[1]):
        model = GradientBoostingClassifier(random_state=seed)
        model.fit(train_codes, train_factors[:, k])
        columns.append(np.abs(model.feature_importances_))
        train_accuracy.append(np.mean(model.predict(train_codes) == train_factors[:, k]))
        test_accuracy.append(np.mean(model.predict(test_codes) == test_factors[:, k]))
    R = np.array(columns).T
    return {
        "importances": R,
        "disentanglement": weighted(R),
        "completeness": weighted(R.T),
        "train_accuracy": np.mean(train_accuracy),
        "test_accuracy": np.mean(test_accuracy),
    }


def weighted(R):
    """Σ_i ρ_i (1 − H(R_i)): rows by their share of the total, H with the row's length as base."""
    total = sum(sum(row) for row in R)
    value = 0.0
    for row in R:
        weight = sum(row) / total if total > 0 else 1 / len(R)
        value += weight * (1 - entropy(row))
    return value


def entropy(row):
    """−Σ p log p of a row of amounts, to the base of its length; 10⁻¹¹ is added to each."""
    raised = [amount + 1e-11 for amount in row]
    shares = [amount / sum(raised) for amount in raised]
    return -sum(p * math.log(p) for p in shares) / math.log(len(row))
