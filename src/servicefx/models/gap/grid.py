"""A fitted surface over a grid of expectation and perception."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.drivers.rows import DriverRows
from servicefx.models.gap.curve import inner_range
from servicefx.values.estimates import Estimates, critical_value

__all__ = ["surface_grid"]

Floats = NDArray[np.float64]
_STEPS = 15


def surface_grid(rows: DriverRows, fit: Estimates, centre: float, level: float) -> pd.DataFrame:
    """Expected outcome over a grid, covariates at their means.

    Parameters
    ----------
    rows : DriverRows
        Drivers are expectation, perception.
    fit : Estimates
        Five terms of the surface in expectation and perception less ``centre``, covariates, constant.
    centre, level : float

    Returns
    -------
    DataFrame, 225 rows
        ``expectation, perception, estimate, conf_low, conf_high, n_rows``.
    """
    values = [rows.frame[name].to_numpy(dtype=float) for name in rows.drivers]
    ends = [inner_range(column) for column in values]
    e, p = (np.linspace(low, high, _STEPS) for low, high in ends)
    grid = np.array([(left, right) for left in e for right in p])
    x, y = (grid - centre).T
    held = np.array([float(rows.shares @ rows.frame[name].to_numpy(dtype=float)) for name in rows.covariates])
    design = np.column_stack([x, y, x**2, x * y, y**2, np.tile(held, (len(grid), 1)), np.ones(len(grid))])
    estimate = design @ fit.coefficients
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, fit.covariance, design), 0.0))
    half = critical_value(level, fit.df) * error
    return pd.DataFrame(
        {
            "expectation": grid[:, 0],
            "perception": grid[:, 1],
            "estimate": estimate,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n_rows": _nearest(values, (e, p)),
        }
    )


def _nearest(values: list[Floats], points: tuple[Floats, Floats]) -> NDArray[np.int64]:
    """How many rows lie nearest to each point of the grid; rows beyond it by half a step count nowhere."""
    cells = []
    inside = np.ones(len(values[0]), dtype=bool)
    for column, marks in zip(values, points, strict=True):
        step = marks[1] - marks[0]
        cell = (
            np.rint((column - marks[0]) / step).astype(int) if step > 0 else np.zeros(len(column), dtype=int)
        )
        inside &= (cell >= 0) & (cell < _STEPS)
        cells.append(cell)
    flat = cells[0][inside] * _STEPS + cells[1][inside]
    return np.bincount(flat, minlength=_STEPS**2).astype(np.int64)
