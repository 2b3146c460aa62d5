"""Theorem 1 of Locatello et al. (2019) as code: a bijection that entangles and keeps the law.

f = F⁻¹ ∘ Φ ∘ A ∘ Φ⁻¹ ∘ F: each coordinate becomes Gaussian, an orthogonal A without a zero entry
mixes the Gaussians, and each coordinate goes back to its own law. A Gaussian vector does not notice
A; every coordinate of f depends on every coordinate of u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from dvae_course.randomness import generator
from dvae_course.theory.marginals import Marginal
from dvae_course.theory.rotation import rotation_path

Points = Float64[np.ndarray, "n d"]
Matrix = Float64[np.ndarray, "d d"]
Mixing = Matrix | Float64[Tensor, "d d"]


@dataclass(frozen=True, eq=False)
class GaussianTransport:
    """f(u) = F⁻¹(Φ(A Φ⁻¹(F(u)))) for any invertible A.

    It keeps the law Π_i p_i if A is orthogonal, and entangles every pair of coordinates if A has no
    zero entry. Neither is checked here, so that a chapter can break them one at a time;
    `entangling_bijection` checks both, `along_path` the first.

    Attributes
    ----------
    marginals : the laws of the coordinates, u_i ~ F_i, independent.
    A : (d, d).

    Raises `ValueError` if A is not d × d for d marginals.
    """

    marginals: tuple[Marginal, ...]
    A: Matrix

    def __post_init__(self) -> None:
        d = len(self.marginals)
        if self.A.shape != (d, d):
            raise ValueError(f"A must have shape ({d}, {d}) for {d} marginals, got {self.A.shape}")

    def forward(self, u: Points) -> Points:
        """f(u), row by row; `ValueError` for points that are not inside the support."""
        return self.from_gaussian(self.to_gaussian(u) @ self.A.T)

    def inverse(self, v: Points) -> Points:
        """f⁻¹(v), row by row: the same with A⁻¹ in place of A."""
        return self.from_gaussian(np.linalg.solve(self.A, self.to_gaussian(v).T).T)

    def jacobian(self, u: Points) -> Float64[np.ndarray, "n d d"]:
        """∂f_i/∂u_j = A_ij · [p_j(u_j)/φ(h_j)] / [p_i(f_i)/φ((A h)_i)], h = Φ⁻¹(F(u)).

        Beside A_ij stand densities alone, and these are positive: ∂f_i/∂u_j = 0 exactly where
        A_ij = 0.
        """
        h = self.to_gaussian(u)
        mixed = h @ self.A.T
        slope_in = self._log_slopes(u, h)  # (n, d), log dh_j/du_j
        slope_out = self._log_slopes(self.from_gaussian(mixed), mixed)
        return self.A * np.exp(slope_in[:, None, :] - slope_out[:, :, None])

    def to_gaussian(self, u: Points) -> Points:
        """h = Φ⁻¹(F(u)): N(0, I) if u has the law Π_i p_i."""
        if u.ndim != 2 or u.shape[1] != len(self.marginals):
            raise ValueError(
                f"points must have shape (n, {len(self.marginals)}) for {len(self.marginals)} "
                f"marginals, got {u.shape}"
            )
        return np.column_stack([m.to_normal(c) for m, c in zip(self.marginals, u.T, strict=True)])

    def from_gaussian(self, h: Points) -> Points:
        """u = F⁻¹(Φ(h)): Π_i p_i if h is N(0, I)."""
        return np.column_stack([m.from_normal(c) for m, c in zip(self.marginals, h.T, strict=True)])

    def log_prob(self, u: Points) -> Float64[np.ndarray, " n"]:
        """log p(u) = Σ_i log p_i(u_i), the law that f keeps."""
        return sum(m.law.logpdf(c) for m, c in zip(self.marginals, u.T, strict=True))

    def sample(self, n: int, seed: int) -> Points:
        """`n` points of the law Π_i p_i, each coordinate drawn by its law's own `rvs`."""
        rng = generator(seed, "marginals")
        return np.column_stack([m.law.rvs(size=n, random_state=rng) for m in self.marginals])

    def _log_slopes(self, u: Points, h: Points) -> Points:
        columns = zip(self.marginals, u.T, h.T, strict=True)
        return np.column_stack([m.log_slope(u_i, h_i) for m, u_i, h_i in columns])


def entangling_bijection(marginals: Sequence[Any], A: Mixing | None = None) -> GaussianTransport:
    """A bijection f of the support with f(u) ~ u and ∂f_i/∂u_j ≠ 0 for all i and j.

    Locatello et al. 2019, Theorem 1, for independent u_i of any continuous laws.

    Parameters
    ----------
    marginals : d ≥ 2 laws: frozen `scipy.stats` distributions, `NormalMixture`, or objects with
        the same methods.
    A : (d, d), orthogonal without a zero entry; `householder(d)` by default.

    Raises `ValueError` if d = 1, if a law has atoms, if A is not orthogonal or has a zero entry.

    Example
    -------
    >>> f = entangling_bijection([stats.uniform(), stats.laplace(), stats.t(df=3)])
    >>> u = f.sample(1000, seed=0)  # (1000, 3)
    >>> v = f.forward(u)  # the same law, every coordinate of u in every coordinate of v
    >>> f.inverse(v)  # u again
    """
    laws = independent(marginals)
    A = householder(len(laws)) if A is None else np.asarray(A)
    check_orthogonal(A)
    check_no_zero_entry(A)
    return GaussianTransport(laws, A)


def along_path(marginals: Sequence[Any], Q: Mixing, t: float) -> GaussianTransport:
    """The bijection of A(t) = exp(t log Q): the identity at t = 0, Q's at t = 1, p kept throughout.

    Parameters
    ----------
    marginals : as of `entangling_bijection`.
    Q : (d, d), a rotation, such as `theory.rotation.random_rotation(d, seed)`.
    t : where on the path. At t = 0 nothing is entangled; that Q has no zero entry makes those of
        A(t) zero at isolated t only.

    Raises `ValueError` as `entangling_bijection` for the marginals and as `rotation_path` for Q.
    """
    A = rotation_path(torch.as_tensor(Q), t).numpy()
    return GaussianTransport(independent(marginals), A)


def householder(d: int, alpha: float = 0.3) -> Matrix:
    """The reflection A = I − 2 v vᵀ, v = (√α, √((1−α)/(d−1)), …): orthogonal, no zero entry.

    A_ii = 1 − 2 v_i² and A_ij = −2 v_i v_j (the paper's proof writes −v_i v_j; nothing hangs on
    it). α near 0 or ½ gives entries near 0.

    Raises `ValueError` for d < 2, or α outside (0, ½): A_1j = 0 at α = 0 and A_11 = 0 at α = ½.
    """
    _check_several(d)
    if not 0 < alpha < 0.5:
        permutation = "; for d = 2, A is then minus a permutation, which entangles nothing"
        raise ValueError(
            f"alpha must be in (0, 1/2), got {alpha:g}: at 0 the first coordinate stays alone, and "
            f"at 1/2 the entry A[0, 0] = 1 − 2·alpha is zero{permutation if d == 2 else ''}"
        )
    v = np.full(d, np.sqrt((1 - alpha) / (d - 1)))
    v[0] = np.sqrt(alpha)
    return np.eye(d) - 2 * np.outer(v, v)


def independent(marginals: Sequence[Any]) -> tuple[Marginal, ...]:
    """The laws as `Marginal`s; `ValueError` for fewer than two or for one with atoms."""
    _check_several(len(marginals))
    return tuple(Marginal(law, f"marginal {i} (from 0)") for i, law in enumerate(marginals))


def check_orthogonal(A: Matrix) -> None:
    """Raise `ValueError` unless A Aᵀ = I to float64's precision."""
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"A must be a square matrix, got shape {A.shape}")
    error = np.abs(A @ A.T - np.eye(len(A))).max()
    if not error < _rounding(len(A)):
        raise ValueError(
            f"A must be orthogonal, but A Aᵀ differs from the identity by {error:.1e}: A h would "
            "not be N(0, I), and f would change the law. Take the Q of numpy.linalg.qr(A)"
        )


def check_no_zero_entry(A: Matrix) -> None:
    """Raise `ValueError` if an entry of A is zero to float64's precision."""
    i, j = np.unravel_index(np.abs(A).argmin(), A.shape)
    if np.abs(A[i, j]) < _rounding(len(A)):
        raise ValueError(
            f"A must have no zero entry, but A[{i}, {j}] = {A[i, j]:.1e} (counted from 0): "
            f"coordinate {i} of f would not depend on coordinate {j} of u. Use householder(d), or "
            "a random rotation, which has no zero entry with probability 1"
        )


def _rounding(d: int) -> float:
    return 100 * np.finfo(np.float64).eps * d


def _check_several(d: int) -> None:
    if d < 2:
        raise ValueError(
            f"there must be at least 2 coordinates, got d = {d}: a single coordinate has no other "
            "to be entangled with, and the theorem asks for d > 1"
        )
