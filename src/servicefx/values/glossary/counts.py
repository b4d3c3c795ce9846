"""Columns of counts."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["COUNTS"]

COUNTS: dict[str, Column] = {
    "n_obs": Column("rows used", "count", "count"),
    "n_left": Column("rows of the first group", "count", "count"),
    "n_right": Column("rows of the second group", "count", "count"),
    "n_units": Column("units (customers, outlets, firms) in those rows", "count", "count"),
    "n_clusters": Column("dependence groups in those rows", "count", "count"),
    "n_items": Column("items of the construct", "count", "count"),
    "n_draws": Column("resamples in which the number exists", "count", "count"),
    "n_splits": Column("ways of halving the items that were tried", "count", "count"),
    "n_missing": Column("answers missing", "count", "count"),
    "n_outside": Column("answers that the scale does not have", "count", "count"),
    "n_flagged": Column("rows flagged by the rule", "count", "count"),
    "n_judged": Column("rows the rule could judge", "count", "count"),
    "n_patterns": Column("different patterns of gaps", "count", "count"),
    "n_rows": Column("rows concerned", "count", "count"),
    "n_above_mean": Column("items predicted better than by the mean", "count", "count"),
    "n_better": Column("items predicted better than by regressions, by RMSE", "count", "count"),
    "n_better_mae": Column("the same by mean absolute error", "count", "count"),
    "free": Column("number of a free parameter in its model; 0 where it is not estimated", "count", "count"),
    "n_missed": Column("numbers that miss the rule", "count", "count"),
}
