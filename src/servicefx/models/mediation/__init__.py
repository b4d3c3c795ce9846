"""Through what an effect goes: mediation by layout, natural effects, and what hidden causes would do."""

from servicefx.models.mediation.answers import MediatedEffect, Mediation
from servicefx.models.mediation.comparison import step_tests
from servicefx.models.mediation.confounding import MediatorConfounding, mediator_confounding
from servicefx.models.mediation.confounding_probit import probit_confounding
from servicefx.models.mediation.fit import fit_layout
from servicefx.models.mediation.latent import latent_mediation
from servicefx.models.mediation.layouts import LAYOUTS
from servicefx.models.mediation.natural import NaturalEffects, natural_effects

__all__ = [
    "LAYOUTS",
    "MediatedEffect",
    "Mediation",
    "MediatorConfounding",
    "NaturalEffects",
    "fit_layout",
    "latent_mediation",
    "mediator_confounding",
    "natural_effects",
    "probit_confounding",
    "step_tests",
]
