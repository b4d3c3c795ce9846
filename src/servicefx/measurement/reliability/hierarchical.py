"""Omega hierarchical: how much of a whole score, and of each subscale, is the general factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from servicefx import sem
from servicefx.errors import DataError, IdentificationError, Problem, ServicefxError, closest
from servicefx.measurement.arguments import beside_rows, check_choice, check_level
from servicefx.measurement.reliability.influence import delta_interval
from servicefx.measurement.reliability.own_names import in_own_names
from servicefx.moments.moments import Moments
from servicefx.sem.sem_fit import SemFit

__all__ = ["GENERAL", "omega_hierarchical"]

Model = Literal["second_order", "bifactor"]
GENERAL = "general"
"""What the whole score's rows are called."""
_NAN = float("nan")


def omega_hierarchical(
    items: pd.DataFrame | Moments,
    dimensions: Mapping[str, Sequence[str]],
    *,
    model: Model = "second_order",
    level: float = 0.95,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> pd.DataFrame:
    r"""Omega of a score whose items belong to dimensions of one general construct.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        Answers, one row a person, reversed items turned; rows with a gap are not used. Or their moments.
    dimensions : mapping of str to sequence of str
        Dimension -> its columns, two at least, none in two dimensions; three dimensions at least.
    model : {"second_order", "bifactor"}
        Whether the general factor acts through the dimensions (its loadings are then those of the
        Schmid-Leiman transformation), or on every item beside an unrelated factor of each dimension.
    level : float
        Of the intervals.
    weights : Series, length n, optional
        Survey weights, > 0.
    clusters : Series, length n, optional
        Dependence group of each row, for the standard errors.

    Returns
    -------
    DataFrame
        Columns ``construct, measure, estimate, std_error, conf_low, conf_high, n_items, n_obs, interval,
        flag, undefined``; dimensionless, in [0, 1]. For construct "general": ``omega`` (share of the whole
        score due to all factors) and ``omega_hierarchical`` (due to the general factor alone). For every
        dimension: ``omega`` (share of the subscale due to both factors) and ``omega_hierarchical_subscale``
        (due to what is special to the dimension). Where the solution is improper all are NaN with the
        reason.

    Raises
    ------
    StudyError
        If the model is not known, or ``level`` is not between 0 and 1.
    DataError
        If a column is absent or stands in two dimensions, a dimension has one item, or weights or clusters
        are not those of the rows.
    IdentificationError
        With fewer than three dimensions.
    ConvergenceError
        If the model has no solution.

    Notes
    -----
    Maximum likelihood through `servicefx.sem.fit`; the variance of a score is the model's (semTools'
    ``compRelSEM(higher = , obs.var = FALSE)``, ``reliabilityL2``'s ``omegaL1``). Intervals by the delta
    method, symmetric in log(1 - omega), from robust (Huber-White) errors of rows, from normal-theory errors
    of moments. In a bifactor model the two loadings of a two-item dimension are held equal.

    References
    ----------
    Schmid & Leiman (1957), Psychometrika 22, 53-61; Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70,
    123-133, eq. 4; Reise, Bonifay & Haviland (2013), J. Pers. Assess. 95, 129-140.
    """
    check_choice("model", model, get_args(Model))
    check_level(level)
    columns = [str(item) for block in dimensions.values() for item in block]
    known = items.names if isinstance(items, Moments) else tuple(str(name) for name in items.columns)
    _check(dimensions, columns, known)
    places: list[list[int]] = []
    at = 0
    for block in dimensions.values():
        places.append(list(range(at, at + len(block))))
        at += len(block)
    lines = _second_order(places) if model == "second_order" else _bifactor(places)
    try:
        fit = _fitted("\n".join(lines), items, columns, weights, clusters)
    except ServicefxError as refusal:
        own = {f"y{at}": name for at, name in enumerate(columns)}
        own |= {f"d{k}": name for k, name in enumerate(dimensions)}
        raise in_own_names(refusal, own) from refusal
    return _frame(fit, list(dimensions), places, columns, model, level, _kind(items, clusters))


def _check(dimensions: Mapping[str, Sequence[str]], columns: list[str], known: tuple[str, ...]) -> None:
    problems = [
        Problem(f"dimension '{name}'", "one item, at least two expected", "Add items, or join dimensions.")
        for name, block in dimensions.items()
        if len(block) < 2
    ]
    problems += [
        Problem(f"item '{name}'", "stands in more than one place", "Put every item into one dimension.")
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    ]
    problems += [
        Problem(f"item '{name}'", f"not in the data{closest(name, known)}", "Correct the name.")
        for name in dict.fromkeys(columns)
        if name not in known
    ]
    if problems:
        raise DataError(*problems)
    if len(dimensions) < 3:
        found = f"{len(dimensions)} dimensions, at least three expected to tell a general factor"
        raise IdentificationError(Problem("dimensions", found, "Report omega of each dimension instead."))


def _second_order(places: list[list[int]]) -> list[str]:
    lines, general, special = [], [], []
    for k, block in enumerate(places):
        loading = ["1", *(f"l{at}" for at in block[1:])]
        lines.append(f"d{k} =~ " + " + ".join(f"{a}*y{at}" for a, at in zip(loading, block, strict=True)))
        lines.append(f"d{k} ~~ z{k}*d{k}")
        general.append(f"({' + '.join(loading)})*g{k}")
        special.append(f"({' + '.join(loading)})^2*z{k}")
    lines.append("general =~ " + " + ".join(f"NA*d{k} + g{k}*d{k}" for k in range(len(places))))
    lines.append("general ~~ 1*general")
    return [*lines, *_defined(places, general, special)]


def _bifactor(places: list[list[int]]) -> list[str]:
    every = [at for block in places for at in block]
    lines = ["general =~ " + " + ".join(f"NA*y{at} + a{at}*y{at}" for at in every), "general ~~ 1*general"]
    general, special = [], []
    for k, block in enumerate(places):
        names = [f"l{block[0]}"] * 2 if len(block) == 2 else [f"l{at}" for at in block]
        lines.append(
            f"d{k} =~ " + " + ".join(f"NA*y{at} + {a}*y{at}" for a, at in zip(names, block, strict=True))
        )
        lines += [f"d{k} ~~ 1*d{k}", f"general ~~ 0*d{k}"]
        lines += [f"d{other} ~~ 0*d{k}" for other in range(k)]
        general.append("(" + " + ".join(f"a{at}" for at in block) + ")")
        special.append("(" + " + ".join(names) + ")^2")
    return [*lines, *_defined(places, general, special)]


def _defined(places: list[list[int]], general: list[str], special: list[str]) -> list[str]:
    """Item residuals, and every omega as a defined parameter, whose errors `sem.fit` works out."""
    lines = [f"y{at} ~~ t{at}*y{at}" for block in places for at in block]
    residual = [" + ".join(f"t{at}" for at in block) for block in places]
    whole = f"({' + '.join(general)})^2"
    others = " + ".join(special)
    total = f"({whole} + {others} + {' + '.join(residual)})"
    lines += [f"w := ({whole} + {others})/{total}", f"h := {whole}/{total}"]
    for k, (shared, own, error) in enumerate(zip(general, special, residual, strict=True)):
        spread = f"(({shared})^2 + {own} + {error})"
        lines += [f"w{k} := (({shared})^2 + {own})/{spread}", f"h{k} := ({own})/{spread}"]
    return lines


def _fitted(
    text: str,
    items: pd.DataFrame | Moments,
    columns: list[str],
    weights: pd.Series | None,
    clusters: pd.Series | None,
) -> SemFit:
    plain = [f"y{at}" for at in range(len(columns))]
    if isinstance(items, Moments):
        part = items.subset(columns)
        return sem.fit(text, Moments(names=tuple(plain), n_obs=part.n_obs, mean=None, cov=part.cov))
    place = {str(name): at for at, name in enumerate(items.columns)}
    frame = items.iloc[:, [place[name] for name in columns]].set_axis(plain, axis=1)
    named: dict[str, str] = {}
    for role, series in (("weights", weights), ("cluster", clusters)):
        if series is not None:
            frame[role] = beside_rows(series, items, "clusters" if role == "cluster" else role)
            named[role] = role
    return sem.fit(text, frame, estimator="mlr", weights=named.get("weights"), cluster=named.get("cluster"))


def _kind(items: pd.DataFrame | Moments, clusters: pd.Series | None) -> str:
    if isinstance(items, Moments):
        return "delta, normal theory"
    return "delta, robust" + ("" if clusters is None else ", clustered")


def _frame(
    fit: SemFit,
    names: list[str],
    places: list[list[int]],
    columns: list[str],
    model: str,
    level: float,
    kind: str,
) -> pd.DataFrame:
    rows = fit.parameters
    defined = rows[rows["op"] == ":="]
    found = dict(
        zip(defined["lhs"], defined[["estimate", "std_error"]].to_numpy(dtype=np.float64), strict=True)
    )
    undefined, flags = _improper(rows, names, columns), _flags(rows, names, columns, places, model)
    asked = [(GENERAL, "omega", "w", len(columns)), (GENERAL, "omega_hierarchical", "h", len(columns))]
    for k, name in enumerate(names):
        asked += [
            (name, "omega", f"w{k}", len(places[k])),
            (name, "omega_hierarchical_subscale", f"h{k}", len(places[k])),
        ]
    table = []
    for construct, measure, term, n_items in asked:
        estimate, error = (_NAN, _NAN) if undefined else found[term]
        low, high = delta_interval(estimate, error, level)
        table.append(
            {
                "construct": construct,
                "measure": measure,
                "estimate": estimate,
                "std_error": error,
                "conf_low": low,
                "conf_high": high,
                "n_items": n_items,
                "n_obs": fit.n_obs,
                "interval": "" if undefined else kind,
                "flag": flags,
                "undefined": undefined,
            }
        )
    return pd.DataFrame(table)


def _improper(rows: pd.DataFrame, names: list[str], columns: list[str]) -> str:
    own = rows[(rows["op"] == "~~") & (rows["lhs"] == rows["rhs"]) & (rows["estimate"] <= 0)]
    found = []
    for name in own["lhs"]:
        kind, at = str(name)[0], int(str(name)[1:])
        found.append(f"'{columns[at]}'" if kind == "y" else f"dimension '{names[at]}'")
    return "Heywood case: " + ", ".join(found) if found else ""


def _flags(
    rows: pd.DataFrame, names: list[str], columns: list[str], places: list[list[int]], model: str
) -> str:
    """What the reader should know: items and dimensions that run against their factor."""
    loading = rows[rows["op"] == "=~"]
    flags = []
    for factor, own in loading.groupby("lhs", sort=False):
        values = own["estimate"].to_numpy(dtype=np.float64)
        against = own["rhs"][values * np.sign(values.sum()) < 0]
        for name in against:
            at = int(str(name)[1:])
            label = f"'{columns[at]}'" if str(name)[0] == "y" else f"dimension '{names[at]}'"
            on = "the general factor" if factor == "general" else f"'{names[int(str(factor)[1:])]}'"
            flags.append(f"{label} loads negatively on {on}: check for a reversed item")
    if model == "bifactor":
        two = [name for name, block in zip(names, places, strict=True) if len(block) == 2]
        flags += [f"two items of '{name}': loadings on it held equal" for name in two]
    return "; ".join(flags)
