"""UDR: what agreement between models scores, in closed form, against loops, and its traps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import ortho_group, spearmanr
from sklearn.linear_model import Lasso

from dvae_course.metrics.udr import (
    lasso_similarity,
    relative_strength,
    spearman_similarity,
    udr_from_codes,
)

LATENTS = 4
INFORMED = np.ones(LATENTS)


def whitened(seed: int, n: int = 1_000, latents: int = LATENTS) -> np.ndarray:
    """Codes with sample mean 0 and sample covariance I exactly."""
    raw = np.random.default_rng(seed).standard_normal((n, latents))
    return np.linalg.qr(raw - raw.mean(0))[0] * np.sqrt(n)


def relabelled(codes: np.ndarray, seed: int) -> np.ndarray:
    """The same latents in another order, with other signs and scales, shifted."""
    rng = np.random.default_rng(seed)
    latents = codes.shape[1]
    signed = rng.choice([-1, 1], latents) * rng.uniform(0.1, 10, latents)
    return codes[:, rng.permutation(latents)] * signed + rng.normal(size=latents)


def udr_by_loops(codes, kl, alpha=0.1, threshold=0.01):
    """The definition written out, one latent after another, with a Lasso for each."""
    codes = [(c - c.mean(0)) / c.std(0) for c in codes]
    pairwise = np.zeros((len(codes), len(codes)))
    for i, first in enumerate(codes):
        for j, second in enumerate(codes):
            rows = [a for a in range(first.shape[1]) if kl[i][a] > threshold]
            columns = [b for b in range(second.shape[1]) if kl[j][b] > threshold]
            X = first * (kl[i] > threshold)
            R = np.array([np.abs(Lasso(alpha=alpha).fit(X, second[:, b]).coef_) for b in columns])
            R = R.T[rows]
            down = [c.max() ** 2 / c.sum() if c.sum() else 0 for c in R.T]
            across = [r.max() ** 2 / r.sum() if r.sum() else 0 for r in R]
            pairwise[i, j] = 0.0 if i == j else (np.mean(down) + np.mean(across)) / 2
    others = [[pairwise[i, j] for i in range(len(codes)) if i != j] for j in range(len(codes))]
    return pairwise, np.array([np.median(column) for column in others])


def test_the_definition_by_loops_gives_the_same_numbers():
    rng = np.random.default_rng(0)
    base = rng.standard_normal((300, LATENTS))
    mixes = rng.normal(size=(5, LATENTS, LATENTS)) + 2 * np.eye(LATENTS)
    codes = [base @ mix + 0.3 * rng.standard_normal(base.shape) for mix in mixes]
    kl = list(rng.choice([0.001, 1.0], (5, LATENTS), p=[0.25, 0.75]))
    pairwise, scores = udr_by_loops(codes, kl)
    result = udr_from_codes(codes, kl)
    np.testing.assert_allclose(result.pairwise, pairwise, atol=1e-3)
    np.testing.assert_allclose(result.scores, scores, atol=1e-3)
    assert np.ptp(scores) > 0.01


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.5])
def test_models_that_agree_up_to_order_sign_and_scale_reach_the_ceiling(alpha):
    codes = whitened(0)
    models = [relabelled(codes, seed) for seed in range(4)]
    shrunk = udr_from_codes(models, [INFORMED] * 4, alpha=alpha)
    np.testing.assert_allclose(shrunk.scores, 1 - alpha, atol=1e-6)
    ranks = udr_from_codes([codes, -codes[:, ::-1]], [INFORMED] * 2, similarity="spearman")
    assert (ranks.scores > 0.95).all()  # the ranks' sample correlations are near 0, not 0


def test_one_rotated_model_among_aligned_ones_has_the_lowest_score():
    codes = whitened(1)
    rotation = ortho_group.rvs(LATENTS, random_state=0)
    models = [relabelled(codes, seed) for seed in range(4)] + [codes @ rotation]
    for similarity in ("lasso", "spearman"):
        scores = udr_from_codes(models, [INFORMED] * 5, similarity).scores
        assert scores.argmin() == 4
        assert scores[:4].min() > scores[4] + 0.2


def test_models_that_have_nothing_in_common_score_0_with_the_lasso():
    models = [whitened(seed, n=5_000) for seed in range(3)]
    assert udr_from_codes(models, [INFORMED] * 3).scores.tolist() == [0, 0, 0]


def test_models_that_all_find_one_factor_score_as_high_as_models_that_find_all():
    codes = whitened(2)
    one = np.array([1.0, 0, 0, 0])
    poor = udr_from_codes([codes, codes], [one, one]).scores
    np.testing.assert_allclose(poor, udr_from_codes([codes, codes], [INFORMED] * 2).scores)


@given(st.integers(0, 10_000))
def test_uninformative_latents_and_dead_codes_change_no_score(seed):
    rng = np.random.default_rng(seed)
    models = [relabelled(whitened(0, n=50), s) + rng.normal(size=(50, LATENTS)) for s in range(3)]
    plain = udr_from_codes(models, [INFORMED] * 3)
    padded = [np.hstack([m, rng.normal(size=(50, 1)), np.full((50, 1), 0.1)]) for m in models]
    kl = [np.append(INFORMED, [0.009, 5.0])] * 3
    result = udr_from_codes(padded, kl)
    np.testing.assert_allclose(result.pairwise, plain.pairwise, atol=1e-12)
    assert result.informative.tolist() == [[True] * LATENTS + [False] * 2] * 3
    assert not result.similarity[:, :, LATENTS:].any()
    assert not result.similarity[..., LATENTS:].any()


def test_a_collapsed_model_scores_0_and_does_not_spoil_the_others():
    codes = whitened(3)
    models = [codes, relabelled(codes, 0), np.zeros_like(codes), relabelled(codes, 1)]
    scores = udr_from_codes(models, [INFORMED, INFORMED, 0 * INFORMED, INFORMED]).scores
    np.testing.assert_allclose(scores, [0.9, 0.9, 0, 0.9], atol=1e-6)


def test_with_the_lasso_from_i_to_j_is_not_from_j_to_i():
    base = whitened(4)
    mixed = base.copy()
    mixed[:, 0] = base[:, 0] + base[:, 1]
    pairwise = udr_from_codes([base, mixed], [INFORMED] * 2).pairwise
    assert abs(pairwise[0, 1] - pairwise[1, 0]) > 0.01
    ranks = udr_from_codes([base, mixed], [INFORMED] * 2, "spearman").pairwise
    assert ranks[0, 1] == pytest.approx(ranks[1, 0], abs=1e-12)


def test_a_models_score_is_the_median_over_the_models_it_is_predicted_from():
    rng = np.random.default_rng(5)
    base = whitened(5)
    models = [base @ (np.eye(LATENTS) + rng.normal(size=(LATENTS, LATENTS))) for _ in range(4)]
    result = udr_from_codes(models, [INFORMED] * 4)
    for j in range(4):
        assert result.scores[j] == np.median(np.delete(result.pairwise[:, j], j))


def test_the_lasso_minimises_its_objective():
    X = whitened(6)
    X[:, 1] = 0.6 * X[:, 0] + 0.8 * X[:, 1]
    y = X @ np.array([0.5, -0.3, 0.02, 0.0])
    positive = minimize(
        lambda w: ((y - X @ (w[:4] - w[4:])) ** 2).mean() / 2 + 0.1 * w.sum(),
        np.full(8, 0.1),
        bounds=[(0, None)] * 8,
        tol=1e-12,
    ).x
    found = lasso_similarity(X, y[:, None])[:, 0]
    np.testing.assert_allclose(found, np.abs(positive[:4] - positive[4:]), atol=1e-3)


def test_all_targets_at_once_give_what_each_alone_gives():
    X, Y = whitened(7), whitened(8) + whitened(7)
    alone = np.hstack([lasso_similarity(X, Y[:, [b]]) for b in range(LATENTS)])
    np.testing.assert_allclose(lasso_similarity(X, Y), alone, atol=1e-12)


def test_rank_correlations_are_scipys_ties_included():
    rng = np.random.default_rng(9)
    a, b = rng.integers(0, 5, (60, 3)).astype(float), rng.normal(size=(60, 2))
    expected = [[abs(spearmanr(x, y).statistic) for y in b.T] for x in a.T]
    np.testing.assert_allclose(spearman_similarity(a, b), expected, atol=1e-12)


def test_relative_strength_of_a_matrix_by_hand():
    R = np.array([[1.0, 0.0], [1.0, 0.5], [0.0, 0.0]])
    down = (1 / 2 + 0.25 / 0.5) / 2
    across = (1 / 1 + 1 / 1.5 + 0) / 3
    assert relative_strength(R) == pytest.approx((down + across) / 2)


def test_what_cannot_be_ranked_is_refused_with_what_was_passed():
    codes = whitened(0, n=20)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        udr_from_codes([codes], [INFORMED])
    with pytest.raises(ValueError, match=r"shapes \[\(20, 4\), \(19, 4\)\]"):
        udr_from_codes([codes, codes[1:]], [INFORMED] * 2)
    with pytest.raises(ValueError, match=r"2 models.*4 latents.*\[\(4,\), \(3,\)\]"):
        udr_from_codes([codes, codes], [INFORMED, INFORMED[:3]])
    with pytest.raises(ValueError, match=r"models \[1\]"):
        udr_from_codes([codes, codes], [INFORMED, INFORMED * np.nan])
    with pytest.raises(ValueError, match="'pearson'"):
        udr_from_codes([codes, codes], [INFORMED] * 2, similarity="pearson")
    with pytest.raises(ValueError, match=r"alpha must be between 0 and 1.*got 1"):
        udr_from_codes([codes, codes], [INFORMED] * 2, alpha=1)
