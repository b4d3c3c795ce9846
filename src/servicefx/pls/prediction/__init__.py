"""Prediction of rows a model has not seen: ``pls.predict``, ``pls.held_out_predictions``, ``pls.cvpat``."""

from servicefx.pls.prediction.comparison import cvpat
from servicefx.pls.prediction.predict import held_out_predictions, predict
from servicefx.pls.prediction.result import PlsPrediction

__all__ = ["PlsPrediction", "cvpat", "held_out_predictions", "predict"]
