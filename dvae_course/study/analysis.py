"""What is asked of a finished study, in one place: agreement, variance, transfer, selection."""

from dvae_course.study.agreement import (
    Correlations,
    correlations_by_seed,
    mean_correlations,
    rank_correlations,
)
from dvae_course.study.chance import Chance, by_chance
from dvae_course.study.comparison import Comparison, compare
from dvae_course.study.jackknife import one_a_seed
from dvae_course.study.overtaking import overtaking
from dvae_course.study.published import Published
from dvae_course.study.ranking import rank_shares
from dvae_course.study.regret import select_by
from dvae_course.study.resampling import mean_interval
from dvae_course.study.selection import Selection, chance_to_beat_random
from dvae_course.study.structure import Structure, spearman_interval, structure
from dvae_course.study.tables import complete, of, with_regularisation
from dvae_course.study.transfer import Transfer, transfer
from dvae_course.study.trends import mean_trends, trends
from dvae_course.study.variance import variance_explained

__all__ = [
    "Chance",
    "Comparison",
    "Correlations",
    "Published",
    "Selection",
    "Structure",
    "Transfer",
    "by_chance",
    "chance_to_beat_random",
    "compare",
    "complete",
    "correlations_by_seed",
    "mean_correlations",
    "mean_interval",
    "mean_trends",
    "of",
    "one_a_seed",
    "overtaking",
    "rank_correlations",
    "rank_shares",
    "select_by",
    "spearman_interval",
    "structure",
    "transfer",
    "trends",
    "variance_explained",
    "with_regularisation",
]
