"""Effect: one answer with its joint draws, so that sums, products and ratios keep their uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["DESIGNS", "INDEPENDENT_FILES", "Design", "Effect"]

Design = Literal[
    "association", "adjusted", "within_unit", "instrument", "difference_in_differences", "randomised"
]
DESIGNS: tuple[Design, ...] = get_args(Design)
"""From the weakest claim to the strongest; the first two are worded "goes with"."""

INDEPENDENT_FILES = "estimates from different data files are independent of each other"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effect:
    """One answer, with everything a number needs to be one.

    Attributes
    ----------
    estimand : str
        What is asked, as a sentence: "change in satisfaction, points of 1-7, per point of responsiveness,
        other dimensions held".
    unit : str
        Unit of ``estimate`` and ``draws``: ``"points of 1-7"``, ``"CNY"``, ``"share"``.
    estimate : float
        The point estimate.
    draws : ndarray, shape (n_draws,)
        Draws of the estimate from its sampling distribution; row b of every effect with the same
        ``draw_source`` comes from the same resample. NaN where a resample had no answer.
    draw_source : tuple of str
        Which shared resample indices the draws stand on; sorted, at least one.
    design : str
        One of `DESIGNS`; what the comparison rests on.
    assumptions : tuple of str
        Under which the number means what the estimand says.
    undefined : str
        Why ``estimate`` is NaN; empty where it is not.

    Raises
    ------
    ValueError
        If the design is unknown, no source is declared, the draws are not one-dimensional, or the estimate
        is NaN without a reason. Infinite draws count as having no answer.
    """

    estimand: str
    unit: str
    estimate: float
    draws: NDArray[np.float64]
    draw_source: tuple[str, ...]
    design: Design = "association"
    assumptions: tuple[str, ...] = ()
    undefined: str = ""

    def __post_init__(self) -> None:
        draws = np.array(self.draws, dtype=np.float64)
        if draws.ndim != 1:
            raise ValueError(f"draws of '{self.estimand}' must have shape (n_draws,), not {draws.shape}")
        if self.design not in DESIGNS:
            raise ValueError(f"design '{self.design}' is not one of {', '.join(DESIGNS)}")
        if isinstance(self.draw_source, str) or not self.draw_source or not all(self.draw_source):
            raise ValueError(f"'{self.estimand}' does not say which resamples its draws stand on")
        if np.isnan(self.estimate) and not self.undefined:
            raise ValueError(f"'{self.estimand}' has no estimate and does not say why")
        draws[~np.isfinite(draws)] = np.nan
        draws.setflags(write=False)
        object.__setattr__(self, "draws", draws)
        object.__setattr__(self, "draw_source", tuple(sorted(set(self.draw_source))))

    @property
    def n_failed(self) -> int:
        """Draws without an answer."""
        return int(np.isnan(self.draws).sum())

    @property
    def std_error(self) -> float:
        """Standard deviation of the draws that have an answer; NaN below two."""
        known = self.draws[~np.isnan(self.draws)]
        return float(np.std(known, ddof=1)) if known.size > 1 else float("nan")

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of the draws.

        Parameters
        ----------
        level : float
            Strictly between 0 and 1.

        Returns
        -------
        tuple of float
            Low and high, in `unit`; both NaN where fewer than two draws have an answer.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie strictly between 0 and 1, not {level!r}")
        known = self.draws[~np.isnan(self.draws)]
        if known.size < 2:
            return float("nan"), float("nan")
        low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def renamed(self, estimand: str, unit: str | None = None) -> Effect:
        """The same numbers under another estimand (and unit)."""
        return replace(self, estimand=estimand, unit=self.unit if unit is None else unit)

    def __reduce__(self) -> tuple[Callable[[Mapping[str, Any]], Effect], tuple[dict[str, Any]]]:
        """Rebuild through the constructor, so that copies are checked and read-only too."""
        return _rebuilt, ({field.name: getattr(self, field.name) for field in fields(self)},)

    def __neg__(self) -> Effect:
        return self * -1.0

    def __add__(self, other: Effect | float) -> Effect:
        return self._combined(other, np.add, "+")

    def __sub__(self, other: Effect | float) -> Effect:
        return self._combined(other, np.subtract, "-")

    def __rsub__(self, other: float) -> Effect:
        return -self + other

    def __mul__(self, other: Effect | float) -> Effect:
        return self._combined(other, np.multiply, "×")

    def __truediv__(self, other: Effect | float) -> Effect:
        return self._combined(other, np.divide, "/")

    __radd__ = __add__
    __rmul__ = __mul__

    def _combined(self, other: Effect | float, operation: np.ufunc, sign: str) -> Effect:
        """Row by row, the weaker design and all assumptions kept."""
        if not isinstance(other, Effect):
            value = float(other)
            estimate, draws = _applied(operation, self.estimate, self.draws, value, value)
            why = self.undefined or (
                "" if np.isfinite(estimate) else f"{sign} {value:g} has no finite answer"
            )
            return replace(self, estimate=estimate, draws=draws, undefined=why)
        if len(self.draws) != len(other.draws):
            raise ValueError(
                f"cannot combine {len(self.draws)} draws of '{self.estimand}' with {len(other.draws)} of "
                f"'{other.estimand}': draw both with the same number of draws"
            )
        if sign in "+-" and self.unit != other.unit:
            raise ValueError(
                f"cannot combine '{self.unit}' of '{self.estimand}' with '{other.unit}' of "
                f"'{other.estimand}' by {sign}: bring both to one unit"
            )
        assumptions = [*self.assumptions, *(a for a in other.assumptions if a not in self.assumptions)]
        if set(self.draw_source) != set(other.draw_source) and INDEPENDENT_FILES not in assumptions:
            assumptions.append(INDEPENDENT_FILES)
        estimate, draws = _applied(operation, self.estimate, self.draws, other.estimate, other.draws)
        why = self.undefined or other.undefined
        return Effect(
            estimand=f"({self.estimand}) {sign} ({other.estimand})",
            unit=self.unit if sign in "+-" else f"{self.unit} {sign} {other.unit}",
            estimate=estimate,
            draws=draws,
            draw_source=self.draw_source + other.draw_source,
            design=min(self.design, other.design, key=DESIGNS.index),
            assumptions=tuple(assumptions),
            undefined=why or ("" if np.isfinite(estimate) else f"'{other.estimand}' is {other.estimate:g}"),
        )


def _applied(
    operation: np.ufunc,
    estimate: float,
    draws: NDArray[np.float64],
    other: float,
    other_draws: NDArray[np.float64] | float,
) -> tuple[float, NDArray[np.float64]]:
    """Estimate and draws of an operation, NaN where it has no finite answer."""
    with np.errstate(all="ignore"):
        result = float(operation(np.float64(estimate), np.float64(other)))
        rows = np.asarray(operation(draws, other_draws), dtype=np.float64)
    return result if np.isfinite(result) else float("nan"), np.where(np.isfinite(rows), rows, np.nan)


def _rebuilt(values: Mapping[str, Any]) -> Effect:
    return Effect(**values)
