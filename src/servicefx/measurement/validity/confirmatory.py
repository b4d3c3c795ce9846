"""The full confirmatory factor model of all constructs, and what validity reads from a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx import sem
from servicefx.errors import DataError, Problem, StudyError
from servicefx.measurement.validity.item_blocks import item_blocks, weights_of
from servicefx.moments.moments import Moments
from servicefx.syntax.table import ParameterTable

__all__ = ["confirmatory_fit", "construct_correlations", "construct_loadings"]


def confirmatory_fit(
    items: pd.DataFrame | Moments,
    constructs: Mapping[str, Sequence[str]],
    *,
    estimator: str = "ml",
    weights: ArrayLike | pd.Series | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    level: float = 0.95,
) -> sem.SemFit:
    """Fit all constructs at once: each item on its own construct, all constructs correlated.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Answers, reversed items turned. Rows with a gap are not used. For gaps kept (FIML) or ordered items
        fit the same model by `servicefx.sem.fit`; whatever reads a fit here takes it too.
    constructs : mapping of str to sequence of str
        Construct -> its columns. A single item is taken as free of error.
    estimator : {"ml", "mlr", "mlm", "uls", "gls", "wls"}
        As in `servicefx.sem.fit`; all but ``ml``, ``uls`` and ``gls`` need rows.
    weights, clusters : array_like or Series, shape (n,), optional
        Survey weights > 0, and dependence groups; errors and test become robust.
    level : float
        Of the fit's own intervals.

    Returns
    -------
    SemFit
        With the constructs' variances fixed at 1; doubtful solutions are named in its ``problems``.

    Raises
    ------
    DataError, StudyError, IdentificationError, ConvergenceError
        As `heterotrait_monotrait` (one item is enough) and `servicefx.sem.fit`.
    """
    read = item_blocks(items, constructs, weights=weights)
    named = dict(zip(read.constructs, read.blocks, strict=True))
    table = ParameterTable.from_constructs({c: [read.items[at] for at in b] for c, b in named.items()})
    if read.values is None or read.used is None or isinstance(items, Moments):
        if clusters is not None:
            found = "clusters belong to rows, and moments are given"
            raise DataError(Problem("clusters", found, "Give the rows."))
        return sem.fit(table, read.moments, estimator=estimator, std_lv=True, level=level)
    rows = pd.DataFrame(read.values, columns=list(read.items))
    taken = {*read.items, *read.constructs}
    weight_name = _free_name("weights", taken)
    cluster_name = _free_name(str(getattr(clusters, "name", None) or "clusters"), {*taken, weight_name})
    if weights is not None:
        rows[weight_name] = weights_of(weights, items)[read.used]
    if clusters is not None:
        rows[cluster_name] = _labels(clusters, items).to_numpy(copy=True)[read.used]
    return sem.fit(
        table,
        rows,
        estimator=estimator,
        std_lv=True,
        weights=None if weights is None else weight_name,
        cluster=None if clusters is None else cluster_name,
        level=level,
    )


def construct_loadings(fit: sem.SemFit) -> pd.DataFrame:
    """Standardised loadings of items: ``construct, item, estimate, std_error``; one row a loading.

    Raises
    ------
    StudyError
        If the fit compares groups.
    """
    rows = _parameters(fit, "=~")
    rows = rows[rows["rhs"].isin(fit.model.items)]
    return _named(rows, "construct", "item")


def construct_correlations(fit: sem.SemFit) -> pd.DataFrame:
    """Correlations of constructs: ``construct, other, estimate, std_error``; one row a pair that covaries.

    Raises
    ------
    StudyError
        If the fit compares groups.
    """
    rows = _parameters(fit, "~~")
    constructs = list(fit.model.constructs)
    latent = rows["lhs"].isin(constructs) & rows["rhs"].isin(constructs) & (rows["lhs"] != rows["rhs"])
    return _named(rows[latent], "construct", "other")


def _parameters(fit: sem.SemFit, op: str) -> pd.DataFrame:
    if len(fit.model.groups) > 1:
        found = f"the fit compares {len(fit.model.groups)} groups, one expected"
        raise StudyError(Problem("validity", found, "Fit each group by itself."))
    rows = fit.parameters
    return rows[rows["op"] == op]


def _named(rows: pd.DataFrame, left: str, right: str) -> pd.DataFrame:
    names = {"lhs": left, "rhs": right, "std_all": "estimate", "std_all_error": "std_error"}
    return rows[list(names)].rename(columns=names).reset_index(drop=True)


def _labels(clusters: ArrayLike | pd.Series, items: pd.DataFrame) -> pd.Series:
    if np.shape(clusters) != (len(items),):
        found = f"{np.size(clusters)} clusters for {len(items)} rows"
        raise DataError(Problem("clusters", found, "Give one a row."))
    labels = clusters if isinstance(clusters, pd.Series) else pd.Series(clusters, index=items.index)
    if not labels.index.equals(items.index):
        found = "their index is not that of the items"
        raise DataError(Problem("clusters", found, "Take both from the same frame."))
    return labels


def _free_name(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted
