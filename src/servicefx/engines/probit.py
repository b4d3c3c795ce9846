"""Probit by Newton steps, for one sample and for every row of a shared resample index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

from servicefx.engines.design_matrix import CONSTANT, checked_arrays
from servicefx.engines.sandwich import sandwich_of
from servicefx.engines.two_answers import check_two_answers, newton_draws, separated
from servicefx.values.estimates import Estimates

__all__ = ["fit_probit", "probit_draws"]

Floats = NDArray[np.float64]
_NEWTON_STEPS = 30
_STEP_DONE = 1e-5  # Newton: what is left then is of the order of its square
_SEPARATED = 8.0  # index per standard deviation that only a likelihood without a maximum reaches
_TAIL = np.sqrt(2.0 / np.pi)


def fit_probit(
    data: pd.DataFrame, outcome: str, terms: Sequence[str], *, clusters: pd.Series | None = None
) -> Estimates:
    """Maximum-likelihood probit of a 0/1 outcome on terms and a constant.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; the outcome holds 0 and 1 only.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it; the constant is added and reported last.
    clusters : Series, length n, optional
        Dependence group of every row, with the factor G/(G-1); without it errors are robust (HC0).

    Returns
    -------
    Estimates
        Standard deviations of the latent response per unit of the term; normal reference. ``fit_measures``
        hold ``logl``.

    Raises
    ------
    DataError
        If the outcome is not 0/1, or as `servicefx.engines.linear.fit_ols`.
    IdentificationError
        If terms separate the two answers, so that no finite maximum exists.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [0.0, 0, 1, 0, 1, 1], "x": [1.0, 2, 3, 4, 5, 6]})
    >>> fit_probit(data, "y", ["x"]).coefficients.round(3).tolist()
    [0.76, -2.659]
    """
    y, x = checked_arrays(data, outcome, terms)
    where = f"probit of '{outcome}'"
    check_two_answers(y, where)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([(x - centre) / spread, np.ones(len(y))])
    at = probit_draws(y, z, np.ones((1, len(y)), dtype=np.float32), np.zeros(z.shape[1]))[0]
    if not np.all(np.abs(at[:-1]) < _SEPARATED):
        raise separated(where)
    index = z @ at
    sign = 2 * y - 1
    slope = sign * _hazard(sign * index)
    bread = np.linalg.inv((z * (slope * (slope + index))[:, None]).T @ z)
    sandwich = sandwich_of(clusters, len(y), outcome)
    scores = sandwich.summed(z * slope[:, None])
    back = np.diag(np.append(1 / spread, 1.0))
    back[-1, :-1] = -centre / spread
    return Estimates(
        estimator="probit",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=back @ at,
        covariance=sandwich.factor * back @ bread @ scores.T @ scores @ bread @ back.T,
        covariance_kind=sandwich.kind,
        df=float("inf"),
        n_obs=len(y),
        fit_measures={"logl": float(log_ndtr(sign * index).sum())},
    )


def probit_draws(y: Floats, x: Floats, counts: NDArray[np.float32], start: Floats) -> Floats:
    """Probit coefficients of every resample, by Newton steps.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    x : ndarray, shape (n, k)
        Terms, the constant included.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (k,)
        The full sample's coefficients.

    Returns
    -------
    ndarray, shape (draws, k)
        NaN rows where a resample has no finite maximum.

    Notes
    -----
    With q = 2y - 1 and l = q φ(q xb) / Φ(q xb), the gradient is x'(counts · l) and the information
    x' (counts · l (l + xb)) x: the log-likelihood is concave (Pratt 1981).
    """
    sign = 2 * y - 1

    def derivatives(index: Floats, block: Floats) -> tuple[Floats, Floats]:
        slope = sign * _hazard(sign * index)
        return block * slope, block * slope * (slope + index)

    return newton_draws(x, counts, start, derivatives, _solved, steps=_NEWTON_STEPS, done=_STEP_DONE)


def _hazard(index: Floats) -> Floats:
    """Normal density over distribution function, without loss in the far tail."""
    with np.errstate(over="ignore"):
        return np.asarray(_TAIL / erfcx(-index / np.sqrt(2.0)), dtype=np.float64)


def _solved(information: Floats, gradient: Floats) -> Floats:
    """Newton steps of a block, NaN where a resample's information is singular."""
    steps = np.full_like(gradient, np.nan)
    known = np.asarray(np.isfinite(information).all(axis=(1, 2)))
    if known.any():
        size = np.linalg.eigvalsh(information[known])
        known[known] = size[:, 0] > 1e-12 * np.maximum(size[:, -1], 1e-300)
        steps[known] = np.linalg.solve(information[known], gradient[known][..., None])[..., 0]
    return steps
