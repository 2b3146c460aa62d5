"""Metrics of representations: they see factors and codes only, never a model."""

from dvae_course.metrics.betavae_score import betavae_score
from dvae_course.metrics.calibration import Calibrated, calibrated, noise, perfect
from dvae_course.metrics.dci import (
    dci,
    dci_completeness,
    dci_from_samples,
    dci_informativeness,
)
from dvae_course.metrics.dependence import (
    mutual_information_score,
    mutual_information_score_from_codes,
    total_correlation,
    total_correlation_from_codes,
    wasserstein_dependence,
    wasserstein_dependence_from_codes,
)
from dvae_course.metrics.downstream import (
    downstream,
    downstream_from_samples,
    statistical_efficiency,
)
from dvae_course.metrics.explicitness import explicitness, explicitness_from_samples
from dvae_course.metrics.factorvae_score import factorvae_score
from dvae_course.metrics.infomec import (
    InfoMEC,
    infoc,
    infoe,
    infoe_from_samples,
    infom,
    infomec,
    infomec_from_samples,
)
from dvae_course.metrics.mig import mig, mig_from_samples
from dvae_course.metrics.modularity import modularity, modularity_from_samples, noise_modularity
from dvae_course.metrics.representation import Representation, from_grid
from dvae_course.metrics.sap import sap, sap_from_samples
from dvae_course.metrics.score import Score
from dvae_course.metrics.sparsity import hoyer, hoyer_of_gaussian
from dvae_course.metrics.suite import Scores, evaluate, evaluate_samples
from dvae_course.metrics.udr import UDR, udr_from_codes

__all__ = [
    "UDR",
    "Calibrated",
    "InfoMEC",
    "Representation",
    "Score",
    "Scores",
    "betavae_score",
    "calibrated",
    "dci",
    "dci_completeness",
    "dci_from_samples",
    "dci_informativeness",
    "downstream",
    "downstream_from_samples",
    "evaluate",
    "evaluate_samples",
    "explicitness",
    "explicitness_from_samples",
    "factorvae_score",
    "from_grid",
    "hoyer",
    "hoyer_of_gaussian",
    "infoc",
    "infoe",
    "infoe_from_samples",
    "infom",
    "infomec",
    "infomec_from_samples",
    "mig",
    "mig_from_samples",
    "modularity",
    "modularity_from_samples",
    "mutual_information_score",
    "mutual_information_score_from_codes",
    "noise",
    "noise_modularity",
    "perfect",
    "sap",
    "sap_from_samples",
    "statistical_efficiency",
    "total_correlation",
    "total_correlation_from_codes",
    "udr_from_codes",
    "wasserstein_dependence",
    "wasserstein_dependence_from_codes",
]
