"""A fitted model once more by semopy, from its moments, where semopy is right: estimates only."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.moments.moments import Moments
from servicefx.sem.choices import LIKELIHOOD
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.sem_model import Parameter, SemModel

__all__ = ["SecondOpinion", "second_opinion"]

Floats = NDArray[np.float64]
COLUMNS = ("lhs", "op", "rhs", "estimate", "other", "difference")
"""Columns of `SecondOpinion.table`, in this order."""
_SOLVER = {"ftol": 1e-14, "maxiter": 5000}
_SHORT = 1e-7
"""How far semopy's discrepancy may stay above ours and still count as the same minimum."""
Key = tuple[str, str, str]
"""lhs, op, rhs of a parameter."""
_LOADING = 0.7
"""Where the search for a loading begins that semopy has no start for."""
_NO_DISCREPANCY = 1e-9
"""Discrepancy of a model that fits perfectly: semopy takes rounding below 0 for no value at all."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SecondOpinion:
    """What an independent program finds for the same model and moments.

    Attributes
    ----------
    available : bool
        Whether it was asked: it is right for complete data, maximum likelihood and paths among constructs.
    reason : str
        "" where it was; else why not, a clause in the reader's words.
    largest_difference : float
        Of all free values, absolute, with columns in standard deviations; NaN where not available.
    table : DataFrame
        ``lhs, op, rhs, estimate, other, difference``: one row a free value, ours and theirs with columns in
        standard deviations and constructs scaled by their first item; empty where not available.
    """

    available: bool
    reason: str
    largest_difference: float
    table: pd.DataFrame


def second_opinion(fit: SemFit) -> SecondOpinion:
    """Fit the model of a fit again with semopy, and compare the estimates.

    Parameters
    ----------
    fit : SemFit
        Of any kind; where semopy is not right, the answer says why it was not asked.

    Returns
    -------
    SecondOpinion
        Agreement to 1e-4 is the norm.

    Notes
    -----
    A new semopy model is given the sample's correlations under internal names, every parameter written out,
    and searches from its own start. Only its estimates are read: its standard errors, likelihood and fit
    measures are its own. Where its discrepancy stays above ours it stopped short of the minimum, and no
    difference is reported.
    """
    reason = _refusal(fit)
    if reason:
        return _without(reason)
    model = fit.model
    moments = fit.solution.moments[0]
    free = [p for p in model.parameters if p.position >= 0]
    unit = _units(model, np.sqrt(np.diag(moments.cov)))
    ours = np.array([fit.theta[p.position] / unit[p.lhs, p.op, p.rhs] for p in free if p.op != "~1"])
    free = [p for p in free if p.op != "~1"]
    found = _semopy_estimates(model, free, unit, moments)
    if found is None:
        return _without("the second program found no value from where it started")
    theirs, discrepancy = found
    if discrepancy > fit.solution.test.chi2 / fit.n_obs + _SHORT:
        return _without("the second program stopped short of the minimum")
    difference = theirs - ours
    table = pd.DataFrame(
        {
            "lhs": [p.lhs for p in free],
            "op": [p.op for p in free],
            "rhs": [p.rhs for p in free],
            "estimate": ours,
            "other": theirs,
            "difference": difference,
        },
        columns=list(COLUMNS),
    )
    return SecondOpinion(
        available=True, reason="", largest_difference=float(np.abs(difference).max()), table=table
    )


def _without(reason: str) -> SecondOpinion:
    empty = pd.DataFrame({name: [] for name in COLUMNS})
    return SecondOpinion(available=False, reason=reason, largest_difference=float("nan"), table=empty)


def _refusal(fit: SemFit) -> str:
    """Why semopy is not asked; "" where it is right."""
    model = fit.model
    measured = {p.rhs for p in model.parameters if p.op == "=~"}
    own = [name for name in model.items if name not in measured]
    named = {name for p in model.parameters if p.op == "~" for name in (p.lhs, p.rhs)}
    joined = [name for name in model.items if name in named]
    free = [p for p in model.parameters if p.position >= 0]
    if model.ordered:
        return "items are ordered categories"
    if fit.estimator not in LIKELIHOOD:
        return f"the estimator is '{fit.estimator}', and the second program's is maximum likelihood"
    if len(model.groups) > 1:
        return "the model compares groups"
    if _has_gaps(fit):
        return "answers are missing, and the second program needs complete rows"
    if own or joined:
        name = (own or joined)[0]
        return f"'{name}' is observed and stands in the model by itself, not as the item of a construct"
    if _restricts_means(model):
        return "the model restricts means"
    if model.constraints or len({p.position for p in free}) < len(free):
        return "parameters are held equal in the units of the data"
    if _negative_variance(fit):
        return "a variance is negative, which the second program does not allow"
    if fit.solution.test.chi2 / fit.n_obs < _NO_DISCREPANCY:
        return "the model fits perfectly, where the second program finds no value"
    return ""


def _has_gaps(fit: SemFit) -> bool:
    patterns: Any = fit.solution.extra.get("pattern_counts", ())
    return any(missing for group in patterns for missing, _ in group)


def _restricts_means(model: SemModel) -> bool:
    """Whether means follow from anything but an intercept of each item's own."""
    means = [p for p in model.parameters if p.op == "~1"]
    return any(
        p.position < 0 if p.lhs in model.items else p.position >= 0 or p.fixed != 0.0 for p in means
    ) or any(p.label for p in means)


def _negative_variance(fit: SemFit) -> bool:
    return any(
        fit.theta[p.position] < 0
        for p in fit.model.parameters
        if p.op == "~~" and p.lhs == p.rhs and p.position >= 0
    )


def _units(model: SemModel, spread: Floats) -> dict[Key, float]:
    """What one unit of each parameter with columns in standard deviations is in the users' units."""
    scale = dict(zip(model.items, (float(value) for value in spread), strict=True))
    first: dict[str, str] = {}
    for p in model.parameters:
        if p.op == "=~":
            first.setdefault(p.lhs, p.rhs)
    for construct in model.constructs:
        marker, seen = construct, {construct}
        while marker not in scale and marker in first and first[marker] not in seen:
            marker = first[marker]
            seen.add(marker)
        scale[construct] = scale.get(marker, 1.0)
    units: dict[Key, float] = {}
    for p in model.parameters:
        if p.op == "~~":
            units[p.lhs, p.op, p.rhs] = scale[p.lhs] * scale[p.rhs]
        elif p.op == "=~":
            units[p.lhs, p.op, p.rhs] = scale[p.rhs] / scale[p.lhs]
        elif p.op == "~":
            units[p.lhs, p.op, p.rhs] = scale[p.lhs] / scale[p.rhs]
    return units


def _semopy_estimates(
    model: SemModel, free: list[Parameter], unit: dict[Key, float], moments: Moments
) -> tuple[Floats, float] | None:
    """Values of the free parameters by semopy and its discrepancy there; None where it stops on an error."""
    names = {name: f"x{j}" for j, name in enumerate(model.items)}
    names |= {name: f"f{j}" for j, name in enumerate(model.constructs)}
    label: dict[Key, str] = {(p.lhs, p.op, p.rhs): f"b{k}" for k, p in enumerate(free)}
    lines = []
    for p in model.parameters:
        key = (p.lhs, p.op, p.rhs)
        if key in unit:
            value = label.get(key) or np.format_float_positional((p.fixed or 0.0) / unit[key])
            lines.append(f"{names[p.lhs]} {p.op} {value}*{names[p.rhs]}")
    rows = pd.DataFrame(_rows_of(moments.correlation), columns=[names[item] for item in model.items])
    with _quiet():
        from semopy import Model

        engine: Any = Model("\n".join(lines), cov_diag=True)
        for name in _without_marker(model, label):
            engine.parameters[name].start = _LOADING
        try:
            answer = engine.fit(rows, obj="MLW", solver="SLSQP", options=dict(_SOLVER))
        except (np.linalg.LinAlgError, ValueError, FloatingPointError):
            return None
        active = [name for name, parameter in engine.parameters.items() if parameter.active]
        values = dict(zip(active, np.array(engine.param_vals, dtype=np.float64), strict=True))
        discrepancy = float(answer.fun)
    found = np.array([values[label[p.lhs, p.op, p.rhs]] for p in free], dtype=np.float64)
    return (found, discrepancy) if np.isfinite(found).all() and np.isfinite(discrepancy) else None


def _without_marker(model: SemModel, label: dict[Key, str]) -> list[str]:
    """Free loadings of constructs that have no item of fixed loading: semopy looks for one without end."""
    marked = {p.lhs for p in model.parameters if p.op == "=~" and p.fixed and p.rhs in model.items}
    return [label[key] for key in label if key[1] == "=~" and key[0] not in marked]


def _rows_of(correlation: Floats) -> Floats:
    """2 p rows, shape (2 p, p), with mean 0 and exactly these correlations as covariances (denominator n)."""
    root = np.linalg.cholesky(correlation).T * np.sqrt(len(correlation))
    return np.concatenate([root, -root])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep semopy silent: it logs through the root logger, and its line search leaves the proper region.

    The warnings silenced (overflow, improper logarithms, deprecations of its imports) say nothing about the
    result: whether the minimum is reached is checked afterwards by its discrepancy.
    """
    root = logging.getLogger()
    nothing = logging.NullHandler()
    before = logging.root.manager.disable
    root.addHandler(nothing)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.removeHandler(nothing)
