"""The layouts of mediation by the number PROCESS gives them: which steps a moderator bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from servicefx.errors import Problem, StudyError

__all__ = ["LAYOUTS", "Layout", "equations_of", "layout_of", "product_name", "sequences_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout.

    Attributes
    ----------
    number : int
        As in PROCESS.
    mediated : bool
        Whether anything stands between source and outcome.
    serial : bool
        Mediators work one after the other; else side by side.
    first, second, direct : bool
        Whether the moderator bends the steps source → mediator, mediator → outcome, source → outcome.
    """

    number: int
    mediated: bool = True
    serial: bool = False
    first: bool = False
    second: bool = False
    direct: bool = False

    @property
    def moderated(self) -> bool:
        """Whether a moderator belongs to it."""
        return self.first or self.second or self.direct

    @property
    def has_index(self) -> bool:
        """Whether indirect effects change along a straight line over the moderator."""
        return self.first != self.second


LAYOUTS: dict[int, Layout] = {
    layout.number: layout
    for layout in (
        Layout(number=1, mediated=False, direct=True),
        Layout(number=4),
        Layout(number=6, serial=True),
        Layout(number=7, first=True),
        Layout(number=8, first=True, direct=True),
        Layout(number=14, second=True),
        Layout(number=15, second=True, direct=True),
        Layout(number=58, first=True, second=True),
        Layout(number=59, first=True, second=True, direct=True),
    )
}
"""Number -> layout (Hayes 2022, Introduction to Mediation, Moderation, and Conditional Process Analysis)."""


def layout_of(number: int, mediators: Sequence[str], moderator: str | None) -> Layout:
    """The layout of a number, refused where it does not fit what is named.

    Parameters
    ----------
    number : int
        One of `LAYOUTS`.
    mediators : sequence of str
    moderator : str or None

    Raises
    ------
    StudyError
        If the number is not known, or mediators or moderator are missing or too many for it.

    Examples
    --------
    >>> layout_of(7, ["satisfaction"], "tenure").first
    True
    """
    where = f"mediation, layout {number}"
    if number not in LAYOUTS:
        known = ", ".join(str(n) for n in LAYOUTS)
        raise StudyError(Problem("mediation", f"layout {number} is not known", f"Choose among {known}."))
    layout = LAYOUTS[number]
    needed = 2 if layout.serial else 1 if layout.mediated else 0
    if isinstance(mediators, str):
        found = f"mediators is the text '{mediators}', expected a list"
        raise StudyError(Problem(where, found, f"Write ['{mediators}']."))
    if len(mediators) < needed:
        found = f"{len(mediators)} mediators, at least {needed} expected"
        raise StudyError(Problem(where, found, "Name more, or choose another layout."))
    if mediators and not layout.mediated:
        found = "mediators, but this layout has none"
        raise StudyError(Problem(where, found, "Remove them, or choose layout 4."))
    if layout.moderated and moderator is None:
        raise StudyError(Problem(where, "no moderator is named, but this layout needs one", "Name it."))
    if moderator is not None and not layout.moderated:
        found = f"moderator '{moderator}', but this layout has none"
        raise StudyError(Problem(where, found, "Remove it, or choose one of 7, 8, 14, 15, 58, 59."))
    return layout


def product_name(left: str, right: str) -> str:
    """Name of the product of two terms."""
    return f"{left} × {right}"


def equations_of(
    layout: Layout,
    source: str,
    mediators: Sequence[str],
    outcome: str,
    moderator: str | None,
    covariates: Sequence[str],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Outcome and terms of every regression of a layout, mediators first.

    Parameters
    ----------
    layout : Layout
    source, outcome : str
    mediators, covariates : sequence of str
    moderator : str or None

    Returns
    -------
    tuple of (str, tuple of str)
        Covariates stand in every equation; products are named ``"a × b"``.

    Examples
    --------
    >>> for outcome, terms in equations_of(LAYOUTS[14], "x", ["m"], "y", "w", []):
    ...     print(outcome, "~", " + ".join(terms))
    m ~ x
    y ~ x + m + w + m × w
    """
    equations: list[tuple[str, tuple[str, ...]]] = []
    for place, mediator in enumerate(mediators):
        terms = [source, *(mediators[:place] if layout.serial else ())]
        if layout.first and moderator is not None:
            terms += [moderator, product_name(source, moderator)]
        equations.append((mediator, (*terms, *covariates)))
    terms = [source, *mediators]
    if (layout.second or layout.direct) and moderator is not None:
        terms.append(moderator)
        if layout.direct:
            terms.append(product_name(source, moderator))
        if layout.second:
            terms += [product_name(mediator, moderator) for mediator in mediators]
    return (*equations, (outcome, (*terms, *covariates)))


def sequences_of(layout: Layout, mediators: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Mediators of every indirect route, in order; short ones first.

    Examples
    --------
    >>> sequences_of(LAYOUTS[6], ["a", "b"])
    (('a',), ('b',), ('a', 'b'))
    """
    if not layout.serial:
        return tuple((mediator,) for mediator in mediators)
    return tuple(chosen for size in range(1, len(mediators) + 1) for chosen in combinations(mediators, size))
