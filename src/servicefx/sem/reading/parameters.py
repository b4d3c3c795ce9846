"""The parameter frame of a fit, and its paths as Estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from servicefx.sem.reading.standardised import Standardised, standardised
from servicefx.sem.structure.constraints import defined_gradient, defined_values
from servicefx.sem.structure.sem_model import SemModel
from servicefx.values.estimates import Estimates

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["inference_columns", "parameter_frame", "path_estimates"]

Floats = NDArray[np.float64]
_ROUNDING = 1e-14
"""Errors below this are those of constants, such as the standardised variance of a construct."""


def parameter_frame(fit: SemFit) -> pd.DataFrame:
    """Every parameter with its error, interval and standardised values; see `SemFit.parameters`."""
    model = fit.model
    found = standardised(fit)
    estimate, error = found.values, _errors(found.slopes, fit.vcov)
    error[[p.position < 0 and not p.computed for p in model.parameters]] = np.nan
    std_lv, std_all, std_error = found.constructs, found.all, _errors(found.slopes_all, fit.vcov)
    if model.definitions:
        extra = _defined(fit, found)
        estimate, error, std_lv, std_all, std_error = (
            np.concatenate(pair)
            for pair in zip((estimate, error, std_lv, std_all, std_error), extra, strict=True)
        )
    defined = model.definitions
    labels = ["" if len(model.groups) == 1 else group for group in model.groups]
    columns: dict[str, object] = {
        "group": [labels[p.group] for p in model.parameters] + [""] * len(defined),
        "lhs": [p.lhs for p in model.parameters] + [d.name for d in defined],
        "op": [p.op for p in model.parameters] + [":="] * len(defined),
        "rhs": [p.rhs for p in model.parameters] + [d.expression.text for d in defined],
        "label": [p.label for p in model.parameters] + [d.name for d in defined],
        "free": np.array([p.free for p in model.parameters] + [0] * len(defined)),
        **inference_columns(estimate, error, fit.choices.level),
        "std_lv": std_lv,
        "std_all": std_all,
        "std_all_error": std_error,
    }
    return pd.DataFrame(columns)


def inference_columns(estimate: Floats, error: Floats, level: float) -> dict[str, Floats]:
    """``estimate, std_error, statistic, p_value, conf_low, conf_high`` by the normal distribution."""
    with np.errstate(all="ignore"):
        statistic = np.where(error > 0, estimate / error, np.nan)
    reach = ndtri((1 + level) / 2) * error
    return {
        "estimate": estimate,
        "std_error": error,
        "statistic": statistic,
        "p_value": 2.0 * ndtr(-np.abs(statistic)),
        "conf_low": estimate - reach,
        "conf_high": estimate + reach,
    }


def _errors(slopes: Floats, vcov: Floats) -> Floats:
    """Delta-method errors, shape (k,), of functions with derivatives (k, q); rounding counts as 0."""
    variance = np.einsum("kq,kq->k", slopes @ vcov, slopes)
    size = np.einsum("kq,q->k", slopes**2, np.diag(vcov).clip(min=0.0))
    variance = np.where(variance < 1e-13 * size, 0.0, variance)
    return np.sqrt(np.where(variance < _ROUNDING**2, 0.0, variance))


def _defined(fit: SemFit, found: Standardised) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Estimate, error, std_lv, std_all and its error of every ``:=`` line."""
    model = fit.model
    values = np.array([float(value) for value in defined_values(model, fit.theta).values()])
    errors = _errors(defined_gradient(model, fit.theta), fit.vcov)
    rows = _label_rows(model)
    by_constructs = _of_labels(model, {label: float(found.constructs[at]) for label, at in rows.items()})
    by_all = {label: float(found.all[at]) for label, at in rows.items()}
    every = _of_labels(model, by_all)
    known = dict(by_all)
    slopes: dict[str, Floats] = {label: found.slopes_all[at] for label, at in rows.items()}
    for definition in model.evaluation:
        gradient = definition.expression.gradient(known)
        total = np.zeros(len(fit.theta))
        for name, slope in gradient.items():
            total = total + float(slope) * slopes[name]
        slopes[definition.name] = total
        known[definition.name] = float(definition.expression.value(known))
    stacked = np.array([slopes[definition.name] for definition in model.definitions])
    return values, errors, by_constructs, every, _errors(stacked, fit.vcov)


def _label_rows(model: SemModel) -> dict[str, int]:
    """Label -> the first parameter that carries it."""
    rows: dict[str, int] = {}
    for at, parameter in enumerate(model.parameters):
        if parameter.label:
            rows.setdefault(parameter.label, at)
    return rows


def _of_labels(model: SemModel, labels: dict[str, float]) -> Floats:
    known = dict(labels)
    for definition in model.evaluation:
        known[definition.name] = float(definition.expression.value(known))
    return np.array([known[definition.name] for definition in model.definitions])


def path_estimates(fit: SemFit) -> tuple[Estimates, ...]:
    """The paths as `Estimates`, one an explained variable and group; fixed paths have NaN covariance."""
    model = fit.model
    fits = []
    for g, group in enumerate(model.groups):
        paths = [p for p in model.of_group(g) if p.op == "~"]
        for outcome in dict.fromkeys(p.lhs for p in paths):
            own = [p for p in paths if p.lhs == outcome]
            at = [p.position for p in own]
            covariance = np.full((len(own), len(own)), np.nan)
            free = [j for j, p in enumerate(own) if p.position >= 0]
            covariance[np.ix_(free, free)] = fit.vcov[np.ix_([at[j] for j in free], [at[j] for j in free])]
            values = [fit.theta[p.position] if p.position >= 0 else float(p.fixed or 0.0) for p in own]
            fits.append(
                Estimates(
                    estimator=f"structural equation model, {fit.estimator}",
                    outcome=outcome,
                    terms=tuple(p.rhs for p in own),
                    coefficients=np.array(values),
                    covariance=covariance,
                    covariance_kind=fit.solution.error_kind + (f", group {group}" if group else ""),
                    df=float("inf"),
                    n_obs=fit.n_by_group[g],
                    dropped=dict(fit.dropped),
                    fit_measures=fit.measures,
                    undefined={p.rhs: f"fixed at {p.fixed:g}" for p in own if p.fixed is not None}
                    | fit.undefined,
                    assumptions=("the model holds",),
                )
            )
    return tuple(fits)
