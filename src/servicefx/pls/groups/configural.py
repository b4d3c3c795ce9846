"""Step 1 of MICOM: what can be checked to be alike in all groups, in sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.pls.groups.grouped import Grouped

__all__ = ["configural_statements"]

_MOST_ANSWERS = 11
_WIDER = 1.5
_BEYOND = 0.05
_CLEAR = 0.3


def configural_statements(asked: Grouped) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """What was checked, and what seems not alike.

    Parameters
    ----------
    asked : Grouped

    Returns
    -------
    statements : tuple of str
        The same items, paths, treatment of data, algorithm; then what only the reader can check.
    doubts : tuple of Problem
        Items that load with clearly opposite signs in two groups (one of them not turned?), and items of up
        to eleven answers whose range in one group is half as wide again as in another, with more than a few
        answers beyond it (other scales?).
    """
    fit = asked.fit
    n_items, n_constructs = len(fit.model.items), len(fit.model.constructs)
    choices = fit.choices
    items = "standardised" if choices.scaled else "in their own units"
    modes = ", ".join(f"{name} {fit.model.modes[name]}" for name in fit.model.constructs)
    gaps = {"listwise": "rows with a gap left out", "mean": "gaps filled by the group's own means"}
    statements = (
        f"the same {n_items} items of {n_constructs} constructs and {len(fit.model.paths)} paths in every "
        "group; every item varies in every group",
        f"the same treatment of data: items {items}, {gaps.get(choices.missing, 'moments by EM')}",
        f"the same algorithm: {choices.scheme} scheme, modes {modes}, signs by the sum of a construct's "
        f"loadings, tolerance {choices.tolerance:g}",
        "not checkable from data: that the items were worded, translated and asked alike",
    )
    return statements, (*_turned(asked), *_ranges(asked))


def _turned(asked: Grouped) -> list[Problem]:
    loadings = {label: _loadings(asked, label) for label in asked.labels}
    names = [(construct, item) for construct, item, *_ in asked.fit.blocks()]
    found = []
    for at, (construct, item) in enumerate(names):
        here = {label: float(loadings[label][at]) for label in asked.labels}
        low, high = min(here, key=lambda name: here[name]), max(here, key=lambda name: here[name])
        if here[low] < -_CLEAR and here[high] > _CLEAR:
            told = f"loads {here[low]:.2f} on '{construct}' in '{low}' and {here[high]:.2f} in '{high}'"
            remedy = "Check whether it, and the other items of the construct, were turned in every group."
            found.append(Problem(f"item '{item}'", told, remedy))
    return found


def _loadings(asked: Grouped, label: str) -> NDArray[np.float64]:
    """Loadings in one group, in the order of the fit's blocks."""
    solution = asked.solution_of(label)
    found = []
    for construct in asked.fit.model.constructs:
        run, j = solution.measuring(construct)
        found += [float(run.loadings[0, i, j]) for i in run.stage.design.blocks[j]]
    return np.array(found)


def _ranges(asked: Grouped) -> list[Problem]:
    sample, found = asked.sample, []
    for at, item in enumerate(sample.items):
        answers = sample.deviations[:, at] * sample.scale[at] + sample.centre[at]
        known = sample.used & sample.answered[:, at]
        if len(np.unique(np.round(answers[known], 9))) > _MOST_ANSWERS:
            continue
        ends = {}
        for place, label in enumerate(asked.labels):
            own = answers[known & (asked.code == place)]
            ends[label] = (float(own.min()), float(own.max()))
        wide = max(ends, key=lambda name: ends[name][1] - ends[name][0])
        narrow = min(ends, key=lambda name: ends[name][1] - ends[name][0])
        own = answers[known & (asked.code == asked.labels.index(wide))]
        beyond = np.mean((own < ends[narrow][0] - 1e-9) | (own > ends[narrow][1] + 1e-9))
        wider = np.ptp(ends[wide]) >= _WIDER * np.ptp(ends[narrow])
        if wider and beyond >= _BEYOND:
            told = (
                f"answers from {ends[wide][0]:g} to {ends[wide][1]:g} in '{wide}', from "
                f"{ends[narrow][0]:g} to {ends[narrow][1]:g} in '{narrow}'"
            )
            found.append(Problem(f"item '{item}'", told, "Check that all groups answered on one scale."))
    return found
