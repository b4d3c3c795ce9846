"""relative_importance: how much of an outcome's explained variance each driver is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.drivers.decomposition import (
    EXACT,
    Method,
    check_method,
    check_regular,
    explained_shares,
    parts,
    simulated_parts,
)
from servicefx.models.drivers.draws import NO_DRAWS, chance_first, percentile_bounds, rank_bounds, ranks
from servicefx.models.drivers.resampling import DriverMoments, driver_moments
from servicefx.moments.moments import Moments

__all__ = ["importance_draws", "relative_importance"]

Floats = NDArray[np.float64]


def relative_importance(
    data: pd.DataFrame | Moments,
    outcome: str,
    drivers: Sequence[str],
    method: Method = "lmg",
    draws: int = 0,
    seed: int | None = None,
    *,
    covariates: Sequence[str] = (),
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    analysis_id: str = "data",
    level: float = 0.95,
) -> pd.DataFrame:
    """Part of an outcome's explained variance that each driver is given, with its rank. Answers H1.

    The parts say how R² is shared among drivers that overlap, not what would happen if a driver were changed.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Moments
        Numeric columns; rows with a gap in the outcome, a driver, weight or cluster are left out and counted.
        Moments, e.g. of a printed correlation table, give the same numbers.
    outcome : str
        Column explained.
    drivers : sequence of str, length p
        Columns that explain it.
    method : {"lmg", "dominance", "johnson", "first", "last", "pratt"}
        ``lmg``: mean increment of R² over all orders of entry (the Shapley value; general dominance is the
        same number); any collinearity; exact to 15 drivers, beyond over sampled orders. ``johnson``: relative
        weights. ``first``: squared correlation. ``last``: what R² loses without the driver. ``pratt``:
        coefficient times correlation, which may be below 0.
    draws : int
        Resamples; 0 gives no intervals. Of moments, normal samples with these moments are drawn.
    seed : int, optional
        The study's seed; None counts as 0.
    covariates : sequence of str
        Columns held: entered before every driver, so that the parts share what the drivers add to them.
    weights : Series, length n, optional
        Survey weights > 0.
    clusters : Series, length n, optional
        Whole clusters are drawn.
    analysis_id : str
        Name of the data file, so that draws line up with those of other questions on the same rows.
    level : float
        Of the percentile intervals.

    Returns
    -------
    DataFrame
        One row a driver in the order given: ``term, estimate, conf_low, conf_high`` (part of R², in [0, 1];
        those of lmg, dominance, johnson and pratt sum to ``r2``), ``share, share_low, share_high`` (the same
        over ``r2``), ``rank, rank_low, rank_high`` (1 is the largest; between which ranks it stands in at
        least ``level`` of the draws), ``chance_first`` (share of the draws in which it is first), ``r2``
        (explained by all drivers, beyond the columns held), ``simulation_error`` (standard error due to
        sampled orders; 0 where exact), ``method, interval, n_obs, n_dropped, n_draws, undefined``.

    Raises
    ------
    DataError
        If a column is absent, text, constant or named twice, rows are too few, or draws are below 0.
    IdentificationError
        If drivers are collinear and the method is ``johnson`` or ``pratt``.
    StudyError
        If the method is not known.

    Notes
    -----
    With v(S) the R² of drivers S, lmg of j is the sum over S without j of |S|! (p-|S|-1)! / p! times
    v(S + j) - v(S). All of it, draws included, stands on correlation matrices; no model is refitted. Parts
    of R² cannot fall below 0 under lmg and johnson, so an interval that excludes 0 is no test: a column of
    noise has a part above 0 in every sample. With columns C held, v(S) is R² of S and C less R² of C.

    References
    ----------
    Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis, 119-127; Grömping
    (2007), Am. Stat. 61, 139-147; Johnson (2000), Multivariate Behav. Res. 35, 1-19; Budescu (1993),
    Psychol. Bull. 114, 542-551; Pratt (1987), Proc. 2nd Tampere Conf. Stat., 245-260.

    Examples
    --------
    >>> table = [[1, 0.6, 0.5], [0.6, 1, 0.4], [0.5, 0.4, 1]]
    >>> moments = Moments.from_correlation(table, [1, 1, 1], 300, names=["satisfaction", "staff", "price"])
    >>> found = relative_importance(moments, "satisfaction", ["staff", "price"])
    >>> found[["term", "estimate", "rank"]].round(4).to_numpy().tolist()
    [['staff', 0.2752, 1], ['price', 0.1652, 2]]
    """
    check_method(method)
    moments = driver_moments(
        data, outcome, drivers, covariates, draws=draws, seed=seed, weights=weights, clusters=clusters,
        analysis_id=analysis_id,
    )  # fmt: skip
    estimate, error, drawn = importance_draws(moments, outcome, method, 0 if seed is None else seed)
    r2 = float(explained_shares(moments.correlation[None])[0]) * moments.left
    r2_drawn = explained_shares(moments.correlations) * moments.lefts
    low, high = percentile_bounds(drawn, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_draws = drawn / np.where(r2_drawn > 0, r2_drawn, np.nan)[:, None]
    share_low, share_high = percentile_bounds(share_draws, level)
    rank_low, rank_high = rank_bounds(drawn, level)
    reasons = _reasons(drawn, r2)
    return pd.DataFrame(
        {
            "term": list(moments.drivers),
            "estimate": estimate,
            "conf_low": low,
            "conf_high": high,
            "share": estimate / r2 if r2 > 0 else np.nan,
            "share_low": share_low,
            "share_high": share_high,
            "rank": ranks(estimate),
            "rank_low": rank_low,
            "rank_high": rank_high,
            "chance_first": chance_first(drawn),
            "r2": r2,
            "simulation_error": error,
            "method": method,
            "interval": moments.interval,
            "n_obs": moments.n_obs,
            "n_dropped": moments.n_dropped,
            "n_draws": int(np.isfinite(drawn).all(axis=1).sum()),
            "undefined": reasons,
        }
    )


def importance_draws(
    moments: DriverMoments, outcome: str, method: Method, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Parts of R² in the sample and in every draw.

    Parameters
    ----------
    moments : DriverMoments
    outcome : str
    method : {"lmg", "dominance", "johnson", "first", "last", "pratt"}
    seed : int
        Of sampled orders.

    Returns
    -------
    tuple of ndarray, shapes (p,), (p,), (draws, p)
        Estimate, its standard error due to sampled orders, draws (NaN where a resample has no answer).

    Raises
    ------
    IdentificationError
        If drivers are collinear and the method needs them apart.
    """
    correlation = moments.correlation
    check_regular(correlation, method, moments.drivers, outcome)
    p = len(moments.drivers)
    if method in ("lmg", "dominance") and p > EXACT:
        estimate, error, drawn = simulated_parts(correlation, moments.correlations, seed, outcome)
    else:
        drawn = parts(moments.correlations, method)
        estimate, error = parts(correlation[None], method)[0], np.zeros(p)
    return estimate * moments.left, error * moments.left, drawn * moments.lefts[:, None]


def _reasons(drawn: Floats, r2: float) -> str:
    """Why numbers are missing, the same for every driver."""
    found = []
    if not r2 > 0:
        found.append("no shares, as nothing is explained")
    if not len(drawn):
        found.append(NO_DRAWS)
    elif np.isfinite(drawn).all(axis=1).sum() < 2:
        found.append("no intervals, as fewer than two resamples have an answer")
    return "; ".join(found)
