"""What matters to whom: known groups compared, and latent classes found (H18)."""

from servicefx.models.segments.choice import ClassChoice, choose_classes
from servicefx.models.segments.class_effects import class_effects
from servicefx.models.segments.class_frames import class_shares, class_slopes, class_tests
from servicefx.models.segments.groups import GroupSlopes, slopes_by_group
from servicefx.models.segments.latent_classes import LatentClasses, class_posteriors, fit_latent_classes
from servicefx.models.segments.profiles import class_assignment, class_profiles
from servicefx.models.segments.stability import ClassStability, adjusted_rand, class_stability

__all__ = [
    "ClassChoice",
    "ClassStability",
    "GroupSlopes",
    "LatentClasses",
    "adjusted_rand",
    "choose_classes",
    "class_assignment",
    "class_effects",
    "class_posteriors",
    "class_profiles",
    "class_shares",
    "class_slopes",
    "class_stability",
    "class_tests",
    "fit_latent_classes",
    "slopes_by_group",
]
