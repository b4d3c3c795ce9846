"""How consistently the items of a construct measure one thing."""

from servicefx.measurement.reliability.alpha import cronbach_alpha, cronbach_alpha_interval
from servicefx.measurement.reliability.construct_reliability import Reliability, reliability_of
from servicefx.measurement.reliability.hierarchical import omega_hierarchical
from servicefx.measurement.reliability.item_statistics import item_statistics
from servicefx.measurement.reliability.omega import (
    composite_reliability,
    extracted_variance_of_loadings,
    mcdonald_omega,
)
from servicefx.measurement.reliability.ordinal import categorical_omega, ordinal_alpha, ordinal_omega
from servicefx.measurement.reliability.reliability_table import reliability_table
from servicefx.measurement.reliability.rho_a import rho_a
from servicefx.measurement.reliability.split_half import split_half

__all__ = [
    "Reliability",
    "categorical_omega",
    "composite_reliability",
    "cronbach_alpha",
    "cronbach_alpha_interval",
    "extracted_variance_of_loadings",
    "item_statistics",
    "mcdonald_omega",
    "omega_hierarchical",
    "ordinal_alpha",
    "ordinal_omega",
    "reliability_of",
    "reliability_table",
    "rho_a",
    "split_half",
]
