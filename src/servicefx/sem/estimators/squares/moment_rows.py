"""Which moments stand where in the vector of a group: thresholds, means, slopes, variances, covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.sem_model import SemModel

__all__ = ["MomentRows", "continuous_rows", "exogenous_items", "rows_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def _none() -> Places:
    return np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MomentRows:
    """Which moments stand where in the vector of k moments of each group.

    Attributes
    ----------
    size : int
        k.
    threshold, threshold_item : ndarray of int, shape (t,)
        Places of the thresholds, item by item, and whose they are.
    mean, mean_item : ndarray of int, shape (m,)
        The same for means of continuous items.
    pair, left, right : ndarray of int, shape (c,)
        The same for variances and covariances; ``left >= right``.
    slope, slope_item, slope_term : ndarray of int, shape (b,)
        The same for slopes of items on covariates; there are some only where all moments are given these.
    """

    size: int
    threshold: Places
    threshold_item: Places
    mean: Places
    mean_item: Places
    pair: Places
    left: Places
    right: Places
    slope: Places = field(default_factory=_none)
    slope_item: Places = field(default_factory=_none)
    slope_term: Places = field(default_factory=_none)

    def without_thresholds(self) -> tuple[MomentRows, Places]:
        """The other moments in the same order, and their places here."""
        kept = np.sort(np.concatenate([self.mean, self.slope, self.pair]))
        rows = MomentRows(
            size=len(kept),
            threshold=_none(),
            threshold_item=_none(),
            mean=np.searchsorted(kept, self.mean),
            mean_item=self.mean_item,
            pair=np.searchsorted(kept, self.pair),
            left=self.left,
            right=self.right,
            slope=np.searchsorted(kept, self.slope),
            slope_item=self.slope_item,
            slope_term=self.slope_term,
        )
        return rows, kept

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Which moments are covariances of two items, shape (k,)."""
        chosen = np.zeros(self.size, dtype=np.bool_)
        chosen[self.pair] = self.left != self.right
        return chosen

    def among(self, items: Places) -> NDArray[np.bool_]:
        """Which moments are of these items alone, shape (k,)."""
        chosen = np.zeros(self.size, dtype=np.bool_)
        chosen[self.mean] = np.isin(self.mean_item, items)
        chosen[self.pair] = np.isin(self.left, items) & np.isin(self.right, items)
        return chosen

    def scale(self, of_items: Floats) -> Floats:
        """What each moment is divided by where items are divided by these, shape (k,)."""
        size = np.ones(self.size)
        size[self.mean] = of_items[self.mean_item]
        size[self.pair] = of_items[self.left] * of_items[self.right]
        size[self.slope] = of_items[self.slope_item] / of_items[self.slope_term]
        return size


def exogenous_items(model: SemModel) -> Places:
    """Places of the items that explain others and are explained by nothing, fixed or not."""
    return np.flatnonzero(np.isin(model.items, model.exogenous))


def rows_of(
    kinds: Sequence[str], index: NDArray[np.intp], *, means: bool = True
) -> tuple[MomentRows, Places]:
    """Rows from the labels of `servicefx.moments.ordinal.OrdinalMoments`.

    Parameters
    ----------
    kinds : sequence of str, length K
        ``threshold``, ``mean``, ``variance`` or ``covariance``.
    index : ndarray of int, shape (K, 2)
        Item and threshold, or two items.
    means : bool
        Whether the model has means; otherwise those of continuous items are left out.

    Returns
    -------
    MomentRows
    ndarray of int, shape (k,)
        Places of its moments among the K.
    """
    kind = np.array(kinds)
    kept = np.flatnonzero(np.ones(len(kind), dtype=np.bool_) if means else kind != "mean")
    kind, at = kind[kept], index[kept]
    threshold, mean = np.flatnonzero(kind == "threshold"), np.flatnonzero(kind == "mean")
    pair = np.flatnonzero((kind == "variance") | (kind == "covariance"))
    rows = MomentRows(
        size=len(kept),
        threshold=threshold,
        threshold_item=at[threshold, 0],
        mean=mean,
        mean_item=at[mean, 0],
        pair=pair,
        left=at[pair, 0],
        right=at[pair, 1],
    )
    return rows, kept


def continuous_rows(n_items: int, *, means: bool) -> MomentRows:
    """Rows of continuous items alone: means where they are modelled, variances, covariances by column."""
    right, left = np.triu_indices(n_items, 1)
    every = np.arange(n_items)
    first = n_items if means else 0
    return MomentRows(
        size=first + n_items * (n_items + 1) // 2,
        threshold=_none(),
        threshold_item=_none(),
        mean=every[:first],
        mean_item=every[:first],
        pair=np.arange(first, first + n_items * (n_items + 1) // 2),
        left=np.concatenate([every, left]),
        right=np.concatenate([every, right]),
    )
