"""PlsFit: a fitted path model of composites as numbers, without rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.composites import path_coefficients
from servicefx.pls.model import PlsModel

__all__ = ["PlsFit", "all_paths"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsFit:
    """A fitted path model of composites; items and composites are standardised.

    Attributes
    ----------
    model : PlsModel
        p items, K constructs.
    n_obs : int
        Rows behind the correlations.
    dropped : mapping of str to int
        Rows not used, by reason.
    item_weights, item_loadings : ndarray, shape (p, K)
        Weights are zero outside a construct's items; loadings are correlations with every composite.
    composite_correlations : ndarray, shape (K, K)
        Of the composites.
    settings : mapping of str to str, int or float
        All that makes programs differ: scheme, modes, denominator, missing rule, sign rule, tolerance.
    """

    model: PlsModel
    n_obs: int
    dropped: Mapping[str, int]
    item_weights: Floats
    item_loadings: Floats
    composite_correlations: Floats
    settings: Mapping[str, str | int | float]

    def __post_init__(self) -> None:
        for name in ("item_weights", "item_loadings", "composite_correlations"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def paths(self) -> pd.DataFrame:
        """Columns ``lhs, op, rhs, estimate``: standard deviations of lhs per standard deviation of rhs."""
        rows = [
            (outcome, "~", term, estimate)
            for (outcome, term), estimate in zip(
                self.model.paths, all_paths(self.model, self.composite_correlations[None])[0], strict=True
            )
        ]
        return pd.DataFrame(rows, columns=["lhs", "op", "rhs", "estimate"])

    @property
    def loadings(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: correlation of each item with its composite."""
        return self._by_item(self.item_loadings)

    @property
    def weights(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: of the standardised item in its composite."""
        return self._by_item(self.item_weights)

    @property
    def r2(self) -> pd.DataFrame:
        """Columns ``outcome, estimate``: explained share of each explained composite's variance."""
        shares = []
        for outcome in self.model.outcomes:
            at = self.model.constructs.index(outcome)
            terms = self.model.design.terms[at]
            estimates = path_coefficients(self.composite_correlations[None], terms, at)[0]
            shares.append(float(estimates @ self.composite_correlations[list(terms), at]))
        return pd.DataFrame({"outcome": list(self.model.outcomes), "estimate": shares})

    def _by_item(self, values: Floats) -> pd.DataFrame:
        rows = [
            (construct, self.model.items[i], values[i, j])
            for j, construct in enumerate(self.model.constructs)
            for i in self.model.design.blocks[j]
        ]
        return pd.DataFrame(rows, columns=["construct", "item", "estimate"])


def all_paths(model: PlsModel, correlations: Floats) -> Floats:
    """Path coefficients of a batch of composite correlations.

    Parameters
    ----------
    model : PlsModel
        K constructs.
    correlations : ndarray, shape (B, K, K)
        Of the composites.

    Returns
    -------
    ndarray, shape (B, n_paths)
        Standardised, in the order of the model.
    """
    at = {name: j for j, name in enumerate(model.constructs)}
    table = np.empty((len(correlations), len(model.paths)))
    for outcome in model.outcomes:
        terms = model.design.terms[at[outcome]]
        columns = [j for j, (lhs, _) in enumerate(model.paths) if lhs == outcome]
        table[:, columns] = path_coefficients(correlations, terms, at[outcome])
    return table
