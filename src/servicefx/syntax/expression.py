"""Arithmetic over labels: its value and its exact gradient, for one set of values or for many draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "Expression", "Gradient", "Number", "Step"]

Number = float | NDArray[np.float64]
"""A number, or draws of it."""
Gradient = dict[str, Number]
"""Label -> derivative by it; a label that is absent has derivative zero."""

_Array = NDArray[np.float64]
FUNCTIONS: Mapping[str, Callable[[_Array], _Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a computation in postfix order.

    ``number`` and ``name`` put a value on the stack, ``negative`` and ``function`` change the last one,
    ``binary`` joins the last two by the sign in ``text``.
    """

    kind: Literal["number", "name", "negative", "function", "binary"]
    text: str
    number: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Arithmetic over labels, e.g. ``a * b + exp(-c)``.

    Attributes
    ----------
    text : str
        As written.
    steps : tuple of Step
        The computation in postfix order, so that no depth of nesting exhausts Python's stack.
    """

    text: str
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Labels and defined names it uses, in order of first mention."""
        return tuple(dict.fromkeys(step.text for step in self.steps if step.kind == "name"))

    def value(self, values: Mapping[str, Number]) -> Number:
        """What the expression comes to.

        Parameters
        ----------
        values : mapping of str to float or ndarray
            A value for every name of `names`; arrays (e.g. of draws) broadcast.

        Returns
        -------
        float or ndarray
            NaN or infinite where it is not defined, e.g. the logarithm of a negative number.

        Raises
        ------
        KeyError
            If a name has no value.
        """
        return _plain(self._forward(values, with_gradient=False)[0])

    def gradient(self, values: Mapping[str, Number]) -> Gradient:
        """Exact derivative by every name it uses (forward-mode differentiation).

        Parameters
        ----------
        values : mapping of str to float or ndarray
            As for `value`.

        Returns
        -------
        dict of str to float or ndarray
            One entry for each of `names`. The derivative of ``abs`` at zero is given as zero.
        """
        found = self._forward(values, with_gradient=True)[1]
        return {name: _plain(found.get(name, np.zeros(()))) for name in self.names}

    def _forward(
        self, values: Mapping[str, Number], *, with_gradient: bool
    ) -> tuple[_Array, dict[str, _Array]]:
        stack: list[tuple[_Array, dict[str, _Array]]] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                if step.kind == "number":
                    stack.append((np.asarray(step.number), {}))
                elif step.kind == "name":
                    slope = {step.text: np.asarray(1.0)} if with_gradient else {}
                    stack.append((np.asarray(values[step.text], dtype=np.float64), slope))
                elif step.kind == "binary":
                    right = stack.pop()
                    stack.append(_joined(step.text, stack.pop(), right))
                else:
                    stack.append(_changed(step, *stack.pop()))
        return stack.pop()


def _plain(value: _Array) -> Number:
    """A float where there are no draws."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=np.float64)


def _changed(step: Step, value: _Array, slopes: dict[str, _Array]) -> tuple[_Array, dict[str, _Array]]:
    """Minus a value, or a function of it."""
    if step.kind == "negative":
        return -value, {name: -slope for name, slope in slopes.items()}
    result = FUNCTIONS[step.text](value)
    if not slopes:
        return result, slopes
    if step.text == "exp":
        rate = result
    elif step.text == "log":
        rate = 1.0 / value
    elif step.text == "sqrt":
        rate = 0.5 / result
    else:
        rate = np.sign(value)
    return result, {name: rate * slope for name, slope in slopes.items()}


def _joined(
    sign: str, left: tuple[_Array, dict[str, _Array]], right: tuple[_Array, dict[str, _Array]]
) -> tuple[_Array, dict[str, _Array]]:
    """Two values joined by ``+ - * / ^``; the slopes of the left one are changed in place."""
    (u, du), (v, dv) = left, right
    if sign in "+-":
        total = u + v if sign == "+" else u - v
        for name, slope in dv.items():
            signed = slope if sign == "+" else -slope
            du[name] = du[name] + signed if name in du else signed
        return total, du
    if sign == "*":
        result, by_u, by_v = u * v, v, u
    elif sign == "/":
        result = u / v
        by_u, by_v = 1.0 / v, -result / v
    else:
        result = np.power(u, v)
        by_u = np.where(v == 0.0, 0.0, v * np.power(u, v - 1.0))
        by_v = np.where((u == 0.0) & (v > 0.0), 0.0, result * np.log(u))
    slopes = {name: by_u * slope for name, slope in du.items()}
    for name, slope in dv.items():
        slopes[name] = slopes[name] + by_v * slope if name in slopes else by_v * slope
    return result, slopes
