"""Regressions of a count: Poisson and negative binomial, either with zeros added, and all their resamples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from servicefx.engines.count_densities import count_density
from servicefx.engines.count_rows import ZERO, CountRows, count_rows
from servicefx.engines.count_search import LEAST_DISPERSION, LEAST_ZERO_ODDS, count_curve, count_maximum
from servicefx.engines.sandwich import Sandwich, mean_one_weights, sandwich_of
from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = [
    "COUNT_FAMILIES",
    "CountFamily",
    "count_chances",
    "count_draws",
    "count_means",
    "fit_counts",
    "rows_of",
]

Floats = NDArray[np.float64]
CountFamily = Literal[
    "poisson", "negative_binomial", "zero_inflated_poisson", "zero_inflated_negative_binomial"
]
COUNT_FAMILIES: tuple[CountFamily, ...] = get_args(CountFamily)
"""From the fewest parameters to the most."""
_SEPARATED = 15.0
"""A term whose whole range moves the log of a mean, or log odds, by more than this has no finite maximum."""
NOT_DISPERSED = "counts spread no more than a Poisson's"
NEVER_CERTAIN = "no zero is certain"


def rows_of(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    family: CountFamily,
    *,
    inflation: Sequence[str] = (),
    exposure: str | None = None,
) -> CountRows:
    """Arrays of one family's model; parameters and errors as `fit_counts`."""
    if family not in COUNT_FAMILIES:
        known = ", ".join(f"'{name}'" for name in COUNT_FAMILIES)
        found = f"'{family}' is no family of counts (known: {known})"
        raise DataError(Problem(f"count model of '{outcome}'", found, "Choose one of these."))
    return count_rows(
        data,
        outcome,
        terms,
        dispersed=family.endswith("binomial"),
        inflation=tuple(inflation) if family.startswith("zero") else None,
        exposure=exposure,
    )


def fit_counts(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    family: CountFamily = "poisson",
    *,
    inflation: Sequence[str] = (),
    exposure: str | None = None,
    robust: bool = True,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> Estimates:
    """Maximum-likelihood regression of a count on terms and a constant, on the log scale.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; the outcome holds whole numbers from 0.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain the mean; a constant is added.
    family : str
        One of `COUNT_FAMILIES`. The negative binomial is NB2: variance mu + alpha mu².
    inflation : sequence of str
        Columns that explain which zeros are certain, in a logit; a constant is added. Of families with
        zeros added only.
    exposure : str, optional
        Column > 0 that the mean is proportional to.
    robust : bool
        Sandwich errors (HC0, no factor), right for the mean whatever the spread of counts; False: the
        inverse of the observed information.
    clusters : Series, length n, optional
        Dependence group of every row, with the factor G/(G-1).
    weights : Series, length n, optional
        Survey weights > 0; errors are then robust.

    Returns
    -------
    Estimates
        Log of the ratio of means per unit of each term, and the constant; then ``"always zero: ..."`` (log
        odds of a certain zero) and ``"dispersion"`` (alpha). Normal reference. ``fit_measures`` hold
        ``logl, n_parameters`` and, without weights, ``aic, bic``. A dispersion at its lower end is 0, and a
        constant of the certain zeros there -15, both without an error: ``undefined`` says so.

    Raises
    ------
    DataError
        As `servicefx.engines.count_rows.count_rows`.
    IdentificationError
        If terms can be computed from each other, or all rows that a term singles out are zero.
    ConvergenceError
        If the maximum is not reached.

    Notes
    -----
    The mean's coefficients of a Poisson or NB2 regression are consistent whatever the distribution, if the
    mean is right (Gourieroux, Monfort & Trognon 1984); those of models with zeros added are not.

    References
    ----------
    Cameron & Trivedi (2013), Regression Analysis of Count Data, 2nd ed., secs. 2.4, 3.3, 4.6; Lambert (1992),
    Technometrics 34, 1-14; Greene (1994), NYU working paper EC-94-10 (zero-inflated negative binomial).

    Examples
    --------
    >>> data = pd.DataFrame({"told": [1, 2, 3, 2, 4, 6], "angry": [0, 0, 0, 1, 1, 1]})
    >>> fit = fit_counts(data, "told", ["angry"])
    >>> [round(float(ratio), 3) for ratio in np.exp(fit.coefficients)]  # 4 against 2 people
    [2.0, 2.0]
    """
    rows = rows_of(data, outcome, terms, family, inflation=inflation, exposure=exposure)
    where = f"count model of '{outcome}'"
    n = len(rows.y)
    weight = mean_one_weights(weights, n, outcome)
    sandwich = sandwich_of(clusters, n, outcome, robust=robust or weights is not None)
    at, logl = _best(rows, weight, where)
    _refuse_separation(rows, at, where)
    covariance, held = _covariance(rows, at, weight, sandwich)
    reported = rows.reported(at[None])[0]
    undefined = {}
    if rows.dispersed and held[-1]:
        reported[-1] = 0.0
        undefined[rows.terms[-1]] = NOT_DISPERSED
    if rows.z.shape[1] and held[rows.x.shape[1] + rows.z.shape[1] - 1]:
        undefined[f"{ZERO}constant"] = NEVER_CERTAIN
    measures = {"logl": logl, "n_parameters": float(len(at))}
    if weights is None:
        measures |= {"aic": 2 * len(at) - 2 * logl, "bic": float(np.log(n)) * len(at) - 2 * logl}
    return Estimates(
        estimator=family.replace("_", " "),
        outcome=outcome,
        terms=rows.terms,
        coefficients=reported,
        covariance=covariance,
        covariance_kind=sandwich.kind,
        df=float("inf"),
        n_obs=n,
        fit_measures=measures,
        undefined=undefined,
    )


def count_draws(
    rows: CountRows,
    counts: NDArray[np.floating],
    start: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> Floats:
    """Coefficients of a count model in every resample, by Newton steps from the full sample's.

    Parameters
    ----------
    rows : CountRows
        From `rows_of`.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (p,)
        The full sample's coefficients, in the order of ``rows.terms``.
    weights : ndarray, shape (n,), optional
        Survey weights.

    Returns
    -------
    ndarray, shape (draws, p)
        As the coefficients of `fit_counts`; NaN rows where a resample has no finite maximum.
    """
    totals = rows.cells.totals(counts if weights is None else counts * weights)
    found, _ = count_maximum(rows.cells, totals, rows.scaled(start[None])[0])
    found[~(_reach(rows, found) < _SEPARATED)] = np.nan
    return rows.reported(found)


def count_means(rows: CountRows, coefficients: Floats) -> Floats:
    """Expected count of every row under B sets of coefficients, (B, p), certain zeros included; (B, n)."""
    k, m = rows.x.shape[1], rows.z.shape[1]
    mean = np.exp(coefficients[:, :k] @ rows.x.T + rows.offset)
    return mean * expit(-(coefficients[:, k : k + m] @ rows.z.T)) if m else mean


def count_chances(rows: CountRows, coefficients: Floats, values: Floats) -> Floats:
    """Chance of each count in every row.

    Parameters
    ----------
    rows : CountRows
    coefficients : ndarray, shape (p,)
    values : ndarray, shape (v,)
        Counts asked for.

    Returns
    -------
    ndarray, shape (n, v)
        In [0, 1].
    """
    k, m = rows.x.shape[1], rows.z.shape[1]
    log_mean = rows.x @ coefficients[:k] + rows.offset
    odds = rows.z @ coefficients[k : k + m] if m else None
    alpha = coefficients[-1] if rows.dispersed else 0.0
    spread = np.full((1, 1), np.log(alpha)) if alpha > 0 else None
    chances = np.empty((len(rows.y), len(values)))
    for at, value in enumerate(values):
        density = count_density(
            np.array([value]), np.zeros(len(rows.y), dtype=np.intp), log_mean[None], spread,
            None if odds is None else odds[None],
        )  # fmt: skip
        chances[:, at] = np.exp(density.logp[0])
    return chances


def _best(rows: CountRows, weight: Floats, where: str) -> tuple[Floats, float]:
    """Highest maximum over a few beginnings: likelihoods with zeros added may have several."""
    totals = rows.cells.totals(weight[None])
    k, m = rows.x.shape[1], rows.z.shape[1]
    base = np.zeros(k)
    base[-1] = np.log(weight @ rows.y / (weight @ np.exp(rows.offset)))
    zeros = float(weight @ (rows.y == 0) / weight.sum())
    odds = [float(logit(min(max(share * zeros, 0.01), 0.9))) for share in ((0.2, 0.5, 0.9) if m else (0.5,))]
    best: tuple[Floats, float] = (np.full(k, np.nan), -np.inf)
    for chance in odds:
        for spread in (-1.0, 1.0) if rows.dispersed else (0.0,):
            start = np.concatenate(
                [base, np.r_[np.zeros(m - 1), chance] if m else [], [spread] if rows.dispersed else []]
            )
            if m:
                start[k - 1] -= np.log1p(-expit(chance))
            found, logl = count_maximum(rows.cells, totals, start)
            if np.isfinite(logl[0]) and logl[0] > best[1] + 1e-9 * abs(logl[0]):
                best = found[0], float(logl[0])
            if not m and np.isfinite(best[1]):
                return best
    if not np.isfinite(best[1]):
        found_text = "no maximum of the likelihood was reached"
        raise ConvergenceError(Problem(where, found_text, "Remove terms, or choose a simpler family."))
    return best


def _reach(rows: CountRows, scaled: Floats) -> Floats:
    """How far each set of parameters moves a log mean or log odds over the range of one term, shape (B,)."""
    k, m = rows.x.shape[1], rows.z.shape[1]
    x, z = rows.cells.x[:, :-1], rows.cells.z[:, :-1]
    moved = np.hstack([scaled[:, : k - 1] * np.ptp(x, axis=0), scaled[:, k : k + m - 1] * np.ptp(z, axis=0)])
    return np.asarray(np.abs(moved).max(axis=1, initial=0.0), dtype=np.float64)


def _refuse_separation(rows: CountRows, at: Floats, where: str) -> None:
    if _reach(rows, at[None])[0] < _SEPARATED:
        return
    k, m = rows.x.shape[1], rows.z.shape[1]
    names = [*rows.terms[: k - 1], *rows.terms[k : k + m - 1]]
    spans = [*np.ptp(rows.cells.x[:, :-1], axis=0), *np.ptp(rows.cells.z[:, :-1], axis=0)]
    moves = np.abs(np.r_[at[: k - 1], at[k : k + m - 1]] * spans)
    name = names[int(moves.argmax())].removeprefix(ZERO)
    found = (
        f"in the rows that '{name}' singles out hardly anything but one answer is seen, so its coefficient "
    )
    raise IdentificationError(
        Problem(where, found + "has no finite value", "Remove the term, or merge its rare values.")
    )


def _covariance(
    rows: CountRows, at: Floats, weight: Floats, sandwich: Sandwich
) -> tuple[Floats, NDArray[np.bool_]]:
    """Covariance of the reported coefficients, and which stand at their least value (no error)."""
    p = len(at)
    held = np.zeros(p, dtype=bool)
    if rows.dispersed:
        held[-1] = at[-1] <= LEAST_DISPERSION
    if rows.z.shape[1]:
        place = rows.x.shape[1] + rows.z.shape[1] - 1
        held[place] = at[place] <= LEAST_ZERO_ODDS
    free = np.flatnonzero(~held)
    curve = count_curve(rows.cells, rows.cells.totals(weight[None]), at[None])
    try:
        bread = np.linalg.inv(-curve.hessian[0][np.ix_(free, free)])
    except np.linalg.LinAlgError as exc:
        found = "the likelihood is flat at its maximum: the terms do not tell its parameters apart"
        raise IdentificationError(
            Problem(f"count model of '{rows.outcome}'", found, "Remove terms.")
        ) from exc
    scores = rows.cells.scores(at)[rows.cells.place][:, free] * weight[:, None]
    covariance = sandwich.covariance(bread, scores)
    back = rows.back.copy()
    if rows.dispersed:
        back[-1] *= np.exp(at[-1])
    whole = np.full((p, p), np.nan)
    # a parameter held at its end has no error, and the others do not depend on it
    whole[np.ix_(free, free)] = (back[:, free] @ covariance @ back[:, free].T)[np.ix_(free, free)]
    return whole, held
