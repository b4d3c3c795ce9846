"""Discriminant validity by the correlation of two constructs: its interval, and tests against a cut-off."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from servicefx import sem
from servicefx.errors import DataError, Problem, ServicefxError, StudyError
from servicefx.measurement.rules import Judged, judge
from servicefx.measurement.validity.confirmatory import construct_correlations
from servicefx.moments.moments import Moments
from servicefx.syntax.table import Modifier, ParameterRow, ParameterTable
from servicefx.values.estimates import critical_value

__all__ = ["Severity", "correlation_cut_tests", "correlation_intervals", "judged_correlations", "severity_of"]

Severity = Literal["none", "marginal", "moderate", "severe", ""]


def correlation_intervals(fit: sem.SemFit, *, level: float = 0.95) -> pd.DataFrame:
    """Correlation of each pair of constructs with its interval, and what its far end says (CI_CFA).

    A pair is a problem to the degree that the data allow a correlation of .8, .9 or 1.

    Parameters
    ----------
    fit : SemFit
        Of one group and all constructs, e.g. of `confirmatory_fit`.
    level : float
        Strictly between 0 and 1; the classes are stated for .95.

    Returns
    -------
    DataFrame
        One row a pair: ``construct, other, estimate, std_error, conf_low, conf_high, severity, undefined``;
        correlations, which leave [-1, 1] where the solution is improper. Severity is ``"none"`` below .8,
        ``"marginal"`` from .8, ``"moderate"`` from .9, ``"severe"`` from 1, and empty with a reason where the
        correlation has no error.

    Raises
    ------
    StudyError
        If the fit compares groups.

    Notes
    -----
    Wald intervals of the standardised solution, as in the source. Of a negative correlation the lower end
    counts. A single item is taken as free of error, so that its correlations are too small.

    References
    ----------
    Rönkkö & Cho (2022), Organ. Res. Methods 25, 6-47 (classes of CI_CFA). doi:10.1177/1094428120968614
    """
    frame = construct_correlations(fit)
    estimate = frame["estimate"].to_numpy(dtype=float)
    error = frame["std_error"].to_numpy(dtype=float)
    error = np.where(error > 0, error, np.nan)
    half = critical_value(level) * error
    far = np.abs(estimate) + half
    return frame.assign(
        std_error=error,
        conf_low=estimate - half,
        conf_high=estimate + half,
        severity=[severity_of(float(end)) for end in far],
        undefined=["" if np.isfinite(end) else "the correlation is not estimated" for end in far],
    )


def severity_of(far_end: float) -> Severity:
    """Class of an interval's end farther from zero, in absolute value.

    Examples
    --------
    >>> [severity_of(end) for end in (0.79, 0.8, 0.95, 1.02)]
    ['none', 'marginal', 'moderate', 'severe']
    """
    if not np.isfinite(far_end):
        return ""
    return (
        "none" if far_end < 0.8 else "marginal" if far_end < 0.9 else "moderate" if far_end < 1 else "severe"
    )


def correlation_cut_tests(fit: sem.SemFit, *, cut: float = 0.9) -> pd.DataFrame:
    """Test whether each pair of constructs correlates less than a cut-off, by the chi2 of holding it there.

    A small p-value tells the pair apart: correlations of the cut-off or more do not fit the data.

    Parameters
    ----------
    fit : SemFit
        Of `confirmatory_fit` with ``estimator="ml"``.
    cut : float
        In (0, 1]. The correlation is held there in absolute value: turning a construct round turns the sign,
        so that both signs are one model, and the better of the two searches counts.

    Returns
    -------
    DataFrame
        One row a pair: ``construct, other, estimate, chi2_diff, df_diff, p_value, undefined``. Where the
        estimate is at the cut-off or beyond, nothing speaks against it: chi2 is 0 and the p-value 1.

    Raises
    ------
    StudyError
        If the fit compares groups, was not made with ``std_lv=True`` by plain maximum likelihood of complete
        rows, or the cut-off is not in (0, 1].

    References
    ----------
    Rönkkö & Cho (2022), Organ. Res. Methods 25, 6-47 (chi2(cut)). doi:10.1177/1094428120968614
    """
    if not 0 < cut <= 1:
        found = f"{cut:g} is not a cut-off, a number in (0, 1] expected"
        raise StudyError(Problem("cut", found, "Choose for example 0.9."))
    choices = fit.choices
    plain = (
        choices.estimator == "ml"
        and choices.missing == "listwise"
        and not (choices.weights or choices.cluster)
    )
    if not (plain and choices.std_lv) or not isinstance(fit.moments, Moments):
        found = "the fit is not one of complete, unweighted rows by ml with std_lv=True"
        raise StudyError(Problem("validity", found, "Fit by confirmatory_fit, without weights and clusters."))
    rows = [
        {"construct": one, "other": other, "estimate": value}
        | _held(fit, fit.moments, one, other, value, cut)
        for one, other, value in construct_correlations(fit)[["construct", "other", "estimate"]].itertuples(
            index=False
        )
    ]
    columns = ["construct", "other", "estimate", "chi2_diff", "df_diff", "p_value", "undefined"]
    return pd.DataFrame(rows, columns=columns)


def judged_correlations(frame: pd.DataFrame) -> list[Judged]:
    """Far end of each interval of `correlation_intervals` held against .8; it fails beyond 1."""
    return [
        judge(
            "construct_correlation", f"{row['construct']}, {row['other']}", row["estimate"], row["conf_low"],
            row["conf_high"], against=max(abs(row["conf_low"]), abs(row["conf_high"])),
        )
        for row in frame.to_dict("records")
    ]  # fmt: skip


def _held(
    fit: sem.SemFit, moments: Moments, one: str, other: str, value: float, cut: float
) -> dict[str, float | int | str]:
    """Difference test of the model with one correlation held at the cut-off."""
    if abs(value) >= cut:
        return {"chi2_diff": 0.0, "df_diff": 1, "p_value": 1.0, "undefined": ""}
    pair = {one, other}
    kept = tuple(row for row in fit.table.rows if not (row.op == "~~" and {row.lhs, row.rhs} == pair))
    nested: list[sem.SemFit] = []
    reason = ""
    for held_at in (cut, -cut) if value >= 0 else (-cut, cut):  # one model, whose search may end elsewhere
        held = ParameterRow(lhs=one, op="~~", rhs=other, modifiers=(Modifier(fixed=held_at),))
        table = ParameterTable(
            rows=(*kept, held), definitions=fit.table.definitions, constraints=fit.table.constraints
        )
        try:
            nested.append(
                sem.fit(
                    table,
                    moments,
                    std_lv=True,
                    orthogonal=fit.choices.orthogonal,
                    meanstructure=fit.choices.meanstructure,
                )
            )
        except DataError:
            raise
        except ServicefxError as refusal:
            reason = reason or refusal.problems[0].found
    if not nested:
        nothing = {"chi2_diff": float("nan"), "df_diff": 1, "p_value": float("nan")}
        return nothing | {"undefined": f"with the correlation held: {reason}"}
    row = sem.compare(fit, min(nested, key=lambda found: found.measures["chi2"])).iloc[-1]
    return {
        "chi2_diff": float(row["chi2_diff"]),
        "df_diff": int(row["df_diff"]),
        "p_value": float(row["p_value"]),
        "undefined": "",
    }
