"""Number an exercise as its check does: the label ex-11-2 prints as "Exercise 11.2".

Sphinx counts exercises through the whole book, so that a new chapter would renumber all later ones.
"""

import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

LABEL = re.compile(r"ex-(\d+)-(\d+)")


def renumber(app: Sphinx, env: BuildEnvironment) -> None:
    """Put (chapter, number) in the place of Sphinx's own count."""
    for figures in env.toc_fignumbers.values():
        numbers = figures.get("exercise", {})
        for label in numbers:
            if found := LABEL.fullmatch(label):
                numbers[label] = found.groups()


def setup(app: Sphinx) -> dict:
    """Sphinx's entry point."""
    app.connect("env-check-consistency", renumber)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
