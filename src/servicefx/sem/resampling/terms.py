"""Which numbers a resampled fit is asked for, and how they follow from its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.reading.effects import ALL, routes
from servicefx.sem.resampling.target import inverses
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.sem_model import Parameter, SemModel
from servicefx.syntax.expression import Number

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["Questions", "Term", "questions_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_MOST_ROUTES = 100
"""Routes of one pair that are followed; beyond that only their sum is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One number of a fit.

    Attributes
    ----------
    group : str
        "" in a single group, and for defined parameters.
    lhs, op, rhs : str
        As in the model language; of an effect ``to ~ from``, of an explained share ``y r2 y``.
    quantity : str
        ``estimate``, ``std_all``, ``r2``, ``indirect`` or ``total``.
    via : str
        Mediators of an indirect effect in order; "all" for the sum of all routes.
    """

    group: str
    lhs: str
    op: str
    rhs: str
    quantity: str
    via: str = ""

    def __str__(self) -> str:
        """The term in a line."""
        line = f"{self.lhs} {self.op} {self.rhs}".rstrip()
        told = "" if self.quantity == "estimate" else f" ({self.quantity})"
        return (
            line
            + told
            + (f" via {self.via}" if self.via else "")
            + (f" [{self.group}]" if self.group else "")
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Effects:
    """Paths among the variables of one group: cells (target, source) filled by parameters; what is asked."""

    size: int
    target: Places
    source: Places
    parameter: Places
    pairs: tuple[tuple[int, int, str, tuple[int, ...]], ...]
    """(target, source, quantity, parameters along the route; empty for sums)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Questions:
    """The terms of a model, and their values for many sets of parameters at once.

    Attributes
    ----------
    terms : tuple of Term
        Free parameters, defined ones, standardised ones, explained shares, effects.
    model : SemModel
        With k parameters.
    estimated, shown : ndarray of int
        Parameters whose estimates and standardised values are asked for.
    explained : ndarray of int, shape (r, 2)
        (group, variable) whose explained share is asked for.
    above, below : ndarray of int, shapes (k,) and (k, 2)
        What a parameter is multiplied and divided by: v standard deviations, v of residuals, a 1.
    effects : tuple of _Effects
        One a group.
    """

    terms: tuple[Term, ...]
    model: SemModel
    estimated: Places
    shown: Places
    explained: Places
    above: Places
    below: Places
    effects: tuple[_Effects, ...]

    def answers(self, values: Floats, standardised: Floats, shares: Floats) -> Floats:
        """Values of all terms, shape (b, t).

        Parameters
        ----------
        values, standardised : ndarray, shape (b, k)
            Every parameter in the users' units and in standard deviations.
        shares : ndarray, shape (b, r)
            Explained shares.
        """
        parts = [
            values[:, self.estimated],
            self._defined(values),
            standardised[:, self.shown],
            self._defined(standardised),
            shares,
            *(_effect_values(effects, values) for effects in self.effects),
        ]
        return np.concatenate(parts, axis=1)

    def of_variances(self, values: Floats, variance: Floats, residual: Floats) -> Floats:
        """As `answers`, from implied variances and residual variances in the users' units, (b, G, v)."""
        draws, groups = variance.shape[:2]
        with np.errstate(all="ignore"):
            sd = np.sqrt(np.concatenate([variance, residual, np.ones((draws, groups, 1))], axis=2))
            share = 1.0 - residual / variance
            share[~((residual >= 0) & (variance > 0))] = np.nan
            standardised = np.empty_like(values)
            size = values.shape[1] // groups
            for g in range(groups):
                rows = slice(g * size, (g + 1) * size)
                of, below = sd[:, g], self.below[rows]
                standardised[:, rows] = (
                    values[:, rows] * of[:, self.above[rows]] / (of[:, below[:, 0]] * of[:, below[:, 1]])
                )
        return self.answers(values, standardised, share[:, self.explained[:, 0], self.explained[:, 1]])

    def of_fit(self, fit: SemFit) -> Floats:
        """As `answers`, from a finished fit of the same model, shape (t,)."""
        frame, k = fit.parameters, len(self.model.parameters)
        values = frame["estimate"].to_numpy(dtype=np.float64)[None, :k]
        standardised = frame["std_all"].to_numpy(dtype=np.float64)[None, :k]
        shares = fit.r2["estimate"].to_numpy(dtype=np.float64)[None]
        return np.asarray(self.answers(values, standardised, shares)[0], dtype=np.float64)

    def _defined(self, values: Floats) -> Floats:
        """Values of the ``:=`` lines, shape (b, d)."""
        known: dict[str, Number] = {}
        for at, parameter in enumerate(self.model.parameters):
            if parameter.label:
                known.setdefault(parameter.label, values[:, at])
        for definition in self.model.evaluation:
            known[definition.name] = definition.expression.value(known)
        columns = [np.broadcast_to(known[d.name], len(values)) for d in self.model.definitions]
        return np.array(columns, dtype=np.float64).reshape(len(columns), len(values)).T


def questions_of(model: SemModel, layout: Layout) -> Questions:
    """The terms of a model.

    Parameters
    ----------
    model : SemModel
        Complete.
    layout : Layout
        Its layout.

    Returns
    -------
    Questions
    """
    shown_group = ["" if len(model.groups) == 1 else group for group in model.groups]
    place = {name: at for at, name in enumerate(model.items)}
    place |= {name: layout.n_observed + at for at, name in enumerate(model.constructs)}
    estimated = [at for at, p in enumerate(model.parameters) if p.free]
    shown = [at for at, p in enumerate(model.parameters) if not p.sampled]

    def of_parameter(p: Parameter, quantity: str) -> Term:
        return Term(group=shown_group[p.group], lhs=p.lhs, op=p.op, rhs=p.rhs, quantity=quantity)

    def defined(quantity: str) -> list[Term]:
        return [
            Term(group="", lhs=d.name, op=":=", rhs=d.expression.text, quantity=quantity)
            for d in model.definitions
        ]

    explained = _explained(model)
    effects = [_effects_of(model, g, shown_group[g]) for g in range(len(model.groups))]
    terms = [
        *(of_parameter(model.parameters[at], "estimate") for at in estimated),
        *defined("estimate"),
        *(of_parameter(model.parameters[at], "std_all") for at in shown),
        *defined("std_all"),
        *(Term(group=shown_group[g], lhs=y, op="r2", rhs=y, quantity="r2") for g, y in explained),
        *(term for of_group, _ in effects for term in of_group),
    ]
    above, below = _standardisers(model, place, layout.n_variables)
    return Questions(
        terms=tuple(terms),
        model=model,
        estimated=np.array(estimated, dtype=np.intp),
        shown=np.array(shown, dtype=np.intp),
        explained=np.array([(g, place[y]) for g, y in explained], dtype=np.intp).reshape(-1, 2),
        above=above,
        below=below,
        effects=tuple(found for _, found in effects),
    )


def _explained(model: SemModel) -> list[tuple[int, str]]:
    """(group, variable) in the order of `SemFit.r2`."""
    found = []
    for g in range(len(model.groups)):
        reached = {p.rhs if p.op == "=~" else p.lhs for p in model.of_group(g) if p.op in ("=~", "~")}
        found += [(g, name) for name in model.names if name in reached]
    return found


def _standardisers(model: SemModel, place: Mapping[str, int], v: int) -> tuple[Places, Places]:
    """What each parameter is multiplied and divided by, among 2 v standard deviations and a 1."""
    one = 2 * v
    above = np.full(len(model.parameters), one, dtype=np.intp)
    below = np.full((len(model.parameters), 2), one, dtype=np.intp)
    for at, p in enumerate(model.parameters):
        left = place[p.lhs]
        if p.op == "=~":
            above[at], below[at, 0] = left, place[p.rhs]
        elif p.op == "~":
            above[at], below[at, 0] = place[p.rhs], left
        elif p.op == "~~" and p.lhs == p.rhs:
            below[at] = left
        elif p.op == "~~":
            below[at] = v + left, v + place[p.rhs]
        else:
            below[at, 0] = left
    return above, below


def _effects_of(model: SemModel, g: int, group: str) -> tuple[list[Term], _Effects]:
    """Indirect and total effects of one group: their terms, and how they are worked out."""
    steps: dict[tuple[str, str], int] = {}
    for at, p in enumerate(model.parameters):
        if p.group == g and p.op == "~":
            steps[p.rhs, p.lhs] = at
        elif p.group == g and p.op == "=~" and p.rhs in model.constructs:
            steps[p.lhs, p.rhs] = at
    names = [name for name in model.names if any(name in step for step in steps)]
    node = {name: i for i, name in enumerate(names)}
    targets: dict[str, list[str]] = {}
    for source, target in steps:
        targets.setdefault(source, []).append(target)
    terms: list[Term] = []
    pairs: list[tuple[int, int, str, tuple[int, ...]]] = []

    def ask(source: str, target: str, quantity: str, via: str, along: tuple[int, ...] = ()) -> None:
        terms.append(Term(group=group, lhs=target, op="~", rhs=source, quantity=quantity, via=via))
        pairs.append((node[target], node[source], quantity, along))

    for source in names:
        for target in names:
            found = (
                [] if source == target else list(islice(routes(source, target, targets), _MOST_ROUTES + 1))
            )
            indirect = [route for route in found if len(route) > 2]
            if indirect:
                ask(source, target, "indirect", ALL)
                for route in indirect if len(found) <= _MOST_ROUTES else []:
                    along = tuple(steps[step] for step in pairwise(route))
                    ask(source, target, "indirect", " → ".join(route[1:-1]), along)
            if found:
                ask(source, target, "total", "")
    return terms, _Effects(
        size=len(names),
        target=np.array([node[target] for _, target in steps], dtype=np.intp),
        source=np.array([node[source] for source, _ in steps], dtype=np.intp),
        parameter=np.array(list(steps.values()), dtype=np.intp),
        pairs=tuple(pairs),
    )


def _effect_values(effects: _Effects, values: Floats) -> Floats:
    """Indirect and total effects, shape (b, e)."""
    result = np.empty((len(values), len(effects.pairs)))
    if not effects.pairs:
        return result
    direct = np.zeros((len(values), effects.size, effects.size))
    direct[:, effects.target, effects.source] = values[:, effects.parameter]
    total = inverses(np.eye(effects.size) - direct)
    for at, (target, source, quantity, along) in enumerate(effects.pairs):
        if along:
            product = values[:, along[0]].copy()
            for parameter in along[1:]:
                product *= values[:, parameter]
            result[:, at] = product
        else:
            result[:, at] = total[:, target, source]
            if quantity == "indirect":
                result[:, at] -= direct[:, target, source]
    return result
