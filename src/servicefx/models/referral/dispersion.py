"""Whether counts spread more than a Poisson's, and whether there are more zeros than a model expects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.engines.count_rows import CountRows
from servicefx.engines.count_search import LEAST_DISPERSION, LEAST_ZERO_ODDS, count_curve
from servicefx.engines.counts import count_means
from servicefx.values.estimates import Estimates

__all__ = ["boundary_test", "excess_zeros", "overdispersion"]

Floats = NDArray[np.float64]


def _row(measure: str, estimate: float, error: float, statistic: float, p_value: float) -> dict[str, object]:
    return {
        "measure": measure,
        "estimate": estimate,
        "std_error": error,
        "statistic": statistic,
        "p_value": p_value,
        "undefined": "",
    }


def overdispersion(
    fit: Estimates, rows: CountRows, weight: Floats | None = None, codes: NDArray[np.intp] | None = None
) -> pd.DataFrame:
    """Tests of a Poisson's spread against a larger one, by an auxiliary regression.

    Parameters
    ----------
    fit : Estimates
        Poisson fit.
    rows : CountRows
        Its rows.
    weight : ndarray, shape (n,), optional
        Survey weights.
    codes : ndarray of int, shape (n,), optional
        Cluster of every row from 0.

    Returns
    -------
    DataFrame
        ``measure, estimate, std_error, statistic, p_value, undefined`` in two rows: ``spread_linear`` (alpha
        of a variance (1 + alpha) mu) and ``spread_quadratic`` (of mu + alpha mu²). ``p_value`` is one-sided,
        against alpha above 0. Errors allow for clusters where given, with the factor G/(G-1).

    Notes
    -----
    ((y - mu)² - y) / mu is regressed without a constant on 1, and on mu: least squares with its classical
    error, as in Cameron & Trivedi; under weights or clusters with a sandwich error.

    References
    ----------
    Cameron & Trivedi (1990), J. Econometrics 46, 347-364, eqs. 3.3-3.5.
    """
    mean = count_means(rows, fit.coefficients[None])[0]
    response = ((rows.y - mean) ** 2 - rows.y) / mean
    found = []
    for measure, term in (("spread_linear", np.ones_like(mean)), ("spread_quadratic", mean)):
        w = np.ones_like(mean) if weight is None else weight
        size = float(w @ term**2)
        slope = float(w @ (term * response)) / size
        rest = response - slope * term
        if weight is None and codes is None:
            error = np.sqrt(float(rest @ rest) / (len(mean) - 1) / size)
        else:
            error = _error(w * term * rest, codes) / size
        found.append(_row(measure, slope, float(error), slope / error, float(ndtr(-slope / error))))
    return pd.DataFrame(found)


def boundary_test(poisson: Estimates, binomial: Estimates) -> pd.DataFrame:
    """Likelihood-ratio test of a negative binomial's dispersion, which cannot be below 0.

    Parameters
    ----------
    poisson, binomial : Estimates
        The same terms and rows, without weights.

    Returns
    -------
    DataFrame
        One row ``spread_likelihood``: ``estimate`` is alpha, ``statistic`` twice the gain in log likelihood,
        ``p_value`` that of the even mixture of 0 and a chi-square of one degree of freedom. Takes rows as
        independent.

    References
    ----------
    Self & Liang (1987), J. Am. Stat. Assoc. 82, 605-610, case 5; Cameron & Trivedi (2013), sec. 3.4.1.
    """
    gain = max(2 * (binomial.fit_measures["logl"] - poisson.fit_measures["logl"]), 0.0)
    alpha, error = float(binomial.coefficients[-1]), float(binomial.std_errors[-1])
    at_end = alpha == 0.0
    row = _row("spread_likelihood", alpha, error, gain, 1.0 if at_end else float(ndtr(-np.sqrt(gain))))
    return pd.DataFrame([row | {"undefined": next(iter(binomial.undefined.values()), "")}])


def excess_zeros(
    fit: Estimates, rows: CountRows, weight: Floats | None = None, codes: NDArray[np.intp] | None = None
) -> pd.DataFrame:
    """Share of zeros seen less the share a model expects, with an error that knows the model is fitted.

    Parameters
    ----------
    fit : Estimates
        Of any family.
    rows : CountRows
        Its rows.
    weight, codes
        As `overdispersion`.

    Returns
    -------
    DataFrame
        One row ``zeros``: ``estimate`` in shares of the rows, ``p_value`` one-sided, against more zeros than
        expected. Right whether or not rows in a cluster are alike.

    Notes
    -----
    A conditional moment test: with p0 the expected chance of a zero, the mean of 1(y = 0) - p0 is corrected
    by the scores g_i of the fit, mean(p0') B^-1 g_i with B the mean information.

    References
    ----------
    Newey (1985), Econometrica 53, 1047-1070; Tauchen (1985), J. Econometrics 30, 415-443.
    """
    cells, n = rows.cells, len(rows.y)
    at = rows.scaled(fit.coefficients[None])
    free = np.ones(at.shape[1], dtype=bool)
    if rows.dispersed:
        free[-1] = at[0, -1] > LEAST_DISPERSION + 1e-9
    if rows.z.shape[1]:
        place = rows.x.shape[1] + rows.z.shape[1] - 1
        free[place] = at[0, place] > LEAST_ZERO_ODDS + 1e-9
    none = replace(cells, values=np.zeros(1), codes=np.zeros(len(cells.codes), dtype=np.intp))
    chance = np.exp(none.density(at).logp[0])
    slopes = (chance[:, None] * none.scores(at[0]))[:, free]
    w = np.ones(n) if weight is None else weight
    totals = cells.totals(w[None])
    information = -count_curve(cells, totals, at).hessian[0][np.ix_(free, free)]
    pull = np.linalg.solve(information, totals[0] @ slopes)
    moment = (rows.y == 0) - chance[cells.place]
    parts = w * (moment - cells.scores(at[0])[:, free][cells.place] @ pull)
    estimate, error = float(w @ moment / w.sum()), _error(parts, codes) / w.sum()
    return pd.DataFrame([_row("zeros", estimate, error, estimate / error, float(ndtr(-estimate / error)))])


def _error(parts: Floats, codes: NDArray[np.intp] | None) -> float:
    """Standard error of a sum of independent parts, or of parts that sum to independent clusters."""
    if codes is None:
        return float(np.sqrt(parts @ parts))
    sums = np.bincount(codes, weights=parts)
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums @ sums)))
