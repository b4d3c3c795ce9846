"""The drivers page: its numbers are those of the shared resamples, its sentences as sure as they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.models.chain import shared_counts
from servicefx.report.figures import render_figure
from servicefx.report.page import labels_of
from servicefx.report.view import table_view
from servicefx.report.words import say
from servicefx.sections.drivers import drivers_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table

TABLES = [
    "importance", "importance_rules", "priority_map", "priorities", "kano", "penalty_reward", "drivers",
    "dominance", "collinearity", "driver_versions", "latent_drivers",
]  # fmt: skip
WITH_AGE = [{"from": ["service_quality", "trust"], "to": "satisfaction", "covariates": ["age"]}]
ROUNDING = 1e-10
FLOAT32 = 1e-6  # draws are made from float32 counts


def page(study: Study) -> Section:
    section = drivers_section(study)
    assert section is not None
    return section


def table(section: Section, name: str) -> Table:
    return next(entry for entry in section.tables if entry.id == name)


def notes(found: Table | Section, key: str) -> list[dict[str, Any]]:
    return [dict(note.values) for note in found.notes if note.key == key]


def finding(section: Section, key: str) -> list[dict[str, Any]]:
    return [dict(sentence.values) for sentence in section.findings if sentence.key == key]


def r_squared(values: np.ndarray, terms: list[int], weights: np.ndarray) -> float:
    """R² of column 0 on some others, rows weighted, by least squares."""
    root = np.sqrt(weights)[:, None]
    x = np.column_stack([values[:, terms], np.ones(len(values))]) * root
    y = values[:, 0] * root[:, 0]
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    centred = (values[:, 0] - np.average(values[:, 0], weights=weights)) * root[:, 0]
    return float(1 - left @ left / (centred @ centred))


def shapley(values: np.ndarray, weights: np.ndarray) -> list[float]:
    """LMG of columns 1 and 2 with column 3 held, by both orders of entry."""
    held, one, two, both = (r_squared(values, t, weights) for t in ([3], [1, 3], [2, 3], [1, 2, 3]))
    return [(one - held + both - two) / 2, (two - held + both - one) / 2]


@pytest.fixture
def study(made: ModuleType) -> Study:
    found: Study = made.survey(made.survey_frame().assign(age=lambda f: f["age"]), paths=WITH_AGE)
    return found


def test_the_tables_and_figures_in_reading_order(study: Study) -> None:
    section = page(study)
    assert [entry.id for entry in section.tables] == TABLES
    assert [figure.id for figure in section.figures] == ["importance", "priority_map", "drivers"]
    assert section.notes == ()


def test_importance_is_that_of_both_orders_behind_what_is_held_in_every_shared_resample(study: Study) -> None:
    found = table(page(study), "importance").rows.set_index("term")
    scores = study.scores["customers"]
    values = scores[["satisfaction", "service_quality", "trust"]].assign(age=study.frames["customers"]["age"])
    columns = values.to_numpy()
    terms = ["service_quality", "trust"]
    assert found.loc[terms, "estimate"].tolist() == pytest.approx(
        shapley(columns, np.ones(len(columns))), abs=ROUNDING
    )
    counts = shared_counts(study, "customers", study.seed).astype(float)
    drawn = np.array([shapley(columns, some) for some in counts])
    ends = np.quantile(drawn, [0.025, 0.975], axis=0).T
    assert found.loc[terms, ["conf_low", "conf_high"]].to_numpy() == pytest.approx(ends, abs=FLOAT32)
    first = (drawn[:, 0] > drawn[:, 1]).mean()
    assert found.loc["service_quality", "chance_first"] == pytest.approx(first, abs=1e-12)
    assert notes(table(page(study), "importance"), "note.drivers_held") == [{"n": 1, "names": "'age'"}]


def test_other_rules_share_the_same_sum_and_the_last_one_is_the_drop_of_r_squared(study: Study) -> None:
    section = page(study)
    rules = table(section, "importance_rules").rows.set_index("term")
    whole = notes(table(section, "importance"), "note.importance")[0]["r2"]
    assert rules[["lmg", "johnson", "pratt"]].sum().tolist() == pytest.approx([whole] * 3, abs=ROUNDING)
    scores = study.scores["customers"]
    values = scores[["satisfaction", "service_quality", "trust"]].assign(age=study.frames["customers"]["age"])
    ones = np.ones(len(values))
    drop = r_squared(values.to_numpy(), [1, 2, 3], ones) - r_squared(values.to_numpy(), [1, 3], ones)
    assert rules.loc["trust", "last"] == pytest.approx(drop, abs=ROUNDING)


def test_the_map_is_drawn_from_its_table_and_quartered_at_the_means(study: Study) -> None:
    section = page(study)
    rows = table(section, "priority_map").rows
    figure = section.figures[1]
    assert figure.kind == "map"
    pairs = {"x": "performance", "x_low": "performance_low", "y": "importance", "y_high": "importance_high"}
    for drawn, name in pairs.items():
        assert figure.rows[drawn].tolist() == rows[name].tolist()
    assert figure.verticals[0][0] == pytest.approx(rows["performance"].mean())
    assert figure.horizontals[0][0] == pytest.approx(rows["importance"].mean())
    scores = study.scores["customers"]["trust"]
    stand = rows.set_index("term").loc["trust", "performance"]
    assert stand == pytest.approx((scores.mean() - 1) / 6 * 100, abs=1e-9)


def test_priorities_are_importance_times_what_is_left_of_the_scale(study: Study) -> None:
    section = page(study)
    places = table(section, "priority_map").rows.set_index("term")
    ranked = table(section, "priorities").rows.set_index("term")
    expected = places["importance"] * (1 - places["performance"] / 100)
    assert ranked["priority"].to_dict() == pytest.approx(expected.to_dict(), abs=1e-12)
    assert ranked["rank"].tolist() == [1, 2]
    assert ranked["priority"].is_monotonic_decreasing


def test_a_clear_first_is_called_first_and_a_toss_up_open(made: ModuleType) -> None:
    clear = page(made.survey(paths=WITH_AGE))
    (sentence,) = finding(clear, "finding.importance_first")
    assert (sentence["term"], sentence["outcome"]) == ("service_quality", "satisfaction")
    assert sentence["chance"] >= 0.95
    frame = made.survey_frame(seed=5)
    rng = np.random.default_rng(0)
    columns = ["ser1", "ser2", "tru1", "tru2"]  # two drivers just alike
    frame[columns] = np.clip(np.round(4 + rng.standard_normal((len(frame), 4))), 1, 7)
    for item in ("sat1", "sat2"):
        satisfaction = frame[columns].mean(axis=1) + 0.5 * rng.standard_normal(len(frame))
        frame[item] = np.clip(np.round(satisfaction), 1, 7)
    toss = page(made.survey(frame, paths=WITH_AGE))
    assert finding(toss, "finding.importance_first") == []
    (sentence,) = finding(toss, "finding.importance_open")
    assert sentence["chance"] < 0.95
    assert sentence["other"] != sentence["term"]


def bent(made: ModuleType) -> Study:
    """Service costs when poor and earns nothing when excellent; trust is a straight line."""
    rng = np.random.default_rng(8)
    frame = made.survey_frame(n=3000)
    service, trust = rng.integers(1, 8, 3000).astype(float), rng.integers(1, 8, 3000).astype(float)
    satisfaction = 2 + 0.5 * np.minimum(service, 4) + 0.3 * trust
    for name, score in {"ser": service, "tru": trust, "sat": satisfaction}.items():
        noise = 0.4 if name == "sat" else 0.0
        for item in (1, 2):
            frame[f"{name}{item}"] = np.clip(score + noise * rng.standard_normal(3000), 1, 7)
    found: Study = made.survey(frame, paths=WITH_AGE)
    return found


def test_a_basic_factor_is_named_with_its_two_slopes(made: ModuleType) -> None:
    section = page(bent(made))
    sentences = {sentence["term"]: sentence for sentence in finding(section, "finding.kano")}
    assert sentences["service_quality"]["kano"] == "basic"
    assert sentences["service_quality"]["penalty"] == pytest.approx(-0.45, abs=0.1)
    assert sentences["service_quality"]["reward"] == pytest.approx(0.06, abs=0.1)
    rows = table(section, "kano").rows.set_index("term")
    assert rows.loc["service_quality", "kano"] == "basic"
    assert rows.loc["trust", "kano"] == "performance"
    contrasts = table(section, "penalty_reward").rows.set_index(["term", "kind"])
    assert contrasts.loc[("service_quality", "asymmetry"), "per_point_high"] < 0
    assert contrasts.loc[("trust", "asymmetry"), "per_point_p_value"] > 0.01
    (joint,) = notes(table(section, "penalty_reward"), "note.joint_asymmetry")
    assert joint["p_value"] < 1e-6


def test_an_open_class_is_said_to_be_open(study: Study) -> None:
    section = page(study)
    named = {sentence["term"] for sentence in finding(section, "finding.kano")}
    (sentence,) = finding(section, "finding.kano_open")
    assert sentence["n"] == len(sentence["names"].split(", ")) == 2 - len(named)
    classes = table(section, "kano").rows.set_index("term")
    sure = [term for term, row in classes.iterrows() if row[f"chance_{row['kano']}"] >= 0.95]
    assert named == set(sure)


def test_every_pair_stands_once_with_the_stronger_first(made: ModuleType) -> None:
    paths = [{"from": ["service_quality", "trust", "loyalty"], "to": "satisfaction"}]
    section = page(made.survey(paths=paths))
    rows = table(section, "dominance").rows
    lmg = table(section, "importance").rows.set_index("term")["estimate"]
    assert len(rows) == 3
    assert {frozenset(pair) for pair in zip(rows["term"], rows["other"], strict=True)} == {
        frozenset(pair) for pair in [("service_quality", "trust"), ("service_quality", "loyalty"),
                                     ("trust", "loyalty")]
    }  # fmt: skip
    for row in rows.to_dict("records"):
        assert lmg[row["term"]] > lmg[row["other"]]
        assert row["complete"] <= row["conditional"] <= row["general"]
        assert row["dominance"] in {"complete", "conditional", "general"}


def test_versions_name_where_they_differ_and_log_odds_have_their_unit(study: Study) -> None:
    found = table(page(study), "driver_versions")
    versions = ["OLS, hc3", "OLS, cluster", "ordered logit", "quantile 0.25", "quantile 0.5", "quantile 0.75"]
    assert found.rows["model"].tolist() == versions * 3
    assert found.rows["term"].tolist() == ["service_quality"] * 6 + ["trust"] * 6 + ["age"] * 6
    units = found.rows.set_index(["term", "model"])["unit"]
    assert units[("trust", "ordered logit")] == "log odds per point"
    assert units[("age", "OLS, hc3")] == "points per unit"
    ends = found.rows.groupby("term", sort=False)[["conf_low", "conf_high"]]
    sides = {term: {int(low > 0) - int(high < 0) for low, high in part.to_numpy()} for term, part in ends}
    differ = [term for term, some in sides.items() if len(some) > 1]
    assert [values["term"] for values in notes(found, "note.versions_differ")] == differ
    assert bool(notes(found, "note.versions_agree")) is not bool(differ)


def test_collinear_terms_are_flagged_with_their_numbers(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame[["ser1", "ser2"]] = frame[["tru1", "tru2"]].to_numpy()
    frame.loc[:10, "ser1"] = 5.0
    found = table(page(made.survey(frame)), "collinearity")
    rows = found.rows.set_index("term")
    assert rows["judgement"].tolist() == ["fail", "fail"]
    assert rows["vif"].min() > 5
    assert any("variance inflation above 3" in values["found"] for values in notes(found, "note.problem"))
    assert notes(found, "note.condition")[0]["condition"] > 10


def test_constructs_stand_beside_their_scores(study: Study) -> None:
    found = table(page(study), "latent_drivers")
    assert found.rows["model"].tolist() == ["observed", "latent"] * 2
    observed = found.rows[found.rows["model"] == "observed"].set_index("term")
    standardised = study.scores["customers"][["satisfaction", "service_quality", "trust"]].dropna()
    standardised = (standardised - standardised.mean()) / standardised.std()
    x = standardised[["service_quality", "trust"]].to_numpy()
    slopes = np.linalg.lstsq(x, standardised["satisfaction"].to_numpy(), rcond=None)[0]
    assert observed["estimate"].tolist() == pytest.approx(slopes, abs=1e-6)
    explained = notes(found, "note.latent_drivers")[0]
    assert explained["latent"] > explained["observed"]
    assert notes(found, "note.latent_not_held") == [{}]


def test_weights_leave_out_what_cannot_use_them_and_say_so(made: ModuleType) -> None:
    frame = made.survey_frame().assign(w=np.where(np.arange(400) % 2, 0.5, 1.5))
    section = page(made.survey(frame, data={"customers": {"weights": "w"}}))
    ids = [entry.id for entry in section.tables]
    assert "latent_drivers" not in ids
    assert notes(section, "note.no_latent_weights") == [{}]
    missing = notes(table(section, "driver_versions"), "note.no_version")
    assert [values["model"] for values in missing] == ["quantile 0.25", "quantile 0.5", "quantile 0.75"]
    values = made.survey(frame).scores["customers"][["satisfaction", "service_quality", "trust"]].to_numpy()
    weights = frame["w"].to_numpy()
    parts = table(section, "importance").rows["estimate"]
    assert parts.sum() == pytest.approx(r_squared(values, [1, 2], weights), abs=ROUNDING)


def test_one_driver_is_not_ranked(made: ModuleType) -> None:
    section = page(made.survey(paths=[{"from": "trust", "to": "satisfaction", "covariates": ["age"]}]))
    assert [entry.id for entry in section.tables] == [
        "kano", "penalty_reward", "drivers", "collinearity", "driver_versions", "latent_drivers",
    ]  # fmt: skip
    assert [figure.id for figure in section.figures] == ["drivers"]


def test_groups_of_a_text_column_are_held(made: ModuleType) -> None:
    frame = made.survey_frame().assign(
        channel=np.where(np.arange(400) % 3 == 0, "online", "desk"), age=np.nan
    )
    frame.loc[:3, "channel"] = np.nan
    paths = [{"from": ["service_quality", "trust"], "to": "satisfaction", "covariates": ["channel"]}]
    section = page(made.survey(frame, paths=paths))
    found = table(section, "importance")
    assert notes(found, "note.drivers_held") == [{"n": 1, "names": "'channel: online'"}]
    assert set(found.rows["n_obs"]) == {396}
    assert notes(found, "note.dropped_missing") == [{"n": 4, "name": "channel: online"}]
    assert len(section.tables) == len(TABLES)


def test_answers_too_coarse_for_a_middle_leave_the_rest_of_the_page(made: ModuleType) -> None:
    frame = made.survey_frame()
    for item in ("tru1", "tru2"):
        frame[item] = np.where(frame[item] > 4, 7.0, 1.0)
    frame["tru2"] = frame["tru1"]
    section = page(made.survey(frame, paths=WITH_AGE))
    assert [entry.id for entry in section.tables] == [
        name for name in TABLES if name not in ("kano", "penalty_reward", "latent_drivers")
    ]
    why = [values["why"] for values in notes(section, "note.refused")]
    assert any("leaves no middle" in text or "stands between" in text for text in why)


def test_too_few_clusters_for_the_joint_test_are_said(made: ModuleType) -> None:
    paths = [{"from": ["service_quality", "trust", "loyalty"], "to": "satisfaction"}]
    section = page(made.survey(made.survey_frame(outlets=3), paths=paths))
    found = table(section, "penalty_reward")
    assert notes(found, "note.joint_asymmetry") == []
    assert "no joint test" in notes(found, "note.problem")[0]["found"]
    assert [entry.id for entry in section.tables] == TABLES


def test_no_table_is_wider_than_the_page_and_every_sentence_is_said_in_both_languages(study: Study) -> None:
    section = page(study)
    for language in ("en", "zh"):
        labels = labels_of(study, language)
        for found in section.tables:
            assert len(table_view(found, labels, language).heads) <= 9
        assert [say(sentence, labels, language) for sentence in section.findings]
        assert all(render_figure(figure, labels, language) for figure in section.figures)


def test_the_same_seed_gives_the_same_page_and_another_other_intervals(study: Study) -> None:
    first, again = (table(page(study), "importance").rows for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = drivers_section(study, seed=study.seed + 1)
    assert other is not None
    assert table(other, "importance").rows["estimate"].tolist() == first["estimate"].tolist()
    assert table(other, "importance").rows["conf_low"].tolist() != first["conf_low"].tolist()


@pytest.mark.external
def test_the_durables_survey_has_its_listed_coefficients_and_its_overlap_said(
    made: ModuleType, shared_data: Path
) -> None:
    answers = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv").astype(float)
    ends = [0, 4, 9, 13, 17, 22]
    names = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
    constructs: dict[str, Any] = {
        name: {"mode": "reflective", "items": list(answers.columns[low:high]), "scale": "hundred"}
        for name, (low, high) in zip(names, pairwise(ends), strict=True)
    }
    constructs["satisfaction"] = {"mode": "single", "items": ["sat"], "scale": "hundred"}
    section = page(
        made.study_of(
            {"customers": answers},
            scales={"hundred": {"min": 0, "max": 100}},
            constructs=constructs,
            paths=[{"from": names, "to": "satisfaction"}],
            inference={"draws": 200, "seed": 3},
        )
    )
    rows = table(section, "drivers").rows.set_index("term")["estimate"]
    # listed with the shared data, four decimals
    assert rows[names].tolist() == pytest.approx([0.2252, 0.2217, 0.2046, 0.0624, 0.2700], abs=5.1e-5)
    parts = table(section, "importance").rows
    assert parts["estimate"].sum() == pytest.approx(0.7695, abs=5.1e-5)
    assert "fail" in table(section, "collinearity").rows["judgement"].tolist()
    assert notes(table(section, "collinearity"), "note.problem")
    assert finding(section, "finding.importance_open")  # dimensions that correlate up to .95


def test_a_column_named_like_a_group_of_another_is_held(made: ModuleType) -> None:
    frame = made.survey_frame().assign(**{"age: b": np.arange(400) % 2 * 1.0})
    paths = [{"from": ["service_quality", "trust"], "to": "satisfaction", "covariates": ["age: b", "age"]}]
    section = page(made.survey(frame, paths=paths))
    assert [entry.id for entry in section.tables] == TABLES
    assert notes(section, "note.refused") == []


def test_terms_open_in_every_version_are_not_said_to_stand_on_a_side(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame[["tru1", "tru2"]] = np.random.default_rng(3).integers(1, 8, (400, 2)).astype(float)
    found = table(
        page(made.survey(frame, paths=[{"from": "trust", "to": "satisfaction"}])), "driver_versions"
    )
    assert notes(found, "note.versions_agree") == []
    assert notes(found, "note.versions_open") == [{"names": "'trust'"}]


def test_without_resamples_nothing_is_called_first(made: ModuleType) -> None:
    section = page(made.survey(draws=1, paths=WITH_AGE))
    keys = {sentence.key for sentence in section.findings}
    assert not {"finding.importance_open", "finding.priority_open"} & keys
    assert table(section, "importance").rows["conf_low"].isna().all()


def test_a_column_named_constant_is_refused_in_words(made: ModuleType) -> None:
    frame = made.survey_frame().assign(constant=np.arange(400) % 7 * 1.0)
    paths = [{"from": ["service_quality", "trust"], "to": "satisfaction", "covariates": ["constant"]}]
    section = page(made.survey(frame, paths=paths))
    assert section.tables == ()
    assert "a term is named 'constant'" in notes(section, "note.refused")[0]["why"]


def test_a_driver_that_goes_with_less_is_a_finding_too(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame[["tru1", "tru2"]] = 8 - frame[["tru1", "tru2"]]
    section = page(made.survey(frame, paths=[{"from": "trust", "to": "satisfaction"}]))
    (sentence,) = finding(section, "finding.driver")
    assert sentence["estimate"] < sentence["conf_high"] < 0
    assert finding(section, "finding.driver_undecided") == []


def test_drivers_of_which_one_has_no_scale_stand_between_the_answers_given(made: ModuleType) -> None:
    frame = made.survey_frame()
    wait = {"mode": "single", "items": ["age"], "unit": "hours"}
    paths = [{"from": ["response_time", "trust"], "to": "satisfaction"}]
    section = page(made.survey(frame, constructs=made.CONSTRUCTS | {"response_time": wait}, paths=paths))
    found = table(section, "priority_map")
    assert notes(found, "note.performance_observed") == [{}]
    stands = found.rows.set_index("term").loc["response_time", "performance"]
    span = frame["age"].max() - frame["age"].min()
    assert stands == pytest.approx(100 * (frame["age"].mean() - frame["age"].min()) / span, rel=1e-9)
    assert notes(section, "note.refused") == []


def test_nobody_is_told_to_raise_what_goes_with_less(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame[["ser1", "ser2"]] = 8 - frame[["ser1", "ser2"]]
    section = page(made.survey(frame, paths=WITH_AGE))
    assert finding(section, "finding.priority_first") == finding(section, "finding.priority_open") == []
    (sentence,) = finding(section, "finding.priority_negative")
    assert sentence["term"] == "service_quality"
    rows = table(section, "drivers").rows.set_index(["term", "covariance_kind"])
    slope = rows.loc[("service_quality", "cluster: outlet (40)")]
    assert [sentence[name] for name in ("slope", "low", "high")] == [
        slope["estimate"], slope["conf_low"], slope["conf_high"],
    ]  # fmt: skip
    for name in ("priority_map", "priorities"):
        (note,) = notes(table(section, name), "note.priorities_negative")
        assert note == {"outcome": "satisfaction", "names": "'service_quality'", "n": 1}
    for language in ("en", "zh"):
        labels = labels_of(made.survey(frame), language)
        assert all(table_view(found, labels, language).heads for found in section.tables)
        assert all(say(each, labels, language) for each in section.findings)
