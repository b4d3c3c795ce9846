"""The stages of an estimation: which columns each reads, and the composites it makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from servicefx.pls.composites import Design, Mode
from servicefx.pls.model import PlsModel

__all__ = ["SECOND_ORDER", "Column", "SecondOrder", "Stage", "stages_of"]

SecondOrder = Literal["disjoint", "embedded", "repeated"]
SECOND_ORDER: tuple[SecondOrder, ...] = get_args(SecondOrder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What stands in the place of an item.

    Attributes
    ----------
    kind : {"item", "score", "product"}
        An item; the score of a construct from the last stage before that makes it; the product of two scores
        of the stage before.
    name : str
        Of the item, the construct or the product.
    """

    kind: Literal["item", "score", "product"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One run of the algorithm.

    Attributes
    ----------
    columns : tuple of Column, length q
        What it reads.
    constructs : tuple of str, length K
        What it makes; products are constructs of one column.
    design : Design
        Over ``columns`` and ``constructs``.
    """

    columns: tuple[Column, ...]
    constructs: tuple[str, ...]
    design: Design

    def block(self, construct: str) -> tuple[Column, ...]:
        """Columns of one construct."""
        return tuple(self.columns[i] for i in self.design.blocks[self.constructs.index(construct)])


def stages_of(model: PlsModel, second_order: SecondOrder = "disjoint") -> tuple[Stage, ...]:
    """The runs of the algorithm that a model takes.

    Parameters
    ----------
    model : PlsModel
    second_order : {"disjoint", "embedded", "repeated"}
        How constructs of constructs are estimated: from the scores of a first run without them; from the
        scores of a first run with repeated items, all other constructs as their scores too; by repeating
        the items of the constructs below them.

    Returns
    -------
    tuple of Stage
        The last one holds every path of the model, unless it has products: these are multiplied from the
        scores of the run before and enter one more run, in which all other constructs keep their columns.

    References
    ----------
    Sarstedt, Hair, Cheah, Becker & Ringle (2019), Australasian Marketing Journal 27, 197-211.
    doi:10.1016/j.ausmj.2019.05.003
    Henseler & Chin (2010), Structural Equation Modeling 17, 82-109 (two-stage products).
    doi:10.1080/10705510903439003
    """
    products = {product.name for product in model.products}
    paths = [(outcome, term) for outcome, term in model.paths if term not in products]
    items = {name: _columns("item", model.items_of(name)) for name in model.constructs}
    repeated = _stage(model, items, [*paths, *_hierarchy(model)])
    stages: tuple[Stage, ...]
    if not model.higher or second_order == "repeated":
        stages = (repeated,)
    else:
        blocks = {name: items[name] for name in model.constructs if name not in model.lower}
        if second_order == "embedded":
            first = repeated
            blocks = {name: _columns("score", (name,)) for name in blocks}
        else:
            first = _stage(
                model, {name: items[name] for name in model.constructs if name not in model.higher},
                _lowered(model, paths),
            )  # fmt: skip
        blocks |= {name: _columns("score", model.blocks[name]) for name in model.higher}
        stages = (first, _stage(model, blocks, paths))
    if not products:
        return stages
    last = stages[-1]
    blocks = {name: last.block(name) for name in last.constructs}
    for each in model.products:
        blocks[each.name] = (Column(kind="product", name=each.name),)
    hierarchy = _hierarchy(model) if len(stages) == 1 else []
    return (*stages, _stage(model, blocks, [*model.paths, *hierarchy]))


def _columns(kind: Literal["item", "score", "product"], names: Iterable[str]) -> tuple[Column, ...]:
    return tuple(Column(kind=kind, name=name) for name in names)


def _hierarchy(model: PlsModel) -> list[tuple[str, str]]:
    """Paths between constructs of constructs and their parts, as repeated items state them."""
    return [
        (part, name) if name in model.reflective else (name, part)
        for name in model.higher
        for part in model.blocks[name]
    ]


def _lowered(model: PlsModel, paths: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Paths with every construct of constructs replaced by each of its parts."""
    parts = {name: model.blocks[name] for name in model.higher}
    return [
        pair
        for outcome, term in paths
        for pair in product(parts.get(outcome, (outcome,)), parts.get(term, (term,)))
    ]


def _stage(model: PlsModel, blocks: dict[str, tuple[Column, ...]], paths: Iterable[tuple[str, str]]) -> Stage:
    columns = tuple(dict.fromkeys(column for block in blocks.values() for column in block))
    constructs = tuple(blocks)
    place = {column: i for i, column in enumerate(columns)}
    at = {name: j for j, name in enumerate(constructs)}
    stated = list(paths)
    modes: tuple[Mode, ...] = tuple(
        model.modes.get(name, "A") if len(blocks[name]) > 1 else "A" for name in constructs
    )
    design = Design(
        blocks=tuple(tuple(place[column] for column in blocks[name]) for name in constructs),
        modes=modes,
        terms=tuple(tuple(at[term] for outcome, term in stated if outcome == name) for name in constructs),
    )
    return Stage(columns=columns, constructs=constructs, design=design)
