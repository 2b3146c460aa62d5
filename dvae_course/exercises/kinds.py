"""The kinds of answer that need no running of code: a number, and a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dvae_course.exercises.feedback import NOT_ATTEMPTED, Feedback, Verdict, wrong
from dvae_course.exercises.values import NotAttempted, Unusable, as_number


@dataclass(frozen=True)
class WrongNumber:
    """A typical wrong number and what it tells; `when` widens the match beyond `number`."""

    number: float
    explanation: str
    when: Callable[[float], bool] | None = None


@dataclass(frozen=True)
class Number:
    """A number within `tolerance` of `value`.

    Parameters
    ----------
    value, tolerance : the right number, and how far off an answer may be.
    why : why it is right.
    misconceptions : typical wrong numbers, the most specific first.
    """

    value: float
    tolerance: float
    why: str
    misconceptions: tuple[WrongNumber, ...] = ()

    def judge(self, answer: object, seed: int) -> Feedback:
        """The verdict on `answer`; a number has no random inputs, so `seed` plays no part."""
        try:
            number = as_number(answer)
        except NotAttempted:
            return NOT_ATTEMPTED
        except Unusable as problem:
            return wrong(f"This answer cannot be used as a number; {problem}.")
        if abs(number - self.value) <= self.tolerance:
            return Feedback(Verdict.RIGHT, self.why)
        return self._explain(number)

    def _explain(self, number: float) -> Feedback:
        for misconception in self.misconceptions:
            meant = abs(number - misconception.number) <= self.tolerance
            if meant or (misconception.when is not None and misconception.when(number)):
                return wrong(misconception.explanation)
        if abs(number - self.value) <= 5 * self.tolerance:
            return wrong(
                f"{number:g} is close, but further off than the tolerance of {self.tolerance:g}. "
                "Enter the closed form itself, not a rounded or a sampled value.",
                nearly=True,
            )
        side = "small" if number < self.value else "large"
        return wrong(f"{number:g} is too {side}. `hint` shows where to start.")

    def wrong_answers(self) -> list[tuple[object, str]]:
        """Each declared wrong answer with the explanation that it must get."""
        return [(m.number, m.explanation) for m in self.misconceptions]


@dataclass(frozen=True)
class Choice:
    """One of a few words.

    Parameters
    ----------
    right : the right option.
    explanations : for every option, the right one too, why it is right or wrong.
    """

    right: str
    explanations: Mapping[str, str]

    def judge(self, answer: object, seed: int) -> Feedback:
        """The verdict on `answer`; a choice has no random inputs, so `seed` plays no part."""
        if answer is ...:
            return NOT_ATTEMPTED
        options = ", ".join(f'`"{option}"`' for option in self.explanations)
        if not isinstance(answer, str):
            kind = type(answer).__name__
            return wrong(f"Answer with one of the words {options}, in quotes; this is a `{kind}`.")
        word = _spelled_out(str.__str__(answer).strip().lower())
        if word not in self.explanations:
            return wrong(f"This is none of the options. Answer with one of {options}.")
        verdict = Verdict.RIGHT if word == self.right else Verdict.WRONG
        return Feedback(verdict, self.explanations[word])

    def wrong_answers(self) -> list[tuple[object, str]]:
        """Each wrong option with the explanation that it must get."""
        return [(word, why) for word, why in self.explanations.items() if word != self.right]


def _spelled_out(word: str) -> str:
    """A Greek letter by its name, as the notation table spells it."""
    names = {"α": "alpha", "β": "beta", "γ": "gamma", "ν": "nu"}
    return names.get(word, word)
