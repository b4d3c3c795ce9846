"""Numbers as a reader sees them, by role: true minus signs, few digits, thousands apart."""

from __future__ import annotations

import math

__all__ = [
    "MINUS",
    "NOTHING",
    "count",
    "decimals_for",
    "estimate",
    "interval",
    "is_missing",
    "money",
    "p_value",
    "share",
    "shown",
]

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where a number does not exist."""
_HARD = "\N{NO-BREAK SPACE}"
_INFINITY = "\N{INFINITY}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN, NA or an empty text."""
    if value is None or value == "":
        return True
    return isinstance(value, float) and math.isnan(value)


def decimals_for(*values: float) -> int:
    """Decimals that keep about three significant digits of the largest of some numbers.

    Examples
    --------
    >>> decimals_for(0.123), decimals_for(12.3, 9.8), decimals_for(123.4), decimals_for(12345.0)
    (3, 2, 1, 0)
    >>> decimals_for(0.00015, 0.00021)
    5
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if 0 < largest < 0.01:
        return min(1 - math.floor(math.log10(largest)), 12)
    for limit, decimals in ((10, 3), (100, 2), (1000, 1)):
        if largest < limit:
            return decimals
    return 0


def estimate(value: float, decimals: int | None = None) -> str:
    """An estimate, with about three significant digits.

    Parameters
    ----------
    value : float
        Any number; NaN gives a dash, an infinite one its sign.
    decimals : int, optional
        Decimals to show, where neighbours decide them.

    Examples
    --------
    >>> estimate(0.12345), estimate(-12.345), estimate(123456.7), estimate(0.000123), estimate(3e-9)
    ('0.123', '−12.35', '123,457', '0.00012', '3.0×10⁻⁹')
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return _INFINITY if value > 0 else MINUS + _INFINITY
    if decimals is None and 0 < abs(value) < 1e-6:
        mantissa, exponent = f"{value:.1e}".split("e")
        return _signed(f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}")
    return _signed(f"{value:,.{decimals_for(value) if decimals is None else decimals}f}")


def interval(low: float, high: float, role: str = "estimate", decimals: int | None = None) -> str:
    r"""Two ends in brackets, with the same decimals and no line break between.

    Examples
    --------
    >>> interval(0.1234, 0.3456), interval(0.6, 0.7, "share"), interval(-2.0, float("nan"))
    ('[0.123,\xa00.346]', '[60.0%,\xa070.0%]', '–')
    """
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    if role == "estimate" and decimals is None:
        decimals = decimals_for(low, high)
    return f"[{shown(low, role, decimals)},{_HARD}{shown(high, role, decimals)}]"


def share(value: float) -> str:
    """A share in per cent with one decimal.

    Examples
    --------
    >>> share(0.6543), share(-0.02)
    ('65.4%', '−2.0%')
    """
    if not math.isfinite(value):
        return estimate(value)
    return _signed(f"{value * 100:,.1f}") + "%"


def money(value: float) -> str:
    """An amount in whole units of its currency, with two decimals below a hundred.

    Examples
    --------
    >>> money(-1234567.8), money(12.5), money(0.0)
    ('−1,234,568', '12.50', '0')
    """
    if not math.isfinite(value):
        return estimate(value)
    return _signed(f"{value:,.2f}" if 0 < abs(value) < 100 else f"{value:,.0f}")


def count(value: float) -> str:
    """A count; one decimal where degrees of freedom are not whole.

    Examples
    --------
    >>> count(6000), count(38.25), count(float("inf"))
    ('6,000', '38.2', '∞')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return estimate(value)
    return _signed(f"{value:,.0f}" if value == int(value) else f"{value:,.1f}")


def p_value(value: float) -> str:
    r"""A p-value as journals print it.

    Examples
    --------
    >>> p_value(0.00001), p_value(0.0234), p_value(1.0)
    ('<\xa0.001', '.023', '>\xa0.999')
    """
    if math.isnan(value):
        return NOTHING
    if value < 0.001:
        return f"<{_HARD}.001"
    return f">{_HARD}.999" if value > 0.999 else f"{value:.3f}".removeprefix("0")


def shown(value: float, role: str, decimals: int | None = None) -> str:
    """A number by its role in the glossary.

    Parameters
    ----------
    value : float
        The number.
    role : str
        ``estimate``, ``count``, ``share``, ``p_value`` or ``money``.
    decimals : int, optional
        For estimates only.

    Raises
    ------
    KeyError
        If the role is none of these.
    """
    if role == "estimate":
        return estimate(value, decimals)
    return {"count": count, "share": share, "p_value": p_value, "money": money}[role](value)


def _signed(text: str) -> str:
    """True minus sign, and no minus before a zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if any(digit in text for digit in "123456789") else text[1:]
