"""Reliability of answers taken as ordered categories: ordinal alpha, ordinal omega, categorical omega."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx import sem
from servicefx.errors import DataError, IdentificationError, Problem, ServicefxError
from servicefx.measurement.arguments import check_choice
from servicefx.measurement.reliability.alpha import alpha_of
from servicefx.measurement.reliability.influence import matrix_slope
from servicefx.measurement.reliability.omega import omega_of
from servicefx.measurement.reliability.own_names import in_own_names
from servicefx.moments.bivariate import bivariate_normal_cdf
from servicefx.moments.ordinal import OrdinalMoments, ordinal_moments

__all__ = [
    "OrdinalFactor", "categorical_omega", "fit_ordinal_factor", "ordinal_alpha", "ordinal_omega",
    "polychoric_alpha",
]  # fmt: skip

Floats = NDArray[np.float64]
Convention = Literal["implied", "observed"]
_BEYOND = 40.0
"""A threshold that nobody passes."""
_STEP = 1e-5
"""Step of central differences in loadings and thresholds, both of order 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrdinalFactor:
    """One common factor behind p ordinal items (diagonally weighted least squares on polychorics).

    Attributes
    ----------
    names : tuple of str, length p
    loadings : ndarray, shape (p,)
        Of the normal responses behind the answers, standardised.
    thresholds : ndarray, shape (p, K - 1)
        In SDs of the responses; 40 beyond an item's own.
    polychoric : ndarray, shape (p, p)
    free : ndarray of int, shape (k,)
        Place in ``vcov`` of each loading, then of each of the items' own thresholds, item by item.
    vcov : ndarray
        Robust sampling covariance of the free parameters.
    n_obs : int
    """

    names: tuple[str, ...]
    loadings: Floats
    thresholds: Floats
    polychoric: Floats
    free: NDArray[np.intp]
    vcov: Floats
    n_obs: int

    def omega(self) -> tuple[float, float]:
        """Ordinal omega and its standard error."""

        def of(loadings: Floats, thresholds: Floats) -> float:  # noqa: ARG001
            return float(omega_of(loadings, 1 - loadings**2)[()])

        return of(self.loadings, self.thresholds), self._error(of)

    def categorical_omega(self, convention: Convention) -> tuple[float, float]:
        """Green and Yang's omega and its standard error; NaN for the error of ``observed``."""
        if convention == "observed":
            common = _answer_covariance(self.thresholds, np.outer(self.loadings, self.loadings)).sum()
            return float(common / _answer_covariance(self.thresholds, self.polychoric).sum()), float("nan")

        def of(loadings: Floats, thresholds: Floats) -> float:
            shared = np.outer(loadings, loadings)
            whole = shared.copy()
            np.fill_diagonal(whole, 1.0)
            common = _answer_covariance(thresholds, shared).sum()
            return float(common / _answer_covariance(thresholds, whole).sum())

        return of(self.loadings, self.thresholds), self._error(of)

    def _error(self, of: Callable[[Floats, Floats], float]) -> float:
        p, own = len(self.loadings), self.thresholds < _BEYOND
        at = np.concatenate((self.loadings, self.thresholds[own]))
        slope = np.zeros(len(self.vcov))
        for position, place in enumerate(self.free):
            ends = []
            for sign in (1.0, -1.0):
                moved = at.copy()
                moved[position] += sign * _STEP
                thresholds = self.thresholds.copy()
                thresholds[own] = moved[p:]
                ends.append(of(moved[:p], thresholds))
            slope[place] += (ends[0] - ends[1]) / (2 * _STEP)
        return float(np.sqrt(slope @ self.vcov @ slope))


def ordinal_alpha(items: pd.DataFrame) -> float:
    """Alpha of the normal responses behind ordered answers, from polychoric correlations.

    It says how reliable the sum of the unseen responses would be, not the sum of the answers given: it is no
    estimate of the reliability of a score in use (see `categorical_omega`).

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers in ordered categories, one row a person. Rows with a gap are not used. Weights are not used.

    Returns
    -------
    float
        At most 1; NaN for one item.

    Raises
    ------
    DataError
        Naming an item that does not vary or has more than 100 categories.

    References
    ----------
    Zumbo, Gadermann & Zeisser (2007), J. Mod. Appl. Stat. Methods 6, 21-29; the warning: Chalmers (2018),
    Educ. Psychol. Meas. 78, 1056-1071.
    """
    complete = _complete(items)
    return polychoric_alpha(_moments(complete))[0] if complete.shape[1] > 1 else float("nan")


def ordinal_omega(items: pd.DataFrame) -> float:
    """Omega of the normal responses behind ordered answers (polychoric metric).

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        As `ordinal_alpha`, whose warning holds here too.

    Returns
    -------
    float
        In [0, 1]; NaN for one item. With two items their loadings are held equal.

    Raises
    ------
    DataError, ConvergenceError
        As `ordinal_alpha`; or the factor model has no solution.
    IdentificationError
        If a loading is beyond 1 (Heywood case, the item named).

    Notes
    -----
    Loadings by diagonally weighted least squares; semTools' ``compRelSEM`` with ``ord.scale`` and
    ``obs.var`` FALSE.
    """
    complete = _complete(items)
    return fit_ordinal_factor(complete).omega()[0] if complete.shape[1] > 1 else float("nan")


def categorical_omega(items: pd.DataFrame, *, convention: Convention = "implied") -> float:
    r"""Share of the variance of the sum of ordered answers that is due to one factor behind them.

    The reliability of the sum score actually used, with answers taken as categories.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers in ordered categories, counted as 1, 2, 3, …, one row a person. Rows with a gap are not used.
        Weights are not used.
    convention : {"implied", "observed"}
        Whether the variance of the sum follows from the model's or the sample's polychoric correlations
        (semTools' ``obs.var`` FALSE or TRUE).

    Returns
    -------
    float
        In [0, 1]; NaN for one item. With two items their loadings are held equal.

    Raises
    ------
    StudyError
        If the convention is not known.
    DataError, ConvergenceError, IdentificationError
        As `ordinal_omega`.

    References
    ----------
    Green & Yang (2009), Psychometrika 74, 155-167, eq. 21; semTools' ``compRelSEM(ord.scale = TRUE)``.
    """
    check_choice("convention", convention, get_args(Convention))
    complete = _complete(items)
    if complete.shape[1] < 2:
        return float("nan")
    return fit_ordinal_factor(complete).categorical_omega(convention)[0]


def polychoric_alpha(moments: OrdinalMoments) -> tuple[float, float]:
    """Ordinal alpha and its standard error from the asymptotic covariance of the polychorics."""
    slope = matrix_slope(alpha_of, moments.cov)
    at = np.flatnonzero(np.array(moments.kinds) == "covariance")
    row, column = moments.index[at].T
    gradient = 2 * slope[row, column]
    error = float(np.sqrt(gradient @ moments.gamma[np.ix_(at, at)] @ gradient / moments.n_obs))
    return float(alpha_of(moments.cov)[()]), error


def fit_ordinal_factor(complete: pd.DataFrame) -> OrdinalFactor:
    """One factor behind two or more ordinal items, complete rows; errors as in `ordinal_omega`."""
    names = tuple(str(name) for name in complete.columns)
    plain = [f"y{at}" for at in range(len(names))]
    frame = complete.set_axis(plain, axis=1)
    label = "a*" if len(names) == 2 else ""
    text = "f =~ " + " + ".join(label + name for name in plain)
    try:
        fit = sem.fit(text, frame, estimator="wlsmv", ordered=plain, std_lv=True)
    except ServicefxError as refusal:
        raise in_own_names(refusal, dict(zip(plain, names, strict=True))) from refusal
    rows = fit.parameters
    of_factor, cut = rows[rows["op"] == "=~"], rows[rows["op"] == "|"]
    loadings = of_factor["estimate"].to_numpy(dtype=np.float64)
    loadings = loadings if loadings.sum() >= 0 else -loadings
    beyond = [name for name, value in zip(names, loadings, strict=True) if abs(value) >= 1]
    if beyond:
        raise IdentificationError(
            Problem(
                "ordinal factor model", f"Heywood case: '{beyond[0]}'", "Check the item, or leave it out."
            )
        )
    counts = [int((cut["lhs"] == name).sum()) for name in plain]
    thresholds = np.full((len(names), max(counts)), _BEYOND)
    for at, name in enumerate(plain):
        thresholds[at, : counts[at]] = cut.loc[cut["lhs"] == name, "estimate"]
    at_cuts = [np.asarray(cut.loc[cut["lhs"] == name, "free"], dtype=np.intp) for name in plain]
    free = np.concatenate((np.asarray(of_factor["free"], dtype=np.intp), *at_cuts)) - 1
    if label:  # both loadings are one free value, of which the thresholds come after
        free = np.concatenate(([0], free[:-1]))
    moments = fit.moments
    if isinstance(moments, dict):
        raise TypeError("one group expected")
    return OrdinalFactor(
        names=names,
        loadings=loadings,
        thresholds=thresholds,
        polychoric=moments.cov,
        free=free,
        vcov=fit.vcov,
        n_obs=len(frame),
    )


def _complete(items: pd.DataFrame) -> pd.DataFrame:
    complete = items.dropna()
    if len(complete) < 3:
        found = f"{len(complete)} complete answers to {items.shape[1]} items, at least 3 expected"
        raise DataError(Problem("items", found, "Add answers, or leave out the item hardly anyone answers."))
    return complete


def _moments(complete: pd.DataFrame) -> OrdinalMoments:
    return ordinal_moments(complete, [str(name) for name in complete.columns])


def _answer_covariance(thresholds: Floats, correlation: Floats) -> Floats:
    """Covariances of answers 1, 2, … cut from normal responses with these correlations, shape (p, p)."""
    p = len(thresholds)
    row, column = np.tril_indices(p)
    r = correlation[row, column]
    same = r >= 1
    h, k = thresholds[row], thresholds[column]
    both = np.empty((len(row), h.shape[1], h.shape[1]))
    if same.any():
        both[same] = ndtr(np.minimum(h[same][:, :, None], k[same][:, None, :]))
    both[~same] = bivariate_normal_cdf(h[~same], k[~same], r[~same])
    total = (both - ndtr(h)[:, :, None] * ndtr(k)[:, None, :]).sum(axis=(1, 2))
    covariance = np.empty((p, p))
    covariance[row, column] = covariance[column, row] = total
    return covariance
