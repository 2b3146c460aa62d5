"""Metrics of representations: they see factors and codes only, never a model."""

from dvae_course.metrics.calibration import Calibrated, calibrated, noise, perfect
from dvae_course.metrics.dependence import (
    mutual_information_score,
    mutual_information_score_from_codes,
    total_correlation,
    total_correlation_from_codes,
    wasserstein_dependence,
    wasserstein_dependence_from_codes,
)
from dvae_course.metrics.mig import mig, mig_from_samples
from dvae_course.metrics.modularity import modularity, modularity_from_samples, noise_modularity
from dvae_course.metrics.representation import Representation, from_grid
from dvae_course.metrics.score import Score
from dvae_course.metrics.sparsity import hoyer, hoyer_of_gaussian

__all__ = [
    "Calibrated",
    "Representation",
    "Score",
    "calibrated",
    "from_grid",
    "hoyer",
    "hoyer_of_gaussian",
    "mig",
    "mig_from_samples",
    "modularity",
    "modularity_from_samples",
    "mutual_information_score",
    "mutual_information_score_from_codes",
    "noise",
    "noise_modularity",
    "perfect",
    "total_correlation",
    "total_correlation_from_codes",
    "wasserstein_dependence",
    "wasserstein_dependence_from_codes",
]
