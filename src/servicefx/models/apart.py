"""Names kept apart where items, constructs, columns held and clusters meet in one frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from servicefx.errors import DataError, Problem

__all__ = ["check_quotes", "free_name", "items_apart"]


def check_quotes(names: Iterable[str], where: str) -> None:
    """Refuse names that a model text, which puts them in double quotes, cannot hold."""
    found = [name for name in dict.fromkeys(names) if '"' in name]
    if found:
        said = "names with double quotes, which a model cannot hold: " + ", ".join(f"'{n}'" for n in found)
        raise DataError(Problem(where, said, "Rename them."))


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with primes behind it until nothing else bears it.

    Examples
    --------
    >>> free_name("product 1", ["trust"]), free_name("product 1", ["product 1"])
    ('product 1', 'product 1′')
    """
    while name in taken:
        name += "′"
    return name


def items_apart(
    frame: pd.DataFrame, blocks: Mapping[str, Sequence[str]], taken: Collection[str] = ()
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Items under names that are no construct's and no other column's, so that no column writes over another.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Holds every item.
    blocks : mapping of str to sequence of str
        Construct -> its items. The item of a construct of one may bear the construct's name.
    taken : collection of str
        Names of other columns of the model.

    Returns
    -------
    frame : DataFrame, shape (n, q)
        The items alone, ``"trust (item)"`` where one bore a name in use.
    blocks : dict of str to tuple of str
        Construct -> its items as now named.
    """
    columns: dict[str, pd.Series] = {}
    named = {}
    for construct, items in blocks.items():
        own = []
        for item in items:
            others = {name for name in blocks if name != construct or len(items) > 1} | {*taken}
            name = free_name(f"{item} (item)", [*frame.columns, *others]) if item in others else item
            columns[name] = frame[item]
            own.append(name)
        named[construct] = tuple(own)
    return pd.DataFrame(columns), named
