"""Columns of mediations: contrasts of routes, and hidden causes of mediator and outcome."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["MEDIATION"]

MEDIATION: dict[str, Column] = {
    "less": Column("route whose effect a contrast takes away; empty where there is none", "-", "label"),
    "less_at": Column("moderator value whose effect a contrast takes away", "as the moderator", "estimate"),
    "bca_low": Column(
        "lower end of the bias-corrected and accelerated interval", "as the estimate", "estimate"
    ),
    "bca_high": Column("upper end of that interval", "as the estimate", "estimate"),
    "rho": Column("correlation of the errors of mediator and outcome", "(-1, 1)", "estimate"),
    "rho_low": Column("lower end of the interval of the errors' correlation", "(-1, 1)", "estimate"),
    "rho_high": Column("upper end of the interval of the errors' correlation", "(-1, 1)", "estimate"),
    "r2_rest": Column(
        "shares of what is left unexplained that a hidden cause explains in mediator and outcome, multiplied",
        "[0, 1]",
        "share",
    ),
    "r2_whole": Column("the same of the whole variances", "[0, 1]", "share"),
}
