"""Columns of causal footing: comparisons beside a declared graph, its independences, unmeasured causes."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["CAUSES"]

CAUSES: dict[str, Column] = {
    "freed": Column("the estimate with the error of items taken out", "as the estimate", "estimate"),
    "freed_low": Column("lower end of its interval", "as the estimate", "estimate"),
    "freed_high": Column("upper end of its interval", "as the estimate", "estimate"),
    "freed_p": Column("its two-sided p-value", "[0, 1]", "p_value"),
    "freed_p_adjusted": Column("its p-value, corrected for the number of tests", "[0, 1]", "p_value"),
    "answers": Column("which effect a comparison answers: total, direct or none", "-", "text"),
    "open_way": Column("a way between two nodes that what is held leaves open", "-", "label"),
    "footing": Column("what a path has earned to be called: effect or association", "-", "text"),
    "ground": Column("why a path is no more than an association; 'none' where it is", "-", "text"),
    "n_minimal": Column("smallest sets of nodes that leave an effect", "count", "count"),
    "n_sets": Column("all sets of nodes that leave the total effect", "count", "count"),
    "partial_r2": Column("share of the outcome's remaining variance the term explains", "[0, 1]", "share"),
    "robustness_value": Column(
        "share of what is left of term and outcome an unmeasured cause must explain to bring the estimate to "
        "zero",
        "[0, 1]",
        "share",
    ),
    "robustness_value_interval": Column("the same for the interval to reach zero", "[0, 1]", "share"),
    "e_value": Column(
        "risk ratio at which an unmeasured cause explains the estimate away", "[1, inf)", "estimate"
    ),
    "e_value_limit": Column("the same for the interval's end nearer to zero", "[1, inf)", "estimate"),
}
