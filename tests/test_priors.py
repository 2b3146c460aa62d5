"""Priors: densities, samples, annealing, learned variances, and refusals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import (
    AnisotropicGaussian,
    GaussianMixture,
    IsotropicGaussian,
    Prior,
    SpikeAndSlab,
    StudentT,
)

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)
betas = st.floats(0.3, 4.0)

MEANS = [[0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]
PRIORS: dict[str, Prior] = {
    "isotropic": IsotropicGaussian(2, 0.7),
    "anisotropic": AnisotropicGaussian([0.3, 2.0]),
    "learned": AnisotropicGaussian([0.3, 2.0], learned=True),
    "student": StudentT(2, 5.0, 1.5),
    "mixture": GaussianMixture(MEANS, math.sqrt(0.03)),
    "uneven mixture": GaussianMixture(MEANS[:2], [[0.3, 0.6], [0.5, 0.2]], [0.9, 0.1]),
    "spike and slab": SpikeAndSlab(2, 0.8),
}
every = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)


def points(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(scale=1.5, size=shape))


@quick
@given(seed=seeds, k=st.integers(1, 5), dim=st.integers(1, 4))
def test_a_mixture_is_torchs_mixture_same_family(seed, k, dim):
    rng = np.random.default_rng(seed)
    means, scales = rng.normal(size=(k, dim)), rng.uniform(0.1, 2, (k, dim))
    weights = rng.dirichlet(np.ones(k))
    ours = GaussianMixture(means.tolist(), scales.tolist(), weights.tolist()).double()
    parts = Independent(Normal(ours.means, ours.scales), 1)
    theirs = MixtureSameFamily(Categorical(logits=ours.log_weights), parts)
    z = points(seed, 6, dim)
    torch.testing.assert_close(ours.log_prob(z), theirs.log_prob(z), rtol=1e-5, atol=1e-5)


@quick
@given(seed=seeds, gamma=st.just(0.0) | st.floats(1e-6, 1), dim=st.integers(1, 4))
def test_spike_and_slab_is_torchs_mixture_in_every_coordinate(seed, gamma, dim):
    z = points(seed, 6, dim)
    weights = Categorical(logits=torch.tensor([gamma, 1 - gamma]).double().log())
    coordinate = MixtureSameFamily(weights, Normal(torch.zeros(2), torch.tensor([0.05, 1.0])))
    ours = SpikeAndSlab(dim, gamma).double().log_prob(z)
    torch.testing.assert_close(ours, coordinate.log_prob(z).sum(-1), rtol=1e-5, atol=1e-5)


def test_without_spike_the_sparse_prior_is_the_standard_gaussian_in_value_and_gradient():
    gradients = []
    for prior in (SpikeAndSlab(3, 0.0), IsotropicGaussian(3)):
        z = points(0, 5, 3).float().requires_grad_()
        prior.log_prob(z).sum().backward()
        gradients.append(z.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", ["anisotropic", "mixture", "uneven mixture"])
@pytest.mark.parametrize(("first", "second"), [(0.5, 4.0), (3.0, 0.7)])
def test_annealing_twice_is_annealing_once_by_the_product(name, first, second):
    prior, z = PRIORS[name], points(1, 5, 2).float()
    twice, once = prior.annealed(first).annealed(second), prior.annealed(first * second)
    torch.testing.assert_close(twice.log_prob(z), once.log_prob(z), rtol=1e-4, atol=1e-4)
    # log ∫ f^β₂ of the annealed f = p^β₁/F_β₁ is log F_{β₁β₂} − β₂ log F_β₁
    expected = once.log_normalizer - second * prior.annealed(first).log_normalizer
    assert twice.log_normalizer.item() == pytest.approx(expected.item(), abs=1e-5)


@every
def test_annealing_at_1_changes_nothing(prior):
    z = points(2, 6, 2).float()
    annealed = prior.annealed(1.0)
    torch.testing.assert_close(annealed.log_prob(z), prior.log_prob(z), rtol=1e-5, atol=1e-5)
    assert annealed.log_normalizer.item() == pytest.approx(0, abs=1e-6)


@every
@settings(max_examples=5, deadline=None)
@given(beta=betas, seed=seeds)
def test_log_f_beta_is_beta_log_p_minus_the_log_normalizer(prior, beta, seed):
    z, annealed = points(seed, 6, 2).float(), prior.annealed(beta)
    expected = beta * prior.log_prob(z) - annealed.log_normalizer
    torch.testing.assert_close(annealed.log_prob(z), expected.float(), rtol=2e-4, atol=2e-4)


CDFS = {
    "isotropic": lambda z: stats.norm.cdf(z, scale=0.7),
    "student": lambda z: stats.t.cdf(z / 1.5, 5),
    "mixture": lambda z: (
        sum(stats.norm.cdf(z, loc=m, scale=math.sqrt(0.03)) for m in (0, 0, 1, -1)) / 4
    ),
    "spike and slab": lambda z: 0.8 * stats.norm.cdf(z, scale=0.05) + 0.2 * stats.norm.cdf(z),
}


@pytest.mark.parametrize("name", CDFS)
@pytest.mark.parametrize("coordinate", [0, 1])
def test_samples_follow_the_distribution_function(name, coordinate):
    z = PRIORS[name].sample(4000, seed=11)[:, coordinate].numpy()
    assert stats.kstest(z, CDFS[name]).pvalue > 1e-3


@pytest.mark.parametrize("name", [name for name in PRIORS if name != "spike and slab"])
def test_the_density_of_samples_averages_to_the_entropy_that_importance_weights_give(name):
    prior = PRIORS[name]
    # E_p[log p] by p's own samples, and by samples of a wide Gaussian weighted with p/g
    own = prior.sample(20_000, seed=0).detach()
    wide = IsotropicGaussian(2, 3.0)
    z = wide.sample(200_000, seed=1)
    with torch.no_grad():
        log_p, log_own = prior.log_prob(z), prior.log_prob(own)
    weights = (log_p - wide.log_prob(z)).exp()
    expected = (weights * log_p).mean() / weights.mean()
    assert log_own.mean().item() == pytest.approx(expected.item(), abs=0.06)
    assert weights.mean().item() == pytest.approx(1, abs=0.06)  # the density integrates to 1


@every
def test_a_seed_gives_its_samples_and_another_seed_others(prior):
    first, again, other = (prior.sample(5, seed=s) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_learned_variances_are_shared_out_anew_but_keep_their_sum():
    prior = AnisotropicGaussian([0.5, 1.0, 2.0], learned=True)
    total = prior.scales().square().sum().item()
    assert total == pytest.approx(0.25 + 1 + 4)
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.1)
    for _ in range(30):
        optimizer.zero_grad()
        (-prior.log_prob(torch.tensor([[0.1, 3.0, 0.1]])).mean()).backward()
        optimizer.step()
    scales = prior.scales().detach()
    assert scales.square().sum().item() == pytest.approx(total, rel=1e-5)
    assert scales.argmax() == 1  # where the data are wide


def test_fixed_variances_are_not_learned():
    assert not list(AnisotropicGaussian([0.5, 1.0]).parameters())


@pytest.mark.parametrize("name", ["isotropic", "anisotropic"])
def test_the_closed_form_kl_is_0_for_the_prior_itself_alone(name):
    prior = PRIORS[name]
    same = prior.gaussian()
    assert prior.kl_from(same).item() == pytest.approx(0, abs=1e-6)
    assert prior.kl_from(DiagonalGaussian(same.mu + 0.1, same.log_var)).item() > 1e-3


def test_priors_without_a_closed_form_kl_say_so_and_name_the_way_out():
    assert not PRIORS["student"].has_closed_form_kl
    q = DiagonalGaussian(torch.zeros(1, 2), torch.zeros(1, 2))
    with pytest.raises(ValueError, match=r'no closed form for the prior StudentT.*kl="sampled"'):
        PRIORS["student"].kl_from(q)


REFUSALS = {
    "weights sum": (lambda: GaussianMixture(MEANS[:2], 1.0, [0.5, 0.6]), r"sum 1\.1\).*divide"),
    "weights count": (
        lambda: GaussianMixture(MEANS, 1.0, [0.5, 0.5]),
        r"must be 4 .*\[0\.5, 0\.5\]",
    ),
    "weights sign": (lambda: GaussianMixture(MEANS[:2], 1.0, [1.5, -0.5]), r"non-negative.*-0\.5"),
    "weights nan": (lambda: GaussianMixture(MEANS[:2], 1.0, [math.nan, 1.0]), r"weights.*nan"),
    "scales shape": (
        lambda: GaussianMixture(MEANS, [[0.1, 0.2, 0.3]]),
        r"\(K, D\) = \(4, 2\), got shape \(1, 3\)",
    ),
    "scales per coordinate": (lambda: GaussianMixture(MEANS, [0.1, 0.2]), r"got shape \(2,\)"),
    "scales sign": (lambda: GaussianMixture(MEANS, 0.0), r"scales .* positive.*got 0\.0"),
    "means shape": (lambda: GaussianMixture(torch.zeros(2), 1.0), r"shape \(K, D\), got .*\(2,\)"),
    "gamma above 1": (lambda: SpikeAndSlab(2, 1.2), r"gamma.*\[0, 1\], got 1\.2"),
    "gamma below 0": (lambda: SpikeAndSlab(2, -0.1), r"gamma.*\[0, 1\], got -0\.1"),
    "beta 0": (lambda: IsotropicGaussian(2).annealed(0.0), r"beta must be positive.*got 0\.0"),
    "beta negative": (lambda: PRIORS["mixture"].annealed(-1.0), r"got -1\.0.*F_β.*infinite"),
    "beta nan": (lambda: PRIORS["student"].annealed(math.nan), r"beta must be .* got nan"),
    "three coordinates": (
        lambda: GaussianMixture([[0.0, 0.0, 0.0]], 1.0).annealed(2.0),
        r"1 or 2 coordinates, and this one has 3.*SpikeAndSlab",
    ),
    "too narrow": (
        lambda: GaussianMixture([[0.0, 0.0], [9.0, 9.0]], [1e-4, 1.0]).annealed(2.0),
        r"grid of .* points.*smaller beta or wider scales",
    ),
    "student tails": (
        lambda: StudentT(2, 3.0).annealed(0.25),
        r"nu=3 at beta=0\.25.*beta·\(nu \+ 1\) > 1, that is beta > 0\.25",
    ),
    "nu": (lambda: StudentT(2, 0.0), r"nu must be positive.*got 0\.0"),
    "dim": (lambda: IsotropicGaussian(0), r"dim must be at least 1, got 0"),
    "isotropic scale": (lambda: IsotropicGaussian(2, -1.0), r"scale must be positive.*got -1\.0"),
    "anisotropic scales": (lambda: AnisotropicGaussian([1.0, 0.0]), r"positive.*\[1\.0, 0\.0\]"),
    "columns of z": (
        lambda: IsotropicGaussian(2).log_prob(torch.zeros(5, 3)),
        r"\(batch, 2\).*got \(5, 3\)",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSALS.values(), ids=REFUSALS)
def test_bad_arguments_are_refused_with_the_value_and_the_way_out(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_weights_that_add_up_to_1_but_for_rounding_are_taken():
    GaussianMixture(MEANS[:3], 1.0, [1 / 3, 1 / 3, 1 / 3])
    GaussianMixture(MEANS[:3], 1.0, np.full(3, 1 / 3, dtype=np.float32).tolist())
