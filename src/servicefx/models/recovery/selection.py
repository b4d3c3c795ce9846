"""Models of selection: an outcome seen only for some, corrected for who is seen (Heckman)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.engines.design_matrix import CONSTANT, checked_clusters, redundant_terms
from servicefx.engines.probit import fit_probit, probit_draws
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.frame_rows import check_present
from servicefx.models.recovery.likelihood import maximise, robust_covariance
from servicefx.models.recovery.mills import two_step_draws
from servicefx.models.recovery.two_steps import (
    MILLS,
    TwoSteps,
    exclusion_strength,
    inflation_of,
    ratio_test,
)
from servicefx.values.estimates import Estimates

__all__ = ["MILLS", "SelectionFit", "fit_selection"]

Floats = NDArray[np.float64]
NORMAL = "what moves the outcome and what moves selection are jointly normal"
EXCLUDED = "what tells who is selected and is not held does not move the outcome itself"
FORM = "nothing but the normal curve tells selection from the terms held (no exclusion restriction)"
UNFORESEEN = "the terms seen for the selected only did not decide who is selected"

_WEAK = 10.0
_COLLINEAR = 10.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SelectionFit:
    """An outcome's equation corrected for selection.

    Attributes
    ----------
    method : str
        ``"two_step"`` or ``"maximum_likelihood"``.
    estimates : Estimates
        Of the outcome's equation, in units of the outcome per unit of the term, constant last; the two-step
        fit has `MILLS` after it.
    selection : Estimates
        Probit of being selected.
    rho : float
        Correlation of what is unmeasured in both equations; a two-step estimate may leave [-1, 1].
    sigma : float
        Standard deviation of the outcome's unmeasured part, in everybody.
    test_statistic, test_p : float
        Test of no selection on what is unmeasured: the ratio's t under that hypothesis (two-step; Heckman
        1979), or the likelihood ratio χ²(1) (maximum likelihood).
    excluded : tuple of str
        Predictors of selection that are not in the outcome's equation.
    strength : mapping of str to float
        Wald test of those in the probit: ``chi2, df, p_value``; empty where there are none.
    inflation : float
        Variance inflation of the inverse Mills ratio by the outcome's other terms.
    draws : ndarray, shape (n_draws, k), or None
        Coefficients of every resample, both steps anew; two-step only.
    n_obs, n_selected : int
        Rows, and those of them whose outcome is seen.
    cautions : tuple of str
        What is doubtful.
    """

    method: str
    estimates: Estimates
    selection: Estimates
    rho: float
    sigma: float
    test_statistic: float
    test_p: float
    excluded: tuple[str, ...]
    strength: Mapping[str, float]
    inflation: float
    draws: NDArray[np.float64] | None
    n_obs: int
    n_selected: int
    cautions: tuple[str, ...]


def fit_selection(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    selected: str,
    predictors: Sequence[str],
    *,
    method: str = "two_step",
    covariance: str = "classical",
    clusters: pd.Series | None = None,
    counts: NDArray[np.float32] | None = None,
) -> SelectionFit:
    """Regression of an outcome that is seen only where ``selected`` is 1, corrected for who is selected.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns. ``selected`` and ``predictors`` complete; outcome and terms complete where selected,
        and not read elsewhere.
    outcome : str
        Column explained.
    terms : sequence of str
        Columns that explain it; the constant is added.
    selected : str
        Column of 0 and 1.
    predictors : sequence of str
        Columns of the selection equation. Those not among ``terms`` are the exclusion restriction; without
        one the correction rests on the normal curve alone, which ``cautions`` says.
    method : {"two_step", "maximum_likelihood"}
    covariance : {"classical", "robust"}
        Classical: Heckman's, which allows for the estimated ratio and for unequal variances (two-step), or
        the inverse Hessian (maximum likelihood). Robust: sandwiches of both equations' scores; clusters
        given mean robust.
    clusters : Series, length n, optional
        Dependence group of every row.
    counts : ndarray, shape (draws, n), optional
        Resamples; a two-step fit repeats both steps in each.

    Returns
    -------
    SelectionFit

    Raises
    ------
    DataError
        If a column is absent or has gaps, or ``selected`` is not 0/1 or does not vary.
    IdentificationError
        If the predictors tell the selected perfectly, terms are collinear (with the ratio), or the
        correlation runs to its bound.
    ConvergenceError
        If a maximum is not reached.

    References
    ----------
    Heckman (1979), Econometrica 47, 153-161 (two steps, eq. 26-28 for errors); Newey (1984), Economics
    Letters 14, 201-206 (two steps as one set of moments); Toomet & Henningsen (2008), J. Stat. Software 27.
    """
    where = f"selection model of '{outcome}'"
    if method not in ("two_step", "maximum_likelihood"):
        raise ValueError(f"method must be 'two_step' or 'maximum_likelihood', not {method!r}")
    if covariance not in ("classical", "robust"):
        raise ValueError(f"covariance must be 'classical' or 'robust', not {covariance!r}")
    chosen = _selected(data, outcome, terms, selected, predictors, where)
    probit = fit_probit(data, selected, predictors)
    step = TwoSteps(
        x=np.column_stack([data.loc[chosen, list(terms)].to_numpy(dtype=float), np.ones(chosen.sum())]),
        y=data.loc[chosen, outcome].to_numpy(dtype=float, copy=True),
        w=np.column_stack([data[list(predictors)].to_numpy(dtype=float), np.ones(len(data))]),
        chosen=chosen,
        probit=probit,
    )
    if redundant_terms(np.column_stack([step.x[:, :-1], step.ratio]), [*terms, MILLS]):
        found = "the inverse Mills ratio can be computed from the outcome's terms: nothing is left to correct"
        remedy = "Name a predictor of selection that is not among the terms."
        raise IdentificationError(Problem(where, found, remedy))
    errors = _errors(covariance, clusters, len(data), outcome)
    if method == "two_step":
        tested = ratio_test(data[chosen], outcome, terms, step.ratio)
        answer = _two_step(step, outcome, terms, errors, counts)
    else:
        answer = _likelihood(step, outcome, terms, errors, where)
        gain = max(2.0 * (answer.logl - probit.fit_measures["logl"] - _line_likelihood(step.y, step.x)), 0.0)
        tested = (gain, float(chdtrc(1, gain)))
    reported = probit
    if not errors.robust:
        reported = replace(probit, covariance=step.first_covariance, covariance_kind="classical")
    elif clusters is not None:
        reported = fit_probit(data, selected, predictors, clusters=clusters)
    excluded = tuple(name for name in predictors if name not in terms)
    strength = exclusion_strength(reported, excluded)
    inflation = inflation_of(step.x, step.ratio)
    return SelectionFit(
        method=method,
        estimates=replace(answer.estimates, assumptions=(NORMAL, EXCLUDED if excluded else FORM, UNFORESEEN)),
        selection=reported if answer.selection is None else answer.selection,
        rho=answer.rho,
        sigma=answer.sigma,
        test_statistic=tested[0],
        test_p=tested[1],
        excluded=excluded,
        strength=strength,
        inflation=inflation,
        draws=answer.draws,
        n_obs=len(data),
        n_selected=len(step.y),
        cautions=_cautions(excluded, strength, inflation, answer.rho),
    )


class _Errors(NamedTuple):
    """Kind of the errors, whether they are robust, groups of rows and the factor for their number."""

    kind: str
    robust: bool
    groups: NDArray[np.intp]
    factor: float


class _Answer(NamedTuple):
    """What a method found; ``selection`` is None where the probit stands as it is."""

    estimates: Estimates
    selection: Estimates | None
    rho: float
    sigma: float
    logl: float
    draws: NDArray[np.float64] | None


def _errors(covariance: str, clusters: pd.Series | None, n: int, outcome: str) -> _Errors:
    if clusters is None:
        robust = covariance == "robust"
        return _Errors("hc0" if robust else "classical", robust, np.arange(n, dtype=np.intp), 1.0)
    codes, n_clusters, name = checked_clusters(clusters, n, outcome)
    return _Errors(f"cluster: {name} ({n_clusters})", True, codes, n_clusters / (n_clusters - 1))


def _two_step(
    step: TwoSteps,
    outcome: str,
    terms: Sequence[str],
    errors: _Errors,
    counts: NDArray[np.float32] | None,
) -> _Answer:
    sigma, rho = step.spread()
    drawn = None
    if counts is not None:
        gamma = probit_draws(step.chosen.astype(float), step.w, counts, step.probit.coefficients)
        drawn = two_step_draws(step.y, step.x, gamma @ step.w[step.chosen].T, counts[:, step.chosen])
    covariance = errors.factor * step.sandwich(errors.groups) if errors.robust else step.classical(sigma, rho)
    estimates = Estimates(
        estimator="Heckman, two steps",
        outcome=outcome,
        terms=(*terms, CONSTANT, MILLS),
        coefficients=step.coefficients,
        covariance=covariance,
        covariance_kind=errors.kind,
        df=float("inf"),
        n_obs=len(step.y),
    )
    return _Answer(estimates, None, rho, sigma, float("nan"), drawn)


def _likelihood(step: TwoSteps, outcome: str, terms: Sequence[str], errors: _Errors, where: str) -> _Answer:
    sigma, rho = step.spread()
    top = maximise(
        step.y, step.x, step.w, step.chosen, step.probit.coefficients, step.coefficients, sigma, rho, where
    )
    covariance = np.asarray(np.linalg.inv(-top.hessian), dtype=np.float64)
    if errors.robust:
        covariance = errors.factor * robust_covariance(covariance, top.scores, errors.groups)
    k, m = step.w.shape[1], step.x.shape[1]
    estimates = Estimates(
        estimator="Heckman, maximum likelihood",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=top.theta[k : k + m],
        covariance=covariance[k : k + m, k : k + m],
        covariance_kind=errors.kind,
        df=float("inf"),
        n_obs=len(step.y),
        fit_measures={"logl": top.logl},
    )
    selection = replace(
        step.probit,
        coefficients=top.theta[:k],
        covariance=covariance[:k, :k],
        covariance_kind=errors.kind,
        fit_measures={},
    )
    rho, sigma = float(np.tanh(top.theta[-1])), float(np.exp(top.theta[-2]))
    return _Answer(estimates, selection, rho, sigma, top.logl, None)


def _selected(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    selected: str,
    predictors: Sequence[str],
    where: str,
) -> NDArray[np.bool_]:
    """Who is selected, or a refusal."""
    names = list(dict.fromkeys([selected, *predictors, outcome, *terms]))
    check_present(data, names, where, "Correct it.")
    if not predictors:
        found = "no predictor of selection is named"
        raise DataError(Problem(where, found, "Name columns that tell who is selected."))
    flags = data[selected].to_numpy(dtype=float)
    if not np.isin(flags, [0.0, 1.0]).all():
        found = f"column '{selected}' holds gaps or values other than 0 and 1"
        raise DataError(Problem(where, found, "Recode it to 0 and 1, and drop rows without it."))
    chosen = np.asarray(flags == 1.0)
    if chosen.all() or not chosen.any():
        found = f"'{selected}' is {int(chosen.all())} in all {len(data)} rows: there is no selection"
        raise DataError(Problem(where, found, "Fit the plain regression."))
    gaps = [name for name in (outcome, *terms) if data.loc[chosen, name].isna().any()]
    if gaps:
        found = "gaps among the selected in " + ", ".join(f"'{name}'" for name in gaps)
        raise DataError(Problem(where, found, "Drop those rows first."))
    return chosen


def _line_likelihood(y: Floats, x: Floats) -> float:
    """Log likelihood of the plain regression at its maximum."""
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(-0.5 * len(y) * (np.log(2 * np.pi * np.mean(residual**2)) + 1.0))


def _cautions(
    excluded: tuple[str, ...], strength: Mapping[str, float], inflation: float, rho: float
) -> tuple[str, ...]:
    found = []
    if not excluded:
        found.append("no predictor of complaining is left out of the outcome's equation: " + FORM)
    elif strength["chi2"] / strength["df"] < _WEAK:
        found.append(
            "the predictors left out of the outcome's equation tell little about who complains "
            f"(χ²/df {strength['chi2'] / strength['df']:.1f}, below {_WEAK:.0f})"
        )
    if inflation > _COLLINEAR:
        found.append(f"the correction overlaps with the terms held (variance inflation {inflation:.0f})")
    if abs(rho) > 1:
        found.append(f"the two steps put the correlation at {rho:.2f}, beyond its bound of 1")
    return tuple(found)
