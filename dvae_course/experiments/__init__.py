"""Published experiments, each at the size of a chapter and at that of its paper.

Every module has `PRESETS`, a mapping from a preset's name to its numbers, and
`run(setting, *, device="cpu", progress=True)`, which returns a polars table with one row a trained
model. `dvae experiment` runs them and stores what they return.
"""

import lazy_loader

EXPERIMENTS = {
    "clustered-prior": "clustered_prior",
    "sparse-prior": "sparse_prior",
    "axis-priors": "axis_priors",
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=EXPERIMENTS.values())
