"""Covariance-based structural equation models: fit, compare, resample and read them."""

from servicefx.sem.bootstrap import SemBootstrap as SemBootstrap
from servicefx.sem.bootstrap import bootstrap as bootstrap
from servicefx.sem.comparison import compare as compare
from servicefx.sem.estimation import fit as fit
from servicefx.sem.factor_scores import factor_scores as factor_scores
from servicefx.sem.invariance import invariance as invariance
from servicefx.sem.power import SemPower as SemPower
from servicefx.sem.power import power as power
from servicefx.sem.rmsea_power import nested_rmsea_power as nested_rmsea_power
from servicefx.sem.rmsea_power import nested_rmsea_sample_size as nested_rmsea_sample_size
from servicefx.sem.rmsea_power import rmsea_power as rmsea_power
from servicefx.sem.rmsea_power import rmsea_sample_size as rmsea_sample_size
from servicefx.sem.sem_fit import SemFit as SemFit

__all__ = [
    "SemBootstrap",
    "SemFit",
    "SemPower",
    "bootstrap",
    "compare",
    "factor_scores",
    "fit",
    "invariance",
    "nested_rmsea_power",
    "nested_rmsea_sample_size",
    "power",
    "rmsea_power",
    "rmsea_sample_size",
]
