"""importance_performance: what matters most and stands worst, with intervals on both axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, StudyError
from servicefx.models.drivers.decomposition import Method, check_method, check_regular
from servicefx.models.drivers.draws import NO_DRAWS, chance_first, percentile_bounds, rank_bounds, ranks
from servicefx.models.drivers.importance import importance_draws
from servicefx.models.drivers.resampling import DriverMoments, driver_moments
from servicefx.moments.moments import Moments

__all__ = ["importance_performance"]

Floats = NDArray[np.float64]
Scale = tuple[float, float] | Mapping[str, tuple[float, float]]
_QUADRANTS = {
    (True, False): "concentrate here",
    (True, True): "keep up the good work",
    (False, False): "low priority",
    (False, True): "possible overkill",
}
_SINGULAR = 1e-9


def importance_performance(
    data: pd.DataFrame | Moments,
    outcome: str,
    drivers: Sequence[str],
    *,
    method: Method | Literal["slope"] = "lmg",
    scale: Scale | None = None,
    split: tuple[float, float] | None = None,
    draws: int = 2000,
    seed: int | None = None,
    covariates: Sequence[str] = (),
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    analysis_id: str = "data",
    level: float = 0.95,
) -> pd.DataFrame:
    """Priority map: importance of every driver for an outcome, beside how well it stands today.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Moments
        Numeric columns; rows with a gap are left out and counted. Moments need means and a ``scale``.
    outcome : str
        Column explained.
    drivers : sequence of str, length p
        Columns that explain it.
    method : {"lmg", "dominance", "johnson", "first", "last", "pratt", "slope"}
        What importance is: as `relative_importance`; or ``slope``, points of the outcome per point (of 100)
        of the driver, the others held.
    scale : (low, high) or mapping of str to (low, high), optional
        Lowest and highest answer that each driver can take, which count as 0 and 100. Without it the observed
        range is taken: performance is then how near to the best answer given, which ``interval`` says.
    split : (importance, performance), optional
        Where the quadrants meet. By default the drivers' mean importance and mean performance, anew in every
        draw.
    draws : int
        Joint resamples of importance and performance; 0 gives no intervals.
    seed : int, optional
        The study's seed; None counts as 0.
    covariates : sequence of str
        Columns held where importance is computed; performance is as it stands.
    weights, clusters : Series of length n, optional
        Survey weights > 0; whole clusters are drawn.
    analysis_id : str
        Name of the data file.
    level : float
        Of the percentile intervals.

    Returns
    -------
    DataFrame
        One row a driver, first priority first: ``term, estimate, conf_low, conf_high`` (importance),
        ``performance, performance_low, performance_high`` (points of 100), ``quadrant, quadrant_chance``
        (share of the draws in the same one), ``priority, priority_low, priority_high`` (importance times the
        share of the scale still to be gained), ``rank, rank_low, rank_high, chance_first``,
        ``split_importance, split_performance, method, interval, n_obs, n_dropped, n_draws, undefined``.
        Under ``slope`` the priority is what the outcome would gain at a performance of 100 if the slope were
        causal and straight; an importance below 0 gives a priority below 0.

    Raises
    ------
    DataError
        As `relative_importance`; if answers lie outside their scale, or moments have no means or no scale.
    IdentificationError
        As `relative_importance`; also for ``slope`` of collinear drivers.
    StudyError
        If the method is not known or the scale is the wrong way round.

    References
    ----------
    Martilla & James (1977), J. Marketing 41(1), 77-79 (quadrants).

    Examples
    --------
    >>> table = [[1, 0.6, 0.5], [0.6, 1, 0.4], [0.5, 0.4, 1]]
    >>> moments = Moments.from_correlation(
    ...     table, [1, 1, 1], 300, [5, 4, 6], names=["satisfaction", "staff", "price"]
    ... )
    >>> found = importance_performance(moments, "satisfaction", ["price", "staff"], scale=(1, 7), draws=0)
    >>> found[["term", "performance", "quadrant"]].round(1).to_numpy().tolist()
    [['staff', 50.0, 'concentrate here'], ['price', 83.3, 'possible overkill']]
    """
    if method != "slope":
        check_method(method)
    moments = driver_moments(
        data, outcome, drivers, covariates, draws=draws, seed=seed, weights=weights, clusters=clusters,
        analysis_id=analysis_id,
    )  # fmt: skip
    limits = _limits(moments, scale, outcome)
    importance, drawn = _importance(moments, outcome, method, limits, 0 if seed is None else seed)
    if moments.mean is None:
        found = "moments without means, which tell no performance"
        raise DataError(Problem(f"drivers of '{outcome}'", found, "State the means, or give the rows."))
    performance = _standing(moments.mean[None], limits)[0]
    standing = _standing(moments.means, limits)
    known = np.isfinite(drawn).all(axis=1) & np.isfinite(standing).all(axis=1)
    drawn, standing = drawn[known], standing[known]
    priority, gain_draws = (
        values * (1 - place / 100) for values, place in ((importance, performance), (drawn, standing))
    )
    lines = _lines(importance, performance, split)
    above = _above(importance[None], performance[None], split)[0]
    same = (_above(drawn, standing, split) == above).all(axis=2)
    columns: dict[str, object] = {"term": list(moments.drivers), "estimate": importance}
    columns["conf_low"], columns["conf_high"] = percentile_bounds(drawn, level)
    columns["performance"] = performance
    columns["performance_low"], columns["performance_high"] = percentile_bounds(standing, level)
    columns["quadrant"] = [_QUADRANTS[(bool(row[0]), bool(row[1]))] for row in above]
    columns["quadrant_chance"] = same.mean(axis=0) if len(same) > 1 else np.nan
    columns["priority"] = priority
    columns["priority_low"], columns["priority_high"] = percentile_bounds(gain_draws, level)
    columns["rank"] = ranks(priority)
    columns["rank_low"], columns["rank_high"] = rank_bounds(gain_draws, level)
    columns["chance_first"] = chance_first(gain_draws)
    columns |= {
        "split_importance": lines[0],
        "split_performance": lines[1],
        "method": method,
        "interval": _said(moments, scale),
        "n_obs": moments.n_obs,
        "n_dropped": moments.n_dropped,
        "n_draws": len(drawn),
        "undefined": "" if len(drawn) > 1 else NO_DRAWS,
    }
    frame = pd.DataFrame(columns)
    return frame.sort_values("rank", kind="stable").reset_index(drop=True)


def _importance(
    moments: DriverMoments, outcome: str, method: Method | Literal["slope"], limits: Floats, seed: int
) -> tuple[Floats, Floats]:
    if method != "slope":
        importance, _, drawn = importance_draws(moments, outcome, method, seed)
        return importance, drawn
    check_regular(moments.correlation, method, moments.drivers, outcome)
    points = np.ptp(limits, axis=1) / 100
    covs = np.concatenate([moments.cov[None], moments.covs])
    slopes = np.full((len(covs), len(points)), np.nan)
    correlations = np.concatenate([moments.correlation[None], moments.correlations])
    known = np.flatnonzero(np.isfinite(correlations).all(axis=(1, 2)))
    known = known[np.linalg.eigvalsh(correlations[known, 1:, 1:])[:, 0] >= _SINGULAR]
    slopes[known] = np.linalg.solve(covs[known, 1:, 1:], covs[known, 1:, :1])[:, :, 0] * points
    return slopes[0], slopes[1:]


def _limits(moments: DriverMoments, scale: Scale | None, outcome: str) -> Floats:
    """Answers that count as 0 and 100, shape (p, 2)."""
    where = f"performance of drivers of '{outcome}'"
    if scale is None:
        if moments.rows is None:
            found = "moments tell no range of answers"
            raise DataError(Problem(where, found, "State scale=(lowest, highest), e.g. (1, 7)."))
        values = moments.rows.frame[list(moments.drivers)].to_numpy(dtype=float, copy=True)
        return np.column_stack([values.min(axis=0), values.max(axis=0)])
    absent = [name for name in moments.drivers if isinstance(scale, Mapping) and name not in scale]
    if absent:
        found = "no scale of " + ", ".join(f"'{name}'" for name in absent)
        raise StudyError(Problem("scale", found, "State the lowest and highest answer of every driver."))
    pairs = [scale[name] if isinstance(scale, Mapping) else scale for name in moments.drivers]
    limits = np.array(pairs, dtype=np.float64)
    if not (limits[:, 0] < limits[:, 1]).all():
        wrong = moments.drivers[int(np.argmin(limits[:, 1] > limits[:, 0]))]
        raise StudyError(Problem("scale", f"that of '{wrong}' does not rise", "State (lowest, highest)."))
    if moments.rows is not None:
        values = moments.rows.frame[list(moments.drivers)].to_numpy(dtype=float, copy=True)
        outside = ((values < limits[:, 0]) | (values > limits[:, 1])).sum(axis=0)
        problems = [
            Problem(where, f"{count} answers of '{name}' lie outside {low:g} to {high:g}", "Correct scale=.")
            for name, count, (low, high) in zip(moments.drivers, outside, limits, strict=True)
            if count
        ]
        if problems:
            raise DataError(*problems)
    return limits


def _standing(means: Floats, limits: Floats) -> Floats:
    """Performance in points of 100, shape (m, p), of means with the outcome first."""
    return np.asarray((means[:, 1:] - limits[:, 0]) / np.ptp(limits, axis=1) * 100, dtype=np.float64)


def _lines(importance: Floats, performance: Floats, split: tuple[float, float] | None) -> tuple[float, float]:
    if split is not None:
        return float(split[0]), float(split[1])
    return float(importance.mean()), float(performance.mean())


def _above(importance: Floats, performance: Floats, split: tuple[float, float] | None) -> NDArray[np.bool_]:
    """Whether importance and performance reach the lines, shape (m, p, 2)."""
    if split is None:
        lines = [axis.mean(axis=1, keepdims=True) for axis in (importance, performance)]
    else:
        lines = [np.full((len(importance), 1), float(at)) for at in split]
    return np.stack([importance >= lines[0], performance >= lines[1]], axis=2)


def _said(moments: DriverMoments, scale: Scale | None) -> str:
    range_said = "performance between the lowest and highest answer given" if scale is None else ""
    return "; ".join(part for part in (moments.interval, range_said) if part)
