"""Partial invariance: the equality that fits worst is given up, one at a time, until the level holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from scipy.special import chdtrc

from servicefx.errors import Problem
from servicefx.measurement.invariance.equalities import ADDS, Equalities
from servicefx.measurement.invariance.ladder import Climb, Step, attempted, measures_of, step_of
from servicefx.sem.comparison import difference_of
from servicefx.sem.reading.releases import releases
from servicefx.sem.sem_fit import SemFit

__all__ = ["LEAST", "Released", "released_until_it_holds", "still_apart"]

_CHANCE = 0.05

LEAST = 2
"""Items of a construct that must stay equal for its groups to be comparable (Byrne et al. 1989)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Released:
    """How a level that failed was repaired.

    Attributes
    ----------
    step : Step
        The partial level.
    rows : tuple of mapping
        Of the frame of releases, in order.
    given_up : mapping of (str, int) to str
        Construct and group left with too few equal items -> why, at this level.
    problems : tuple of Problem
    """

    step: Step
    rows: tuple[Mapping[str, object], ...]
    given_up: Mapping[tuple[str, int], str]
    problems: tuple[Problem, ...]


def released_until_it_holds(climb: Climb, level: str, failed: Step, below: Step) -> Released:
    """Release the worst equality of a level, refit, and go on until the level is acceptable.

    Parameters
    ----------
    climb : Climb
    level : str
    failed : Step
        The level with everything equal that the level asks for.
    below : Step
        What the level is held against.

    Returns
    -------
    Released
        Stops where the level holds, a model is not found, or nothing that the level adds is equal any more.

    Notes
    -----
    At every step each item and group has a score test of its own equality; the largest a degree of freedom is
    released. A construct left with fewer than two equal items between two groups is no longer compared: its
    other equalities of the level go with it, and the release goes on with the other constructs.
    """
    kind = ADDS[level]
    now = failed
    rows: list[Mapping[str, object]] = []
    given_up: dict[tuple[str, int], str] = {}
    problems: list[Problem] = []
    count = 0
    while now.judgement == "fail" and now.fit is not None:
        worst = _worst(now.fit, now.equalities, kind)
        if worst is None:
            break
        count += 1
        looser, gone = _without(now.equalities, kind, worst.item, worst.group, given_up)
        fitted, reason = attempted(climb, looser)
        if fitted is None:
            found = f"no model was found after '{worst.item}' was released: {reason}"
            problems.append(Problem(f"level 'partial {level}'", found, "Compare fewer items or groups."))
            break
        rows += _rows(climb, level, count, worst, now, looser, fitted, gone)
        now = step_of(climb, f"partial {level}", looser, fitted, below)
    return Released(step=now, rows=tuple(rows), given_up=given_up, problems=tuple(problems))


def still_apart(step: Step, level: str) -> list[Problem]:
    """The equality that a level which holds fits worst, where its score test is too large for chance.

    The score test is divided by the scaling factor of the model's test and held against .05 over the number
    of equalities.
    """
    if step.fit is None or step.judgement not in ("pass", "warn"):
        return []
    kind = ADDS[level]
    found = _tested(step.fit, step.equalities, kind)
    if not found:
        return []
    worst = max(found, key=lambda one: one.index / one.df)
    index = worst.index / max(step.fit.solution.test.scaling_factor or 1.0, 1.0)
    if float(chdtrc(worst.df, index)) >= _CHANCE / len(found):
        return []
    size = "" if math.isnan(worst.change) else f", by about {worst.change:+.2g}"
    return [
        Problem(
            f"level '{step.level}'",
            f"holds, but the {_words(step.equalities, kind, worst.item)} of '{worst.item}' in group "
            f"'{step.equalities.groups[worst.group]}' still differs{size} (score test {worst.index:.1f})",
            "Compare its construct alone, or choose a stricter criterion.",
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worst:
    item: str
    group: int
    index: float
    df: int
    change: float


def _worst(fit: SemFit, equalities: Equalities, kind: str) -> _Worst | None:
    """The equality with the largest score test a degree of freedom."""
    return max(_tested(fit, equalities, kind), key=lambda one: one.index / one.df, default=None)


def _tested(fit: SemFit, equalities: Equalities, kind: str) -> list[_Worst]:
    """The score test of every equality of a kind; of two groups the later is released."""
    place = {(p.group, p.op, p.lhs, p.rhs): at for at, p in enumerate(fit.model.parameters)}
    candidates = []
    for item in equalities.owner:
        tied = equalities.tied(kind, item)
        candidates += [(item, g) for g in (tied[1:] if len(tied) == 2 else tied)]
    sets = [
        tuple(place[g, *parameter] for parameter in equalities.parameters_of(kind, item))
        for item, g in candidates
    ]
    return [
        _Worst(item=item, group=g, index=release.index, df=release.df, change=release.change)
        for (item, g), release in zip(candidates, releases(fit, sets), strict=True)
        if release.df
    ]


def _without(
    equalities: Equalities, kind: str, item: str, group: int, given_up: dict[tuple[str, int], str]
) -> tuple[Equalities, tuple[str, ...]]:
    """The equalities without one, and the construct's other items that go with it."""
    looser = equalities.less(kind, (item, group))
    construct = equalities.owner[item]
    if kind == "residual variance" or _comparable(looser, kind, construct, group):
        return looser, ()
    others = tuple(
        one for one in equalities.constructs[construct] if one != item and group in equalities.tied(kind, one)
    )
    label = equalities.groups[group]
    given_up[construct, group] = (
        f"fewer than {LEAST} items with equal {_plural(kind)} are left in group '{label}'"
    )
    return looser.less(kind, *((one, group) for one in others)), others


def _comparable(equalities: Equalities, kind: str, construct: str, group: int) -> bool:
    """Whether enough items are equal between the group and every other that is still tied."""
    joined = equalities.joined(kind, construct)
    pairs = [pair for pair in combinations(joined, 2) if group in pair]
    return bool(pairs) and all(len(equalities.in_common(kind, construct, *pair)) >= LEAST for pair in pairs)


def _plural(kind: str) -> str:
    return kind if kind.endswith("s") else f"{kind}s"


def _rows(
    climb: Climb,
    level: str,
    count: int,
    worst: _Worst,
    before: Step,
    looser: Equalities,
    fitted: SemFit,
    gone: tuple[str, ...],
) -> list[Mapping[str, object]]:
    """One row for the equality released, and one for each that went with it."""
    assert before.fit is not None
    difference = difference_of(before.fit, fitted)
    construct = looser.owner[worst.item]
    shared = {
        "level": level,
        "step": count,
        "construct": construct,
        "group": looser.groups[worst.group],
    }
    undefined = difference.problem
    if worst.df > 1:
        undefined = undefined or f"expected_change: {worst.df} values are released together"
    elif not math.isfinite(worst.change):
        undefined = undefined or "expected_change: several values are released together"
    first: dict[str, object] = {
        **shared,
        "item": worst.item,
        "parameter": _words(looser, ADDS[level], worst.item),
        "index": worst.index,
        "df": worst.df,
        "expected_change": worst.change,
        "chi2_diff": difference.chi2_diff,
        "df_diff": difference.df_diff,
        "p_value": difference.p_value,
        "cfi_before": before.row["cfi"],
        "cfi": measures_of(fitted, ordinal=climb.ordinal)["cfi"],
        "undefined": undefined,
    }
    why = f"goes with '{worst.item}': fewer than {LEAST} equal items of '{construct}' are left"
    empty = dict.fromkeys(("index", "df", "expected_change", "chi2_diff", "df_diff", "p_value"), math.nan)
    return [
        first,
        *(
            {
                **first,
                **empty,
                "item": item,
                "parameter": _words(looser, ADDS[level], item),
                "undefined": why,
            }
            for item in gone
        ),
    ]


def _words(equalities: Equalities, kind: str, item: str) -> str:
    return "threshold and loading" if equalities.categories.get(item) == 2 else kind
