"""dvae-course: an executable textbook on disentangling in variational auto-encoders.

Importing the package loads nothing heavy: each submodule (and torch with it) is loaded when it is
first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "aggregate",
        "claims",
        "datasets",
        "divergences",
        "exercises",
        "experiments",
        "gaussians",
        "likelihoods",
        "metrics",
        "networks",
        "objectives",
        "plots",
        "priors",
        "representations",
        "results",
        "study",
        "theory",
        "training",
        "traversals",
        "vae",
        "widgets",
    ],
)
