"""CFA marker technique: a measured marker factor beside the constructs, in five nested models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from servicefx.errors import ConvergenceError, IdentificationError, Problem, StudyError
from servicefx.measurement.method_bias.confirmatory import (
    MODEL_COLUMNS,
    check_constructs,
    construct_correlations,
    fixed,
    free,
    item_spread,
    model_row,
    table_of,
    unused,
    value_of,
)
from servicefx.moments.moments import Moments
from servicefx.sem.estimation import fit
from servicefx.sem.sem_fit import SemFit
from servicefx.syntax.table import ParameterRow

__all__ = ["CfaMarker", "cfa_marker"]

_PREFERRED = 0.05
"""Level at which free method loadings are preferred to equal ones."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CfaMarker:
    """The models of the CFA marker technique and what they say of method bias.

    Attributes
    ----------
    models : DataFrame
        ``model`` (``cfa``, ``baseline``, ``method_c``, ``method_u``, ``method_r``), its fit, and the test
        ``against`` another: ``chi2_diff, df_diff, p_value``; ``undefined``.
    method_model : str
        ``method_u`` where free method loadings fit better than equal ones, else ``method_c``; the frames
        below are of this model. Empty where neither could be fitted.
    loadings : DataFrame
        ``construct, item, estimate, adjusted, change, method_loading, p_value``: standardised, of the
        baseline and of the method model; the test is that of the method loading.
    correlations : DataFrame
        ``construct, other, estimate, adjusted, change``: of the baseline and of the method model.
    reliability : DataFrame
        ``construct, total_reliability`` (baseline), ``construct_reliability, method_reliability`` (method
        model).
    undefined : mapping of str to str
        What could not be fitted, and why.
    flags : tuple of str
        What makes a solution doubtful, model by model.
    """

    models: pd.DataFrame
    method_model: str
    loadings: pd.DataFrame
    correlations: pd.DataFrame
    reliability: pd.DataFrame
    undefined: Mapping[str, str]
    flags: tuple[str, ...]


def cfa_marker(
    data: pd.DataFrame | Moments,
    constructs: Mapping[str, Sequence[str]],
    marker: Sequence[str],
    *,
    estimator: str = "ml",
    missing: str = "listwise",
    ordered: Sequence[str] | bool = (),
    weights: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> CfaMarker:
    r"""Let a marker's factor load on every item, and see whether the constructs' correlations change.

    Parameters
    ----------
    data : DataFrame, shape (n, .), or Moments
        Holds the items and the marker's.
    constructs : mapping of str to sequence of str
        Construct -> its items: at least two constructs of two items each.
    marker : sequence of str
        At least two items of a variable unrelated to the constructs in theory; with one item see
        `servicefx.measurement.method_bias.marker.marker_correlations`.
    estimator, missing, ordered, weights, cluster
        As `servicefx.sem.fit`; weights and clusters are named columns.
    level : float
        Of intervals.

    Returns
    -------
    CfaMarker

    Raises
    ------
    StudyError
        If the marker or a construct has one item, or an item stands twice.
    DataError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`, of the first two models.

    Notes
    -----
    ``cfa``: constructs and marker correlate. ``baseline``: the marker is uncorrelated with the constructs,
    its loadings and error variances are held at their values in ``cfa``. ``method_c``: its factor also loads
    on every item, equally (unstandardised); ``method_u``: freely. ``method_r``: the method model with the
    constructs' correlations held at those of the baseline. The tests: method_c against baseline (is there a
    common method), method_u against method_c (does it reach items unequally), method_r against the method
    model (does it bias correlations). Reliability of a score is
    :math:`[(\sum\lambda)^2 + (\sum m)^2] / [(\sum\lambda)^2 + (\sum m)^2 + \sum\theta]`, of which the terms
    in :math:`\lambda` and m are the construct's and the method's part.

    References
    ----------
    Williams, Hartman & Cavazotte (2010), Organ. Res. Methods 13, 477-514.
    """
    check_constructs(constructs)
    marker = list(marker)
    _check_marker(constructs, marker)
    choices: dict[str, object] = {
        "estimator": estimator, "missing": missing, "ordered": ordered, "weights": weights,
        "cluster": cluster, "level": level,
    }  # fmt: skip
    names = list(data.names) if isinstance(data, Moments) else [str(name) for name in data.columns]
    factor = unused("marker", [*names, *constructs])
    items = [item for group in constructs.values() for item in group]

    def fitted(rows: Sequence[ParameterRow]) -> SemFit:
        return fit(table_of(constructs, rows), data, std_lv=True, **choices)  # type: ignore[arg-type]

    fits = {"cfa": fitted([free(factor, "=~", item) for item in marker])}
    held = _held(fits["cfa"], factor, marker, list(constructs))
    fits["baseline"] = fitted(held)
    undefined: dict[str, str] = {}

    def attempted(name: str, rows: Sequence[ParameterRow]) -> None:
        try:
            fits[name] = fitted(rows)
        except (ConvergenceError, IdentificationError) as refusal:
            undefined[name] = refusal.problems[0].found

    onto = {
        "method_c": [free(factor, "=~", item, "common method") for item in items],
        "method_u": [free(factor, "=~", item) for item in items],
    }
    for name, rows in onto.items():
        attempted(name, [*held, *rows])
    models = [model_row("cfa", fits["cfa"]), model_row("baseline", fits["baseline"])]
    models += _tested(fits, undefined, "method_c", "baseline")
    models += _tested(fits, undefined, "method_u", "method_c")
    chosen = _chosen(fits, models[-1])
    if chosen:
        base = value_of(fits["baseline"])
        restricted = [
            fixed(left, "~~", right, base[left, "~~", right]) for left, right in combinations(constructs, 2)
        ]
        attempted("method_r", [*held, *onto[chosen], *restricted])
        models += _tested(fits, undefined, "method_r", chosen)
    else:
        undefined["method_r"] = "no method model was fitted"
        models.append({"model": "method_r", "undefined": undefined["method_r"]})
    adjusted = fits.get(chosen)
    return CfaMarker(
        models=pd.DataFrame(models, columns=list(MODEL_COLUMNS)).fillna({"undefined": "", "against": ""}),
        method_model=chosen,
        loadings=_loadings(fits["baseline"], adjusted, constructs, factor),
        correlations=_correlations(fits["baseline"], adjusted, list(constructs)),
        reliability=_reliability(fits["baseline"], adjusted, constructs, factor),
        undefined=undefined,
        flags=tuple(f"{name}: {problem.found}" for name, one in fits.items() for problem in one.problems),
    )


def _check_marker(constructs: Mapping[str, Sequence[str]], marker: Sequence[str]) -> None:
    if len(marker) < 2:
        found = f"{len(marker)} marker item{'' if len(marker) == 1 else 's'}, at least 2 expected"
        raise StudyError(Problem("marker", found, "Add items, or use marker_correlations with its score."))
    listed = {item for items in constructs.values() for item in items}
    shared = [item for item in marker if item in listed or list(marker).count(item) > 1]
    if shared:
        found = f"'{shared[0]}' also measures a construct, or stands twice"
        raise StudyError(Problem("marker", found, "Name marker items that measure nothing else."))


def _held(cfa: SemFit, factor: str, marker: Sequence[str], constructs: Sequence[str]) -> list[ParameterRow]:
    """The marker as measured in the first model, uncorrelated with the constructs."""
    values = value_of(cfa)
    rows = [fixed(factor, "=~", item, values[factor, "=~", item]) for item in marker]
    # the error variance of an ordered item follows from its loading
    rows += [
        fixed(item, "~~", item, values[item, "~~", item]) for item in marker if item not in cfa.model.ordered
    ]
    return rows + [fixed(factor, "~~", name, 0.0) for name in constructs]


def _tested(
    fits: Mapping[str, SemFit], undefined: Mapping[str, str], name: str, against: str
) -> list[dict[str, object]]:
    """The row of one model; the model with fewer degrees of freedom is the general one."""
    if name not in fits:
        return [{"model": name, "against": against, "undefined": undefined[name]}]
    one, other = fits[name], fits.get(against)
    if other is None:
        return [model_row(name, one) | {"against": against, "undefined": f"'{against}' was not fitted"}]
    return [model_row(name, one, (against, other), nested=one.solution.test.df > other.solution.test.df)]


def _chosen(fits: Mapping[str, SemFit], test: Mapping[str, object]) -> str:
    """Free method loadings where they fit better, else equal ones."""
    if "method_u" in fits and "method_c" in fits:
        p_value = test["p_value"]
        return "method_u" if isinstance(p_value, float) and p_value < _PREFERRED else "method_c"
    return next((name for name in ("method_c", "method_u") if name in fits), "")


def _standardised(fitted: SemFit, factor: str, items: Sequence[str]) -> list[float]:
    """Loadings over the items' implied standard deviations; 0 where the factor does not load."""
    values, spread = value_of(fitted), item_spread(fitted)
    return [values.get((factor, "=~", item), 0.0) / spread[item] for item in items]


def _loadings(
    baseline: SemFit, adjusted: SemFit | None, constructs: Mapping[str, Sequence[str]], factor: str
) -> pd.DataFrame:
    tests = {} if adjusted is None else value_of(adjusted, "p_value")
    rows: list[dict[str, object]] = []
    for construct, items in constructs.items():
        before = _standardised(baseline, construct, items)
        nothing = [float("nan")] * len(items)
        after = nothing if adjusted is None else _standardised(adjusted, construct, items)
        method = nothing if adjusted is None else _standardised(adjusted, factor, items)
        rows += [
            {
                "construct": construct, "item": item, "estimate": one, "adjusted": two, "change": two - one,
                "method_loading": on_method, "p_value": tests.get((factor, "=~", item), float("nan")),
            }
            for item, one, two, on_method in zip(items, before, after, method, strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def _correlations(baseline: SemFit, adjusted: SemFit | None, constructs: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        construct_correlations(baseline, constructs), columns=["construct", "other", "estimate"]
    )
    frame["adjusted"] = (
        np.nan if adjusted is None else [value for *_, value in construct_correlations(adjusted, constructs)]
    )
    frame["change"] = frame["adjusted"] - frame["estimate"]
    return frame


def _reliability(
    baseline: SemFit, adjusted: SemFit | None, constructs: Mapping[str, Sequence[str]], factor: str
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for construct, items in constructs.items():
        own = np.array(_standardised(baseline, construct, items))
        row: dict[str, object] = {
            "construct": construct,
            "total_reliability": own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum()),
            "construct_reliability": np.nan,
            "method_reliability": np.nan,
        }
        if adjusted is not None:
            own = np.array(_standardised(adjusted, construct, items))
            method = np.array(_standardised(adjusted, factor, items))
            total = own.sum() ** 2 + method.sum() ** 2 + (1 - own**2 - method**2).sum()
            row["construct_reliability"] = own.sum() ** 2 / total
            row["method_reliability"] = method.sum() ** 2 / total
        rows.append(row)
    return pd.DataFrame(rows)
