"""Metrics of representations: they see factors and codes only, never a model."""

from dvae_course.metrics.score import Score
from dvae_course.metrics.sparsity import hoyer, hoyer_of_gaussian

__all__ = ["Score", "hoyer", "hoyer_of_gaussian"]
