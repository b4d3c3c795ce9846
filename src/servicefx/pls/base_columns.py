"""BaseMoments: covariances of the items, and of products of items where a model has products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.model import PlsModel

__all__ = ["BaseMoments", "item_products", "product_weights"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BaseMoments:
    """Moments of the base columns of a batch of B samples.

    Attributes
    ----------
    items : tuple of str, length p
        The first base columns.
    pairs : tuple of (int, int), length P - p
        Places of the two items that each further column multiplies, centred at the same point in all samples.
    covariance : ndarray, shape (B, P, P)
        Denominator n, in the users' units.
    mean : ndarray, shape (B, p)
        Of the items, measured from that point.
    origin : ndarray, shape (p,)
        That point, in the users' units.
    """

    items: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    covariance: Floats
    mean: Floats
    origin: Floats

    @property
    def item_means(self) -> Floats:
        """Means of the items in the users' units, shape (B, p)."""
        return np.asarray(self.origin + self.mean, dtype=np.float64)

    @property
    def n_samples(self) -> int:
        """B."""
        return len(self.covariance)

    @property
    def sd(self) -> Floats:
        """Standard deviations of the items, shape (B, p); NaN where an item does not vary."""
        variance = np.einsum("bpp->bp", self.covariance)[:, : len(self.items)]
        return np.asarray(np.sqrt(np.where(variance > 0, variance, np.nan)), dtype=np.float64)

    def places(self, names: tuple[str, ...]) -> list[int]:
        """Where items stand among the base columns, in the order asked for."""
        at = {name: i for i, name in enumerate(self.items)}
        return [at[name] for name in names]


def item_products(model: PlsModel) -> tuple[tuple[int, int], ...]:
    """Pairs of items whose products the products of a model's constructs are made of, each pair once."""
    at = {name: i for i, name in enumerate(model.items)}
    pairs = (
        (min(at[left], at[right]), max(at[left], at[right]))
        for each in model.products
        for left in model.items_of(each.left)
        for right in model.items_of(each.right)
    )
    return tuple(dict.fromkeys(pairs))


def product_weights(base: BaseMoments, left: Floats, right: Floats) -> Floats:
    """Weights of the base columns in the product of two scores, but for a constant.

    Parameters
    ----------
    base : BaseMoments
        Holds the products of the items with weight.
    left, right : ndarray, shape (B, P)
        Weights of the base columns in the two scores: of items only.

    Returns
    -------
    ndarray, shape (B, P)
        The scores being centred in each sample.

    Notes
    -----
    With u an item measured from the common point and d its mean there,
    (u_i - d_i)(u_j - d_j) = u_i u_j - d_j u_i - d_i u_j + d_i d_j.
    """
    p = len(base.items)
    a, b = left[:, :p], right[:, :p]
    weights = np.zeros_like(left)
    weights[:, :p] = -a * np.einsum("bp,bp->b", b, base.mean)[:, None]
    weights[:, :p] -= b * np.einsum("bp,bp->b", a, base.mean)[:, None]
    for at, (i, j) in enumerate(base.pairs, start=p):
        weights[:, at] = a[:, i] * b[:, j] if i == j else a[:, i] * b[:, j] + a[:, j] * b[:, i]
    return weights
