"""Units of the search: variables divided by powers of two, so that size never costs digits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.sem_model import SemModel

__all__ = ["unit_scaled", "variable_scales"]

Floats = NDArray[np.float64]


def unit_scaled(model: SemModel, layout: Layout, sd: Floats) -> tuple[Layout, Floats, Floats]:
    """The layout in units in which every variable has a standard deviation near 1.

    Parameters
    ----------
    model : SemModel
        The layout's.
    layout : Layout
        In the users' units; v variables, q free values.
    sd : ndarray, shape (p,)
        Standard deviations of the items, > 0.

    Returns
    -------
    Layout
        Scaled: exact, since only exponents change.
    scale : ndarray, shape (v,)
        What the variables were divided by.
    unit : ndarray, shape (q,)
        Free values in the users' units are these times the scaled ones.
    """
    scale = variable_scales(model, layout, sd)
    ratio = scale[None, :] / scale[:, None]
    product = 1.0 / (scale[:, None] * scale[None, :])
    by_cell = np.where(layout.directed, ratio[layout.row, layout.column], product[layout.row, layout.column])
    unit = np.ones(layout.n_free)
    for g in range(layout.n_groups - 1, -1, -1):
        held = layout.position[g] >= 0
        at = np.flatnonzero(held)[::-1]  # the first cell of a value decides
        unit[layout.position[g, at]] = 1.0 / by_cell[at]
    return layout.scaled(scale, unit), scale, unit


def variable_scales(model: SemModel, layout: Layout, sd: Floats) -> Floats:
    """Powers of two near the standard deviations of all variables, shape (v,); the constant's is 1."""
    place = {name: at for at, name in enumerate(model.items)}
    place |= {name: layout.n_observed + at for at, name in enumerate(model.constructs)}
    scale = np.ones(layout.n_variables)
    scale[: layout.n_items] = [_power(value) for value in sd]
    own = {p.lhs: p.fixed for p in model.of_group(0) if p.op == "~~" and p.lhs == p.rhs}
    waiting = set(model.constructs)
    while waiting:
        done = set()
        for construct in [name for name in model.constructs if name in waiting]:
            rows = [p for p in model.of_group(0) if p.op == "=~" and p.lhs == construct]
            if any(row.rhs in waiting for row in rows):
                continue
            anchor = next((row for row in rows if row.fixed), None)
            held = own.get(construct)
            if anchor is not None and anchor.fixed:
                value = scale[place[anchor.rhs]] / _power(abs(anchor.fixed))
            elif held:
                value = _power(math.sqrt(abs(held)))
            else:
                value = scale[place[rows[0].rhs]]
            scale[place[construct]] = value
            done.add(construct)
        if not done:
            break
        waiting -= done
    return scale


def _power(size: float) -> float:
    return 2.0 ** round(math.log2(size)) if 0 < size < math.inf else 1.0
