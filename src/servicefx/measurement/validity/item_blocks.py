"""The items of several constructs, read from rows or moments and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.checks import check_collinear
from servicefx.moments.moments import Moments
from servicefx.sem.columns import numbers

__all__ = ["ItemBlocks", "check_mapping", "item_blocks", "negative_in", "negative_items", "weights_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemBlocks:
    """Complete answers to the items of k constructs.

    Attributes
    ----------
    constructs : tuple of str, length k
        In the order of the mapping.
    items : tuple of str, length p
        Block after block.
    blocks : tuple of tuple of int
        Positions of each construct's items in ``items``.
    moments : Moments
        Of the items, over the rows used.
    values : ndarray, shape (n, p), or None
        The rows used; None where only moments are known.
    used : ndarray of bool, shape (n_rows,), or None
        Which rows of the frame have no gap in these items.
    weights : ndarray, shape (n,), or None
        Survey weights of the rows used.
    """

    constructs: tuple[str, ...]
    items: tuple[str, ...]
    blocks: tuple[tuple[int, ...], ...]
    moments: Moments
    values: Floats | None = None
    used: NDArray[np.bool_] | None = None
    weights: Floats | None = None

    @property
    def correlation(self) -> Floats:
        """Correlations of the items, shape (p, p)."""
        return self.moments.correlation

    @property
    def own(self) -> NDArray[np.intp]:
        """Place of each item's construct, shape (p,)."""
        return np.repeat(np.arange(len(self.blocks)), [len(block) for block in self.blocks])

    @property
    def single(self) -> tuple[str, ...]:
        """Constructs measured by one item."""
        return tuple(c for c, block in zip(self.constructs, self.blocks, strict=True) if len(block) == 1)


def item_blocks(
    items: pd.DataFrame | Moments,
    constructs: Mapping[str, Sequence[str]],
    *,
    weights: ArrayLike | pd.Series | None = None,
    least: int = 1,
) -> ItemBlocks:
    """Read and check the items of constructs.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Rows with a gap in one of the items are not used.
    constructs : mapping of str to sequence of str
        Construct -> its columns.
    weights : array_like or Series, shape (n,), optional
        Survey weights > 0 of the rows.
    least : int
        Items every construct must have.

    Returns
    -------
    ItemBlocks

    Raises
    ------
    DataError
        Naming every construct with too few items, item that is not in the data or stands twice, constant or
        collinear column; or if there are not more complete rows than items.
    """
    listed = check_mapping(items, constructs, least=least)
    names = tuple(item for chosen in listed.values() for item in chosen)
    ends = np.cumsum([0, *(len(chosen) for chosen in listed.values())])
    blocks = tuple(tuple(range(a, b)) for a, b in pairwise(ends))
    values = used = weight = None
    if isinstance(items, Moments):
        if weights is not None:
            found = "weights belong to rows, and moments are given"
            raise DataError(
                Problem("weights", found, "Weight the moments: Moments.from_frame(rows, weights).")
            )
        moments = items.subset(names)
        _check_rows(moments.n_obs, 0, len(names))
    else:
        frame = items.set_axis(items.columns.map(str), axis=1)
        matrix = numbers(frame, names)
        used = np.asarray(~np.isnan(matrix).any(axis=1))
        values = matrix[used]
        _check_rows(len(values), len(matrix) - len(values), len(names))
        weight = None if weights is None else weights_of(weights, items)[used]
        moments = Moments.from_frame(pd.DataFrame(values, columns=list(names)), weight)
    check_collinear(names, moments.correlation)
    return ItemBlocks(
        constructs=tuple(listed), items=names, blocks=blocks, moments=moments, values=values, used=used,
        weights=weight,
    )  # fmt: skip


def negative_items(
    items: pd.DataFrame | Moments, constructs: Mapping[str, Sequence[str]]
) -> tuple[Problem, ...]:
    """Items that go against the others of their construct, as unreversed ones do.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Rows with a gap are not used.
    constructs : mapping of str to sequence of str
        Construct -> its columns.

    Returns
    -------
    tuple of Problem
        One for each item that correlates negatively, on average, with the other items of its construct and
        lies on the smaller side of their first principal component (either, where the sides are equal).
        Ratios and average variance extracted do not show it: they work on absolute or squared values.

    Raises
    ------
    DataError
        As `heterotrait_monotrait`.
    """
    return negative_in(item_blocks(items, constructs))


def negative_in(read: ItemBlocks) -> tuple[Problem, ...]:
    """As `negative_items`, of items already read."""
    found: list[Problem] = []
    for construct, block in zip(read.constructs, read.blocks, strict=True):
        if len(block) < 2:
            continue
        within = read.correlation[np.ix_(block, block)]
        means = (within.sum(axis=1) - 1) / (len(block) - 1)
        sides = np.sign(np.linalg.eigh(within)[1][:, -1])
        against = (sides * sides.sum() <= 0) & (means < 0)
        found += [
            Problem(
                f"constructs.{construct}",
                f"'{read.items[at]}' correlates {mean:.2f} on average with the other items of '{construct}'",
                "Turn the item if it is worded the other way round.",
            )
            for at, mean, bad in zip(block, means, against, strict=True)
            if bad
        ]
    return tuple(found)


def weights_of(weights: ArrayLike | pd.Series, rows: pd.DataFrame) -> Floats:
    """Weights in the order of the rows, shape (n,); a Series must carry the rows' index."""
    if isinstance(weights, pd.Series) and not weights.index.equals(rows.index):
        found = "their index is not that of the items"
        raise DataError(Problem("weights", found, "Take both from the same frame."))
    values = np.array(weights, dtype=np.float64)
    if values.shape != (len(rows),):
        found = f"{values.size} weights for {len(rows)} rows"
        raise DataError(Problem("weights", found, "Give one a row."))
    return values


def check_mapping(
    items: pd.DataFrame | Moments, constructs: Mapping[str, Sequence[str]], *, least: int = 1
) -> dict[str, tuple[str, ...]]:
    """The mapping as text, refused where `item_blocks` says so of its names."""
    listed = {
        str(name): (chosen,) if isinstance(chosen, str) else tuple(str(item) for item in chosen)
        for name, chosen in constructs.items()
    }
    known = items.names if isinstance(items, Moments) else tuple(str(name) for name in items.columns)
    problems: list[Problem] = []
    if not listed:
        problems.append(Problem("constructs", "there are none", "Name constructs and their items."))
    homes: dict[str, str] = {}
    for construct, chosen in listed.items():
        where = f"constructs.{construct}"
        if len(chosen) < max(least, 1):
            count = "no item" if not chosen else "one item" if len(chosen) == 1 else f"{len(chosen)} items"
            found = f"{count}, at least {max(least, 1)} expected"
            problems.append(Problem(where, found, "Add items, or leave the construct out."))
        for item in chosen:
            fault = _fault(item, construct, homes, known)
            if fault is not None:
                problems.append(Problem(where, *fault))
            homes.setdefault(item, construct)
    if problems:
        raise DataError(*problems)
    return listed


def _fault(
    item: str, construct: str, homes: Mapping[str, str], known: tuple[str, ...]
) -> tuple[str, str] | None:
    """What is wrong with an item's name, and the remedy."""
    if item in homes:
        home = homes[item]
        found = f"'{item}' stands there twice" if home == construct else f"'{item}' is in '{home}' too"
        return found, "Keep it in one construct, once."
    if item not in known:
        return (
            f"item '{item}' is not in the data{closest(item, known)}",
            "Correct the name, or remove the item.",
        )
    if known.count(item) > 1:
        return f"column '{item}' stands more than once in the data", "Name every column once."
    return None


def _check_rows(n: int, dropped: int, p: int) -> None:
    if n <= p:
        gaps = f" ({dropped} have a gap)" if dropped else ""
        found = f"{n} complete rows{gaps} to {p} items, more rows than items expected"
        raise DataError(Problem("items", found, "Add rows, or leave items out."))
