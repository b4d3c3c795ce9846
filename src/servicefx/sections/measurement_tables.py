"""Tables of the measurement section: loadings, pairs of constructs, components, method bias."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from servicefx.measurement.assessment import MeasurementReport
from servicefx.values.table import Phrase, Table

__all__ = ["bias_table", "components_table", "loadings_table", "pairs_table"]

_BEYOND = 2
"""Components shown after those retained."""


def loadings_table(report: MeasurementReport, notes: tuple[Phrase, ...]) -> Table | None:
    """Standardised loadings of the model of all constructs; None where there is none."""
    if "loadings" not in report.names:
        return None
    rows = report.frame("loadings").rename(columns={"estimate": "loading"})
    return Table(
        id="loadings",
        title=Phrase(key="table.loadings"),
        rows=rows[["construct", "item", "loading", "conf_low", "conf_high", "undefined"]],
        notes=(Phrase(key="note.loadings_joint"), *notes),
    )


def pairs_table(report: MeasurementReport, notes: tuple[Phrase, ...]) -> Table | None:
    """Correlation of every pair of constructs, its interval, and the ratios of their items."""
    if "correlations" not in report.names:
        return None
    rows = report.frame("correlations").copy()
    ratios = report.frame("htmt")
    reasons = list(rows["undefined"])
    for measure, name in (("htmt", "ratio"), ("htmt2", "ratio_geometric")):
        some = ratios[ratios["measure"] == measure]
        known = dict(zip(zip(some["left"], some["right"], strict=True), some["ratio"], strict=True))
        rows[name] = [
            known.get(pair, known.get(pair[::-1], np.nan))
            for pair in zip(rows["construct"], rows["other"], strict=True)
        ]
        high = dict(zip(zip(some["left"], some["right"], strict=True), some["conf_high"], strict=True))
        whys = dict(zip(zip(some["left"], some["right"], strict=True), some["undefined"], strict=True))
        for at, pair in enumerate(zip(rows["construct"], rows["other"], strict=True)):
            reasons[at] = reasons[at] or whys.get(pair, whys.get(pair[::-1], ""))
        if measure == "htmt":
            rows["ratio_high"] = [
                high.get(pair, high.get(pair[::-1], np.nan))
                for pair in zip(rows["construct"], rows["other"], strict=True)
            ]
    rows["undefined"] = reasons
    columns = [
        "construct", "other", "estimate", "conf_low", "conf_high", "severity", "ratio", "ratio_high",
        "ratio_geometric", "undefined",
    ]  # fmt: skip
    return Table(
        id="construct_pairs",
        title=Phrase(key="table.construct_pairs"),
        rows=rows[columns],
        notes=(Phrase(key="note.construct_pairs"), *notes),
    )


def components_table(report: MeasurementReport, notes: tuple[Phrase, ...]) -> Table | None:
    """Eigenvalues against those of unrelated items, as far as they matter."""
    if "components" not in report.names:
        return None
    table = report.frame("components")
    retained = int(table["retained"].sum())
    rows = table.head(retained + _BEYOND).copy()
    rows["retained"] = np.where(rows["retained"], "yes", "no")
    columns = ["component", "eigenvalue", "simulated_mean", "simulated_quantile", "retained"]
    return Table(
        id="components",
        title=Phrase(key="table.components"),
        rows=rows[columns],
        notes=(Phrase(key="note.components"), *notes),
    )


def bias_table(report: MeasurementReport, notes: tuple[Phrase, ...]) -> Table | None:
    """What one method may have made: single factor, method factor, collinearity of all constructs."""
    if "single_factor" not in report.names:
        return None
    judged = report.rules.set_index(["rule", "subject"])["judgement"]
    rows: list[dict[str, object]] = []
    for row in report.frame("single_factor").to_dict("records"):
        rows.append(
            {"measure": row["measure"], "construct": "", "estimate": row["share"], **_ends(row)}
            | {"judgement": judged.get(("single_factor_share", str(row["measure"]).replace("_", " ")), "")}
        )
    if "method_variance" in report.names:
        table = report.frame("method_variance")
        whole = table[(table["model"] == "equal") & (table["construct"] == "")]
        rows += [
            {"measure": "method_share", "construct": "", "estimate": row["method_share"], **_ends(row)}
            | {"judgement": "", "undefined": row["undefined"]}
            for row in whole.to_dict("records")
        ]
    for row in report.frame("full_collinearity").to_dict("records"):
        rows.append(
            {"measure": "full_collinearity", "construct": row["construct"], "estimate": row["estimate"]}
            | _ends(row)
            | {"judgement": judged.get(("full_collinearity_vif", row["construct"]), "")}
        )
    for made in rows:
        made.setdefault("undefined", "")
    return Table(
        id="method_bias", title=Phrase(key="table.method_bias"), rows=pd.DataFrame(rows), notes=notes
    )


def _ends(row: Mapping[Hashable, object]) -> dict[str, object]:
    return {"conf_low": row["conf_low"], "conf_high": row["conf_high"]}
