"""What is wrong with the choices made for a fit of composites, each by itself."""

from __future__ import annotations

import math
from typing import TypeGuard

from servicefx.errors import Problem, closest
from servicefx.pls.composites import SCHEMES
from servicefx.pls.sample import MISSING
from servicefx.pls.solution import PlsChoices
from servicefx.pls.stages import SECOND_ORDER
from servicefx.sem.choices import whole_number

__all__ = ["choice_problems", "level_problems"]


def choice_problems(choices: PlsChoices, level: object) -> list[Problem]:
    """Every fault of the choices; empty where there is none."""
    problems = []
    known: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("scheme", choices.scheme, SCHEMES),
        ("missing", choices.missing, MISSING),
        ("second_order", choices.second_order, SECOND_ORDER),
    )
    for name, value, among in known:
        if value not in among:
            found = f"'{value}' is not known{closest(str(value), among)}"
            problems.append(Problem(name, found, f"Choose among {', '.join(among)}."))
    for name, chosen in (("consistent", choices.consistent), ("scaled", choices.scaled)):
        if not isinstance(chosen, bool):
            problems.append(Problem(name, f"{chosen!r} is neither True nor False", "Choose one of them."))
    problems += level_problems(level)
    tolerance: object = choices.tolerance
    if not _is_number(tolerance) or not 0 < tolerance < math.inf:
        problems.append(Problem("tolerance", f"{tolerance} is not above 0", "Choose e.g. 1e-10."))
    problems += whole_number("max_iterations", choices.max_iterations, 1, "Choose e.g. 1000.")
    return problems


def level_problems(level: object) -> list[Problem]:
    """What is wrong with a level of intervals; empty where nothing is."""
    if _is_number(level) and 0 < level < 1:
        return []
    return [Problem("level", f"{level} is not between 0 and 1", "Choose e.g. 0.95.")]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
