"""Tables of the measurement section: loadings, pairs of constructs, components, method bias."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.reliability import Reliability
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Table

__all__ = [
    "bias_table", "components_table", "items_table", "loadings_table", "marker_tables", "pairs_table",
]  # fmt: skip

_OWN_MODEL = "of the construct's own model, which has no interval here"
_BEYOND = 2
"""Components shown after those retained."""


def loadings_table(
    report: MeasurementReport, apart: Mapping[str, Reliability], notes: tuple[Phrase, ...]
) -> Table | None:
    """Standardised loadings of the model of all constructs; None where there is none.

    Constructs that are not in that model follow with the loadings of their own one-factor model, which has
    no interval here.
    """
    if "loadings" not in report.names:
        return None
    rows = report.frame("loadings").rename(columns={"estimate": "loading"})
    own = [
        {"construct": construct, "item": item, "loading": value, "undefined": _OWN_MODEL}
        for construct, fit in apart.items()
        for item, value in fit.loadings.items()
    ]
    columns = ["construct", "item", "loading", "conf_low", "conf_high", "undefined"]
    rows = pd.DataFrame([*rows[columns].to_dict("records"), *own], columns=columns)
    return Table(
        id="loadings",
        title=Phrase(key="table.loadings"),
        rows=rows,
        notes=(Phrase(key="note.loadings_joint"), *notes),
    )


def items_table(report: MeasurementReport) -> Table | None:
    """What each item does to the reliability of its construct; None where there is none."""
    if "item_statistics" not in report.names:
        return None
    columns = ["construct", "item", "mean", "sd", "item_rest", "alpha_if_deleted", "undefined"]
    table = report.frame("item_statistics")
    return Table(
        id="item_statistics",
        title=Phrase(key="table.item_statistics"),
        rows=table[[name for name in columns if name in table]],
        notes=(Phrase(key="note.item_statistics"),),
    )


def pairs_table(report: MeasurementReport, notes: tuple[Phrase, ...]) -> Table | None:
    """Correlation of every pair of constructs, its interval, and the ratios of their items."""
    if not {"correlations", "htmt"} & set(report.names):
        return None
    ratios = _ratios(report)
    if "correlations" in report.names:
        rows = report.frame("correlations").rename(columns={"estimate": "correlation"})
        pairs = list(zip(rows["construct"], rows["other"], strict=True))
    else:
        pairs = list(dict.fromkeys((left, right) for _, left, right in ratios))
        rows = pd.DataFrame(pairs, columns=["construct", "other"]).assign(undefined="")
    columns = [
        ("ratio", "htmt", "ratio"),
        ("ratio_high", "htmt", "conf_high"),
        ("ratio_geometric", "htmt2", "ratio"),
    ]
    for name, measure, column in columns:
        found = [ratios.get((measure, *pair), ratios.get((measure, *pair[::-1]), {})) for pair in pairs]
        rows[name] = np.array([row.get(column, np.nan) for row in found], dtype=float)
    reasons = [
        next((str(row["undefined"]) for row in _of_pair(ratios, pair) if row["undefined"]), "")
        for pair in pairs
    ]
    rows["undefined"] = [own or why for own, why in zip(rows["undefined"], reasons, strict=True)]
    shown = [
        "construct", "other", "correlation", "conf_low", "conf_high", "severity", "ratio", "ratio_high",
        "ratio_geometric", "undefined",
    ]  # fmt: skip
    return Table(
        id="construct_pairs",
        title=Phrase(key="table.construct_pairs"),
        rows=rows[[column for column in shown if column in rows.columns]],
        notes=(Phrase(key="note.construct_pairs"), *notes),
    )


def _ratios(report: MeasurementReport) -> dict[tuple[str, str, str], Mapping[Hashable, object]]:
    """(measure, construct, construct) -> row of the ratios."""
    if "htmt" not in report.names:
        return {}
    rows = report.frame("htmt").to_dict("records")
    return {(str(row["measure"]), str(row["left"]), str(row["right"])): row for row in rows}


def _of_pair(
    ratios: Mapping[tuple[str, str, str], Mapping[Hashable, object]], pair: tuple[str, str]
) -> list[Mapping[Hashable, object]]:
    return [row for (_, *names), row in ratios.items() if {*names} == {*pair}]


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
    judged = report.rules.set_index(["rule", "subject"])["judgement"]
    rows: list[dict[str, object]] = []
    for row in _rows(report, "single_factor"):
        subject = str(row["measure"]).replace("_", " ")
        rows.append(
            {"measure": row["measure"], "construct": "", "estimate": row["share"], **_ends(row)}
            | {"judgement": judged.get(("single_factor_share", subject), ""), "undefined": ""}
        )
    for row in _rows(report, "method_variance"):
        if (row["model"], row["construct"]) == ("equal", ""):
            rows.append(
                {"measure": "method_share", "construct": "", "estimate": row["method_share"], **_ends(row)}
                | {"judgement": "", "undefined": row["undefined"]}
            )
    for row in _rows(report, "full_collinearity"):
        subject = str(row["construct"])
        rows.append(
            {"measure": "full_collinearity", "construct": subject, "estimate": row["estimate"], **_ends(row)}
            | {"judgement": judged.get(("full_collinearity_vif", subject), ""), "undefined": ""}
        )
    if not rows:
        return None
    return Table(
        id="method_bias", title=Phrase(key="table.method_bias"), rows=pd.DataFrame(rows), notes=notes
    )


def marker_tables(study: Study, report: MeasurementReport) -> list[Table]:
    """Correlations less what a marker variable shares with all, and models with it, where one is stated."""
    stated = study.spec.measurement
    if stated is None or not stated.marker:
        return []
    columns = {
        "marker": ["construct", "other", "estimate", "adjusted", "conf_low", "conf_high", "p_value"],
        "marker_models": [
            "model",
            "chi2",
            "df",
            "cfi",
            "rmsea",
            "against",
            "chi2_diff",
            "df_diff",
            "p_value",
        ],
    }
    return [
        Table(
            id=name,
            title=Phrase(key=f"table.{name}"),
            rows=report.frame(name)[[*columns[name], "undefined"]],
            notes=(
                Phrase(key=f"note.{name}"),
                *(Phrase(key="note.text", values={"text": told}) for told in report.notes.get(name, ())),
            ),
        )
        for name in columns
        if name in report.names
    ]


def _rows(report: MeasurementReport, name: str) -> list[dict[Hashable, object]]:
    """Rows of a frame; none where it is not answered."""
    return report.frame(name).to_dict("records") if name in report.names else []


def _ends(row: Mapping[Hashable, object]) -> dict[str, object]:
    return {"conf_low": row["conf_low"], "conf_high": row["conf_high"]}
