"""An outcome tallied at every value of one score: all that a curve needs to know of the customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights
from servicefx.errors import DataError, Problem
from servicefx.models.frame_rows import without_gaps
from servicefx.models.loyalty.distinct import distinct_rows

__all__ = ["FEWEST_PLACES", "CurveRows", "Tallies", "curve_rows"]

Floats = NDArray[np.float64]
FEWEST_PLACES = 6
"""Different values of the score needed: two in each of three zones."""
MOST_PLACES = 200
"""With more different values the score is grouped into as many equal steps."""
_FEWEST_ROWS = 30


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tallies:
    """Sums at every place of the score, of some samples at once.

    Attributes
    ----------
    x : ndarray, shape (u,)
        Places, rising.
    mass, total, squares : ndarray, shape (b, u)
        Sums of weights, of weights times outcome, of weights times its square, in each sample.
    """

    x: Floats
    mass: Floats
    total: Floats
    squares: Floats

    def __len__(self) -> int:
        return len(self.mass)

    def only(self, some: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Tallies:
        """Some of the samples."""
        return Tallies(x=self.x, mass=self.mass[some], total=self.total[some], squares=self.squares[some])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurveRows:
    """Complete rows of an outcome and a score.

    Attributes
    ----------
    outcome, term : str
        Columns.
    binary : bool
        Whether the outcome holds 0 and 1.
    y : ndarray, shape (n,)
        Outcome.
    at : ndarray of int, shape (n,)
        Place of every row.
    x : ndarray, shape (u,)
        Places, rising.
    weights : ndarray, shape (n,)
        Survey weights with mean 1; ones where there are none.
    clusters : ndarray of int, shape (n,), or None
    cluster_name : str
        Column of the clusters; empty where there are none.
    kept : ndarray of bool
        Which rows of the data given are used.
    dropped : mapping of str to int
        Rows not used, by reason.
    cautions : tuple of str
        What was done to the data on the way.
    """

    outcome: str
    term: str
    binary: bool
    y: Floats
    at: NDArray[np.intp]
    x: Floats
    weights: Floats
    clusters: NDArray[np.intp] | None
    cluster_name: str
    kept: NDArray[np.bool_]
    dropped: Mapping[str, int]
    cautions: tuple[str, ...]

    @property
    def where(self) -> str:
        """The place a refusal names."""
        return f"curve of '{self.outcome}' over '{self.term}'"

    def tallies(self, counts: NDArray[np.floating]) -> Tallies:
        """Sums of samples in which rows stand as often as counts say, shape (b, n)."""
        cells = distinct_rows(np.column_stack([self.at.astype(np.float64), self.y, self.weights]))
        often = cells.summed(counts)
        place = cells.values[:, 0].astype(np.intp)
        mass = cells.values[:, 2]
        home = np.zeros((len(place), len(self.x)))
        home[np.arange(len(place)), place] = mass
        y = cells.values[:, 1]
        return Tallies(
            x=self.x,
            mass=often @ home,
            total=often @ (home * y[:, None]),
            squares=often @ (home * (y**2)[:, None]),
        )


def curve_rows(
    data: pd.DataFrame,
    outcome: str,
    term: str,
    clusters: pd.Series | None,
    weights: pd.Series | None,
) -> CurveRows:
    """Rows with outcome, score, cluster and weight known, or a refusal in words.

    Raises
    ------
    DataError
        If a column is absent, not numeric or constant, or there are fewer than 30 rows or 6 places.
    """
    where = f"curve of '{outcome}' over '{term}'"
    problems = [
        Problem(where, f"column '{name}' is not in the data", "Correct the name.")
        for name in (outcome, term)
        if name not in data.columns
    ]
    problems += [
        Problem(where, f"'{name}' is not numeric", "Code it as numbers.")
        for name in (outcome, term)
        if name in data.columns and not pd.api.types.is_numeric_dtype(data[name])
    ]
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is not None and len(series) != len(data):
            found = f"{len(series)} {kind}s for {len(data)} rows"
            problems.append(Problem(where, found, f"Give one {kind} a row."))
    if outcome == term:
        problems.append(Problem(where, "outcome and term are the same column", "Name two columns."))
    if problems:
        raise DataError(*problems)
    gaps = {f"{name} missing": data[name].isna().to_numpy() for name in (outcome, term)}
    gaps |= {
        f"{kind} '{s.name}' missing": s.isna().to_numpy()
        for kind, s in (("cluster", clusters), ("weight", weights))
        if s is not None
    }
    kept, dropped = without_gaps(gaps, np.ones(len(data), dtype=bool))
    y = data.loc[kept, outcome].to_numpy(dtype=float, copy=True)
    score = data.loc[kept, term].to_numpy(dtype=float, copy=True)
    if not (np.isfinite(y).all() and np.isfinite(score).all()):
        raise DataError(Problem(where, "a value is infinite", "Correct it."))
    if len(y) < _FEWEST_ROWS:
        raise DataError(
            Problem(where, f"{len(y)} complete rows, at least {_FEWEST_ROWS} needed", "Add rows.")
        )
    if np.ptp(y) == 0:
        raise DataError(Problem(where, f"'{outcome}' is {y[0]:g} in all {len(y)} rows", "Choose another."))
    rows, cautions = distinct_rows(score[:, None]), []
    if len(rows.values) > MOST_PLACES:
        step = np.ptp(score) / MOST_PLACES
        groups = np.minimum(np.floor((score - score.min()) / step), MOST_PLACES - 1)
        means = pd.Series(score).groupby(groups).transform("mean").to_numpy(copy=True)
        rows = distinct_rows(means[:, None])
        cautions.append(f"'{term}' is grouped into {len(rows.values)} steps of {step:.3g}")
    if len(rows.values) < FEWEST_PLACES:
        found = f"{len(rows.values)} different values of '{term}', at least {FEWEST_PLACES} needed"
        raise DataError(Problem(where, found, "Use a score of several items."))
    mass = np.ones(len(y))
    if weights is not None:
        mass = checked_weights(weights[kept], len(y), outcome)
        mass = mass / mass.mean()
    codes, name = None, ""
    if clusters is not None:
        codes, _, name = checked_clusters(clusters[kept], len(y), outcome)
    return CurveRows(
        outcome=outcome,
        term=term,
        binary=set(np.unique(y)) == {0.0, 1.0},
        y=y,
        at=rows.codes,
        x=rows.values[:, 0],
        weights=mass,
        clusters=codes,
        cluster_name=name,
        kept=kept,
        dropped=dropped,
        cautions=tuple(cautions),
    )
