"""How often each answer was given: items down, answers across."""

from __future__ import annotations

from servicefx.report import numerals
from servicefx.report.view import Cell, Head, View
from servicefx.report.words import Labels, coded, heading, say
from servicefx.values.table import Table

__all__ = ["answer_text", "answers_view", "has_answers", "in_order"]


def has_answers(table: Table) -> bool:
    """Whether a table lists shares of answers, so that it reads better across than down."""
    return {"item", "answer", "share"} <= set(table.rows.columns)


def in_order(answers: list[str]) -> list[str]:
    """Answer categories from low to high where they are numbers, else as they came.

    Examples
    --------
    >>> in_order(["10", "9", "1"]), in_order(["yes", "no"])
    (['1', '9', '10'], ['yes', 'no'])
    """
    try:
        return sorted(answers, key=float)
    except ValueError:
        return answers


def answer_text(value: object) -> str:
    """An answer category as text, whole numbers without decimals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def answers_view(table: Table, labels: Labels, language: str = "en") -> View:
    """The pivoted view of a table with columns ``item, answer, share``.

    Parameters
    ----------
    table : Table
        Optional columns ``construct`` (put before the item) and ``n_obs`` (who gave this answer; their
        sum is put last).

    Returns
    -------
    View
        One row an item, one column an answer; a blank where nobody gave it.
    """
    rows = table.rows.to_dict(orient="records")
    answers = in_order(list(dict.fromkeys(answer_text(row["answer"]) for row in rows)))
    shares: dict[tuple[str, str], dict[str, float]] = {}
    counts: dict[tuple[str, str], float] = {}
    for row in rows:
        key = (str(row.get("construct", "")), str(row["item"]))
        shares.setdefault(key, {})[answer_text(row["answer"])] = float(row["share"])
        counts[key] = counts.get(key, 0.0) + float(row.get("n_obs", float("nan")))
    body = []
    before = ""
    for construct, item in shares:
        cells = [Cell(labels(construct), repeated=construct == before)] if construct else []
        cells.append(Cell(labels(item)))
        for answer in answers:
            share = shares[construct, item].get(answer)
            cells.append(Cell("" if share is None else numerals.share(share)))
        n_obs = counts[construct, item]
        body.append((*cells, Cell(numerals.NOTHING if numerals.is_missing(n_obs) else numerals.count(n_obs))))
        before = construct
    heads = [Head(heading("construct", language), False)] if any(construct for construct, _ in shares) else []
    heads.append(Head(heading("item", language), False))
    heads += [Head(coded("answer", answer, language) or labels(answer), True) for answer in answers]
    return View(
        id=table.id,
        title=say(table.title, labels, language),
        heads=(*heads, Head(heading("n_obs", language), True)),
        rows=tuple(body),
        notes=tuple(say(note, labels, language) for note in table.notes),
    )
