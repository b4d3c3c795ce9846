"""Rows transformed so that the model holds in them (Bollen & Stine 1992)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.sem.reading.summary import implied_moments
from servicefx.sem.resampling.rows import GroupRows, Stratum
from servicefx.sem.sem_fit import SemFit

__all__ = ["model_holding_rows"]

Floats = NDArray[np.float64]


def model_holding_rows(fit: SemFit, strata: tuple[Stratum, ...]) -> dict[int, Floats]:
    r"""Every group's rows, transformed to have the implied moments.

    Parameters
    ----------
    fit : SemFit
        Of complete rows and continuous items.
    strata : tuple of Stratum
        Its rows.

    Returns
    -------
    dict of int to ndarray, shape (n, p)

    Raises
    ------
    StudyError
        If items are ordered or rows have gaps.

    Notes
    -----
    :math:`(x - \bar x) S^{-1/2} \hat\Sigma^{1/2}`, plus the implied means where they are modelled (Bollen &
    Stine 1992, Sociol. Methods Res. 21, 205-229).
    """
    if fit.model.ordered or fit.choices.missing == "fiml":
        what = "ordered items" if fit.model.ordered else "rows with gaps"
        found = f"'bollen_stine' transforms complete numeric rows, and the fit has {what}"
        raise StudyError(Problem("kind", found, "Choose 'cases'."))
    return {rows.group: _transformed(fit, rows) for stratum in strata for rows in stratum.groups}


def _transformed(fit: SemFit, rows: GroupRows) -> Floats:
    sigma, mean = implied_moments(fit, rows.group)
    own = np.average(rows.values, axis=0, weights=rows.weights)
    cov = fit.solution.moments[rows.group].cov
    sd = np.sqrt(np.diag(cov))
    # in standard deviations, so that no column's size costs another's digits
    turned = _power(cov / np.outer(sd, sd), -0.5) @ _power(sigma / np.outer(sd, sd), 0.5)
    return np.asarray(
        (rows.values - own) / sd @ turned * sd + (own if mean is None else mean), dtype=np.float64
    )


def _power(matrix: Floats, exponent: float) -> Floats:
    """Symmetric power of a positive-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T, dtype=np.float64)
