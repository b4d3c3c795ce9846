"""The items of one construct, read once: complete rows, covariances, one factor, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.reliability.influence import (
    factor_slope,
    influence_values,
    matrix_slope,
    summed_by_cluster,
)
from servicefx.measurement.reliability.item_covariance import check_finite, constant_items, item_covariance
from servicefx.measurement.reliability.measures import FACTOR, of_matrix
from servicefx.measurement.reliability.omega import no_factor_reason
from servicefx.measurement.reliability.one_factor import OneFactorBatch, fit_one_factor_batch
from servicefx.moments.checks import complete_matrix

__all__ = ["Block", "block_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Block:
    """Items of one construct.

    Attributes
    ----------
    names : tuple of str, length p
    rows : ndarray of int, shape (m,)
        Places of the rows that answer all items.
    values : ndarray, shape (m, p)
    weights : ndarray, shape (m,), or None
    clusters : ndarray of int, shape (m,), or None
    covariance : ndarray, shape (p, p)
        Denominator n; zero where ``undefined``.
    factor : OneFactorBatch or None
        One-factor solution; None where ``undefined``.
    undefined : str
        Why nothing can be computed; empty where something can.
    """

    names: tuple[str, ...]
    rows: NDArray[np.intp]
    values: Floats
    weights: Floats | None
    clusters: NDArray[np.intp] | None
    covariance: Floats
    factor: OneFactorBatch | None
    undefined: str

    @property
    def p(self) -> int:
        """Items."""
        return len(self.names)

    @property
    def n_obs(self) -> int:
        """Rows that answer all items."""
        return len(self.values)

    @property
    def most_answers(self) -> int:
        """Largest number of different answers to one item."""
        return max(len(np.unique(column)) for column in self.values.T)

    def frame(self) -> pd.DataFrame:
        """The complete rows."""
        return pd.DataFrame(self.values, columns=list(self.names))

    def estimate(self, measure: str) -> tuple[float, str]:
        """A measure, and why it is NaN (empty where it is not)."""
        if self.undefined or self.factor is None:
            return float("nan"), self.undefined
        of = of_matrix(measure, self.p)
        needs_pair = self.p == 2 and measure in FACTOR and self.covariance[0, 1] <= 0
        if of is None or needs_pair:
            reason = no_factor_reason(self.factor, self.covariance, self.names)
            if reason and self.n_obs <= self.p:
                reason = f"{self.n_obs} complete answers to {self.p} items"
            if reason:
                return float("nan"), reason
            return float(FACTOR[measure](self.factor.loadings[0], self.factor.uniquenesses[0])[()]), ""
        if measure == "lambda6" and self.factor.singular[0]:
            return float("nan"), "an item can be computed exactly from the others"
        value = float(of(self.covariance)[()])
        return value, "" if np.isfinite(value) else "the sum score, or a half of it, does not vary"

    def influence(self, measure: str) -> Floats:
        """What each row, or each cluster, adds to a measure that exists."""
        of = of_matrix(measure, self.p)
        if of is not None:
            slope = matrix_slope(of, self.covariance)
        elif self.factor is not None:
            slope = factor_slope(FACTOR[measure], self.factor)
        else:
            raise ValueError(f"no factor for '{measure}'")
        return summed_by_cluster(influence_values(self.values, slope, self.weights), self.clusters)

    def flag(self, measure: str) -> str:
        """What the reader should know: items that run against the others, loadings held equal."""
        against = self.covariance.sum(axis=1) - np.diag(self.covariance)
        if self.factor is not None and self.factor.solved[0]:
            against = self.factor.loadings[0]
        flags = [
            f"'{item}' runs against the others: check for a reversed item"
            for item, value in zip(self.names, against, strict=True)
            if value < 0
        ]
        if self.p == 2 and measure in (*FACTOR, "ordinal_omega", "categorical_omega"):
            flags.append("two items: loadings held equal")
        return "; ".join(flags)


def block_of(items: pd.DataFrame, weights: pd.Series | None, clusters: pd.Series | None) -> Block:
    """Read the items of one construct; what stands against it is kept as its reason, not raised.

    Raises
    ------
    DataError
        If an item is not numeric, or holds infinite answers.
    """
    rows = np.flatnonzero(items.notna().all(axis=1).to_numpy())
    check_finite(items)
    values = complete_matrix(items.iloc[rows])
    n, p = values.shape
    names = tuple(str(name) for name in items.columns)
    constant = constant_items(pd.DataFrame(values, columns=list(names))) if n > 2 else []
    undefined = "one item" if p < 2 else f"{n} complete answers" if n < 3 else ""
    if not undefined and constant:
        undefined = "constant item: " + ", ".join(constant)
    w = None if weights is None else weights.to_numpy(dtype=np.float64)[rows]
    covariance = np.zeros((p, p)) if undefined else item_covariance(values, w)
    return Block(
        names=names,
        rows=rows,
        values=values,
        weights=w,
        clusters=None if clusters is None else pd.factorize(clusters.iloc[rows])[0].astype(np.intp),
        covariance=covariance,
        factor=None if undefined else fit_one_factor_batch(covariance[None]),
        undefined=undefined,
    )
