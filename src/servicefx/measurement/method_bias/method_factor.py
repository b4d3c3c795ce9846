"""Unmeasured latent method factor: what constructs have in common beyond their own correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import ConvergenceError, IdentificationError, Problem
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

__all__ = ["METHOD_FACTOR_WEAKNESS", "MethodFactor", "latent_method_factor"]

METHOD_FACTOR_WEAKNESS = (
    "An unmeasured method factor takes up whatever the items share beyond their constructs, a common cause "
    "of substance included (Podsakoff, MacKenzie, Lee & Podsakoff 2003).",
    "With equal loadings it is told from correlated constructs only by differences among the items' "
    "loadings: where these are alike, its variance is hardly known, as its interval shows.",
    "With free loadings it has a parameter an item, so that its test finds something too often and its "
    "loadings are no measure of bias (Richardson, Simmering & Sturman 2009; Chin, Thatcher & Wright 2012).",
)
"""What the reader must know of this test, sentence by sentence."""
_ALIKE = 3.0
"""Ratio of the items' standard deviations beyond which one equal loading means different things."""
_SHOWN = 4
"""Remarks told of one model."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MethodFactor:
    """Constructs with and without a method factor common to all items.

    Attributes
    ----------
    models : DataFrame
        ``model`` (``constructs``, ``equal``, ``free``), its fit, and the test ``against`` the constructs
        alone: ``chi2_diff, df_diff, p_value``; ``undefined``.
    variance : DataFrame
        ``model, construct, construct_share, method_share, error_share, conf_low, conf_high, undefined``: mean
        shares of the items' variance, ``""`` for all items; the interval is that of the method share under
        equal loadings.
    loadings : DataFrame
        ``model, construct, item, estimate, adjusted, change, method_loading, undefined``: standardised,
        without and with the method factor.
    correlations : DataFrame
        ``model, construct, other, estimate, adjusted, change, undefined``.
    weakness : tuple of str
        What the reader must know of the test.
    flags : tuple of str
        What makes a solution doubtful, model by model.
    """

    models: pd.DataFrame
    variance: pd.DataFrame
    loadings: pd.DataFrame
    correlations: pd.DataFrame
    weakness: tuple[str, ...]
    flags: tuple[str, ...]


def latent_method_factor(
    data: pd.DataFrame | Moments,
    constructs: Mapping[str, Sequence[str]],
    *,
    estimator: str = "ml",
    missing: str = "listwise",
    ordered: Sequence[str] | bool = (),
    weights: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> MethodFactor:
    r"""Add to a measurement model one factor of all items, and see what changes.

    Parameters
    ----------
    data : DataFrame, shape (n, .), or Moments
        Holds the items, on one scale.
    constructs : mapping of str to sequence of str
        Construct -> its items: at least two constructs of two items each.
    estimator, missing, ordered, weights, cluster
        As `servicefx.sem.fit`; weights and clusters are named columns.
    level : float
        Of the interval of the method share.

    Returns
    -------
    MethodFactor
        A model that is not identified or does not converge has its reason in ``undefined``, and no numbers.

    Raises
    ------
    StudyError
        If a construct has one item, or an item stands twice.
    DataError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`, of the constructs alone.

    Notes
    -----
    The factor is uncorrelated with the constructs. Its unstandardised loadings are held at one and its
    variance is estimated, which may come out below zero and then says that there is no common method in the
    data; so the test against the constructs alone has one degree of freedom and keeps its size. In the
    second variant the loadings are free and the variance is one: as many degrees of freedom as items.

    References
    ----------
    Podsakoff, MacKenzie, Lee & Podsakoff (2003), J. Appl. Psychol. 88, 879-903, fig. 3A; Williams, Cote &
    Buckley (1989), J. Appl. Psychol. 74, 462-468 (shares of variance); Richardson, Simmering & Sturman
    (2009), Organ. Res. Methods 12, 762-800.
    """
    check_constructs(constructs)
    items = [item for group in constructs.values() for item in group]
    choices: dict[str, object] = {
        "estimator": estimator, "missing": missing, "ordered": ordered, "weights": weights,
        "cluster": cluster, "level": level,
    }  # fmt: skip
    plain = fit(table_of(constructs), data, std_lv=True, **choices)  # type: ignore[arg-type]
    taken = [*items, *constructs]
    if isinstance(data, Moments):
        taken += data.names
    else:
        taken += [str(name) for name in data.columns]
    method = unused("method", taken)
    apart = [fixed(method, "~~", name, 0.0) for name in constructs]
    tables = {
        "equal": table_of(
            constructs,
            [*(fixed(method, "=~", i, 1.0) for i in items), free(method, "~~", method, forced=True), *apart],
        ),
        "free": table_of(constructs, [*(free(method, "=~", item) for item in items), *apart]),
    }
    models = [model_row("constructs", plain)]
    variance: list[dict[str, object]] = []
    loadings: list[dict[str, object]] = []
    correlations: list[dict[str, object]] = []
    flags = [*_scale_flag(item_spread(plain)), *_told("constructs", plain.problems)]
    for name, table in tables.items():
        fitted: SemFit | None = None
        try:
            fitted = fit(table, data, std_lv=True, **choices)  # type: ignore[arg-type]
        except (ConvergenceError, IdentificationError) as refusal:
            why = refusal.problems[0].found
            models.append({"model": name, "against": "constructs", "undefined": why})
        else:
            models.append(model_row(name, fitted, ("constructs", plain), nested=False))
            why = _no_method(fitted, method) if name == "equal" else ""
            if why:
                flags.append(f"{name}: {why}")
            else:
                flags += _told(name, fitted.problems)
        variance += _variance(name, fitted, constructs, method, why)
        loadings += _loadings(name, plain, fitted, constructs, method, why)
        correlations += _correlations(name, plain, fitted, constructs, why)
    return MethodFactor(
        models=pd.DataFrame(models, columns=list(MODEL_COLUMNS)).fillna({"undefined": "", "against": ""}),
        variance=pd.DataFrame(variance),
        loadings=pd.DataFrame(loadings),
        correlations=pd.DataFrame(correlations),
        weakness=METHOD_FACTOR_WEAKNESS,
        flags=tuple(flags),
    )


def _no_method(fitted: SemFit, method: str) -> str:
    value = value_of(fitted)[method, "~~", method]
    if value > 0:
        return ""
    return f"the method variance is estimated as {value:.3g}, not above zero: no common method shows"


def _told(model: str, problems: Sequence[Problem]) -> list[str]:
    """What is to be known of a model, the first few of many alike."""
    told = [f"{model}: {problem.found}" for problem in problems[:_SHOWN]]
    further = len(problems) - _SHOWN
    return [*told, f"{model}: {further} further remarks of this kind"] if further > 0 else told


def _scale_flag(spread: Mapping[str, float]) -> list[str]:
    low, high = min(spread, key=lambda i: spread[i]), max(spread, key=lambda i: spread[i])
    ratio = spread[high] / spread[low]
    if ratio <= _ALIKE:
        return []
    return [
        f"equal: '{high}' varies {ratio:.1f} times as much as '{low}', and equal loadings suppose one scale"
    ]


def _variance(
    name: str, fitted: SemFit | None, constructs: Mapping[str, Sequence[str]], method: str, why: str
) -> list[dict[str, object]]:
    """Mean shares of variance by construct, and of all items first."""
    groups = {"": [item for items in constructs.values() for item in items], **constructs}
    nan = float("nan")
    keys = ("construct_share", "method_share", "error_share", "conf_low", "conf_high")
    if fitted is None:
        return [{"model": name, "construct": c, **dict.fromkeys(keys, nan), "undefined": why} for c in groups]
    values, spread = value_of(fitted), item_spread(fitted)
    low, high = (value_of(fitted, end).get((method, "~~", method), nan) for end in ("conf_low", "conf_high"))
    owner = {item: construct for construct, items in constructs.items() for item in items}
    strength = values.get((method, "~~", method), 1.0)
    rows: list[dict[str, object]] = []
    for construct, items in groups.items():
        own = float(np.mean([(values[owner[i], "=~", i] / spread[i]) ** 2 for i in items]))
        common = float(np.mean([strength * (values[method, "=~", i] / spread[i]) ** 2 for i in items]))
        unit = float(np.mean([1 / spread[i] ** 2 for i in items])) if name == "equal" else nan
        shares = {"construct_share": own, "method_share": common, "error_share": 1 - own - common}
        if why:
            shares = dict.fromkeys(shares, nan)
        interval = {"conf_low": low * unit, "conf_high": high * unit}
        if name == "free":
            interval = {"conf_low": nan, "conf_high": nan}
        rows.append({"model": name, "construct": construct, **shares, **interval, "undefined": why})
    return rows


def _loadings(
    name: str,
    plain: SemFit,
    fitted: SemFit | None,
    constructs: Mapping[str, Sequence[str]],
    method: str,
    why: str,
) -> list[dict[str, object]]:
    before = value_of(plain, "std_all")
    after, spread = ({}, {}) if fitted is None else (value_of(fitted), item_spread(fitted))
    rows: list[dict[str, object]] = []
    for construct, items in constructs.items():
        for item in items:
            one = before[construct, "=~", item]
            adjusted = on_method = float("nan")
            if fitted is not None and not why:
                strength = np.sqrt(after.get((method, "~~", method), 1.0))
                adjusted = after[construct, "=~", item] / spread[item]
                on_method = float(strength * after[method, "=~", item] / spread[item])
            rows.append(
                {
                    "model": name, "construct": construct, "item": item, "estimate": one,
                    "adjusted": adjusted, "change": adjusted - one, "method_loading": on_method,
                    "undefined": why,
                }
            )  # fmt: skip
    return rows


def _correlations(
    name: str, plain: SemFit, fitted: SemFit | None, constructs: Mapping[str, Sequence[str]], why: str
) -> list[dict[str, object]]:
    names = list(constructs)
    before = construct_correlations(plain, names)
    nan = float("nan")
    if fitted is None or why:
        after = [(left, right, nan) for left, right, _ in before]
    else:
        after = construct_correlations(fitted, names)
    return [
        {
            "model": name, "construct": left, "other": right, "estimate": one, "adjusted": two,
            "change": two - one, "undefined": why,
        }
        for (left, right, one), (_, _, two) in zip(before, after, strict=True)
    ]  # fmt: skip
