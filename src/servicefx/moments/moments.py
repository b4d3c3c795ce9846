"""Moments: names, sample size, means and covariances, which is all that complete-data estimators need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.checks import (
    check_matrix,
    check_not_constant,
    complete_matrix,
    named_vector,
    quoted,
    refusal,
    weight_shares,
)
from servicefx.moments.printed import Printed, named_matrix

__all__ = ["Moments"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moments:
    """Means and covariances of one sample; ``a + b`` is exactly the moments of both samples together.

    Attributes
    ----------
    names : tuple of str, length p
        Columns, in the order of the arrays.
    n_obs : int
        Rows behind the numbers, at least 1; weights, where used, were scaled to sum to it.
    mean : ndarray, shape (p,), or None
        In the columns' units; None where it was not published.
    cov : ndarray, shape (p, p)
        Covariances with denominator n, in products of the columns' units.

    Raises
    ------
    DataError
        If the covariances are not finite, not symmetric, or not those of any data.

    Notes
    -----
    The constructor allows a constant column, because a part of a sample may hold one; the ``from_``
    functions, which make whole samples, refuse it by name.
    """

    names: tuple[str, ...]
    n_obs: int
    mean: Floats | None
    cov: Floats

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.names)
        p = len(names)
        cov = np.array(self.cov, dtype=np.float64)
        mean = None if self.mean is None else np.array(self.mean, dtype=np.float64)
        if cov.shape != (p, p) or (mean is not None and mean.shape != (p,)):
            found = f"covariances {cov.shape}" + ("" if mean is None else f" and means {mean.shape}")
            raise ValueError(f"{p} names need covariances of shape ({p}, {p}) and means ({p},), not {found}")
        if len(set(names)) < p:
            twice = sorted({name for name in names if names.count(name) > 1})
            raise refusal(
                "columns",
                f"{quoted(twice)} stand more than once",
                "Name every column once.",
            )
        if self.n_obs < 1:
            raise refusal("n_obs", f"{self.n_obs} rows, at least 1 expected", "State the sample size.")
        check_matrix(names, cov, mean)
        cov = (cov + cov.T) / 2
        cov.setflags(write=False)
        if mean is not None:
            mean.setflags(write=False)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "n_obs", int(self.n_obs))
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "cov", cov)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, weights: ArrayLike | None = None) -> Moments:
        """Moments of a frame's columns.

        Parameters
        ----------
        frame : DataFrame, shape (n, p)
            Numeric columns without missing values.
        weights : array_like, shape (n,), optional
            Survey weights, > 0; scaled to sum to n.

        Returns
        -------
        Moments
            With ``n_obs`` = n.

        Raises
        ------
        DataError
            If a value is missing or not a number, a column is constant, fewer than two rows stand
            there, or a weight is not positive.

        Examples
        --------
        >>> moments = Moments.from_frame(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 0.0, 2.0]}))
        >>> moments.mean.tolist(), round(float(moments.cov[0, 0]), 4)
        ([2.0, 1.0], 0.6667)
        """
        values = complete_matrix(frame)
        n = len(values)
        names = tuple(str(column) for column in frame.columns)
        if n < 2:
            raise refusal("rows", f"{n} complete rows, at least 2 expected", "Add rows to the data.")
        if weights is None:
            mean = values.mean(axis=0)
            centred = values - mean
            cov = centred.T @ centred / n
        else:
            share = weight_shares(weights, n)
            mean = share @ values
            centred = values - mean
            cov = (centred * share[:, None]).T @ centred
        check_not_constant(names, np.sqrt(np.diag(cov)), np.abs(values).max(axis=0))
        return cls(names=names, n_obs=n, mean=mean, cov=cov)

    @classmethod
    def from_covariance(
        cls,
        cov: Printed,
        n_obs: int,
        mean: Mapping[str, float] | ArrayLike | None = None,
        denominator: Literal["n-1", "n"] = "n-1",
        *,
        names: Sequence[str] | None = None,
    ) -> Moments:
        """Moments from a covariance matrix as published.

        Parameters
        ----------
        cov : DataFrame, array_like or str, shape (p, p)
            One triangle is enough, also as text (`servicefx.moments.printed`); a frame brings its names.
        n_obs : int
            Sample size, at least 2.
        mean : mapping or array_like, shape (p,), optional
            Means, by name or in the order of the matrix.
        denominator : {"n-1", "n"}
            What the published covariances were divided by.
        names : sequence of str, optional
            Needed where ``cov`` is not a frame.

        Returns
        -------
        Moments
            With covariances of denominator n.

        Raises
        ------
        DataError
            If the matrix is not that of any data, or a variance is zero.
        """
        if denominator not in ("n-1", "n"):
            raise ValueError(f"denominator '{denominator}' is not one of 'n-1', 'n'")
        if n_obs < 2:
            raise refusal("n_obs", f"{n_obs} rows, at least 2 expected", "State the sample size.")
        matrix, labels = named_matrix(cov, names)
        if denominator == "n-1":
            matrix = matrix * ((n_obs - 1) / n_obs)
        moments = cls(names=labels, n_obs=n_obs, mean=named_vector(mean, labels, "mean"), cov=matrix)
        check_not_constant(labels, np.sqrt(np.diag(moments.cov)), np.zeros(len(labels)))
        return moments

    @classmethod
    def from_correlation(
        cls,
        corr: Printed,
        sd: Mapping[str, float] | ArrayLike,
        n_obs: int,
        mean: Mapping[str, float] | ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
    ) -> Moments:
        """Moments from printed correlations and standard deviations (denominator n - 1).

        Parameters
        ----------
        corr : DataFrame, array_like or str, shape (p, p)
            Ones on the diagonal; one triangle is enough, also as text (`servicefx.moments.printed`).
        sd : mapping or array_like, shape (p,)
            Standard deviations, > 0, by name or in the order of the matrix.
        n_obs : int
            Sample size, at least 2.
        mean : mapping or array_like, shape (p,), optional
            Means, by name or in the order of the matrix.
        names : sequence of str, optional
            Needed where ``corr`` is not a frame.

        Returns
        -------
        Moments
            With covariances of denominator n.

        Raises
        ------
        DataError
            If the diagonal is not 1, a standard deviation is not positive, or the matrix is not that
            of any data.
        """
        matrix, labels = named_matrix(corr, names)
        off = [name for name, one in zip(labels, np.diag(matrix), strict=True) if not abs(one - 1) <= 1e-6]
        if off:
            raise refusal(
                "correlations",
                f"the diagonal of {quoted(off)} is not 1",
                "Write 1 on the diagonal, or give the matrix as covariances.",
            )
        spread = named_vector(sd, labels, "sd")
        assert spread is not None
        bad = [name for name, value in zip(labels, spread, strict=True) if not value > 0]
        if bad:
            raise refusal("sd", f"{quoted(bad)} have no positive standard deviation", "Correct them.")
        cov = matrix * np.outer(spread, spread)
        return cls.from_covariance(cov, n_obs, named_vector(mean, labels, "mean"), names=labels)

    @classmethod
    def from_parquet(
        cls,
        path: str | Path,
        columns: Sequence[str],
        *,
        weights: str | None = None,
        missing: Literal["refuse", "listwise"] = "refuse",
    ) -> Moments:
        """Moments of a parquet file of any length; memory does not grow with its rows.

        Parameters
        ----------
        path : path
            Of the file.
        columns : sequence of str
            Columns of numbers, in the order of the moments.
        weights : str, optional
            Column of survey weights, > 0; scaled to sum to the rows used.
        missing : {"refuse", "listwise"}
            Whether a gap is refused, or its row left out; `streamed_moments` also counts those rows.

        Returns
        -------
        Moments
            The same as `from_frame` of these columns.

        Raises
        ------
        DataError
            If the file cannot be read or a column is not there, holds text, gaps or one value only.
        """
        from servicefx.moments.streaming import streamed_moments
        from servicefx.study.batches import parquet_batches

        batches = parquet_batches(path, _with_weights(columns, weights))
        return streamed_moments(batches, columns, missing=missing, weights=weights)[0]

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        columns: Sequence[str],
        *,
        weights: str | None = None,
        missing: Literal["refuse", "listwise"] = "refuse",
        delimiter: str | None = None,
        decimal: str | None = None,
        encoding: str = "utf-8",
    ) -> Moments:
        """Moments of a CSV file of any length; memory does not grow with its rows.

        Parameters
        ----------
        path, columns, weights, missing
            As in `from_parquet`.
        delimiter, decimal, encoding
            As in `servicefx.study.batches.csv_batches`; the delimiter is found in the first line.

        Returns
        -------
        Moments
            The same as `from_frame` of these columns.

        Raises
        ------
        DataError
            If the file cannot be read or a column is not there, holds text, gaps or one value only.
        """
        from servicefx.moments.streaming import streamed_moments
        from servicefx.study.batches import csv_batches

        wanted = _with_weights(columns, weights)
        batches = csv_batches(path, wanted, delimiter=delimiter, decimal=decimal, encoding=encoding)
        return streamed_moments(batches, columns, missing=missing, weights=weights)[0]

    @property
    def correlation(self) -> Floats:
        """Correlation matrix, shape (p, p); NaN in rows of constant columns."""
        sd = np.sqrt(np.diag(self.cov))
        sd = np.where(sd > 0, sd, np.nan)
        corr: Floats = np.asarray(self.cov / np.outer(sd, sd), dtype=np.float64)
        np.fill_diagonal(corr, np.where(np.isnan(sd), np.nan, 1.0))
        return corr

    def subset(self, names: Sequence[str]) -> Moments:
        """The same sample, only these columns, in this order.

        Raises
        ------
        DataError
            If a column is not there; the message names the nearest one.
        """
        absent = [name for name in names if name not in self.names]
        if absent:
            raise DataError(
                *(
                    Problem(f"column '{name}'", f"not in the data{closest(name, self.names)}", "Correct it.")
                    for name in absent
                )
            )
        at = [self.names.index(name) for name in names]
        mean = None if self.mean is None else self.mean[at]
        return Moments(names=tuple(names), n_obs=self.n_obs, mean=mean, cov=self.cov[np.ix_(at, at)])

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        if self.names != other.names:
            raise ValueError(f"cannot add moments of {self.names} and {other.names}: names must agree")
        if self.mean is None or other.mean is None:
            raise refusal("mean", "two samples join only where both means are known", "State the means.")
        n = self.n_obs + other.n_obs
        share = other.n_obs / n
        step = other.mean - self.mean
        cov = (1 - share) * self.cov + share * other.cov + share * (1 - share) * np.outer(step, step)
        return Moments(names=self.names, n_obs=n, mean=self.mean + share * step, cov=cov)


def _with_weights(columns: Sequence[str], weights: str | None) -> list[str]:
    return [*columns, *([] if weights is None or weights in columns else [weights])]
