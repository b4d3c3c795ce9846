"""The vector of a group's moments as a function of the free values, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.squares.moment_rows import MomentRows, continuous_rows
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import implied

__all__ = ["MomentState", "MomentStructure"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MomentState:
    """What a model implies at given values, by group; p items, v variables.

    Attributes
    ----------
    vector : ndarray, shape (G, k)
        Implied moments, means less the shift.
    carry, cross, total : ndarray, shapes (G, p, v), (G, v, p) and (G, v, v)
        Effects on items, covariances of all variables with items, total effects.
    cov, mean : ndarray, shapes (G, p, p) and (G, p)
        Of the latent responses; ``mean`` less the shift.
    scaling : ndarray, shape (G, p)
        What latent responses are multiplied by; 1 for continuous items.
    residual : ndarray, shape (G, p)
        Residual variances that follow from the others (delta); 0 elsewhere.
    threshold : ndarray, shape (G, t)
        Free and fixed thresholds, of the latent responses as the model scales them.
    """

    vector: Floats
    carry: Floats
    cross: Floats
    total: Floats
    cov: Floats
    mean: Floats
    scaling: Floats
    residual: Floats
    threshold: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MomentStructure:
    r"""The vector of moments as a function of a model's free values.

    Attributes
    ----------
    layout : Layout
        Of p items and q free values, in any units.
    rows : MomentRows
        The same for every group.
    shift : ndarray, shape (G, p), or None
        Subtracted from means: nothing but rounding depends on it.
    ordered : ndarray of bool, shape (p,)
        Items with thresholds.
    unit_variance : bool
        Delta: latent responses have variance ``scaling**-2``, residual variances follow. Otherwise (theta)
        scalings follow from the variances.
    threshold_position, threshold_fixed : ndarray, shape (G, t)
        Free value of each threshold (-1 for none), and its value where it is held.
    scaling_position, scaling_fixed : ndarray, shape (G, p)
        The same for scalings; they matter with ``unit_variance`` only.
    column : ndarray of int, shape (q,)
        Where the derivative by each free value stands; -1 where it is left out.

    Notes
    -----
    With scaling d, latent mean m and covariance s: thresholds :math:`d_i(\tau_i - m_i)`, covariances
    :math:`d_i d_j s_{ij}` (Muthén 1984, Psychometrika 49, 115-132). The residual variances of delta solve
    :math:`s_{ii} = d_i^{-2}`, which is linear in them, also where ordered items explain other items.
    """

    layout: Layout
    rows: MomentRows
    shift: Floats | None
    ordered: NDArray[np.bool_]
    unit_variance: bool
    threshold_position: Places
    threshold_fixed: Floats
    scaling_position: Places
    scaling_fixed: Floats
    column: Places

    @classmethod
    def continuous(cls, layout: Layout, shift: Floats | None) -> MomentStructure:
        """Of items that are all continuous."""
        groups, p = layout.n_groups, layout.n_items
        return cls(
            layout=layout,
            rows=continuous_rows(p, means=layout.constant is not None),
            shift=shift,
            ordered=np.zeros(p, dtype=np.bool_),
            unit_variance=False,
            threshold_position=np.empty((groups, 0), dtype=np.intp),
            threshold_fixed=np.empty((groups, 0)),
            scaling_position=np.full((groups, p), -1),
            scaling_fixed=np.ones((groups, p)),
            column=np.arange(layout.n_free),
        )

    @property
    def explaining(self) -> bool:
        """Whether an ordered item explains another variable."""
        return bool(np.isin(np.flatnonzero(self.ordered), self.layout.parents).any())

    def at(self, theta: Floats) -> MomentState | None:
        """Everything implied at free values (q,); None where no such moments exist."""
        layout, p = self.layout, self.layout.n_items
        try:
            found = implied(layout, theta, shift=self.shift)
        except np.linalg.LinAlgError:
            return None
        cross, cov = found.cross[..., :p], found.sigma[..., :p, :p]
        mean = np.zeros((layout.n_groups, p))
        carry = found.carry[..., :p, :]
        if layout.constant is not None:
            mean = carry[..., layout.constant]
            cross = cross - found.total[..., :, layout.constant, None] * mean[..., None, :]
            cov = cov - mean[..., :, None] * mean[..., None, :]
        scaling = _filled(theta, self.scaling_position, self.scaling_fixed)
        threshold = _filled(theta, self.threshold_position, self.threshold_fixed)
        residual = np.zeros((layout.n_groups, p))
        which = np.flatnonzero(self.ordered)
        if len(which) and self.unit_variance:
            if not (scaling > 0).all():
                return None
            residual[:, which] = self._residuals(carry, cov, scaling, which)
            part = residual[:, None, which] * carry[..., which]
            cov = cov + part @ np.swapaxes(carry[..., which], -1, -2)
            cross = cross + found.total[..., which] @ np.swapaxes(part, -1, -2)
        elif len(which):
            variance = np.einsum("gii->gi", cov)[:, which]
            if not (variance > 0).all():
                return None
            scaling = scaling.copy()
            scaling[:, which] = variance**-0.5
        rows = self.rows
        vector = np.empty((layout.n_groups, rows.size))
        item = rows.threshold_item
        vector[:, rows.threshold] = scaling[:, item] * (threshold - mean[:, item])
        vector[:, rows.mean] = mean[:, rows.mean_item]
        by_term = carry[:, rows.slope_item, rows.slope_term]
        vector[:, rows.slope] = scaling[:, rows.slope_item] * by_term
        left, right = rows.left, rows.right
        vector[:, rows.pair] = cov[:, left, right] * scaling[:, left] * scaling[:, right]
        if not np.isfinite(vector).all():
            return None
        return MomentState(
            vector=vector,
            carry=carry,
            cross=cross,
            total=found.total,
            cov=cov,
            mean=mean,
            scaling=scaling,
            residual=residual,
            threshold=threshold,
        )

    def _residuals(self, carry: Floats, cov: Floats, scaling: Floats, which: Places) -> Floats:
        """Residual variances (G, o) that give the latent responses their variances."""
        short = scaling[:, which] ** -2.0 - np.einsum("gii->gi", cov)[:, which]
        if not self.explaining:
            return np.asarray(short, dtype=np.float64)
        squared = carry[:, which[:, None], which] ** 2
        return np.asarray(np.linalg.solve(squared, short[..., None])[..., 0], dtype=np.float64)

    def jacobian(self, state: MomentState) -> list[Floats]:
        """Derivatives of each group's moments (k,) by the free values that have a column: (k, columns)."""
        return [self._slopes(state, g) for g in range(self.layout.n_groups)]

    def _slopes(self, state: MomentState, g: int) -> Floats:
        layout, rows, p = self.layout, self.rows, self.layout.n_items
        n_columns = int(self.column.max(initial=-1)) + 1
        carry, scaling = state.carry[g], state.scaling[g]
        u = carry[:, layout.row] * layout.share
        w = np.where(layout.directed, state.cross[g][layout.column].T, carry[:, layout.column])
        own = np.flatnonzero(self.ordered)
        of_pairs = u[rows.left] * w[rows.right]
        of_pairs += w[rows.left] * u[rows.right]
        pairs = self._by_column(of_pairs, g, n_columns)
        varying = np.zeros((p, n_columns))
        if len(own) and self.unit_variance:
            free = own[self.scaling_position[g, own] >= 0]
            varying[free, self.column[self.scaling_position[g, free]]] = 1.0
            if self.explaining:
                variance = self._by_column(2.0 * u[own] * w[own], g, n_columns)
                short = -2.0 * scaling[own, None] ** -3.0 * varying[own] - variance
                residual = np.linalg.solve(carry[own[:, None], own] ** 2, short)
                pairs += (carry[rows.left][:, own] * carry[rows.right][:, own]) @ residual
        elif len(own):
            variance = self._by_column(2.0 * u[own] * w[own], g, n_columns)
            varying[own] = -0.5 * scaling[own, None] ** 3.0 * variance
        out = np.zeros((rows.size, n_columns))
        if len(own):
            pairs *= (scaling[rows.left] * scaling[rows.right])[:, None]
            if varying.any():
                cov = state.cov[g][rows.left, rows.right][:, None]
                pairs += cov * scaling[rows.right, None] * varying[rows.left]
                pairs += cov * scaling[rows.left, None] * varying[rows.right]
        out[rows.pair] = pairs
        for term in np.unique(rows.slope_term):
            at = np.flatnonzero(rows.slope_term == term)
            item = rows.slope_item[at]
            through = np.where(layout.directed, state.total[g][layout.column, term], 0.0)
            by_term = self._by_column(carry[:, layout.row] * through, g, n_columns)
            out[rows.slope[at]] = scaling[item, None] * by_term[item]
            out[rows.slope[at]] += carry[item, term, None] * varying[item]
        if layout.constant is not None and (len(rows.mean) or len(rows.threshold)):
            by_mean = np.where(layout.directed, state.total[g][layout.column, layout.constant], 0.0)
            mean = self._by_column(carry[:, layout.row] * by_mean, g, n_columns)
            out[rows.mean] = mean[rows.mean_item]
        else:
            mean = np.zeros((p, n_columns))
        if len(rows.threshold):
            item = rows.threshold_item
            out[rows.threshold] = -scaling[item, None] * mean[item]
            out[rows.threshold] += (state.threshold[g] - state.mean[g][item])[:, None] * varying[item]
            at = self.column[self.threshold_position[g]]
            held = (self.threshold_position[g] >= 0) & (at >= 0)
            np.add.at(out, (rows.threshold[held], at[held]), scaling[item[held]])
        return out

    def _by_column(self, cells: Floats, g: int, n_columns: int) -> Floats:
        """Derivatives by cell (n, c) of a group to those by free value (n, columns)."""
        position, factor = self.layout.position[g], self.layout.factor[g]
        at = self.column[position]
        if len(at) == n_columns and (position >= 0).all() and (at == np.arange(n_columns)).all():
            return cells if (factor == 1.0).all() else cells * factor
        held = np.flatnonzero(position >= 0)
        at = at[held]
        weighted = cells[:, held] * factor[held]
        if len(np.unique(at)) < len(at):
            chosen = np.zeros((len(held), n_columns))
            chosen[np.arange(len(held)), at] = 1.0
            return np.asarray(weighted @ chosen, dtype=np.float64)
        out = np.zeros((len(cells), n_columns))
        out[:, at] = weighted
        return out


def _filled(theta: Floats, position: Places, fixed: Floats) -> Floats:
    """Free values where there are any, fixed ones elsewhere."""
    return np.asarray(np.where(position >= 0, theta[position], fixed), dtype=np.float64)
