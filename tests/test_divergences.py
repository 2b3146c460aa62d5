"""Divergences: zero where they should be, and blind exactly where their docstrings say so."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from dvae_course.divergences import (
    MMD,
    ExclusiveKL,
    InclusiveKL,
    aggregate_log_prob,
    pairwise_log_prob,
)
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import GaussianMixture, IsotropicGaussian, Prior
from dvae_course.vae import VAEOutput

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)
FOUR = [[0.0, -6.0], [0.0, 6.0], [6.0, 0.0], [-6.0, 0.0]]


def normals(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def encodings_at(centres: list[list[float]], scale: float = 1.0, times: int = 50) -> VAEOutput:
    """`times` encodings at each centre, with a sample of each."""
    mu = torch.tensor(centres, dtype=torch.float64).repeat(times, 1)
    q = DiagonalGaussian(mu, torch.full_like(mu, 2 * math.log(scale)))
    return VAEOutput(q, q.sample(normals(0, *mu.shape)), mu[:, 0], mu[:, 0])


@pytest.mark.parametrize("divergence", [InclusiveKL(), ExclusiveKL()])
@pytest.mark.parametrize("centres", [[[0.0, 0.0]], FOUR], ids=["gaussian", "mixture"])
def test_both_kls_are_0_for_every_sample_when_the_encodings_are_the_prior(divergence, centres):
    prior = GaussianMixture(centres, 1.0).double()
    assert divergence(encodings_at(centres), prior, 3).item() == pytest.approx(0, abs=1e-6)


def test_the_exclusive_kl_hardly_minds_parts_of_the_prior_that_the_encodings_leave_empty():
    prior, one_part = GaussianMixture(FOUR, 1.0).double(), encodings_at(FOUR[:1], times=200)
    assert ExclusiveKL()(one_part, prior, 0).item() == pytest.approx(math.log(4), abs=1e-3)
    assert InclusiveKL()(one_part, prior, 0).item() > 20


def test_the_inclusive_kl_hardly_minds_encodings_where_the_prior_has_no_mass():
    prior, four = GaussianMixture(FOUR[:1], 1.0).double(), encodings_at(FOUR)
    assert InclusiveKL()(four, prior, 0).item() == pytest.approx(math.log(4), abs=1e-3)
    assert ExclusiveKL()(four, prior, 0).item() > 20


@pytest.mark.parametrize("make", [InclusiveKL, MMD])
def test_the_number_of_prior_samples_is_the_batchs_or_the_one_asked_for(make):
    asked: list[int] = []

    class Counting(IsotropicGaussian):
        def sample(self, n: int, seed: object) -> Tensor:
            asked.append(n)
            return super().sample(n, seed)

    prior: Prior = Counting(2).double()
    output = encodings_at(FOUR, times=3)
    make()(output, prior, 0)
    make(samples=7)(output, prior, 0)
    assert asked == [12, 7]


kernels = pytest.mark.parametrize("kernel", ["imq", "rbf"])
ways = pytest.mark.parametrize("per_dimension", [True, False])


@kernels
@ways
def test_mmd_averages_to_0_between_samples_of_one_law_and_not_between_two(kernel, per_dimension):
    mmd = MMD(kernel, per_dimension=per_dimension)
    x, y = normals(0, 300, 20, 2), normals(1, 300, 20, 2)  # 300 pairs of samples of 20 points
    same = mmd.between(x, y)
    error = same.std().item() / math.sqrt(300)
    assert abs(same.mean().item()) < 4 * error
    assert (same < 0).any()  # unbiased, not non-negative
    assert mmd.between(x, y + 1).mean().item() > 20 * error


@kernels
@ways
@quick
@given(seed=seeds)
def test_mmd_is_symmetric_and_sees_neither_order_nor_a_common_shift(kernel, per_dimension, seed):
    mmd = MMD(kernel, per_dimension=per_dimension)
    x, y = normals(seed, 6, 3), normals(seed + 1, 8, 3) + 0.5
    expected = mmd.between(x, y)
    torch.testing.assert_close(mmd.between(y, x), expected)
    torch.testing.assert_close(mmd.between(x.flip(0), y), expected)
    torch.testing.assert_close(mmd.between(x + 3, y + 3), expected)


@quick
@given(seed=seeds)
def test_joint_mmd_is_unchanged_by_a_common_rotation_and_the_per_dimension_one_is_not(seed):
    x, y = normals(seed, 6, 2), normals(seed + 1, 8, 2) * torch.tensor([1.0, 0.1])
    c, s = math.cos(0.8), math.sin(0.8)
    U = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    joint, split = MMD(per_dimension=False), MMD()
    torch.testing.assert_close(joint.between(x @ U, y @ U), joint.between(x, y))
    assert not torch.allclose(split.between(x @ U, y @ U), split.between(x, y), rtol=1e-6)


@quick
@given(seed=seeds, points=st.integers(1, 5), n=st.integers(2, 6), dim=st.integers(1, 4))
def test_the_aggregate_is_torchs_mixture_and_pairs_add_up_to_it(seed, points, n, dim):
    q = DiagonalGaussian(normals(seed, n, dim), normals(seed + 1, n, dim))
    z = normals(seed + 2, points, dim)
    parts = Independent(Normal(q.mu, q.scale), 1)
    theirs = MixtureSameFamily(Categorical(torch.ones(n).double()), parts).log_prob(z)
    torch.testing.assert_close(aggregate_log_prob(q, z), theirs)
    torch.testing.assert_close(aggregate_log_prob(q.full(), z), theirs)
    pairs = pairwise_log_prob(q, z)
    assert pairs.shape == (dim, points, n)
    torch.testing.assert_close(pairs.sum(0).logsumexp(-1) - math.log(n), theirs)


def test_encodings_far_from_the_origin_lose_no_digits_in_single_precision():
    q = DiagonalGaussian(normals(0, 6, 2).float(), torch.full((6, 2), -4.0))
    z = q.sample(normals(1, 6, 2).float())
    far = DiagonalGaussian(q.mu + 512, q.log_var)  # 512 and its sums are exact to 3e-5
    torch.testing.assert_close(
        aggregate_log_prob(far, z + 512), aggregate_log_prob(q, z), rtol=0, atol=0.02
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MMD("laplace"), r"\"imq\" or \"rbf\", got 'laplace'"),
        (lambda: MMD(scales=()), r"scales .* at least one, got \(\)"),
        (lambda: MMD(scales=(1.0, -1.0)), r"scales must be positive.*-1\.0"),
        (lambda: MMD(samples=1), r"samples must be at least 2.*got 1"),
        (lambda: InclusiveKL(samples=0), r"samples must be at least 2.*got 0"),
        (lambda: MMD().between(normals(0, 1, 2), normals(0, 5, 2)), r"two points .* got 1 and 5"),
        (
            lambda: pairwise_log_prob(
                DiagonalGaussian(normals(0, 3, 2), normals(1, 3, 2)).full(), normals(2, 3, 2)
            ),
            r"diagonal covariance, got FullGaussian",
        ),
    ],
    ids=["kernel", "no scales", "scale", "samples", "inclusive samples", "points", "full"],
)
def test_bad_arguments_are_refused_with_the_value(build, message):
    with pytest.raises(ValueError, match=message):
        build()
