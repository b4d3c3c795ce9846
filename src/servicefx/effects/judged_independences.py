"""Independences a graph implies, each judged by the test that item error does not deceive, and by size."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from servicefx.effects.error_free import partial_tie
from servicefx.effects.graph import CausalGraph
from servicefx.effects.independences import implied_independences
from servicefx.effects.node_values import NodeValues
from servicefx.errors import DataError, IdentificationError

__all__ = ["SIZE", "judged_independences"]

SIZE = 0.1
"""Partial correlation from which a contradiction counts (small, by Cohen 1988, p. 79)."""

_FREED = {"estimate": "freed", "conf_low": "freed_low", "conf_high": "freed_high", "p_value": "freed_p"}
_COLUMNS = (
    "left", "right", "given", "estimate", "conf_low", "conf_high", "p_value", "p_adjusted",
    "freed", "freed_low", "freed_high", "freed_p", "freed_p_adjusted", "n_obs", "verdict", "undefined",
)  # fmt: skip


def judged_independences(
    graph: CausalGraph, values: NodeValues, *, level: float = 0.95, size: float = SIZE
) -> pd.DataFrame:
    """Hold a graph against data whose scores carry the error of their items.

    What a score leaves unheld of its construct keeps a way open that the graph calls closed: given a noisy
    score, an independence fails although the graph is right. Such tests are therefore judged with the error
    of items taken out, and not at all where that error is unknown.

    Parameters
    ----------
    graph : CausalGraph
    values : NodeValues
        Of its measured nodes.
    level : float
        Of intervals; one less is the share of false alarms allowed among the contradictions.
    size : float
        Partial correlation from which a contradiction counts.

    Returns
    -------
    DataFrame
        One row a pair that some measured nodes separate: ``left, right, given``; of scores as they stand
        ``estimate, conf_low, conf_high, p_value, p_adjusted``; without item error ``freed, freed_low,
        freed_high, freed_p, freed_p_adjusted``; ``n_obs, verdict, undefined`` (why there is no test, or no
        judgement). Largest decisive correlation first. Verdicts:

        - ``"contradicted"``: not zero, and at least ``size``;
        - ``"small"``: not zero, but smaller;
        - ``"attenuated"``: not zero on scores, but without their error nothing speaks against zero;
        - ``"near_zero"``: nothing speaks against zero, and the interval stays within ``size``;
        - ``"undecided"``: nothing speaks against zero, but the interval leaves room for more;
        - ``"not_judged"``: what is held carries an error nobody can tell.

    Notes
    -----
    Corrected p-values are those of Benjamini & Hochberg (1995), over all pairs, apart for both versions. A
    partial correlation sees straight-line dependence only.

    References
    ----------
    Kuroki & Pearl (2014), Biometrika 101, 423-437 (measurement error in what is held); Ankan, Wortel &
    Textor (2021), Current Protocols 1, e45 (judge tests of a graph by size).
    """
    rows = [_row(values, left, right, given, level) for left, right, given in implied_independences(graph)]
    table = pd.DataFrame(rows).reindex(columns=list(_COLUMNS))
    if table.empty:
        return table
    for raw, corrected in (("p_value", "p_adjusted"), ("freed_p", "freed_p_adjusted")):
        table[corrected] = _corrected(table[raw].to_numpy(dtype=float))
    table["verdict"] = [
        _verdict(row, values, str(row["given"]), level, size) for row in table.to_dict("records")
    ]
    decisive = table["freed"].astype(float).fillna(table["estimate"].astype(float)).abs()
    decisive[table["verdict"].isin(["", "not_judged"])] = -1.0
    order = decisive.sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _row(
    values: NodeValues, left: str, right: str, given: tuple[str, ...], level: float
) -> dict[str, object]:
    """Both versions of one test."""
    row: dict[str, object] = {"left": left, "right": right, "given": ", ".join(given), "undefined": ""}
    try:
        row |= partial_tie(values, left, right, given, level=level)
    except (DataError, IdentificationError) as refusal:
        return row | {"undefined": refusal.problems[0].found}
    if all(values.error[name] == "none" for name in (left, right, *given)):
        return row | {name: row[plain] for plain, name in _FREED.items()}
    try:
        freed = partial_tie(values, left, right, given, freed=True, level=level)
    except (DataError, IdentificationError) as refusal:
        return row | {"undefined": refusal.problems[0].found}
    return row | {name: freed[plain] for plain, name in _FREED.items()}


def _corrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(p_values)
    corrected = np.full(len(p_values), np.nan)
    if known.any():
        corrected[known] = false_discovery_control(p_values[known], method="bh")
    return corrected


def _verdict(row: Mapping[Hashable, Any], values: NodeValues, given: str, level: float, size: float) -> str:
    """What the test that can be trusted says."""
    if np.isnan(row["estimate"]):
        return ""
    noisy = any(values.error[name] != "none" for name in given.split(", ") if name)
    if np.isnan(row["freed"]):
        if noisy:
            return "not_judged"
        estimate, low, high, p = row["estimate"], row["conf_low"], row["conf_high"], row["p_adjusted"]
    else:
        estimate, low, high, p = row["freed"], row["freed_low"], row["freed_high"], row["freed_p_adjusted"]
    if p < 1 - level:
        return "contradicted" if abs(estimate) >= size else "small"
    if noisy and row["p_adjusted"] < 1 - level:
        return "attenuated"
    return "near_zero" if -size < low and high < size else "undecided"
