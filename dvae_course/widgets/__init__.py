"""Controls over the course's figures: live in a kernel, and on the static page without one."""

from dvae_course.widgets.annealing import AnnealingPanel, annealing_panel
from dvae_course.widgets.explorer import LatentExplorer, explorer
from dvae_course.widgets.flipbook import FlipBook, flipbook
from dvae_course.widgets.retrain import RetrainPanel, retrain_panel
from dvae_course.widgets.rotation import rotation_panel

__all__ = [
    "AnnealingPanel",
    "FlipBook",
    "LatentExplorer",
    "RetrainPanel",
    "annealing_panel",
    "explorer",
    "flipbook",
    "retrain_panel",
    "rotation_panel",
]
