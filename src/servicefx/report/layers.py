"""Boxes in layers: which layer, in what order, and where, so that arrows run down and cross little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

__all__ = ["Layering", "layered", "placed"]

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layering:
    """Slots in layers, top to bottom and left to right.

    Attributes
    ----------
    layers : tuple of tuple of int
        Slot numbers; those below the number of nodes are nodes, the others are where a long edge passes.
    chains : mapping of edge to tuple of int
        Edge that runs down -> the slots it visits, one a layer, both its ends included.
    rising : tuple of edge
        Edges that close a cycle (or join a node to itself) and must run against the others.
    """

    layers: tuple[tuple[int, ...], ...]
    chains: Mapping[Edge, tuple[int, ...]]
    rising: tuple[Edge, ...]


def layered(n_nodes: int, edges: Sequence[Edge], sweeps: int = 12) -> Layering:
    """Layers of a directed graph: generations, then neighbours brought near each other.

    A node without causes stands just above the first it acts on, not at the top. Edges that close a cycle
    are set apart, so that no graph is refused.

    Parameters
    ----------
    n_nodes : int
        Nodes are 0 .. n_nodes - 1.
    edges : sequence of (int, int)
        From and to, each once.
    sweeps : int
        Passes down and up of the barycentre rule; the order with the fewest crossings is kept.
    """
    rising = _rising(n_nodes, edges)
    falling = [edge for edge in edges if edge not in rising]
    depth = _depths(n_nodes, falling)
    layers: list[list[int]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for node in range(n_nodes):
        layers[depth[node]].append(node)
    chains: dict[Edge, tuple[int, ...]] = {}
    slots = n_nodes
    for start, end in falling:
        middle = tuple(range(slots, slots + depth[end] - depth[start] - 1))
        slots += len(middle)
        for position, slot in enumerate(middle, start=depth[start] + 1):
            layers[position].append(slot)
        chains[start, end] = (start, *middle, end)
    links = [pair for chain in chains.values() for pair in pairwise(chain)]
    return Layering(_untangled(layers, links, sweeps), chains, tuple(e for e in edges if e in rising))


def _rising(n_nodes: int, edges: Sequence[Edge]) -> set[Edge]:
    """Edges met on the way back to a node still being visited, depth first."""
    following: dict[int, list[int]] = {node: [] for node in range(n_nodes)}
    for start, end in edges:
        following[start].append(end)
    is_caused = {end for start, end in edges if start != end}
    state = [0] * n_nodes
    rising: set[Edge] = set()
    for root in sorted(range(n_nodes), key=lambda node: (node in is_caused, node)):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(following[root]))]
        while stack:
            node, rest = stack[-1]
            nearest = next(rest, None)
            if nearest is None:
                state[node] = 2
                stack.pop()
            elif state[nearest] == 1:
                rising.add((node, nearest))
            elif state[nearest] == 0:
                state[nearest] = 1
                stack.append((nearest, iter(following[nearest])))
    return rising


def _depths(n_nodes: int, edges: Sequence[Edge]) -> list[int]:
    """Generation of each node, nodes without causes pulled down to their effects."""
    causes: dict[int, set[int]] = {node: set() for node in range(n_nodes)}
    for start, end in edges:
        causes[end].add(start)
    sorter = TopologicalSorter(causes)
    sorter.prepare()
    depth = [0] * n_nodes
    generation = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        for node in ready:
            depth[node] = generation
        sorter.done(*ready)
        generation += 1
    for node in range(n_nodes):
        effects = [depth[end] for start, end in edges if start == node]
        if not causes[node] and effects:
            depth[node] = min(effects) - 1
    return depth


def _untangled(
    layers: Sequence[Sequence[int]], links: Sequence[Edge], sweeps: int
) -> tuple[tuple[int, ...], ...]:
    """Order within layers by the mean position of neighbours, the best of several passes."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for start, end in links:
        above.setdefault(end, []).append(start)
        below.setdefault(start, []).append(end)
    order = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in order], _crossings(order, links)
    for sweep in range(sweeps):
        down = sweep % 2 == 0
        indices = range(1, len(order)) if down else range(len(order) - 2, -1, -1)
        for index in indices:
            fixed = order[index - 1 if down else index + 1]
            seat = {slot: position / max(len(fixed) - 1, 1) for position, slot in enumerate(fixed)}
            near = above if down else below
            own = {
                slot: position / max(len(order[index]) - 1, 1) for position, slot in enumerate(order[index])
            }
            wish = {
                slot: _mean([seat[other] for other in near.get(slot, []) if other in seat], own[slot])
                for slot in order[index]
            }
            order[index].sort(key=lambda slot, wish=wish: wish[slot])  # type: ignore[misc]
        crossings = _crossings(order, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in order], crossings
    return tuple(tuple(layer) for layer in best)


def _crossings(order: Sequence[Sequence[int]], links: Sequence[Edge]) -> int:
    seat = {slot: (level, place) for level, layer in enumerate(order) for place, slot in enumerate(layer)}
    ends = [(seat[start][0], seat[start][1], seat[end][1]) for start, end in links]
    return sum(
        a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
        for position, a in enumerate(ends)
        for b in ends[position + 1 :]
    )


def placed(layering: Layering, widths: Mapping[int, float], gap: float, sweeps: int = 8) -> dict[int, float]:
    """Centre of every slot, near its neighbours and never closer than the gap.

    Parameters
    ----------
    layering : Layering
        Layers and chains.
    widths : mapping of int to float
        Of every slot, in pixels.
    gap : float
        Pixels kept free between neighbours.

    Returns
    -------
    dict of int to float
        Slot -> horizontal centre; the leftmost edge of all is at 0.
    """
    near: dict[int, list[int]] = {}
    for chain in layering.chains.values():
        for start, end in pairwise(chain):
            near.setdefault(start, []).append(end)
            near.setdefault(end, []).append(start)
    centre: dict[int, float] = {}
    for layer in layering.layers:
        centre.update(
            zip(layer, _apart([0.0] * len(layer), [widths[slot] for slot in layer], gap), strict=True)
        )
    for sweep in range(sweeps):
        for layer in layering.layers if sweep % 2 == 0 else reversed(layering.layers):
            wishes = [_mean([centre[other] for other in near.get(slot, [])], centre[slot]) for slot in layer]
            seats = _apart(wishes, [widths[slot] for slot in layer], gap)
            centre.update(zip(layer, seats, strict=True))
    left = min((centre[slot] - widths[slot] / 2 for slot in centre), default=0.0)
    return {slot: x - left for slot, x in centre.items()}


def _apart(wishes: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """Positions nearest the wishes (least squares) that keep order and distance: pooling of neighbours."""
    offsets, at = [], 0.0
    for position, width in enumerate(widths):
        at += 0.0 if position == 0 else (widths[position - 1] + width) / 2 + gap
        offsets.append(at)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        pools.append((wish - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (late, m), (early, n) = pools.pop(), pools.pop()
            pools.append(((late * m + early * n) / (m + n), m + n))
    free = [value for value, size in pools for _ in range(size)]
    return [value + offset for value, offset in zip(free, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
