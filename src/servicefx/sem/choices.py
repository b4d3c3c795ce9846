"""Choices: everything a reader may decide about a fit, checked, and kept with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from servicefx.errors import Problem, StudyError, closest

__all__ = [
    "Choices",
    "Estimator",
    "Information",
    "Missing",
    "Parameterization",
    "checked_choices",
    "whole_number",
]

Estimator = Literal["ml", "mlm", "mlr", "uls", "gls", "wls", "dwls", "wlsmv"]
Missing = Literal["listwise", "fiml"]
Parameterization = Literal["delta", "theta"]
Information = Literal["expected", "observed"]

LIKELIHOOD = ("ml", "mlm", "mlr")
FOR_ORDERED = ("wlsmv", "dwls", "uls", "wls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was chosen for a fit; the arguments of `servicefx.sem.fit` under their own names.

    ``ordered`` is True where every item that something explains is ordered; ``meanstructure`` and
    ``information`` are None where they follow from the rest.
    """

    estimator: Estimator = "ml"
    missing: Missing = "listwise"
    group: str | None = None
    group_equal: tuple[str, ...] = ()
    ordered: tuple[str, ...] | bool = ()
    parameterization: Parameterization = "delta"
    cluster: str | None = None
    weights: str | None = None
    std_lv: bool = False
    orthogonal: bool = False
    meanstructure: bool | None = None
    fixed_x: bool = True
    information: Information | None = None
    level: float = 0.95

    @property
    def information_used(self) -> Information:
        """Observed for MLR and under FIML, expected otherwise, unless chosen."""
        if self.information is not None:
            return self.information
        return "observed" if self.estimator == "mlr" or self.missing == "fiml" else "expected"


def checked_choices(
    *,
    estimator: str,
    missing: str,
    group: str | None,
    group_equal: Sequence[str],
    ordered: Sequence[str] | bool,
    parameterization: str,
    cluster: str | None,
    weights: str | None,
    std_lv: bool,
    orthogonal: bool,
    meanstructure: bool | None,
    fixed_x: bool,
    information: str | None,
    level: float,
) -> Choices:
    """The choices as one value.

    Raises
    ------
    StudyError
        If a choice is not known, or two contradict each other; all faults at once.
    """
    problems: list[Problem] = []

    def known(where: str, value: str, choices: tuple[str, ...]) -> str:
        lowered = str(value).casefold()
        if lowered not in choices:
            found = f"'{value}' is not known{closest(str(value), choices)}"
            problems.append(Problem(where, found, f"Choose among {', '.join(choices)}."))
        return lowered

    how = known("estimator", estimator, get_args(Estimator))
    gaps = known("missing", "fiml" if str(missing).casefold() == "ml" else missing, get_args(Missing))
    shape = known("parameterization", parameterization, get_args(Parameterization))
    kind = None if information is None else known("information", information, get_args(Information))
    if not isinstance(level, int | float) or not 0 < level < 1:
        problems.append(Problem("level", f"{level} is not between 0 and 1", "Choose e.g. 0.95."))
    if gaps == "fiml" and how not in ("ml", "mlr"):
        found = f"'fiml' goes with estimators ml and mlr, not with '{how}'"
        problems.append(Problem("missing", found, "Choose 'listwise', or another estimator."))
    if ordered and how not in FOR_ORDERED:
        found = f"'{how}' takes answers for numbers, and items are named as ordered"
        problems.append(Problem("estimator", found, "Choose wlsmv, or leave 'ordered' out."))
    if how not in LIKELIHOOD and weights is not None:
        problems.append(
            Problem("weights", f"are not used by '{how}'", "Choose ml or mlr, or leave them out.")
        )
    if how not in LIKELIHOOD and cluster is not None:
        problems.append(Problem("cluster", f"is not used by '{how}'", "Choose ml or mlr, or leave it out."))
    if how == "mlm" and (cluster is not None or weights is not None):
        problems.append(Problem("estimator", "mlm has no clusters or weights", "Choose mlr."))
    if problems:
        raise StudyError(*problems)
    return Choices(
        estimator=how,  # type: ignore[arg-type]
        missing=gaps,  # type: ignore[arg-type]
        group=group,
        group_equal=_tuple(group_equal),
        ordered=ordered if isinstance(ordered, bool) else _tuple(ordered),
        parameterization=shape,  # type: ignore[arg-type]
        cluster=cluster,
        weights=weights,
        std_lv=std_lv,
        orthogonal=orthogonal,
        meanstructure=meanstructure,
        fixed_x=fixed_x,
        information=kind,  # type: ignore[arg-type]
        level=float(level),
    )


def whole_number(where: str, value: object, least: int, remedy: str) -> list[Problem]:
    """What is wrong with a count or a seed; empty where nothing is."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least:
        return []
    return [Problem(where, f"{value}, a whole number from {least} expected", remedy)]


def _tuple(names: Sequence[str] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(str(name) for name in names or ())
