"""Who answered: rows read and left out by reason, constructs and missing answers."""

from __future__ import annotations

import pandas as pd

from servicefx.sections.notes import answering, score_notes
from servicefx.study.study import Study
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
        Tables ``sample`` (``data, reason, n_rows``) and ``constructs`` (``construct, data, n_items, n_obs,
        n_missing, share``: persons with a score, answers missing and their share).
    """
    rows = [
        {"data": data, "reason": reason, "n_rows": n}
        for data, counts in study.counts.items()
        for reason, n in counts.items()
    ]
    rows += [
        {"data": data, "reason": "rows used", "n_rows": len(frame)} for data, frame in study.frames.items()
    ]
    order = {data: place for place, data in enumerate(study.frames)}
    sample = pd.DataFrame(rows).sort_values("data", key=lambda names: names.map(order), kind="stable")
    constructs = []
    for construct in study.spec.constructs:
        data = study.data_of(construct)
        items = study.items(construct)
        missing = int(items.isna().sum().sum())
        constructs.append(
            {
                "construct": construct,
                "data": data,
                "n_items": items.shape[1],
                "n_obs": int(study.scores[data][construct].notna().sum()),
                "n_missing": missing,
                "share": missing / items.size if items.size else float("nan"),
            }
        )
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
                rows=pd.DataFrame(constructs),
                notes=score_notes(study, first)[:1],
            ),
        ),
    )
