"""Covariance-based structural equation models: fit, compare, resample and read them."""

from servicefx.sem.comparison import compare as compare
from servicefx.sem.estimation import fit as fit
from servicefx.sem.factor_scores import factor_scores as factor_scores
from servicefx.sem.invariance import invariance as invariance
from servicefx.sem.sem_fit import SemFit as SemFit

__all__ = ["SemFit", "compare", "factor_scores", "fit", "invariance"]
