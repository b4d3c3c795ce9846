"""Standardised solutions and explained shares, with the derivatives their errors need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.sem_model import Parameter, SemModel

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["Standardised", "explained_shares", "parameter_values", "standardised"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standardised:
    """A standardised solution of k parameters and q free values.

    Attributes
    ----------
    values : ndarray, shape (k,)
        Every parameter in the users' units.
    constructs : ndarray, shape (k,)
        In standard deviations of the constructs alone (lavaan's ``std.lv``).
    all : ndarray, shape (k,)
        In standard deviations of all variables (``std.all``): loadings and paths per standard deviation,
        variances as shares, covariances as correlations of what is left unexplained.
    slopes, slopes_all : ndarray, shape (k, q)
        Derivatives of ``values`` and of ``all`` by free value.
    """

    values: Floats
    constructs: Floats
    all: Floats
    slopes: Floats
    slopes_all: Floats


def parameter_values(fit: SemFit) -> Floats:
    """Every parameter's value in the users' units, shape (k,), in the model's order."""
    model, place = fit.model, _places(fit.model, fit.solution.layout)
    values = np.empty(len(model.parameters))
    computed = fit.solution.extra.get("computed", {})
    for at, parameter in enumerate(model.parameters):
        if parameter.position >= 0:
            values[at] = fit.theta[parameter.position]
        elif parameter.fixed is not None:
            values[at] = parameter.fixed
        elif parameter.sampled:
            values[at] = _sampled(fit, parameter)
        elif isinstance(computed, dict) and at in computed:
            values[at] = computed[at]
        else:
            here = place[parameter.lhs]
            values[at] = fit.at.symmetric[parameter.group, here, here]
    return values


def _sampled(fit: SemFit, parameter: Parameter) -> float:
    moments = fit.solution.moments[parameter.group]
    at = moments.names.index(parameter.lhs)
    if parameter.op == "~1":
        return float("nan") if moments.mean is None else float(moments.mean[at])
    return float(moments.cov[at, moments.names.index(parameter.rhs)])


def standardised(fit: SemFit) -> Standardised:
    r"""The standardised solution of a fit.

    Parameters
    ----------
    fit : SemFit
        With k parameters and q free values.

    Returns
    -------
    Standardised
        NaN where a variance is not positive.

    Notes
    -----
    With C the implied covariances of all variables,
    :math:`\partial C_{kk} / \partial A_{ij} = 2 E_{ki} C_{jk}` and
    :math:`\partial C_{kk} / \partial S_{ij} = 2 c E_{ki} E_{kj}` (c = 1/2 for variances); errors follow by
    the delta method.
    """
    model, layout = fit.model, fit.solution.layout
    place = _places(model, layout)
    values = parameter_values(fit)
    k, q = len(values), layout.n_free
    slopes = np.zeros((k, q))
    position = np.array([p.position for p in model.parameters])
    free = np.flatnonzero(position >= 0)
    slopes[free, position[free]] = 1.0
    constructs, every = np.empty(k), np.empty(k)
    slopes_all = np.empty((k, q))
    size = k // len(model.groups)
    for g in range(len(model.groups)):
        rows = slice(g * size, (g + 1) * size)
        spread = _spread(fit, g)
        parameters = model.parameters[rows]
        for at in [i for i, p in enumerate(parameters) if p.computed and p.op == "~~"]:
            here = place[parameters[at].lhs]
            slopes[g * size + at] = spread.slopes_residual[here]
        powers = _powers(parameters, place, layout)
        used = np.flatnonzero(powers.any(axis=0))
        powers, sd = powers[:, used], spread.both[used]
        latent = np.tile(np.arange(layout.n_variables) >= layout.n_observed, 2)[used]
        with np.errstate(all="ignore"):
            nothing = (values[rows] == 0.0) & ~slopes[rows].any(axis=1)  # of an improper variance too
            by_all = np.where(nothing, 1.0, _product(powers, sd))
            constructs[rows] = values[rows] * np.where(nothing, 1.0, _product(powers * latent, sd))
            every[rows] = values[rows] * by_all
            relative = np.nan_to_num(spread.slopes_both[used] / sd[:, None], nan=0.0, posinf=0.0, neginf=0.0)
            slopes_all[rows] = slopes[rows] * by_all[:, None] + every[rows][:, None] * (powers @ relative)
    return Standardised(values=values, constructs=constructs, all=every, slopes=slopes, slopes_all=slopes_all)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Spread:
    """Standard deviations of variables, then of their residuals (2 v), and derivatives by free value."""

    both: Floats
    slopes_both: Floats
    slopes_residual: Floats


def _spread(fit: SemFit, g: int) -> _Spread:
    layout, model = fit.solution.layout, fit.model
    covariance = covariances(fit, g)
    total, symmetric = fit.at.total[g], fit.at.symmetric[g]
    variance, residual = np.diag(covariance).copy(), np.diag(symmetric).copy()
    explained = _variance_slopes(layout, g, total, covariance)
    slopes = explained
    own = np.zeros((layout.n_variables, len(layout.row)))
    diagonal = np.flatnonzero(~layout.directed & (layout.row == layout.column))
    own[layout.row[diagonal], diagonal] = 1.0
    residual_slopes = layout.by_group(own, g)
    if model.ordered and model.parameterization == "delta":
        within, by_within = covariance, explained
        if model.covariates:  # the responses' variances are held given these
            within = _given(total, symmetric, [model.items.index(name) for name in model.covariates], layout)
            by_within = _variance_slopes(layout, g, total, within)
        scalings = [p for p in model.of_group(g) if p.op == "~*~"]
        places = [model.items.index(p.lhs) for p in scalings]
        asked = -by_within[places]
        for at, (here, p) in enumerate(zip(places, scalings, strict=True)):
            scaling = fit.theta[p.position] if p.position >= 0 else (p.fixed or 1.0)
            variance[here] = scaling**-2.0 + covariance[here, here] - within[here, here]
            if p.position >= 0:
                asked[at, p.position] -= 2.0 * scaling**-3.0
        # a response that acts on others passes the change of its residual variance on to them
        passed = total[:, places] ** 2
        residual_slopes[places] = np.linalg.solve(passed[places], asked)
        slopes = explained + passed @ residual_slopes[places]
    if layout.constant is not None:
        variance[layout.constant] = residual[layout.constant] = 1.0
    with np.errstate(all="ignore"):
        sd = np.sqrt(np.concatenate([variance, residual]))
        change = np.vstack([slopes, residual_slopes]) / (2.0 * sd[:, None])
    return _Spread(both=sd, slopes_both=change, slopes_residual=residual_slopes)


def _variance_slopes(layout: Layout, g: int, total: Floats, covariance: Floats) -> Floats:
    """Derivatives of all variables' variances by the free values of one group, (v, q)."""
    by_cell = 2.0 * layout.share * total[:, layout.row]
    by_cell *= np.where(layout.directed, covariance[:, layout.column], total[:, layout.column])
    return layout.by_group(by_cell, g)


def _given(total: Floats, symmetric: Floats, fixed: list[int], layout: Layout) -> Floats:
    """Covariances of all variables, (v, v), given some of them."""
    around = symmetric.copy()
    around[fixed] = around[:, fixed] = 0.0
    if layout.constant is not None:
        around[layout.constant, layout.constant] = 0.0
    return np.asarray(total @ around @ total.T, dtype=np.float64)


def covariances(fit: SemFit, g: int) -> Floats:
    """Implied covariances of all variables of one group, (v, v); the constant's are 0."""
    layout = fit.solution.layout
    total, symmetric = fit.at.total[g], fit.at.symmetric[g]
    if layout.constant is None:
        return np.asarray(total @ symmetric @ total.T, dtype=np.float64)
    around = symmetric.copy()
    around[layout.constant, layout.constant] = 0.0
    return np.asarray(total @ around @ total.T, dtype=np.float64)


def _product(powers: Floats, sd: Floats) -> Floats:
    """Products of standard deviations to their powers, shape (k,): NaN only where an improper one is used."""
    return np.asarray(np.where(powers == 0, 1.0, sd[None, :] ** powers).prod(axis=1), dtype=np.float64)


def _powers(parameters: tuple[Parameter, ...], place: dict[str, int], layout: Layout) -> Floats:
    """Exponents of the 2 v standard deviations (variables, then residuals) that standardise each value."""
    v = layout.n_variables
    powers = np.zeros((len(parameters), 2 * v))
    for at, p in enumerate(parameters):
        left = place[p.lhs]
        if p.op == "=~":
            powers[at, left] += 1.0
            powers[at, place[p.rhs]] -= 1.0
        elif p.op == "~":
            powers[at, place[p.rhs]] += 1.0
            powers[at, left] -= 1.0
        elif p.op == "~~" and p.lhs == p.rhs:
            powers[at, left] -= 2.0
        elif p.op == "~~":
            powers[at, v + left] -= 1.0
            powers[at, v + place[p.rhs]] -= 1.0
        elif p.op == "~*~":
            powers[at, left] += 1.0
        else:
            powers[at, left] -= 1.0
    return powers


def _places(model: SemModel, layout: Layout) -> dict[str, int]:
    place = {name: at for at, name in enumerate(model.items)}
    return place | {name: layout.n_observed + at for at, name in enumerate(model.constructs)}


def explained_shares(fit: SemFit) -> pd.DataFrame:
    """R² of every explained variable.

    Returns
    -------
    DataFrame
        ``group, outcome, estimate``: 1 - residual over implied variance; NaN where the residual variance is
        negative. Items first, then constructs.
    """
    model, layout = fit.model, fit.solution.layout
    place = _places(model, layout)
    records = []
    for g, group in enumerate(model.groups):
        explained = {p.rhs if p.op == "=~" else p.lhs for p in model.of_group(g) if p.op in ("=~", "~")}
        variance = np.diag(covariances(fit, g))
        residual = np.diag(fit.at.symmetric[g])
        for name in model.names:
            if name in explained:
                at = place[name]
                fine = residual[at] >= 0 and variance[at] > 0
                share = 1.0 - residual[at] / variance[at] if fine else float("nan")
                records.append((group, name, share))
    return pd.DataFrame(records, columns=["group", "outcome", "estimate"])
