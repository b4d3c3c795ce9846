"""The bent line of an outcome over one gap, with its band."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.drivers.rows import DriverRows
from servicefx.values.estimates import Estimates, critical_value

__all__ = ["gap_curve", "inner_range"]

Floats = NDArray[np.float64]
_POINTS = 41
_TAIL = 0.01
"""Share of the rows beyond either end of a drawn range."""


def inner_range(values: pd.Series | Floats, tail: float = _TAIL) -> tuple[float, float]:
    """Quantiles between which all but ``tail`` of the values on either side lie."""
    low, high = np.quantile(np.array(values, dtype=float), [tail, 1 - tail])
    return float(low), float(high)


def gap_curve(rows: DriverRows, fit: Estimates, at: float, level: float) -> pd.DataFrame:
    """Expected outcome over a single gap, covariates at their means; empty where there are several.

    Parameters
    ----------
    rows : DriverRows
    fit : Estimates
        Losses and gains of the gap first, then covariates, the constant last.
    at : float
        Where the line bends: always among the points.
    level : float
        Of the band.

    Returns
    -------
    DataFrame
        ``gap, estimate, conf_low, conf_high``, rising in the gap from its 1st to its 99th percentile.
    """
    columns = ["gap", "estimate", "conf_low", "conf_high"]
    if len(rows.drivers) > 1:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in columns})
    low, high = inner_range(rows.frame[rows.drivers[0]])
    points = np.unique(np.append(np.linspace(min(low, at), max(high, at), _POINTS), at))
    held = np.array([float(rows.shares @ rows.frame[name].to_numpy(dtype=float)) for name in rows.covariates])
    design = np.column_stack(
        [
            np.minimum(points - at, 0.0),
            np.maximum(points - at, 0.0),
            np.tile(held, (len(points), 1)),
            np.ones(len(points)),
        ]
    )
    estimate = design @ fit.coefficients
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, fit.covariance, design), 0.0))
    half = critical_value(level, fit.df) * error
    return pd.DataFrame(
        {"gap": points, "estimate": estimate, "conf_low": estimate - half, "conf_high": estimate + half}
    )
