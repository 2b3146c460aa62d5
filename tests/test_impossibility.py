"""Theorem 1 of Locatello et al. (2019): what the bijection does, what each hypothesis is for."""

import math
from functools import partial

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latent_laws import BOUNDED, DIMENSIONS, LAWS, gaussian_bulk, laws_of, lists_of_names, seeds
from scipy import stats

from dvae_course.theory.impossibility import (
    GaussianTransport,
    along_path,
    entangling_bijection,
    householder,
    independent,
)
from dvae_course.theory.rotation import random_rotation

EPS = np.finfo(float).eps
LEVEL = 0.01


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values of a family of tests, in the order of the p-values."""
    order = np.argsort(p_values)
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted


def distribution(marginal, u: np.ndarray) -> np.ndarray:
    return np.exp(marginal.law.logcdf(u))


def ks_p_values(f: GaussianTransport, v: np.ndarray) -> list[float]:
    """Of each coordinate of v against the marginal that it should have."""
    columns = zip(f.marginals, v.T, strict=True)
    return [stats.kstest(distribution(m, c), "uniform").pvalue for m, c in columns]


def independence_p_values(f: GaussianTransport, v: np.ndarray, bins: int = 6) -> list[float]:
    """Of χ² tests of every pair of coordinates on a grid of equal probabilities."""
    cells = [np.floor(bins * distribution(m, c)) for m, c in zip(f.marginals, v.T, strict=True)]
    pairs = [(i, j) for i in range(len(cells)) for j in range(i)]
    expected = len(v) / bins**2
    tables = [np.bincount((bins * cells[i] + cells[j]).astype(int), minlength=36) for i, j in pairs]
    statistics = [((table - expected) ** 2 / expected).sum() for table in tables]
    return list(stats.chi2.sf(statistics, bins**2 - 1))


def bulk_of(f: GaussianTransport, seed: int, n: int = 20) -> np.ndarray:
    return f.from_gaussian(gaussian_bulk(n, len(f.marginals), seed))


def mixed_by_chance(chosen: list[str], seed: int) -> GaussianTransport:
    """With a random rotation, which is neither symmetric nor its own inverse."""
    return entangling_bijection(laws_of(chosen), random_rotation(len(chosen), seed))


def points_of(f: GaussianTransport, seed: int, n: int = 50) -> np.ndarray:
    """Points of f's law, never on the boundary."""
    return f.from_gaussian(np.random.default_rng(seed).standard_normal((n, len(f.marginals))))


def slopes(f: GaussianTransport, u: np.ndarray) -> np.ndarray:
    """du_i/dh_i."""
    columns = zip(f.marginals, u.T, f.to_gaussian(u).T, strict=True)
    return np.exp(-np.column_stack([m.log_slope(u_i, h_i) for m, u_i, h_i in columns]))


def volume_ratio(f: GaussianTransport, u: np.ndarray) -> np.ndarray:
    """|det ∂f/∂u| p(f(u)) / p(u)."""
    log_det = np.linalg.slogdet(f.jacobian(u)).logabsdet
    return np.exp(log_det + f.log_prob(f.forward(u)) - f.log_prob(u))


class TestConclusion:
    """What the theorem promises, for any list of continuous marginals."""

    def test_all_marginals_and_all_pairs_keep_their_law(self):
        p_values = []
        for d in DIMENSIONS:
            cases = [[law] * d for law in LAWS.values()] + [(list(LAWS.values()) * 2)[:d]]
            for seed, laws in enumerate(cases):
                f = entangling_bijection(laws, random_rotation(d, seed))
                v = f.forward(f.sample(5_000, seed))
                p_values += ks_p_values(f, v) + independence_p_values(f, v)
        assert len(p_values) == 10 * (2 + 1 + 5 + 10 + 10 + 45)
        assert holm(np.array(p_values)).min() > LEVEL

    def test_three_uniforms_as_in_the_proof(self):
        f = entangling_bijection([stats.uniform()] * 3, householder(3, alpha=0.3))
        u = f.sample(100_000, seed=1)
        v = f.forward(u)
        assert holm(np.array(ks_p_values(f, v) + independence_p_values(f, v))).min() > LEVEL
        assert np.abs(np.corrcoef(v.T) - np.eye(3)).max() < 4 / math.sqrt(len(u))
        across = np.abs(np.corrcoef(u.T, v.T)[:3, 3:])
        # two uniforms whose Gaussians correlate by r correlate by (6/π) arcsin(r/2)
        np.testing.assert_allclose(across.T, 6 / np.pi * np.arcsin(np.abs(f.A) / 2), atol=0.01)
        assert across.min() > 0.25

    @given(lists_of_names, seeds)
    @settings(max_examples=50, deadline=None)
    def test_no_entry_of_the_jacobian_is_zero(self, chosen, seed):
        f = mixed_by_chance(chosen, seed)
        J = f.jacobian(points_of(f, seed))
        assert np.isfinite(J).all()
        assert (J != 0).all()
        # densities may be tiny or have poles, so that no threshold holds for single entries
        assert np.quantile(np.abs(J), 0.5) > 1e-3

    @given(lists_of_names, seeds)
    @settings(max_examples=50, deadline=None)
    def test_the_inverse_is_the_inverse(self, chosen, seed):
        f = mixed_by_chance(chosen, seed)
        u = bulk_of(f, seed)
        v = f.forward(u)
        error = np.abs(f.inverse(v) - u)
        # one float of v more or less, as f⁻¹ magnifies it, and the arithmetic of h at u
        J = f.jacobian(u)
        spread = (np.abs(np.linalg.inv(J)) @ np.spacing(np.abs(v))[..., None])[..., 0]
        rounding = 4 * np.spacing(np.abs(u)) + 2e-14 * slopes(f, u)
        assert (error <= 4 * spread + rounding).all()

    @given(lists_of_names, seeds)
    @settings(max_examples=50, deadline=None)
    def test_round_trip_to_12_digits_in_the_bulk(self, chosen, seed):
        # Bounded laws end at numbers other than 0, where floats are as coarse as 1e-16 while
        # h changes fast: the test above has their bound.
        f = mixed_by_chance([c if c not in BOUNDED else "Laplace" for c in chosen], seed)
        u = bulk_of(f, seed)
        np.testing.assert_allclose(f.inverse(f.forward(u)), u, rtol=1e-12, atol=1e-12)

    @given(lists_of_names, seeds)
    @settings(max_examples=50, deadline=None)
    def test_volumes_change_as_densities_ask(self, chosen, seed):
        f = mixed_by_chance(chosen, seed)
        u = points_of(f, seed)
        # f(u) is rounded, coarsely at the upper end of a bounded law, but the Jacobian takes p_i at
        # the same f(u), so that this cancels
        np.testing.assert_allclose(volume_ratio(f, u), 1, rtol=1e-12)

    def test_gaussian_marginals_of_one_scale_are_mixed_by_A_itself(self):
        A = random_rotation(4, seed=0).numpy()
        f = entangling_bijection([stats.norm(scale=2)] * 4, A)
        u = f.sample(100, seed=0)
        np.testing.assert_allclose(f.forward(u), u @ A.T, atol=1e-12)
        np.testing.assert_allclose(f.jacobian(u), np.broadcast_to(A, (100, 4, 4)), rtol=1e-11)

    def test_two_choices_of_A_are_two_bijections(self):
        u = np.array([[0.2, 0.7]])
        images = [
            entangling_bijection([stats.uniform()] * 2, householder(2, a)).forward(u)
            for a in (0.1, 0.2, 0.4)
        ]
        assert len({image.tobytes() for image in images}) == 3


class TestJacobian:
    """The closed form against three independent ways to differentiate."""

    @given(lists_of_names, seeds)
    @settings(max_examples=30, deadline=None)
    def test_against_finite_differences(self, chosen, seed):
        f = mixed_by_chance(chosen, seed)
        h = gaussian_bulk(3, len(chosen), seed)
        h = np.where(np.abs(h) < 0.02, 0.05, h)  # off Laplace's kink
        mixed = h @ f.A.T
        smooth = (np.abs(mixed) > 0.02).all(axis=1)
        u = f.from_gaussian(h)
        J, scale = f.jacobian(u), slopes(f, u)
        shifts = 1e-4 * scale[:, :, None] * np.eye(len(chosen))  # (n, j, d): along u_j alone
        moved = [u[:, None] + k * shifts for k in (-2, -1, 1, 2)]
        v = f.forward(np.concatenate(moved).reshape(-1, len(chosen)))
        behind_2, behind, ahead, ahead_2 = v.reshape(4, *shifts.shape)
        estimate = (8 * (ahead - behind) - (ahead_2 - behind_2)) / (12e-4 * scale[:, :, None])
        error = np.abs(estimate.swapaxes(1, 2) - J)
        assert (error <= 1e-6 * np.abs(J).max(axis=1, keepdims=True))[smooth].all()

    def test_against_autograd(self):
        double = partial(torch.tensor, dtype=torch.float64)
        pairs = [
            (stats.uniform(-1, 3), torch.distributions.Uniform(double(-1.0), double(2.0))),
            (stats.laplace(1, 2), torch.distributions.Laplace(double(1.0), double(2.0))),
            (stats.expon(scale=0.5), torch.distributions.Exponential(double(2.0))),
            (stats.norm(1, 0.5), torch.distributions.Normal(double(1.0), double(0.5))),
            (stats.gumbel_r(), torch.distributions.Gumbel(double(0.0), double(1.0))),
        ]
        f = entangling_bijection([law for law, _ in pairs], random_rotation(5, seed=0))
        A = torch.from_numpy(f.A)

        def torch_forward(u):
            columns = [q.cdf(x) for (_, q), x in zip(pairs, u, strict=True)]
            p = torch.special.ndtr(A @ torch.special.ndtri(torch.stack(columns)))
            return torch.stack([q.icdf(x) for (_, q), x in zip(pairs, p, strict=True)])

        u = bulk_of(f, seed=0)
        rows = torch.from_numpy(u)
        np.testing.assert_allclose(f.forward(u), torch.stack([*map(torch_forward, rows)]), 1e-11)
        expected = torch.stack([torch.func.jacrev(torch_forward)(row) for row in rows])
        np.testing.assert_allclose(f.jacobian(u), expected, rtol=1e-10)

    @pytest.mark.parametrize("point", [(0.4, 1.3), (2.5, -3.0), (0.01, 0.2)])
    def test_against_sympy_for_an_exponential_and_a_logistic(self, point):
        x, y = sp.symbols("x y", positive=True)
        a, b = sp.sqrt(sp.Rational(1, 5)), sp.sqrt(sp.Rational(4, 5))
        h = [sp.sqrt(2) * sp.erfinv(2 * F - 1) for F in (1 - sp.exp(-x), 1 / (1 + sp.exp(-y)))]
        p = [(1 + sp.erf((r * h[0] + s * h[1]) / sp.sqrt(2))) / 2 for r, s in [(a, b), (b, -a)]]
        images = [-sp.log(1 - p[0]), sp.log(p[1] / (1 - p[1]))]
        values = dict(zip((x, y), map(sp.Float, map(str, point), [30, 30]), strict=True))
        exact = [[sp.N(sp.diff(g, w).subs(values), 30) for w in (x, y)] for g in images]

        A = np.array([[a, b], [b, -a]], dtype=float)
        f = entangling_bijection([stats.expon(), stats.logistic()], A)
        J = f.jacobian(np.array([point]))[0]
        np.testing.assert_allclose(J, np.array(exact, dtype=float), rtol=1e-12)

    def test_the_chain_rule_of_the_formula_for_any_marginals(self):
        """f_i = G_i(Φ(Σ_j A_ij Φ⁻¹(F_j))), with G_i(F_i(u)) = u: differentiated symbolically."""
        u, v, c, a = sp.symbols("u v c a")
        F, G, phi, Phi, h = (sp.Function(name) for name in ("F", "G", "phi", "Phi", "h"))
        image = G(Phi(a * h(F(u)) + c))
        slope = sp.diff(image, u).doit()
        derivatives = {
            sp.Derivative(F(u), u): sp.Symbol("p_j"),
            sp.Subs(sp.Derivative(h(v), v), v, F(u)).doit(): 1 / phi(h(F(u))),
        }
        mixed = a * h(F(u)) + c
        derivatives[sp.Subs(sp.Derivative(Phi(v), v), v, mixed).doit()] = phi(mixed)
        derivatives[sp.Subs(sp.Derivative(G(v), v), v, Phi(mixed)).doit()] = 1 / sp.Symbol("p_i")
        p_j, p_i = sp.symbols("p_j p_i")
        formula = a * (p_j / phi(h(F(u)))) / (p_i / phi(mixed))
        for derivative, value in derivatives.items():
            slope = slope.xreplace({derivative: value})
        assert sp.simplify(slope - formula) == 0


class TestHypotheses:
    """Each hypothesis broken on its own, and the conclusion that fails with it."""

    marginals = independent([stats.laplace(), stats.uniform(), stats.expon()])

    def test_without_a_zero_entry_is_needed_for_entanglement_alone(self):
        A = np.eye(3)
        A[:2, :2] = householder(2)
        f = GaussianTransport(self.marginals, A)
        u = f.sample(2_000, seed=0)
        J = f.jacobian(u)
        assert (J[:, A == 0] == 0).all()
        assert (J[:, A != 0] != 0).all()
        assert holm(np.array(ks_p_values(f, f.forward(u)))).min() > LEVEL

    def test_a_matrix_that_is_not_orthogonal_changes_the_law(self):
        A = householder(3)
        for broken in (1.2 * A, A * [1.3, 1, 1], np.triu(A)):
            f = GaussianTransport(self.marginals, broken)
            v = f.forward(f.sample(5_000, seed=0))
            p_values = ks_p_values(f, v) + independence_p_values(f, v)
            assert holm(np.array(p_values)).min() < 1e-6
            with pytest.raises(ValueError, match=r"orthogonal, but A Aᵀ differs .* by \d"):
                entangling_bijection([m.law for m in self.marginals], broken)

    def test_independence_is_needed(self):
        f = GaussianTransport(self.marginals, householder(3))
        h = np.random.default_rng(0).multivariate_normal(
            np.zeros(3), [[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]], 5_000
        )
        u = f.from_gaussian(h)  # the right marginals, but dependent
        assert holm(np.array(ks_p_values(f, u))).min() > LEVEL
        assert holm(np.array(ks_p_values(f, f.forward(u)))).min() < 1e-6

    def test_the_right_distribution_function_is_needed(self):
        wrong = entangling_bijection([stats.norm()] * 3)
        law = stats.laplace()
        u = law.rvs((5_000, 3), random_state=np.random.default_rng(0))
        p_values = [stats.kstest(c, law.cdf).pvalue for c in wrong.forward(u).T]
        assert holm(np.array(p_values)).min() < 1e-6

    def test_a_linear_rotation_is_enough_for_a_gaussian_only(self):
        A = householder(3)
        for law, keeps in [(stats.norm(), True), (stats.laplace(), False)]:
            u = law.rvs((5_000, 3), random_state=np.random.default_rng(1))
            p_values = [stats.kstest(c, law.cdf).pvalue for c in (u @ A.T).T]
            assert (holm(np.array(p_values)).min() > LEVEL) == keeps

    def test_one_half_in_two_dimensions_is_a_permutation(self):
        v = np.full(2, math.sqrt(0.5))
        A = np.eye(2) - 2 * np.outer(v, v)
        np.testing.assert_allclose(A, [[0, -1], [-1, 0]], atol=4 * EPS)
        with pytest.raises(ValueError, match=r"1/2.*got 0\.5.*minus a permutation"):
            householder(2, alpha=0.5)
        with pytest.raises(ValueError, match=r"A must have no zero entry, but A\[\d, \d\]"):
            entangling_bijection([stats.uniform()] * 2, A)

    def test_one_coordinate_has_nothing_to_be_entangled_with(self):
        for build in (
            lambda: entangling_bijection([stats.uniform()]),
            lambda: householder(1),
            lambda: along_path([stats.uniform()], np.eye(1), 0.5),
        ):
            with pytest.raises(ValueError, match=r"at least 2 coordinates, got d = 1"):
                build()

    def test_atoms_are_refused_by_the_position_of_the_marginal(self):
        with pytest.raises(ValueError, match=r"marginal 1 \(from 0\) is discrete"):
            entangling_bijection([stats.uniform(), stats.randint(0, 3)])


class TestMatrices:
    @given(st.integers(2, 40), st.floats(0.01, 0.49))
    @settings(deadline=None)
    def test_householder_is_orthogonal_symmetric_a_reflection_without_zeros(self, d, alpha):
        A = householder(d, alpha)
        np.testing.assert_allclose(A @ A.T, np.eye(d), atol=20 * EPS)
        np.testing.assert_array_equal(A, A.T)
        assert np.linalg.det(A) == pytest.approx(-1)
        assert A[0, 0] == pytest.approx(1 - 2 * alpha)
        assert np.abs(A).min() > 1e-3

    @pytest.mark.parametrize(("alpha", "smallest"), [(0.1, 0.6), (0.4, 0.2), (0.499, 0.002)])
    def test_entries_vanish_as_alpha_nears_one_half(self, alpha, smallest):
        assert np.abs(householder(2, alpha)).min() == pytest.approx(smallest, rel=1e-9)

    @pytest.mark.parametrize("alpha", [-0.1, 0.0, 0.5, 1.0, math.nan])
    def test_alpha_outside_the_open_interval_is_refused(self, alpha):
        with pytest.raises(ValueError, match=rf"alpha must be in \(0, 1/2\), got {alpha:g}"):
            householder(5, alpha)

    def test_a_zero_entry_is_named(self):
        A = np.eye(3)
        A[:2, :2] = householder(2)
        with pytest.raises(ValueError, match=r"A\[0, 2\] = 0.0e\+00 .*coordinate 0 of f would not"):
            entangling_bijection([stats.uniform()] * 3, A)

    def test_shapes_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match=r"shape \(3, 3\) for 3 marginals, got \(2, 2\)"):
            entangling_bijection([stats.uniform()] * 3, householder(2))
        f = entangling_bijection([stats.uniform()] * 3)
        with pytest.raises(ValueError, match=r"shape \(n, 3\) for 3 marginals, got \(4, 2\)"):
            f.forward(np.full((4, 2), 0.5))
        with pytest.raises(
            ValueError, match=r"marginal 2 \(from 0\) has the open support \(0, 1\)"
        ):
            f.forward(np.array([[0.5, 0.5, 1.0]]))


class TestPath:
    laws = (stats.laplace(), stats.uniform(), LAWS["mixture"])

    def test_it_leads_from_the_identity_to_the_bijection_of_Q(self):
        Q = random_rotation(3, seed=0)
        end = entangling_bijection(self.laws, Q)
        u = end.sample(100, seed=0)
        np.testing.assert_allclose(along_path(self.laws, Q, 0.0).forward(u), u, atol=1e-12)
        np.testing.assert_allclose(
            along_path(self.laws, Q, 1.0).forward(u), end.forward(u), rtol=1e-10
        )

    @given(seeds, st.floats(0, 1), st.floats(0, 1))
    @settings(max_examples=30, deadline=None)
    def test_steps_on_the_path_add_up(self, seed, s, t):
        Q = random_rotation(3, seed)
        first, second, both = (along_path(self.laws, Q, x) for x in (s, t, s + t))
        u = bulk_of(both, seed)
        np.testing.assert_allclose(
            both.to_gaussian(second.forward(first.forward(u))),
            both.to_gaussian(both.forward(u)),
            atol=1e-10,
        )

    def test_the_law_is_kept_all_the_way_and_entangled_between(self):
        p_values = []
        for seed in range(3):
            Q = random_rotation(3, seed)
            for t in (0.1, 0.3, 0.6, 1.0):
                f = along_path(self.laws, Q, t)
                v = f.forward(f.sample(5_000, seed))
                p_values += ks_p_values(f, v) + independence_p_values(f, v)
                assert (f.jacobian(f.sample(50, seed)) != 0).all()
        assert holm(np.array(p_values)).min() > LEVEL

    def test_no_path_leads_to_a_reflection(self):
        with pytest.raises(ValueError, match="determinant −1"):
            along_path(self.laws, householder(3), 0.5)
        Q = householder(3)
        Q[0] *= -1
        assert along_path(self.laws, Q, 0.5).A[0, 1] != 0
