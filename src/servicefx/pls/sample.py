"""PlsSample: the rows of a fit, and the moments of any resample of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.moments.checks import check_not_constant
from servicefx.moments.patterns import missing_patterns
from servicefx.moments.resample import resampled_products
from servicefx.moments.saturated import saturated_moments
from servicefx.pls.answers import item_values
from servicefx.pls.base_columns import BaseMoments, item_products
from servicefx.pls.model import PlsModel

__all__ = ["MISSING", "MissingRule", "PlsSample", "check_same_rows", "sample_of"]

Floats = NDArray[np.float64]
MissingRule = Literal["listwise", "mean", "em"]
MISSING: tuple[MissingRule, ...] = get_args(MissingRule)
_ROUNDING = 1e-12
"""Share of a column's mean square about the common centre below which its variance is rounding."""
_SMALLEST = 1e-60
"""Standard deviation of an item below which, or beyond its inverse, its powers leave what floats hold."""
_FEWEST = 3
"""Rows that enter: fewer have no correlation but -1 and 1."""
_SAME = 1e-6
"""In standard deviations: how far moments of the same rows may be apart."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsSample:
    """Rows prepared for a fit; they stay here.

    Attributes
    ----------
    items : tuple of str, length p
        Columns.
    deviations : ndarray, shape (n, p)
        Items from ``centre`` in units of ``scale``; 0 where an answer is missing.
    answered : ndarray of bool, shape (n, p)
        Where there is an answer.
    used : ndarray of bool, shape (n,)
        Rows that enter: complete ones under ``listwise``, else all with an answer.
    centre, scale : ndarray, shape (p,)
        Means and standard deviations of the answers used.
    pairs : tuple of (int, int)
        Products of items that the model needs.
    missing : {"listwise", "mean", "em"}
    """

    items: tuple[str, ...]
    deviations: Floats
    answered: NDArray[np.bool_]
    used: NDArray[np.bool_]
    centre: Floats
    scale: Floats
    pairs: tuple[tuple[int, int], ...]
    missing: MissingRule

    @property
    def n_obs(self) -> int:
        """Rows that enter."""
        return int(self.used.sum())

    def moments(self, counts: NDArray[np.float32] | None = None) -> BaseMoments:
        """Moments of resamples of all rows, shape (B, n) of counts; without them of the rows once."""
        rows = self.used
        taken = np.ones((1, self.n_obs), dtype=np.float32) if counts is None else counts[:, rows]
        gaps = not self.answered[rows].all()
        if gaps and self.missing == "em":
            covariance, mean = self._by_likelihood(taken, refuse=counts is None)
        elif gaps:
            covariance, mean = self._by_means(taken)
        else:
            covariance, mean = self._complete(taken)
        size = np.concatenate(
            [self.scale, [self.scale[i] * self.scale[j] for i, j in self.pairs]]
        )  # fmt: skip
        return BaseMoments(
            items=self.items,
            pairs=self.pairs,
            covariance=covariance * np.outer(size, size),
            mean=mean * self.scale,
            origin=self.centre,
        )

    def _complete(self, counts: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Covariances of items and products, and means of the items, all rows being complete."""
        items = self.deviations[self.used]
        products = [items[:, i] * items[:, j] for i, j in self.pairs]
        columns = np.column_stack([np.ones(len(items)), items, *products])
        sums = resampled_products(columns, counts)
        total = np.where(sums[:, :1, :1] > 0, sums[:, :1, :1], np.nan)  # no complete row may be drawn
        mean = sums[:, 0, 1:] / total[:, 0]
        moments = sums[:, 1:, 1:] / total
        covariance = moments - mean[:, :, None] * mean[:, None, :]
        return _unrounded(covariance, moments), mean[:, : len(self.items)]

    def _by_means(self, counts: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """The same with each gap filled by the resample's own mean of the item."""
        p = len(self.items)
        there = self.answered[self.used].astype(np.float64)
        sums = resampled_products(np.hstack([self.deviations[self.used], there]), counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            number = np.einsum("bpp->bp", sums[:, p:, p:])
            mean = np.einsum("bpp->bp", sums[:, :p, p:]) / number
        cross = sums[:, :p, p:]  # deviations of the row's item where the column's item is answered
        covariance = (
            sums[:, :p, :p]
            - mean[:, None, :] * cross
            - mean[:, :, None] * np.swapaxes(cross, 1, 2)
            + mean[:, :, None] * mean[:, None, :] * sums[:, p:, p:]
        )
        total = counts.sum(axis=1, dtype=np.float64)[:, None, None]
        total = np.where(total > 0, total, np.nan)
        return _unrounded(covariance / total, sums[:, :p, :p] / total), mean

    def _by_likelihood(self, counts: NDArray[np.float32], *, refuse: bool) -> tuple[Floats, Floats]:
        """Saturated moments of highest likelihood, one resample after the other; NaN where there are none.

        With ``refuse`` that is an error.
        """
        p = len(self.items)
        rows = np.where(self.answered[self.used], self.deviations[self.used], np.nan)
        covariance, mean = np.full((len(counts), p, p), np.nan), np.full((len(counts), p), np.nan)
        for at, count in enumerate(counts):
            drawn = np.repeat(rows, count.astype(np.intp), axis=0)
            try:
                found = saturated_moments(missing_patterns(drawn, self.items))
            except ServicefxError:
                if refuse:
                    raise
                continue
            covariance[at], mean[at] = found.cov, found.mean
        return covariance, mean


def _unrounded(covariance: Floats, second: Floats) -> Floats:
    """Covariances with exact zeros where a column varies by no more than rounding.

    ``second`` holds the moments about the common centre, whose difference from the squared means has that
    rounding.
    """
    flat = np.einsum("bpp->bp", covariance) <= _ROUNDING * np.einsum("bpp->bp", second)
    return np.where(flat[:, :, None] | flat[:, None, :], 0.0, covariance)


def check_same_rows(sample: PlsSample, base: BaseMoments, n_obs: int) -> None:
    """Refuse rows that are not those of a fit.

    Parameters
    ----------
    sample : PlsSample
        Rows given.
    base : BaseMoments
        Of the fit (B = 1).
    n_obs : int
        Rows of the fit.

    Raises
    ------
    DataError
        If their number differs, or the means or covariances of an item; names the first one.
    """
    remedy = "Give the data the model was fitted to."
    if sample.n_obs != n_obs:
        found = f"{sample.n_obs} rows enter, and the fit has {n_obs}"
        raise DataError(Problem("data", found, remedy))
    own, p = sample.moments(), len(sample.items)
    apart = np.abs(own.covariance - base.covariance)[0, :p, :p] > _SAME * np.outer(base.sd[0], base.sd[0])
    mean = own.item_means[0]
    moved = np.abs(mean - base.item_means[0]) > _SAME * (base.sd[0] + np.abs(mean))
    for off in (moved | np.diag(apart), apart.any(axis=1)):
        if off.any():
            item = sample.items[int(np.argmax(off))]
            raise DataError(
                Problem(f"item '{item}'", "has other means or covariances than in the fit", remedy)
            )


def sample_of(model: PlsModel, data: pd.DataFrame, missing: MissingRule) -> PlsSample:
    """The rows of a model.

    Parameters
    ----------
    model : PlsModel
    data : DataFrame, shape (n, >= p)
        Other columns are not read.
    missing : {"listwise", "mean", "em"}
        Rows with a gap are left out; gaps are filled by the item's mean; moments of highest likelihood.

    Returns
    -------
    PlsSample

    Raises
    ------
    DataError
        If the data are no DataFrame; an item is absent, there twice, constant, without an answer, or holds
        text or infinite values; no row is left; products are asked of rows with gaps that are not left out.
    """
    items = model.items
    values, answered = item_values(data, items)
    enough = answered.all(axis=1) if missing == "listwise" else answered.any(axis=1)
    used = np.asarray(enough, dtype=np.bool_)
    _check_answers(items, answered, used, missing)
    pairs = item_products(model)
    if pairs and not answered[used].all():
        found = f"gaps in the items under missing='{missing}', but products of constructs need every answer"
        raise DataError(Problem("data", found, "Choose missing='listwise'."))
    known = np.where(answered & used[:, None], values, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.nanmean(known, axis=0)
        scale = np.nanstd(known, axis=0)
    _check_units(items, scale)
    check_not_constant(items, scale, np.nanmax(np.abs(known), axis=0))
    return PlsSample(
        items=items, deviations=np.where(np.isnan(known), 0.0, (known - centre) / scale), answered=answered,
        used=used, centre=centre, scale=scale, pairs=pairs, missing=missing,
    )  # fmt: skip


def _check_units(items: tuple[str, ...], scale: Floats) -> None:
    """Refuse units in which products of four items are no numbers."""
    problems = [
        Problem(
            f"item '{item}'",
            f"its standard deviation, {sd:.0e}, is beyond what can be computed with",
            "State it in another unit.",
        )
        for item, sd in zip(items, scale, strict=True)
        if sd != 0 and not _SMALLEST < sd < 1 / _SMALLEST
    ]
    if problems:
        raise DataError(*problems)


def _check_answers(
    items: tuple[str, ...], answered: NDArray[np.bool_], used: NDArray[np.bool_], missing: MissingRule
) -> None:
    if not len(used):
        raise DataError(Problem("data", "hold no row", "Give the rows the model speaks of."))
    empty = [item for item, there in zip(items, answered.T, strict=True) if not there.any()]
    if empty:
        listed = ", ".join(f"'{item}'" for item in empty)
        raise DataError(Problem(f"items {listed}", "no answer in any row", "Leave them out of the model."))
    n = int(used.sum())
    if n < _FEWEST:
        told = "complete rows" if missing == "listwise" else "rows with answers"
        gaps = missing == "listwise" and n < len(used)
        remedy = "Add rows, or choose missing='mean' or 'em'." if gaps else "Add rows."
        raise DataError(
            Problem("data", f"{n} of {len(used)} are {told}, at least {_FEWEST} expected", remedy)
        )
