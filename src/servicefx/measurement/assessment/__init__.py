"""The whole assessment of a study's measurement in one call."""

from servicefx.measurement.assessment.measurement_report import MeasurementReport
from servicefx.measurement.assessment.whole import PARTS, PartName, assess

__all__ = ["PARTS", "MeasurementReport", "PartName", "assess"]
