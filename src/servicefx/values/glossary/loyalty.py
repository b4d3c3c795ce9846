"""Columns of the questions about loyalty and repurchase: curves, zones, chances and their changes."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["LOYALTY"]

LOYALTY: dict[str, Column] = {
    "x": Column("where along the horizontal axis a curve is read", "as the term", "estimate"),
    "zone": Column("part of a score in which a curve has a slope of its own", "-", "label"),
    "log_loss": Column(
        "minus the mean log likelihood of rows not learnt from: lower is better", "(-inf, inf)", "estimate"
    ),
    "loss_change": Column(
        "minus the log likelihood of 1,000 rows not learnt from, less the straight line's: below 0 is better",
        "(-inf, inf)", "estimate",
    ),
    "choice": Column("how a form stands beside the chosen one: as good, worse or better", "-", "text"),
    "start": Column("value of the term before a change", "as the term", "estimate"),
    "end": Column("value of the term after a change, or where a chance is read", "as the term", "estimate"),
    "delta_error": Column("standard error by the delta method", "as the estimate", "estimate"),
    "delta_low": Column("lower end of the interval by the delta method", "as the estimate", "estimate"),
    "delta_high": Column("upper end of the interval by the delta method", "as the estimate", "estimate"),
    "fitted": Column("share of answers a model expects", "[0, 1]", "share"),
    "n_below": Column("rows with an answer at or below a boundary", "count", "count"),
    "n_above": Column("rows with an answer above a boundary", "count", "count"),
}  # fmt: skip
