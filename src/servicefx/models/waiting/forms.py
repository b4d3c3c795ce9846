"""A kink beside a line and smooth curves: which form the data prefer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.waiting.rows import WaitRows, search_range, wait_rows
from servicefx.models.waiting.search import KinkDesign, stretches

__all__ = ["compare_forms", "natural_spline"]

Floats = NDArray[np.float64]
_SPLINE_KNOTS = (0.05, 0.35, 0.65, 0.95)


def compare_forms(
    data: pd.DataFrame,
    outcome: str,
    wait: str,
    covariates: Sequence[str] = (),
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    search: tuple[float, float] | None = None,
    trim: float = 0.05,
) -> pd.DataFrame:
    """Forms of an outcome over the wait, compared by information criteria on the same rows.

    Parameters
    ----------
    data, outcome, wait, covariates, weights, search, trim
        As `servicefx.models.waiting.fit_threshold`.
    clusters : Series, length n, optional
        Only decides which rows are complete: information criteria know no clusters.

    Returns
    -------
    DataFrame
        One row a form, best by BIC first: ``model, n_parameters, logl, aic, bic, delta_aic, delta_bic, r2,
        undefined``. ``logl`` is the normal log likelihood (with weights, of weights scaled to mean 1: a
        guide, no likelihood); ``n_parameters`` counts the error variance and an estimated threshold; the
        deltas are against the best form, and below 2 say "as good".

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.models.waiting.fit_threshold`.

    Notes
    -----
    "flat, then falling" is the kink with slope 0 before its threshold. The spline is natural cubic with
    knots at the 5th, 35th, 65th and 95th percentile (Harrell 2015). The logarithm is of
    1 + wait, and so depends on the unit of the wait.
    """
    rows = wait_rows(data, outcome, wait, covariates, clusters, weights)
    low, high = search_range(rows, search, trim)
    x = (rows.x - rows.x.mean()) / rows.x.std()
    z = (rows.z - rows.z.mean(axis=0)) / np.where(rows.z.std(axis=0) > 0, rows.z.std(axis=0), 1.0)
    ones = np.ones((len(x), 1))
    ends = [(end - rows.x.mean()) / rows.x.std() for end in (low, high)]
    knots = np.quantile(x, _SPLINE_KNOTS)
    forms: list[tuple[str, Floats | None, bool, str]] = [
        ("no wait", np.empty((len(x), 0)), False, ""),
        ("straight line", x[:, None], False, ""),
        ("quadratic", np.column_stack([x, x**2]), False, ""),
        _logarithm(rows),
        _spline(x, knots),
        ("kink", x[:, None], True, ""),
        ("flat, then falling", np.empty((len(x), 0)), True, ""),
    ]
    found = []
    for name, columns, kinked, why in forms:
        if columns is None:
            found.append({"model": name, "n_parameters": 0, "undefined": why})
            continue
        terms = np.hstack([ones, columns, z])
        design = KinkDesign.of(x, terms, rows.weights)
        residual = design.residuals((rows.y - rows.y.mean())[None])
        squares = float((residual**2).sum())
        if kinked:
            squares -= float(design.best(residual, stretches(design.waits, ends[0], ends[1])).gain[0])
        parameters = terms.shape[1] + 1 + 2 * kinked
        found.append({"model": name, "n_parameters": parameters, "undefined": "", "squares": squares})
    return _judged(pd.DataFrame(found), rows)


def _logarithm(rows: WaitRows) -> tuple[str, Floats | None, bool, str]:
    name = "logarithm of 1 + wait"
    if rows.x[0] < 0:
        return name, None, False, f"'{rows.wait}' has values below 0"
    logs = np.log1p(rows.x)
    return name, ((logs - logs.mean()) / logs.std())[:, None], False, ""


def _spline(x: Floats, knots: Floats) -> tuple[str, Floats | None, bool, str]:
    name = "natural cubic spline"
    if len(np.unique(knots)) < len(knots):
        return name, None, False, "two of its knots fall on one wait"
    return name, natural_spline(x, knots), False, ""


def natural_spline(x: Floats, knots: Floats) -> Floats:
    """Columns of a natural cubic spline without its constant, shape (n, K - 1).

    Parameters
    ----------
    x : ndarray, shape (n,)
    knots : ndarray, shape (K,)
        Rising; beyond the outer two the curve is straight.

    Notes
    -----
    Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, eqs. 5.4-5.5.
    """

    def beyond(knot: float) -> Floats:
        cubes = np.maximum(x - knot, 0.0) ** 3 - np.maximum(x - knots[-1], 0.0) ** 3
        return np.asarray(cubes / (knots[-1] - knot))

    last = beyond(float(knots[-2]))
    return np.column_stack([x, *(beyond(float(knot)) - last for knot in knots[:-2])])


def _judged(forms: pd.DataFrame, rows: WaitRows) -> pd.DataFrame:
    """Likelihoods, criteria and explained shares, best by BIC first."""
    n = len(rows.x)
    squares = forms.pop("squares").to_numpy(dtype=float)
    parameters = forms["n_parameters"].to_numpy(dtype=float)
    logl = -0.5 * n * (np.log(2 * np.pi * squares / n) + 1) + 0.5 * np.log(rows.weights).sum()
    mean = np.average(rows.y, weights=rows.weights)
    total = float(rows.weights @ (rows.y - mean) ** 2)
    forms["logl"] = logl
    forms["aic"] = 2 * parameters - 2 * logl
    forms["bic"] = np.log(n) * parameters - 2 * logl
    for name in ("aic", "bic"):
        forms[f"delta_{name}"] = forms[name] - forms[name].min()
    forms["r2"] = 1 - squares / total
    columns = ["model", "n_parameters", "logl", "aic", "bic", "delta_aic", "delta_bic", "r2", "undefined"]
    return forms.sort_values("bic", kind="stable")[columns].reset_index(drop=True)
