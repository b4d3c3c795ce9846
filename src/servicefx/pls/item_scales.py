"""ItemScale: the answers of each item that count as 0 and as 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.pls.answers import item_values
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.sample import sample_of

__all__ = ["ItemScale", "Scale", "item_scale"]

Floats = NDArray[np.float64]
Scale = tuple[float, float] | Mapping[str, tuple[float, float]]
_ROUNDING = 1e-9
"""Share of the span by which an answer may leave its scale."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemScale:
    """Ends of the items' scales.

    Attributes
    ----------
    low, high : ndarray, shape (p,)
        In the users' units.
    note : str
        Where they come from.
    """

    low: Floats
    high: Floats
    note: str

    @property
    def span(self) -> Floats:
        """Distance of the ends, shape (p,)."""
        return np.asarray(self.high - self.low, dtype=np.float64)

    def as_mapping(self, items: tuple[str, ...]) -> dict[str, tuple[float, float]]:
        """Item -> ends."""
        return {
            item: (float(low), float(high))
            for item, low, high in zip(items, self.low, self.high, strict=True)
        }


def item_scale(fit: PlsFit, data: pd.DataFrame | None, scale: Scale | None) -> ItemScale:
    """The scale of every item: as given, or as far as answers reach.

    Parameters
    ----------
    fit : PlsFit
    data : DataFrame, optional
        Rows, whose answers must lie on the scale; without them the means must.
    scale : (low, high) or mapping of str to (low, high), optional
        Of all items, or item by item.

    Raises
    ------
    StudyError
        If an item has no scale, or one whose ends are not in order.
    DataError
        If answers lie outside, or neither a scale nor rows are given.
    """
    items = fit.model.items
    lowest, highest = _reach(fit, data)
    if scale is None:
        if data is None:
            found = "neither a scale nor the rows whose range would stand for one"
            raise DataError(Problem("scale", found, "Give scale=(lowest, highest) of the answers."))
        note = "scale: observed range of each item; performance is relative to the best answer given"
        return ItemScale(low=lowest, high=highest, note=note)
    ends = _ends(items, scale)
    low, high = np.array([end[0] for end in ends]), np.array([end[1] for end in ends])
    slack = _ROUNDING * (high - low)
    outside = [
        Problem(
            f"item '{item}'",
            f"{f'a mean of {least:g}' if data is None else f'answers from {least:g} to {most:g}'}, "
            f"outside the scale {start:g} to {end:g}",
            "Correct the scale, or declare these answers missing.",
        )
        for item, least, most, start, end, bit in zip(items, lowest, highest, low, high, slack, strict=True)
        if least < start - bit or most > end + bit
    ]
    if outside:
        raise DataError(*outside)
    return ItemScale(low=low, high=high, note="scale: as given")


def _reach(fit: PlsFit, data: pd.DataFrame | None) -> tuple[Floats, Floats]:
    """Lowest and highest answer of the rows of the fit, or without rows the mean for both."""
    if data is None:
        return fit.base.item_means[0], fit.base.item_means[0]
    used = sample_of(fit.model, data, fit.choices.missing).used
    known = item_values(data, fit.model.items)[0][used]
    return np.nanmin(known, axis=0), np.nanmax(known, axis=0)


def _ends(items: tuple[str, ...], scale: Scale) -> list[tuple[float, float]]:
    problems = []
    if isinstance(scale, Mapping):
        known = [str(name) for name in scale]
        problems = [
            Problem(
                "scale",
                f"item '{item}' has none{closest(item, known)}",
                "Give its lowest and highest answer.",
            )
            for item in items
            if item not in scale
        ]
        if problems:
            raise StudyError(*problems)
        ends = [scale[item] for item in items]
    else:
        ends = [scale] * len(items)
    for item, pair in zip(items, ends, strict=True):
        if len(pair) != 2 or not np.isfinite(pair).all() or not pair[0] < pair[1]:
            found = f"{tuple(pair)} for item '{item}' is not a lowest and a highest answer"
            problems.append(Problem("scale", found, "Give e.g. (1, 7)."))
    if problems:
        raise StudyError(*problems)
    return [(float(low), float(high)) for low, high in ends]
