"""Composite-based path modelling: ``pls.fit`` and ``pls.bootstrap``."""

from servicefx.pls.estimation import fit
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.resampling import bootstrap

__all__ = ["PlsFit", "bootstrap", "fit"]
