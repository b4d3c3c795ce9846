"""Composite-based path modelling: ``pls.fit``, ``pls.bootstrap`` and what is asked of a fit."""

from servicefx.pls.estimation import fit
from servicefx.pls.exact_fit import exact_fit_test
from servicefx.pls.groups import Micom, compare_groups, micom
from servicefx.pls.importance import ImportancePerformance, importance_performance
from servicefx.pls.pls_bootstrap import PlsBootstrap
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.prediction import PlsPrediction, cvpat, held_out_predictions, predict
from servicefx.pls.resampling import bootstrap
from servicefx.pls.scores import scores

__all__ = [
    "ImportancePerformance",
    "Micom",
    "PlsBootstrap",
    "PlsFit",
    "PlsPrediction",
    "bootstrap",
    "compare_groups",
    "cvpat",
    "exact_fit_test",
    "fit",
    "held_out_predictions",
    "importance_performance",
    "micom",
    "predict",
    "scores",
]
