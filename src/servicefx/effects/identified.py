"""Which effect holding some nodes leaves, the total one or the direct one, and which way stays open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from servicefx.effects.adjustment import is_adjustment_set
from servicefx.effects.graph import CausalGraph, d_separated, declared_graph, open_path
from servicefx.effects.separators import minimal_separators

__all__ = [
    "Answered",
    "answered_effect",
    "count_adjustment_sets",
    "direct_sets",
    "open_back_door",
    "rests_on_no_tie",
]

Answered = Literal["total", "direct", "none"]


def answered_effect(graph: CausalGraph, cause: str, effect: str, given: Sequence[str]) -> Answered:
    """Which causal effect a comparison answers in which these nodes are held.

    Parameters
    ----------
    graph : CausalGraph
    cause, effect : str
        Two different measured nodes.
    given : sequence of str
        Nodes held.

    Returns
    -------
    {"total", "direct", "none"}
        All of the effect; that of the arrow alone; or neither.

    Raises
    ------
    StudyError
        As `servicefx.effects.adjustment.adjustment_sets`.

    Notes
    -----
    Total: the adjustment criterion. Direct: with the arrow taken out, what is held cuts cause from effect
    and nothing of it comes after the effect (single-door criterion); then, in a linear model, the
    coefficient is the arrow's, and in any model the comparison changes nothing but what the cause does by
    itself.

    References
    ----------
    Pearl (2009), Causality, theorem 5.3.1; Shpitser, VanderWeele & Robins (2010), UAI.

    Examples
    --------
    >>> from servicefx.effects.graph import declared_graph
    >>> graph = declared_graph([("x", "m"), ("m", "y"), ("x", "y")])
    >>> [answered_effect(graph, "x", "y", held) for held in ([], ["m"])]
    ['total', 'direct']
    """
    if is_adjustment_set(graph, cause, effect, given):
        return "total"
    if cause not in graph.parents[effect] or set(given) & (graph.descendants([effect]) | graph.latent):
        return "none"
    cut = graph.without_arrows([(cause, effect)])
    return "direct" if d_separated(cut, cause, effect, given) else "none"


def direct_sets(graph: CausalGraph, cause: str, effect: str) -> tuple[tuple[str, ...], ...]:
    """Smallest sets of measured nodes that leave the effect of the arrow alone.

    Parameters
    ----------
    graph, cause, effect
        As `answered_effect`.

    Returns
    -------
    tuple of tuple of str
        Shortest first; ``()`` where there is no such arrow, or no set will do.
    """
    if cause not in graph.parents[effect]:
        return ()
    cut = graph.without_arrows([(cause, effect)])
    return minimal_separators(cut, cause, effect, set(graph.observed) - graph.descendants([effect]))


def rests_on_no_tie(
    graph: CausalGraph,
    cause: str,
    effect: str,
    given: Sequence[str],
    answers: Answered,
    pair: tuple[str, str],
) -> bool:
    """Whether a comparison would answer the same effect if two nodes the graph keeps apart were tied.

    Parameters
    ----------
    graph, cause, effect, given
        As `answered_effect`.
    answers : {"total", "direct", "none"}
        What the comparison answers in the graph.
    pair : tuple of (str, str)
        Two nodes without an arrow between them.

    Returns
    -------
    bool
        Whether it does so beside an unmeasured cause of both, and beside an arrow either way where that makes
        no loop.

    Examples
    --------
    >>> from servicefx.effects.graph import declared_graph
    >>> graph = declared_graph([("z", "x"), ("x", "m"), ("m", "y"), ("x", "y"), ("y", "w")])
    >>> [rests_on_no_tie(graph, "x", "y", [], "total", ("z", other)) for other in ("m", "w")]
    [False, True]
    """
    left, right = pair
    arrows = [(above, node) for node, all_above in graph.parents.items() for above in all_above]
    unseen = f"{left} + {right}"
    drawn = [[(unseen, left), (unseen, right)]]
    drawn += [[(a, b)] for a, b in (pair, (right, left)) if a not in graph.descendants([b])]
    for added in drawn:
        hidden = {unseen} if len(added) == 2 else set()
        tied = declared_graph([*arrows, *added], latent=tuple(graph.latent | hidden), nodes=graph.nodes)
        if answered_effect(tied, cause, effect, given) != answers:
            return False
    return True


def open_back_door(graph: CausalGraph, cause: str, effect: str, given: Sequence[str]) -> tuple[str, ...]:
    """A shortest way other than cause to effect that stays open when some nodes are held.

    Parameters
    ----------
    graph, cause, effect, given
        As `answered_effect`.

    Returns
    -------
    tuple of str
        As `servicefx.effects.graph.open_path`; empty where none is open.
    """
    return open_path(_back(graph, cause, effect), cause, effect, given)


def _back(graph: CausalGraph, cause: str, effect: str) -> CausalGraph:
    """The graph without the first arrows of the causal paths."""
    via = graph.on_causal_paths(cause, effect)
    return graph.without_arrows((cause, child) for child in graph.children[cause] & via)


def count_adjustment_sets(graph: CausalGraph, cause: str, effect: str, *, most: int = 16) -> int | None:
    """How many sets of measured nodes leave the total effect, minimal or not.

    Parameters
    ----------
    graph, cause, effect
        As `answered_effect`.
    most : int
        Nodes that may be held beyond which nobody counts, at most 20.

    Returns
    -------
    int or None
        None where more than ``most`` nodes may be held.

    Notes
    -----
    Every subset is a place of an array; reachability (Koller & Friedman 2009, alg. 3.1) runs for all of them
    at once.
    """
    via = graph.on_causal_paths(cause, effect)
    barred = graph.descendants(via) | {cause, effect}
    allowed = sorted(set(graph.observed) - barred)
    if len(allowed) > min(most, 20):
        return None
    back = _back(graph, cause, effect)
    codes = np.arange(2 ** len(allowed))
    nothing = np.zeros(len(codes), dtype=bool)
    held = {name: (codes >> place) & 1 == 1 for place, name in enumerate(allowed)}
    opened = dict.fromkeys(back.nodes, nothing)
    for name in allowed:
        for above in back.ancestors([name]):
            opened[above] = opened[above] | held[name]
    reached: dict[tuple[str, bool], NDArray[np.bool_]] = {(cause, False): ~nothing}
    waiting = [(cause, False)]
    while waiting:
        state = waiting.pop()
        node, along = state
        at, kept = reached[state], held.get(node, nothing)
        passed = at & ~kept
        steps = [((child, True), passed) for child in back.children[node]]
        upward = at & opened[node] if along else passed
        steps += [((parent, False), upward) for parent in back.parents[node]]
        for step, arrived in steps:
            before = reached.get(step, nothing)
            if (arrived & ~before).any():
                reached[step] = before | arrived
                waiting.append(step)
    met = reached.get((effect, True), nothing) | reached.get((effect, False), nothing)
    return int((~met).sum())
