"""Rows with gaps: their patterns, and what a mean and a covariance expect of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem

__all__ = [
    "CasewiseParts",
    "Expectation",
    "MissingPatterns",
    "PatternGroup",
    "expectation",
    "expected_in_scale",
    "missing_patterns",
]

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
_GROUP_CELLS = 2_000_000
"""Cells of the largest array made for a group of patterns: 16 MB in double precision."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PatternGroup:
    """Rows with the same number of gaps.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        Places among the rows that are used.
    missing : ndarray of int, shape (k, m)
        Columns with a gap, a pattern a row.
    pattern : ndarray of int, shape (r,)
        Which of the k patterns a row has.
    counts : ndarray, shape (k,)
        Rows of each pattern.
    """

    rows: Indices
    missing: Indices
    pattern: Indices
    counts: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MissingPatterns:
    """Rows of one sample with gaps, sorted out by which columns are missing.

    Attributes
    ----------
    names : tuple of str, length p
        Columns.
    n_obs : int
        Rows with at least one value.
    n_empty : int
        Rows without any value; not used.
    values : ndarray, shape (n_obs, p)
        (x - ``centre``) / ``scale``; 0 at a gap.
    missing : ndarray of bool, shape (n_obs, p)
        Where the gaps are.
    centre, scale : ndarray, shape (p,)
        Means of the values that are there, and powers of two near their standard deviations.
    groups : tuple of PatternGroup
        Rows with gaps; complete rows stand in none.
    n_patterns : int
        Different patterns, the complete one included where it occurs.
    """

    names: tuple[str, ...]
    n_obs: int
    n_empty: int
    values: Floats
    missing: Flags
    centre: Floats
    scale: Floats
    groups: tuple[PatternGroup, ...]
    n_patterns: int

    @property
    def coverage(self) -> Floats:
        """Share of the rows that hold both columns, shape (p, p), in [0, 1]."""
        there = (~self.missing).astype(np.float64)
        return np.asarray(there.T @ there / self.n_obs, dtype=np.float64)

    @property
    def n_values(self) -> int:
        """Values that are there: -n_obs · half discrepancy - n_values · log(2π) / 2 is the log-likelihood."""
        return int(self.missing.size - self.missing.sum())


class CasewiseParts(NamedTuple):
    """What scores and information matrices are made of, in the columns' units.

    Attributes
    ----------
    scores : ndarray, shape (n_obs, p)
        Derivatives of a row's log-likelihood by the mean; 0 at a gap.
    conditional : tuple of ndarray, shapes (k, m, m)
        For each group of patterns, covariance of the missing columns given the others.
    """

    scores: Floats
    conditional: tuple[Floats, ...]


class Expectation(NamedTuple):
    """What a mean and a covariance expect of rows with gaps.

    Attributes
    ----------
    half_discrepancy : float
        Minus the log-likelihood a row, without the constant log(2π) / 2 a value; ``inf`` (and NaN elsewhere)
        where the covariance is not positive definite.
    second_moment : ndarray, shape (p, p)
        Expected mean of (x - mean)(x - mean)', given the values that are there.
    deviation : ndarray, shape (p,)
        Expected mean of x - mean.
    precision : ndarray, shape (p, p)
        Inverse of the covariance.
    parts : CasewiseParts or None
        Where asked for.
    """

    half_discrepancy: float
    second_moment: Floats
    deviation: Floats
    precision: Floats
    parts: CasewiseParts | None


def missing_patterns(data: pd.DataFrame | ArrayLike, names: Sequence[str] | None = None) -> MissingPatterns:
    """Sort rows by the columns they lack.

    Parameters
    ----------
    data : DataFrame or array_like, shape (n, p)
        Numbers; NaN is a gap.
    names : sequence of str, optional
        Columns to take, in this order, of a frame; names of the columns of an array.

    Returns
    -------
    MissingPatterns
        Rows in the order of the data, without those that hold nothing.

    Raises
    ------
    DataError
        If a column holds text or infinite values or nothing at all, or no row holds a value.
    """
    values, labels = _numbers(data, names)
    gaps = np.isnan(values)
    used = ~gaps.all(axis=1)
    blank = [name for name, share in zip(labels, gaps.mean(axis=0), strict=True) if share == 1]
    if blank:
        raise DataError(
            *(Problem(f"column '{name}'", "holds no value", "Leave it out of the model.") for name in blank)
        )
    values, gaps = values[used], gaps[used]
    centre = np.nanmean(values, axis=0)
    deviations = np.where(gaps, 0.0, values - centre)
    size = np.abs(deviations).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    spread = size * np.sqrt(((deviations / size) ** 2).sum(axis=0) / (~gaps).sum(axis=0))
    scale = np.exp2(np.round(np.log2(np.where(spread > 0, spread, 1.0))))
    groups = tuple(_pattern_groups(gaps))
    return MissingPatterns(
        names=labels,
        n_obs=len(values),
        n_empty=int((~used).sum()),
        values=deviations / scale,
        missing=gaps,
        centre=centre,
        scale=scale,
        groups=groups,
        n_patterns=len(np.unique(np.packbits(gaps, axis=1), axis=0)),
    )


def _numbers(data: pd.DataFrame | ArrayLike, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """Values with NaN at gaps, and the names of the columns; refused where text or infinite."""
    floats = isinstance(data, np.ndarray) and data.dtype == np.float64 and data.ndim == 2
    if floats and names is not None and not np.isinf(data).any():
        return np.array(data), tuple(str(name) for name in names)
    if isinstance(data, pd.DataFrame):
        frame = data if names is None else data.loc[:, list(names)]
    else:
        frame = pd.DataFrame(np.asarray(data), columns=None if names is None else list(names))
    columns: list[Floats] = []
    problems: list[Problem] = []
    for position, name in enumerate(frame.columns):
        place = f"column '{name}'"
        try:
            column = frame.iloc[:, position].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            problems.append(Problem(place, "holds text, numbers expected", "Recode it as numbers."))
            continue
        endless = int(np.isinf(column).sum())
        if endless:
            found = f"{endless} of {len(column)} values are infinite, numbers or gaps expected"
            problems.append(Problem(place, found, "Correct them, or leave them empty."))
        columns.append(column)
    if problems:
        raise DataError(*problems)
    return np.column_stack(columns), tuple(str(name) for name in frame.columns)


def _pattern_groups(gaps: Flags) -> Iterator[PatternGroup]:
    """Rows with gaps by their number, in groups small enough to be worked on at once."""
    n_missing = gaps.sum(axis=1)
    bits = np.packbits(gaps, axis=1)
    for m in np.unique(n_missing[n_missing > 0]):
        rows = np.flatnonzero(n_missing == m)
        rows = rows[np.lexsort(bits[rows].T)]
        step = max(1, _GROUP_CELLS // int(m) ** 2)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            new = np.ones(len(part), dtype=bool)
            new[1:] = (bits[part[1:]] != bits[part[:-1]]).any(axis=1)
            pattern = np.cumsum(new) - 1
            yield PatternGroup(
                rows=part,
                missing=np.nonzero(gaps[part[new]])[1].reshape(-1, int(m)),
                pattern=pattern,
                counts=np.bincount(pattern).astype(np.float64),
            )


def expectation(patterns: MissingPatterns, mean: Floats, cov: Floats, *, full: bool = False) -> Expectation:
    """Likelihood of rows with gaps, and their first two moments as a mean and a covariance expect them.

    Parameters
    ----------
    patterns : MissingPatterns
        Of the rows.
    mean : ndarray, shape (p,)
        Of a model, or saturated; in the columns' units.
    cov : ndarray, shape (p, p)
        Symmetric, in products of the columns' units.
    full : bool
        Whether ``parts`` are wanted.

    Returns
    -------
    Expectation
        Half the discrepancy has the gradient -K dm by the mean and (K - K T K) / 2 by the covariance, with
        K ``precision``, T ``second_moment`` and dm ``deviation``.

    Notes
    -----
    With K the inverse of the covariance and m the missing columns of a row, the inverse for the others is
    K_oo - K_om (K_mm)^-1 K_mo; its log-determinant, the expected values -(K_mm)^-1 (K d)_m and their
    covariance (K_mm)^-1 all come from K_mm, which is small.

    References
    ----------
    Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39, 1-38, section 4.1.1.
    doi:10.1111/j.2517-6161.1977.tb01600.x
    """
    scale = patterns.scale
    both = np.outer(scale, scale)
    step = expected_in_scale(patterns, (mean - patterns.centre) / scale, cov / both, full=full)
    lengths = float((~patterns.missing).sum(axis=0) @ np.log(scale)) / patterns.n_obs
    parts = step.parts
    if parts is not None:
        conditional = tuple(
            part * scale[group.missing][:, :, None] * scale[group.missing][:, None, :]
            for part, group in zip(parts.conditional, patterns.groups, strict=True)
        )
        parts = CasewiseParts(parts.scores / scale, conditional)
    return Expectation(
        step.half_discrepancy + lengths,
        step.second_moment * both,
        step.deviation * scale,
        step.precision / both,
        parts,
    )


def expected_in_scale(
    patterns: MissingPatterns, mean: Floats, cov: Floats, *, full: bool = False
) -> Expectation:
    """`expectation` with mean, covariance and answer in the scale of ``patterns.values``."""
    try:
        found = _expected(patterns, mean, cov, full=full)
    except (np.linalg.LinAlgError, FloatingPointError):
        found = None
    if found is None or not np.isfinite(found.half_discrepancy):
        nothing = np.full(cov.shape, np.nan)
        return Expectation(np.inf, nothing, np.full(mean.shape, np.nan), nothing, None)
    return found


def _expected(patterns: MissingPatterns, mean: Floats, cov: Floats, *, full: bool) -> Expectation:
    p, n = len(mean), patterns.n_obs
    root = np.linalg.cholesky(cov)
    inverse_root = np.linalg.inv(root)
    precision = inverse_root.T @ inverse_root
    log_determinant = 2 * float(np.log(np.diag(root)).sum())
    rows = np.where(patterns.missing, 0.0, patterns.values - mean)
    pulls = rows @ precision
    spread = np.zeros(p * p)
    conditional: list[Floats] = []
    for group in patterns.groups:
        left, right = group.missing[:, :, None], group.missing[:, None, :]
        inner, log_inner = _inverses(precision[left, right])
        log_determinant += float(group.counts @ log_inner) / n
        columns = group.missing[group.pattern]
        pull = pulls[group.rows[:, None], columns]
        rows[group.rows[:, None], columns] = -np.einsum("rij,rj->ri", inner[group.pattern], pull)
        weighted = inner * group.counts[:, None, None]
        spread += np.bincount((left * p + right).ravel(), weighted.ravel(), p * p)
        conditional.append(inner)
    scores = rows @ precision
    half = (log_determinant + float(np.vdot(rows, scores)) / n) / 2
    second = (rows.T @ rows + spread.reshape(p, p)) / n
    parts = CasewiseParts(scores, tuple(conditional)) if full else None
    return Expectation(half, (second + second.T) / 2, rows.mean(axis=0), precision, parts)


def _inverses(matrices: Floats) -> tuple[Floats, Floats]:
    """Inverses and log-determinants of positive definite matrices, shape (k, m, m)."""
    m = matrices.shape[-1]
    if m <= 2:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            return _small_inverses(matrices)
    roots = np.linalg.cholesky(matrices)
    inverses: Floats = np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    return inverses, np.asarray(2 * np.log(np.einsum("kii->ki", roots)).sum(axis=1), dtype=np.float64)


def _small_inverses(matrices: Floats) -> tuple[Floats, Floats]:
    """`_inverses` in closed form, m = 1 or 2."""
    first = matrices[:, 0, 0]
    if matrices.shape[-1] == 1:
        return 1 / matrices, np.log(first)
    slope = matrices[:, 0, 1] / first
    rest = matrices[:, 1, 1] - slope * matrices[:, 0, 1]
    if not (rest > 0).all():
        raise np.linalg.LinAlgError
    inner = np.empty_like(matrices)
    inner[:, 1, 1] = 1 / rest
    inner[:, 0, 1] = inner[:, 1, 0] = -slope / rest
    inner[:, 0, 0] = 1 / first + slope**2 / rest
    return inner, np.log(first) + np.log(rest)
