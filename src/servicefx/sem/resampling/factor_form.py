"""Slopes of the likelihood for many resamples of a factor model, without ever forming sigma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.resampling.target import Resampled, definite, inverses
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import implied

__all__ = ["FactorForm", "factor_form"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Cells:
    """Which cells of a layout are loadings, paths, …, and where they stand in flattened matrices."""

    loading: Places
    loading_at: Places
    path: Places
    path_at: Places
    unique: Places
    unique_at: Places
    latent: Places
    latent_at: Places
    latent_mirror: Places
    intercept: Places
    intercept_at: Places
    level: Places
    level_at: Places


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Pieces:
    """Matrices of one group for b resamples: p items, m constructs."""

    loadings: Floats
    total: Floats
    latent: Floats
    implied_latent: Floats
    unique: Floats
    item_levels: Floats
    latent_levels: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FactorForm:
    r"""Gradients where :math:`\Sigma = \Lambda V \Lambda' + \Theta`, of order p² m a resample.

    :math:`\Theta` is diagonal. With :math:`\Omega = \Lambda' \Theta^{-1} \Lambda` and
    :math:`N = (I + V \Omega)^{-1} V`, the inverse is
    :math:`\Theta^{-1} - \Theta^{-1} \Lambda N \Lambda' \Theta^{-1}` (Woodbury); of
    :math:`M = \Sigma^{-1} - \Sigma^{-1} (S + d d') \Sigma^{-1}` only :math:`M \Lambda` and the diagonal are
    formed, d being the difference of sample and implied means.

    Attributes
    ----------
    layout : Layout
        In the units of the search.
    cells : _Cells
    """

    layout: Layout
    cells: _Cells

    def gradient(self, theta: Floats, target: Resampled) -> Floats:
        """Gradient of F / 2 by free value, (b, q), at values (b, q)."""
        layout = self.layout
        values = layout.values(theta)
        if layout.n_groups == 1:
            return layout.gathered(self._of_group(values, target, 0)[:, None])
        by_group = np.stack([self._of_group(values, target, g) for g in range(layout.n_groups)], axis=1)
        return layout.gathered(by_group * target.share[:, :, None])

    def variances(
        self,
        theta: Floats,
        target: Resampled,  # noqa: ARG002
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Implied and residual variances of all variables, (b, G, v); where sigma is positive definite."""
        layout, p = self.layout, self.layout.n_items
        values = layout.values(theta)
        shape = (len(theta), layout.n_groups, layout.n_variables)
        variance, residual = np.ones(shape), np.ones(shape)
        fine = np.ones(len(theta), dtype=np.bool_)
        for g in range(layout.n_groups):
            parts = self._pieces(values, g)
            carried = parts.loadings @ parts.implied_latent
            common = (carried * parts.loadings).sum(axis=2)
            variance[:, g, :p] = common + parts.unique
            variance[:, g, layout.n_observed :] = np.einsum("bii->bi", parts.implied_latent)
            residual[:, g, :p] = parts.unique
            residual[:, g, layout.n_observed :] = np.einsum("bii->bi", parts.latent)
            fine &= (parts.unique > 0).all(axis=1) & definite(parts.latent[:, None])
        doubtful = np.flatnonzero(~fine & np.isfinite(theta).all(axis=1))
        if len(doubtful):
            fine[doubtful] = definite(implied(layout, theta[doubtful]).sigma)
        return variance, residual, fine

    def _pieces(self, values: Floats, g: int) -> _Pieces:
        layout, cells, b = self.layout, self.cells, len(values)
        p, first, m = layout.n_items, layout.n_observed, layout.n_variables - layout.n_observed
        directed, symmetric = layout.base_directed[g], layout.base_symmetric[g]
        of = values[:, g]
        held = layout.position[g] < 0

        def filled(base: Floats, cell: Places, at: Places, *mirror: Places) -> Floats:
            flat = np.empty((b, base.size))
            flat[:] = base.ravel()
            chosen = ~held[cell]
            for places in (at, *mirror):
                flat[:, places[chosen]] = of[:, cell[chosen]]
            return flat

        loadings = filled(directed[:p, first:], cells.loading, cells.loading_at).reshape(b, p, m)
        paths = filled(directed[first:, first:], cells.path, cells.path_at).reshape(b, m, m)
        latent = filled(
            symmetric[first:, first:], cells.latent, cells.latent_at, cells.latent_mirror
        ).reshape(b, m, m)
        unique = filled(np.diag(symmetric)[:p], cells.unique, cells.unique_at)
        total = inverses(np.eye(m) - paths)
        implied_latent = total @ latent @ np.swapaxes(total, 1, 2)
        item_levels, latent_levels = np.zeros((b, p)), np.zeros((b, m))
        if layout.constant is not None:
            item_levels = filled(directed[:p, layout.constant], cells.intercept, cells.intercept_at)
            levels = filled(directed[first:, layout.constant], cells.level, cells.level_at)
            latent_levels = (total @ levels[:, :, None])[:, :, 0]
        return _Pieces(
            loadings=loadings,
            total=total,
            latent=latent,
            implied_latent=implied_latent,
            unique=unique,
            item_levels=item_levels,
            latent_levels=latent_levels,
        )

    def _of_group(self, values: Floats, target: Resampled, g: int) -> Floats:
        """Gradient of one group's F / 2 by cell, shape (b, c)."""
        cells, b = self.cells, len(values)
        parts = self._pieces(values, g)
        loadings, v, sample = parts.loadings, parts.implied_latent, target.cov[:, g]
        m = v.shape[1]
        transposed = np.swapaxes(loadings, 1, 2)
        precision = 1.0 / parts.unique
        scaled = loadings * precision[:, :, None]
        omega = transposed @ scaled
        inner = inverses(np.eye(m) + v @ omega) @ v  # N, symmetric
        moved = sample @ scaled
        crossed = np.swapaxes(scaled, 1, 2) @ moved  # Q = L' T^-1 S T^-1 L
        rest = np.eye(m) - inner @ omega  # sigma^-1 L = T^-1 L rest
        spread = inner @ crossed
        of_scaled = rest + spread @ rest
        # M L = T^-1 L of_scaled - T^-1 S T^-1 L rest; the second half of the columns serves the diagonal of M
        left, right = np.empty((b, m, 2 * m)), np.empty((b, m, 2 * m))
        left[:, :, :m], right[:, :, :m] = of_scaled @ v, rest @ v
        left[:, :, m:], right[:, :, m:] = -inner - spread @ inner, -2.0 * inner
        moved *= precision[:, :, None]
        combined = scaled @ left
        combined -= moved @ right
        by_loading = combined[:, :, :m]
        diagonal = precision - precision**2 * np.einsum("bii->bi", sample)
        diagonal += np.einsum("bpm,bpm->bp", combined[:, :, m:], scaled)
        by_construct = omega @ of_scaled - crossed @ rest  # L' M L
        pull = None
        if target.mean is not None:
            levels = (loadings @ parts.latent_levels[:, :, None])[:, :, 0]
            away = precision * (target.mean[:, g] - parts.item_levels - levels)
            projected = inner @ (transposed @ away[:, :, None])
            pull = away - (scaled @ projected)[:, :, 0]
            onto = (transposed @ pull[:, :, None])[:, :, 0]
            diagonal -= pull**2
            by_loading = by_loading - pull[:, :, None] * (onto[:, None, :] @ v)
            by_construct = by_construct - onto[:, :, None] * onto[:, None, :]
        by_latent = np.swapaxes(parts.total, 1, 2) @ by_construct
        by_path = by_latent @ v
        result = np.zeros((b, values.shape[2]))
        if pull is not None:
            by_loading = by_loading - pull[:, :, None] * parts.latent_levels[:, None, :]
            latent_pull = (np.swapaxes(parts.total, 1, 2) @ onto[:, :, None])[:, :, 0]
            by_path -= latent_pull[:, :, None] * parts.latent_levels[:, None, :]
            result[:, cells.intercept] = -pull[:, cells.intercept_at]
            result[:, cells.level] = -latent_pull[:, cells.level_at]
        result[:, cells.loading] = by_loading[:, cells.loading_at // m, cells.loading_at % m]
        result[:, cells.path] = by_path.reshape(b, -1)[:, cells.path_at]
        by_covariance = (by_latent @ parts.total).reshape(b, -1)[:, cells.latent_at]
        result[:, cells.latent] = self.layout.share[cells.latent] * by_covariance
        result[:, cells.unique] = 0.5 * diagonal[:, cells.unique_at]
        return result


def factor_form(layout: Layout) -> FactorForm | None:
    """The factor form of a layout in the units of the search; None where the model is not one.

    Items must depend on constructs alone, be unrelated given these, and keep variance of their own; no
    covariate is held at the sample's moments.
    """
    p, first, v = layout.n_items, layout.n_observed, layout.n_variables
    m, row, column, directed = v - first, layout.row, layout.column, layout.directed
    if m == 0 or len(layout.sampled):
        return None
    on_constant = (
        directed & (column == layout.constant) if layout.constant is not None else np.zeros_like(directed)
    )
    low, high = row < p, row >= first
    by_construct = directed & (column >= first)
    within = ~directed & low & (column < p)
    across = ~directed & (low != (column < p))
    if (
        (directed & ~by_construct & ~on_constant).any()
        or across.any()
        or (row[within] != column[within]).any()
    ):
        return None
    for g in range(layout.n_groups):
        fixed_directed, fixed_symmetric = layout.base_directed[g], layout.base_symmetric[g]
        items = fixed_symmetric[:p, :p]
        if fixed_directed[:, :p].any() or (items - np.diag(np.diag(items))).any():
            return None
        if fixed_symmetric[:p, first:].any():
            return None
        free = np.zeros(p, dtype=np.bool_)
        free[row[within & (layout.position[g] >= 0)]] = True
        if not (free | (np.diag(items) > 0)).all():
            return None

    def chosen(mask: NDArray[np.bool_]) -> Places:
        return np.flatnonzero(mask).astype(np.intp)

    loading, path = chosen(by_construct & low), chosen(by_construct & high)
    unique, latent = chosen(within), chosen(~directed & high)
    intercept, level = chosen(on_constant & low), chosen(on_constant & high)
    a, b = row[latent] - first, column[latent] - first
    return FactorForm(
        layout=layout,
        cells=_Cells(
            loading=loading,
            loading_at=row[loading] * m + column[loading] - first,
            path=path,
            path_at=(row[path] - first) * m + column[path] - first,
            unique=unique,
            unique_at=row[unique],
            latent=latent,
            latent_at=a * m + b,
            latent_mirror=b * m + a,
            intercept=intercept,
            intercept_at=row[intercept],
            level=level,
            level_at=row[level] - first,
        ),
    )
