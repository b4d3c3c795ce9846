"""The section on moderators: joint interactions, slopes, regions, and what it leaves to others."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.sections.moderation import moderation_section
from servicefx.study.study import Study
from servicefx.values.table import Section


def moderated(made: ModuleType, moderators: dict[str, list[str]]) -> Study:
    """Two drivers that correlate; trust matters more to the young, quality to no one more than to others."""
    frame = made.survey_frame(n=900)
    rng = np.random.default_rng(2)
    frame["age"] = rng.integers(18, 80, len(frame)).astype(float)
    frame["way"] = np.where(rng.random(len(frame)) < 0.5, "phone", "web")
    frame["spot"] = rng.choice(["a", "b", "c"], len(frame))
    trust = frame[["tru1", "tru2"]].mean(axis=1) - 4
    more = -0.02 * trust * (frame["age"] - 49)
    frame[["sat1", "sat2"]] = frame[["sat1", "sat2"]].add(more, axis=0)
    paths = [
        {
            "from": "service_quality",
            "to": "satisfaction",
            "moderators": moderators.get("service_quality", []),
        },
        {"from": "trust", "to": "satisfaction", "moderators": moderators.get("trust", [])},
        {"from": "satisfaction", "to": "loyalty"},
    ]
    return made.survey(frame, paths=paths, scales={"seven": {"min": -9, "max": 17}})


@pytest.fixture(scope="module")
def page(made: ModuleType) -> Section:
    section = moderation_section(moderated(made, {"service_quality": ["age"], "trust": ["age"]}))
    assert section is not None
    return section


def rows(section: Section, table: str) -> pd.DataFrame:
    return next(each for each in section.tables if each.id == table).rows


def test_interactions_with_one_moderator_are_fitted_together(page: Section) -> None:
    found = rows(page, "moderation").set_index("term")
    assert found.loc["trust", "conf_low"] < -0.02 < found.loc["trust", "conf_high"]
    assert found.loc["trust", "p_adjusted"] < 0.001
    # alone, quality's product would pass for trust's, with which it correlates
    assert found.loc["service_quality", "conf_low"] < 0 < found.loc["service_quality", "conf_high"]


def test_the_coefficient_is_that_of_one_regression_with_both_products(
    made: ModuleType, page: Section
) -> None:
    study = moderated(made, {"service_quality": ["age"], "trust": ["age"]})
    scores, age = study.scores["customers"], study.frames["customers"]["age"]
    quality, trust = scores["service_quality"], scores["trust"]
    design = np.column_stack([np.ones(len(age)), quality, trust, age, quality * age, trust * age])
    slopes = np.linalg.lstsq(design, scores["satisfaction"], rcond=None)[0]
    assert rows(page, "moderation")["estimate"].tolist() == pytest.approx(slopes[4:].tolist(), rel=1e-8)


def test_slopes_and_regions_follow_the_moderator(page: Section) -> None:
    slopes = rows(page, "simple_slopes").query("term == 'trust'")
    assert slopes["estimate"].is_monotonic_decreasing
    regions = rows(page, "johnson_neyman").query("term == 'trust'")
    assert regions["sign"].tolist()[0] == "positive"
    assert regions["share"].sum() == pytest.approx(1)


def test_the_figure_is_of_the_surest_interaction(page: Section) -> None:
    (figure,) = page.figures
    assert figure.title.values["term"] == "trust"
    assert figure.rows["estimate"].tolist() == rows(page, "moderation_curve")["estimate"].tolist()


def test_latent_versions_stand_beside_the_scores(page: Section) -> None:
    found = rows(page, "moderation_latent").query("term == 'trust'").set_index("kind")
    assert (found["undefined"] == "").all()
    assert (found["conf_high"] < 0).all()
    assert abs(found.loc["product_indicators", "estimate"]) > abs(found.loc["observed", "estimate"])


def test_a_column_of_groups_enters_as_differences_from_the_first(made: ModuleType) -> None:
    section = moderation_section(moderated(made, {"trust": ["way", "spot"]}))
    assert section is not None
    assert rows(section, "moderation")["moderator"].tolist() == ["way: web", "spot: b", "spot: c"]
    assert section.figures == ()
    assert section.findings[-1].key == "finding.moderation_open"


def test_no_moderators_ask_nothing(made: ModuleType) -> None:
    assert moderation_section(moderated(made, {})) is None


def test_a_moderator_the_study_did_not_record_is_passed_over(made: ModuleType) -> None:
    assert moderation_section(moderated(made, {"trust": ["product_complexity"]})) is None


def test_slopes_of_three_groups_are_those_in_each_group(made: ModuleType) -> None:
    study = moderated(made, {"trust": ["spot"]})
    section = moderation_section(study)
    assert section is not None
    found = rows(section, "simple_slopes").set_index(["moderator", "at"])["estimate"]
    scores, spot = study.scores["customers"], study.frames["customers"]["spot"]
    member = [(spot == name).to_numpy(dtype=float) for name in "abc"]
    trust = scores["trust"].to_numpy()
    design = np.column_stack([*member, *(trust * some for some in member), scores["service_quality"]])
    slopes = np.linalg.lstsq(design, scores["satisfaction"].to_numpy(), rcond=None)[0][3:6]
    got = [found["spot: b", 0], found["spot: b", 1], found["spot: c", 0], found["spot: c", 1]]
    assert got == pytest.approx([slopes[0], slopes[1], slopes[0], slopes[2]], rel=1e-8)
    said = [note.values["text"] for note in section.tables[0].notes if note.key == "note.assumption"]
    assert "'spot' enters as differences from 'a'" in said


def test_a_column_that_begins_like_the_moderator_is_no_group_of_it(made: ModuleType) -> None:
    frame = made.survey_frame().assign(**{"age: b": np.arange(400) % 2 * 1.0})
    path = {"from": ["service_quality", "trust"], "to": "satisfaction", "covariates": ["age: b"]}
    section = moderation_section(made.survey(frame, paths=[path | {"moderators": ["age"]}]))
    assert section is not None
    assert rows(section, "moderation")["moderator"].tolist() == ["age", "age"]


@pytest.mark.parametrize("name", ["sat1", "ser1", "firm", "product 1"])
def test_a_moderator_of_any_name_leaves_a_page(made: ModuleType, name: str) -> None:
    frame = made.survey_frame()
    frame["firm"] = np.arange(400) % 25
    frame["product 1"] = frame["age"]
    path = {"from": "service_quality", "to": "satisfaction", "moderators": [name]}
    study = made.survey(frame, paths=[path], data={"customers": {"nested_in": ["firm"]}})
    section = moderation_section(study)
    assert section is not None
    assert section.notes == ()
    latent = rows(section, "moderation_latent").set_index("kind")
    assert np.isfinite(latent.loc["observed", "estimate"])
    if name == "product 1":
        twin = made.survey(
            frame, paths=[path | {"moderators": ["age"]}], data=study.spec.model_dump()["data"]
        )
        same = moderation_section(twin)
        assert same is not None
        expected = rows(same, "moderation_latent")["estimate"]
        assert latent["estimate"].tolist() == pytest.approx(expected.tolist(), rel=1e-6, nan_ok=True)


def test_a_moderator_measured_elsewhere_is_named(made: ModuleType) -> None:
    firms = pd.DataFrame({"price": np.arange(30.0)})
    value = {"mode": "single", "items": ["price"], "data": "firms"}
    constructs = {name: table | {"data": "customers"} for name, table in made.CONSTRUCTS.items()}
    path = {"from": "trust", "to": "satisfaction", "moderators": ["perceived_value"]}
    study = made.study_of(
        {"customers": made.survey_frame(), "firms": firms},
        constructs=constructs | {"perceived_value": value}, paths=[path],
    )  # fmt: skip
    section = moderation_section(study)
    assert section is not None
    (note,) = section.notes
    assert note.values["why"] == "'perceived_value' is not measured in customers, where 'satisfaction' is"


def test_rows_are_said_by_equation_where_they_differ(made: ModuleType) -> None:
    study = moderated(made, {"trust": ["age"], "service_quality": ["way"]})
    study.frames["customers"].loc[:99, "age"] = np.nan
    section = moderation_section(study)
    assert section is not None
    for name in ("moderation", "simple_slopes"):
        notes = next(each for each in section.tables if each.id == name).notes
        (ends,) = [note.values for note in notes if note.key == "note.sample_range"]
        assert (ends["low"], ends["high"]) == (800, 900)
        assert sum(note.key == "note.dropped_missing_equation" for note in notes) == 1
        assert sum(note.key == "note.covariance" for note in notes) == 1
        assert notes[-1].key == "note.level"


def test_weights_leave_latent_versions_out_and_say_so(made: ModuleType) -> None:
    study = moderated(made, {"trust": ["age"]})
    frame = study.frames["customers"].assign(w=1.0 + np.arange(900) % 3)
    path = {"from": "trust", "to": "satisfaction", "moderators": ["age"]}
    section = moderation_section(made.survey(frame, paths=[path], data={"customers": {"weights": "w"}}))
    assert section is not None
    assert [note.key for note in section.notes] == ["note.moderation_weights"]
    assert "moderation_latent" not in [table.id for table in section.tables]


def test_sureness_allows_for_the_number_of_interactions(
    made: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = moderated(made, {"trust": ["age"]})
    sure = moderation_section(study)
    monkeypatch.setattr("servicefx.sections.moderation.benjamini_hochberg", np.ones_like)
    none = moderation_section(study)
    assert sure is not None
    assert none is not None
    assert [each.key for each in sure.findings] == ["finding.moderation"]
    assert [each.key for each in none.findings] == ["finding.moderation_open"]
