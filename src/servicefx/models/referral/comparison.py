"""Which distribution fits how many people were told: Poisson, negative binomial, zeros added to either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.count_rows import DISPERSION, CountRows
from servicefx.engines.counts import COUNT_FAMILIES, CountFamily, count_chances, fit_counts, rows_of
from servicefx.errors import DataError, ServicefxError
from servicefx.models.drivers.rows import DriverRows
from servicefx.models.referral.dispersion import boundary_test, excess_zeros, overdispersion
from servicefx.models.referral.rows import told_rows
from servicefx.values.estimates import Estimates

__all__ = ["CountComparison", "compare_counts", "compare_families"]

_SHOWN = 10
"""Counts shown one by one; those above it are shown together."""
WEIGHTED = "survey weights: likelihoods cannot be compared"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountComparison:
    """Families of counts fitted to the same rows and terms.

    Attributes
    ----------
    models : DataFrame
        One row a family: ``model, logl, n_parameters, aic, bic, delta_bic, dispersion, zeros_expected,
        n_obs, undefined``; ``zeros_expected`` in shares of the rows.
    tests : DataFrame
        ``model, measure, estimate, std_error, statistic, p_value, undefined``: spread beyond a Poisson's, and
        zeros beyond those of the Poisson and of the chosen family. One-sided.
    spread : DataFrame
        ``answer, n_obs, share, expected_poisson, expected_model``: rows that told 0, 1, ... people, and the
        shares both models expect.
    chosen : str
        Family of the lowest BIC; with survey weights the Poisson, whose mean is right whatever the spread.
    fits : mapping of str to Estimates
        Family -> fit, those that could be fitted.
    """

    models: pd.DataFrame
    tests: pd.DataFrame
    spread: pd.DataFrame
    chosen: CountFamily
    fits: Mapping[CountFamily, Estimates]


def compare_counts(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    inflation: Sequence[str] = (),
    exposure: str | None = None,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> CountComparison:
    """Fit four families of counts to the same rows, test them, and say which one is kept. Answers H5.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out.
    outcome : str
        Column of whole numbers from 0.
    terms : sequence of str
        Columns that explain its mean.
    inflation : sequence of str
        Columns that explain certain zeros, in the families that have them; a constant is added.
    exposure : str, optional
        Column above 0 that the mean is proportional to.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.

    Returns
    -------
    CountComparison

    Raises
    ------
    DataError, IdentificationError, ConvergenceError
        As `servicefx.engines.counts.fit_counts`, where the Poisson cannot be fitted; what keeps another
        family from being fitted stands in ``undefined``.

    Notes
    -----
    Vuong's test is not given: under its null hypothesis a model with zeros added and the one without are not
    the non-nested pair the test is made for, and its distribution is not normal (Wilson 2015, Economics
    Letters 127, 51-53). Likelihoods and BIC take rows as independent, clusters or not.
    """
    used = list(dict.fromkeys([*terms, *inflation, *([exposure] if exposure else [])]))
    rows = told_rows(data, outcome, used, clusters=clusters, weights=weights).rows
    return compare_families(rows, terms, inflation=inflation, exposure=exposure)


def compare_families(
    rows: DriverRows, terms: Sequence[str], *, inflation: Sequence[str] = (), exposure: str | None = None
) -> CountComparison:
    """`compare_counts` of rows already complete."""
    fits: dict[CountFamily, Estimates] = {}
    arrays: dict[CountFamily, CountRows] = {}
    refused: dict[CountFamily, str] = {}
    for family in COUNT_FAMILIES:
        try:
            extra = tuple(inflation) if family.startswith("zero") else ()
            arrays[family] = rows_of(
                rows.frame, rows.outcome, terms, family, inflation=extra, exposure=exposure
            )
            fits[family] = fit_counts(
                rows.frame, rows.outcome, terms, family, inflation=extra, exposure=exposure,
                clusters=rows.clusters, weights=rows.weights,
            )  # fmt: skip
        except ServicefxError as error:
            if family == "poisson" or (isinstance(error, DataError) and not family.startswith("zero")):
                raise
            refused[family] = error.problems[0].found
    weighted = rows.weights is not None
    chosen: CountFamily = (
        "poisson" if weighted else min(fits, key=lambda name: fits[name].fit_measures["bic"])
    )
    weight = rows.shares * rows.n_obs
    return CountComparison(
        models=_models(fits, arrays, refused, weight),
        tests=_tests(fits, arrays, chosen, rows),
        spread=_spread(fits, arrays, chosen, weight),
        chosen=chosen,
        fits=fits,
    )


def _models(
    fits: Mapping[CountFamily, Estimates],
    arrays: Mapping[CountFamily, CountRows],
    refused: Mapping[CountFamily, str],
    weight: NDArray[np.float64],
) -> pd.DataFrame:
    nan = float("nan")
    found: list[dict[str, object]] = []
    for family in COUNT_FAMILIES:
        fit = fits.get(family)
        if fit is None:
            found.append({"model": family, "undefined": refused[family]})
            continue
        measures = fit.fit_measures
        zeros = count_chances(arrays[family], fit.coefficients, np.zeros(1))[:, 0]
        why = "; ".join(fit.undefined.values())
        found.append(
            {
                "model": family,
                "logl": measures["logl"],
                "n_parameters": measures["n_parameters"],
                "aic": measures.get("aic", nan),
                "bic": measures.get("bic", nan),
                "dispersion": fit.coefficient(DISPERSION) if arrays[family].dispersed else 0.0,
                "zeros_expected": float(weight @ zeros / weight.sum()),
                "n_obs": fit.n_obs,
                "undefined": why or ("" if "bic" in measures else WEIGHTED),
            }
        )
    frame = pd.DataFrame(found)
    frame.insert(5, "delta_bic", frame["bic"] - frame["bic"].min())
    return frame


def _tests(
    fits: Mapping[CountFamily, Estimates],
    arrays: Mapping[CountFamily, CountRows],
    chosen: CountFamily,
    rows: DriverRows,
) -> pd.DataFrame:
    codes = None if rows.clusters is None else pd.factorize(rows.clusters)[0].astype(np.intp)
    weight = None if rows.weights is None else rows.shares * rows.n_obs
    parts = [overdispersion(fits["poisson"], arrays["poisson"], weight, codes).assign(model="poisson")]
    if weight is None and "negative_binomial" in fits:
        test = boundary_test(fits["poisson"], fits["negative_binomial"])
        parts.append(test.assign(model="negative_binomial"))
    models: tuple[CountFamily, ...] = ("poisson", chosen)
    for family in dict.fromkeys(models):
        parts.append(excess_zeros(fits[family], arrays[family], weight, codes).assign(model=family))
    frame = pd.concat(parts, ignore_index=True)
    return frame[["model", *frame.columns.drop("model")]]


def _spread(
    fits: Mapping[CountFamily, Estimates],
    arrays: Mapping[CountFamily, CountRows],
    chosen: CountFamily,
    weight: NDArray[np.float64],
) -> pd.DataFrame:
    """Counts seen and expected: what a rootogram draws."""
    y = arrays["poisson"].y
    shown = np.arange(min(_SHOWN, int(y.max())) + 1, dtype=float)
    is_it = np.column_stack([y[:, None] == shown, y > shown[-1]])
    columns = {"n_obs": is_it.sum(axis=0), "share": weight @ is_it / weight.sum()}
    models: dict[str, CountFamily] = {"expected_poisson": "poisson", "expected_model": chosen}
    for name, family in models.items():
        chances = count_chances(arrays[family], fits[family].coefficients, shown)
        expected = weight @ chances / weight.sum()
        columns[name] = np.r_[expected, max(1.0 - expected.sum(), 0.0)]
    labels = [*(f"{value:.0f}" for value in shown), f"{shown[-1] + 1:.0f}+"]
    return pd.DataFrame({"answer": labels, **columns})
