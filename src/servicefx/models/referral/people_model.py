"""How many people are told, by any terms: ratios of means and changes in people (H5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.counts import CountFamily, count_draws, rows_of
from servicefx.errors import DataError, Problem
from servicefx.models.drivers.rows import DriverRows
from servicefx.models.referral.comparison import CountComparison, compare_families
from servicefx.models.referral.people import people_frame
from servicefx.models.referral.rows import ToldRows, told_rows
from servicefx.values.estimates import Estimates

__all__ = ["PeopleModel", "fit_people_told", "people_model"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeopleModel:
    """A count regression with draws.

    Attributes
    ----------
    comparison : CountComparison
        Distributions held against each other.
    family : str
        The one used.
    estimates : Estimates
        Log of the ratio of means per unit of each term.
    draws : ndarray, shape (B, p)
        The same of every resample.
    draw_source : str
        Which resamples.
    ratios : DataFrame
        `servicefx.models.referral.people.people_frame`.
    dropped : mapping of str to int
        Rows left out, by reason.
    """

    comparison: CountComparison
    family: CountFamily
    estimates: Estimates
    draws: Floats
    draw_source: str
    ratios: pd.DataFrame
    dropped: Mapping[str, int]


def fit_people_told(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    family: CountFamily | None = None,
    inflation: Sequence[str] = (),
    exposure: str | None = None,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    level: float = 0.95,
) -> PeopleModel:
    """Regression of a number of people on terms, on the log scale. Answers H5.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column of whole numbers from 0.
    terms : sequence of str
        Columns that explain its mean.
    family : str, optional
        One of `servicefx.engines.counts.COUNT_FAMILIES`; by default the one of lowest BIC, or Poisson with
        survey weights.
    inflation, exposure
        As `servicefx.engines.counts.fit_counts`.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.
    draws, seed, data_id, counts, source
        Resamples, as `servicefx.models.referral.rows.told_rows`.
    level : float
        Of intervals.

    Returns
    -------
    PeopleModel

    Raises
    ------
    DataError, IdentificationError, ConvergenceError
        As `servicefx.engines.counts.fit_counts`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"angry": rng.integers(0, 2, 500)})
    >>> data["told"] = rng.poisson(2 + 2 * data["angry"])
    >>> fit = fit_people_told(data, "told", ["angry"], draws=0)
    >>> fit.family, fit.ratios["measure"].tolist()
    ('poisson', ['rate_ratio', 'marginal_effect'])
    """
    used = list(dict.fromkeys([*terms, *inflation, *([exposure] if exposure else [])]))
    told = told_rows(
        data, outcome, used, clusters=clusters, weights=weights, draws=draws, seed=seed, data_id=data_id,
        counts=counts, source=source,
    )  # fmt: skip
    return people_model(
        told, told.rows, terms, family=family, inflation=inflation, exposure=exposure, sides={}, level=level
    )


def people_model(
    told: ToldRows,
    rows: DriverRows,
    terms: Sequence[str],
    *,
    family: CountFamily | None,
    sides: Mapping[str, NDArray[np.bool_]],
    level: float,
    inflation: Sequence[str] = (),
    exposure: str | None = None,
) -> PeopleModel:
    """`fit_people_told` of complete rows, whose frame holds the terms; ``sides`` as `marginal_effects`."""
    comparison = compare_families(rows, terms, inflation=inflation, exposure=exposure)
    chosen = comparison.chosen if family is None else family
    fit = comparison.fits.get(chosen)
    if fit is None:
        why = comparison.models.set_index("model")["undefined"].get(
            chosen, f"'{chosen}' is no family of counts"
        )
        where = f"count model of '{rows.outcome}'"
        raise DataError(Problem(where, str(why), "Choose another family."))
    extra = tuple(inflation) if chosen.startswith("zero") else ()
    arrays = rows_of(rows.frame, rows.outcome, terms, chosen, inflation=extra, exposure=exposure)
    drawn = np.zeros((0, len(fit.terms)))
    if len(told.counts):
        drawn = count_draws(arrays, told.counts, fit.coefficients, told.weight)
    weight = np.ones(rows.n_obs) if told.weight is None else told.weight
    return PeopleModel(
        comparison=comparison,
        family=chosen,
        estimates=fit,
        draws=drawn,
        draw_source=told.source,
        ratios=people_frame(fit, arrays, drawn, told.counts, weight, sides, level),
        dropped=rows.dropped,
    )
