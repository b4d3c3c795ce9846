"""Table 1 as journals print it: numbered constructs, alpha on the diagonal, correlations below it."""

from __future__ import annotations

from collections.abc import Mapping

from servicefx.report import numerals
from servicefx.report.view import Cell, Head, View
from servicefx.report.words import Labels, coded, heading, say, translated
from servicefx.values.table import Table

__all__ = ["table_one_view"]

_ALONE = ("n", "mean", "sd")
_DIAGONAL = "alpha"
_DECIMALS = 2
Numbers = tuple[float, float, float]


def table_one_view(table: Table, labels: Labels, language: str = "en") -> View:
    """The pivoted view of a table of layout ``"table_one"``.

    Parameters
    ----------
    table : Table
        Rows ``construct, measure, other, estimate, conf_low, conf_high, n_obs``. Measures ``mean``, ``sd``
        and ``alpha`` concern one construct (``other`` empty); any other measure of a pair stands below the
        diagonal, once a pair. Further measures of one construct get a column each.

    Returns
    -------
    View
        One row a construct: n, M, SD, then columns 1 to k.
    """
    alone, pairs, counts, reasons = _read(table)
    constructs = list(counts)
    number = {construct: position for position, construct in enumerate(constructs, start=1)}
    extra = sorted({measure for _, measure in alone} - {*_ALONE, _DIAGONAL})
    measures = [*_ALONE[1:], *extra]
    letters = {reason: chr(ord("a") + i) for i, reason in enumerate(dict.fromkeys(reasons.values()))}
    body = []
    for construct in constructs:
        cells = [Cell(f"{number[construct]}. {labels(construct)}"), Cell(_count(counts[construct]))]
        cells += [
            _single(alone.get((construct, measure)), letters.get(reasons.get((construct, measure), ""), ""))
            for measure in measures
        ]
        for other in constructs:
            if other == construct:
                mark = letters.get(reasons.get((construct, _DIAGONAL), ""), "")
                cells.append(_single(alone.get((construct, _DIAGONAL)), mark, diagonal=True))
            elif number[other] < number[construct]:
                cells.append(_correlation(pairs.get((construct, other), pairs.get((other, construct)))))
            else:
                cells.append(Cell(""))
        body.append(tuple(cells))
    heads = [Head(heading("construct", language), False), Head(coded("measure", "n", language) or "n", True)]
    heads += [Head(coded("measure", measure, language) or measure, True) for measure in measures]
    heads += [Head(str(number[construct]), True) for construct in constructs]
    return View(
        id=table.id,
        title=say(table.title, labels, language),
        heads=tuple(heads),
        rows=tuple(body),
        reasons=tuple((letter, translated(why, language)) for why, letter in letters.items()),
        notes=tuple(say(note, labels, language) for note in table.notes),
    )


def _read(
    table: Table,
) -> tuple[
    dict[tuple[str, str], Numbers],
    dict[tuple[str, str], Numbers],
    dict[str, float],
    dict[tuple[str, str], str],
]:
    """Numbers of one construct, of a pair, the largest n of each construct, and reasons of missing ones."""
    alone: dict[tuple[str, str], Numbers] = {}
    pairs: dict[tuple[str, str], Numbers] = {}
    counts: dict[str, float] = {}
    reasons: dict[tuple[str, str], str] = {}
    for row in table.rows.to_dict(orient="records"):
        construct, measure = str(row["construct"]), str(row["measure"])
        numbers = (_number(row, "estimate"), _number(row, "conf_low"), _number(row, "conf_high"))
        other = row.get("other")
        if not numerals.is_missing(other):
            pairs[construct, str(other)] = numbers
            continue
        n_obs = numbers[0] if measure == "n" else _number(row, "n_obs")
        counts[construct] = max(counts.get(construct, 0.0), 0.0 if numerals.is_missing(n_obs) else n_obs)
        if measure != "n":
            alone[construct, measure] = numbers
        if not numerals.is_missing(row.get("undefined")):
            reasons[construct, measure] = str(row["undefined"])
    for left, right in pairs:
        counts.setdefault(left, 0.0)
        counts.setdefault(right, 0.0)
    return alone, pairs, counts, reasons


def _number(row: Mapping[object, object], column: str) -> float:
    value = row.get(column)
    return float(value) if isinstance(value, int | float) else float("nan")


def _count(n_obs: float) -> str:
    return numerals.count(n_obs) if n_obs else numerals.NOTHING


def _single(numbers: Numbers | None, mark: str, *, diagonal: bool = False) -> Cell:
    if numbers is None or numerals.is_missing(numbers[0]):
        return Cell(numerals.NOTHING, mark=mark)
    text = numerals.estimate(numbers[0], min(_DECIMALS, numerals.decimals_for(numbers[0])))
    return Cell(f"({text})" if diagonal else text)


def _correlation(numbers: Numbers | None) -> Cell:
    if numbers is None or numerals.is_missing(numbers[0]):
        return Cell(numerals.NOTHING)
    interval = numerals.interval(numbers[1], numbers[2], decimals=_DECIMALS)
    small = "" if interval == numerals.NOTHING else interval
    return Cell(numerals.estimate(numbers[0], _DECIMALS), small=small)
