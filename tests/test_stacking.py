"""Many modules of one shape as one: same numbers, own memory, and refusals that say why."""

import copy

import pytest
import torch
from torch import nn

from dvae_course.objectives import BetaTCVAE, BetaVAE, Decomposition, FactorVAE
from dvae_course.priors import AnisotropicGaussian, GaussianMixture, SpikeAndSlab, StudentT
from dvae_course.stacking import stack, unstack
from dvae_course.vae import mlp_vae

PRIORS = {
    "student": [StudentT(2, 3.0), StudentT(2, 9.0, 0.5)],
    "spike and slab": [SpikeAndSlab(2, 0.2), SpikeAndSlab(2, 0.9, 0.1)],
    "mixture": [
        GaussianMixture([[0.0, 1.0], [2.0, 0.0]], 0.3, [0.2, 0.8]),
        GaussianMixture([[1.0, 1.0], [-2.0, 0.0]], [[0.3, 0.1], [1.0, 2.0]]),
    ],
    "annealed mixture": [
        GaussianMixture([[0.0, 1.0], [2.0, 0.0]], 0.3).annealed(0.5),
        GaussianMixture([[1.0, 1.0], [-2.0, 0.0]], 0.4).annealed(3.0),
    ],
    "anisotropic": [AnisotropicGaussian([1.0, 2.0]), AnisotropicGaussian([0.1, 2.0])],
}


@pytest.mark.parametrize("priors", PRIORS.values(), ids=PRIORS)
def test_a_stack_of_priors_has_each_ones_density_and_samples(priors):
    z = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(0))
    together, samples = stack(priors).log_prob(z), stack(priors).sample(6, 3)
    for i, prior in enumerate(priors):
        torch.testing.assert_close(together[i], prior.log_prob(z[i]))
        assert samples[i].shape == (6, 2)
    torch.testing.assert_close(samples[0], priors[0].sample(6, 3))


def test_parameters_stay_parameters_and_buffers_stay_buffers():
    stacked = stack([AnisotropicGaussian([1.0, 2.0], learned=True) for _ in range(3)])
    assert [(k, v.shape, v.requires_grad) for k, v in stacked.named_parameters()] == [
        ("logits", (3, 2), True)
    ]
    assert {k: v.shape for k, v in stacked.named_buffers()} == {
        "log_normalizer": (3,),
        "mean_variance": (3,),
    }


def test_a_stack_and_what_is_taken_from_it_share_no_memory_with_the_originals():
    originals = [BetaVAE(1.0), BetaVAE(2.0)]
    stacked = stack(originals)
    single = unstack(stacked, 1)
    stacked.beta += 10
    assert [o.beta.item() for o in originals] == [1.0, 2.0]
    assert single.beta.item() == 2.0


@pytest.mark.parametrize(
    ("modules", "named"),
    [
        (
            [BetaTCVAE(2.0, "mws", dataset_size=9), BetaTCVAE(2.0, "mss", dataset_size=9)],
            r"model 1 .* estimator = 'mss' where model 0 has estimator = 'mws'; .* two calls",
        ),
        ([BetaVAE(2.0), Decomposition(0.0, 2.0)], r"Decomposition.*where model 0 has.*BetaVAE"),
        ([mlp_vae(4, 2, (8,)), mlp_vae(4, 2, (9,))], r"model 1 .* differ in number or shape"),
        ([mlp_vae(4, 2, (8,)), mlp_vae(4, 2, (8, 8))], r"model 1 cannot share .* two calls"),
        (
            [mlp_vae(4, 2), mlp_vae(4, 2, prior=AnisotropicGaussian([1.0, 2.0]))],
            r"prior = .*AnisotropicGaussian.*where model 0 has prior = .*IsotropicGaussian",
        ),
    ],
    ids=["estimator", "objective", "width", "depth", "prior"],
)
def test_modules_that_differ_in_more_than_numbers_are_refused_with_the_difference(modules, named):
    with pytest.raises(ValueError, match=named):
        stack(modules)


def test_the_third_of_three_is_compared_too():
    with pytest.raises(ValueError, match="model 2"):
        stack([mlp_vae(4, 2, (8,)), mlp_vae(4, 2, (8,)), mlp_vae(4, 2, (7,))])


def test_nothing_cannot_be_stacked():
    with pytest.raises(ValueError, match="at least one module, got none"):
        stack([])


def test_a_copy_can_be_stacked_with_its_original():
    for module in (mlp_vae(3, 2, (4,)), FactorVAE(1.0, 2, 4, layers=2)):
        assert isinstance(stack([module, copy.deepcopy(module)]), nn.Module)
