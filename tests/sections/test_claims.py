from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from servicefx.effects.verdicts import claim_k2, verdict_against
from servicefx.sections.claims import claims_section
from servicefx.study.study import Study
from servicefx.values.table import Section

INF = float("inf")


def k2(section: Section | None):  # type: ignore[no-untyped-def]
    assert section is not None
    return next(table for table in section.tables if table.id == "claims").rows.set_index("measure")


def test_k2_is_read_with_the_fractions_of_the_scale(made: ModuleType) -> None:
    study: Study = made.survey()
    rows = k2(claims_section(study))
    scores = study.scores["customers"]
    answer = claim_k2(
        scores["satisfaction"],
        scores["repurchase"],
        cut_satisfied=5.0,
        cut_highly=1 + 8 / 9 * 6,
        cut_buys=1.0,
        clusters=study.clusters("customers"),
    )
    for measure, share, low, high in (
        ("K2a", answer.satisfied, 0.6, 0.7),
        ("K2b", answer.highly_satisfied, 0.9, INF),
    ):
        row = rows.loc[measure]
        assert row[["estimate", "conf_low", "conf_high", "n_obs"]].tolist() == [
            share.estimate, share.conf_low, share.conf_high, share.n_obs,
        ]  # fmt: skip
        assert (row["target_low"], row["target_high"]) == (low, high)
        assert row["verdict"] == verdict_against(share.conf_low, share.conf_high, low, high)


def test_stated_cut_offs_replace_the_fractions(made: ModuleType) -> None:
    study: Study = made.survey(claims={"K2": {"satisfied": 3.0, "highly_satisfied": 4.0}})
    scores = study.scores["customers"]["satisfaction"]
    rows = k2(claims_section(study))
    assert rows.loc["K2a", "n_obs"] == ((scores >= 3) & (scores < 4)).sum()
    assert rows.loc["K2b", "n_obs"] == (scores >= 4).sum()


def test_nobody_in_a_group_is_undecided_with_the_reason(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame[["sat1", "sat2"]] = frame[["sat1", "sat2"]].clip(upper=6)
    row = k2(claims_section(made.survey(frame))).loc["K2b"]
    assert (row["n_obs"], row["verdict"], row["undefined"]) == (0, "undecided", "nobody is in this group")
    assert np.isnan(row["estimate"])


@pytest.mark.parametrize("missing", ["satisfaction", "repurchase"])
def test_without_its_constructs_k2_is_not_tested_and_the_ledger_stands(
    made: ModuleType, missing: str
) -> None:
    constructs = {name: spec for name, spec in made.CONSTRUCTS.items() if name != missing}
    section = claims_section(made.survey(constructs=constructs, paths=[]))
    assert section is not None
    assert [table.id for table in section.tables] == ["ledger"]
    ledger = section.tables[0].rows.set_index("claim")["verdict"]
    assert len(ledger) == 10
    assert set(ledger) == {"not tested here"}
