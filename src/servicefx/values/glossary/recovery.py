"""Columns of complaints and recovery, and of what the firm can change."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["RECOVERY"]

RECOVERY: dict[str, Column] = {
    "customers": Column("which customers a row is about", "-", "label"),
    "n_complainers": Column("customers who complained", "count", "count"),
    "n_silent": Column("customers who did not complain", "count", "count"),
    "n_handled": Column("customers who say how their complaint was handled", "count", "count"),
    "n_population": Column("customers an answer is about", "count", "count"),
    "mean_complainers": Column("mean of those who complained", "points of the scale", "estimate"),
    "mean_silent": Column("mean of those who did not complain", "points of the scale", "estimate"),
    "before": Column(
        "mean of the complainers less that of all, before weighting", "standard deviations", "estimate"
    ),
    "after": Column("the same after weighting", "standard deviations", "estimate"),
}
