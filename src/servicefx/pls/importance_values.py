"""Importance and performance as numbers, for one sample or a batch of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.effects import total_effects
from servicefx.pls.item_scales import ItemScale
from servicefx.pls.model import PlsModel
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.scores import score_weights
from servicefx.pls.solution import Solution

__all__ = ["ImportanceValues", "acting_on", "importance_values", "whole_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImportanceValues:
    """Numbers of B samples: of constructs (B, k), of their items (B, p, k)."""

    importance: Floats
    standardised: Floats
    performance: Floats
    weights: Floats
    item_performance: Floats


def acting_on(fit: PlsFit, target: str) -> tuple[str, ...]:
    """Constructs that act on the target, parts below their whole, and the target."""
    model = fit.model
    acting = {source for to, source in total_effects(model, fit.solution.paths) if to == target}
    names: list[str] = []
    for name in model.constructs:
        if name in acting:
            names.append(name)
            if name in model.higher and fit.choices.second_order != "repeated":
                names += model.blocks[name]
    return (*names, target)


def whole_of(model: PlsModel, name: str) -> str:
    """The construct that a construct is part of; empty where there is none."""
    return next((whole for whole in model.higher if name in model.blocks[whole]), "")


def importance_values(
    model: PlsModel,
    names: tuple[str, ...],
    target: str,
    limits: ItemScale,
    base: BaseMoments,
    solution: Solution,
) -> ImportanceValues:
    """Everything, in every sample; NaN where the weights of a construct do not sum to a positive number."""
    p = len(base.items)
    weights = score_weights(base, solution, names)[0][:, :p] * (limits.span / 100.0)[:, None]
    total = weights.sum(axis=1)
    total = np.where(total > 0, total, np.nan)
    normed = weights / total[:, None, :]
    item_performance = 100.0 * (base.item_means - limits.low) / limits.span
    effects = total_effects(model, solution.paths)
    standardised = np.full(total.shape, np.nan)
    importance = np.full(total.shape, np.nan)
    for at, name in enumerate(names[:-1]):
        whole = whole_of(model, name)
        if not whole:
            standardised[:, at] = effects[target, name]
            importance[:, at] = effects[target, name] * total[:, at] / total[:, -1]
            continue
        above = names.index(whole)
        share = normed[:, base.places(model.items_of(name)), above].sum(axis=1)
        importance[:, at] = importance[:, above] * share
        standardised[:, at] = importance[:, at] * total[:, -1] / total[:, at]
    return ImportanceValues(
        importance=importance,
        standardised=standardised,
        performance=np.einsum("bp,bpk->bk", item_performance, normed),
        weights=normed,
        item_performance=item_performance,
    )
