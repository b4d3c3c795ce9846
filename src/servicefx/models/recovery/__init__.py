"""What a complaint handled well wins back, and for whom the answer holds (H9, H19)."""

from servicefx.models.recovery.answers import (
    SelectionAnswers,
    compare_answers,
    corrected_for_selection,
    held_among_complainers,
)
from servicefx.models.recovery.buffer import FailureBuffer, failure_buffer
from servicefx.models.recovery.complainers import (
    HandlingFit,
    complaint_counts,
    fit_handling,
    who_complained,
)
from servicefx.models.recovery.complaints import Complaints, read_complaints
from servicefx.models.recovery.paradox import Reach, RecoveryParadox, recovery_paradox
from servicefx.models.recovery.selection import SelectionFit, fit_selection
from servicefx.models.recovery.weighting import WeightedFit, fit_weighted
from servicefx.models.recovery.worst_case import worst_case_bounds

__all__ = [
    "Complaints",
    "FailureBuffer",
    "HandlingFit",
    "Reach",
    "RecoveryParadox",
    "SelectionAnswers",
    "SelectionFit",
    "WeightedFit",
    "compare_answers",
    "complaint_counts",
    "corrected_for_selection",
    "failure_buffer",
    "fit_handling",
    "fit_selection",
    "fit_weighted",
    "held_among_complainers",
    "read_complaints",
    "recovery_paradox",
    "who_complained",
    "worst_case_bounds",
]
