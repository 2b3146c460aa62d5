"""What a check says: one of four verdicts, and the sentences that go with it.

A verdict alone teaches almost nothing, so a `Feedback` always carries an explanation. It is
Markdown that also reads well as plain text, and each verdict has its own sign and words, so that
nothing depends on colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The four voices of a check."""

    NOT_ATTEMPTED = "○ Not attempted yet"
    WRONG = "✗ Not right yet"
    NEARLY = "≈ Nearly there"
    RIGHT = "✓ Right"


@dataclass(frozen=True, repr=False)
class Feedback:
    """A verdict and its explanation: Markdown in a notebook, plain text elsewhere."""

    verdict: Verdict
    message: str

    @property
    def right(self) -> bool:
        """Whether the answer was accepted."""
        return self.verdict is Verdict.RIGHT

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{self.verdict}. {self.message}"

    def _repr_markdown_(self) -> str:
        return f"**{self.verdict}.** {self.message}"


@dataclass(frozen=True, repr=False)
class Hint:
    """One of an exercise's hints, and how to get the next one."""

    text: str
    next: str

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.next}"

    def _repr_markdown_(self) -> str:
        return repr(self)


NOT_ATTEMPTED = Feedback(
    Verdict.NOT_ATTEMPTED,
    "Replace the `...` in the cell above by your answer, run that cell, and then this one again.",
)


def wrong(message: str, *, nearly: bool = False) -> Feedback:
    """A rejection with its explanation."""
    return Feedback(Verdict.NEARLY if nearly else Verdict.WRONG, message)
