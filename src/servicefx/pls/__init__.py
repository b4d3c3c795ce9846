"""Composite-based path modelling: ``pls.fit``, ``pls.bootstrap`` and what is asked of a fit."""

from servicefx.pls.estimation import fit
from servicefx.pls.exact_fit import exact_fit_test
from servicefx.pls.pls_bootstrap import PlsBootstrap
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.resampling import bootstrap

__all__ = ["PlsBootstrap", "PlsFit", "bootstrap", "exact_fit_test", "fit"]
