"""Columns of words: units, designs, verdicts, reasons."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["REMARKS"]

REMARKS: dict[str, Column] = {
    "label": Column("name in the reader's language, or of a parameter in its model", "-", "text"),
    "unit": Column("unit of the estimate", "-", "text"),
    "design": Column("what the comparison rests on", "-", "text"),
    "estimand": Column("what is asked, as a sentence", "-", "text"),
    "predicted": Column("sign a hypothesis predicts", "-", "text"),
    "verdict": Column("supported, contradicted or undecided; invariance: full, partial or none", "-", "text"),
    "caution": Column("why a number of the row needs care; empty where it does not", "-", "text"),
    "undefined": Column("why a number of the row does not exist; empty where all do", "-", "text"),
    "interval": Column("how the confidence interval was made; empty where there is none", "-", "text"),
    "flag": Column("what the reader should know about the row; empty where nothing", "-", "text"),
    "wording": Column("the claim in short", "-", "text"),
    "retained": Column("whether a component exceeds those of unrelated items", "-", "text"),
    "severity": Column("how near two constructs come to one: none to severe", "-", "text"),
    "predictive_power": Column("how many items beat regressions: high, medium, low, none", "-", "text"),
    "against": Column("the model it is tested against; empty where there is none", "-", "text"),
    "judgement": Column("pass, warn or fail; empty where there is no number", "-", "text"),
    "source": Column("where a claim or a rule comes from", "-", "text"),
    "data_needed": Column("data that would test the claim", "-", "text"),
}
