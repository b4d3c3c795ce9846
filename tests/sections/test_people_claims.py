"""K3 and K6 where customers say how many people they told."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.answers import mean_of
from servicefx.measurement.waves import difference_of_means
from servicefx.report.words import say
from servicefx.sections.claims import claims_section
from servicefx.study.study import Study
from servicefx.values.table import Section


def told(made: ModuleType, people: object = None, **tables: object) -> Study:
    frame = made.survey_frame(n=900)
    score = frame[["sat1", "sat2"]].mean(axis=1)
    rng = np.random.default_rng(6)
    numbers = rng.poisson(np.select([score <= 3, score < 6.3], [20, 10], 14)).astype(float)
    frame["told"] = numbers if people is None else people
    constructs = made.CONSTRUCTS | {"people_told": {"mode": "single", "items": ["told"]}}
    return made.survey(frame, **({"constructs": constructs} | tables))


def claims(section: Section | None) -> pd.DataFrame:
    assert section is not None
    return next(table for table in section.tables if table.id == "claims").rows.set_index("measure")


def ledger(section: Section | None) -> dict[str, str]:
    assert section is not None
    found = next(table for table in section.tables if table.id == "ledger").rows
    return dict(zip(found["claim"], found["verdict"], strict=True))


def test_means_and_the_difference_are_those_of_the_groups(made: ModuleType) -> None:
    study = told(made)
    rows = claims(claims_section(study))
    scores, clusters = study.scores["customers"], study.clusters("customers")
    people, score = scores["people_told"], scores["satisfaction"]
    satisfied, highly = score >= 5, score >= 1 + 8 / 9 * 6
    for measure, who in (("K3a", satisfied & ~highly), ("K6a", satisfied), ("K6b", score <= 3)):
        alone = mean_of(people[who], clusters=clusters)
        assert rows.loc[measure, ["estimate", "conf_low", "conf_high", "n_obs"]].tolist() == pytest.approx(
            [alone.estimate, alone.conf_low, alone.conf_high, alone.n_obs]
        )
    pair = difference_of_means(people, highly, satisfied & ~highly, clusters=clusters)
    assert rows.loc["K3b", ["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [pair.estimate, pair.conf_low, pair.conf_high]
    )


def test_verdicts_compare_the_interval_with_the_claim(made: ModuleType) -> None:
    section = claims_section(told(made))
    rows = claims(section)
    assert rows.loc[["K3b", "K6a", "K6b"], "verdict"].tolist() == ["supported"] * 3
    assert ledger(section)["K6"] == "K6a supported; K6b supported"
    few = claims_section(told(made, np.tile([0.0, 1.0, 3.0], 300)))
    assert claims(few).loc[["K3a", "K6a", "K6b"], "verdict"].tolist() == ["contradicted"] * 3
    assert ledger(few)["K3"].startswith("K3a contradicted; K3b ")
    assert rows.loc["K6b", ["target_low", "target_high"]].tolist() == [15.0, 25.0]


def test_findings_are_said_in_people(made: ModuleType) -> None:
    section = claims_section(told(made))
    assert section is not None
    said = [say(finding, str) for finding in section.findings]
    assert any(text.startswith("K6b, mean number of people a dissatisfied customer tells: ") for text in said)
    assert any(" people [" in text for text in said)


def test_stated_cut_offs_replace_the_fractions(made: ModuleType) -> None:
    study = told(made, claims={"K6": {"dissatisfied": 2.0, "satisfied": 4.5}})
    score = study.scores["customers"]["satisfaction"]
    rows = claims(claims_section(study))
    assert rows.loc["K6b", "n_obs"] == (score <= 2).sum()
    assert rows.loc["K6a", "n_obs"] == (score >= 4.5).sum()


def test_nobody_dissatisfied_leaves_that_part_undecided(made: ModuleType) -> None:
    frame = made.survey_frame(n=900)
    frame[["sat1", "sat2"]] = frame[["sat1", "sat2"]].clip(lower=5)
    frame["told"] = 10.0 + np.arange(900) % 2
    constructs = made.CONSTRUCTS | {"people_told": {"mode": "single", "items": ["told"]}}
    row = claims(claims_section(made.survey(frame, constructs=constructs))).loc["K6b"]
    assert (row["n_obs"], row["verdict"], row["undefined"]) == (0, "undecided", "nobody is in this group")


@pytest.mark.parametrize("scale", [None, "eleven"])
def test_a_likelihood_to_recommend_is_no_number_of_people(made: ModuleType, scale: str | None) -> None:
    spec = {"mode": "single", "items": ["told"]} | ({} if scale is None else {"scale": scale})
    people = np.tile([0.0, 5.0, 10.0], 300)
    section = claims_section(told(made, people, constructs=made.CONSTRUCTS | {"people_told": spec}))
    assert ("K6a" in claims(section).index) == (scale is None)


def test_a_wrong_count_leaves_k2_and_says_why(made: ModuleType) -> None:
    section = claims_section(told(made, np.r_[1.5, np.tile(2.0, 899)]))
    assert section is not None
    assert claims(section).index.tolist() == ["K2a", "K2b"]
    table = next(table for table in section.tables if table.id == "claims")
    said = [say(note, str) for note in table.notes]
    assert sum("holds 1.5 (row 1)" in text for text in said) == 1
