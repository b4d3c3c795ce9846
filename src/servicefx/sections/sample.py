"""Who answered: rows read and left out by reason, constructs and missing answers."""

from __future__ import annotations

import pandas as pd

from servicefx.sections.notes import answering, score_notes
from servicefx.study.study import Study
from servicefx.study.summary import answer_counts, construct_summary, row_counts
from servicefx.values.table import Phrase, Section, Table

__all__ = ["sample_section"]


@answering("sample")
def sample_section(study: Study, seed: int | None = None) -> Section:  # noqa: ARG001 - every section has it
    """Rows of every data file by what happened to them, and what every construct rests on.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section
        Tables ``sample`` (rows by what happened to them) and ``constructs`` (rows with a score, answers
        missing and their share; see `servicefx.study.summary`).
    """
    used = pd.DataFrame(
        [{"data": data, "reason": "rows used", "n_rows": len(frame)} for data, frame in study.frames.items()]
    )
    order = {data: place for place, data in enumerate(study.frames)}
    rows = pd.concat([row_counts(study), used], ignore_index=True)
    sample = rows.sort_values("data", key=lambda names: names.map(order), kind="stable")
    missing = answer_counts(study)
    first = next(iter(study.frames))
    return Section(
        id="sample",
        title=Phrase(key="section.sample"),
        findings=tuple(
            Phrase(key="finding.sample", values={"n": len(frame), "data": data})
            for data, frame in study.frames.items()
        ),
        tables=(
            Table(id="sample", title=Phrase(key="table.sample"), rows=sample),
            Table(
                id="constructs",
                title=Phrase(key="table.constructs"),
                rows=construct_summary(study).drop(columns="label"),
                notes=(
                    *(
                        Phrase(
                            key="note.answers_missing",
                            values={"n": row["n_missing"], "reason": row["reason"], "data": row["data"]},
                        )
                        for row in missing.to_dict("records")
                    ),
                    *score_notes(study, first)[:1],
                ),
            ),
        ),
    )
