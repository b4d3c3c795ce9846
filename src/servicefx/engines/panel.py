"""Panel regression with unit and period effects by linearmodels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_arrays, checked_weights, redundant_terms
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = ["fit_two_way"]

_WITHIN = 1e-10  # share of a column's variance left within units and periods below which it is absorbed


def fit_two_way(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    unit: str,
    period: str,
    weights: pd.Series | None = None,
) -> Estimates:
    """Within-unit regression with unit and period effects, errors clustered by unit.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete rows; unbalanced panels are fine.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it and vary within units and periods.
    unit, period : str
        Columns naming who and when; each pair at most once.
    weights : Series, length n
        Weights > 0, aligned with ``data``.

    Returns
    -------
    Estimates
        Coefficients in units of the outcome per unit of the term, G - 1 degrees of freedom for G units.
        ``fit_measures`` hold ``r_squared_within`` (of the demeaned outcome), ``n_units`` and ``n_periods``.
        Rows that are the only one of their unit or period say nothing within it: they are taken out and
        counted in ``dropped``, or they would be taken for clusters.

    Raises
    ------
    DataError
        If a unit-period pair stands twice, there are fewer than two units or periods, or no more rows than
        coefficients, effects included.
    IdentificationError
        If the outcome or a term does not vary within units and periods.

    Notes
    -----
    Unit effects are nested in the clusters and do not count in the small-sample factor, G/(G-1) ·
    (n-1)/(n-k) with k terms: linearmodels' ``auto_df=False, count_effects=False, debiased=True,
    group_debias=True``. Period effects do not count either; a program that counts them as terms (Stata's
    ``xtreg i.period``) reports errors larger by the root of (n-k)/(n-k-T+1).

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 2nd ed., sec. 10.5.
    Arellano (1987), Oxford Bull. Econ. Stat. 49, 431-434 (clustered covariance).
    """
    from linearmodels.panel.model import PanelOLS

    where = f"panel regression of '{outcome}'"
    checked_arrays(data, outcome, terms)
    row_weights = None if weights is None else checked_weights(weights, len(data), outcome)
    twice = int(data.duplicated([unit, period]).sum())
    if twice:
        raise DataError(
            Problem(where, f"{twice} rows repeat a pair of '{unit}' and '{period}'", "Keep one row a pair.")
        )
    n_units, n_periods = data[unit].nunique(), data[period].nunique()
    if n_units < 2 or n_periods < 2:
        raise DataError(
            Problem(
                where,
                f"{n_units} values of '{unit}' and {n_periods} of '{period}'",
                "Use a panel of 2 by 2 or more.",
            )
        )
    kept = _without_singletons(data, unit, period)
    lost = int((~kept).sum())
    if not kept.any():
        raise DataError(
            Problem(
                where,
                f"no two rows share a '{unit}' and differ in '{period}' beside others that do",
                "Add periods or units.",
            )
        )
    if lost:
        data = data[kept]
        row_weights = None if row_weights is None else row_weights[kept]
        n_units, n_periods = data[unit].nunique(), data[period].nunique()
    needed = n_units + n_periods - 1 + len(terms)
    if len(data) <= needed:
        raise DataError(
            Problem(
                where,
                f"{len(data)} rows for {needed} coefficients, unit and period effects included",
                f"Add rows (at least {needed + 1}) or remove terms.",
            )
        )
    periods = pd.factorize(data[period], sort=True)[0]
    columns = [outcome, *terms]
    frame = data[columns].astype(float)
    frame.index = pd.MultiIndex.from_arrays(
        [data[unit].to_numpy(copy=True), periods], names=["unit", "period"]
    )
    absorbed = _absorbed(frame, outcome, terms)
    if absorbed:
        raise IdentificationError(
            *(
                Problem(
                    where,
                    f"'{name}' does not vary within '{unit}' once '{period}' is held",
                    "Remove it, or ask a question that compares units.",
                )
                for name in absorbed
            )
        )
    model = PanelOLS(
        frame[outcome],
        frame[list(terms)],
        entity_effects=True,
        time_effects=True,
        weights=None if row_weights is None else pd.Series(row_weights, index=frame.index),
    )
    fit = model.fit(
        cov_type="clustered",
        cluster_entity=True,
        auto_df=False,
        count_effects=False,
        debiased=True,
        group_debias=True,
    )
    return Estimates(
        estimator="two-way fixed effects",
        outcome=outcome,
        terms=tuple(terms),
        coefficients=np.asarray(fit.params, dtype=np.float64),
        covariance=np.asarray(fit.cov, dtype=np.float64),
        covariance_kind=f"cluster: {unit} ({n_units})",
        df=n_units - 1,
        n_obs=len(frame),
        dropped={"only row of its unit or period": lost} if lost else {},
        fit_measures={
            "r_squared_within": float(fit.rsquared),
            "n_units": float(n_units),
            "n_periods": float(n_periods),
        },
        assumptions=(
            "nothing unmeasured that changes over time within a unit moves both sides",
            "past outcomes do not move present terms (strict exogeneity)",
        ),
    )


def _without_singletons(data: pd.DataFrame, unit: str, period: str) -> NDArray[np.bool_]:
    """Rows left once units and periods seen in one row are taken out, again and again."""
    left = data[[unit, period]].reset_index(drop=True)
    while True:
        alone = ~(left.duplicated(unit, keep=False) & left.duplicated(period, keep=False))
        if not alone.any():
            return np.isin(np.arange(len(data)), left.index)
        left = left[~alone]


def _absorbed(frame: pd.DataFrame, outcome: str, terms: Sequence[str]) -> list[str]:
    """Columns with nothing left after unit and period effects are swept out."""
    periods = pd.get_dummies(frame.index.get_level_values("period"), dtype=float)
    periods.index = frame.index
    columns = frame[[outcome, *terms]]
    within = columns - columns.groupby(level="unit").transform("mean")
    effects = (periods - periods.groupby(level="unit").transform("mean")).to_numpy(copy=True)
    swept = within - effects @ np.linalg.lstsq(effects, within.to_numpy(copy=True), rcond=1e-10)[0]
    left = (swept**2).sum() / ((columns - columns.mean()) ** 2).sum()
    flat = [str(name) for name in left.index[left < _WITHIN]]
    return flat or redundant_terms(swept[list(terms)].to_numpy(copy=True), list(terms))
