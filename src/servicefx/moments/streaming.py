"""Moments of more rows than memory holds: batches are summed and merged exactly."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.checks import check_not_constant, refusal
from servicefx.moments.moments import Moments

__all__ = ["streamed_group_moments", "streamed_moments"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Missing = Literal["refuse", "listwise"]


def streamed_moments(
    batches: Iterable[pd.DataFrame],
    columns: Sequence[str],
    *,
    missing: Missing = "refuse",
    weights: str | None = None,
) -> tuple[Moments, int]:
    """Moments of all batches together.

    Parameters
    ----------
    batches : iterable of DataFrame
        Rows in any portions, such as from `servicefx.study.batches.parquet_batches` or
        ``pandas.read_csv(path, chunksize=10_000)``. Each is let go before the next is asked for.
    columns : sequence of str
        Columns of numbers, in the order of the moments.
    missing : {"refuse", "listwise"}
        Whether a gap in a column is refused, or its row left out.
    weights : str, optional
        Column of survey weights, > 0; scaled to sum to the rows used.

    Returns
    -------
    moments : Moments
        Of the rows used.
    dropped : int
        Rows left out because of a gap.

    Raises
    ------
    DataError
        If a column is not there, holds text, infinite values or gaps (with their number), or is constant; if
        a weight is not above 0; if fewer than two rows are left.

    References
    ----------
    Chan, Golub & LeVeque (1983), Am. Stat. 37, 242-247, eq. 2.1. doi:10.1080/00031305.1983.10483115

    Examples
    --------
    >>> batches = (pd.DataFrame({"a": [1.0, 2.0], "b": [start, 1.0]}) for start in (3.0, 5.0))
    >>> moments, dropped = streamed_moments(batches, ["a", "b"])
    >>> moments.n_obs, moments.mean.tolist(), dropped
    (4, [1.5, 2.5], 0)
    """
    stream = _Stream(columns, missing=missing, weights=weights, group=None)
    for batch in batches:
        stream.add(batch)
    return next(iter(stream.moments().values())), stream.dropped


def streamed_group_moments(
    batches: Iterable[pd.DataFrame],
    columns: Sequence[str],
    group: str,
    *,
    missing: Missing = "refuse",
    weights: str | None = None,
) -> tuple[dict[str, Moments], int]:
    """Moments of each group of rows.

    Parameters
    ----------
    batches, columns, missing, weights
        As in `streamed_moments`; weights are scaled within a group.
    group : str
        Column that names the group of a row; a row without one counts as one with a gap.

    Returns
    -------
    moments : dict of str to Moments
        In the order in which the groups first appear.
    dropped : int
        Rows left out because of a gap.

    Raises
    ------
    DataError
        As in `streamed_moments`, in any group.
    """
    stream = _Stream(columns, missing=missing, weights=weights, group=group)
    for batch in batches:
        stream.add(batch)
    return {str(label): moments for label, moments in stream.moments().items()}, stream.dropped


class _Sums:
    """Weight, mean and scatter of the rows added so far."""

    __slots__ = ("largest", "mean", "n_obs", "scatter", "weight")

    def __init__(self, p: int) -> None:
        self.n_obs = 0
        self.weight = 0.0
        self.mean = np.zeros(p)
        self.scatter = np.zeros((p, p))
        self.largest = np.zeros(p)

    def add(self, values: Floats, weight: Floats | None) -> None:
        """Add rows, shape (n, p), with their weights, shape (n,)."""
        n = len(values)
        if not n:
            return
        added = float(n) if weight is None else float(weight.sum())
        mean = values.mean(axis=0) if weight is None else weight @ values / added
        centred = values - mean
        scatter = centred.T @ (centred if weight is None else centred * weight[:, None])
        step = mean - self.mean
        share = added / (self.weight + added)
        self.scatter += scatter + self.weight * share * np.outer(step, step)
        self.mean += share * step
        self.weight += added
        self.n_obs += n
        np.maximum(self.largest, np.maximum(values.max(axis=0), -values.min(axis=0)), out=self.largest)


class _Stream:
    """Batches of one file, their sums by group, and what is wrong with them."""

    def __init__(
        self, columns: Sequence[str], *, missing: Missing, weights: str | None, group: str | None
    ) -> None:
        if missing not in ("refuse", "listwise"):
            raise ValueError(f"missing '{missing}' is not one of 'refuse', 'listwise'")
        if not columns:
            raise ValueError("at least one column is needed")
        self.columns = [str(name) for name in columns]
        self.missing = missing
        self.weights = weights
        self.group = group
        self.sums: dict[Hashable, _Sums] = {}
        self.rows = 0
        self.dropped = 0
        self.gaps = np.zeros(len(columns), dtype=np.int64)
        self.endless = np.zeros(len(columns), dtype=np.int64)
        self.bad_weights = 0
        self.groupless = 0

    def add(self, batch: pd.DataFrame) -> None:
        """Count and sum the rows of one batch."""
        values = _numbers(batch, self.columns)
        used: Flags = np.ones(len(batch), dtype=bool)
        fine: Flags = np.isfinite(values)
        if not fine.all():
            gaps = np.isnan(values)
            self.gaps += gaps.sum(axis=0)
            self.endless += (~fine & ~gaps).sum(axis=0)
            used &= fine.all(axis=1)
        weight = None
        if self.weights is not None:
            weight = _numbers(batch, [self.weights])[:, 0]
            positive = np.isfinite(weight) & (weight > 0)
            self.bad_weights += int((~positive).sum())
            used &= positive
        labels: list[Hashable] = [None]
        codes = np.zeros(len(batch), dtype=np.int64)
        if self.group is not None:
            codes, found = pd.factorize(_column(batch, self.group))
            labels = list(found)
            self.groupless += int((codes < 0).sum())
            used &= codes >= 0
        self.rows += len(batch)
        self.dropped += int((~used).sum())
        for code, label in enumerate(labels):
            rows = used & (codes == code)
            whole = bool(rows.all())
            sums = self.sums.setdefault(label, _Sums(len(self.columns)))
            sums.add(
                values if whole else values[rows],
                weight if weight is None or whole else weight[rows],
            )

    def moments(self) -> dict[Hashable, Moments]:
        """Moments by group, or the refusal of what was found on the way."""
        self._refuse()
        if not self.sums:
            raise _too_few(0, "")
        found: dict[Hashable, Moments] = {}
        names = tuple(self.columns)
        for label, sums in self.sums.items():
            if sums.n_obs < 2:
                raise _too_few(sums.n_obs, "" if self.group is None else f" of '{self.group}' {label}")
            cov = sums.scatter / sums.weight
            check_not_constant(names, np.sqrt(np.diag(cov)), sums.largest)
            found[label] = Moments(names=names, n_obs=sums.n_obs, mean=sums.mean, cov=cov)
        return found

    def _refuse(self) -> None:
        problems: list[Problem] = []
        remedy = "Drop or fill the incomplete rows, and say so; missing='listwise' drops them."
        for name, gaps, endless in zip(self.columns, self.gaps, self.endless, strict=True):
            place = f"column '{name}'"
            if endless:
                found = f"{endless} of {self.rows} values are infinite, numbers expected"
                problems.append(Problem(place, found, "Correct them, or leave them empty."))
            if gaps and self.missing == "refuse":
                found = f"{gaps} of {self.rows} values are missing, complete rows expected"
                problems.append(Problem(place, found, remedy))
        if self.bad_weights:
            found = f"{self.bad_weights} of {self.rows} weights are not above 0"
            problems.append(
                Problem(f"column '{self.weights}'", found, "Correct or drop these rows, and say so.")
            )
        if self.groupless and self.missing == "refuse":
            found = f"{self.groupless} of {self.rows} rows belong to no group"
            problems.append(Problem(f"column '{self.group}'", found, remedy))
        if problems:
            raise DataError(*problems)


def _column(batch: pd.DataFrame, name: str) -> pd.Series:
    if name not in batch.columns:
        names = [str(column) for column in batch.columns]
        raise refusal(f"column '{name}'", f"not in the data{closest(name, names)}", "Correct the name.")
    return batch[name]


def _numbers(batch: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Values of the columns, NaN at gaps, shape (rows, p)."""
    values = np.empty((len(batch), len(columns)), order="F")
    for at, name in enumerate(columns):
        column = _column(batch, name)
        try:
            values[:, at] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise refusal(
                f"column '{name}'", "holds text, numbers expected", "Recode it as numbers."
            ) from error
    return values


def _too_few(n_obs: int, where: str) -> DataError:
    return refusal(f"rows{where}", f"{n_obs} complete rows, at least 2 expected", "Add rows to the data.")
