"""What a bootstrap draws: named terms of a fit, and their values in a batch of solutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.criteria.effect_sizes import effect_size_terms, effect_size_values
from servicefx.pls.criteria.heterotrait import heterotrait_terms, heterotrait_values
from servicefx.pls.criteria.reliability import reliability_terms, reliability_values
from servicefx.pls.effects import effect_terms, effect_values
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.terms import PlsTerm

__all__ = ["QUANTITIES", "Quantity", "reasons_of", "terms_of", "values_of"]

Floats = NDArray[np.float64]
Quantity = Literal["paths", "weights", "loadings", "r2", "effects", "reliability", "htmt", "effect_sizes"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


def _path_terms(fit: PlsFit) -> list[PlsTerm]:
    return [PlsTerm(lhs=lhs, op="~", rhs=rhs, quantity="path") for lhs, rhs in fit.model.paths]


def _path_values(fit: PlsFit, solution: Solution) -> Floats:  # noqa: ARG001
    return solution.paths


def _weight_terms(fit: PlsFit) -> list[PlsTerm]:
    return [PlsTerm(lhs=name, op="<~", rhs=item, quantity="weight") for name, item, *_ in fit.blocks()]


def _weight_values(fit: PlsFit, solution: Solution) -> Floats:
    return _by_item(fit, solution, "weights")


def _loading_terms(fit: PlsFit) -> list[PlsTerm]:
    return [PlsTerm(lhs=name, op="=~", rhs=item, quantity="loading") for name, item, *_ in fit.blocks()]


def _loading_values(fit: PlsFit, solution: Solution) -> Floats:
    return _by_item(fit, solution, "loadings")


def _by_item(fit: PlsFit, solution: Solution, name: Literal["weights", "loadings"]) -> Floats:
    """Weights or loadings of every construct's items, shape (B, number of them)."""
    runs = {construct: solution.measuring(construct)[0] for construct in fit.model.constructs}
    columns = [getattr(runs[construct], name)[:, i, j] for construct, _, _, i, j in fit.blocks()]
    return np.stack(columns, axis=1)


def _r2_terms(fit: PlsFit) -> list[PlsTerm]:
    return [PlsTerm(lhs=outcome, op="r2", rhs="", quantity="r2") for outcome in fit.model.outcomes]


def _r2_values(fit: PlsFit, solution: Solution) -> Floats:  # noqa: ARG001
    return solution.r2


_TERMS: dict[Quantity, Callable[[PlsFit], list[PlsTerm]]] = {
    "paths": _path_terms,
    "weights": _weight_terms,
    "loadings": _loading_terms,
    "r2": _r2_terms,
    "effects": effect_terms,
    "reliability": reliability_terms,
    "htmt": heterotrait_terms,
    "effect_sizes": effect_size_terms,
}
_VALUES: dict[Quantity, Callable[[PlsFit, Solution], Floats]] = {
    "paths": _path_values,
    "weights": _weight_values,
    "loadings": _loading_values,
    "r2": _r2_values,
    "effects": effect_values,
    "reliability": reliability_values,
    "htmt": heterotrait_values,
    "effect_sizes": effect_size_values,
}


def terms_of(fit: PlsFit, quantities: tuple[Quantity, ...] = QUANTITIES) -> tuple[PlsTerm, ...]:
    """The terms of a fit, quantity after quantity."""
    return tuple(term for quantity in quantities for term in _TERMS[quantity](fit))


def values_of(fit: PlsFit, solution: Solution, quantities: tuple[Quantity, ...] = QUANTITIES) -> Floats:
    """Values of `terms_of` in every sample of a solution, shape (B, t); NaN where one does not exist."""
    return np.concatenate([_VALUES[quantity](fit, solution) for quantity in quantities], axis=1)


def reasons_of(fit: PlsFit, quantities: tuple[Quantity, ...] = QUANTITIES) -> dict[PlsTerm, str]:
    """Why terms do not exist, of those among `terms_of` that do not: one item, a composed construct."""
    frames: dict[Quantity, pd.DataFrame] = {}
    if "reliability" in quantities:
        frames["reliability"] = fit.reliability
    if "htmt" in quantities:
        frames["htmt"] = fit.htmt
    found: dict[PlsTerm, str] = {}
    for quantity, frame in frames.items():
        reasons = [str(why) for why in frame["undefined"]]
        terms = _TERMS[quantity](fit)
        each = len(terms) // max(1, len(reasons))
        found |= {term: reasons[at // each] for at, term in enumerate(terms) if reasons[at // each]}
    return found
