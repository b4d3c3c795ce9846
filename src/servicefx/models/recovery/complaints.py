"""Who complained, whom a failure hit, and how complaints were handled: the rows behind every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights
from servicefx.errors import DataError, Problem
from servicefx.models.frame_rows import check_present, without_gaps

__all__ = ["Complaints", "RecoveryRows", "read_complaints"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecoveryRows:
    """Complete rows of one question, with what was left out.

    Attributes
    ----------
    frame : DataFrame, shape (n, m)
        Complete float columns, numbered from 0.
    complained : ndarray of bool, shape (n,)
        Who complained.
    clusters, weights : Series of length n, or None
        Beside ``frame``.
    counts : ndarray, shape (draws, n), or None
        How often every row stands in every resample.
    dropped : mapping of str to int
        Rows of the population not used, each once, by reason.
    """

    frame: pd.DataFrame
    complained: Flags
    clusters: pd.Series | None
    weights: pd.Series | None
    counts: NDArray[np.float32] | None
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Complaints:
    """A survey in which only complainers say how their complaint was handled.

    Attributes
    ----------
    frame : DataFrame, shape (n, m)
        Numeric columns with their gaps; rows that say whether they complained (and met a failure). The
        handling of people who did not complain is taken out.
    handling, complaint : str
        Column of the handling score, and of who complained.
    failure : str or None
        Column of whom a failure hit; None where it is not recorded.
    complained, failed : ndarray of bool, shape (n,)
        ``failed`` is True throughout where no failure is recorded.
    clusters, weights : Series of length n, or None
        Beside ``frame``.
    counts : ndarray, shape (draws, n), or None
        How often every row stands in every resample; None means that nothing is drawn.
    draw_source : str
        Which resamples.
    dropped : mapping of str to int
        Rows of the data not in ``frame``, by reason.
    n_unasked : int
        People who did not complain and yet answered how their complaint was handled: those answers are not
        used.
    n_unanswered : int
        Complainers who did not say how it was handled.
    """

    frame: pd.DataFrame
    handling: str
    complaint: str
    failure: str | None
    complained: Flags
    failed: Flags
    clusters: pd.Series | None
    weights: pd.Series | None
    counts: NDArray[np.float32] | None
    draw_source: str
    dropped: Mapping[str, int]
    n_unasked: int
    n_unanswered: int

    @property
    def n_complained(self) -> int:
        """People who complained."""
        return int(self.complained.sum())

    def rows(self, population: Flags, names: Sequence[str], where: str) -> RecoveryRows:
        """Rows of a population in which all named columns are known.

        Parameters
        ----------
        population : ndarray of bool, shape (n,)
            Whom the question is about.
        names : sequence of str
            Columns of ``frame``.
        where : str
            What is asked, for the message.

        Returns
        -------
        RecoveryRows

        Raises
        ------
        DataError
            If a column is absent, or no row is complete.
        """
        names = list(dict.fromkeys(names))
        check_present(self.frame, names, where)
        gaps = {f"{name} missing": self.frame[name].isna().to_numpy() for name in names}
        kept, dropped = without_gaps(gaps, population)
        if not kept.any():
            found = "no row has an answer to all of " + ", ".join(f"'{name}'" for name in names)
            raise DataError(Problem(where, found, "Ask about fewer of them at once."))

        def chosen(series: pd.Series | None) -> pd.Series | None:
            return None if series is None else series[kept].reset_index(drop=True)

        return RecoveryRows(
            frame=self.frame.loc[kept, names].reset_index(drop=True),
            complained=self.complained[kept],
            clusters=chosen(self.clusters),
            weights=chosen(self.weights),
            counts=None if self.counts is None else self.counts[:, kept],
            dropped=dropped,
        )


def read_complaints(
    data: pd.DataFrame,
    *,
    complained: str,
    handling: str,
    failure: str | None = None,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    counts: NDArray[np.float32] | None = None,
    draw_source: str = "no resamples",
) -> Complaints:
    """Split a survey into complainers and others, and say what does not fit together. Answers H9.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns, gaps allowed.
    complained, failure : str
        Columns of 0 and 1.
    handling : str
        Column of how well the complaint was handled; only complainers can know.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.
    counts : ndarray, shape (draws, n), optional
        Shared resamples of the rows of ``data``; without them no answer has draws.
    draw_source : str
        What those are.

    Returns
    -------
    Complaints

    Raises
    ------
    DataError
        If a column is absent or not 0/1, nobody complained, no complainer says how it was handled, or no
        failure is recorded for anybody.
    """
    where = "complaint recovery"
    names = [complained, handling, *([] if failure is None else [failure])]
    check_present(data, names, where)
    gaps: dict[str, Flags] = {}
    for name in (complained, failure):
        if name is not None:
            gaps[f"{name} missing"] = data[name].isna().to_numpy()
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is not None:
            gaps[f"{kind} '{series.name}' missing"] = series.isna().to_numpy()
    known, dropped = without_gaps(gaps, np.ones(len(data), dtype=bool))
    frame = data.loc[known].astype(float).reset_index(drop=True)
    did = _flags(frame[complained], where)
    hit = np.ones(len(frame), dtype=bool) if failure is None else _flags(frame[failure], where)
    told = frame[handling].notna().to_numpy()
    if not did.any():
        found = f"nobody complained: '{complained}' is 0 in all {len(frame)} rows"
        raise DataError(Problem(where, found, "Check how the column is coded, or remove [recovery]."))
    if not (did & told).any():
        found = f"none of the {int(did.sum())} complainers answered '{handling}'"
        raise DataError(Problem(where, found, f"Check that '{complained}' is 1 for those who complained."))
    if not hit.any():
        found = f"'{failure}' is 0 in all {len(frame)} rows: no failure hit anybody"
        raise DataError(Problem(where, found, "Check how the column is coded, or leave 'failure' out."))
    frame[handling] = frame[handling].where(did)
    weight = None if weights is None else weights[known].reset_index(drop=True)
    if weight is not None:
        checked_weights(weight, len(frame), complained)
    cluster = None if clusters is None else clusters[known].reset_index(drop=True)
    if cluster is not None:
        checked_clusters(cluster, len(frame), complained)
    return Complaints(
        frame=frame,
        handling=handling,
        complaint=complained,
        failure=failure,
        complained=did,
        failed=hit,
        clusters=cluster,
        weights=weight,
        counts=None if counts is None else counts[:, known],
        draw_source=draw_source,
        dropped=dropped,
        n_unasked=int((~did & told).sum()),
        n_unanswered=int((did & ~told).sum()),
    )


def _flags(column: pd.Series, where: str) -> Flags:
    other = sorted(set(column.unique()) - {0.0, 1.0})
    if other:
        shown = ", ".join(f"{value:g}" for value in other[:5])
        found = f"column '{column.name}' holds values other than 0 and 1: {shown}"
        raise DataError(Problem(where, found, "Recode it: 1 where it happened, else 0."))
    return np.asarray(column.to_numpy(dtype=float) == 1.0)
