"""The constructions of the proofs, as code: what a theorem says can be called and checked.

Identities are computed in double precision, so that they can be checked to ten digits.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "annealed_prior",
        "blur",
        "gaussian_code",
        "ica_sign",
        "implicit_prior",
        "impossibility",
        "linear_gaussian",
        "marginals",
        "normal_mixture",
        "pca_directions",
        "precision",
        "prior_symmetry",
        "quadrature",
        "rotation",
        "sqrt_beta",
        "tc_estimates",
        "two_generators",
    ],
)
