"""A declared causal graph: what it makes independent, what to hold, what not to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from servicefx.errors import Problem, StudyError, closest

__all__ = ["CausalGraph", "d_separated", "declared_graph", "open_path"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CausalGraph:
    """Nodes and arrows without a loop.

    Attributes
    ----------
    nodes : tuple of str
        In the order declared.
    latent : frozenset of str
        Nodes nobody measured.
    parents, children : mapping of str to frozenset of str
    """

    nodes: tuple[str, ...]
    latent: frozenset[str]
    parents: dict[str, frozenset[str]]
    children: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def observed(self) -> tuple[str, ...]:
        """Nodes that were measured."""
        return tuple(node for node in self.nodes if node not in self.latent)

    def ancestors(self, nodes: Iterable[str]) -> set[str]:
        """The nodes and all that point to them, at any distance."""
        return _reached(nodes, self.parents)

    def descendants(self, nodes: Iterable[str]) -> set[str]:
        """The nodes and all they point to, at any distance."""
        return _reached(nodes, self.children)

    def on_causal_paths(self, cause: str, effect: str) -> set[str]:
        """Nodes on arrows' paths from cause to effect, the effect among them, the cause not."""
        return (self.descendants([cause]) & self.ancestors([effect])) - {cause}

    def without_arrows(self, arrows: Iterable[tuple[str, str]]) -> CausalGraph:
        """The same graph less some arrows."""
        cut = set(arrows)
        kept = {
            node: frozenset(parent for parent in above if (parent, node) not in cut)
            for node, above in self.parents.items()
        }
        return _graph(self.nodes, self.latent, kept)

    def check(self, names: Iterable[str], where: str) -> None:
        """Refuse names the graph does not have.

        Raises
        ------
        StudyError
            Naming the nearest one it has.
        """
        strangers = [name for name in names if name not in self.parents]
        if strangers:
            raise StudyError(
                *(
                    Problem(where, f"'{name}' is not in the graph{closest(name, self.nodes)}", "Declare it.")
                    for name in strangers
                )
            )


def declared_graph(
    arrows: Sequence[tuple[str, str]], *, latent: Sequence[str] = (), nodes: Sequence[str] = ()
) -> CausalGraph:
    """A causal graph from its arrows.

    Parameters
    ----------
    arrows : sequence of (str, str)
        Cause and effect. A common cause nobody measured is a latent node with two arrows.
    latent : sequence of str
        Nodes without data.
    nodes : sequence of str
        Further nodes, without arrows.

    Returns
    -------
    CausalGraph

    Raises
    ------
    StudyError
        If an arrow is no pair or points to its own start, arrows form a loop, or a latent node has none.

    Examples
    --------
    >>> graph = declared_graph([("empathy", "satisfaction"), ("satisfaction", "loyalty")])
    >>> d_separated(graph, "empathy", "loyalty", ["satisfaction"])
    True
    """
    where = "graph"
    pairs = []
    for arrow in arrows:
        if (
            isinstance(arrow, str)
            or len(arrow) != 2
            or not all(isinstance(end, str) and end for end in arrow)
        ):
            raise StudyError(Problem(where, f"arrow {arrow!r}, expected two names", "Write (cause, effect)."))
        if arrow[0] == arrow[1]:
            raise StudyError(Problem(where, f"'{arrow[0]}' points to itself", "Remove this arrow."))
        pairs.append((arrow[0], arrow[1]))
    names = dict.fromkeys([*(end for pair in pairs for end in pair), *nodes])
    idle = [name for name in latent if name not in names]
    if idle:
        found = f"latent '{idle[0]}' has no arrow{closest(idle[0], names)}"
        raise StudyError(Problem(where, found, "Correct the name, or remove it."))
    parents: dict[str, set[str]] = {name: set() for name in names}
    for cause, effect in pairs:
        parents[effect].add(cause)
    graph = _graph(
        tuple(names), frozenset(latent), {name: frozenset(above) for name, above in parents.items()}
    )
    for cause, effect in pairs:
        if cause in graph.descendants([effect]):
            loop = _directed(graph, effect, cause)
            found = " → ".join(f"'{name}'" for name in [cause, *loop]) + " is a loop"
            raise StudyError(Problem(where, found, "Remove one of these arrows, or say which comes first."))
    return graph


def _graph(nodes: tuple[str, ...], latent: frozenset[str], parents: dict[str, frozenset[str]]) -> CausalGraph:
    children: dict[str, set[str]] = {name: set() for name in nodes}
    for node, above in parents.items():
        for parent in above:
            children[parent].add(node)
    return CausalGraph(
        nodes=nodes,
        latent=latent,
        parents=parents,
        children={name: frozenset(below) for name, below in children.items()},
    )


def _reached(nodes: Iterable[str], steps: dict[str, frozenset[str]]) -> set[str]:
    found, waiting = set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(steps[node])
    return found


def _directed(graph: CausalGraph, start: str, end: str) -> list[str]:
    """A shortest path of arrows."""
    before: dict[str, str] = {start: ""}
    queue = [start]
    for node in queue:
        if node == end:
            break
        for child in sorted(graph.children[node]):
            if child not in before:
                before[child] = node
                queue.append(child)
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def d_separated(graph: CausalGraph, left: str, right: str, given: Iterable[str] = ()) -> bool:
    """Whether the graph makes two nodes independent once others are held.

    Parameters
    ----------
    graph : CausalGraph
    left, right : str
        Two different nodes, neither among ``given``.
    given : iterable of str
        What is held.

    Raises
    ------
    StudyError
        If a name is not in the graph, or stands on both sides.

    References
    ----------
    Pearl (2009), Causality, def. 1.2.3; found by the reachability of Koller & Friedman (2009), alg. 3.1.
    """
    return not open_path(graph, left, right, given)


def open_path(graph: CausalGraph, left: str, right: str, given: Iterable[str] = ()) -> tuple[str, ...]:
    """A shortest path between two nodes that is open when others are held; empty where there is none.

    Parameters
    ----------
    graph, left, right, given
        As `d_separated`.

    Returns
    -------
    tuple of str
        Nodes with the arrows between them: ``("a", "←", "u", "→", "b")``.

    Notes
    -----
    A path is open if it passes every common effect only where it, or something it leads to, is held, and
    every other node only where that is not held.
    """
    held = set(given)
    graph.check([left, right, *held], "d-separation")
    if left == right or left in held or right in held:
        found = f"'{left}' and '{right}' must be two nodes that are not held"
        raise StudyError(Problem("d-separation", found, "Name different nodes."))
    opened = graph.ancestors(held)
    # a state is a node and whether it was entered along an arrow (from a parent)
    start = (left, False)
    before: dict[tuple[str, bool], tuple[str, bool] | None] = {start: None}
    queue = [start]
    for state in queue:
        node, along = state
        if node == right:
            return _spelled(before, state)
        steps: list[tuple[str, bool]] = []
        if node not in held:
            steps += [(child, True) for child in sorted(graph.children[node])]
        if (not along and node not in held) or (along and node in opened):
            steps += [(parent, False) for parent in sorted(graph.parents[node])]
        for step in steps:
            if step not in before:
                before[step] = state
                queue.append(step)
    return ()


def _spelled(
    before: dict[tuple[str, bool], tuple[str, bool] | None], state: tuple[str, bool]
) -> tuple[str, ...]:
    path = [state[0]]
    while (back := before[state]) is not None:
        path += ["→" if state[1] else "←", back[0]]
        state = back
    return tuple(path[::-1])
