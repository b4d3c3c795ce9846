"""One effect under several assumptions on who complains: as it stands, weighted, corrected for selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem, ServicefxError
from servicefx.models.recovery.complainers import HandlingFit, fit_handling
from servicefx.models.recovery.complaints import Complaints
from servicefx.models.recovery.selection import SelectionFit, fit_selection
from servicefx.models.recovery.weighting import WeightedFit, fit_weighted
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = [
    "SelectionAnswers",
    "compare_answers",
    "corrected_for_selection",
    "held_among_complainers",
]

Floats = NDArray[np.float64]
_COLUMNS = (
    "outcome", "series", "estimate", "std_error", "conf_low", "conf_high", "n_obs", "n_population",
    "undefined",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SelectionAnswers:
    """One effect of handling under different assumptions about who complains.

    Attributes
    ----------
    table : DataFrame
        One row an answer, ``outcome, series, estimate, std_error, conf_low, conf_high, n_obs, n_population,
        undefined``. ``series``: ``complainers`` (all of them), ``complainers_failure`` (whom a failure hit),
        ``weighted``, ``two_step``, ``maximum_likelihood``; ``n_population``: how many people the answer is
        about.
    complainers : HandlingFit
        The first answer.
    weighted : WeightedFit or None
    two_step, likelihood : SelectionFit or None
        None where not to be had; the table says why.
    effects : tuple of Effect
        Those answers that have draws, in the order of the table.
    """

    table: pd.DataFrame
    complainers: HandlingFit
    weighted: WeightedFit | None
    two_step: SelectionFit | None
    likelihood: SelectionFit | None
    effects: tuple[Effect, ...]


def compare_answers(
    complaints: Complaints,
    outcome: str,
    covariates: Sequence[str],
    predictors: Sequence[str],
    *,
    trim: float = 0.99,
    level: float = 0.95,
    unit: str = "points per point",
) -> SelectionAnswers:
    """Effect of handling among complainers, and carried to everybody a failure hit in two ways. Answers H9.

    Parameters
    ----------
    complaints : Complaints
    outcome : str
        Column explained.
    covariates : sequence of str
        Columns held in every answer.
    predictors : sequence of str
        Columns that tell who complains; those that are no covariates are the exclusion restriction of the
        selection model.
    trim : float
        As `fit_weighted`.
    level : float
    unit : str
        Of the slope.

    Returns
    -------
    SelectionAnswers

    Raises
    ------
    DataError, IdentificationError
        If even the regression among complainers cannot be fitted.
    """
    hit = None if complaints.failure is None else complaints.failed
    everybody = fit_handling(complaints, outcome, held_among_complainers(complaints, covariates), unit=unit)
    rows = [_row(outcome, "complainers", everybody.estimates, complaints, level, complaints.n_complained)]
    effects = [everybody.effect]
    if hit is not None:
        try:
            told = fit_handling(complaints, outcome, covariates, only_failures=True, unit=unit)
            n_told = int((complaints.failed & complaints.complained).sum())
            rows.append(_row(outcome, "complainers_failure", told.estimates, complaints, level, n_told))
        except ServicefxError as error:
            rows.append(_refused(outcome, "complainers_failure", error))
    weighted: WeightedFit | None = None
    try:
        weighted = fit_weighted(complaints, outcome, covariates, predictors, trim=trim, unit=unit)
        row = _row(outcome, "weighted", weighted.estimates, complaints, level, weighted.n_population)
        if weighted.effect is not None:
            low, high = weighted.effect.interval(level)
            row |= {"std_error": weighted.effect.std_error, "conf_low": low, "conf_high": high}
            effects.append(weighted.effect)
        rows.append(row)
    except ServicefxError as error:
        rows.append(_refused(outcome, "weighted", error))
    fits: dict[str, SelectionFit] = {}
    for method in ("two_step", "maximum_likelihood"):
        try:
            fit = corrected_for_selection(complaints, outcome, covariates, predictors, method=method)
            rows.append(_row(outcome, method, fit.estimates, complaints, level, fit.n_obs))
            fits[method] = fit
        except ServicefxError as error:
            rows.append(_refused(outcome, method, error))
    if "two_step" in fits:
        effects.append(_two_step_effect(complaints, outcome, fits["two_step"], unit))
    return SelectionAnswers(
        table=pd.DataFrame(rows, columns=list(_COLUMNS)),
        complainers=everybody,
        weighted=weighted,
        two_step=fits.get("two_step"),
        likelihood=fits.get("maximum_likelihood"),
        effects=tuple(effect for effect in effects if effect is not None),
    )


def held_among_complainers(complaints: Complaints, covariates: Sequence[str]) -> tuple[str, ...]:
    """The covariates, and the failure where it hit some complainers and not others."""
    also = () if complaints.failure is None else (complaints.failure,)
    among = complaints.failed[complaints.complained]
    varies = bool(among.any() and not among.all())
    return (*covariates, *(name for name in also if varies and name not in covariates))


def corrected_for_selection(
    complaints: Complaints,
    outcome: str,
    covariates: Sequence[str],
    predictors: Sequence[str],
    *,
    method: str = "two_step",
) -> SelectionFit:
    """Effect of handling corrected for who complains on what nobody measured. Answers H9.

    Right if both equations hold, what is unmeasured in them is jointly normal, and people did not foresee
    how their complaint would be handled.

    Parameters
    ----------
    complaints : Complaints
    outcome : str
        Column explained.
    covariates, predictors : sequence of str
        As `compare_answers`; the selection equation has both.
    method : {"two_step", "maximum_likelihood"}

    Returns
    -------
    SelectionFit

    Raises
    ------
    DataError
        If there are survey weights, which these estimators do not use; or as `fit_selection`.
    IdentificationError
        If everybody complained; or as `fit_selection`.
    """
    where = f"selection model of '{outcome}'"
    if complaints.weights is not None:
        found = f"survey weights '{complaints.weights.name}' cannot be used by this estimator"
        raise DataError(Problem(where, found, "Read the weighted answer."))
    known = list(dict.fromkeys([*covariates, *predictors]))
    if not known:
        found = "no predictor of complaining is named"
        raise IdentificationError(Problem(where, found, "Add predictors under [recovery]."))
    terms = [complaints.handling, *covariates]
    seen = complaints.frame[[outcome, complaints.handling]].notna().all(axis=1).to_numpy()
    rows = complaints.rows(complaints.failed & (~complaints.complained | seen), known, where)
    inside = (
        complaints.failed
        & (~complaints.complained | seen)
        & complaints.frame[known].notna().all(axis=1).to_numpy()
    )
    if rows.complained.all():
        found = "everybody complained, so there is no selection"
        raise IdentificationError(Problem(where, found, "Read the effect among complainers."))
    if not rows.complained.any():
        found = "no complainer whom a failure hit answered everything"
        raise DataError(Problem(where, found, "Ask about fewer covariates at once."))
    frame = complaints.frame.loc[inside].reset_index(drop=True)
    return fit_selection(
        frame.assign(**{complaints.complaint: rows.complained.astype(float)}),
        outcome,
        terms,
        complaints.complaint,
        known,
        method=method,
        covariance="robust",
        clusters=rows.clusters,
        counts=rows.counts if method == "two_step" else None,
    )


def _two_step_effect(complaints: Complaints, outcome: str, fit: SelectionFit, unit: str) -> Effect | None:
    if fit.draws is None:
        return None
    return Effect(
        estimand=f"change in {outcome} per step of {complaints.handling}, had all complained; corrected for "
        "selection on what is unmeasured",
        unit=unit,
        estimate=fit.estimates.coefficient(complaints.handling),
        draws=fit.draws[:, 0],
        draw_source=(complaints.draw_source,),
        design="adjusted",
        assumptions=fit.estimates.assumptions,
    )


def _row(
    outcome: str, series: str, fit: Estimates, complaints: Complaints, level: float, whom: int
) -> dict[str, object]:
    told = fit.table(level=level).set_index("term").loc[complaints.handling]
    numbers: dict[str, object] = {
        name: told[name] for name in ("estimate", "std_error", "conf_low", "conf_high")
    }
    return {
        "outcome": outcome, "series": series, **numbers, "n_obs": fit.n_obs, "n_population": whom,
        "undefined": "",
    }  # fmt: skip


def _refused(outcome: str, series: str, error: ServicefxError) -> dict[str, object]:
    return {"outcome": outcome, "series": series, "undefined": error.problems[0].found}
