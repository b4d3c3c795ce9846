"""Steps 2 and 3 of MICOM for one pair of groups, row by row, and what follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from servicefx.pls.groups.grouped import Grouped, Pair
from servicefx.pls.groups.permutation import PairStatistics, as_far

__all__ = ["ONE_ITEM", "composition_rows", "equality_rows", "varying_constructs", "verdict_rows"]

Row = dict[str, Any]
ONE_ITEM = "one item: it is its own composite in every group"
_ROUNDING = 1e-12


def composition_rows(
    asked: Grouped, pair: Pair, observed: PairStatistics, drawn: PairStatistics, alpha: float
) -> list[Row]:
    """Step 2 of one pair: a row for each construct."""
    rows: list[Row] = []
    for at, construct in enumerate(asked.fit.model.constructs):
        c = float(observed.composition[0, at])
        draws = drawn.composition[:, at]
        draws = draws[np.isfinite(draws)]
        single = len(asked.fit.model.items_of(construct)) == 1
        known = len(draws) > 0 and np.isfinite(c) and not single
        near = 1e-6 * (1.0 - c) + 1e-13
        rows.append(
            {
                "construct": construct,
                "group_left": pair.left,
                "group_right": pair.right,
                "estimate": 1.0 if single else c,
                "critical": float(np.quantile(draws, alpha)) if known else np.nan,
                "p_value": float((np.sum(draws <= c + near) + 1) / (len(draws) + 1)) if known else np.nan,
                "n_draws": len(draws),
                "undefined": ONE_ITEM if single else ("" if known else "no permutation has an answer"),
            }
        )
    return rows


def equality_rows(
    asked: Grouped, pair: Pair, observed: PairStatistics, drawn: PairStatistics, alpha: float
) -> list[Row]:
    """Step 3 of one pair: rows of means, then of variances."""
    rows: list[Row] = []
    for measure, name in (("mean", "mean"), ("log variance ratio", "log_variance")):
        values, draws = getattr(observed, name)[0], getattr(drawn, name)
        p_values, _, known = as_far(draws, values)
        for at, construct in enumerate(asked.fit.model.constructs):
            column = draws[:, at]
            column = column[np.isfinite(column)]
            low, high = np.quantile(column, [alpha / 2, 1 - alpha / 2]) if len(column) else (np.nan, np.nan)
            rows.append(
                {
                    "construct": construct,
                    "measure": measure,
                    "group_left": pair.left,
                    "group_right": pair.right,
                    "estimate": float(values[at]),
                    "null_low": float(low),
                    "null_high": float(high),
                    "p_value": float(p_values[at]),
                    "n_draws": int(known[at]),
                    "undefined": "" if np.isfinite(p_values[at]) else "no permutation has an answer",
                }
            )
    return rows


def verdict_rows(composition: list[Row], equality: list[Row], alpha: float) -> list[Row]:
    """What steps 2 and 3 of one pair come to: a row for each construct; no verdict without its numbers."""
    by_measure = {(row["measure"], row["construct"]): row for row in equality}
    rows: list[Row] = []
    for row in composition:
        construct = row["construct"]
        numbers = {
            "p_composition": row["p_value"],
            "p_mean": by_measure["mean", construct]["p_value"],
            "p_variance": by_measure["log variance ratio", construct]["p_value"],
        }
        known = {name for name, p in numbers.items() if np.isfinite(p)}
        differs = {name for name in known if numbers[name] <= alpha + _ROUNDING}
        needed = {"p_mean", "p_variance"} | (set() if row["undefined"] == ONE_ITEM else {"p_composition"})
        if not needed <= known:
            verdict = ""
        elif "p_composition" in differs:
            verdict = "none"
        else:
            verdict = "partial" if differs else "full"
        groups = {name: row[name] for name in ("group_left", "group_right")}
        rows.append({"construct": construct, **groups, "verdict": verdict, **numbers})
    return rows


def varying_constructs(rows: list[Row], alpha: float) -> tuple[str, ...]:
    """Constructs whose composition differs, by the rows of `composition_rows`."""
    return tuple(str(row["construct"]) for row in rows if row["p_value"] <= alpha + _ROUNDING)
