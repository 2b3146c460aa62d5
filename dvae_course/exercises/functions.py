"""The kind of answer that is a function: tried on random inputs, and shown where it goes wrong.

The student's function and a reference run on the same inputs, smallest first. Where they differ,
typical wrong implementations run too: one that gives exactly the student's values tells what the
student thought.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from dvae_course.exercises.feedback import NOT_ATTEMPTED, Feedback, Verdict, wrong
from dvae_course.exercises.values import NotAttempted, Unusable, as_numbers, same, written

Case = tuple[np.ndarray | float, ...]
Outputs = list[np.ndarray]


@dataclass(frozen=True)
class WrongFunction:
    """A typical wrong implementation and what it tells.

    Parameters
    ----------
    function : the implementation, on NumPy arrays.
    explanation : the misconception behind it, and where to look again.
    when : widens the match: a predicate on the student's and the reference's outputs.
    nearly : whether only a detail is missing.
    """

    function: Callable[..., np.ndarray]
    explanation: str
    when: Callable[[Outputs, Outputs], bool] | None = None
    nearly: bool = False

    def matches(self, cases: list[Case], outputs: Outputs, expected: Outputs) -> bool:
        """Whether the student's `outputs` are those of this implementation."""
        with np.errstate(all="ignore"):
            these = [np.asarray(self.function(*case)) for case in cases]
        if all(map(same, outputs, these)):
            return True
        return self.when is not None and self.when(outputs, expected)


@dataclass(frozen=True)
class Function:
    """A function that agrees with `reference` on random inputs.

    Parameters
    ----------
    reference : the right values, computed on NumPy arrays; its signature is the student's.
    cases : random inputs from a generator, the smallest first.
    why : why a right answer is right.
    misconceptions : typical wrong implementations, the most specific first.
    """

    reference: Callable[..., np.ndarray]
    cases: Callable[[np.random.Generator], list[Case]]
    why: str
    misconceptions: tuple[WrongFunction, ...] = ()

    def judge(self, answer: object, seed: int) -> Feedback:
        """The verdict on `answer`, on inputs drawn with `seed`."""
        if answer is ...:
            return NOT_ATTEMPTED
        if not callable(answer):
            return wrong(f"Give the function itself, `{self._name}`, not a value that it returned.")
        cases = self.cases(np.random.default_rng(seed))
        try:
            outputs = [self._call(answer, case) for case in cases]
            again = self._call(answer, cases[-1])
        except NotAttempted:
            return NOT_ATTEMPTED
        except Unusable as problem:
            return wrong(str(problem))
        if not same(again, outputs[-1]):
            return wrong(_RANDOM)
        return self._compare(answer, cases, outputs)

    def _compare(self, answer: Callable, cases: list[Case], outputs: Outputs) -> Feedback:
        expected = [self.reference(*case) for case in cases]
        right = list(map(same, outputs, expected))
        if all(right):
            return Feedback(Verdict.RIGHT, self.why)
        first = right.index(False)
        shown = self._counterexample(cases[first], expected[first], outputs[first])
        for misconception in self.misconceptions:
            if misconception.matches(cases, outputs, expected):
                text = f"{misconception.explanation}\n\n{shown}"
                return wrong(text, nearly=misconception.nearly)
        ignored = self._ignored_argument(answer, cases[-1])
        if ignored:
            return wrong(f"Your result does not depend on `{ignored}`, and it should.\n\n{shown}")
        return _unexplained(outputs, expected, right, shown)

    def _call(self, function: Callable, case: Case) -> np.ndarray:
        """What the student's function returns, as numbers, or why it cannot be judged."""
        try:
            value = _run(function, case)
        except NotImplementedError:
            raise NotAttempted from None
        except (Exception, SystemExit) as error:
            first_line = next(iter(str(error).splitlines()), "")
            problem = f"Your function raises `{type(error).__name__}: {first_line}`"
        else:
            try:
                return as_numbers(value)
            except Unusable as unusable:
                problem = f"The value that your function returns cannot be compared; {unusable}"
        raise Unusable(f"{problem}.\n\nIt was called with\n\n```\n{self._arguments(case)}\n```")

    @property
    def _name(self) -> str:
        return self.reference.__name__

    @property
    def _parameters(self) -> list[str]:
        return list(inspect.signature(self.reference).parameters)

    def _arguments(self, case: Case) -> str:
        named = zip(self._parameters, case, strict=True)
        return "\n".join(f"{name:<10}= {written(argument)}" for name, argument in named)

    def _counterexample(self, case: Case, expected: np.ndarray, given: np.ndarray) -> str:
        shapes = ("", "")
        if given.shape != expected.shape:
            shapes = (f"   shape {expected.shape}", f"   shape {given.shape}")
        return (
            f"The smallest input found where `{self._name}` goes wrong:\n\n```\n"
            f"{self._arguments(case)}\n"
            f"should be   {written(expected)}{shapes[0]}\n"
            f"you return  {written(given)}{shapes[1]}\n```"
        )

    def _ignored_argument(self, answer: Callable, case: Case) -> str | None:
        """The first argument that changes the reference's result but not the student's."""
        for i, name in enumerate(self._parameters):
            changed = (*case[:i], case[i] + 1.0, *case[i + 1 :])
            matters = not same(self.reference(*changed), self.reference(*case))
            try:
                moved = not same(self._call(answer, changed), self._call(answer, case))
            except (Unusable, NotAttempted):
                continue
            if matters and not moved:
                return name
        return None

    def wrong_answers(self) -> list[tuple[object, str]]:
        """Each declared wrong implementation with the explanation that it must get."""
        return [(m.function, m.explanation) for m in self.misconceptions]


_RANDOM = (
    "Called twice with the same arguments, your function returned two different results: it draws "
    "random numbers of its own. Everything random must come in through the arguments."
)


def _unexplained(outputs: Outputs, expected: Outputs, right: list[bool], shown: str) -> Feedback:
    """What can be said of a difference that no declared misconception explains."""
    pairs = list(zip(outputs, expected, strict=True))
    if any(not np.isfinite(o).all() for o in outputs):
        return wrong(f"Some of your values are infinite or not a number (nan).\n\n{shown}")
    if all(o.size == e.size and same(o.reshape(e.shape), e) for o, e in pairs):
        return wrong(f"The values are right, but their shape is not.\n\n{shown}", nearly=True)
    if any(o.shape != e.shape for o, e in pairs):
        return wrong(f"The result has the wrong shape.\n\n{shown}")
    if sum(right) > len(right) / 2:
        return wrong(f"Right on {sum(right)} of {len(right)} inputs.\n\n{shown}", nearly=True)
    return wrong(f"The shape is right, but the values are not.\n\n{shown}")


def _run(function: Callable, case: Case) -> object:
    """What `function` returns for torch tensors or, if it was written for NumPy, for arrays."""
    try:
        return function(*[_tensor(argument) for argument in case])
    except Exception as error:
        try:
            return function(*[_copy(argument) for argument in case])
        except Exception:
            raise error from None


def _tensor(argument: np.ndarray | float) -> torch.Tensor | float:
    return torch.tensor(argument) if isinstance(argument, np.ndarray) else argument


def _copy(argument: np.ndarray | float) -> np.ndarray | float:
    return argument.copy() if isinstance(argument, np.ndarray) else argument
