"""Who complained, and what good handling goes with among those who did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import fit_ols
from servicefx.errors import ServicefxError
from servicefx.models.drivers import HELD, MEASURED
from servicefx.models.recovery.complaints import Complaints, RecoveryRows
from servicefx.moments.resample import resampled_least_squares
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["HandlingFit", "complaint_counts", "fit_handling", "least_squares", "weights_of", "who_complained"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HandlingFit:
    """A regression of an outcome on handling, among complainers.

    Attributes
    ----------
    estimates : Estimates
        Handling first, then what is held; clustered errors where clusters are declared, else HC3.
    effect : Effect or None
        The coefficient of handling with its draws; None where nothing is drawn.
    """

    estimates: Estimates
    effect: Effect | None


def weights_of(rows: RecoveryRows) -> Floats | None:
    """Survey weights as an array, shape (n,); None where there are none."""
    return None if rows.weights is None else rows.weights.to_numpy(dtype=float, copy=True)


def least_squares(rows: RecoveryRows, outcome: str, terms: Sequence[str]) -> Estimates:
    """Regression on rows, survey weights used; clustered errors where clusters are declared, else HC3."""
    return fit_ols(
        rows.frame,
        outcome,
        terms,
        covariance="hc3" if rows.clusters is None else "cluster",
        clusters=rows.clusters,
        weights=rows.weights,
    )


def complaint_counts(complaints: Complaints) -> pd.DataFrame:
    """How many complained, by whether a failure hit them, and how many of these say how it was handled.

    Returns
    -------
    DataFrame
        One row a group: ``customers`` (``failure``, ``no_failure``, or ``everybody`` where no failure is
        recorded), ``n_obs, n_complainers, share, n_handled``; ``share`` is that of complainers, unweighted.
    """
    told = complaints.frame[complaints.handling].notna().to_numpy()
    groups = {"everybody": np.ones(len(told), dtype=bool)}
    if complaints.failure is not None:
        groups = {"failure": complaints.failed, "no_failure": ~complaints.failed} | groups
    return pd.DataFrame(
        [
            {
                "customers": group,
                "n_obs": int(inside.sum()),
                "n_complainers": int((inside & complaints.complained).sum()),
                "share": float(complaints.complained[inside].mean()) if inside.any() else float("nan"),
                "n_handled": int((inside & told).sum()),
            }
            for group, inside in groups.items()
        ]
    )


def who_complained(complaints: Complaints, terms: Sequence[str], *, level: float = 0.95) -> pd.DataFrame:
    """In what complainers differ from others whom a failure hit (or from all others).

    Parameters
    ----------
    complaints : Complaints
    terms : sequence of str
        Columns to compare.
    level : float

    Returns
    -------
    DataFrame
        One row a term: ``term, mean_complainers, mean_silent, difference, conf_low, conf_high, p_value,
        n_complainers, n_silent, undefined``; complainers less others, errors as in `fit_handling`.
    """
    found = []
    for term in terms:
        row: dict[str, object] = {"term": term, "undefined": ""}
        try:
            rows = complaints.rows(complaints.failed, [term], f"comparison of '{term}'")
            frame = rows.frame.assign(**{complaints.complaint: rows.complained.astype(float)})
            told = replace(rows, frame=frame)
            table = least_squares(told, term, [complaints.complaint]).table(level=level)
        except ServicefxError as error:
            found.append(row | {"undefined": error.problems[0].found})
            continue
        slope, constant = table.iloc[0], table.iloc[1]
        row |= {
            "mean_complainers": constant["estimate"] + slope["estimate"],
            "mean_silent": constant["estimate"],
            "difference": slope["estimate"],
            **{name: slope[name] for name in ("conf_low", "conf_high", "p_value")},
            "n_complainers": int(rows.complained.sum()),
            "n_silent": int((~rows.complained).sum()),
        }
        found.append(row)
    columns = [
        "term", "mean_complainers", "mean_silent", "difference", "conf_low", "conf_high", "p_value",
        "n_complainers", "n_silent", "undefined",
    ]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def fit_handling(
    complaints: Complaints,
    outcome: str,
    covariates: Sequence[str] = (),
    *,
    only_failures: bool = False,
    unit: str = "points per point",
) -> HandlingFit:
    """What a better handled complaint goes with, among those who complained. Answers H9.

    The estimand is about complainers only: nothing is said of people who kept silent.

    Parameters
    ----------
    complaints : Complaints
    outcome : str
        Column explained.
    covariates : sequence of str
        Columns held.
    only_failures : bool
        Leave out complainers whom no recorded failure hit.
    unit : str
        Of the slope.

    Returns
    -------
    HandlingFit

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.engines.linear.fit_ols`.
    """
    inside = complaints.complained & (complaints.failed if only_failures else True)
    terms = [complaints.handling, *covariates]
    rows = complaints.rows(inside, [outcome, *terms], f"effect of '{complaints.handling}' on '{outcome}'")
    fit = least_squares(rows, outcome, terms)
    group = "complainers whom a failure hit" if only_failures else "complainers"
    told = f"the answer is about {group}, and says nothing of people who kept silent"
    assumptions = (HELD, MEASURED, told)
    effect = None
    if rows.counts is not None:
        drawn = resampled_least_squares(
            rows.frame[outcome].to_numpy(copy=True),
            np.column_stack([rows.frame[terms].to_numpy(copy=True), np.ones(len(rows.frame))]),
            rows.counts,
            weights_of(rows),
        )[:, 0]
        effect = Effect(
            estimand=f"change in {outcome} per step of {complaints.handling}, among {group}, covariates held",
            unit=unit,
            estimate=fit.coefficient(complaints.handling),
            draws=drawn,
            draw_source=(complaints.draw_source,),
            design="adjusted" if covariates else "association",
            assumptions=assumptions,
        )
    return HandlingFit(
        estimates=replace(fit, dropped=rows.dropped, assumptions=assumptions),
        effect=effect,
    )
