"""All smallest sets of nodes that separate two others in a causal graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from servicefx.effects.graph import CausalGraph
from servicefx.errors import Problem, StudyError

__all__ = ["minimal_separators"]

Neighbours = dict[str, set[str]]


def minimal_separators(
    graph: CausalGraph, left: str, right: str, allowed: Iterable[str], *, most: int = 500
) -> tuple[tuple[str, ...], ...]:
    """Every set of allowed nodes that d-separates two nodes and from which none can be left out.

    Parameters
    ----------
    graph : CausalGraph
    left, right : str
        Two different nodes.
    allowed : iterable of str
        Nodes that may be held.
    most : int
        More sets than this are refused.

    Returns
    -------
    tuple of tuple of str
        Shortest first, then by name; ``((),)`` where nothing need be held, ``()`` where nothing helps.

    Raises
    ------
    StudyError
        If there are more than ``most``.

    Notes
    -----
    They are the minimal vertex separators of the moral graph of both nodes' ancestors, in which nodes that
    may not be held are replaced by ties among their neighbours (van der Zander, Liśkiewicz & Textor 2014);
    listed from one to the next as Shen & Liang (1997) do.
    """
    ties = _moral(graph, graph.ancestors([left, right]))
    kept = set(allowed) & set(ties) - {left, right}
    for node in sorted(set(ties) - kept - {left, right}):
        around = ties.pop(node)
        for other in around:
            ties[other] |= around - {other}
            ties[other].discard(node)
    if right in ties[left]:
        return ()
    first = _boundary(ties, {left}, right)
    found, waiting = {first}, [first]
    while waiting:
        separator = waiting.pop()
        inner = _component(ties, left, separator)
        for node in sorted(separator - ties[right]):
            following = _boundary(ties, inner | {node}, right)
            if following not in found:
                if len(found) >= most:
                    place = f"graph: sets between '{left}' and '{right}'"
                    what = f"more than {most} smallest sets, which nobody reads"
                    raise StudyError(Problem(place, what, "Declare fewer arrows, or merge nodes."))
                found.add(following)
                waiting.append(following)
    return tuple(sorted((tuple(sorted(one)) for one in found), key=lambda one: (len(one), one)))


def _moral(graph: CausalGraph, nodes: set[str]) -> Neighbours:
    """Ties of every node to its parents and children, and among parents of one child."""
    ties: Neighbours = {node: set() for node in nodes}
    for node in nodes:
        family = (graph.parents[node] & nodes) | {node}
        for member in family:
            ties[member] |= family - {member}
    return ties


def _component(ties: Mapping[str, set[str]], start: str, removed: Iterable[str]) -> set[str]:
    """Nodes that can be reached without the removed ones."""
    found, waiting, out = set(), [start], set(removed)
    while waiting:
        node = waiting.pop()
        if node not in found and node not in out:
            found.add(node)
            waiting.extend(ties[node])
    return found


def _boundary(ties: Mapping[str, set[str]], inner: set[str], right: str) -> frozenset[str]:
    """Neighbours of the part around ``right`` that is left when the inner part and its neighbours go."""
    around = set().union(*(ties[node] for node in inner)) - inner
    outer = _component(ties, right, inner | around)
    return frozenset(set().union(*(ties[node] for node in outer)) - outer)
