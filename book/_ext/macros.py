"""Give MathJax the book's TeX macros, which stand in one file: book/macros.yml."""

from pathlib import Path

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config

MACROS = Path(__file__).parents[1] / "macros.yml"


def configure(app: Sphinx, config: Config) -> None:
    """Set MathJax 3's `tex.macros`."""
    config.mathjax3_config = {"tex": {"macros": yaml.safe_load(MACROS.read_text("utf-8"))}}


def setup(app: Sphinx) -> dict:
    """Sphinx's entry point."""
    app.connect("config-inited", configure, priority=10)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
