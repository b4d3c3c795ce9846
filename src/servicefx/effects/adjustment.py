"""What to hold so that a regression answers a causal question of a declared graph, and what not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import pandas as pd

from servicefx.effects.graph import CausalGraph, d_separated, open_path
from servicefx.effects.separators import minimal_separators
from servicefx.errors import Problem, StudyError

__all__ = ["adjustment_sets", "control_roles", "instruments", "is_adjustment_set"]

_MOST_CANDIDATES = 14


def adjustment_sets(
    graph: CausalGraph,
    cause: str,
    effect: str,
    *,
    kind: Literal["minimal", "all", "full"] = "minimal",
) -> tuple[tuple[str, ...], ...]:
    """Sets of measured nodes that, held, leave only the total causal effect between two nodes.

    Parameters
    ----------
    graph : CausalGraph
    cause, effect : str
        Two different measured nodes.
    kind : {"minimal", "all", "full"}
        Sets from which nothing can be left out; every valid set (at most 14 nodes may be held); or the one
        of all causes of either that may be held.

    Returns
    -------
    tuple of tuple of str
        Shortest first; ``((),)`` where nothing need be held, ``()`` where no measured set will do.

    Raises
    ------
    StudyError
        If a name is unknown, latent, or both are one, or "all" would list too many.

    References
    ----------
    Shpitser, VanderWeele & Robins (2010), UAI (the adjustment criterion); Perković et al. (2018),
    J. Machine Learning Research 18, 1-62.

    Examples
    --------
    >>> from servicefx.effects.graph import declared_graph
    >>> graph = declared_graph([("age", "x"), ("age", "y"), ("x", "m"), ("m", "y")])
    >>> adjustment_sets(graph, "x", "y")
    (('age',),)
    """
    _check_ends(graph, cause, effect)
    back = _back_door(graph, cause, effect)
    allowed = set(graph.observed) - _forbidden(graph, cause, effect)
    if kind == "minimal":
        return minimal_separators(back, cause, effect, allowed)
    if kind == "full":
        full = tuple(sorted(allowed & graph.ancestors([cause, effect])))
        return (full,) if d_separated(back, cause, effect, full) else ()
    if kind != "all":
        raise ValueError(f"kind must be 'minimal', 'all' or 'full', not {kind!r}")
    if len(allowed) > _MOST_CANDIDATES:
        found = f"{len(allowed)} nodes may be held, which makes {2 ** len(allowed)} sets"
        remedy = "Ask for the minimal ones, or test one with is_adjustment_set."
        raise StudyError(Problem(f"graph: sets for '{cause}' on '{effect}'", found, remedy))
    return tuple(
        one
        for size in range(len(allowed) + 1)
        for one in combinations(sorted(allowed), size)
        if d_separated(back, cause, effect, one)
    )


def is_adjustment_set(graph: CausalGraph, cause: str, effect: str, given: Sequence[str]) -> bool:
    """Whether holding these nodes leaves only the total causal effect.

    Parameters
    ----------
    graph, cause, effect
        As `adjustment_sets`.
    given : sequence of str
        Nodes held.

    Raises
    ------
    StudyError
        As `adjustment_sets`.
    """
    _check_ends(graph, cause, effect)
    graph.check(given, f"graph: controls for '{cause}' on '{effect}'")
    if set(given) & (_forbidden(graph, cause, effect) | graph.latent):
        return False
    return d_separated(_back_door(graph, cause, effect), cause, effect, given)


def _check_ends(graph: CausalGraph, cause: str, effect: str) -> None:
    where = f"graph: '{cause}' on '{effect}'"
    graph.check([cause, effect], where)
    if cause == effect:
        raise StudyError(Problem(where, "cause and effect are one node", "Name two."))
    hidden = [name for name in (cause, effect) if name in graph.latent]
    if hidden:
        found = f"'{hidden[0]}' is latent, so no data can be held against it"
        raise StudyError(Problem(where, found, "Ask about nodes that were measured."))


def _back_door(graph: CausalGraph, cause: str, effect: str) -> CausalGraph:
    """The graph without the first arrows of the causal paths."""
    via = graph.on_causal_paths(cause, effect)
    return graph.without_arrows((cause, child) for child in graph.children[cause] & via)


def _forbidden(graph: CausalGraph, cause: str, effect: str) -> set[str]:
    """Nodes that must not be held: the two, and what lies on or comes after the causal paths."""
    return graph.descendants(graph.on_causal_paths(cause, effect)) | {cause, effect}


def control_roles(graph: CausalGraph, cause: str, effect: str, controls: Sequence[str]) -> pd.DataFrame:
    """What holding each control does to the answer; bad controls named with why.

    Parameters
    ----------
    graph, cause, effect
        As `adjustment_sets`.
    controls : sequence of str
        Measured nodes somebody holds, or thinks of holding, together.

    Returns
    -------
    DataFrame
        One row a control: ``term, role, judgement, via, why``. Roles: "mediator", "after a mediator", "after
        the effect", "opens a path" (fail); "instrument" (warn: it widens the interval and amplifies what
        confounding is left); "needed", "not needed" (pass). ``via`` is the path meant.

    Raises
    ------
    StudyError
        If a name is unknown, latent, or one of the two.

    References
    ----------
    Cinelli, Forney & Pearl (2024), A crash course in good and bad controls, Sociological Methods & Research
    53, 1071-1104.
    """
    _check_ends(graph, cause, effect)
    where = f"graph: controls for '{cause}' on '{effect}'"
    graph.check(controls, where)
    wrong = [name for name in controls if name in graph.latent or name in (cause, effect)]
    if wrong:
        found = f"'{wrong[0]}' is latent, or is what is asked about"
        raise StudyError(Problem(where, found, "Name measured controls."))
    bad = _forbidden(graph, cause, effect)
    held = [name for name in dict.fromkeys(controls) if name not in bad]
    rows = []
    for name in dict.fromkeys(controls):
        found_role = (
            _after(graph, cause, effect, name) if name in bad else _before(graph, cause, effect, name, held)
        )
        rows.append((name, *found_role))
    return pd.DataFrame(rows, columns=["term", "role", "judgement", "via", "why"])


def _after(graph: CausalGraph, cause: str, effect: str, name: str) -> tuple[str, str, str, str]:
    """A control that comes after the cause on the way to the effect, or after that."""
    via = graph.on_causal_paths(cause, effect)
    if name in via:
        path = " ".join([*_arrows(graph, cause, name), *_arrows(graph, name, effect)[1:]])
        why = f"part of the effect of '{cause}' runs through it, and holding it takes that part away"
        return "mediator", "fail", path, why
    if name in graph.descendants([effect]):
        path = " ".join(_arrows(graph, effect, name))
        why = f"it is an effect of '{effect}': holding it selects on the answer"
        return "after the effect", "fail", path, why
    between = next(node for node in sorted(via) if name in graph.descendants([node]))
    path = " ".join([*_arrows(graph, cause, between), *_arrows(graph, between, name)[1:]])
    why = f"it is an effect of '{between}', through which '{cause}' works"
    return "after a mediator", "fail", path, why


def _arrows(graph: CausalGraph, start: str, end: str) -> list[str]:
    """A shortest path of arrows, spelled out."""
    downward = {node for node in graph.descendants([start]) if end in graph.descendants([node])}
    layers = {start: [start]}
    queue = [start]
    for node in queue:
        for child in sorted(graph.children[node] & downward):
            if child not in layers:
                layers[child] = [*layers[node], "→", child]
                queue.append(child)
    return layers[end]


def _before(
    graph: CausalGraph, cause: str, effect: str, name: str, held: Sequence[str]
) -> tuple[str, str, str, str]:
    """A control that may be held: whether it helps, harms or idles."""
    back = _back_door(graph, cause, effect)
    rest = [other for other in held if other != name]
    closed = d_separated(back, cause, effect, rest)
    if closed and not d_separated(back, cause, effect, [*rest, name]):
        return _opening(back, cause, effect, name, rest)
    if not closed and d_separated(back, cause, effect, [*rest, name]):
        path = open_path(back, cause, effect, rest)
        why = f"it closes a way on which '{cause}' and '{effect}' move together without a cause"
        return "needed", "pass", " ".join(path), why
    if not closed:
        enough = adjustment_sets(graph, cause, effect)
        spoilt = [one for one in enough if _opens(back, cause, effect, name, one)]
        if enough and len(spoilt) == len(enough):
            return _opening(back, cause, effect, name, spoilt[0])
    if name in graph.ancestors([cause]) and d_separated(back, name, effect, rest):
        way = " ".join(_arrows(graph, name, cause))
        why = f"it moves '{effect}' through '{cause}' only: it widens the interval and amplifies other bias"
        return "instrument", "warn", way, why
    return "not needed", "pass", "", "the answer is the same without it"


def _opens(back: CausalGraph, cause: str, effect: str, name: str, given: Sequence[str]) -> bool:
    """Whether holding a node besides others that suffice spoils them."""
    return name not in given and not d_separated(back, cause, effect, [*given, name])


def _opening(
    back: CausalGraph, cause: str, effect: str, name: str, rest: Sequence[str]
) -> tuple[str, str, str, str]:
    path = open_path(back, cause, effect, [*rest, name])
    why = "it is, or follows, a common effect: holding it opens a way that was closed"
    if name not in back.descendants([cause]):
        why += " (M-bias, though it comes before the cause)"
    return "opens a path", "fail", " ".join(path), why


def instruments(graph: CausalGraph, cause: str, effect: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Measured nodes that can serve as instruments, each with what must be held.

    Parameters
    ----------
    graph, cause, effect
        As `adjustment_sets`.

    Returns
    -------
    tuple of (str, tuple of str)
        Node, and a smallest set of measured nodes, none of them after the cause, that cuts it from the
        effect but for the cause, while it stays tied to the cause.

    References
    ----------
    Brito & Pearl (2002), UAI (conditional instruments).
    """
    _check_ends(graph, cause, effect)
    cut = graph.without_arrows((cause, child) for child in graph.children[cause])
    allowed = set(graph.observed) - graph.descendants([cause]) - {effect}
    found = []
    for name in graph.observed:
        if name not in allowed:
            continue
        for held in minimal_separators(cut, name, effect, allowed - {name}):
            if not d_separated(graph, name, cause, held):
                found.append((name, held))
                break
    return tuple(found)
