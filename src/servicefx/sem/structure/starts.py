"""Start values in closed form: loadings from triads, disattenuated covariances, least-squares paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import implied
from servicefx.sem.structure.sem_model import SemModel

__all__ = ["plain_start", "start_values"]

Floats = NDArray[np.float64]
_MOST_CORRELATED = 0.9
_CROSS_LOADING = 0.3
"""Share of a loading given to an item's second and later constructs at the start."""


def start_values(model: SemModel, layout: Layout, cov: Floats, mean: Floats | None, unit: Floats) -> Floats:
    """Values from which scoring usually needs a handful of steps.

    Parameters
    ----------
    model : SemModel
        Its readers' own ``start()`` values are kept.
    layout : Layout
        The same model, q free values, unit-scaled.
    cov : ndarray, shape (G, p, p)
        Sample covariances in the same units.
    mean : ndarray, shape (G, p), or None
        Sample means in the same units, where means are modelled.
    unit : ndarray, shape (q,)
        Size of one unit-scaled value in the users' units, for their own starts.

    Returns
    -------
    ndarray, shape (q,)

    Notes
    -----
    Loadings: Hägglund (1982), Psychometrika 47, 209-222 (FABIN). Everything else follows from the covariances
    of the constructs they give.
    """
    groups = [_group_cells(model, layout, g, cov[g]) for g in range(layout.n_groups)]
    return _finished(model, layout, np.array([cells for cells, _ in groups]), mean, unit)


def plain_start(model: SemModel, layout: Layout, cov: Floats, mean: Floats | None, unit: Floats) -> Floats:
    """A start that only knows variances: loadings 1, no paths, no covariances.

    Parameters and result as in `start_values`; for restarts.
    """
    cells = np.zeros((layout.n_groups, len(layout.row)))
    measured = {(row, column) for column, rows in _loadings(model, layout).items() for row in rows}
    for g in range(layout.n_groups):
        for at, (directed, row, column) in enumerate(
            zip(layout.directed, layout.row, layout.column, strict=True)
        ):
            if directed and (row, column) in measured:
                cells[g, at] = 0.7
            elif not directed and row == column:
                cells[g, at] = 0.5 * cov[g, row, row] if row < layout.n_items else 0.5
    return _finished(model, layout, cells, mean, unit)


def _finished(model: SemModel, layout: Layout, cells: Floats, mean: Floats | None, unit: Floats) -> Floats:
    """Free values from cells, means solved for, the reader's own starts put in."""
    theta = np.zeros(layout.n_free)
    counts = np.zeros(layout.n_free)
    held = layout.position >= 0
    np.add.at(theta, layout.position[held], cells[held] / layout.factor[held])
    np.add.at(counts, layout.position[held], 1.0)
    theta /= np.maximum(counts, 1.0)
    if mean is not None and layout.constant is not None:
        theta = _with_means(layout, theta, mean)
    for parameter in model.parameters:
        if parameter.start is not None and parameter.position >= 0:
            theta[parameter.position] = parameter.start / unit[parameter.position]
    return theta


def _loadings(model: SemModel, layout: Layout) -> dict[int, list[int]]:
    """Construct -> what measures it, as places among the variables, in order of the text."""
    place = {name: at for at, name in enumerate(model.items)}
    place |= {name: layout.n_observed + at for at, name in enumerate(model.constructs)}
    found: dict[int, list[int]] = {}
    for parameter in model.of_group(0):
        if parameter.op == "=~":
            found.setdefault(place[parameter.lhs], []).append(place[parameter.rhs])
    return found


def _group_cells(model: SemModel, layout: Layout, g: int, cov: Floats) -> tuple[Floats, Floats]:
    """Start values of one group's cells, and the covariances of all variables they come from."""
    v, p = layout.n_variables, layout.n_items
    base = layout.base_directed if layout.base_directed.ndim == 3 else layout.base_directed[0]
    base_s = layout.base_symmetric if layout.base_symmetric.ndim == 3 else layout.base_symmetric[0]
    cells = zip(layout.directed.tolist(), layout.row.tolist(), layout.column.tolist(), strict=True)
    held = (layout.position[g] < 0).tolist()
    free = {cell: at for at, cell in enumerate(cells) if not held[at]}
    composite = np.zeros((p, v))
    composite[:, :p] = np.eye(p)
    variance = np.zeros(v)
    variance[:p] = np.diag(cov)
    loading: dict[tuple[int, int], float] = {}
    owned: set[int] = set()
    waiting = _loadings(model, layout)
    known = set(range(p))
    while waiting:
        ready = [f for f, rows in waiting.items() if set(rows) <= known]
        for construct in ready or list(waiting)[:1]:
            rows = [row for row in waiting.pop(construct) if row in known]
            known.add(construct)
            whole = cov if max(rows, default=0) < p else _covariances(composite, cov, variance)
            among = whole[np.ix_(rows, rows)]
            fixed = [None if (True, row, construct) in free else base[g][row, construct] for row in rows]
            own_fixed = None if (False, construct, construct) in free else base_s[g][construct, construct]
            values, spread = _one_construct(among, fixed, own_fixed)
            for row, value, stated in zip(rows, values, fixed, strict=True):
                shared = row in owned and stated is None
                loading[row, construct] = value * _CROSS_LOADING if shared else value
                owned.add(row)
            size = float(values @ values)
            composite[:, construct] = composite[:, rows] @ (values / size) if size > 0 else 0.0
            variance[construct] = spread
    covariance = _covariances(composite, cov, variance)
    directed, symmetric = base[g].copy(), base_s[g].copy()
    for (row, column), value in loading.items():
        directed[row, column] = value
    _set_paths(directed, free, loading, covariance, p)
    _set_covariances(symmetric, directed, free, loading, covariance, variance)
    values_of_cells = np.where(
        layout.directed, directed[layout.row, layout.column], symmetric[layout.row, layout.column]
    )
    return np.asarray(values_of_cells, dtype=np.float64), covariance


def _covariances(composite: Floats, cov: Floats, variance: Floats) -> Floats:
    """Covariances of all variables, constructs standing on disattenuated composites of their items."""
    among = composite.T @ cov @ composite
    np.fill_diagonal(among, variance)
    sd = np.sqrt(np.where(variance > 0, variance, 1.0))
    p = composite.shape[0]
    correlation = among / np.outer(sd, sd)
    clipped = np.clip(correlation, -_MOST_CORRELATED, _MOST_CORRELATED)
    clipped[:p, :p] = correlation[:p, :p]
    np.fill_diagonal(clipped, np.diag(correlation))
    return np.asarray(clipped * np.outer(sd, sd), dtype=np.float64)


def _one_construct(
    among: Floats, fixed: list[float | None], own_variance: float | None
) -> tuple[Floats, float]:
    """Loadings of one construct's items and its variance, given the items' covariances."""
    k = len(among)
    # values[a]: S_ab S_0b over S_0b^2, summed over all b but 0 and a
    between, first = among.copy(), among[0].copy()
    np.fill_diagonal(between, 0.0)
    between[:, 0] = first[0] = 0.0
    below = first @ first - first**2
    values = np.divide(between @ first, below, out=np.ones(k), where=below > 0)
    values[0] = 1.0
    size = np.abs(np.nan_to_num(values, nan=1.0))
    sign = np.where(np.nan_to_num(values, nan=1.0) < 0, -1.0, 1.0)
    values = sign * np.clip(size, 0.05, 20.0)
    anchor = next((at for at, held in enumerate(fixed) if held), None)
    if anchor is not None:
        values = values * (float(fixed[anchor] or 1.0) / values[anchor])
    for at, held in enumerate(fixed):
        if held is not None:
            values[at] = held
    products = np.outer(values, values)
    np.fill_diagonal(products, 0.0)
    shared = float((products**2).sum())
    own = among[0, 0] / values[0] ** 2 if values[0] else float(np.diag(among).mean())
    spread = float((among * products).sum()) / shared if shared > 0 else own
    if k > 1:
        spread = min(max(spread, 0.05 * own), 0.95 * own)
    if anchor is None and own_variance:
        ratio = np.sqrt(spread / own_variance)
        values, spread = values * ratio, own_variance
    return values, spread if spread > 0 else 0.05


def _set_paths(
    directed: Floats,
    free: dict[tuple[bool, int, int], int],
    loading: dict[tuple[int, int], float],
    covariance: Floats,
    p: int,
) -> None:
    """Least-squares paths; an item that has loadings gets its other arrows at 0."""
    loaded = {row for row, _ in loading}
    by_row: dict[int, list[int]] = {}
    for is_directed, row, column in free:
        if is_directed and (row, column) not in loading:
            by_row.setdefault(row, []).append(column)
    variance = np.diag(covariance)
    for row, columns in by_row.items():
        terms = [column for column in columns if variance[column] > 0]
        if (row < p and row in loaded) or not terms:
            continue
        held = np.array(
            [c for c in np.flatnonzero(directed[row]) if c not in terms and variance[c] > 0], dtype=np.intp
        )
        right = covariance[row, terms] - covariance[terms][:, held] @ directed[row, held]
        left = covariance[np.ix_(terms, terms)] + 0.05 * np.diag(variance[terms])
        directed[row, terms] = np.linalg.solve(left, right)


def _set_covariances(
    symmetric: Floats,
    directed: Floats,
    free: dict[tuple[bool, int, int], int],
    loading: dict[tuple[int, int], float],
    covariance: Floats,
    variance: Floats,
) -> None:
    """Residual variances of at least a fifth of the whole; covariances where nothing explains either side."""
    explained = set(np.flatnonzero(directed.any(axis=1)).tolist())
    carried: dict[int, float] = {}
    for (row, column), value in loading.items():
        carried[row] = carried.get(row, 0.0) + value * value * variance[column]
    lifted = np.eye(len(directed)) - directed
    left_over = np.diag(lifted @ covariance @ lifted.T)
    for is_directed, row, column in free:
        if is_directed:
            continue
        if row != column:
            value = covariance[row, column] if row not in explained and column not in explained else 0.0
            symmetric[row, column] = symmetric[column, row] = value
        elif row not in explained:
            symmetric[row, row] = variance[row]
        else:
            rest = variance[row] - carried[row] if row in carried else left_over[row]
            symmetric[row, row] = max(rest, 0.2 * variance[row])


def _with_means(layout: Layout, theta: Floats, mean: Floats) -> Floats:
    """Least-squares intercepts and construct means, given the directed effects."""
    constant, p = layout.constant, layout.n_items
    at = np.flatnonzero(layout.directed & (layout.column == constant))
    positions = np.unique(layout.position[:, at][layout.position[:, at] >= 0])
    if not len(positions):
        return theta
    theta = theta.copy()
    theta[positions] = 0.0
    total = implied(layout, theta).total
    design = np.zeros((layout.n_groups, p, layout.n_free))
    for g in range(layout.n_groups):
        for cell in at:
            if layout.position[g, cell] >= 0:
                effect = total[g, :p, layout.row[cell]] * layout.factor[g, cell]
                design[g, :, layout.position[g, cell]] += effect
    gap = mean - total[:, :p, constant]
    stacked = design.reshape(-1, layout.n_free)[:, positions]
    theta[positions] = np.linalg.lstsq(stacked, gap.ravel(), rcond=None)[0]
    return theta
