"""Equalities: what is equal across groups at a level, as a model that `servicefx.sem.fit` understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from servicefx.syntax.table import Modifier, Operator, ParameterRow, ParameterTable

__all__ = ["ADDS", "ANSWER_LEVELS", "KINDS", "LEVELS", "Equalities", "Kind"]

Kind = str
KINDS: tuple[Kind, ...] = ("thresholds", "loading", "intercept", "residual variance")
"""What may be equal, in the order of the ladder."""
LEVELS: dict[str, tuple[Kind, ...]] = {
    "configural": (),
    "metric": ("loading",),
    "scalar": ("loading", "intercept"),
    "strict": ("loading", "intercept", "residual variance"),
}
"""Level -> what is equal, items as numbers (Meredith 1993)."""
ANSWER_LEVELS: dict[str, tuple[Kind, ...]] = {
    "configural": (),
    "threshold": ("thresholds",),
    "metric": ("thresholds", "loading"),
    "scalar": ("thresholds", "loading", "intercept"),
}
"""The same for ordered answers (Wu & Estabrook 2016): thresholds give latent responses a scale."""
ADDS = {"metric": "loading", "scalar": "intercept", "strict": "residual variance", "threshold": "thresholds"}
"""Level -> what it adds to the level below."""
_PLAIN = Modifier(free=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equalities:
    """Which parameters are equal in which groups; constructs have mean 0 and variance 1 in the first.

    Attributes
    ----------
    constructs : mapping of str to tuple of str
        Construct -> its items.
    groups : tuple of str
        Labels, the reference first.
    categories : mapping of str to int
        Ordered items -> categories; empty where items are numbers.
    kinds : tuple of str
        What is equal at this level.
    released : frozenset of (str, str, int)
        ``(kind, item, group)``: the item has its own value in the group, also of every later kind.
    equal_means : bool
        Whether the constructs' means are equal as well.

    Notes
    -----
    An item with two answers has one threshold, which cannot be told from its intercept, nor its loading from
    its scale, before all are equal: they become so together, with the intercepts.
    """

    constructs: Mapping[str, tuple[str, ...]]
    groups: tuple[str, ...]
    categories: Mapping[str, int]
    kinds: tuple[Kind, ...] = ()
    released: frozenset[tuple[Kind, str, int]] = frozenset()
    equal_means: bool = False

    @property
    def owner(self) -> dict[str, str]:
        """Item -> its construct."""
        return {item: construct for construct, own in self.constructs.items() for item in own}

    def at(self, kinds: tuple[Kind, ...]) -> Equalities:
        """The same releases at another level."""
        return replace(self, kinds=kinds)

    def less(self, kind: Kind, *pairs: tuple[str, int]) -> Equalities:
        """With items released in groups, from a kind on."""
        return replace(self, released=self.released | {(kind, item, group) for item, group in pairs})

    def tied(self, kind: Kind, item: str) -> tuple[int, ...]:
        """The groups in which an item's parameter is equal; empty where fewer than two are left."""
        if self.categories.get(item) == 2:
            if "intercept" not in self.kinds or kind == "residual variance":
                return ()
            kind = "intercept"
        elif kind not in self.kinds:
            return ()
        last = KINDS.index(kind)
        left = tuple(
            g
            for g in range(len(self.groups))
            if not any((earlier, item, g) in self.released for earlier in KINDS[: last + 1])
        )
        return left if len(left) > 1 else ()

    def in_common(self, kind: Kind, construct: str, one: int, other: int) -> tuple[str, ...]:
        """The construct's items whose parameter is equal in both groups."""
        own = self.constructs[construct]
        return tuple(item for item in own if {one, other} <= set(self.tied(kind, item)))

    def joined(self, kind: Kind, construct: str) -> tuple[int, ...]:
        """The groups that some item ties to another."""
        found = {g for item in self.constructs[construct] for g in self.tied(kind, item)}
        return tuple(sorted(found))

    def parameters_of(self, kind: Kind, item: str) -> tuple[tuple[Operator, str, str], ...]:
        """What is freed with an item at a level, as ``(op, lhs, rhs)``."""
        loading: tuple[Operator, str, str] = ("=~", self.owner[item], item)
        thresholds: tuple[tuple[Operator, str, str], ...] = tuple(
            ("|", item, f"t{k}") for k in range(1, self.categories.get(item, 1))
        )
        if self.categories.get(item) == 2:
            return (*thresholds, loading)
        if kind == "thresholds":
            return thresholds
        if kind == "loading":
            return (loading,)
        return (("~1", item, ""),) if kind == "intercept" else (("~~", item, item),)

    def table(self) -> ParameterTable:
        """The model with every modifier written out; to be fitted with ``std_lv=True``."""
        rows = [
            self._row("=~", construct, item, self._shared("loading", item))
            for construct, own in self.constructs.items()
            for item in own
        ]
        for construct in self.constructs:
            rows += self._of_construct(construct)
        for item in self.owner:
            rows += self._of_answers(item) if item in self.categories else self._of_number(item)
        return ParameterTable(rows=tuple(rows))

    def _row(self, op: Operator, lhs: str, rhs: str, modifiers: list[Modifier]) -> ParameterRow:
        return ParameterRow(op=op, lhs=lhs, rhs=rhs, modifiers=tuple(modifiers))

    def _shared(self, kind: Kind, item: str, part: str = "") -> list[Modifier]:
        """Free in every group, with one label where it is equal."""
        tied = self.tied(kind, item)
        label = Modifier(label=f"{kind} {part} of {item}")
        return [label if g in tied else _PLAIN for g in range(len(self.groups))]

    def _anchored(self, tied: tuple[int, ...], value: float) -> list[Modifier]:
        """Held at a value, but free in the tied groups after the first of them."""
        held = Modifier(fixed=value)
        return [_PLAIN if g in tied[1:] else held for g in range(len(self.groups))]

    def _of_construct(self, construct: str) -> list[ParameterRow]:
        variance = self._anchored(self.joined("loading", construct), 1.0)
        tied = () if self.equal_means else self.joined("intercept", construct)
        return [
            self._row("~~", construct, construct, variance),
            self._row("~1", construct, "", self._anchored(tied, 0.0)),
        ]

    def _of_number(self, item: str) -> list[ParameterRow]:
        return [
            self._row("~1", item, "", self._shared("intercept", item)),
            self._row("~~", item, item, self._shared("residual variance", item)),
        ]

    def _of_answers(self, item: str) -> list[ParameterRow]:
        """Thresholds, and what they let a latent response have of its own: scale and intercept."""
        scaled = self.tied("thresholds", item)
        placed = self.tied("intercept", item)
        zero = placed or scaled[:1]
        apart = set(scaled) - set(zero)
        own = [_PLAIN if g in apart else Modifier(fixed=0.0) for g in range(len(self.groups))]
        rows = [
            self._row("|", item, f"t{k}", self._shared("thresholds", item, f"t{k}"))
            for k in range(1, self.categories[item])
        ]
        rows.append(self._row("~*~", item, item, self._anchored(scaled, 1.0)))
        rows.append(self._row("~1", item, "", own))
        return rows
