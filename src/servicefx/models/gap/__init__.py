"""Whether a shortfall against expectation weighs more than an equal surplus, and the surface behind (H2)."""

from servicefx.models.gap.forms import compare_gap_forms
from servicefx.models.gap.kink import GapFit, fit_gap
from servicefx.models.gap.places import compare_kink_places
from servicefx.models.gap.scores import GapScores, gap_columns, gap_home, gap_scores_by_dimension
from servicefx.models.gap.surface import GapSurface, fit_surface

__all__ = [
    "GapFit",
    "GapScores",
    "GapSurface",
    "compare_gap_forms",
    "compare_kink_places",
    "fit_gap",
    "fit_surface",
    "gap_columns",
    "gap_home",
    "gap_scores_by_dimension",
]
