"""Part: one question of the assessment, answered or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from servicefx.errors import Problem, ServicefxError
from servicefx.measurement.rules import RULE_COLUMNS

__all__ = ["Part", "answered", "joined", "joined_rules", "reason"]

_TOLD = 3
"""Problems of one refusal that are told; more are counted."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Part:
    """What one part of the assessment found.

    Attributes
    ----------
    frames : mapping of str to DataFrame
    rules : tuple of DataFrame
        Frames of judged numbers.
    undefined : mapping of str to str
    problems : tuple of Problem
    notes : mapping of str to tuple of str
        Topic -> what must be known.
    """

    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    rules: tuple[pd.DataFrame, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reason(refusal: ServicefxError) -> str:
    """What a refusal says, in one line; of many problems the first, and how many more there are."""
    told = [f"{problem.where}: {problem.found}. {problem.remedy}" for problem in refusal.problems]
    more = len(told) - _TOLD
    return "; ".join(told[:_TOLD]) + (f" ({more} more like this.)" if more > 0 else "")


def answered(name: str, build: Callable[[], Part]) -> Part:
    """A part; where it is refused, one that says why under its name."""
    try:
        return build()
    except ServicefxError as refusal:
        return Part(undefined={name: reason(refusal)})


def joined(name: str, parts: Sequence[Part]) -> Part:
    """Parts of one part as one; where nothing of it is answered, its reasons stand under its own name."""
    undefined = {subject: why for part in parts for subject, why in part.undefined.items()}
    if undefined and not any(part.frames for part in parts):
        undefined = {name: "; ".join(dict.fromkeys(undefined.values()))}
    return Part(
        frames={title: frame for part in parts for title, frame in part.frames.items()},
        rules=tuple(frame for part in parts for frame in part.rules),
        undefined=undefined,
        problems=tuple(problem for part in parts for problem in part.problems),
        notes={topic: told for part in parts for topic, told in part.notes.items()},
    )


def joined_rules(parts: Sequence[Part]) -> pd.DataFrame:
    """The judged numbers of all parts, one below the other."""
    frames = [frame[list(RULE_COLUMNS)] for part in parts for frame in part.rules if len(frame)]
    if not frames:
        return pd.DataFrame(columns=list(RULE_COLUMNS))
    rows = [row for frame in frames for row in frame.to_dict("records")]
    return pd.DataFrame(rows, columns=list(RULE_COLUMNS))
