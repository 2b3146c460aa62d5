"""Objectives: terms that add up, coincidences, what each gradient sees, and refusals."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.aggregate_loops import mss_weights_as_published
from oracles.small_model import BATCH, DIM, N_DATA, PIXELS, make_vae, make_x
from torch import Tensor

from dvae_course.divergences import MMD, ExclusiveKL
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.objectives import (
    DIPVAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    Decomposition,
    FactorVAE,
    Objective,
)
from dvae_course.objectives.total_correlation import shuffle_coordinates, stratified_weights
from dvae_course.priors import GaussianMixture
from dvae_course.training import fit
from dvae_course.vae import VAE, VAEOutput, mlp_vae

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)


def factor_vae(gamma: float, **options: float) -> FactorVAE:
    return FactorVAE(gamma, DIM, hidden=8, **options)


OBJECTIVES: dict[str, Objective] = {
    "beta": BetaVAE(4.0),
    "annealed": AnnealedVAE(5.0, 100.0, 10),
    "factor": factor_vae(10.0),
    "mws": BetaTCVAE(6.0, dataset_size=N_DATA),
    "mss": BetaTCVAE(6.0, "mss", dataset_size=N_DATA),
    "dip I": DIPVAE("I", 5.0, 50.0),
    "dip II": DIPVAE("II", 5.0, 5.0),
    "inclusive": Decomposition(3.0, 0.5),
    "exclusive": Decomposition(3.0, 0.5, ExclusiveKL()),
    "mmd": Decomposition(3.0, 0.5, MMD()),
}
every = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)


@every
def test_the_weighted_terms_add_up_to_the_loss_and_each_is_named(objective):
    terms = objective.double()(make_vae(), make_x(), generator=3, step=4)
    assert {"reconstruction", "kl"} <= set(terms.values)
    assert set(terms.weights) <= set(terms.values)
    assert sum(v.item() for v in terms.weighted.values()) == pytest.approx(terms.loss.item())
    by_hand = sum(float(terms.weights.get(k, 1)) * v.item() for k, v in terms.values.items())
    assert by_hand == pytest.approx(terms.loss.item())


@every
def test_the_generator_decides_all_that_is_random(objective):
    first, again, other = (
        objective.double()(make_vae(), make_x(), generator=seed, step=4).loss for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


@every
def test_every_weight_of_encoder_and_decoder_gets_a_gradient(objective):
    vae = make_vae()
    objective.double()(vae, make_x(), generator=3, step=4).loss.backward()
    for name, p in vae.named_parameters():
        assert p.grad is not None and p.grad.abs().sum() > 0, name


NEGATIVE_ELBOS: dict[str, Objective] = {
    "decomposition": Decomposition(0.0, 1.0),
    "mws": BetaTCVAE(1.0, dataset_size=N_DATA),
    "mss": BetaTCVAE(1.0, "mss", dataset_size=N_DATA),
    "factor": factor_vae(0.0),
    "dip I": DIPVAE("I", 0.0, 0.0),
    "dip II": DIPVAE("II", 0.0, 0.0),
    "annealed to nothing": AnnealedVAE(0.0, 1.0),
}


@pytest.mark.parametrize("objective", NEGATIVE_ELBOS.values(), ids=NEGATIVE_ELBOS)
def test_with_its_penalty_off_every_objective_is_the_negative_elbo(objective):
    results = []
    for each in (BetaVAE(1.0), objective):
        vae = make_vae()
        terms = each.double()(vae, make_x(), generator=3)
        terms.loss.backward()
        results.append((terms.loss.item(), [p.grad for p in vae.parameters()]))
        assert terms.loss.item() == pytest.approx(-terms.output.elbo.mean().item())
    assert results[0][0] == pytest.approx(results[1][0])
    for a, b in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(a, b)


def test_without_alpha_the_decomposition_is_the_beta_vae_at_any_beta():
    for beta in (0.0, 0.5, 7.0):
        a = Decomposition(0.0, beta).double()(make_vae(), make_x(), generator=3).loss
        b = BetaVAE(beta).double()(make_vae(), make_x(), generator=3).loss
        assert a.item() == pytest.approx(b.item())


# AnnealedVAE: towards a capacity, from both sides


@pytest.mark.parametrize("capacity", [0.1, 1000.0])
def test_the_capacity_pulls_the_kl_from_both_sides(capacity):
    vae, objective = make_vae(), AnnealedVAE(capacity, 7.0, 1).double()
    terms = objective(vae, make_x(), generator=3, step=1)
    log_var = vae.encoder.head.log_var.bias
    (of_gap,) = torch.autograd.grad(terms.values["capacity_gap"], log_var, retain_graph=True)
    (of_kl,) = torch.autograd.grad(terms.values["kl"], log_var)
    sign = 1 if terms.values["kl"] > capacity else -1
    torch.testing.assert_close(of_gap, sign * of_kl)


@quick
@given(capacity=st.floats(0, 50), warmup=st.integers(1, 1000), step=st.integers(0, 3000))
def test_the_capacity_starts_at_0_and_stays_at_its_maximum_from_the_warmup_on(
    capacity, warmup, step
):
    objective = AnnealedVAE(capacity, 1.0, warmup).double()
    values = objective(make_vae(), make_x(), generator=3, step=step).values
    gap, kl = values["capacity_gap"].item(), values["kl"].item()
    reached = capacity if step >= warmup else capacity * step / warmup
    assert gap == pytest.approx(abs(kl - reached), abs=1e-5)
    if step == 0:
        assert gap == pytest.approx(kl)


def test_a_capacity_met_by_the_batch_mean_leaves_no_gap_though_every_point_misses_it():
    rows = make_vae()(make_x(), 3).kl
    objective = AnnealedVAE(rows.mean().item(), 1.0, 1).double()
    gap = objective(make_vae(), make_x(), generator=3, step=1).values["capacity_gap"]
    assert gap.item() == pytest.approx(0, abs=1e-5)
    assert (rows - rows.mean()).abs().mean() > 0.5  # what the per-point version would charge


# DIP-VAE: the covariance of the aggregate posterior


def encodings(seed: int, batch: int = 9, dim: int = 4) -> DiagonalGaussian:
    rng = np.random.default_rng(seed)
    mu, log_var = (torch.from_numpy(rng.normal(size=(batch, dim))) for _ in range(2))
    return DiagonalGaussian(mu, log_var)


@quick
@given(seed=seeds)
def test_dip_ii_adds_the_diagonal_of_mean_variances_to_the_biased_covariance_of_means(seed):
    q = encodings(seed)
    of_means = np.cov(q.mu.numpy(), rowvar=False, bias=True)
    np.testing.assert_allclose(DIPVAE("I", 1.0, 1.0).covariance(q), of_means, atol=1e-12)
    expected = of_means + np.diag(np.exp(q.log_var.numpy()).mean(0))
    np.testing.assert_allclose(DIPVAE("II", 1.0, 1.0).covariance(q), expected, atol=1e-12)


@quick
@given(seed=seeds, other=seeds)
def test_a_diagonal_encoders_variances_move_no_off_diagonal_entry_of_dip_ii(seed, other):
    q = encodings(seed)
    changed = DiagonalGaussian(q.mu, encodings(other).log_var + 1)
    off = ~torch.eye(4, dtype=torch.bool)
    first, second = (DIPVAE("II", 1.0, 1.0).covariance(p) for p in (q, changed))
    torch.testing.assert_close(first[off], second[off])
    assert not torch.allclose(first[~off], second[~off])
    # kind I sees none of it
    kind_1 = [DIPVAE("I", 1.0, 1.0).covariance(p) for p in (q, changed)]
    assert torch.equal(*kind_1)


def test_dip_ii_is_the_covariance_of_samples_of_the_aggregate_posterior():
    # the law of total variance; with a full-covariance encoder its off-diagonals count too
    q = encodings(0)
    U = torch.linalg.qr(torch.from_numpy(np.random.default_rng(1).normal(size=(4, 4)))).Q
    for posterior in (q, q.rotated(U)):
        noise = torch.from_numpy(np.random.default_rng(2).standard_normal((20_000, 9, 4)))
        z = torch.cat([posterior.sample(n) for n in noise])
        C = DIPVAE("II", 1.0, 1.0).covariance(posterior)
        np.testing.assert_allclose(C, np.cov(z.numpy(), rowvar=False), atol=0.03)


# β-TCVAE: the weights of the minibatch estimates


@quick
@given(batch=st.integers(2, 12), more=st.integers(0, 90))
def test_stratified_weights_estimate_without_bias_whatever_the_batch(batch, more):
    n, m = batch + more, batch - 1
    weights = stratified_weights(batch, n)
    torch.testing.assert_close(weights.sum(1), torch.ones(batch, dtype=torch.float64))
    assert torch.equal(weights.diagonal(), torch.full((batch,), 1 / n, dtype=torch.float64))
    right = weights[torch.arange(batch), (torch.arange(batch) + 1) % batch]
    torch.testing.assert_close(right, torch.full_like(right, (n - m) / (n * m)))


def mean_estimate(row: np.ndarray, own: int, densities: np.ndarray) -> float:
    """A row's estimate of q(z), z from data point 0, averaged over all batches of the others."""
    places = [own, *(i for i in range(len(row)) if i != own)]
    batches = itertools.permutations(range(1, len(densities)), len(row) - 1)
    return float(np.mean([row[places] @ densities[[0, *others]] for others in batches]))


@pytest.mark.parametrize("own", range(4))
def test_over_all_batches_the_stratified_estimate_of_the_aggregate_density_is_exact(own):
    densities = np.random.default_rng(0).exponential(size=8)  # q(z|x_i) of all eight data points
    densities[0] = 5  # z is nearest to the encoding that it came from
    right, published = stratified_weights(4, 8).numpy(), mss_weights_as_published(4, 8)
    assert mean_estimate(right[own], own, densities) == pytest.approx(densities.mean())
    if own > 0:  # the first row is right there too
        wrong = mean_estimate(published[own], own, densities)
        assert abs(wrong - densities.mean()) > 0.1


def encoded(seed: int) -> VAEOutput:
    q = encodings(seed, BATCH, DIM)
    noise = torch.from_numpy(np.random.default_rng(seed + 1).normal(size=q.mu.shape))
    return VAEOutput(q, q.sample(noise), q.mu.sum(-1), q.mu.sum(-1))


@quick
@given(seed=seeds, n=st.integers(BATCH, 10**6))
def test_weighted_sampling_is_the_plain_estimate_plus_a_constant_without_gradient(seed, n):
    output = encoded(seed)
    plain = BetaTCVAE(2.0, dataset_size=BATCH)  # log(B·N) = 2 log B
    tc, tc_n = (BetaTCVAE(2.0, dataset_size=k).total_correlation(output) for k in (BATCH, n))
    assert (tc_n - tc).item() == pytest.approx((DIM - 1) * math.log(n / BATCH), abs=1e-9)
    log_q = output.posterior.distribution().base_dist.log_prob(output.z[:, None])  # (j, i, d)
    own = (torch.logsumexp(log_q.sum(-1), 1) - torch.logsumexp(log_q, 1).sum(-1)).mean()
    plain_estimate = own + (DIM - 1) * math.log(BATCH)
    with_constant = plain_estimate + (DIM - 1) * math.log(BATCH)  # N = B here
    assert plain.total_correlation(output).item() == pytest.approx(with_constant.item())


def test_the_plain_total_correlation_of_one_encoding_is_0():
    q = DiagonalGaussian(*(t.expand(BATCH, -1) for t in vars(encodings(0, 1, DIM)).values()))
    output = VAEOutput(q, encoded(1).z, q.mu[:, 0], q.mu[:, 0])
    mss = BetaTCVAE(2.0, "mss", dataset_size=N_DATA).total_correlation(output)
    assert mss.item() == pytest.approx(0, abs=1e-9)


# FactorVAE: two players, each with its own loss


def test_the_discriminators_backward_leaves_the_encoders_gradient_as_it_was():
    vae, objective = make_vae(), factor_vae(5.0).double()
    terms = objective(vae, make_x(), generator=3)
    alone = torch.autograd.grad(terms.loss, list(vae.parameters()), retain_graph=True)
    terms.loss.backward(inputs=list(vae.parameters()), retain_graph=True)
    objective.discriminator_loss(vae, terms.output, make_x(9), 4).backward()
    for p, expected in zip(vae.parameters(), alone, strict=True):
        assert torch.equal(p.grad, expected)


def trained(**options: float) -> tuple[VAE, Objective]:
    data = torch.rand(40, PIXELS, generator=torch.Generator().manual_seed(0))
    vae = mlp_vae(PIXELS, DIM, (8,), seed=1)
    result = fit(vae, data, factor_vae(**options), steps=5, batch_size=8, progress=False)
    return result.vae, result.objective


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_a_step_of_the_vae_leaves_the_discriminator_alone():
    vae, objective = trained(gamma=10.0, learning_rate=0.0)
    assert same(objective, factor_vae(10.0))
    assert not same(vae, mlp_vae(PIXELS, DIM, (8,), seed=1))


def test_a_step_of_the_discriminator_leaves_the_vae_alone():
    (first, still), (second, moved) = (trained(gamma=0.0, learning_rate=r) for r in (0.0, 0.1))
    assert same(first, second)
    assert not same(still, moved)


def test_a_discriminator_that_knows_the_densities_gives_the_total_correlation():
    # the density-ratio trick: log D/(1−D) = log q(z) − Σ_d log q(z_d), for a Gaussian with ρ
    rho = 0.8
    z = torch.from_numpy(
        np.random.default_rng(0).multivariate_normal([0, 0], [[1, rho], [rho, 1]], 20_000)
    )

    def log_ratio(z: Tensor) -> Tensor:
        inner = rho**2 * z.square().sum(-1) - 2 * rho * z.prod(-1)
        return -0.5 * (math.log(1 - rho**2) + inner / (1 - rho**2))[..., None]

    output = VAEOutput(DiagonalGaussian(z, z), z, z[:, 0], z[:, 0])
    vae, objective = mlp_vae(2, 2), FactorVAE(1.0, 2, hidden=4)
    vae.forward = lambda x, generator: output
    losses = {}
    for factor in (0.5, 1.0, 2.0):
        objective.discriminator.forward = lambda z, factor=factor: factor * log_ratio(z)
        losses[factor] = objective.discriminator_loss(vae, output, z, 0).item()
        values = objective(vae, z, generator=0).values
        if factor == 1:
            expected = -0.5 * math.log(1 - rho**2)
            assert values["total_correlation"].item() == pytest.approx(expected, abs=0.03)
    assert losses[1.0] < min(losses[0.5], losses[2.0])  # other logits do worse


def test_shuffling_a_stack_keeps_every_models_marginals_exactly():
    z = torch.randn(3, 30, DIM, generator=torch.Generator().manual_seed(0))
    shuffled = shuffle_coordinates(z, 0)
    assert torch.equal(shuffled.sort(-2).values, z.sort(-2).values)
    assert not torch.equal(shuffled, z)


def test_shuffling_makes_correlated_coordinates_independent():
    first = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    shuffled = shuffle_coordinates(torch.stack([first, first], 1), 0)
    assert abs(torch.corrcoef(shuffled.T)[0, 1].item()) < 0.05


REFUSALS = {
    "beta": (lambda: BetaVAE(-1.0), r"beta must be finite and at least 0, got -1\.0"),
    "beta nan": (lambda: BetaVAE(math.nan), r"beta .* got nan"),
    "alpha": (lambda: Decomposition(-0.5, 1.0), r"alpha .* got -0\.5"),
    "decomposition's beta": (lambda: Decomposition(0.5, -1.0), r"beta .* got -1\.0"),
    "gamma": (lambda: factor_vae(-2.0), r"gamma .* got -2\.0"),
    "lambda": (lambda: DIPVAE("I", -1.0, 1.0), r"lambda_od .* got -1\.0"),
    "lambda_d": (lambda: DIPVAE("I", 1.0, -1.0), r"lambda_d .* got -1\.0"),
    "kind": (lambda: DIPVAE("III", 1.0, 1.0), r"\"I\" or \"II\", got 'III'"),
    "capacity": (lambda: AnnealedVAE(-5.0), r"capacity .* got -5\.0"),
    "warmup": (lambda: AnnealedVAE(5.0, warmup_steps=0), r"warmup_steps .* got 0"),
    "tc beta": (lambda: BetaTCVAE(-1.0, dataset_size=9), r"beta .* got -1\.0"),
    "estimator": (lambda: BetaTCVAE(1.0, "mss2", dataset_size=9), r"\"mss\", got 'mss2'"),
    "dataset size": (lambda: BetaTCVAE(1.0, dataset_size=1), r"dataset_size .* got 1"),
    "batch": (
        lambda: BetaTCVAE(2.0, dataset_size=3).double()(make_vae(), make_x(), generator=0),
        r"batch has 7 points but dataset_size is 3",
    ),
    "latent_dim": (
        lambda: FactorVAE(2.0, 4, hidden=3).double()(make_vae(), make_x(), generator=0),
        r"latent_dim=4, but the VAE has 3",
    ),
    "full covariance": (
        lambda: BetaTCVAE(2.0, dataset_size=9)(
            mlp_vae(2, 2, posterior="full"), torch.rand(5, 2), generator=0
        ),
        r"diagonal covariance, got FullGaussian.*posterior=\"diagonal\"",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSALS.values(), ids=REFUSALS)
def test_bad_arguments_are_refused_with_the_value_and_the_way_out(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_every_objective_also_trains_a_vae_whose_prior_has_no_closed_form_kl():
    prior = GaussianMixture([[0.0, 1.0], [1.0, 0.0]], 0.3)
    for objective in (BetaVAE(2.0), DIPVAE("II", 1.0, 1.0), Decomposition(1.0, 1.0)):
        terms = objective(mlp_vae(2, 2, prior=prior), torch.rand(6, 2), generator=0)
        q, z = terms.output.posterior, terms.output.z
        expected = (q.log_prob(z) - prior.log_prob(z)).mean()
        torch.testing.assert_close(terms.values["kl"], expected)
