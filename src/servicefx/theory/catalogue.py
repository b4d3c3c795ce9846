"""The catalogue of what may be asked, read from TOML: constructs, hypotheses, moderators, claims, money."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from servicefx.errors import closest
from servicefx.theory.entries import (
    Claim,
    ClaimPart,
    ConstructEntry,
    Hypothesis,
    HypothesisPath,
    Moderator,
    MoneyLine,
    Theory,
)

__all__ = [
    "Claim",
    "ClaimPart",
    "ConstructEntry",
    "Hypothesis",
    "HypothesisPath",
    "Moderator",
    "MoneyLine",
    "Theory",
    "construct_label",
    "hypothesis_for",
    "load_theory",
    "service_dimensions",
]


def _read(name: str) -> dict[str, Any]:
    """One TOML file of this package."""
    return tomllib.loads(files("servicefx.theory").joinpath(name).read_text(encoding="utf-8"))


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """``{label: {en, zh}}`` becomes ``label_en, label_zh``; lists become tuples."""
    flat: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, dict) and set(value) == {"en", "zh"}:
            flat |= {f"{key}_{language}": text for language, text in value.items()}
        else:
            flat[key] = tuple(value) if isinstance(value, list) else value
    return flat


def _numbers(values: Mapping[str, str | float]) -> Mapping[str, float]:
    """Numbers and fractions written ``"2/3"``, as read-only floats."""
    return MappingProxyType({key: float(Fraction(value)) for key, value in values.items()})


def _arrows(entry: dict[str, Any]) -> list[HypothesisPath]:
    """Every arrow from each source to each target of one ``[[path]]``."""
    shared = _flat(entry)
    sources, targets, levels = shared.pop("from"), shared.pop("to"), shared.pop("level")
    return [
        HypothesisPath(source=source, target=target, levels=levels, **shared)
        for source in sources
        for target in targets
    ]


def _hypothesis(id: str, entry: dict[str, Any]) -> Hypothesis:
    paths = tuple(arrow for path in entry.pop("path") for arrow in _arrows(path))
    return Hypothesis(id=id, paths=paths, **_flat(entry))


def _claim(id: str, entry: dict[str, Any]) -> Claim:
    parts = tuple(ClaimPart(**_flat(part)) for part in entry.pop("parts"))
    cutoffs, settings = (_numbers(entry.pop(key, {})) for key in ("cutoffs", "settings"))
    return Claim(id=id, parts=parts, cutoffs=cutoffs, settings=settings, **_flat(entry))


def _lines(entries: Mapping[str, dict[str, Any]]) -> Mapping[str, MoneyLine]:
    return MappingProxyType({id: MoneyLine(id=id, **_flat(entry)) for id, entry in entries.items()})


@lru_cache(maxsize=1)
def load_theory() -> Theory:
    """The whole catalogue, read once.

    Returns
    -------
    Theory
        The same object at every call; nothing in it can be changed.

    Examples
    --------
    >>> theory = load_theory()
    >>> theory.hypotheses["H15"].paths[0].form
    'threshold'
    >>> [(part.id, part.target_low, part.target_high) for part in theory.claims["K2"].parts]
    [('K2a', 0.6, 0.7), ('K2b', 0.9, inf)]
    """
    constructs = {id: ConstructEntry(id=id, **_flat(e)) for id, e in _read("constructs.toml").items()}
    moderators = {id: Moderator(id=id, **_flat(e)) for id, e in _read("moderators.toml").items()}
    money = _read("money.toml")
    return Theory(
        constructs=MappingProxyType(constructs),
        hypotheses=MappingProxyType({id: _hypothesis(id, e) for id, e in _read("hypotheses.toml").items()}),
        moderators=MappingProxyType(moderators),
        claims=MappingProxyType({id: _claim(id, e) for id, e in _read("claims.toml").items()}),
        cost_lines=_lines(money["cost_lines"]),
        benefit_lines=_lines(money["benefit_lines"]),
    )


def construct_label(id: str, language: str = "en") -> str:
    """Name of a construct or moderator in the reader's language.

    Parameters
    ----------
    id : str
        Construct or moderator id.
    language : str
        ``"en"`` or ``"zh"``.

    Raises
    ------
    KeyError
        If the theory has no such id; the message names the closest.
    ValueError
        If the language is another.

    Examples
    --------
    >>> construct_label("word_of_mouth"), construct_label("word_of_mouth", "zh")
    ('Word of mouth', '口碑传播')
    """
    if language not in ("en", "zh"):
        raise ValueError(f"language '{language}' is not one of 'en', 'zh'")
    theory = load_theory()
    entry = theory.constructs.get(id) or theory.moderators.get(id)
    if entry is None:
        known = [*theory.constructs, *theory.moderators]
        raise KeyError(f"the theory has no construct or moderator '{id}'{closest(id, known)}")
    return entry.label_en if language == "en" else entry.label_zh


def service_dimensions() -> tuple[str, ...]:
    """The five dimensions of service quality, in the order of the SERVQUAL items.

    Examples
    --------
    >>> service_dimensions()
    ('tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy')
    """
    return load_theory().constructs["service_quality"].parts


def hypothesis_for(source: str, target: str) -> str | None:
    """Id of the first hypothesis that has an arrow from source to target.

    Where several have it, one that states it as a plain arrow (linear, concave, threshold, asymmetric) comes
    before one that only moderates, delays or mediates it.

    Parameters
    ----------
    source, target : str
        Construct ids; a study's own are allowed and belong to no hypothesis.

    Returns
    -------
    str or None
        ``"H4"``, or None where no hypothesis has that arrow.

    Examples
    --------
    >>> hypothesis_for("satisfaction", "loyalty"), hypothesis_for("loyalty", "tangibles")
    ('H4', None)
    """
    found = [
        (path.form in ("interaction", "lagged", "mediated"), hypothesis.id)
        for hypothesis in load_theory().hypotheses.values()
        for path in hypothesis.paths
        if (path.source, path.target) == (source, target)
    ]
    return min(found, key=lambda each: each[0])[1] if found else None
