"""What the catalogue is made of: frozen records of constructs, hypotheses, moderators, claims and money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = [
    "Claim",
    "ClaimPart",
    "ConstructEntry",
    "Form",
    "Hypothesis",
    "HypothesisPath",
    "Level",
    "Moderator",
    "MoneyLine",
    "Rule",
    "Sign",
    "Theory",
]

Sign = Literal["+", "-", "none"]
Form = Literal["linear", "concave", "threshold", "asymmetric", "interaction", "lagged", "mediated"]
Level = Literal["C", "F", "E"]
Rule = Literal["range", "at_least", "at_most", "difference"]


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids once each, in order of first appearance."""
    return tuple(dict.fromkeys(ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstructEntry:
    """One thing that can be measured.

    Attributes
    ----------
    id : str
        As in study files and tables.
    label_en, label_zh : str
        Name in English and in Chinese.
    meaning : str
        In one plain line.
    indicators : tuple of str
        What usually measures it.
    source : str
        Parts of the two texts that speak of it: ``"A2, B3.3"``.
    parts : tuple of str
        Construct ids it is made of, where it is of second order; empty elsewhere.
    """

    id: str
    label_en: str
    label_zh: str
    meaning: str
    indicators: tuple[str, ...]
    source: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisPath:
    """One arrow of a hypothesis.

    Attributes
    ----------
    source, target : str
        Construct ids; equal where a construct is held to depend on its own past.
    sign : str
        ``"+"``, ``"-"``, or ``"none"`` where the form and not a direction is the hypothesis.
    form : str
        ``"linear"``, ``"concave"``, ``"threshold"``, ``"asymmetric"``, ``"interaction"``, ``"lagged"`` or
        ``"mediated"``; a mediated arrow is the indirect effect through ``via``.
    levels : tuple of str
        Where it can be seen: ``"C"`` customer survey, ``"F"`` firm or outlet panel, ``"E"`` employees.
    via : tuple of str
        Mediators side by side; empty unless mediated.
    moderators : tuple of str
        Moderator or construct ids the arrow depends on; empty unless an interaction.
    interaction : str
        Sign of the product of source and moderator; ``"none"`` unless an interaction.
    """

    source: str
    target: str
    sign: Sign
    form: Form
    levels: tuple[Level, ...]
    via: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    interaction: Sign = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One hypothesis: its wording and its arrows.

    Attributes
    ----------
    id : str
        ``"H1a"`` to ``"H19"``.
    wording_en, wording_zh : str
        One sentence.
    paths : tuple of HypothesisPath
        Every arrow, in the order of the chain.
    """

    id: str
    wording_en: str
    wording_zh: str
    paths: tuple[HypothesisPath, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where its arrows start, once each."""
        return _unique(path.source for path in self.paths)

    @property
    def targets(self) -> tuple[str, ...]:
        """Where its arrows end, once each."""
        return _unique(path.target for path in self.paths)

    @property
    def moderators(self) -> tuple[str, ...]:
        """What its arrows depend on, once each; empty for most."""
        return _unique(moderator for path in self.paths for moderator in path.moderators)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels at which any of its arrows can be seen, once each."""
        return _unique(level for path in self.paths for level in path.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderator:
    """For whom or when a path is stronger.

    Attributes
    ----------
    id : str
        As in study files and tables.
    label_en, label_zh : str
        Name in English and in Chinese.
    meaning : str
        In one plain line.
    categories : tuple of str
        Those the texts name; empty for a measure or where the study's own values stand.
    """

    id: str
    label_en: str
    label_zh: str
    meaning: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPart:
    """One number of a claim.

    Attributes
    ----------
    id : str
        The claim's id and a letter: ``"K2a"``.
    measured_en, measured_zh : str
        What is measured.
    stated : str
        The number as the text prints it: ``"60-70 %"``.
    rule : str
        ``"range"``: both bounds are tested; ``"at_least"`` and ``"at_most"``: one bound, the other is
        infinite; ``"difference"``: the difference named lies above ``target_low``.
    target_low, target_high : float
        Bounds, in ``unit``; may be infinite.
    unit : str
        ``"share"`` (a percentage over 100), ``"people"`` ...
    """

    id: str
    measured_en: str
    measured_zh: str
    stated: str
    rule: Rule
    target_low: float
    target_high: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One entry of the ledger of numeric claims; never taken for granted.

    Attributes
    ----------
    id : str
        ``"K1"`` to ``"K10"``.
    wording_en, wording_zh : str
        The claim in short.
    source : str
        Part of the two texts that makes it.
    data_needed : str
        Data that would test it.
    constructs : tuple of str
        Construct ids a study must measure; empty where none of the theory's will do.
    parts : tuple of ClaimPart
        Its numbers, each tested by itself.
    reading : str
        How its words were turned into what is measured and tested.
    background : str
        What the literature says of it.
    background_source : str
        Who says so; empty where nothing was found.
    testable_now : bool
        Whether the package has a test for it.
    cutoffs : mapping of str to float
        Where "satisfied" and the like begin, in [0, 1], as a fraction of the range of the measure's scale;
        a study may overrule them in points.
    settings : mapping of str to float
        Other numbers a test needs; they also say how ``stated`` became the targets.
    """

    id: str
    wording_en: str
    wording_zh: str
    source: str
    data_needed: str
    constructs: tuple[str, ...]
    parts: tuple[ClaimPart, ...]
    reading: str
    background: str
    background_source: str
    testable_now: bool
    cutoffs: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """One cost line or benefit line.

    Attributes
    ----------
    id : str
        As in study files and tables.
    label_en, label_zh : str
        Name in English and in Chinese.
    counted : str
        What belongs to the line.
    """

    id: str
    label_en: str
    label_zh: str
    counted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Theory:
    """Everything that may be asked, by id and in the order of the catalogue; read-only.

    Attributes
    ----------
    constructs : mapping of str to ConstructEntry
        What can be measured.
    hypotheses : mapping of str to Hypothesis
        What may be asked of it.
    moderators : mapping of str to Moderator
        For whom and when.
    claims : mapping of str to Claim
        The ledger of numeric claims.
    cost_lines, benefit_lines : mapping of str to MoneyLine
        Where money goes out and comes in.
    """

    constructs: Mapping[str, ConstructEntry]
    hypotheses: Mapping[str, Hypothesis]
    moderators: Mapping[str, Moderator]
    claims: Mapping[str, Claim]
    cost_lines: Mapping[str, MoneyLine]
    benefit_lines: Mapping[str, MoneyLine]
