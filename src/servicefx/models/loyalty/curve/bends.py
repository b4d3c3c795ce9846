"""Tests of the straight line: slopes alike in given zones, and no bend anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from servicefx.models.loyalty.curve.forms import Form, FormFit, zone_columns
from servicefx.models.loyalty.curve.places import CurveRows, Tallies
from servicefx.models.loyalty.curve.search import KnotLattice, hinge_gains, working

__all__ = ["bend_row", "zone_row"]

Floats = NDArray[np.float64]
ALIKE, NO_BEND = "slopes are alike in the given zones", "there is no bend anywhere"
_BLOCK = 100
_SURE = 1e-6
"""Variance of an answer whose fitted chance runs to 0 or 1, as where log odds have no maximum."""


def zone_row(rows: CurveRows, form: Form, fit: FormFit | None, tallies: Tallies) -> dict[str, object]:
    """Wald test of equal slopes in the given zones, as F with robust or clustered errors.

    Notes
    -----
    Sandwich covariance with the factor n/(n - 4), and with clusters G/(G - 1) (n - 1)/(n - 4) and G - 1
    residual degrees of freedom.
    """
    if fit is None or form.shape is None:
        return _row(ALIKE, float("nan"), float("nan"), float("nan"), float("nan"), 0, form.undefined)
    n, k = len(rows.y), 4
    mean = fit.mean(rows.x)
    if rows.binary and float((mean * (1 - mean)).min()) < _SURE:
        return _row(ALIKE, np.nan, 2.0, np.nan, np.nan, 0, "some zone separates the answers: no finite slope")
    weight, _ = working(mean, tallies, binary=rows.binary, logit=True)
    basis = zone_columns(rows.x, (form.knots[0], form.knots[1]))
    bread = np.linalg.inv(basis.T @ (weight[0][:, None] * basis))
    error = rows.weights * (rows.y - mean[0][rows.at])
    if rows.clusters is None:
        squares = np.bincount(rows.at, weights=error**2)
        meat, factor, df = basis.T @ (squares[:, None] * basis), n / (n - k), n - k
    else:
        sums = _by_cluster(rows, error) @ basis
        groups = len(sums)
        meat, df = sums.T @ sums, groups - 1
        factor = groups / (groups - 1) * (n - 1) / (n - k)
    covariance = factor * bread @ meat @ bread
    gap, spread = fit.theta[0, 2:], covariance[2:, 2:]
    if np.linalg.matrix_rank(spread) < 2:
        return _row(ALIKE, np.nan, 2.0, float(df), np.nan, 0, "too few clusters to tell the slopes apart")
    statistic = float(gap @ np.linalg.solve(spread, gap)) / 2
    return _row(ALIKE, statistic, 2.0, float(df), float(fdtrc(2, df, statistic)), 0, "")


def bend_row(
    rows: CurveRows, lattice: KnotLattice | None, straight: FormFit, tallies: Tallies, draws: int, seed: int
) -> dict[str, object]:
    """Largest gain of two bends over a straight line, anywhere, against draws without a bend.

    Notes
    -----
    Knots that are sought where they help most make any ordinary test too generous. Here the straight line's
    residuals are multiplied by standard normal numbers, one a row or cluster, and the same search is made in
    each draw (Hansen 1996, Econometrica 64, 413-430; 2017). Of a logit the statistic is the score's.
    """
    if lattice is None:
        return _row(NO_BEND, np.nan, np.nan, np.nan, np.nan, 0, "there is no room for two knots")
    mean = straight.mean(rows.x)
    weight, rest = working(mean, tallies, binary=rows.binary, logit=True)
    scale = 1.0 if rows.binary else float(straight.deviance[0]) / (len(rows.y) - 2)
    statistic = float(hinge_gains(rows.x, weight, rest, lattice).max()) / (2 * scale)
    rng = np.random.default_rng([seed, *b"loyalty bends"])
    error = rows.weights * (rows.y - mean[0][rows.at])
    parts = (
        np.diag(np.sqrt(np.bincount(rows.at, weights=error**2)))
        if rows.clusters is None
        else _by_cluster(rows, error)
    )
    higher = 0
    for first in range(0, draws, _BLOCK):
        drawn = rng.standard_normal((min(_BLOCK, draws - first), len(parts))) @ parts
        gains = hinge_gains(rows.x, weight, drawn, lattice).max(axis=1) / (2 * scale)
        higher += int((gains >= statistic).sum())
    return _row(NO_BEND, statistic, 2.0, np.nan, (higher + 1) / (draws + 1), draws, "")


def _by_cluster(rows: CurveRows, error: Floats) -> Floats:
    """Sum of errors of every cluster at every place, shape (clusters, u)."""
    assert rows.clusters is not None
    n_clusters, n_places = int(rows.clusters.max()) + 1, len(rows.x)
    sums = np.bincount(rows.clusters * n_places + rows.at, weights=error, minlength=n_clusters * n_places)
    return np.asarray(sums.reshape(n_clusters, n_places), dtype=np.float64)


def _row(
    rule: str, statistic: float, df: float, df_residual: float, p_value: float, draws: int, why: str
) -> dict[str, object]:
    return {
        "rule": rule,
        "sup_f": statistic,
        "df": df,
        "df_residual": df_residual,
        "p_value": p_value,
        "n_draws": draws,
        "undefined": why,
    }
