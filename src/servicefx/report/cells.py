"""One value of a table as text: by the role of its column, the unit of its row and what it measures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from servicefx.report import numerals
from servicefx.report.words import Labels, coded, translated, wording
from servicefx.values.glossary import GLOSSARY

__all__ = ["MERGED", "Row", "cell_text", "in_words", "is_number", "pair_text"]

Row = Mapping[str, object]

MERGED = {
    "conf_low": ("conf_high", "conf"),
    "alpha_low": ("alpha_high", "alpha"),
    "freed_low": ("freed_high", "freed"),
    "bca_low": ("bca_high", "bca"),
    "rho_low": ("rho_high", "rho"),
    "amount_low": ("amount_high", "amount"),
    "delta_low": ("delta_high", "delta"),
    "target_low": ("target_high", "target"),
    "low": ("high", "range"),
    "bin_low": ("bin_high", "bin"),
    "share_low": ("share_high", "of_share"),
    "rank_low": ("rank_high", "ranks"),
    "cut_low": ("cut_high", "middle"),
    "per_point_low": ("per_point_high", "per_point"),
    "importance_low": ("importance_high", "importance"),
    "performance_low": ("performance_high", "performance"),
    "priority_low": ("priority_high", "priority"),
}
"""First column of a pair -> the second, and the key of their common heading."""

_TWO_DECIMALS = frozenset({"statistic", "mean", "sd"})
_MEASURE_ROLES = {
    "p_value": "p_value", "p_value_scaled": "p_value", "rmsea_close": "p_value", "df": "count",
    "df_baseline": "count", "n": "count", "n_obs": "count", "n_free": "count", "top_two_box": "share",
}  # fmt: skip
_AS_WRITTEN = frozenset({"data", "item", "wave"})
"""Names of the reader's own files, which a construct's id may happen to be too."""
_BETWEEN = (", ", ": ")
"""What stands between names: of a judged number's subject, of a setting's constructs."""
_ARROW = " \N{RIGHTWARDS ARROW} "
_WAYS = (" \N{RIGHTWARDS ARROW} ", " \N{LEFTWARDS ARROW} ", " \N{LEFT RIGHT ARROW} ")
"""What stands between the nodes of a way through a graph."""
_WAY = f"({'|'.join(_WAYS)})"


def is_number(column: str) -> bool:
    """Whether the glossary calls a column a number."""
    return GLOSSARY[column].role not in {"label", "text"}


def cell_text(column: str, row: Row, labels: Labels, language: str) -> str:
    """One value in words; empty where it is missing."""
    value = row[column]
    if numerals.is_missing(value):
        return ""
    if is_number(column) and isinstance(value, int | float):
        return numerals.shown(float(value), _role(column, row), _decimals(column, row))
    return in_words(column, _plain(value), labels, language)


def in_words(column: str, value: str, labels: Labels, language: str) -> str:
    """Text of a label or text column: a code in words, a construct by its label, a list of them joined.

    ``via`` and ``less`` list mediators in order, separated by ``>``, ``;``, ``,`` or an arrow.
    """
    code = coded("model" if column == "against" else column, value, language)
    if code is not None:
        return code
    if column in {"via", "less"}:
        return _ARROW.join(labels(part) for part in re.split(r"\s*(?:->|[>→;,])\s*", value) if part)
    if GLOSSARY[column].role == "text" and (text := translated(value, language)) != value:
        return text
    if column == "open_way":
        return "".join(piece if piece in _WAYS else labels(piece) for piece in re.split(_WAY, value))
    if column in {"subject", "value", "given"}:
        return "".join(part if part in _BETWEEN else labels(part) for part in re.split(r"(, |: )", value))
    return value if column in _AS_WRITTEN else labels(value)


def _plain(value: object) -> str:
    """Text of a label; whole numbers without their decimals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _role(column: str, row: Row) -> str:
    """Role of a number, which in a mixed column its unit or its measure decides."""
    role: str = GLOSSARY[column].role
    if role != "estimate" or column in {"statistic", "std_all", "start", "end"}:
        return role
    unit = str(row.get("unit") or "")
    if unit.startswith("share"):
        return "share"
    if re.match(r"[A-Z]{3}\b", unit):
        return "money"
    measured = _MEASURE_ROLES.get(str(row.get("measure", "")), role)
    return measured if column in {"estimate", "conf_low", "conf_high"} else role


def _decimals(column: str, row: Row) -> int | None:
    """Decimals an estimate shares with its interval; None leaves them to the number."""
    if column in _TWO_DECIMALS:
        return 2
    if column in {"estimate", "std_error", "conf_low"} and "estimate" in row:
        known = [row.get(name) for name in ("estimate", "conf_low", "conf_high")]
        places = numerals.decimals_for(*(value for value in known if isinstance(value, int | float)))
        value = row[column]
        hidden = isinstance(value, float) and 0 < abs(value) < 0.5 * 10**-places
        return None if hidden and column != "conf_low" else places
    return None


def pair_text(first: str, row: Row, language: str) -> str:
    """Two columns as one: an interval, a claimed range, or one number where both ends agree."""
    second, key = MERGED[first]
    low, high = (_number(row[column]) for column in (first, second))
    role = _role(first, row)
    if key == "range" and not (math.isnan(low) or math.isnan(high)):
        return (
            f"{_plain(low)}–{_plain(high)}"
            if low.is_integer() and high.is_integer()
            else (f"{numerals.estimate(low)} to {numerals.estimate(high)}")
        )
    if key != "target":
        text = numerals.interval(low, high, role, _decimals(first, row))
        return "" if text == numerals.NOTHING else text
    show: Callable[[float], str] = lambda value: numerals.shown(value, role)  # noqa: E731
    if math.isnan(low) and math.isnan(high):
        return ""
    if low == high:
        return show(low)
    if not math.isfinite(high):
        return wording("merged.at_least", language).format(value=show(low))
    if not math.isfinite(low):
        return wording("merged.at_most", language).format(value=show(high))
    return f"{show(low)}–{show(high)}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
