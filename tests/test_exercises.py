"""Checks explain, never crash, and compare plain numbers only."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from dvae_course.exercises import Verdict, check, exercise, exercises, hint

ALL = list(exercises().values())
FUNCTIONS = [e for e in ALL if hasattr(e.answer, "reference")]


def type_name(value):
    return type(value).__name__


def named(items):
    return pytest.mark.parametrize("known", items, ids=lambda e: e.id)


class EqualToEverything(float):
    """A number that claims to be whatever it is compared with."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Explosive:
    """An object that refuses every question."""

    def refuse(self, *arguments, **named):
        raise RuntimeError("boom")

    __array__ = __float__ = __len__ = __iter__ = __getitem__ = __repr__ = __eq__ = refuse
    __hash__ = None


ODD_ANSWERS = [
    None, "0.5", b"x", True, 1 + 2j, math.nan, math.inf, [], [1, [2]], {}, object(), Explosive(),
    np.zeros((2, 0)), np.datetime64("2020-01-01"), torch.zeros(2, 2, dtype=torch.complex64),
    torch.tensor([math.nan]), 10**400, print, int, lambda: None, -123456.0, [[1, 2], [3, 4]],
]  # fmt: skip


@named(ALL)
@pytest.mark.parametrize("odd", ODD_ANSWERS, ids=type_name)
def test_an_odd_answer_is_explained_and_never_crashes_the_check(known, odd):
    feedback = check(known.id, odd)
    assert feedback.verdict in (Verdict.WRONG, Verdict.NEARLY)
    assert len(feedback.message) > 20


@named(FUNCTIONS)
@pytest.mark.parametrize("odd", ODD_ANSWERS, ids=type_name)
def test_a_function_that_returns_an_odd_value_is_explained(known, odd):
    feedback = check(known.id, lambda *arguments: odd)
    assert feedback.verdict in (Verdict.WRONG, Verdict.NEARLY)
    assert len(feedback.message) > 20


@named(FUNCTIONS)
@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, RecursionError, AttributeError])
def test_an_exception_inside_the_students_function_is_named_with_its_input(known, error):
    def raising(*arguments):
        raise error("here")

    message = check(known.id, raising).message
    assert f"{error.__name__}: here" in message
    assert "It was called with" in message


@named(ALL)
def test_an_untouched_stub_is_not_attempted(known):
    assert check(known.id, ...).verdict is Verdict.NOT_ATTEMPTED


def test_a_function_stub_is_not_attempted_whatever_its_form():
    def raises(*arguments):
        raise NotImplementedError

    assert check("00.2", lambda *arguments: ...).verdict is Verdict.NOT_ATTEMPTED
    assert check("00.2", raises).verdict is Verdict.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "half", [0.5, 1 / 2, Fraction(1, 2), np.float32(0.5), np.array([0.5]), torch.tensor(0.5), 0.509]
)
def test_a_number_is_accepted_in_every_usual_form_within_its_tolerance(half):
    assert check("00.1", half).right


def test_a_number_just_outside_its_tolerance_is_nearly_there():
    feedback = check("00.1", 0.52)
    assert feedback.verdict is Verdict.NEARLY
    assert "tolerance of 0.01" in feedback.message


def test_an_object_that_equals_everything_gains_nothing():
    assert not check("00.1", EqualToEverything(3)).right
    assert not check("00.3", lambda mu, log_var, noise: EqualToEverything(3)).right


@named(FUNCTIONS)
@pytest.mark.parametrize("seed", range(5))
def test_the_reference_is_right_on_every_seed_and_in_float32(known, seed):
    reference = known.answer.reference

    def single(*arguments):
        return torch.tensor(reference(*map(np.asarray, arguments[:-1]), last(arguments))).float()

    def last(arguments):
        return arguments[-1] if isinstance(arguments[-1], float) else np.asarray(arguments[-1])

    assert check(known.id, single, seed=seed).right


def test_a_function_written_for_numpy_alone_is_accepted():
    def draw(mu, log_var, noise):
        assert isinstance(mu, np.ndarray)
        return mu + np.exp(log_var / 2) * noise

    assert check("00.3", draw).right


def test_a_function_that_changes_its_arguments_cannot_change_the_expected_values():
    def zeroing(mu, log_var, noise):
        for argument in (mu, log_var, noise):
            argument[:] = 0
        return mu

    assert not check("00.3", zeroing).right


def test_a_function_that_draws_its_own_noise_is_told_so():
    message = check("00.3", lambda mu, log_var, noise: mu + torch.randn_like(mu)).message
    assert "draws random numbers of its own" in message


def test_an_argument_that_the_function_does_not_use_is_named():
    message = check("00.2", lambda mu, log_var: mu.square().sum(-1)).message
    assert "does not depend on `log_var`" in message


def test_right_values_in_the_wrong_shape_are_nearly_there():
    reference = exercise("00.2").answer.reference
    feedback = check("00.2", lambda mu, lv: reference(mu.numpy(), lv.numpy())[None])
    assert feedback.verdict is Verdict.NEARLY
    assert "shape (1, 1)" in feedback.message


def test_the_counterexample_is_the_smallest_input_that_goes_wrong():
    reference = exercise("00.2").answer.reference

    def wrong_from_two_rows_on(mu, log_var):
        return reference(mu.numpy(), log_var.numpy()) + (len(mu) > 1)

    message = check("00.2", wrong_from_two_rows_on).message
    assert "mu        = [[" in message
    assert message.count("],") == 2  # two rows of mu, two of log_var


def test_an_answer_may_be_right_by_chance_for_one_seed_only():
    known = exercise("11.2").answer
    table = {
        case[0].tobytes(): known.reference(*case) for case in known.cases(np.random.default_rng(0))
    }

    def remembered(log_q, log_p):
        return table.get(log_q.numpy().tobytes(), np.zeros(len(log_q)))

    assert check("11.2", remembered, seed=0).right
    assert not check("11.2", remembered, seed=1).right


def test_a_choice_is_accepted_by_name_and_by_symbol_in_any_case():
    assert check("11.4", " Beta ").right
    assert check("11.4", "β").right
    assert "one of" in check("11.4", "gamma").message


def test_only_the_feedback_on_a_right_answer_is_true():
    assert check("00.1", 0.5)
    assert not any(check("00.1", answer) for answer in (..., 1.0, 0.52))


def test_feedback_reads_without_colour_and_each_voice_differs():
    feedback = check("00.1", 1.0)
    assert repr(feedback).startswith("✗ Not right yet. ")
    assert feedback._repr_markdown_() == f"**✗ Not right yet.** {feedback.message}"
    assert len({str(verdict)[0] for verdict in Verdict}) == 4


@pytest.mark.parametrize("unknown", ["11.9", "x", 11.2, None, ["11.2"]])
def test_an_unknown_id_is_an_error_that_lists_the_known_ones(unknown):
    with pytest.raises(ValueError, match=r"no exercise .*'00\.1'.*'11\.4'"):
        check(unknown, 1)


@named(ALL)
def test_hints_come_one_at_a_time_and_say_how_to_get_the_next(known):
    levels = range(1, len(known.hints) + 1)
    texts = [repr(hint(known.id, level)) for level in levels]
    assert len(set(texts)) == len(known.hints) >= 2
    assert repr(hint(known.id)) == texts[0]
    assert f'hint("{known.id}", 2)' in texts[0]
    assert "last hint" in texts[-1]


def test_a_hint_beyond_the_last_is_an_error_that_says_how_many_there_are():
    with pytest.raises(ValueError, match="hints 1 to 2, not 3"):
        hint("00.1", 3)


@named(ALL)
def test_an_exercise_says_what_it_costs_and_is_worth(known):
    assert known.minutes > 0
    assert known.points > 0
    assert {known.difficulty, known.importance} <= {1, 2, 3}
