"""Overlap and match: their extremes, their bounds, and that they are parts of one whole."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dvae_course.aggregate import over_batches, overlap_and_match, traced
from dvae_course.divergences import Divergence, ExclusiveKL
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.likelihoods import GaussianLikelihood
from dvae_course.priors import GaussianMixture, IsotropicGaussian
from dvae_course.stacking import stack
from dvae_course.vae import mlp_vae

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**20)


def normals(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def encodings(seed: int, *shape: int) -> DiagonalGaussian:
    return DiagonalGaussian(normals(seed, *shape), normals(seed + 1, *shape) - 1)


@quick
@given(seed=seeds, n=st.integers(2, 30), dim=st.integers(1, 4))
def test_kl_is_overlap_plus_match_and_overlap_never_exceeds_log_n(seed, n, dim):
    q = encodings(seed, n, dim)
    for posterior in (q, q.full()):
        split = overlap_and_match(posterior, IsotropicGaussian(dim), seed=seed)
        assert split.kl.item() == pytest.approx(split.overlap.item() + split.match.item(), abs=1e-9)
        assert split.overlap.item() <= math.log(n) + 1e-9


def test_encodings_all_alike_overlap_fully_and_carry_no_information():
    q = DiagonalGaussian(torch.full((20, 2), 0.3), torch.full((20, 2), -1.0))
    split = overlap_and_match(q, IsotropicGaussian(2), draws=500)
    assert split.overlap.item() == pytest.approx(0, abs=1e-9)
    closed = IsotropicGaussian(2).kl_from(q).mean().item()
    assert split.match.item() == pytest.approx(closed, abs=0.03)


def test_encodings_far_apart_carry_log_n():
    q = DiagonalGaussian(100 * torch.arange(20.0)[:, None], torch.zeros(20, 1))
    split = overlap_and_match(q, IsotropicGaussian(1))
    assert split.overlap.item() == pytest.approx(math.log(20), abs=1e-9)


def test_encodings_that_are_the_priors_components_match_it_exactly():
    prior = GaussianMixture([[0.0, -5.0], [0.0, 5.0], [5.0, 0.0], [-5.0, 0.0]], 1.0)
    q = DiagonalGaussian(prior.means.repeat(10, 1), torch.zeros(40, 2))
    split = overlap_and_match(q, prior)
    assert split.match.item() == pytest.approx(0, abs=1e-6)
    # each quarter of the data alike, the quarters apart: log 4 nats, however many data
    assert split.overlap.item() == pytest.approx(math.log(4), abs=0.01)


def test_the_kl_is_the_closed_form_within_sampling_error():
    q, prior = encodings(0, 40, 3), IsotropicGaussian(3)
    split = overlap_and_match(q, prior, draws=2000)
    assert split.kl.item() == pytest.approx(prior.kl_from(q).mean().item(), abs=0.03)


def test_very_narrow_encodings_keep_their_digits():
    # sd e⁻¹⁰: in single precision log q(z|x) − log q(z) would be noise
    q = DiagonalGaussian(normals(0, 30, 2), torch.full((30, 2), -20.0))
    split = overlap_and_match(q, IsotropicGaussian(2))
    assert split.overlap.item() == pytest.approx(math.log(30), abs=1e-6)


def test_a_stack_of_encodings_gets_each_ones_own_numbers_from_common_random_numbers():
    q, priors = encodings(0, 2, 30, 2), [IsotropicGaussian(2, s) for s in (1.0, 2.0)]
    together = overlap_and_match(q, stack(priors), seed=5)
    for i, prior in enumerate(priors):
        one = DiagonalGaussian(q.mu[i], q.log_var[i])
        alone = overlap_and_match(one, prior, seed=5)
        torch.testing.assert_close(together.overlap[i], alone.overlap)
        torch.testing.assert_close(together.match[i], alone.match)


def test_large_sets_are_worked_off_in_parts_with_the_same_result(monkeypatch):
    q, prior = encodings(0, 50, 2), IsotropicGaussian(2)
    whole = overlap_and_match(q, prior)
    monkeypatch.setattr("dvae_course.aggregate._rows_at_once", lambda mu: 7)
    torch.testing.assert_close(overlap_and_match(q, prior).match, whole.match)


def test_the_prior_passed_in_keeps_its_precision_and_no_graph_is_kept():
    prior, mu = IsotropicGaussian(2), normals(0, 5, 2).requires_grad_()
    split = overlap_and_match(DiagonalGaussian(mu, mu), prior)
    assert prior.scale.dtype == torch.float32
    assert not split.kl.requires_grad


def test_codes_far_apart_are_traced_to_their_own_point():
    q = DiagonalGaussian(100 * torch.arange(12.0)[:, None], torch.zeros(12, 1))
    own, label = traced(q, torch.arange(12) % 3)
    assert own.item() == label.item() == pytest.approx(1)


def test_codes_all_alike_give_nothing_away():
    q = DiagonalGaussian(torch.zeros(12, 2), torch.zeros(12, 2))
    own, label = traced(q, torch.arange(12) % 3)
    assert own.item() == pytest.approx(1 / 12)
    assert label.item() == pytest.approx(1 / 3)


@quick
@given(seed=seeds, n=st.integers(2, 20))
def test_a_label_is_never_harder_to_trace_than_the_point_that_has_it(seed, n):
    own, label = traced(encodings(seed, 2, n, 2), torch.arange(n) % 2, seed)
    assert (own <= label + 1e-12).all()
    assert (own > 0).all() and (label <= 1 + 1e-12).all()


class Counted(Divergence):
    """The mean of the batch's own numbers, and the batches that it saw."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, output, prior, generator):
        self.seen.append(output.posterior.mu)
        return output.posterior.mu.mean()


def tiny(seed):
    return mlp_vae(2, 2, (4,), likelihood=GaussianLikelihood(0.1), seed=seed)


def test_a_pass_in_minibatches_sees_every_data_point_once():
    x, counted, vae = normals(0, 12, 2), Counted(), tiny(0)
    found = over_batches(counted, [vae], x, [4])
    assert [len(batch) for batch in counted.seen] == [4, 4, 4]
    mu = vae.encode(x).mu
    torch.testing.assert_close(torch.cat(counted.seen).sort(0).values, mu.sort(0).values)
    assert found.item() == pytest.approx(mu.mean().item(), abs=1e-6)


def test_the_exclusive_kl_of_small_batches_is_too_large_and_that_of_one_point_is_the_kl_term():
    x, vae = normals(0, 60, 2), tiny(1)
    small, large = over_batches(ExclusiveKL(), [vae] * 5, x, [1, 60]).mean(1)
    assert small > large
    term = vae.prior.kl_from(vae.encode(x)).mean().item()
    assert small == pytest.approx(term, abs=0.1)


def test_batches_that_do_not_divide_the_data_are_refused():
    with pytest.raises(ValueError, match=r"batches of \[5\] do not divide 12 data points evenly"):
        over_batches(ExclusiveKL(), [tiny(0)], normals(0, 12, 2), [4, 5])
