"""Layout: a model's cells as arrays, ready for linear algebra over groups and resamples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.sem_model import Parameter, SemModel

__all__ = ["Layout", "layout_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layout:
    """Where every parameter stands in the matrices of directed effects A and (co)variances S.

    Variables are ordered: the p items, the constant 1 (where means are modelled), the constructs; v
    together. The first P = p (+ 1) of them are observed. An intercept is the effect of the constant.

    Attributes
    ----------
    n_items, n_variables, n_groups, n_free : int
        p, v, G and the number q of distinct free values.
    constant : int or None
        Place of the constant among the variables.
    directed : ndarray of bool, shape (c,)
        Whether a cell stands in A (else in S).
    row, column : ndarray of int, shape (c,)
        Where; cells of S stand once.
    position : ndarray of int, shape (G, c)
        Which free value fills the cell in each group; -1 where it is held at ``base``.
    factor : ndarray, shape (G, c)
        The cell holds ``factor * theta[position]``: all 1 in the users' units.
    base_directed, base_symmetric : ndarray, shape (G, v, v)
        Fixed values; cells that are free in a group are 0 there.
    sampled : ndarray of int, shape (s, 3)
        Cells held at the sample's moments, as (directed, row, column).
    parents : ndarray of int
        Variables that have an effect on others: the columns of A that can differ from 0.
    """

    n_items: int
    n_variables: int
    n_groups: int
    n_free: int
    constant: int | None
    directed: NDArray[np.bool_]
    row: Places
    column: Places
    position: Places
    factor: Floats
    base_directed: Floats
    base_symmetric: Floats
    sampled: Places
    parents: Places
    # what follows is worked out once from the above, by `_indexed`
    share: Floats
    used: Places
    left: Places
    right: Places
    plain: bool

    @property
    def n_observed(self) -> int:
        """P: the items, and the constant where means are modelled."""
        return self.n_items + (self.constant is not None)

    def values(self, theta: Floats) -> Floats:
        """Cells from free values: shape (..., q) -> (..., G, c); cells that are held get 0."""
        if self.plain:
            return theta[..., None, :]
        padded = np.concatenate([theta, np.zeros((*theta.shape[:-1], 1))], axis=-1)
        return np.asarray(padded[..., self.position] * self.factor, dtype=np.float64)

    def gathered(self, cells: Floats) -> Floats:
        """Derivatives by cell to derivatives by free value: (..., G, c) -> (..., q), summed over groups."""
        if self.plain:
            return np.asarray(cells[..., 0, :], dtype=np.float64)
        flat = (cells * self.factor).reshape(*cells.shape[:-2], -1)
        return np.asarray(flat @ self.selection, dtype=np.float64)

    def gathered_pairs(self, cells: Floats) -> Floats:
        """Second derivatives by cell to those by free value: (G, c, c) -> (q, q), summed over groups."""
        if self.plain:
            return np.asarray(cells[0], dtype=np.float64)
        c = len(self.row)
        total = np.zeros((self.n_free, self.n_free))
        chosen = self.selection.reshape(self.n_groups, c, self.n_free) * self.factor[:, :, None]
        for block, by in zip(cells, chosen, strict=True):
            total += by.T @ block @ by
        return total

    @property
    def selection(self) -> Floats:
        """Which free value fills which cell, shape (G c, q), of zeros and ones."""
        flat = self.position.ravel()
        chosen = np.zeros((len(flat), self.n_free))
        held = flat >= 0
        chosen[np.flatnonzero(held), flat[held]] = 1.0
        return chosen

    def by_group(self, cells: Floats, group: int) -> Floats:
        """Columns by cell of one group to columns by free value: (..., c) -> (..., q)."""
        if self.plain:
            return np.asarray(cells, dtype=np.float64)
        total = np.zeros((*cells.shape[:-1], self.n_free))
        for at in np.flatnonzero(self.position[group] >= 0):
            total[..., self.position[group, at]] += cells[..., at] * self.factor[group, at]
        return total

    def scaled(self, scale: Floats, unit: Floats) -> Layout:
        """The same model for variables divided by ``scale`` (v,) and free values divided by ``unit`` (q,)."""
        ratio = scale[None, :] / scale[:, None]
        product = 1.0 / (scale[:, None] * scale[None, :])
        cell = np.where(self.directed, ratio[self.row, self.column], product[self.row, self.column])
        by_unit = np.where(self.position >= 0, unit[self.position], 1.0)
        factor = self.factor * cell * by_unit
        return replace(
            self,
            factor=factor,
            base_directed=self.base_directed * ratio,
            base_symmetric=self.base_symmetric * product,
            plain=_is_plain(self.position, factor, self.n_free),
        )


def layout_of(model: SemModel) -> Layout:
    """Lay out a model's loadings, paths, covariances and intercepts.

    Thresholds and scalings of ordered items have no place in A and S; the free values keep their numbers.

    Parameters
    ----------
    model : SemModel
        Complete.

    Returns
    -------
    Layout
    """
    p = len(model.items)
    constant = p if model.means else None
    observed = p + (constant is not None)
    v = observed + len(model.constructs)
    place = {name: at for at, name in enumerate(model.items)}
    place |= {name: observed + at for at, name in enumerate(model.constructs)}
    groups = len(model.groups)
    by_group = [
        [(q, c) for q in model.of_group(g) if (c := _cell(q, place, constant)) is not None]
        for g in range(groups)
    ]
    base_directed, base_symmetric = np.zeros((groups, v, v)), np.zeros((groups, v, v))
    if constant is not None:
        base_symmetric[:, constant, constant] = 1.0
    free = [
        at for at in range(len(by_group[0])) if any(by_group[g][at][0].position >= 0 for g in range(groups))
    ]
    sampled = [cell for parameter, cell in by_group[0] if parameter.sampled]
    parents = set()
    for g in range(groups):
        for parameter, (directed, row, column) in by_group[g]:
            if directed and (parameter.fixed != 0.0 or parameter.position >= 0):
                parents.add(column)
            if parameter.position < 0 and parameter.fixed is not None:
                if directed:
                    base_directed[g, row, column] = parameter.fixed
                else:
                    base_symmetric[g, row, column] = base_symmetric[g, column, row] = parameter.fixed
    cells = np.array([by_group[0][at][1] for at in free], dtype=np.intp).reshape(len(free), 3)
    position = np.array([[by_group[g][at][0].position for at in free] for g in range(groups)], dtype=np.intp)
    return _indexed(
        n_items=p,
        n_variables=v,
        n_groups=groups,
        n_free=model.n_positions,
        constant=constant,
        directed=cells[:, 0].astype(np.bool_),
        row=cells[:, 1],
        column=cells[:, 2],
        position=position.reshape(groups, len(free)),
        base_directed=base_directed,
        base_symmetric=base_symmetric,
        sampled=np.array(sampled, dtype=np.intp).reshape(-1, 3),
        parents=np.array(sorted(parents), dtype=np.intp),
    )


def _cell(parameter: Parameter, place: dict[str, int], constant: int | None) -> tuple[bool, int, int] | None:
    """(directed, row, column) of a parameter; None for thresholds and scalings."""
    if parameter.op == "=~":
        return True, place[parameter.rhs], place[parameter.lhs]
    if parameter.op == "~":
        return True, place[parameter.lhs], place[parameter.rhs]
    if parameter.op == "~~":
        return False, place[parameter.lhs], place[parameter.rhs]
    if parameter.op == "~1" and constant is not None:
        return True, place[parameter.lhs], constant
    return None


def _indexed(
    *,
    n_items: int,
    n_variables: int,
    n_groups: int,
    n_free: int,
    constant: int | None,
    directed: NDArray[np.bool_],
    row: Places,
    column: Places,
    position: Places,
    base_directed: Floats,
    base_symmetric: Floats,
    sampled: Places,
    parents: Places,
) -> Layout:
    """Work out where the derivative of every cell is gathered from (see `structure.derivatives`)."""
    share = np.where(~directed & (row == column), 0.5, 1.0)
    right_full = np.where(directed, n_variables + column, column)
    used, inverse = np.unique(np.concatenate([row, right_full]), return_inverse=True)
    factor = np.ones(position.shape)
    return Layout(
        n_items=n_items,
        n_variables=n_variables,
        n_groups=n_groups,
        n_free=n_free,
        constant=constant,
        directed=directed,
        row=row,
        column=column,
        position=position,
        factor=factor,
        base_directed=base_directed,
        base_symmetric=base_symmetric,
        sampled=sampled,
        parents=parents,
        share=share,
        used=used.astype(np.intp),
        left=inverse[: len(row)].astype(np.intp),
        right=inverse[len(row) :].astype(np.intp),
        plain=_is_plain(position, factor, n_free),
    )


def _is_plain(position: Places, factor: Floats, n_free: int) -> bool:
    """Whether cells and free values are the same numbers in the same order."""
    return bool(
        position.shape == (1, n_free)
        and np.array_equal(position[0], np.arange(n_free))
        and np.all(factor == 1.0)
    )
