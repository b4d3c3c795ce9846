"""Part: one question of the assessment, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from servicefx.errors import Problem
from servicefx.measurement.rules import RULE_COLUMNS

__all__ = ["Part", "joined_rules"]


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


def joined_rules(parts: list[Part]) -> pd.DataFrame:
    """The judged numbers of all parts, one below the other."""
    frames = [frame[list(RULE_COLUMNS)] for part in parts for frame in part.rules if len(frame)]
    if not frames:
        return pd.DataFrame(columns=list(RULE_COLUMNS))
    rows = [row for frame in frames for row in frame.to_dict("records")]
    return pd.DataFrame(rows, columns=list(RULE_COLUMNS))
