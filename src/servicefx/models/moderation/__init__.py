"""For whom an effect is larger: interactions, simple slopes and Johnson-Neyman regions."""

from servicefx.models.moderation.interaction import Interaction, fit_interaction
from servicefx.models.moderation.latent import latent_interactions
from servicefx.models.moderation.regions import JohnsonNeyman, johnson_neyman
from servicefx.models.moderation.slopes import simple_slopes, slope_differences

__all__ = [
    "Interaction",
    "JohnsonNeyman",
    "fit_interaction",
    "johnson_neyman",
    "latent_interactions",
    "simple_slopes",
    "slope_differences",
]
