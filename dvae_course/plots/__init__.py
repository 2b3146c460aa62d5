"""Pictures of the course: arrays in, a Figure out, with its conclusion in one sentence."""

from dvae_course.plots.annealing import annealed_objective, densities
from dvae_course.plots.axis_priors import tail_push, tradeoff
from dvae_course.plots.correlations import correlation_tables, transfer_matrix
from dvae_course.plots.entangling import (
    bent_grid,
    grid_lines,
    scores_along,
    traversals_and_scores,
    twin_traversals,
)
from dvae_course.plots.faces import face_traversals, score_table, turned_code
from dvae_course.plots.factors import contact_sheet
from dvae_course.plots.images import image_grid, image_rows
from dvae_course.plots.knobs import spread
from dvae_course.plots.latent import density_on_grid, latent_grid, pinwheel, window
from dvae_course.plots.measuring import metric_tables, tables_and_scores
from dvae_course.plots.overlap import appropriate, batch_bias, through_kernel, two_factors
from dvae_course.plots.penalties import (
    code_correlations,
    estimates_beside_truth,
    pair_of_latents,
    penalties_see,
)
from dvae_course.plots.ranking import places
from dvae_course.plots.rotation import rotation_price, seeds_by_group
from dvae_course.plots.scaling import two_units, vanishing
from dvae_course.plots.scores import calibrated_scores
from dvae_course.plots.seed_densities import seed_densities
from dvae_course.plots.sparse import class_use, knob_panels, price_of_sparsity
from dvae_course.plots.study import against_strength, scatter_of_models, violins
from dvae_course.plots.style import COLORS, MARKERS, conclusion, describe, show
from dvae_course.plots.summaries import intervals, variance_shares
from dvae_course.plots.training import elbo_terms
from dvae_course.plots.traversals import save_gif, traversal_grid

__all__ = [
    "COLORS",
    "MARKERS",
    "against_strength",
    "annealed_objective",
    "appropriate",
    "batch_bias",
    "bent_grid",
    "calibrated_scores",
    "class_use",
    "code_correlations",
    "conclusion",
    "contact_sheet",
    "correlation_tables",
    "densities",
    "density_on_grid",
    "describe",
    "elbo_terms",
    "estimates_beside_truth",
    "face_traversals",
    "grid_lines",
    "image_grid",
    "image_rows",
    "intervals",
    "knob_panels",
    "latent_grid",
    "metric_tables",
    "pair_of_latents",
    "penalties_see",
    "pinwheel",
    "places",
    "price_of_sparsity",
    "rotation_price",
    "save_gif",
    "scatter_of_models",
    "score_table",
    "scores_along",
    "seed_densities",
    "seeds_by_group",
    "show",
    "spread",
    "tables_and_scores",
    "tail_push",
    "through_kernel",
    "tradeoff",
    "transfer_matrix",
    "traversal_grid",
    "traversals_and_scores",
    "turned_code",
    "twin_traversals",
    "two_factors",
    "two_units",
    "vanishing",
    "variance_shares",
    "violins",
    "window",
]
