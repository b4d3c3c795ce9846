"""Partial correlations and slopes of scores, as they stand and with the error of their items taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.effects.node_values import NodeValues
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["partial_tie", "slope"]

Floats = NDArray[np.float64]
_ALIKE = 100.0
"""Variance inflation beyond which constructs freed of error cannot be told apart."""
_NOTHING = 0.05
"""Share of a score's variance below which nothing is left of it without error."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Moments:
    """Complete rows of some nodes, centred, and their covariances with or without the error of items."""

    rows: Floats
    noise: Floats  # shape (n, q): what each row says of the error variances
    cov: Floats
    weight: Floats
    clusters: NDArray[np.intp] | None
    n_clusters: int

    @property
    def df(self) -> float:
        return np.inf if self.clusters is None else self.n_clusters - 1

    def error(self, influence: Floats, lost: int) -> float:
        """Standard error of a statistic whose rows have this influence; ``lost`` degrees of freedom."""
        n = len(self.rows)
        factor = n / (n - lost)
        weighted: Floats = self.weight * influence
        if self.clusters is not None:
            weighted = np.asarray(np.bincount(self.clusters, weights=weighted), dtype=np.float64)
            factor *= self.n_clusters / (self.n_clusters - 1)
        return float(np.sqrt(factor * (weighted**2).sum()) / n)


def _moments(values: NodeValues, names: Sequence[str], freed: Sequence[str], where: str) -> _Moments:
    """Complete rows of nodes, the error of the freed ones known."""
    absent = [name for name in names if name not in values.names]
    if absent:
        why = values.refused.get(absent[0])
        found = f"'{absent[0]}' is no measured node of the graph" if why is None else f"'{absent[0]}': {why}"
        raise DataError(Problem(where, found, "Measure it, recode it, or take it out of the question."))
    for name in freed:
        if values.error[name] == "unknown":
            found = f"nothing tells the error of '{name}'"
            raise IdentificationError(Problem(where, found, "Ask it with several items."))
    at = [values.names.index(name) for name in names]
    complete = ~np.isnan(values.scores[:, at]).any(axis=1) & ~np.isnan(values.weights)
    if values.clusters is not None:
        complete &= values.clusters >= 0
    n = int(complete.sum())
    if n < len(names) + 4:
        found = f"{n} complete rows, at least {len(names) + 4} expected"
        raise DataError(Problem(where, found, "Add rows, or hold less."))
    rows, weight = values.scores[complete][:, at], values.weights[complete]
    weight = weight / weight.mean()
    rows = rows - np.average(rows, axis=0, weights=weight)
    spread = np.average(rows**2, axis=0, weights=weight)
    for name, size, column in zip(names, spread, rows.T, strict=True):
        if size <= 1e-20 * max(1.0, float(np.abs(column).max()) ** 2):
            raise DataError(Problem(where, f"'{name}' has the same value in every row", "Leave it out."))
    noise = np.where([name in freed for name in names], values.noise[complete][:, at], 0.0)
    cov = (rows * weight[:, None]).T @ rows / n - np.diag(np.average(noise, axis=0, weights=weight))
    codes, count = None, 0
    if values.clusters is not None:
        codes = values.clusters[complete]
        count = int((np.bincount(codes) > 0).sum())
        if count < 2:
            found = f"{count} cluster, at least 2 expected"
            raise DataError(Problem(where, found, "Leave nested_in out, or add clusters."))
    return _Moments(rows=rows, noise=noise, cov=cov, weight=weight, clusters=codes, n_clusters=count)


def _check(moments: _Moments, names: Sequence[str], where: str) -> None:
    """Refuse covariances that no variables have, or of variables that cannot be told apart."""
    cov = moments.cov[: len(names), : len(names)]
    spread = np.average(moments.rows**2, axis=0, weights=moments.weight)
    for name, own, before in zip(names, np.diag(cov), spread, strict=False):
        if own <= _NOTHING * before:
            found = f"the items of '{name}' hardly agree: next to nothing is left without their error"
            raise IdentificationError(Problem(where, found, "Look at its reliability first."))
    size = np.sqrt(np.diag(cov))
    scaled = cov / np.outer(size, size)
    if np.linalg.eigvalsh(scaled)[0] <= 1e-9 or np.diag(np.linalg.inv(scaled)).max() > _ALIKE:
        found = "its nodes cannot be told apart: one is as good as computed from the others"
        raise IdentificationError(Problem(where, found, "Hold less, or merge nodes."))


def partial_tie(
    values: NodeValues,
    left: str,
    right: str,
    given: Sequence[str] = (),
    *,
    freed: bool = False,
    level: float = 0.95,
) -> dict[str, float]:
    """Correlation of what two nodes have left once others are held.

    Parameters
    ----------
    values : NodeValues
        Rows complete in the nodes asked about are used.
    left, right : str
    given : sequence of str
        Nodes held.
    freed : bool
        Whether the error of items is taken out; one of the pair whose error is unknown keeps it, which makes
        the correlation smaller and a zero no other.
    level : float
        Of the interval.

    Returns
    -------
    mapping of str to float
        ``estimate`` in [-1, 1], ``std_error``, ``conf_low``, ``conf_high``, ``p_value``, ``n_obs``.

    Raises
    ------
    DataError, IdentificationError
        If a node has no values or does not vary; if the error of one held is unknown and ``freed``; if there
        are too few rows or clusters; if without their error nodes cannot be told apart.

    Notes
    -----
    ``freed`` takes each construct's error variance from its variance, as Spearman (1904) does for a
    correlation, and its uncertainty into the error: covariances and error variances are means over rows, and
    the partial correlation a smooth function of them (delta method, by cluster; Fisher's z). Without
    ``freed`` it is `servicefx.effects.independences.partial_correlation`.
    """
    where = f"partial correlation of '{left}' and '{right}'"
    names = [left, right, *given]
    told = [*(name for name in (left, right) if values.error.get(name) != "unknown"), *given]
    moments = _moments(values, names, told if freed else (), where)
    _check(moments, names, where)
    inverse = np.linalg.inv(moments.cov)
    scale = np.sqrt(inverse[0, 0] * inverse[1, 1])
    r = float(-inverse[0, 1] / scale)
    by_inverse = np.zeros_like(inverse)
    by_inverse[0, 1] = by_inverse[1, 0] = -0.5 / scale
    by_inverse[0, 0], by_inverse[1, 1] = -r / (2 * inverse[0, 0]), -r / (2 * inverse[1, 1])
    gradient = -inverse @ by_inverse @ inverse
    influence = ((moments.rows @ gradient) * moments.rows).sum(axis=1)
    influence -= moments.noise @ np.diag(gradient) + float((gradient * moments.cov).sum())
    error = moments.error(influence, len(given) + 3)
    z, z_error = np.arctanh(r), error / (1 - r**2)
    half = critical_value(level, moments.df) * z_error
    return {
        "estimate": r,
        "std_error": error,
        "conf_low": float(np.tanh(z - half)),
        "conf_high": float(np.tanh(z + half)),
        "p_value": float(two_sided_p_value(np.array([z / z_error]), moments.df)[0]),
        "n_obs": len(moments.rows),
    }


def slope(
    values: NodeValues,
    outcome: str,
    term: str,
    given: Sequence[str] = (),
    *,
    freed: bool = False,
    level: float = 0.95,
) -> dict[str, float]:
    """Least-squares slope of an outcome on a term, others held.

    Parameters
    ----------
    values, given, freed, level
        As `partial_tie`.
    outcome, term : str

    Returns
    -------
    mapping of str to float
        ``estimate`` in units of the outcome per unit of the term, ``std_error``, ``conf_low``,
        ``conf_high``, ``p_value``, ``n_obs``.

    Raises
    ------
    DataError, IdentificationError
        As `partial_tie`; the outcome's own error does not matter, and an unknown one of the term is kept.

    Notes
    -----
    ``freed`` is the errors-in-variables regression of Fuller (1987, Measurement Error Models, sec. 2.2), the
    error variances estimated from the items of the same rows and their uncertainty carried on. Without
    ``freed`` it is `servicefx.engines.linear.fit_ols` with clustered errors, or HC1 without clusters.
    """
    where = f"regression of '{outcome}' on '{term}'"
    terms = [term, *given]
    told = [*((term,) if values.error.get(term) != "unknown" else ()), *given]
    moments = _moments(values, [*terms, outcome], told if freed else (), where)
    _check(moments, terms, where)
    x, y = moments.rows[:, :-1], moments.rows[:, -1]
    inverse = np.linalg.inv(moments.cov[:-1, :-1])
    b = inverse @ moments.cov[:-1, -1]
    rest = y - x @ b
    influence = (x * rest[:, None] + moments.noise[:, :-1] * b) @ inverse[0]
    error = moments.error(influence, len(terms) + 1)
    df = moments.df
    if moments.clusters is None:
        df = len(x) - len(terms) - 1
    else:
        error *= float(np.sqrt((len(x) - 1) / len(x)))
    half = critical_value(level, df) * error
    return {
        "estimate": float(b[0]),
        "std_error": error,
        "conf_low": float(b[0] - half),
        "conf_high": float(b[0] + half),
        "p_value": float(two_sided_p_value(np.array([b[0] / error]), df)[0]),
        "n_obs": len(x),
    }
