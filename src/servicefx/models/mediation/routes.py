"""Which effects a layout has, each as a function of path coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from servicefx.models.mediation.layouts import Layout, product_name, sequences_of
from servicefx.models.mediation.moments import Paths

__all__ = ["Asked", "Roles", "asked_effects", "asked_standardised"]

Floats = NDArray[np.float64]
Formula = Callable[[Paths], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Who plays which part in a layout.

    Attributes
    ----------
    layout : Layout
    source, outcome : str
    mediators : tuple of str
    moderator : str or None
    centre : float
        What was taken from the moderator before products were made.
    """

    layout: Layout
    source: str
    outcome: str
    mediators: tuple[str, ...]
    moderator: str | None = None
    centre: float = 0.0

    def first(self, mediator: str, at: float, paths: Paths) -> Floats:
        """Source → mediator at a moderator value."""
        return self._bent(self.source, mediator, self.layout.first, at, paths)

    def second(self, mediator: str, at: float, paths: Paths) -> Floats:
        """Mediator → outcome at a moderator value."""
        return self._bent(mediator, self.outcome, self.layout.second, at, paths)

    def direct(self, at: float, paths: Paths) -> Floats:
        """Source → outcome at a moderator value."""
        return self._bent(self.source, self.outcome, self.layout.direct, at, paths)

    def slope(self, term: str, outcome: str, paths: Paths) -> Floats:
        """What one unit of the moderator adds to a step."""
        return paths.step(product_name(term, str(self.moderator)), outcome)

    def _bent(self, term: str, outcome: str, moderated: bool, at: float, paths: Paths) -> Floats:
        step = paths.step(term, outcome)
        return step + self.slope(term, outcome, paths) * (at - self.centre) if moderated else step


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One effect to work out: its place in the table and its formula."""

    kind: str
    formula: Formula
    via: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    at: float = float("nan")
    less_at: float = float("nan")


def asked_effects(roles: Roles, values: Sequence[float]) -> tuple[Asked, ...]:
    """Effects of a layout in reading order.

    Parameters
    ----------
    roles : Roles
    values : sequence of float
        Moderator values; empty where nothing moderates.
    """
    return _conditional(roles, values) if roles.layout.moderated else _constant(roles)


def _constant(roles: Roles) -> tuple[Asked, ...]:
    """Direct, each indirect, their sum, total, contrasts of routes, and the share mediated."""
    routes = sequences_of(roles.layout, roles.mediators)
    along = {route: partial(_along, roles, route) for route in routes}
    direct: Formula = partial(_along, roles, ())

    def indirect(paths: Paths) -> Floats:
        return sum((step(paths) for step in along.values()), np.zeros(paths.size))

    def total(paths: Paths) -> Floats:
        return direct(paths) + indirect(paths)

    def proportion(paths: Paths) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(indirect(paths) / total(paths))

    answers = [Asked(kind="direct", formula=direct)]
    answers += [Asked(kind="indirect", via=route, formula=step) for route, step in along.items()]
    if len(routes) > 1:
        answers.append(Asked(kind="indirect", formula=indirect))
    answers.append(Asked(kind="total", formula=total))
    for left, right in combinations(routes, 2):
        answers.append(Asked(kind="contrast", via=left, less=right, formula=_less(along[left], along[right])))
    return (*answers, Asked(kind="proportion", formula=proportion))


def _along(roles: Roles, route: tuple[str, ...], paths: Paths) -> Floats:
    product = np.ones(paths.size)
    for left, right in pairwise((roles.source, *route, roles.outcome)):
        product = product * paths.step(left, right)
    return product


def _less(left: Formula, right: Formula) -> Formula:
    return lambda paths: left(paths) - right(paths)


def _conditional(roles: Roles, values: Sequence[float]) -> tuple[Asked, ...]:
    """Effects at moderator values, what the moderator adds to them, and contrasts between values."""
    layout, outcome = roles.layout, roles.outcome
    places: Sequence[float] = values if layout.direct else (float("nan"),)
    answers = [Asked(kind="direct", at=at, formula=partial(roles.direct, at)) for at in places]
    if layout.direct:
        answers.append(Asked(kind="change", formula=partial(roles.slope, roles.source, outcome)))
    for mediator in roles.mediators:
        route = (mediator,)
        at_value = {at: partial(_product, roles, mediator, at) for at in values}
        answers += [Asked(kind="indirect", via=route, at=at, formula=step) for at, step in at_value.items()]
        if layout.has_index:
            answers.append(Asked(kind="index", via=route, formula=partial(_index, roles, mediator)))
        for low, high in combinations(values, 2):
            answers.append(
                Asked(
                    kind="contrast",
                    via=route,
                    less=route,
                    at=high,
                    less_at=low,
                    formula=_less(at_value[high], at_value[low]),
                )
            )
    return tuple(answers)


def _product(roles: Roles, mediator: str, at: float, paths: Paths) -> Floats:
    return roles.first(mediator, at, paths) * roles.second(mediator, at, paths)


def _index(roles: Roles, mediator: str, paths: Paths) -> Floats:
    """Slope of the one moderated step, times the other (Hayes 2015)."""
    if roles.layout.first:
        return roles.slope(roles.source, mediator, paths) * paths.step(mediator, roles.outcome)
    return paths.step(roles.source, mediator) * roles.slope(mediator, roles.outcome, paths)


def asked_standardised(roles: Roles, two_values: bool) -> tuple[Asked, ...]:
    """Direct, indirect and total effects in standard deviations of the outcome, and of the source too.

    Parameters
    ----------
    roles : Roles
    two_values : bool
        Whether the source has two values only: its own standard deviation then says nothing, and the effect
        is of one unit.
    """

    def scaled(formula: Formula) -> Formula:
        def ratio(paths: Paths) -> Floats:
            wide = np.ones(paths.size) if two_values else paths.sd(roles.source)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(formula(paths) * wide / paths.sd(roles.outcome))

        return ratio

    wanted = ("direct", "indirect", "total")
    return tuple(
        Asked(kind=asked.kind, via=asked.via, formula=scaled(asked.formula))
        for asked in _constant(roles)
        if asked.kind in wanted
    )
