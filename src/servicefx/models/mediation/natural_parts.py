"""Choices behind natural effects, and how means of an outcome become direct and indirect parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.models.mediation.nested_means import Levels, NestedMeans
from servicefx.models.mediation.outcome_models import OutcomeKind
from servicefx.models.mediation.rows import MediationRows

__all__ = ["Part", "has_binary_mediator", "levels_of", "outcome_kind_of", "parts_of", "places_held"]

Floats = NDArray[np.float64]
_KINDS = ("auto", "linear", "logit", "probit", "ordered")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Part:
    """A difference of means.

    Attributes
    ----------
    kind : str
    values : ndarray, shape (1 + draws, m)
        The sample's first; of ordered answers one column a threshold.
    via : tuple of str
    at : float
        Where the one mediator is held.
    """

    kind: str
    values: Floats
    via: tuple[str, ...] = ()
    at: float = float("nan")


def outcome_kind_of(
    rows: MediationRows, asked: Literal["auto", "linear", "logit", "probit", "ordered"]
) -> OutcomeKind:
    """How the outcome is modelled; refused where its values do not allow it."""
    if asked not in _KINDS:
        found = f"outcome_kind '{asked}' is not known{closest(asked, _KINDS)}"
        raise StudyError(Problem(rows.where, found, f"Choose among {', '.join(_KINDS)}."))
    known = np.unique(rows.frame[rows.outcome])
    if len(known) == 2 and asked in ("auto", "logit", "probit"):
        _zero_and_one(rows, rows.outcome, known)
        return "probit" if asked == "probit" else "logit"
    if asked in ("logit", "probit"):
        found = f"'{rows.outcome}' holds {len(known)} different values, expected 0 and 1"
        raise DataError(Problem(rows.where, found, "Choose outcome_kind='linear' or 'ordered'."))
    return "linear" if asked == "auto" else asked


def has_binary_mediator(rows: MediationRows) -> bool:
    """Whether the mediator holds 0 and 1; refused where it stands beside others."""
    binary = [name for name in rows.mediators if rows.frame[name].nunique() == 2]
    if binary and len(rows.mediators) > 1:
        found = f"mediator '{binary[0]}' holds two values only, which needs to stand alone"
        raise DataError(Problem(rows.where, found, "Ask about one mediator at a time."))
    if binary:
        _zero_and_one(rows, binary[0], np.unique(rows.frame[binary[0]]))
    return bool(binary)


def _zero_and_one(rows: MediationRows, name: str, known: Floats) -> None:
    if known.tolist() != [0.0, 1.0]:
        found = f"'{name}' holds {known[0]:g} and {known[1]:g}, expected 0 and 1"
        raise DataError(Problem(rows.where, found, "Recode it to 0 and 1."))


def levels_of(
    rows: MediationRows, change: float | tuple[float, float] | None, interaction: bool
) -> tuple[Levels, str]:
    """Between which levels of the source is compared, and the same in words."""
    name = rows.source
    known = np.unique(rows.frame[name])
    if change is None and len(known) == 2:
        change = (float(known[0]), float(known[1]))
    elif change is None and interaction:
        middle = float(rows.shares @ rows.frame[name])
        change = (middle, middle + 1.0)
    elif change is None:
        change = 1.0
    flat = np.atleast_1d(np.asarray(change, dtype=np.float64))
    if flat.size > 2 or not np.isfinite(flat).all() or (flat.size == 1 and flat[0] == 0):
        found = f"change {change!r}, expected a number other than 0, or a pair of numbers"
        raise StudyError(Problem(rows.where, found, "Choose e.g. change=1, or change=(4, 5)."))
    if flat.size == 1:
        if interaction:
            found = "one number for change beside an interaction, which differs from customer to customer"
            raise StudyError(Problem(rows.where, found, "Give the level before and after as a pair."))
        return Levels((0.0, float(flat[0])), own=True), f"{name} {flat[0]:+g} for everybody"
    return Levels((float(flat[0]), float(flat[1])), own=False), f"{name} from {flat[0]:.4g} to {flat[1]:.4g}"


def places_held(
    rows: MediationRows, mediators_at: Sequence[float] | None, binary: bool
) -> list[dict[str, float]]:
    """Where controlled direct effects hold the mediators."""
    if mediators_at is not None and not len(mediators_at):
        return []
    if mediators_at is not None:
        if len(mediators_at) != len(rows.mediators) or not np.isfinite(list(mediators_at)).all():
            found = f"values {list(mediators_at)} for {len(rows.mediators)} mediators"
            raise StudyError(Problem(rows.where, found, "Give one number a mediator."))
        return [dict(zip(rows.mediators, map(float, mediators_at), strict=True))]
    if binary:
        return [{rows.mediators[0]: 0.0}, {rows.mediators[0]: 1.0}]
    return [{name: float(rows.shares @ rows.frame[name]) for name in rows.mediators}]


def parts_of(
    means: NestedMeans, routes: Sequence[tuple[str, ...]], held: Sequence[Mapping[str, float]]
) -> list[Part]:
    """Direct and indirect parts that add up to the total, the other parting, and what is controlled."""
    none: dict[tuple[str, ...], int] = dict.fromkeys(routes, 0)
    whole = dict.fromkeys(routes, 1)
    before, moved = means.nested(0, none), means.nested(1, none)
    direct = moved - before
    parts = [Part(kind="pure natural direct", values=direct)]
    steps = []
    for route in routes:
        none[route] = 1
        reached = means.nested(1, none)
        steps.append(Part(kind="total natural indirect", values=reached - moved, via=route))
        moved = reached
    indirect = np.sum([step.values for step in steps], axis=0)
    parts += steps
    if len(steps) > 1:
        parts.append(Part(kind="total natural indirect", values=indirect))
    parts.append(Part(kind="total", values=direct + indirect))
    reverse = means.nested(0, whole)
    parts.append(Part(kind="total natural direct", values=moved - reverse))
    parts.append(Part(kind="pure natural indirect", values=reverse - before))
    for place in held:
        at = next(iter(place.values())) if len(place) == 1 else float("nan")
        values = means.controlled(1, place) - means.controlled(0, place)
        parts.append(Part(kind="controlled direct", values=values, at=at))
    return parts
