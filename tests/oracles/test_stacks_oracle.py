"""A stack of models and objectives: each model's terms are those that it has alone."""

from collections.abc import Sequence

import pytest
import torch

from dvae_course import objectives
from dvae_course.divergences import MMD, ExclusiveKL
from dvae_course.randomness import Streams
from dvae_course.stacking import stack, unstack
from oracles.small_model import (
    DIM,
    N_DATA,
    make_vae,
    make_x,
)

OBJECTIVES = {
    "beta": [objectives.BetaVAE(b) for b in (0.5, 4.0)],
    "annealed": [objectives.AnnealedVAE(c, 10.0, 100) for c in (1.0, 5.0)],
    "dip I": [objectives.DIPVAE("I", w, 10 * w) for w in (1.0, 3.0)],
    "dip II": [objectives.DIPVAE("II", w, w) for w in (1.0, 3.0)],
    "mws": [objectives.BetaTCVAE(b, "mws", dataset_size=N_DATA) for b in (2.0, 6.0)],
    "mss": [objectives.BetaTCVAE(b, "mss", dataset_size=N_DATA) for b in (2.0, 6.0)],
    "factor": [objectives.FactorVAE(g, DIM, 5, seed=int(g)) for g in (1.0, 5.0)],
    "inclusive": [objectives.Decomposition(a, 1.0) for a in (1.0, 5.0)],
    "exclusive": [objectives.Decomposition(a, 1.0, ExclusiveKL()) for a in (1.0, 5.0)],
    "mmd": [objectives.Decomposition(a, 1.0, MMD()) for a in (1.0, 5.0)],
    "joint mmd": [objectives.Decomposition(a, 1.0, MMD(per_dimension=False)) for a in (1.0, 5.0)],
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_stack_of_models_has_each_models_own_terms(name):
    parts: Sequence[objectives.Objective] = [o.double() for o in OBJECTIVES[name]]
    vaes, xs = [make_vae(5), make_vae(6)], torch.stack([make_x(7), make_x(8)])
    together = stack(parts)(stack(vaes), xs, generator=Streams.of_seeds([1, 2], "t"), step=40)
    for i, (objective, vae) in enumerate(zip(parts, vaes, strict=True)):
        stream = Streams(Streams.of_seeds([1, 2], "t").generators[i])
        alone = objective(vae, xs[i], generator=stream, step=40)
        assert together.loss[i].item() == pytest.approx(alone.loss.item(), rel=1e-10)
        for term, number in alone.values.items():
            assert together.values[term][i].item() == pytest.approx(number.item(), rel=1e-9)


def test_unstacking_gives_back_the_model_that_was_stacked():
    again = unstack(stack([make_vae(5), make_vae(6)]), 1)
    for ours, theirs in zip(again.parameters(), make_vae(6).parameters(), strict=True):
        assert torch.equal(ours, theirs)
