"""invariance: the ladder of equalities across groups, every rung tested against the one below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from servicefx.errors import Problem, StudyError
from servicefx.sem.comparison import difference_of
from servicefx.sem.estimation import fit
from servicefx.sem.sample import SemData
from servicefx.sem.sem_fit import SemFit
from servicefx.syntax.table import ParameterTable

__all__ = ["LEVELS", "ORDERED_LEVELS", "invariance", "invariance_fits"]

LEVELS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
    "means": ("loadings", "intercepts", "residuals", "means"),
}
"""What is equal at each level, continuous items (Meredith 1993)."""
ORDERED_LEVELS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "threshold": ("thresholds",),
    "scalar": ("thresholds", "loadings"),
}
"""The same for ordered items: thresholds first, which give loadings a scale (Wu & Estabrook 2016)."""
_COLUMNS = [
    "level", "chi2", "df", "cfi", "rmsea", "srmr", "delta_cfi", "delta_rmsea", "chi2_diff", "df_diff",
    "p_value",
]  # fmt: skip


def invariance(
    model: str | ParameterTable,
    data: SemData,
    *,
    group: str | None = None,
    levels: Sequence[str] | None = None,
    estimator: str = "ml",
    missing: str = "listwise",
    ordered: Sequence[str] | bool = (),
    std_lv: bool = False,
    **choices: object,
) -> pd.DataFrame:
    """Whether the items measure the same in every group, level by level.

    Parameters
    ----------
    model : str or ParameterTable
        In lavaan's language; ``c(a, b)*`` keeps a parameter free across groups (partial invariance).
    data : DataFrame, or mapping of group to rows or Moments
        As `servicefx.sem.fit`.
    group : str, optional
        The grouping column of a frame.
    levels : sequence of str, optional
        Of ``configural, metric, scalar, strict, means`` (ordered items: ``configural, threshold, scalar``),
        all by default; where all items have two categories their thresholds cannot be tested alone and
        ``threshold`` is left out. ``means`` adds equal means of the constructs to the level before it.
    estimator, missing, ordered, std_lv, **choices
        As `servicefx.sem.fit`.

    Returns
    -------
    DataFrame
        One row a level: ``level, chi2, df, cfi, rmsea, srmr, delta_cfi, delta_rmsea, chi2_diff, df_diff,
        p_value``. Differences are to the row above, scaled where the tests are; so are chi2, cfi and rmsea.

    Raises
    ------
    StudyError
        If there is one group, or a level is not known.
    DataError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`.

    Notes
    -----
    A fall of CFI by more than .01, or a rise of RMSEA by more than .015, is the usual sign that a level does
    not hold (Cheung & Rensvold 2002, Struct. Equ. Model. 9, 233-255; Chen 2007, ibid. 14, 464-504).
    """
    fits = invariance_fits(
        model, data, group=group, levels=levels, estimator=estimator, missing=missing, ordered=ordered,
        std_lv=std_lv, **choices,
    )  # fmt: skip
    rows: list[dict[str, object]] = []
    below: SemFit | None = None
    for level, fitted in fits.items():
        measures = fitted.measures
        scaled = "" if np.isnan(measures["chi2_scaled"]) else "_scaled"
        row: dict[str, object] = {
            "level": level,
            "chi2": measures[f"chi2{scaled}"],
            "df": measures["df"],
            "cfi": measures[f"cfi{scaled}"],
            "rmsea": measures[f"rmsea{scaled}"],
            "srmr": measures["srmr"],
        }
        if below is not None:
            before = rows[-1]
            row["delta_cfi"] = float(row["cfi"]) - float(before["cfi"])  # type: ignore[arg-type]
            row["delta_rmsea"] = float(row["rmsea"]) - float(before["rmsea"])  # type: ignore[arg-type]
            if fitted.solution.test.df > below.solution.test.df:
                found = difference_of(fitted, below)
                row |= {"chi2_diff": found.chi2_diff, "df_diff": found.df_diff, "p_value": found.p_value}
        rows.append(row)
        below = fitted
    return pd.DataFrame(rows, columns=_COLUMNS)


def invariance_fits(
    model: str | ParameterTable,
    data: SemData,
    *,
    group: str | None = None,
    levels: Sequence[str] | None = None,
    **choices: object,
) -> dict[str, SemFit]:
    """The fits behind `invariance`, by level; arguments and errors are the same."""
    thresholds = _thresholds(model, data, group, choices)
    ladder = dict(ORDERED_LEVELS if thresholds else LEVELS)
    last = list(ladder.values())[-1]
    known = {"means": (*last, "means"), **ladder}
    if levels is None and set(thresholds.values()) == {1}:
        del ladder["threshold"]
    wanted = list(ladder) if levels is None else [str(level) for level in levels]
    unknown = [level for level in wanted if level not in known]
    if unknown:
        listed = ", ".join(known)
        raise StudyError(Problem("levels", f"'{unknown[0]}' is not known", f"Choose among {listed}."))
    if group is None and not isinstance(data, dict):
        raise StudyError(
            Problem("group", "no grouping column is named", "Name 'group', or give data by group.")
        )
    if "means" in wanted and levels is not None:
        before = wanted[wanted.index("means") - 1] if wanted.index("means") else list(ladder)[-1]
        known["means"] = (*known[before], "means")
    fits = {
        level: fit(model, data, group=group, group_equal=known[level], **choices)  # type: ignore[arg-type]
        for level in wanted
    }
    single = next(iter(fits.values()))
    if len(single.model.groups) < 2:
        found = f"'{group}' holds one value, at least 2 groups expected"
        raise StudyError(Problem("group", found, "Choose a column with more groups."))
    return fits


def _thresholds(
    model: str | ParameterTable, data: SemData, group: str | None, choices: Mapping[str, object]
) -> dict[str, int]:
    """How many thresholds each ordered item has, named as ordered or found so by wlsmv; empty without any."""
    if not choices.get("ordered") and str(choices.get("estimator")).casefold() != "wlsmv":
        return {}
    found = fit(model, data, group=group, **choices).model  # type: ignore[arg-type]
    return {item: sum(p.op == "|" and p.lhs == item for p in found.of_group(0)) for item in found.ordered}
