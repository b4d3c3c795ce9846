"""What may be asked of a model for answers, as changes of a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest
from servicefx.models.loyalty.answers import AnswerFit

__all__ = ["Ask", "AskKind", "checked_ask", "standard_asks"]

AskKind = Literal["slope", "step", "move", "level", "interaction"]
_QUARTERS = (0.25, 0.75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question about chances, averaged over the customers of the sample.

    Attributes
    ----------
    kind : str
        ``"slope"``: derivative in a term (average marginal effect); ``"step"``: everybody's term rises by
        ``by``; ``"move"``: everybody's term goes from ``start`` to ``end``; ``"level"``: the chance itself
        with everybody's term at ``end``; ``"interaction"``: by how much the slope in ``term`` changes per
        unit of ``other`` (Ai & Norton 2003).
    term, other : str
        Columns; ``other`` only of an interaction.
    by, start, end : float
        In units of the term.
    """

    kind: AskKind
    term: str
    other: str = ""
    by: float = 1.0
    start: float = float("nan")
    end: float = float("nan")


def checked_ask(fit: AnswerFit, ask: Ask) -> None:
    """Refuse what the model cannot answer.

    Raises
    ------
    StudyError
        If a term is not in the model, is a product (which has no effect of its own), or a place is missing.
    """
    where = f"effects on '{fit.outcome}'"
    names = fit.terms.names
    problems = []
    for name in (ask.term, ask.other) if ask.kind == "interaction" else (ask.term,):
        if name in fit.terms.columns and name not in names:
            found = f"'{name}' is a product: it cannot move while its parts stay where they are"
            remedy = "Ask for an interaction of its two parts."
            problems.append(Problem(where, found, remedy))
        elif name not in names:
            known = ", ".join(names)
            found = f"no term '{name}' in the model (terms: {known}){closest(name, names)}"
            problems.append(Problem(where, found, "Name one of its terms."))
    places = {"step": (ask.by,), "move": (ask.start, ask.end), "level": (ask.end,)}.get(ask.kind, ())
    if not np.isfinite(places).all():
        found = f"the {ask.kind} of '{ask.term}' does not say between which values"
        problems.append(Problem(where, found, "Give finite numbers."))
    if problems:
        raise StudyError(*problems)


def standard_asks(fit: AnswerFit, moves: Mapping[str, tuple[float, float]] | None = None) -> tuple[Ask, ...]:
    """What a report asks of every term: slope, one point more, from the lower to the upper quartile.

    Parameters
    ----------
    fit : AnswerFit
    moves : mapping of str to (float, float), optional
        Further moves, such as satisfaction from "satisfied" to "highly satisfied".

    Returns
    -------
    tuple of Ask
        Of a 0/1 term only the move from 0 to 1; then the interactions.
    """
    asks: list[Ask] = []
    for place, term in enumerate(fit.terms.names):
        values = fit.values[:, place]
        if set(np.unique(values)) <= {0.0, 1.0}:
            asks.append(Ask(kind="move", term=term, start=0.0, end=1.0))
            continue
        low, high = _weighted_quantiles(values, fit.weights)
        asks += [Ask(kind="slope", term=term), Ask(kind="step", term=term)]
        if high > low:
            asks.append(Ask(kind="move", term=term, start=low, end=high))
        if moves and term in moves:
            asks.append(Ask(kind="move", term=term, start=moves[term][0], end=moves[term][1]))
    pairs = [pair for pair in fit.terms.interactions if pair[0] != pair[1]]
    return (*asks, *(Ask(kind="interaction", term=a, other=b) for a, b in pairs))


def _weighted_quantiles(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Lower and upper quartile of the customers (linear between neighbours, as numpy's default)."""
    order = np.argsort(values, kind="stable")
    everybody = np.repeat(values[order], weights[order].astype(int))
    low, high = np.quantile(everybody, _QUARTERS)
    return float(low), float(high)
