"""From items to constructs, and how good the constructs are: ``measurement.assess(study)``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servicefx.measurement.assessment import MeasurementReport as MeasurementReport
    from servicefx.measurement.assessment import assess as assess

__all__ = ["MeasurementReport", "assess"]


def __getattr__(name: str) -> object:
    if name in __all__:  # loaded when asked for: it brings every room below it
        return getattr(import_module("servicefx.measurement.assessment"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
