"""Independences a declared graph implies, and which of them the data reject."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.effects.graph import CausalGraph
from servicefx.effects.separators import minimal_separators
from servicefx.engines.design_matrix import checked_arrays, checked_clusters, checked_weights
from servicefx.errors import DataError, IdentificationError, Problem, closest
from servicefx.pls.groups.difference_tests import adjusted_p_values
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["implied_independences", "independence_tests", "partial_correlation"]

Floats = NDArray[np.float64]


def implied_independences(graph: CausalGraph) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Pairs of measured nodes the graph makes independent, each with a smallest set to hold.

    Parameters
    ----------
    graph : CausalGraph

    Returns
    -------
    tuple of (str, str, tuple of str)
        Left, right, what to hold: one set a pair, the shortest. Pairs that no measured set separates are
        absent; where every pair is, the data cannot speak against the graph.

    Examples
    --------
    >>> from servicefx.effects.graph import declared_graph
    >>> implied_independences(declared_graph([("x", "m"), ("m", "y")]))
    (('x', 'y', ('m',)),)
    """
    found = []
    for left, right in combinations(graph.observed, 2):
        if left in graph.parents[right] or right in graph.parents[left]:
            continue
        sets = minimal_separators(graph, left, right, graph.observed)
        if sets:
            found.append((left, right, sets[0]))
    return tuple(found)


def independence_tests(
    graph: CausalGraph,
    data: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Hold a declared graph against data: partial correlations that it says are zero.

    Parameters
    ----------
    graph : CausalGraph
    data : DataFrame, shape (n, m)
        Numeric columns named as the measured nodes; a test uses the rows complete in its own columns.
    clusters, weights : Series, length n, optional
        Row by row beside ``data``.
    level : float
        Of the intervals; a pair counts as contradicted if its corrected p-value is below ``1 - level``.

    Returns
    -------
    DataFrame
        ``left, right, given, estimate, std_error, conf_low, conf_high, p_value, p_adjusted, n_obs, verdict,
        undefined``, smallest p-value first. ``verdict`` is "contradicted" or "undecided": data cannot support
        an arrow's absence, only fail to speak against it. ``p_adjusted`` is Holm's over all of them.

    Raises
    ------
    DataError
        If a measured node has no column.

    Notes
    -----
    A partial correlation sees straight-line dependence only.
    """
    absent = [name for name in graph.observed if name not in data.columns]
    if absent:
        raise DataError(
            *(
                Problem(
                    "graph",
                    f"node '{name}' has no column in the data{closest(name, map(str, data.columns))}",
                    "Correct the name, or declare it latent.",
                )
                for name in absent
            )
        )
    rows = []
    for left, right, given in implied_independences(graph):
        row: dict[str, object] = {"left": left, "right": right, "given": ", ".join(given)}
        try:
            row |= partial_correlation(
                data, left, right, given, clusters=clusters, weights=weights, level=level
            )
            row["undefined"] = ""
        except (DataError, IdentificationError) as refusal:
            row["undefined"] = refusal.problems[0].found
        rows.append(row)
    columns = ["left", "right", "given", "estimate", "std_error", "conf_low", "conf_high"]
    columns += ["p_value", "p_adjusted", "n_obs", "verdict", "undefined"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    if table.empty:
        return table
    p_values = table["p_value"].to_numpy(dtype=float)
    known = np.isfinite(p_values)
    adjusted = np.full(len(p_values), np.nan)
    adjusted[known] = adjusted_p_values(p_values[known], "holm")
    table["p_adjusted"] = adjusted
    table["verdict"] = np.where(adjusted < 1 - level, "contradicted", np.where(known, "undecided", ""))
    return table.sort_values("p_value", kind="stable").reset_index(drop=True)


def partial_correlation(
    data: pd.DataFrame,
    left: str,
    right: str,
    given: tuple[str, ...],
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> dict[str, float]:
    """Correlation of what two columns have left once others are held.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Rows with a gap in a column used are left out.
    left, right : str
        Columns.
    given : tuple of str
        Columns held.
    clusters, weights : Series, length n, optional
    level : float

    Returns
    -------
    mapping of str to float
        ``estimate`` in [-1, 1], ``std_error``, ``conf_low``, ``conf_high``, ``p_value``, ``n_obs``.

    Raises
    ------
    DataError, IdentificationError
        If columns are constant, redundant, or rows too few.

    Notes
    -----
    With standardised residuals e and u the influence of a row on r is ``e u − r (e² + u²) / 2``; its sum of
    squares (by cluster) gives an error that asks for no normal distribution, carried over to Fisher's z for
    interval and p-value; factor n / (n − k − 3), with clusters also G / (G − 1) and G − 1 degrees of freedom.
    """
    names = [left, right, *given]
    complete = data[names].notna().all(axis=1).to_numpy()
    for series in (clusters, weights):
        if series is not None:
            complete = complete & series.notna().to_numpy()
    used = data.loc[complete, names].astype(float)
    where = f"partial correlation of '{left}' and '{right}'"
    if len(used) < len(names) + 4:
        found = f"{len(used)} complete rows, at least {len(names) + 4} expected"
        raise DataError(Problem(where, found, "Add rows, or hold less."))
    y, x = checked_arrays(used, left, [*given, right])
    n = len(y)
    weight = np.ones(n) if weights is None else checked_weights(weights[complete], n, left)
    weight = weight / weight.mean()
    root = np.sqrt(weight)[:, None]
    held = np.column_stack([np.ones(n), x[:, :-1]]) * root
    both = np.column_stack([y, x[:, -1]]) * root
    basis = np.linalg.qr(held)[0]
    rest = (both - basis @ (basis.T @ both)) / root
    size = np.sqrt(np.average(rest**2, axis=0, weights=weight))
    if size[0] <= 1e-9 * y.std() or size[1] <= 1e-9 * x[:, -1].std():
        raise IdentificationError(Problem(where, "one is computed exactly from the others", "Remove it."))
    e, u = (rest / size).T
    r = float(np.average(e * u, weights=weight))
    influence = weight * (e * u - r * (e**2 + u**2) / 2)
    factor, df = n / (n - len(given) - 3), np.inf
    if clusters is not None:
        codes, count, _ = checked_clusters(clusters[complete], n, left)
        influence = np.bincount(codes, weights=influence)
        factor, df = factor * count / (count - 1), count - 1
    error = float(np.sqrt(factor * (influence**2).sum()) / n)
    if abs(r) >= 1 - 1e-12:
        raise IdentificationError(Problem(where, "one is computed exactly from the other", "Remove one."))
    z, z_error = np.arctanh(r), error / (1 - r**2)
    half = critical_value(level, df) * z_error
    return {
        "estimate": r,
        "std_error": error,
        "conf_low": float(np.tanh(z - half)),
        "conf_high": float(np.tanh(z + half)),
        "p_value": float(two_sided_p_value(np.array([z / z_error]), df)[0]),
        "n_obs": n,
    }
