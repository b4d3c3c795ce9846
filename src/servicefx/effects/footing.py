"""What a declared path has earned to be called: an effect, if the graph is right, or what goes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from servicefx.effects.graph import CausalGraph

__all__ = ["GROUNDS", "Evidence", "Footing", "Ground", "Tie", "footing_of", "tie_of"]

Tie = Literal["arrow", "indirect", "reverse", "none", "unmeasured", "absent"]
"""How a graph joins two nodes: by an arrow; by arrows through others; by arrows the other way; by none; one
of them without a measure; one of them not in it."""

Ground = Literal[
    "absent",
    "unmeasured",
    "reverse",
    "no_arrow",
    "indirect",
    "open_way",
    "not_estimated",
    "untested",
    "contradicted",
    "undecided",
    "turns",
    "error_unknown",
    "only_error",
    "blunt",
    "no_robustness",
    "none",
]
GROUNDS: tuple[Ground, ...] = get_args(Ground)
"""Why a path goes no further, weightiest first; ``"none"`` where it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one path.

    Attributes
    ----------
    tie : str
        How the graph joins its ends.
    closed : bool
        Whether some measured nodes, held, leave only an effect.
    n_judged, n_contradicted : int
        Independences about its ends that were judged; and those, about its ends or what the comparison rests
        on, that the data contradict at a size that counts.
    blunt : bool
        Whether the data could not have contradicted what the comparison rests on.
    error_known : bool
        Whether the item error of everything held is known.
    estimate, conf_low, conf_high : float
        With those nodes held, on scores; NaN where it could not be estimated.
    turns : bool
        Whether its slope changes sign within the data.
    freed_low, freed_high : float
        The same interval without item error.
    strength : float
        How strong an unmeasured cause would have to be (robustness value or E-value); NaN where unknown.
    """

    tie: Tie
    closed: bool = False
    n_judged: int = 0
    n_contradicted: int = 0
    blunt: bool = False
    error_known: bool = True
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    turns: bool = False
    freed_low: float = float("nan")
    freed_high: float = float("nan")
    strength: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """A rung and why it is no higher.

    Attributes
    ----------
    earned : str
        ``"effect"`` ("raises", if the graph is right) or ``"association"`` ("goes with").
    grounds : tuple of str
        Every reason that stands in the way, weightiest first; empty for an effect.
    """

    earned: Literal["effect", "association"]
    grounds: tuple[Ground, ...]

    @property
    def ground(self) -> Ground:
        """The weightiest reason, or ``"none"``."""
        return self.grounds[0] if self.grounds else "none"


def tie_of(graph: CausalGraph, cause: str, effect: str) -> Tie:
    """How a graph joins two names.

    Examples
    --------
    >>> from servicefx.effects.graph import declared_graph
    >>> graph = declared_graph([("x", "m"), ("m", "y")])
    >>> tie_of(graph, "x", "m"), tie_of(graph, "x", "y"), tie_of(graph, "y", "x"), tie_of(graph, "x", "z")
    ('arrow', 'indirect', 'reverse', 'absent')
    """
    if cause not in graph.parents or effect not in graph.parents:
        return "absent"
    if cause in graph.latent or effect in graph.latent:
        return "unmeasured"
    if cause in graph.parents[effect]:
        return "arrow"
    if cause in graph.ancestors([effect]):
        return "indirect"
    return "reverse" if effect in graph.ancestors([cause]) else "none"


def footing_of(evidence: Evidence) -> Footing:
    """What a path may be said to be.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Footing
        An effect only where the graph has the arrow, measured nodes close every other way, the data were
        asked about these nodes, could have contradicted the graph and contradict nothing at a size that
        counts, the interval keeps off zero on
        scores and without item error, the slope keeps its sign within the data, and it is known how strong
        an unmeasured cause would have to be.

    Examples
    --------
    >>> footing_of(Evidence(tie="none")).ground
    'no_arrow'
    """
    absent: dict[Tie, Ground] = {
        "absent": "absent",
        "unmeasured": "unmeasured",
        "reverse": "reverse",
        "none": "no_arrow",
        "indirect": "indirect",
    }
    grounds: list[Ground] = []
    if evidence.tie != "arrow":
        grounds.append(absent[evidence.tie])
        if evidence.tie != "indirect":
            return Footing(earned="association", grounds=tuple(grounds))
    checks: tuple[tuple[bool, Ground], ...] = (
        (evidence.closed, "open_way"),
        (bool(np.isfinite(evidence.estimate)), "not_estimated"),
        (evidence.n_judged > 0, "untested"),
        (evidence.n_contradicted == 0, "contradicted"),
        (_apart(evidence.conf_low, evidence.conf_high) != 0, "undecided"),
        (not evidence.turns, "turns"),
        (evidence.error_known, "error_unknown"),
        (
            not evidence.error_known
            or _apart(evidence.freed_low, evidence.freed_high) == np.sign(evidence.estimate),
            "only_error",
        ),
        (not evidence.blunt, "blunt"),
        (bool(np.isfinite(evidence.strength)), "no_robustness"),
    )
    grounds += [ground for holds, ground in checks if not holds]
    return Footing(earned="association" if grounds else "effect", grounds=tuple(grounds))


def _apart(low: float, high: float) -> int:
    """Side of zero an interval lies on; 0 where it holds zero or does not exist."""
    return 1 if low > 0 else -1 if high < 0 else 0
