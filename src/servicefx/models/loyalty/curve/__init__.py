"""Loyalty or repurchase as a curve over satisfaction: forms, zones, and which the data prefer."""

from servicefx.models.loyalty.curve.curve import CurveFit, fit_curve

__all__ = ["CurveFit", "fit_curve"]
