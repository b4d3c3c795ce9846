"""Slopes of known groups in every resample, as answers whose draws line up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.models.drivers.rows import DriverRows
from servicefx.moments.resample import resampled_least_squares
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["BETWEEN", "group_draws", "group_effects"]

Floats = NDArray[np.float64]
BETWEEN = " | "
"""Between driver and group in the names of terms."""


def group_draws(
    rows: DriverRows, group: NDArray[np.object_], groups: tuple[str, ...], counts: NDArray[np.float32]
) -> Floats:
    """Slopes of every resample, shape (draws, groups, drivers)."""
    y = rows.frame[rows.outcome].to_numpy(copy=True)
    x = rows.frame[list(rows.drivers)].to_numpy(copy=True)
    held = rows.frame[list(rows.covariates)].to_numpy(copy=True)
    weight = None if rows.weights is None else rows.weights.to_numpy(dtype=float, copy=True)
    k = x.shape[1]
    if held.shape[1]:  # a slope all groups share ties them together
        parts = [np.column_stack([x, np.ones(len(y))]) * (group == name)[:, None] for name in groups]
        whole = resampled_least_squares(y, np.column_stack([*parts, held]), counts, weight)
        return whole[:, : len(groups) * (k + 1)].reshape(len(counts), len(groups), k + 1)[:, :, :k]
    answer = np.empty((len(counts), len(groups), k))
    for at, name in enumerate(groups):
        own = np.flatnonzero(group == name)
        answer[:, at] = resampled_least_squares(
            y[own], np.column_stack([x[own], np.ones(len(own))]), counts[:, own],
            None if weight is None else weight[own],
        )[:, :k]  # fmt: skip
    return answer


def group_effects(
    rows: DriverRows, fit: Estimates, groups: tuple[str, ...], by: str, drawn: Floats, source: str, unit: str
) -> dict[tuple[str, str], Effect]:
    """Every group's slopes with their draws, by group and driver."""
    return {
        (name, driver): Effect(
            estimand=f"slope of {rows.outcome} on {driver} where {by} is {name}, other drivers held",
            unit=unit,
            estimate=fit.coefficient(f"{driver}{BETWEEN}{name}"),
            draws=drawn[:, at, place],
            draw_source=(source,),
            design="adjusted",
            assumptions=fit.assumptions,
        )
        for at, name in enumerate(groups)
        for place, driver in enumerate(rows.drivers)
    }
