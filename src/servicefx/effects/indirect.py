"""Direct, indirect and total effects along the study's paths, with joint draws (H4, H6)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.models.chain import Chain
from servicefx.models.drivers import HELD, MEASURED
from servicefx.values.effect import Effect

__all__ = ["PathEffect", "effects_between", "mediator_sequences", "shift_along"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathEffect:
    """One effect of a source on an outcome.

    Attributes
    ----------
    source, outcome : str
        Construct ids.
    kind : str
        ``"direct"``, ``"indirect"`` (along one sequence, or all together) or ``"total"``.
    via : tuple of str
        Mediators in order; empty for direct, total and the sum of all indirect effects.
    effect : Effect
        In units of the outcome per unit of the source, as its ``unit`` says.
    """

    source: str
    outcome: str
    kind: str
    via: tuple[str, ...]
    effect: Effect


def mediator_sequences(chain: Chain, source: str, outcome: str) -> list[tuple[str, ...]]:
    """Every sequence of mediators that leads from a source to an outcome, shortest first.

    Parameters
    ----------
    chain : Chain
    source, outcome : str
        Construct ids.

    Returns
    -------
    list of tuple of str
        Without the direct path; a construct stands at most once in a sequence.
    """
    found: list[tuple[str, ...]] = []

    def walk(at: str, behind: tuple[str, ...]) -> None:
        fit = chain.fits.get(at)
        for term in () if fit is None else fit.estimates.terms:
            if term == source and behind:
                found.append(behind)
            elif term in chain.fits and term not in behind and term not in (source, outcome):
                walk(term, (term, *behind))

    walk(outcome, ())
    return sorted(found, key=lambda sequence: (len(sequence), sequence))


def effects_between(
    chain: Chain, source: str, outcome: str, unit: str = "points per point"
) -> list[PathEffect]:
    """Direct, each specific indirect, summed indirect and total effect of a source on an outcome.

    Parameters
    ----------
    chain : Chain
        Linear equations with joint draws.
    source, outcome : str
        Construct ids.
    unit : str
        Unit of the slopes: ``"points per point"``, ``"points per unit"`` where the source has no scale.

    Returns
    -------
    list of PathEffect
        ``total = direct + indirect`` holds for the estimate and for every draw.

    Notes
    -----
    Products of coefficients are the mediated effect only if every equation is linear without
    interactions and no unmeasured cause joins mediator and outcome.

    References
    ----------
    Alwin & Hauser (1975), Am. Sociol. Rev. 40, 37-47 (path decomposition).
    """
    sequences = mediator_sequences(chain, source, outcome)
    step = unit.rpartition(" per ")[2]

    def along(via: tuple[str, ...]) -> Effect:
        steps = (source, *via, outcome)
        parts = [chain.path(left, right) for left, right in itertools.pairwise(steps)]
        through = f" through {', then '.join(via)}" if via else ", directly"
        return Effect(
            estimand=f"change in {outcome} per {step} of {source}{through}",
            unit=unit,
            estimate=math.prod(part[0] for part in parts),
            draws=np.prod([part[1] for part in parts], axis=0),
            draw_source=(chain.draw_source,),
            design="adjusted",
            assumptions=(HELD, MEASURED, "every equation of the chain is linear"),
        )

    direct = along(())
    single = [
        PathEffect(source=source, outcome=outcome, kind="indirect", via=s, effect=along(s)) for s in sequences
    ]
    answers = [PathEffect(source=source, outcome=outcome, kind="direct", via=(), effect=direct), *single]
    total = direct
    if single:
        indirect = single[0].effect
        for further in single[1:]:
            indirect = indirect + further.effect
        indirect = indirect.renamed(f"change in {outcome} per {step} of {source}, all mediated paths")
        total = direct + indirect
        if len(single) > 1:
            answers.append(
                PathEffect(source=source, outcome=outcome, kind="indirect", via=(), effect=indirect)
            )
    total = total.renamed(f"change in {outcome} per {step} of {source}, all paths of the chain")
    return [*answers, PathEffect(source=source, outcome=outcome, kind="total", via=(), effect=total)]


def shift_along(
    chain: Chain, source: str, target: str, through: Sequence[str] = ()
) -> tuple[float, NDArray[np.float64]] | None:
    """Points a target rises per point of a source, over every route that passes given constructs.

    Parameters
    ----------
    chain : Chain
    source, target : str
        Construct ids; the target may be the source itself.
    through : sequence of str
        Constructs each counted route passes in this order (the target may be the last); empty counts all.

    Returns
    -------
    tuple of float and ndarray of shape (n_draws,), or None
        None where no route passes them.
    """
    n_draws = len(next(iter(chain.draws.values())))
    if source == target:
        return None if through else (1.0, np.ones(n_draws))
    routes = [(), *mediator_sequences(chain, source, target)]
    fit = chain.fits.get(target)
    if fit is None or source not in fit.estimates.terms:
        routes = routes[1:]
    estimate, draws, counted = 0.0, np.zeros(n_draws), 0
    for via in routes:
        steps = (source, *via, target)
        if not _in_order(through, steps[1:]):
            continue
        parts = [chain.path(left, right) for left, right in itertools.pairwise(steps)]
        estimate += math.prod(part[0] for part in parts)
        draws = draws + np.prod([part[1] for part in parts], axis=0)
        counted += 1
    return (estimate, draws) if counted else None


def _in_order(wanted: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether all wanted names stand in the steps, in this order."""
    rest = iter(steps)
    return all(name in rest for name in wanted)
