"""The causal graph a study declares, joined with the data file that measures its nodes."""

from __future__ import annotations

from dataclasses import dataclass

from servicefx.effects.graph import CausalGraph, declared_graph
from servicefx.errors import Problem, StudyError
from servicefx.study.question_references import arrow_ends
from servicefx.study.question_roles import question_home
from servicefx.study.study import Study

__all__ = ["BOTH", "StudyGraph", "spelled", "study_graph"]

BOTH = "\N{LEFT RIGHT ARROW}"
"""Stands between the names of two nodes in the name of their unmeasured common cause."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StudyGraph:
    """``[graph]`` of a study file as a graph.

    Attributes
    ----------
    graph : CausalGraph
        Nodes are construct ids, columns, and unmeasured causes; an arrow ``a <-> b`` is a latent node
        ``"a ↔ b"`` with an arrow to each.
    data : str
        Data file that measures the others.
    """

    graph: CausalGraph
    data: str


def study_graph(study: Study) -> StudyGraph | None:
    """The graph of a study.

    Parameters
    ----------
    study : Study

    Returns
    -------
    StudyGraph or None
        None where the study declares none.

    Raises
    ------
    StudyError
        If no single data file measures the graph's constructs, an arrow is none, or arrows form a loop.
    """
    table = study.spec.graph
    if table is None:
        return None
    arrows: list[tuple[str, str]] = []
    measured: dict[str, None] = {}
    latent = dict.fromkeys(table.unmeasured)
    for number, text in enumerate(table.arrows):
        ends = arrow_ends(text)
        if ends is None:
            found = f"'{text}' is no arrow, expected 'cause -> effect', or 'a <-> b' for a cause of both"
            raise StudyError(Problem(f"study.toml: graph.arrows[{number}]", found, "Write one arrow a text."))
        left, right, both = ends
        measured |= dict.fromkeys(name for name in (left, right) if name not in table.unmeasured)
        if both:
            shared = f"{left} {BOTH} {right}"
            latent[shared] = None
            arrows += [(shared, left), (shared, right)]
        else:
            arrows.append((left, right))
    data = question_home(study.spec, table.data, tuple(measured))
    if data is None:
        found = "no data file measures all of its constructs"
        remedy = 'Add data = "…" to [graph], or take the constructs of other files out of it.'
        raise StudyError(Problem("study.toml: graph", found, remedy))
    return StudyGraph(graph=declared_graph(arrows, latent=tuple(latent)), data=data)


def spelled(path: tuple[str, ...]) -> str:
    """A path between nodes as text, names quoted, so that a report can put labels in their place.

    Examples
    --------
    >>> spelled(("a", "←", "a ↔ b", "→", "b", "→", "c"))
    "'a' ↔ 'b' → 'c'"
    """
    pieces = list(path)
    for place in range(len(pieces) - 1, -1, -1):
        if f" {BOTH} " in pieces[place]:
            pieces[place - 1 : place + 2] = [BOTH]
    return " ".join(piece if piece in ("→", "←", BOTH) else f"'{piece}'" for piece in pieces)
