"""What a term does to the number of people told: ratios of means, and changes in people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.engines.count_rows import ZERO, CountRows
from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.drivers.draws import percentile_bounds
from servicefx.values.estimates import Estimates, critical_value

__all__ = ["DELTA", "PERCENTILE", "MarginalEffects", "marginal_effects", "people_frame"]

Floats = NDArray[np.float64]
MarginalEffects = Callable[[Floats, Floats], Floats]
DELTA = "delta method"
PERCENTILE = "percentiles of the resamples"
_STEP = 1e-5


def marginal_effects(rows: CountRows, sides: Mapping[str, NDArray[np.bool_]]) -> MarginalEffects:
    """Function from coefficients (B, p) and row weights (B, n) to average marginal effects (B, k - 1).

    Parameters
    ----------
    rows : CountRows
    sides : mapping of str to ndarray of bool, shape (n,)
        Term -> the rows its effect is averaged over; all rows where it is not named.

    Notes
    -----
    Of a term with two values 0 and 1 the mean difference E(1) - E(0), else the mean derivative of the
    expected count: with E = (1 - pi) mu, E times the term's coefficient less E pi times its coefficient in
    the log odds of a certain zero.
    """
    k, m = rows.x.shape[1], rows.z.shape[1]
    cells = rows.cells
    first = np.empty(len(cells.codes), dtype=np.intp)
    first[cells.place] = np.arange(len(cells.place))
    x, z, offset = rows.x[first], rows.z[first], rows.offset[first]
    names = rows.terms[: k - 1]
    zero_terms = [name.removeprefix(ZERO) for name in rows.terms[k : k + m]]

    def expected(coefficients: Floats, x: Floats, z: Floats) -> tuple[Floats, Floats]:
        mean = np.exp(coefficients[:, :k] @ x.T + offset)
        chance = expit(coefficients[:, k : k + m] @ z.T) if m else np.zeros_like(mean)
        return mean * (1.0 - chance), chance

    def effects(coefficients: Floats, weights: Floats) -> Floats:
        people, chance = expected(coefficients, x, z)
        found = np.empty((len(coefficients), k - 1))
        for at, name in enumerate(names):
            there = np.ones(len(rows.y), dtype=bool) if name not in sides else sides[name]
            totals = cells.totals(weights * there)
            in_zeros = zero_terms.index(name) if name in zero_terms[:-1] else None
            if set(np.unique(x[:, at])) == {0.0, 1.0}:
                moved = []
                for value in (1.0, 0.0):
                    x_moved, z_moved = x.copy(), z.copy()
                    x_moved[:, at] = value
                    if in_zeros is not None:
                        z_moved[:, in_zeros] = value
                    moved.append(expected(coefficients, x_moved, z_moved)[0])
                change = moved[0] - moved[1]
            else:
                change = people * coefficients[:, at : at + 1]
                if in_zeros is not None:
                    change = change - people * chance * coefficients[:, k + in_zeros : k + in_zeros + 1]
            with np.errstate(invalid="ignore", divide="ignore"):
                found[:, at] = (totals * change).sum(axis=1) / totals.sum(axis=1)
        return found

    return effects


def people_frame(
    fit: Estimates,
    rows: CountRows,
    draws: Floats,
    counts: NDArray[np.floating],
    weight: Floats,
    sides: Mapping[str, NDArray[np.bool_]],
    level: float,
) -> pd.DataFrame:
    """Ratios of means and average marginal effects of every term of the mean.

    Parameters
    ----------
    fit : Estimates
    rows : CountRows
    draws : ndarray, shape (B, p)
        Coefficients of every resample; none where B is 0.
    counts : ndarray, shape (B, n)
        The resamples.
    weight : ndarray, shape (n,)
        Survey weights; ones where there are none.
    sides : mapping of str to ndarray of bool
        As `marginal_effects`.
    level : float

    Returns
    -------
    DataFrame
        ``outcome, term, measure, interval, estimate, std_error, conf_low, conf_high, n_obs``; ``measure`` is
        ``rate_ratio`` (mean with one unit more over mean, > 0) or ``marginal_effect`` (people per unit). A
        row by the delta method, which takes the terms as given, and, with draws, one by percentiles of the
        resamples, in which the terms vary too.
    """
    k = rows.x.shape[1]
    effects = marginal_effects(rows, sides)
    at = fit.coefficients[None]
    sample = weight[None]
    estimate = effects(at, sample)[0]
    free = np.flatnonzero(np.isfinite(np.diag(fit.covariance)))
    gradient = np.empty((k - 1, len(free)))
    for column, place in enumerate(free):
        step = _STEP * (1.0 + abs(at[0, place]))
        up, down = at.copy(), at.copy()
        up[0, place] += step
        down[0, place] -= step
        gradient[:, column] = (effects(up, sample)[0] - effects(down, sample)[0]) / (2 * step)
    covariance = fit.covariance[np.ix_(free, free)]
    errors = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    half = critical_value(level) * errors
    slopes, slope_errors = fit.coefficients[: k - 1], fit.std_errors[: k - 1]
    slope_half = critical_value(level) * slope_errors
    ratio = np.exp(slopes)
    head = {"outcome": fit.outcome, "term": list(fit.terms[: k - 1])}
    parts = [
        pd.DataFrame(head).assign(
            measure="rate_ratio", interval=DELTA, estimate=ratio, std_error=ratio * slope_errors,
            conf_low=np.exp(slopes - slope_half), conf_high=np.exp(slopes + slope_half),
        ),
        pd.DataFrame(head).assign(
            measure="marginal_effect", interval=DELTA, estimate=estimate, std_error=errors,
            conf_low=estimate - half, conf_high=estimate + half,
        ),
    ]  # fmt: skip
    if len(draws):
        drawn = effects(draws, counts * weight)
        for measure, centre, spread in (
            ("rate_ratio", ratio, np.exp(draws[:, : k - 1])),
            ("marginal_effect", estimate, drawn),
        ):
            low, high = percentile_bounds(spread, level)
            known = spread[np.isfinite(spread).all(axis=1)]
            error = known.std(axis=0, ddof=1) if len(known) > 1 else np.full(k - 1, np.nan)
            parts.append(
                pd.DataFrame(head).assign(
                    measure=measure, interval=PERCENTILE, estimate=centre, std_error=error, conf_low=low,
                    conf_high=high,
                )
            )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True).assign(n_obs=fit.n_obs)
    if CONSTANT in frame["term"].to_numpy():
        frame = frame[frame["term"] != CONSTANT]
    return frame
