"""Whether items measure the same in every group, and how the groups' means then differ."""

from servicefx.measurement.invariance.invariance import Invariance as Invariance
from servicefx.measurement.invariance.invariance import measurement_invariance as measurement_invariance

__all__ = ["Invariance", "measurement_invariance"]
