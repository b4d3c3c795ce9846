"""Importance and performance as frames, with intervals from their draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.importance_values import ImportanceValues, whole_of
from servicefx.pls.model import PlsModel
from servicefx.sem.resampling.intervals import interval_columns

__all__ = ["cautions_of", "constructs_frame", "items_frame"]

Floats = NDArray[np.float64]


def cautions_of(model: PlsModel, names: tuple[str, ...], values: ImportanceValues) -> list[str]:
    """Why the performance of each construct should not be read; empty where it may."""
    cautions = []
    for at, name in enumerate(names):
        items = model.items_of(name)
        places = [model.items.index(item) for item in items]
        negative = [
            item for item, weight in zip(items, values.weights[0, places, at], strict=True) if weight < 0
        ]
        listed = ", ".join(f"'{item}'" for item in negative)
        cautions.append(
            f"negative weight of {listed}: performance is no average of the items" if negative else ""
        )
    return cautions


def _bounds(values: Floats, drawn: Floats | None, level: float) -> tuple[Floats, Floats]:
    """Percentile intervals of numbers (t,) from their draws (B, t); NaN without draws."""
    if drawn is None:
        nothing = np.full(len(values), np.nan)
        return nothing, nothing
    columns = interval_columns(values, drawn, np.zeros(len(values)), "percentile", level)
    low, high = (np.asarray(columns[name], dtype=np.float64) for name in ("conf_low", "conf_high"))
    return low, high


def constructs_frame(
    model: PlsModel,
    names: tuple[str, ...],
    target: str,
    values: ImportanceValues,
    drawn: ImportanceValues | None,
    cautions: list[str],
    level: float,
) -> pd.DataFrame:
    """Frame ``constructs`` of an `ImportancePerformance`; ``drawn`` are the values of resamples."""
    frame = pd.DataFrame({"construct": list(names), "part_of": [whole_of(model, name) for name in names]})
    for name in ("importance", "performance"):
        found = getattr(values, name)[0]
        frame[name] = found
        low, high = _bounds(found, None if drawn is None else getattr(drawn, name), level)
        frame[f"{name}_low"], frame[f"{name}_high"] = low, high
        if name == "importance":
            frame["importance_standardised"] = values.standardised[0]
    frame["caution"] = cautions
    frame["undefined"] = [
        _reason(name, target, bool(np.isnan(performance)), bool(np.isnan(importance)), drawn is None)
        for name, performance, importance in zip(
            names, values.performance[0], values.importance[0], strict=True
        )
    ]
    return frame


def _reason(name: str, target: str, no_performance: bool, no_importance: bool, no_draws: bool) -> str:
    reasons = []
    if no_performance:
        reasons.append("its weights do not sum to a positive number")
    if name == target:
        reasons.append("the target itself has no importance")
    elif no_importance and not no_performance:
        reasons.append("the weights of the target or the whole do not sum to a positive number")
    if no_draws:
        reasons.append("no intervals without resamples")
    return "; ".join(reasons)


def items_frame(
    model: PlsModel,
    names: tuple[str, ...],
    target: str,
    values: ImportanceValues,
    drawn: ImportanceValues | None,
    level: float,
) -> pd.DataFrame:
    """Frame ``items`` of an `ImportancePerformance`; ``drawn`` are the values of resamples."""
    pairs = [
        (at, name, item, model.items.index(item))
        for at, name in enumerate(names)
        if not whole_of(model, name)
        for item in model.items_of(name)
    ]
    of, places = [at for at, *_ in pairs], [place for *_, place in pairs]
    frame = pd.DataFrame(
        {"construct": [name for _, name, *_ in pairs], "item": [item for *_, item, _ in pairs]}
    )

    def importance_of(some: ImportanceValues) -> Floats:
        return np.asarray(some.importance[:, of] * some.weights[:, places, of], dtype=np.float64)

    frame["weight"] = values.weights[0, places, of]
    importance, performance = importance_of(values)[0], values.item_performance[0, places]
    frame["importance"] = importance
    low, high = _bounds(importance, None if drawn is None else importance_of(drawn), level)
    frame["importance_low"], frame["importance_high"] = low, high
    frame["performance"] = performance
    low, high = _bounds(performance, None if drawn is None else drawn.item_performance[:, places], level)
    frame["performance_low"], frame["performance_high"] = low, high
    frame["caution"] = np.where(frame["weight"] < 0, "negative weight", "")
    frame["undefined"] = [
        _reason(name, target, False, bool(np.isnan(value)), drawn is None)
        for name, value in zip(frame["construct"], importance, strict=True)
    ]
    return frame
