"""Wording by language: sentences, column headings, codes in words, and the verb a design earns."""

from __future__ import annotations

import math
import re
import string
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from servicefx.report import numerals
from servicefx.values.table import Phrase

__all__ = ["LANGUAGES", "Labels", "coded", "heading", "keys", "named", "say", "translated", "verb", "wording"]

Labels = Callable[[str], str]
"""Id -> the name a reader knows it by; the id itself where there is none."""

LANGUAGES: Mapping[str, str] = {"en": "words_en.toml", "zh": "words_zh.toml"}
"""Language -> file of its words, in this folder. A language is added by adding its file here."""

_VARYING = re.compile(r"'[^']*'|-?\d+(?:,\d{3})*(?:\.\d+)?%?")
_CAUSAL = ("within_unit", "instrument", "difference_in_differences", "randomised")


@lru_cache
def _words(language: str) -> dict[str, str]:
    """All wordings of a language, by dotted key."""
    if language not in LANGUAGES:
        raise KeyError(f"there are no words in language '{language}' (known: {', '.join(LANGUAGES)})")
    text = files(__package__).joinpath(LANGUAGES[language]).read_text(encoding="utf-8")
    return dict(_flat("", tomllib.loads(text)))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", str(value)


def keys(language: str = "en") -> frozenset[str]:
    """Every key a language has words for."""
    return frozenset(_words(language))


def wording(key: str, language: str = "en") -> str:
    """The template of a key, as it stands in the file of words.

    Raises
    ------
    KeyError
        If the language has no such key; the message names both.
    """
    try:
        return _words(language)[key]
    except KeyError as missing:
        if language not in LANGUAGES:
            raise
        raise KeyError(f"no wording for '{key}' in {LANGUAGES[language]}") from missing


def heading(column: str, language: str = "en") -> str:
    """Heading of a glossary column.

    Raises
    ------
    KeyError
        If the language has no heading for the column.

    Examples
    --------
    >>> heading("std_error")
    'Std. error'
    """
    return wording(f"heading.{column}", language)


def coded(column: str, code: str, language: str = "en") -> str | None:
    """A code of our own in words (``measure`` = ``sd``), or None where the column has no such code.

    ``"cluster: outlet_id (200)"`` is a code with its own rest: its wording is that of ``cluster_of``.

    Examples
    --------
    >>> coded("kind", "indirect"), coded("item", "rel1")
    ('indirect', None)
    >>> coded("covariance_kind", "cluster: outlet_id (200)")
    'clustered by outlet_id (200)'
    """
    words = _words(language)
    kind, _, rest = code.partition(": ")
    if rest and f"value.{column}.{kind}_of" in words:
        return words[f"value.{column}.{kind}_of"].replace("{rest}", rest)
    return words.get(f"value.{column}.{code}")


def verb(design: str, sign: float, checks_hold: bool = True, language: str = "en") -> str:
    """What a term may be said to do to an outcome.

    Parameters
    ----------
    design : str
        One of `servicefx.values.effect.DESIGNS`.
    sign : float
        The estimate, or its sign.
    checks_hold : bool
        Whether the checks of a stronger design hold; where they do not, it earns no stronger verb.

    Examples
    --------
    >>> verb("adjusted", 0.3), verb("instrument", -0.3), verb("instrument", -0.3, checks_hold=False)
    ('goes with', 'lowers', 'goes with')
    """
    if design not in _CAUSAL or not checks_hold or not sign or math.isnan(sign):
        return wording("verb.goes_with", language)
    return wording("verb.raises" if sign > 0 else "verb.lowers", language)


def say(phrase: Phrase, labels: Labels, language: str = "en") -> str:
    """A phrase as a sentence.

    A template's field may carry, after its colon: any format of Python (``.2f``, ``,``); a role
    (``estimate share money count``); ``p_value`` (``= .012``, ``< .001``); ``abs``, ``signed`` (estimate
    without its sign, with a plus); ``raw`` (text as it stands, never a label), ``named`` (the same, quoted
    ids in it by their labels); ``#row|rows`` and ``sign higher|lower`` (word by number, by sign);
    ``verb ESTIMATE`` (verb the design earns); ``interval HIGH [ROLE]`` (both ends in brackets);
    ``as COLUMN`` (a code in words), ``as text`` (as `translated`). Text without a format is shown by its
    label, a float as an estimate.

    Parameters
    ----------
    phrase : Phrase
        Key and values.
    labels : callable
        Id -> label; gives an id it does not know back unchanged.
    language : str
        One of `LANGUAGES`.

    Raises
    ------
    KeyError
        If there is no wording for the key, or the phrase lacks a value its wording needs.

    Examples
    --------
    >>> say(Phrase(key="note.dropped", values={"n": 1200, "reason": "empty row"}), str)
    '1,200 rows not used: empty row.'
    """
    template = wording(phrase.key, language)
    try:
        return _Sentence(phrase.values, labels, language).vformat(template, (), phrase.values)
    except KeyError as missing:
        have = ", ".join(phrase.values) or "none"
        raise KeyError(f"'{phrase.key}' needs the value {missing} (given: {have})") from missing


def named(text: str, labels: Labels) -> str:
    """A text of ours with the ids it quotes shown by their labels; columns and items keep their names.

    Examples
    --------
    >>> named("'trust' and 'tru1' correlate; column 'trust' has gaps", lambda name: name.title())
    "'Trust' and 'Tru1' correlate; column 'trust' has gaps"
    """
    quoted = r"(?<!column )(?<!columns )(?<!item )(?<!items )(?<!\w)'(\w+)'"
    return re.sub(quoted, lambda found: f"'{labels(found[1])}'", text)


def translated(text: str, language: str = "en") -> str:
    """A text of ours, written in English where it arose, in another language where that has it.

    ``[text]`` of the language's file holds it by the English text; numbers and quoted names may stand there
    as ``#``, in the same order on both sides.

    Returns
    -------
    str
        The English text where the language has no other.

    Examples
    --------
    >>> translated("holds 20 clusters, at least 30 expected: errors are likely too small", "zh")
    '只有20个聚类，应至少有30个：误差很可能偏小'
    >>> translated("nobody has said this before", "zh")
    'nobody has said this before'
    """
    words = _words(language)
    exact = words.get(f"text.{text}")
    if exact is not None:
        return exact
    found = _VARYING.findall(text)
    pieces = words.get(f"text.{_VARYING.sub('#', text)}", "").split("#")
    if len(pieces) == len(found) + 1 and any(pieces):
        return pieces[0] + "".join(value + piece for value, piece in zip(found, pieces[1:], strict=True))
    if text.endswith("."):
        said = translated(text[:-1], language)
        return text if said == text[:-1] else said + words.get("text..", ".")
    name, colon, rest = text.partition(": ")
    said = translated(rest, language) if colon else rest
    return text if said == rest else translated(name, language) + words.get("text.: ", colon) + said


class _Sentence(string.Formatter):
    """Formats one template; values are only ever inserted, never read as templates."""

    def __init__(self, values: Mapping[str, Any], labels: Labels, language: str) -> None:
        self._values = values
        self._labels = labels
        self._language = language

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        """The value itself: no attributes, no indices."""
        return self.get_value(field_name, args, kwargs), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        name, _, rest = format_spec.partition(" ")
        if isinstance(value, str):
            return self._text(value, name, rest)
        number = float(value)
        if format_spec.startswith("#"):
            singular, plural = format_spec[1:].split("|")
            return singular if number == 1 else plural
        if name == "sign":
            positive, negative = rest.split("|")
            return negative if number < 0 else positive
        if name == "interval":
            high, _, role = rest.partition(" ")
            return numerals.interval(number, float(self._values[high]), role or "estimate")
        if name == "abs":
            return numerals.estimate(abs(number))
        if name == "signed":
            return ("+" if number > 0 else "") + numerals.estimate(number)
        if name == "p_value":
            text = numerals.p_value(number)
            return text if text[0] in "<>" else f"=\N{NO-BREAK SPACE}{text}"
        if name in {"estimate", "share", "money", "count"}:
            return numerals.shown(number, name)
        if not format_spec:
            return numerals.estimate(number) if isinstance(value, float) else str(value)
        return format(value, format_spec).replace("-", numerals.MINUS)

    def _text(self, value: str, name: str, rest: str) -> str:
        if name == "raw":
            return value
        if name == "named":
            return translated(named(value, self._labels), self._language)
        if name == "verb":
            checks_hold = bool(self._values.get("checks_hold", True))
            return verb(value, float(self._values[rest]), checks_hold, self._language)
        if name == "as" and rest == "text":
            return translated(value, self._language)
        if name == "as":
            return coded(rest, value, self._language) or self._labels(value)
        return self._labels(value)
