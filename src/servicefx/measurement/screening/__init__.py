"""Answers screened before anything is estimated from them: rows and items are flagged, none deleted."""

from servicefx.measurement.screening.flags import flag_rows
from servicefx.measurement.screening.missingness import LittlesTest, littles_mcar_test
from servicefx.measurement.screening.row_rules import Cuts
from servicefx.measurement.screening.screen import Screening, screen

__all__ = ["Cuts", "LittlesTest", "Screening", "flag_rows", "littles_mcar_test", "screen"]
