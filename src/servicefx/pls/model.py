"""PlsModel: which items make which composite, and which composite explains which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicefx.errors import Problem, StudyError
from servicefx.pls.composites import Mode
from servicefx.pls.model_problems import model_problems
from servicefx.syntax.table import ParameterTable

__all__ = ["PlsModel", "Product", "pls_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of two constructs' scores: an interaction, or a square where both are the same.

    Attributes
    ----------
    name : str
        As the model writes it, ``"a:b"``.
    left, right : str
        Constructs.
    """

    name: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlsModel:
    """A path model of composites.

    Attributes
    ----------
    items : tuple of str, length p
        Columns, in order of first mention.
    constructs : tuple of str, length K
        In order of first mention, constructs of constructs among them.
    blocks : mapping of str to tuple of str
        Construct -> its items; of a construct of constructs, the constructs below it.
    modes : mapping of str to {"A", "B"}
        Construct -> correlation or regression weights.
    reflective : frozenset of str
        Constructs stated with ``=~``.
    higher : tuple of str
        Constructs of constructs.
    paths : tuple of (outcome, term)
        In order of the model; a term may be a product.
    products : tuple of Product
        In order of first mention.
    """

    items: tuple[str, ...]
    constructs: tuple[str, ...]
    blocks: Mapping[str, tuple[str, ...]]
    modes: Mapping[str, Mode]
    reflective: frozenset[str]
    higher: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]
    products: tuple[Product, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Constructs that something explains, in order of the model."""
        return tuple(dict.fromkeys(outcome for outcome, _ in self.paths))

    @property
    def lower(self) -> tuple[str, ...]:
        """Constructs that belong to a construct of constructs."""
        return tuple(part for name in self.higher for part in self.blocks[name])

    @property
    def sequence(self) -> tuple[str, ...]:
        """Constructs and products on paths, each after what explains it."""
        names = list(dict.fromkeys([term for _, term in self.paths] + [outcome for outcome, _ in self.paths]))
        found: list[str] = []
        while len(found) < len(names):
            found += [
                name
                for name in names
                if name not in found and all(term in found for term in self.terms(name))
            ]
        return tuple(found)

    def product(self, name: str) -> Product:
        """A product by its name."""
        return next(each for each in self.products if each.name == name)

    def terms(self, outcome: str) -> tuple[str, ...]:
        """What explains a construct, in order of the model; empty where nothing does."""
        return tuple(term for explained, term in self.paths if explained == outcome)

    def items_of(self, construct: str) -> tuple[str, ...]:
        """The items of a construct, or of the constructs below it."""
        if construct not in self.higher:
            return self.blocks[construct]
        return tuple(dict.fromkeys(item for part in self.blocks[construct] for item in self.blocks[part]))


def pls_model(table: ParameterTable, mode: Mapping[str, Mode] | None = None) -> PlsModel:
    """Read a parameter table as composites.

    Parameters
    ----------
    table : ParameterTable
        ``=~`` (Mode A), ``<~`` (Mode B) and ``~`` lines; items or other constructs right of the first two.
    mode : mapping of str to {"A", "B"}, optional
        Construct -> mode, where it differs from its line's.

    Returns
    -------
    PlsModel
        Every construct joined to at least one other.

    Raises
    ------
    StudyError
        If the model says something PLS has no place for; lists all faults.
    """
    if mode is not None and not isinstance(mode, Mapping):
        found = f"{mode!r}, a mapping of constructs to modes expected"
        raise StudyError(Problem("mode", found, "Write e.g. mode={'QUALITY': 'B'}."))
    chosen = dict(mode or {})
    problems = model_problems(table, chosen)
    if problems:
        raise StudyError(*dict.fromkeys(problems))
    constructs = table.constructs
    measurement = table.of("=~", "<~")
    blocks = {name: tuple(row.rhs for row in measurement if row.lhs == name) for name in constructs}
    reflective = frozenset(row.lhs for row in table.of("=~"))
    modes: dict[str, Mode] = {
        name: chosen.get(name, "A" if name in reflective else "B") for name in constructs
    }
    higher = tuple(name for name in constructs if blocks[name][0] in constructs)
    products = {
        row.rhs: Product(name=row.rhs, left=row.factors[0], right=row.factors[1])
        for row in table.of("~")
        if row.factors
    }
    return PlsModel(
        items=table.items,
        constructs=constructs,
        blocks=blocks,
        modes=modes,
        reflective=reflective,
        higher=higher,
        paths=tuple((row.lhs, row.rhs) for row in table.of("~")),
        products=tuple(products.values()),
    )
