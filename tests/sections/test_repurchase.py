from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.models.loyalty import fit_intention, is_ordered, marginal_effects, parallel_lines
from servicefx.report.words import translated
from servicefx.sections.repurchase import repurchase_section
from servicefx.sections.satisfied import satisfied_points
from servicefx.study.study import Study
from servicefx.values.table import Section, Table


def table(section: Section | None, name: str) -> Table:
    assert section is not None
    return next(table for table in section.tables if table.id == name)


def with_intention(made: ModuleType, rare: bool = False) -> Study:
    """The made survey, with an intention of 1 to 5 in place of 0 and 1."""
    frame = made.survey_frame(700)
    rng = np.random.default_rng(2)
    latent = 0.5 * (frame["sat1"] + frame["sat2"]) + 0.3 * frame["loy1"] + rng.logistic(size=700)
    frame["bought"] = np.digitize(latent, [3.5, 4.7, 5.8, 7]) + 1.0
    if rare:
        frame["bought"] = np.where(frame["age"] > 50, frame["bought"].clip(upper=4), frame["bought"])
        frame["age"] = (frame["age"] > 50).astype(float)
    constructs = {**made.CONSTRUCTS, "repurchase": {"mode": "single", "items": ["bought"], "scale": "five"}}
    paths = [
        *made.PATHS[:-1],
        {"from": ["satisfaction", "loyalty"], "to": "repurchase", "covariates": ["age"] if rare else []},
    ]
    scales = {"seven": {"min": 1, "max": 7}, "five": {"min": 1, "max": 5}}
    study: Study = made.survey(frame, draws=80, constructs=constructs, paths=paths, scales=scales)
    return study


def test_effects_of_a_choice_have_both_intervals(made: ModuleType) -> None:
    paths = [*made.PATHS, {"from": "satisfaction", "to": "repurchase", "hypothesis": "H4"}]
    section = repurchase_section(made.survey(made.survey_frame(600), paths=paths))
    assert [page.id for page in section.tables] == [  # type: ignore[union-attr]
        "repurchase", "repurchase_effects", "calibration", "repurchase_fit", "logit",
    ]  # fmt: skip
    rows = table(section, "repurchase_effects").rows
    assert rows["kind"].tolist() == ["slope", "step", "move", "slope", "step", "move", "move"]
    assert rows["unit"].tolist()[0] == "share per point"
    last = rows.iloc[-1]
    assert (last["start"], last["end"]) == pytest.approx((5.0, 1 + 6 * 8 / 9))
    steps = rows[rows["kind"] == "step"].set_index("term")["estimate"]
    page = table(section, "repurchase").rows.set_index("term")["estimate"]
    assert steps.to_dict() == pytest.approx(page.to_dict(), rel=1e-10)
    assert {finding.key for finding in section.findings} >= {"finding.highly", "finding.auc"}  # type: ignore[union-attr]


def test_satisfied_is_what_the_study_says(made: ModuleType) -> None:
    assert satisfied_points(made.survey(), "customers") == pytest.approx((5.0, 1 + 6 * 8 / 9))
    stated = made.survey(claims={"K2": {"satisfied": 4.5, "highly_satisfied": 6.0}})
    assert satisfied_points(stated, "customers") == (4.5, 6.0)


def test_ordered_answers_have_a_row_each_and_a_test_of_parallel_lines(made: ModuleType) -> None:
    study = with_intention(made)
    assert is_ordered(study, "repurchase", "customers")
    assert not is_ordered(study, "loyalty", "customers")
    section = repurchase_section(study)
    rows = table(section, "repurchase_effects").rows
    assert sorted(rows["answer"].unique()) == ["1", "2", "3", "4", "5"]
    steps = rows[rows["kind"] == "step"].groupby("term")["estimate"].sum()
    assert steps.abs().max() < 1e-12
    fit, sample = fit_intention(study, "repurchase")
    wanted = marginal_effects(fit, moves={"satisfaction": (5.0, 1 + 6 * 8 / 9)}).rows
    assert rows["estimate"].tolist() == wanted["estimate"].tolist()
    lines = parallel_lines(sample.frame, "repurchase", fit.terms.names, clusters=sample.clusters)
    pd.testing.assert_frame_equal(table(section, "parallel_lines").rows, lines.tests)
    pd.testing.assert_frame_equal(table(section, "parallel_cuts").rows, lines.cuts)
    keys = [finding.key for finding in section.findings]  # type: ignore[union-attr]
    assert keys == ["finding.top_answer", "finding.top_answer", "finding.parallel"]


def test_an_empty_cell_refuses_the_test_and_nothing_else(made: ModuleType) -> None:
    section = repurchase_section(with_intention(made, rare=True))
    assert section is not None
    assert "parallel_lines" not in [page.id for page in section.tables]
    assert len(table(section, "repurchase_effects").rows) > 0
    note = section.notes[0]
    assert note.key == "note.refused"
    assert str(note.values["why"]).startswith("at the boundary '> 4' the logit has no answer: ")


def test_weights_refuse_ordered_answers_too(made: ModuleType) -> None:
    study = with_intention(made)
    frame = study.frames["customers"].assign(w=1.0)
    weighted = made.survey(
        frame, data={"customers": {"weights": "w"}},
        constructs={
            **made.CONSTRUCTS, "repurchase": {"mode": "single", "items": ["bought"], "scale": "five"},
        },
        paths=[{"from": "satisfaction", "to": "repurchase"}],
        scales={"seven": {"min": 1, "max": 7}, "five": {"min": 1, "max": 5}},
    )  # fmt: skip
    section = repurchase_section(weighted)
    assert section is not None
    assert section.notes[0].values["why"] == "survey weights 'w' cannot be used by this estimator"


def test_no_chance_to_buy_again_no_section(made: ModuleType) -> None:
    assert repurchase_section(made.survey(paths=made.PATHS[:-1])) is None


def test_brants_test_without_an_answer_is_no_finding(made: ModuleType) -> None:
    study = with_intention(made)
    few = study.frames["customers"].assign(outlet=np.where(np.arange(700) % 2, "east", "west"))
    constructs = {**made.CONSTRUCTS, "repurchase": {"mode": "single", "items": ["bought"], "scale": "five"}}
    paths = [*made.PATHS[:-1], {"from": ["satisfaction", "loyalty"], "to": "repurchase"}]
    scales = {"seven": {"min": 1, "max": 7}, "five": {"min": 1, "max": 5}}
    section = repurchase_section(
        made.survey(few, draws=40, constructs=constructs, paths=paths, scales=scales)
    )
    tests = table(section, "parallel_lines").rows
    assert tests["p_value"].isna().any()
    assert "finding.parallel" not in {finding.key for finding in section.findings}  # type: ignore[union-attr]


def test_repurchase_comes_before_another_outcome_of_0_and_1(made: ModuleType) -> None:
    frame = made.survey_frame(400)
    frame["happy"] = (frame["sat1"] > 4).astype(float)
    constructs = {**made.CONSTRUCTS, "satisfaction": {"mode": "single", "items": ["happy"]}}
    section = repurchase_section(made.survey(frame, draws=40, constructs=constructs))
    assert table(section, "repurchase").title.values["outcome"] == "repurchase"


@pytest.mark.parametrize(
    ("codes", "scale", "found", "remedy"),
    [
        ((1.0, 2.0), None, "it holds 1 and 2, 0 and 1 expected", "Recode it to 0 and 1."),
        ((1.0, 2.0), (1, 2), "it holds 1 and 2, 0 and 1 expected", "Recode it to 0 and 1."),
        ((1.0, 1.0), None, "it holds 1 only, 0 and 1 expected", "Add customers who answered otherwise."),
    ],
)
def test_two_answers_that_are_not_0_and_1_are_refused_in_words(
    made: ModuleType, codes: tuple[float, float], scale: tuple[int, int] | None, found: str, remedy: str
) -> None:
    frame = made.survey_frame(300)
    frame["bought"] = np.where(frame["bought"] == 1, codes[1], codes[0])
    single = {"mode": "single", "items": ["bought"]} | ({} if scale is None else {"scale": "two"})
    section = repurchase_section(
        made.survey(
            frame, constructs={**made.CONSTRUCTS, "repurchase": single},
            scales={"seven": {"min": 1, "max": 7}, "two": {"min": 1, "max": 2}},
        )
    )  # fmt: skip
    assert section is not None
    assert (section.tables, section.findings) == ((), ())
    assert section.notes[0].values == {
        "what": "repurchase: column 'bought' of data.customers", "why": found, "remedy": remedy,
    }  # fmt: skip
    assert translated(found, "zh") != found
    assert translated(remedy, "zh") != remedy


@pytest.mark.parametrize("scale", [None, "eleven"])
def test_how_often_somebody_came_back_is_no_code_of_yes_and_no(made: ModuleType, scale: str | None) -> None:
    frame = made.survey_frame(300)
    frame["bought"] = np.where(frame["age"] > 50, 4.0, 7.0) if scale else frame["age"] - 17
    single = {"mode": "single", "items": ["bought"]} | ({} if scale is None else {"scale": scale})
    study = made.survey(frame, constructs={**made.CONSTRUCTS, "repurchase": single})
    assert repurchase_section(study) is None


@pytest.mark.parametrize(("buyers", "unsure"), [(2, True), (60, False)])
def test_where_many_resamples_have_no_answer_nothing_is_said_to_be_higher(
    made: ModuleType, buyers: int, unsure: bool
) -> None:
    frame = made.survey_frame(300)
    order = (frame["loy1"] + frame["loy2"]).sort_values(kind="stable").index
    frame["bought"] = 0.0
    frame.loc[order[-3 * buyers :: 3], "bought"] = 1.0  # loyal, and not the most loyal alone
    section = repurchase_section(made.survey(frame, draws=200, data={"customers": {}}))
    assert section is not None
    keys = [finding.key for finding in section.findings]
    assert keys == [
        "finding.repurchase_unsure" if unsure else "finding.repurchase", "finding.auc",
    ]  # fmt: skip
    rows = table(section, "repurchase").rows
    assert rows["conf_low"].iloc[0] > 0  # among the resamples that have an answer
