"""Divergences and the decomposition of the KL term against double loops and quadrature."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from dvae_course.aggregate import overlap_and_match
from dvae_course.divergences import MMD, ExclusiveKL, InclusiveKL, aggregate_log_prob
from dvae_course.gaussians import DiagonalGaussian, FullGaussian
from dvae_course.priors import GaussianMixture, IsotropicGaussian
from dvae_course.vae import VAEOutput
from oracles import aggregate_loops as loops
from oracles.densities import grid, log_mixture
from oracles.gaussian_formulas import log_density

N, M, DIM = 6, 9, 3
MEANS, SCALES = np.array([[0.0, -1.0, 0.5], [1.0, 0.5, -0.5]]), np.full((2, DIM), 0.5)


class FixedSamples(GaussianMixture):
    """A prior whose samples are known."""

    def __init__(self, samples: np.ndarray):
        super().__init__(torch.from_numpy(MEANS), torch.from_numpy(SCALES))
        self.samples = torch.from_numpy(samples)

    def sample(self, n: int, seed: object) -> Tensor:
        return self.samples


@pytest.fixture
def encoded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, mu and scale of a small batch."""
    rng = np.random.default_rng(0)
    mu, scale = rng.normal(size=(N, DIM)), rng.uniform(0.2, 1.5, (N, DIM))
    return mu + scale * rng.standard_normal((N, DIM)), mu, scale


def as_posterior(mu: np.ndarray, scale: np.ndarray) -> DiagonalGaussian:
    return DiagonalGaussian(torch.from_numpy(mu), 2 * torch.from_numpy(scale).log())


def as_output(z: np.ndarray, mu: np.ndarray, scale: np.ndarray) -> VAEOutput:
    nothing = torch.zeros(len(z), dtype=torch.float64)
    return VAEOutput(as_posterior(mu, scale), torch.from_numpy(z), nothing, nothing)


def prior_points(n: int = M) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, DIM))


def log_prior(points: np.ndarray) -> np.ndarray:
    return log_mixture(points, MEANS, SCALES, np.array([0.5, 0.5]))


def test_log_density_of_the_aggregate_posterior(encoded):
    _, mu, scale = encoded
    points = prior_points()
    expected = loops.log_aggregate(points, mu, scale)
    ours = aggregate_log_prob(as_posterior(mu, scale), torch.from_numpy(points))
    np.testing.assert_allclose(ours, expected, rtol=1e-10)


def test_log_density_of_the_aggregate_of_full_covariance_posteriors(encoded):
    _, mu, _ = encoded
    rng, points = np.random.default_rng(6), prior_points()
    factors = np.tril(rng.normal(size=(N, DIM, DIM)), -1) + 0.7 * np.eye(DIM)
    each = [[log_density(x, m, L @ L.T) for m, L in zip(mu, factors, strict=True)] for x in points]
    expected = [loops.log_sum_exp(row) - math.log(N) for row in each]
    full = FullGaussian(torch.from_numpy(mu), torch.from_numpy(factors))
    np.testing.assert_allclose(aggregate_log_prob(full, torch.from_numpy(points)), expected)


def test_inclusive_kl_is_the_mean_over_prior_samples(encoded):
    points = prior_points()
    z, mu, scale = encoded
    expected = (log_prior(points) - loops.log_aggregate(points, mu, scale)).mean()
    ours = InclusiveKL(samples=M)(as_output(z, mu, scale), FixedSamples(points), 0)
    assert ours.item() == pytest.approx(expected, abs=1e-7)
    # averaging log q(z|x) instead of q(z|x) is another number
    table = loops.pairwise(points, mu, scale).sum(2)
    assert abs(expected - (log_prior(points) - table.mean(1)).mean()) > 0.5


def test_exclusive_kl_is_the_mean_over_encoded_samples(encoded):
    z, mu, scale = encoded
    expected = (loops.log_aggregate(z, mu, scale) - log_prior(z)).mean()
    ours = ExclusiveKL()(as_output(z, mu, scale), FixedSamples(prior_points()), 0)
    assert ours.item() == pytest.approx(expected, abs=1e-7)
    points = prior_points()
    inclusive = (log_prior(points) - loops.log_aggregate(points, mu, scale)).mean()
    assert abs(expected - inclusive) > 0.1


def between(x: np.ndarray, y: np.ndarray, **options: object) -> float:
    return MMD(**options).between(torch.from_numpy(x), torch.from_numpy(y)).item()


def test_mmd_per_dimension_by_double_loops(encoded):
    z, y = encoded[0], prior_points()
    assert between(z, y) == pytest.approx(loops.mmd_per_dimension(z, y), abs=1e-12)


def test_joint_mmd_by_double_loops(encoded):
    z, y = encoded[0], prior_points()
    expected = math.fsum(
        loops.mmd(z, y, loops.inverse_multiquadratic(2 * s * DIM)) for s in loops.SCALES
    )
    assert between(z, y, per_dimension=False) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("per_dimension", [True, False])
def test_rbf_mmd_by_double_loops(encoded, per_dimension):
    z, y, scales = encoded[0], prior_points(), (0.5, 2.0)

    def kernel(s: float, dim: int):
        return lambda a, b: math.exp(-((a - b) ** 2).sum() / (2 * s * dim))

    if per_dimension:
        pairs = [(z[:, [d]], y[:, [d]], kernel(s, 1)) for d in range(DIM) for s in scales]
    else:
        pairs = [(z, y, kernel(s, DIM)) for s in scales]
    expected = math.fsum(loops.mmd(*pair) for pair in pairs)
    ours = between(z, y, kernel="rbf", scales=scales, per_dimension=per_dimension)
    assert ours == pytest.approx(expected, abs=1e-12)


def test_mmd_leaves_a_points_pair_with_itself_out(encoded):
    # with those pairs (a V-statistic within) two samples of one law look different
    z, y = encoded[0], prior_points()
    biased = math.fsum(
        (1 - within(z[:, [d]], s)) / len(z) + (1 - within(y[:, [d]], s)) / len(y)
        for d in range(DIM)
        for s in loops.SCALES
    )
    assert biased > 0.3
    rng = np.random.default_rng(2)
    same = [between(rng.normal(size=(40, DIM)), rng.normal(size=(40, DIM))) for _ in range(200)]
    assert abs(np.mean(same)) < 4 * np.std(same) / math.sqrt(200)


def within(x: np.ndarray, s: float) -> float:
    """The U-statistic's mean kernel within a sample."""
    kernel, n = loops.inverse_multiquadratic(2 * s), len(x)
    total = math.fsum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    return total / (n * (n - 1))


def test_mmd_of_a_sample_shifted_by_1_has_the_size_measured_for_the_released_code():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(500, 4)), rng.normal(size=(500, 4))
    assert between(x, y) == pytest.approx(0, abs=0.15)
    assert between(x + 1, y) == pytest.approx(3.10, abs=0.4)


def test_mmd_per_dimension_cannot_see_dependence_but_joint_mmd_can():
    rng = np.random.default_rng(4)
    independent, first = rng.normal(size=(200, 2)), rng.normal(size=200)
    equal = np.stack([first, first], 1)  # same marginals, one line
    shuffled = np.stack([first, rng.permutation(first)], 1)
    assert between(equal, independent) == pytest.approx(between(shuffled, independent), abs=1e-12)
    joint = [between(x, independent, per_dimension=False) for x in (equal, shuffled)]
    assert joint[0] > joint[1] + 0.05


def quadrature(mu: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """The KL term and its parts for n exact Gaussians in the plane and p = N(0, I)."""
    points, cell = grid(-9, 9, 901, dim=2)
    normal = -0.5 * ((points[:, None] - mu) / scale) ** 2 - np.log(scale * math.sqrt(2 * math.pi))
    log_each = normal.sum(2)
    log_q = np.logaddexp.reduce(log_each, axis=1) - math.log(len(mu))
    log_marginals = np.logaddexp.reduce(normal, axis=1) - math.log(len(mu))
    log_p = -0.5 * points**2 - 0.5 * math.log(2 * math.pi)
    q = np.exp(log_q) * cell
    return {
        "mutual_information": float(
            (np.exp(log_each) * (log_each - log_q[:, None])).sum() * cell / len(mu)
        ),
        "match": float(q @ (log_q - log_p.sum(1))),
        "total_correlation": float(q @ (log_q - log_marginals.sum(1))),
        "dimension_wise_kl": float(q @ (log_marginals - log_p).sum(1)),
    }


def plane_of_gaussians() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    first = rng.normal(size=8)
    return np.stack([first, first + 0.3 * rng.normal(size=8)], 1), rng.uniform(0.2, 0.6, (8, 2))


def test_kl_is_mutual_information_plus_total_correlation_plus_dimension_wise_kl():
    mu, scale = plane_of_gaussians()
    parts = quadrature(mu, scale)
    kl = IsotropicGaussian(2).kl_from(as_posterior(mu, scale)).mean().item()
    assert kl == pytest.approx(parts["mutual_information"] + parts["match"], abs=1e-5)
    three = ("mutual_information", "total_correlation", "dimension_wise_kl")
    assert kl == pytest.approx(sum(parts[name] for name in three), abs=1e-5)
    assert parts["total_correlation"] > 0.2  # none of the parts is idle here


def test_overlap_and_match_by_quadrature():
    mu, scale = plane_of_gaussians()
    parts = quadrature(mu, scale)
    ours = overlap_and_match(as_posterior(mu, scale), IsotropicGaussian(2), seed=0, draws=2_000)
    assert ours.overlap.item() == pytest.approx(parts["mutual_information"], abs=0.03)
    assert ours.match.item() == pytest.approx(parts["match"], abs=0.03)
    assert ours.kl.item() == pytest.approx(ours.overlap.item() + ours.match.item(), abs=1e-10)
