"""Rows, values and numbers as the messages about data show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["number", "rows_shown", "values_shown"]

SHOWN = 5


def number(value: float) -> str:
    """A number without a needless fraction.

    Examples
    --------
    >>> number(8.0), number(8.25)
    ('8', '8.25')
    """
    return f"{value:.15g}"


def rows_shown(positions: Iterable[int]) -> str:
    """Positions (from 0) as the rows a person counts (from 1, header not counted); at most five.

    Examples
    --------
    >>> rows_shown([16])
    'row 17'
    >>> rows_shown(range(7))
    'rows 1, 2, 3, 4, 5 and 2 more'
    """
    rows = [position + 1 for position in positions]
    if len(rows) == 1:
        return f"row {rows[0]}"
    return "rows " + _joined([str(row) for row in rows])


def values_shown(values: Sequence[str], *, quote: bool = False) -> str:
    """Values in a sentence; at most five.

    Examples
    --------
    >>> values_shown(["8", "9"]), values_shown(["n/a"], quote=True)
    ('8 and 9', "'n/a'")
    """
    return _joined([f"'{value}'" if quote else value for value in values])


def _joined(texts: list[str]) -> str:
    if len(texts) > SHOWN:
        return f"{', '.join(texts[:SHOWN])} and {len(texts) - SHOWN} more"
    return ", ".join(texts[:-1]) + " and " + texts[-1] if len(texts) > 1 else texts[0]
