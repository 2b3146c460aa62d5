"""Tables of a study that never took place, with known laws: every number is drawn here."""

import numpy as np
import polars

GRIDS = {
    "beta_vae": (1, 2, 4, 6, 8, 16),
    "annealed_vae": (5, 10, 25, 50, 75, 100),
    "factor_vae": (10, 20, 30, 40, 50, 100),
    "dip_vae_i": (1, 2, 5, 10, 20, 50),
    "dip_vae_ii": (1, 2, 5, 10, 20, 50),
    "beta_tcvae": (1, 2, 4, 6, 8, 10),
}
SETTINGS = [(method, float(strength)) for method, grid in GRIDS.items() for strength in grid]
SIX = ("betavae_score", "factorvae_score", "mig", "dci_disentanglement", "modularity", "sap")


def setting_effects(method: float, strength: float, seed: int) -> np.ndarray:
    """Means of the 36 settings: a method's part and a strength's part of those variances."""
    rng = np.random.default_rng(seed)
    of_methods = rng.normal(0, method**0.5, (len(GRIDS), 1))
    return (of_methods + rng.normal(0, strength**0.5, (len(GRIDS), 6))).ravel()


def frame_of(
    scores: dict[str, np.ndarray], data_set: str = "dsprites", representation: str = "mean"
) -> polars.DataFrame:
    """One row a model; each score has shape (36 settings, seeds)."""
    seeds = next(iter(scores.values())).shape[1]
    methods, strengths = zip(*SETTINGS, strict=True)
    return polars.DataFrame(
        {
            "data_set": [data_set] * len(SETTINGS) * seeds,
            "method": np.repeat(methods, seeds).tolist(),
            "strength": np.repeat(strengths, seeds).tolist(),
            "seed": list(range(seeds)) * len(SETTINGS),
            "representation": [representation] * len(SETTINGS) * seeds,
            **{name: values.ravel().tolist() for name, values in scores.items()},
            "failed": [False] * len(SETTINGS) * seeds,
        }
    )


def noisy(means: np.ndarray, seeds: int, variance: float, seed: int) -> np.ndarray:
    """Seeds about the settings' means."""
    rng = np.random.default_rng(seed)
    return means[:, None] + rng.normal(0, variance**0.5, (len(means), seeds))


def six_metrics(seeds: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """Six metrics that share a part of their settings' means and of their noise."""
    rng = np.random.default_rng(seed)
    common, shared = rng.normal(size=(36, 1)), rng.normal(size=(36, seeds))
    return {
        name: common + rng.normal(size=(36, 1)) + shared + rng.normal(size=(36, seeds))
        for name in SIX
    }
