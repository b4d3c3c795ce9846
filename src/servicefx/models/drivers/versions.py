"""The drivers regression in several versions beside each other: least squares, ordered logit, quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from servicefx.engines.linear import fit_ols
from servicefx.engines.ordered import MOST_ANSWERS, fit_ordered_logit
from servicefx.engines.quantile import fit_quantile
from servicefx.errors import Problem, ServicefxError
from servicefx.models.drivers.collinearity import Collinearity, collinearity
from servicefx.models.drivers.regression import HELD, MEASURED
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.values.estimates import Estimates

__all__ = ["DriverVersions", "compare_versions"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DriverVersions:
    """One question under several estimators, on the same rows.

    Attributes
    ----------
    fits : dict of str to Estimates
        ``"OLS, hc3"``, ``"OLS, cluster"`` (with clusters), ``"ordered logit"``, ``"quantile 0.25"``, ….
    overlap : Collinearity
        Of the drivers and covariates.
    undefined : dict of str to str
        Version -> why it could not be fitted.
    n_obs, n_dropped : int
        Rows used, rows left out for a gap.
    """

    fits: dict[str, Estimates]
    overlap: Collinearity
    undefined: dict[str, str]
    n_obs: int
    n_dropped: int

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Collinearity and versions that could not be fitted, by name."""
        missing = tuple(
            Problem(name, why, "Read the other versions.") for name, why in self.undefined.items()
        )
        return (*self.overlap.problems, *missing)

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """All versions, one row a version and term: ``model`` and the columns of `Estimates.table`.

        Coefficients of different versions have different units: points of the outcome per point, or log odds.
        """
        frames = [fit.table(level=level).assign(model=name) for name, fit in self.fits.items()]
        whole = pd.concat(frames, ignore_index=True)
        return whole[["model", *(column for column in whole.columns if column != "model")]]


def compare_versions(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    quantiles: Sequence[float] = (0.25, 0.5, 0.75),
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> DriverVersions:
    """Drivers by least squares (HC3 and clustered), ordered logit and quantile regression. Answers H1.

    Where the versions tell different stories, the straight line through the mean is not the whole answer.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column explained.
    drivers, covariates : sequence of str
        Columns that explain it.
    quantiles : sequence of float
        Strictly between 0 and 1.
    clusters : Series, length n, optional
        Dependence groups (outlets, firms): errors of every version but the first are clustered.
    weights : Series, length n, optional
        Survey weights > 0; quantile regressions are then not fitted, which ``undefined`` says.

    Returns
    -------
    DriverVersions
        Versions that the data do not allow are named in ``undefined``; least squares must be possible.

    Raises
    ------
    DataError, IdentificationError
        As `fit_ols` and `collinearity`.
    """
    rows = driver_rows(data, outcome, drivers, covariates, weights=weights, clusters=clusters)
    terms = (*rows.drivers, *rows.covariates)
    overlap = collinearity(rows.frame, outcome, terms, weights=rows.weights)
    fits = {"OLS, hc3": fit_ols(rows.frame, outcome, terms, covariance="hc3", weights=rows.weights)}
    if rows.clusters is not None:
        fits["OLS, cluster"] = fit_ols(
            rows.frame, outcome, terms, covariance="cluster", clusters=rows.clusters, weights=rows.weights
        )
    undefined: dict[str, str] = {}
    _ordered(rows, terms, fits, undefined)
    for quantile in quantiles:
        name = f"quantile {quantile:g}"
        if rows.weights is not None:
            undefined[name] = "quantile regression here takes no survey weights"
            continue
        try:
            fits[name] = fit_quantile(rows.frame, outcome, terms, quantile, clusters=rows.clusters)
        except ServicefxError as exc:
            undefined[name] = exc.problems[0].found
    shared = (HELD, MEASURED)
    return DriverVersions(
        fits={
            name: replace(fit, dropped=rows.dropped, assumptions=(*shared, *fit.assumptions))
            for name, fit in fits.items()
        },
        overlap=overlap,
        undefined=undefined,
        n_obs=rows.n_obs,
        n_dropped=rows.n_dropped,
    )


def _ordered(
    rows: DriverRows, terms: Sequence[str], fits: dict[str, Estimates], undefined: dict[str, str]
) -> None:
    answers = rows.frame[rows.outcome].nunique()
    if answers > MOST_ANSWERS:
        undefined["ordered logit"] = f"{answers} different values of the outcome, {MOST_ANSWERS} at most"
        return
    try:
        fits["ordered logit"] = fit_ordered_logit(
            rows.frame, rows.outcome, terms, clusters=rows.clusters, weights=rows.weights
        )
    except ServicefxError as exc:
        undefined["ordered logit"] = exc.problems[0].found
