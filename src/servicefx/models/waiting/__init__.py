"""Satisfaction over the wait: flat up to a tolerated wait, then falling (H15, K8)."""

from servicefx.models.waiting.forms import compare_forms
from servicefx.models.waiting.groups import ThresholdGroups, thresholds_by
from servicefx.models.waiting.threshold import ThresholdFit, fit_threshold

__all__ = ["ThresholdFit", "ThresholdGroups", "compare_forms", "fit_threshold", "thresholds_by"]
