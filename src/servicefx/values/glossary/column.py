"""Column: what a column of a public frame means, its unit and role."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Column", "Role"]

Role = Literal["label", "text", "estimate", "count", "share", "p_value", "money"]


class Column(NamedTuple):
    """One column of the glossary.

    Attributes
    ----------
    meaning : str
        In one plain line.
    unit : str
        Unit and range; ``"-"`` for text.
    role : str
        How the report shows it.
    """

    meaning: str
    unit: str
    role: Role
