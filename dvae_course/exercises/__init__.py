"""The exercises: checks that explain, and hints.

In a chapter::

    from dvae_course.exercises import check, hint

    check("11.2", kl_one_sample)
    hint("11.2")
"""

from dvae_course.exercises.feedback import Feedback, Hint, Verdict
from dvae_course.exercises.registry import Exercise, check, exercise, exercises, hint

__all__ = ["Exercise", "Feedback", "Hint", "Verdict", "check", "exercise", "exercises", "hint"]
