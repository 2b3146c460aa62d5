"""The large study: thousands of models, trained and scored, and their results as one table."""

from dvae_course.study.cluster import UnfinishedStudy
from dvae_course.study.design import Design, Model, Scoring, Training
from dvae_course.study.local import run
from dvae_course.study.presets import PRESETS, find
from dvae_course.study.runner import Batch, batches, train_and_score
from dvae_course.study.store import Store, load, merge

__all__ = [
    "PRESETS",
    "Batch",
    "Design",
    "Model",
    "Scoring",
    "Store",
    "Training",
    "UnfinishedStudy",
    "batches",
    "find",
    "load",
    "merge",
    "run",
    "train_and_score",
]
