"""Missing codes and the way from what is written in a column to numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.study.spec import Code

__all__ = ["BLANK", "DECLARED_IN_FILE", "Answers", "MissingCodes", "numbers", "texts"]

BLANK = "blank"
DECLARED_IN_FILE = "missing in the file"


@dataclass(frozen=True, slots=True)
class MissingCodes:
    """Codes that mean no answer, compared as numbers and as texts.

    Attributes
    ----------
    numeric : tuple of float
        Codes that are numbers, however they are written: -99, ``"-99"`` and ``"-99.0"`` are one code.
    words : tuple of str
        Other codes, compared without regard to capitals and surrounding white space.
    """

    numeric: tuple[float, ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, codes: Iterable[Code]) -> MissingCodes:
        """Codes as a study file lists them.

        Examples
        --------
        >>> MissingCodes.of([-99, "-99.0", "N/A"])
        MissingCodes(numeric=(-99.0,), words=('n/a',))
        """
        numeric: dict[float, None] = {}
        words: dict[str, None] = {}
        for code in codes:
            value = _number(str(code).strip(), ".")
            if value is None:
                words[str(code).strip().casefold()] = None
            else:
                numeric[value] = None
        return cls(tuple(numeric), tuple(words))


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One column as numbers.

    Attributes
    ----------
    numeric : ndarray, shape (n,)
        NaN where there is no answer, and where a text could not be read.
    lost : mapping of str to ndarray of bool, shape (n,)
        Which answers are missing, by reason: ``"blank"``, ``"code -99"``.
    not_numbers : mapping of int to str
        Position (from 0) -> text that is neither a number, nor a code, nor a label of the scale.
    """

    numeric: NDArray[np.float64]
    lost: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    not_numbers: Mapping[int, str] = field(default_factory=dict)

    @property
    def missing(self) -> dict[str, int]:
        """Answers missing, by reason."""
        return {reason: int(hits.sum()) for reason, hits in self.lost.items()}


def numbers(
    column: pd.Series[Any],
    codes: MissingCodes,
    *,
    labels: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> Answers:
    """A column as numbers, with every answer that is missing counted by reason.

    Parameters
    ----------
    column : Series, shape (n,)
        As read: numeric, or text.
    codes : MissingCodes
        What means no answer. Blanks always do.
    labels : mapping of str to str, optional
        Answer -> wording of the scale. Where every text of the column is a wording, it counts as the answer.
    decimal : str
        ``","`` where the file writes decimal commas.

    Returns
    -------
    Answers
    """
    lost: dict[str, NDArray[np.bool_]] = {}
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        _lose(lost, BLANK, np.isnan(values))
        not_numbers: dict[int, str] = {}
    else:
        positions, distinct = pd.factorize(column.astype("str"))
        lookup, rest = _meanings([str(text).strip() for text in distinct], codes, labels or {}, decimal)
        values = np.append(lookup, np.nan)[positions]  # position -1: blank
        for text, place in rest["code"].items():
            _lose(lost, f"code {text}", np.isin(positions, place))
        _lose(lost, BLANK, np.isin(positions, [-1, *rest["blank"].get("", [])]))
        wrong = {place: text for text, places in rest["text"].items() for place in places}
        not_numbers = (
            {int(row): wrong[positions[row]] for row in np.flatnonzero(np.isin(positions, list(wrong)))}
            if wrong
            else {}
        )
    for code in codes.numeric:
        hit = values == code
        if hit.any():
            _lose(lost, f"code {code:.15g}", hit)
            values[hit] = np.nan
    for row in np.flatnonzero(np.isinf(values)):
        not_numbers[int(row)] = str(values[row])
        values[row] = np.nan
    return Answers(values, lost, not_numbers)


def _meanings(
    distinct: list[str], codes: MissingCodes, labels: Mapping[str, str], decimal: str
) -> tuple[NDArray[np.float64], dict[str, dict[str, list[int]]]]:
    """What each distinct text of a column stands for: its number, and the positions of those without one.

    The second part holds ``blank``, ``code`` and ``text``, each text -> its positions among ``distinct``
    (several where they differ by white space only).
    """
    lookup = np.full(len(distinct), np.nan)
    rest: dict[str, dict[str, list[int]]] = {"blank": {}, "code": {}, "text": {}}
    for place, text in enumerate(distinct):
        value = _number(text, decimal)
        if not text:
            rest["blank"].setdefault(text, []).append(place)
        elif text.casefold() in codes.words:
            rest["code"].setdefault(text, []).append(place)
        elif value is None:
            rest["text"].setdefault(text, []).append(place)
        else:
            lookup[place] = value
    wordings = {text.strip().casefold(): _number(answer, ".") for answer, text in labels.items()}
    wordings = {text: answer for text, answer in wordings.items() if answer is not None}
    if all(text.casefold() in wordings for text in rest["text"]):
        for text, places in rest["text"].items():
            lookup[places] = wordings[text.casefold()]
        rest["text"] = {}
    return lookup, rest


def texts(column: pd.Series[Any], codes: MissingCodes, *, decimal: str = ".") -> pd.Series[Any]:
    """A column that names things: codes and blanks are NaN, whole numbers are numbers, the rest is text.

    Texts such as ``007`` stay texts, so that no two names become one.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        known = column.mask(column.isin(codes.numeric)) if codes.numeric else column
        floats = known.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = bool((np.abs(floats) < 2**53).all() and (floats == np.round(floats)).all())
        return known.astype("int64") if whole else known
    stripped = column.astype("str").str.strip()
    lost = stripped.isna() | (stripped == "")
    meaning = {text: _number(text, decimal) for text in stripped[~lost].unique()}
    coded = [
        text
        for text, value in meaning.items()
        if text.casefold() in codes.words or (value is not None and value in codes.numeric)
    ]
    lost |= stripped.isin(coded)
    kept = stripped.mask(lost)
    if not lost.any() and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) for text in meaning):
        return kept.astype("int64")
    return kept


def _number(text: str, decimal: str) -> float | None:
    """The number a text is, or None; decimal commas where the file has them."""
    plain = re.fullmatch(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?", text)
    if plain:
        return float(text)
    if decimal == "," and re.fullmatch(r"[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return float(text.replace(",", "."))
    truth = {"true": 1.0, "false": 0.0}
    return truth.get(text.casefold())


def _lose(lost: dict[str, NDArray[np.bool_]], reason: str, hits: NDArray[np.bool_]) -> None:
    if hits.any():
        lost[reason] = lost[reason] | hits if reason in lost else hits
