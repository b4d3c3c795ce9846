"""What changes with service within a firm or outlet over time: two-way fixed effects (H10, H11, H17)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.panel import fit_two_way
from servicefx.errors import DataError, Problem, StudyError
from servicefx.models.chain import chain_outcomes
from servicefx.models.sample import complete_rows, numeric_columns, reference_groups
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

__all__ = ["fit_over_time", "lag_name", "panel_files", "period_numbers"]

_YEAR_PART = (
    r"^(?P<year>(?:19|20)\d\d)[-/. ]?(?P<kind>[QHMqhm]?)(?P<part>\d{1,2})?(?:[-/.]\d{1,2}(?:[T ][\d:.]+)?)?$"
)


def panel_files(study: Study) -> tuple[str, ...]:
    """Data files that follow units over periods and measure both ends of a path."""
    return tuple(
        name
        for name, spec in study.spec.data.items()
        if spec.unit is not None and spec.period is not None and chain_outcomes(study, name)
    )


def lag_name(term: str, lag: int) -> str:
    """Name of a term of some periods before.

    Examples
    --------
    >>> lag_name("satisfaction", 0), lag_name("satisfaction", 1)
    ('satisfaction', 'satisfaction (lag 1)')
    """
    return term if lag == 0 else f"{term} (lag {lag})"


def fit_over_time(study: Study, outcome: str, *, data: str) -> Estimates:
    """Two-way fixed-effects regression of an outcome on what the study's paths say drives it.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct measured in the panel file.
    data : str
        Panel file, with ``unit`` and ``period`` stated.

    Returns
    -------
    Estimates
        In units of the outcome per unit of the term, errors clustered by unit. A path with ``lag = 1``
        enters as the term of the period before, named ``"term (lag 1)"``.

    Raises
    ------
    StudyError
        If no path leads to the outcome in this file.
    DataError
        If the file states no unit or period; and as `servicefx.engines.panel.fit_two_way`.
    IdentificationError
        If a term does not vary within units and periods.
    """
    spec = study.spec.data[data]
    if spec.unit is None or spec.period is None:
        raise DataError(
            Problem(f"study.toml: data.{data}", "a panel needs 'unit' and 'period'", "Name both.")
        )
    lagged, plain = _terms(study, outcome, data)
    if not lagged:
        raise StudyError(
            Problem("study.toml: paths", f"no path leads to '{outcome}' in data.{data}", "Add [[paths]].")
        )
    names = [outcome, *(name for name, _ in lagged), *plain]
    columns = numeric_columns(study, data, names)
    added = numeric_columns(study, data, plain) if plain else pd.DataFrame(index=columns.index)
    whole = study.frames[data]
    units, periods = whole[spec.unit], whole[spec.period]
    joined = pd.DataFrame(
        {outcome: columns[outcome]}
        | {lag_name(name, lag): _before(columns[name], units, periods, lag) for name, lag in lagged}
        | {str(name): added[name] for name in added.columns}
    )
    sample = complete_rows(study, data, joined)
    frame = sample.frame.assign(**{spec.unit: units, spec.period: periods})
    fit = fit_two_way(
        frame,
        outcome,
        [name for name in joined.columns if name != outcome],
        unit=spec.unit,
        period=spec.period,
        weights=sample.weights,
    )
    assumptions = (*fit.assumptions, *reference_groups(study, data, plain))
    return replace(fit, dropped={**sample.dropped, **fit.dropped}, assumptions=assumptions)


def _terms(study: Study, outcome: str, data: str) -> tuple[list[tuple[str, int]], list[str]]:
    """Sources with their lags, and covariates, of every path into the outcome."""
    measured = study.scores[data].columns
    sources: dict[tuple[str, int], None] = {}
    covariates: dict[str, None] = {}
    for path in study.spec.paths:
        if path.to == outcome and path.data in (None, data):
            found = [(source, path.lag) for source in path.sources if source in measured]
            sources |= dict.fromkeys(found)
            covariates |= dict.fromkeys(path.covariates if found else ())
    taken = {name for name, lag in sources if lag == 0}
    return list(sources), [name for name in covariates if name not in taken and name != outcome]


def period_numbers(periods: pd.Series) -> NDArray[np.int64]:
    """Periods as whole numbers, one apart where nothing lies between them.

    Parameters
    ----------
    periods : Series, length n
        Whole numbers (1, 2, 3; 2019, 2020; 202501 for a month, 20251 for a quarter) or texts such as
        ``2025``, ``2025Q1``, ``2025-H1``, ``2025-01`` and ``2025-01-31``.

    Returns
    -------
    ndarray, shape (n,)
        The smallest step between periods is 1, so that a period nobody was seen in leaves a gap, and a survey
        every second year has its waves one apart.

    Raises
    ------
    DataError
        If texts do not say which period comes before which.

    Examples
    --------
    >>> period_numbers(pd.Series(["2024Q3", "2024Q4", "2025Q2"])).tolist()
    [0, 1, 3]
    >>> period_numbers(pd.Series([2012, 2010, 2016])).tolist()
    [1, 0, 3]
    """
    texts = periods.astype(str).str.strip().str.removesuffix(".0")
    parts = texts.str.extract(_YEAR_PART)
    if parts["year"].notna().all() and parts["part"].notna().any():
        years, within = parts["year"].astype(int), parts["part"].fillna("1").astype(int)
        kinds = set(parts["kind"].fillna("").str.upper())
        single = bool((parts["part"].str.len() == 1).all()) and within.max() <= 4
        kind = kinds.pop() if len(kinds) == 1 else "?"
        a_year = {"Q": 4, "H": 2, "M": 12, "": 4 if single else 12}.get(kind, 0)
        numbers = years * a_year + within
        if within.between(1, a_year).all() and numbers.nunique() == texts.nunique():
            return _steps(numbers.to_list())
    if texts.str.fullmatch(r"-?\d+").all():
        return _steps([int(text) for text in texts])
    shown = ", ".join(f"'{text}'" for text in texts.drop_duplicates()[:3])
    raise DataError(
        Problem(
            f"column '{periods.name}'",
            f"periods such as {shown} do not say which comes before which, but a path has a lag",
            "Number the periods 1, 2, 3 …, or write them as 2025, 2025Q1 or 2025-01.",
        )
    )


def _steps(numbers: list[int]) -> NDArray[np.int64]:
    """Counted from the first, in units of the largest step that reaches all."""
    first = min(numbers)
    step = math.gcd(*(number - first for number in set(numbers))) or 1
    return np.array([(number - first) // step for number in numbers], dtype=np.int64)


def _before(column: pd.Series, units: pd.Series, periods: pd.Series, lag: int) -> pd.Series:
    """The column ``lag`` periods before, of the same unit; missing where that period is not in the data."""
    if lag == 0:
        return column
    order = pd.Series(period_numbers(periods), index=column.index)
    known = pd.Series(
        column.to_numpy(copy=True), index=pd.MultiIndex.from_arrays([units.to_numpy(copy=True), order])
    )
    wanted = pd.MultiIndex.from_arrays([units.to_numpy(copy=True), order - lag])
    return pd.Series(known.reindex(wanted).to_numpy(copy=True), index=column.index)
