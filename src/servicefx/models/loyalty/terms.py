"""Terms of a model for answers, products of two among them, and how each moves when one term does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest

__all__ = ["Terms", "checked_terms", "hidden_products"]

Floats = NDArray[np.float64]
_TIMES = " × "
_ROWS_LOOKED_AT = 500
_SPANNED = 1e-8
"""Share of a column's variance left over below which the others say all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Columns that explain an answer, and which of them also enter as products.

    Attributes
    ----------
    names : tuple of str, length p
        Columns of the data.
    interactions : tuple of pairs of str
        Products; a name with itself is its square.
    """

    names: tuple[str, ...]
    interactions: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the model's columns: terms, then products such as ``"loyalty × trust"``."""
        return (*self.names, *(_TIMES.join(pair) for pair in self.interactions))

    def design(self, values: Floats) -> Floats:
        """Columns of the model at given values, shape (n, p) to (n, k)."""
        products = [values[:, a] * values[:, b] for a, b in self._places()]
        return np.column_stack([values, *products]) if products else values

    def slope(self, term: str, values: Floats) -> Floats:
        """Derivative of every column in one term, shape (n, k)."""
        at = self.names.index(term)
        found = np.zeros((len(values), len(self.columns)))
        found[:, at] = 1.0
        for place, (a, b) in enumerate(self._places(), start=len(self.names)):
            found[:, place] += (a == at) * values[:, b] + (b == at) * values[:, a]
        return found

    def cross(self, first: str, second: str) -> Floats:
        """Second derivative of every column in two terms, shape (k,)."""
        one, two = self.names.index(first), self.names.index(second)
        found = np.zeros(len(self.columns))
        for place, (a, b) in enumerate(self._places(), start=len(self.names)):
            found[place] = (a == one) * (b == two) + (b == one) * (a == two)
        return found

    def _places(self) -> list[tuple[int, int]]:
        return [(self.names.index(a), self.names.index(b)) for a, b in self.interactions]


def checked_terms(where: str, names: Sequence[str], interactions: Sequence[tuple[str, str]]) -> Terms:
    """Terms and products, or a refusal of what does not fit together.

    Raises
    ------
    StudyError
        If no term is named, one stands twice, or a product names something that is not a term.
    """
    problems = []
    if not names:
        problems.append(Problem(where, "no term is named", "Name at least one term."))
    problems += [
        Problem(where, f"'{name}' is named twice", "Name each term once.")
        for name in dict.fromkeys(n for n in names if list(names).count(n) > 1)
    ]
    for pair in interactions:
        problems += [
            Problem(
                where,
                f"'{name}' of {_TIMES.join(pair)} is not among the terms{closest(name, names)}",
                "Add it to the terms: a product without its parts says nothing.",
            )
            for name in pair
            if name not in names
        ]
    ordered = [tuple(sorted(pair)) for pair in interactions]
    if len(set(ordered)) < len(ordered):
        problems.append(Problem(where, "an interaction is named twice", "Name each once."))
    if problems:
        raise StudyError(*problems)
    return Terms(names=tuple(names), interactions=tuple(interactions))


def hidden_products(names: Sequence[str], values: Floats) -> list[tuple[str, str, str]]:
    """Columns that are the product of two others, however those were centred.

    A product that hides behind a name of its own would be held still while its parts move, and every
    marginal effect would be wrong (Ai & Norton 2003).

    Parameters
    ----------
    names : sequence of str, length p
    values : ndarray, shape (n, p)

    Returns
    -------
    list of (product, first, second)
    """
    some = values[:: max(1, len(values) // _ROWS_LOOKED_AT)]
    spread = some.std(axis=0)
    z = (some - some.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found = []
    for a, b in combinations_with_replacement(range(len(names)), 2):
        others = [at for at in range(len(names)) if at not in (a, b) and spread[at] > 0]
        if not others or len(z) <= len(names) + 4:
            continue
        parts = np.column_stack([np.ones(len(z)), z[:, a], z[:, b]])
        without = _left_over(parts, z[:, others])
        given = _left_over(np.column_stack([parts, z[:, a] * z[:, b]]), z[:, others])
        found += [
            (names[at], names[a], names[b])
            for at, before, after in zip(others, without, given, strict=True)
            if before > _SPANNED >= after
        ]
    return found


def _left_over(columns: Floats, targets: Floats) -> Floats:
    """Mean square of each target beyond what the columns span."""
    rest = targets - columns @ np.linalg.lstsq(columns, targets, rcond=None)[0]
    return np.asarray((rest**2).mean(axis=0), dtype=np.float64)
