"""Let the pages use the local copy of MathJax, so that a reader needs no network.

`dvae book` puts the copy under build/assets/. Where it is missing, Sphinx's default stays: the
content delivery network.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

ASSETS = Path(__file__).parents[2] / "build" / "assets"
MATHJAX = "vendor/mathjax/tex-svg.js"


def configure(app: Sphinx, config: Config) -> None:
    """Copy build/assets/ into the site and point at its MathJax."""
    if (ASSETS / MATHJAX).is_file():
        config.html_static_path.append(str(ASSETS))
        config.mathjax_path = MATHJAX


def setup(app: Sphinx) -> dict:
    """Sphinx's entry point."""
    app.connect("config-inited", configure, priority=10)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
