"""What was understood of a study: constructs, answers missing, rows read and dropped (`servicefx check`)."""

from __future__ import annotations

import pandas as pd

from servicefx.study.study import Study

__all__ = ["answer_counts", "construct_summary", "row_counts"]


def construct_summary(study: Study, language: str = "en") -> pd.DataFrame:
    """Constructs as the study measures them.

    Parameters
    ----------
    study : Study
    language : str
        Of the labels, ``"en"`` or ``"zh"``.

    Returns
    -------
    DataFrame
        One row a construct and data file that measures it: ``construct, label, data, n_items`` (columns
        there), ``n_rows`` (rows kept), ``n_missing`` (answers missing), ``share`` (of all answers, [0, 1]),
        ``n_obs`` (rows with a score).
    """
    rows = []
    for construct in study.spec.constructs:
        for data in study.spec.measured(construct):
            columns = list(study.spec.columns(construct, data))
            answers = study.frames[data][columns]
            n_missing = int(answers.isna().sum().sum())
            rows.append(
                {
                    "construct": construct,
                    "label": study.label(construct, language),
                    "data": data,
                    "n_items": len(columns),
                    "n_rows": len(answers),
                    "n_missing": n_missing,
                    "share": n_missing / answers.size,
                    "n_obs": int(study.scores[data][construct].notna().sum()),
                }
            )
    return pd.DataFrame(rows)


def row_counts(study: Study) -> pd.DataFrame:
    """Rows read, and rows dropped on reading by reason.

    Returns
    -------
    DataFrame
        ``data, reason, n_rows``; ``reason`` is ``"rows read"`` first, then why rows were dropped.
    """
    rows = [
        {"data": data, "reason": reason, "n_rows": count}
        for data, counts in study.counts.items()
        for reason, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=["data", "reason", "n_rows"])


def answer_counts(study: Study) -> pd.DataFrame:
    """Answers missing in items and measures, by reason.

    Returns
    -------
    DataFrame
        ``data, reason, n_missing``; ``reason`` is ``"blank"``, ``"code -99"``, ``"missing in the file"``.
    """
    rows = [
        {"data": data, "reason": reason, "n_missing": count}
        for data, counts in study.missing_answers.items()
        for reason, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=["data", "reason", "n_missing"])
