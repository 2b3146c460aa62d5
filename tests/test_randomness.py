"""Random numbers that depend on a seed and a purpose alone."""

import numpy as np
import pytest
import torch
from scipy import stats

from dvae_course.randomness import Streams, generator

LIKE = torch.zeros(1)
DRAWS = {
    "normal": lambda s: s.normal(4, 3, like=LIKE),
    "uniform": lambda s: s.uniform(4, 3, like=LIKE),
    "integers": lambda s: s.integers(1000, 5),
    "permutations": lambda s: s.permutations(6, 2),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_model_draws_beside_others_what_it_draws_alone(draw):
    together = draw(Streams.of_seeds([3, 5, 3], "train"))
    assert torch.equal(together[1], draw(Streams(generator(5, "train"))))
    assert torch.equal(together[0], together[2])
    assert not torch.equal(together[0], together[1])


def test_student_t_draws_beside_others_with_its_own_nu_are_those_alone():
    together = Streams.of_seeds([3, 5], "t").student_t(4, 2, nu=torch.tensor([1.0, 9.0]))
    alone = Streams(generator(5, "t")).student_t(4, 2, nu=torch.tensor(9.0))
    assert together.shape == (2, 4, 2)
    assert torch.equal(together[1], alone)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_restoring_a_state_repeats_what_came_after_it(draw):
    streams = Streams.of_seeds([1, 2], "train")
    draw(streams)
    state, after = streams.state(), draw(streams)
    other = Streams.of_seeds([7, 8], "elsewhere")
    other.restore(state)
    assert torch.equal(draw(other), after)


def test_one_seed_gives_independent_streams_for_different_purposes():
    init, train = (generator(0, purpose).standard_normal(2000) for purpose in ("init", "train"))
    assert stats.pearsonr(init, train).pvalue > 1e-3
    assert np.array_equal(init, generator(0, "init").standard_normal(2000))


def test_the_global_random_state_of_torch_and_numpy_is_neither_read_nor_changed():
    torch.manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = Streams.of(4).normal(3, like=LIKE)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    torch.manual_seed(99)
    assert torch.equal(Streams.of(4).normal(3, like=LIKE), first)


def test_every_column_of_permutations_is_a_permutation_and_columns_differ():
    columns = Streams.of(0).permutations(50, 4)
    assert torch.equal(columns.sort(0).values, torch.arange(50)[:, None].expand(50, 4))
    assert len({tuple(c) for c in columns.T.tolist()}) == 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normal_numbers_come_in_the_dtype_asked_for_and_are_standard_normal(dtype):
    drawn = Streams.of(0).normal(4000, like=torch.zeros(1, dtype=dtype))
    assert drawn.dtype == dtype
    assert stats.kstest(drawn.numpy(), "norm").pvalue > 1e-3


def test_a_stream_that_is_passed_on_is_used_up_not_restarted():
    streams = Streams.of(0)
    assert Streams.of(streams) is streams
    assert not torch.equal(streams.normal(3, like=LIKE), streams.normal(3, like=LIKE))


def test_a_negative_seed_is_refused_by_its_value():
    with pytest.raises(ValueError, match=r"non-negative integer, got -1"):
        generator(-1, "init")
