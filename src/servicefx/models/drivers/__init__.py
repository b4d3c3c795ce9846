"""Which drivers go with an outcome, how much each explains, and which to work on first (H1)."""

from servicefx.models.drivers.collinearity import Collinearity, collinearity
from servicefx.models.drivers.dominance import Dominance, dominance
from servicefx.models.drivers.importance import relative_importance
from servicefx.models.drivers.latent import latent_drivers
from servicefx.models.drivers.penalty_reward import fit_penalty_reward, joint_asymmetry, penalty_reward
from servicefx.models.drivers.priority import importance_performance
from servicefx.models.drivers.regression import (
    HELD,
    MEASURED,
    DirectFit,
    declared_terms,
    fit_direct,
    variance_inflation,
)
from servicefx.models.drivers.versions import DriverVersions, compare_versions

__all__ = [
    "HELD",
    "MEASURED",
    "Collinearity",
    "DirectFit",
    "Dominance",
    "DriverVersions",
    "collinearity",
    "compare_versions",
    "declared_terms",
    "dominance",
    "fit_direct",
    "fit_penalty_reward",
    "importance_performance",
    "joint_asymmetry",
    "latent_drivers",
    "penalty_reward",
    "relative_importance",
    "variance_inflation",
]
