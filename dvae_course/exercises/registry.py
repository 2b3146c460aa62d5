"""An exercise, the book of all exercises, and the two calls that a chapter makes: check and hint.

A chapter's exercises live in the module `chNN`, as a tuple `EXERCISES`. A new module is found by
its name; there is no list to keep.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol, runtime_checkable

from dvae_course.exercises.feedback import Feedback, Hint

Level = Literal[1, 2, 3]


@runtime_checkable
class Answer(Protocol):
    """What every kind of answer can do."""

    def judge(self, answer: object, seed: int) -> Feedback:
        """The verdict on a student's answer."""

    def wrong_answers(self) -> list[tuple[object, str]]:
        """The declared typical wrong answers with their explanations."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise, all but its title, prompt and solution, which the pages have.

    Parameters
    ----------
    id : chapter and number, such as "11.2".
    difficulty, importance : from 1 (low) to 3 (high).
    minutes : the time that it is meant to take.
    points : its weight in the class edition.
    hints : from a nudge to nearly the answer.
    answer : the kind of answer, with its right value and its misconceptions.
    """

    id: str
    difficulty: Level
    importance: Level
    minutes: int
    points: int
    hints: tuple[str, ...]
    answer: Answer


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by id, in the order of the chapters."""
    package = importlib.import_module("dvae_course.exercises")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    chapters = [n for n in sorted(names) if n.startswith("ch") and n[2:].isdigit()]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in chapters]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def exercise(id: object) -> Exercise:
    """The exercise `id`; an unknown id is an error that lists the known ones."""
    known = exercises()
    if not isinstance(id, str) or id not in known:
        raise ValueError(f"no exercise {id!r}; the exercises are {', '.join(map(repr, known))}")
    return known[id]


def check(id: object, answer: object, seed: int = 0) -> Feedback:
    """Judge `answer` to the exercise `id`, and explain.

    Parameters
    ----------
    id : the exercise, such as "11.2" (in quotes; anything else is an error that lists the ids).
    answer : the number, word or function that is asked for; `...` means not attempted.
    seed : the seed of the random inputs on which a function is tried.
    """
    return exercise(id).answer.judge(answer, seed)


def hint(id: object, level: int = 1) -> Hint:
    """A hint for the exercise `id`: level 1 is a nudge, each further level says more."""
    hints = exercise(id).hints
    if level not in range(1, len(hints) + 1):
        raise ValueError(f"exercise {id!r} has hints 1 to {len(hints)}, not {level!r}")
    further = f'The next hint: `hint("{id}", {level + 1})`.'
    last = "This was the last hint."
    text = f"**Hint {level} of {len(hints)}.** {hints[level - 1]}"
    return Hint(text, further if level < len(hints) else last)
