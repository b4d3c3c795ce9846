"""Whether the answers may be trusted: careless rows, extreme items, missing answers."""

from __future__ import annotations

import pandas as pd

from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.rules import RULES
from servicefx.sections.assessed import (
    assessed,
    problem_notes,
    sample_note,
    source_note,
    text_notes,
    undefined_notes,
)
from servicefx.sections.notes import answering
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["screening_section"]

_PATTERNS = 5
"""Patterns of gaps listed."""
_ANY, _SHARE = "any_rule", "; share: "


@answering("screening")
def screening_section(study: Study, seed: int | None = None) -> Section | None:
    """Rows flagged by each rule, items at the ends of their scale, and whether gaps come at random.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        None where no construct has items.
    """
    report = assessed(study, "screening", seed=seed)
    if report is None:
        return None
    if "flags" not in report.names:
        title = Phrase(key="section.screening")
        return Section(id="screening", title=title, notes=undefined_notes(report, "screening"))
    flags = report.frame("flags")
    any_rule = flags[flags["rule"] == _ANY].iloc[0]
    columns = ["rule", "share", "n_flagged", "n_judged", "cut", "judgement", "undefined"]
    shown = flags.assign(cut=[f"{value:.4g}" for value in flags["cut"]])[columns]
    items = report.frame("items")
    item_columns = ["construct", "item", "missing_share", "floor_share", "ceiling_share", "skew", "kurtosis"]
    test = report.frame("gaps_test")
    findings = [
        Phrase(
            key="finding.screening",
            values={"share": float(any_rule["share"]), "n": int(any_rule["n_flagged"])},
        )
    ]
    random = float(test["p_value"].iloc[0])
    if pd.notna(random):
        key = "finding.gaps_at_random" if random >= 1 - study.level else "finding.gaps_not_at_random"
        findings.append(Phrase(key=key, values={"p": random}))
    notes = (
        sample_note(report),
        *text_notes(report, "screening"),
        *problem_notes(report),
        *(
            source_note(str(rule), str(source).split(_SHARE)[0])
            for rule, source in zip(flags["rule"], flags["source"], strict=True)
            if source
        ),
        source_note("flagged_share", RULES["flagged_share"].source),
    )
    return Section(
        id="screening",
        title=Phrase(key="section.screening"),
        findings=tuple(findings),
        tables=(
            Table(id="screening", title=Phrase(key="table.screening"), rows=shown, notes=notes),
            Table(
                id="screening_items",
                title=Phrase(key="table.screening_items"),
                rows=items[[*item_columns, "n_obs", "undefined"]],
                notes=(Phrase(key="note.screening_items"),),
            ),
            *_patterns(report),
        ),
    )


def _patterns(report: MeasurementReport) -> tuple[Table, ...]:
    """Which answers are missing together, and whether by chance; nothing where none is missing."""
    patterns, test = report.frame("patterns"), report.frame("gaps_test").iloc[0]
    if not (patterns["n_missing"] > 0).any():
        return ()
    rows = patterns.head(_PATTERNS)[["missing", "n_missing", "n_rows", "share"]]
    rows["missing"] = rows["missing"].mask(rows["n_missing"] == 0, "nothing")
    told = Phrase(key="note.text", values={"text": str(test["undefined"])})
    if pd.notna(test["p_value"]):
        values = {"chi2": float(test["chi2"]), "df": float(test["df"]), "p": float(test["p_value"])}
        told = Phrase(key="note.little", values={**values, "n_patterns": int(test["n_patterns"])})
    return (
        Table(
            id="missing_patterns",
            title=Phrase(key="table.missing_patterns"),
            rows=rows,
            notes=(told,),
        ),
    )
