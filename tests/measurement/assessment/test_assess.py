from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.measurement.assessment import PARTS, MeasurementReport, assess
from servicefx.measurement.rules import RULE_COLUMNS, RULES
from servicefx.study.study import Study, load_study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]
ALL = {"group": "channel", "duration": "seconds", "marker": ["m1", "m2"], "pairs": [["tan1", "tan2"]]}


def same(one: MeasurementReport, other: MeasurementReport) -> None:
    assert set(one.names) == set(other.names)
    for name in one.names:
        pd.testing.assert_frame_equal(one.frame(name), other.frame(name))
    assert one.undefined == other.undefined


def test_every_part_is_answered_where_the_study_states_what_it_needs(study_of: Build) -> None:
    found = assess(study_of(measurement=ALL))
    assert set(found.undefined) == {"benefit"}
    assert set(found.names) == {
        "flags", "straight_lines", "items", "patterns", "gaps_test", "servqual", "servqual_items",
        "reliability", "item_statistics", "loadings", "extracted_variance", "fornell_larcker", "correlations",
        "htmt", "cross_loadings", "adequacy", "components", "partials", "pattern", "single_factor",
        "method_models", "method_variance", "marker", "marker_models", "full_collinearity", "ladder",
        "released", "latent_means", "quality_index", "quality_weights", "norms",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_report_and_another_moves_the_draws(study_of: Build) -> None:
    study = study_of(measurement=ALL)
    one = assess(study)
    same(one, assess(study))
    other = assess(study, seed=8)
    ends = ["conf_low", "conf_high"]
    assert not np.allclose(one.frame("htmt")[ends], other.frame("htmt")[ends])
    pd.testing.assert_frame_equal(one.frame("loadings"), other.frame("loadings"))


def test_neither_the_order_nor_the_choice_of_parts_changes_a_number(study_of: Build) -> None:
    study = study_of(measurement=ALL)
    whole = assess(study)
    same(whole, assess(study, parts=PARTS[::-1]))
    for part in PARTS:
        alone = assess(study, parts=[part])
        for name in alone.names:
            pd.testing.assert_frame_equal(alone.frame(name), whole.frame(name))
    twice = assess(study, parts=["validity", "validity"])
    assert len(twice.rules) == len(assess(study, parts=["validity"]).rules)


def test_the_order_of_rows_and_their_index_changes_nothing_but_draws(
    study_of: Build, frame: pd.DataFrame
) -> None:
    moved = frame.sample(frac=1, random_state=1)
    moved.index = moved.index + 100
    parts = ["screening", "validity", "invariance", "servqual"]
    one, other = (assess(study_of(rows, measurement=ALL), parts=parts) for rows in (frame, moved))
    for name in ("flags", "items", "loadings", "correlations", "servqual", "latent_means"):
        numbers = one.frame(name).select_dtypes("number").columns
        assert one.frame(name)[numbers].to_numpy() == pytest.approx(
            other.frame(name)[numbers].to_numpy(), rel=1e-6, abs=1e-6, nan_ok=True
        )


def test_every_judgement_has_its_number_threshold_and_source(study_of: Build) -> None:
    rules = assess(study_of(measurement=ALL)).rules
    assert tuple(rules.columns) == RULE_COLUMNS
    judged = rules[rules["judgement"] != ""]
    assert judged["estimate"].notna().all()
    assert set(judged["judgement"]) <= {"pass", "warn", "fail"}
    assert rules.loc[rules["estimate"].isna(), "judgement"].eq("").all()
    assert (rules["source"].str.len() > 10).all()
    for rule, threshold in zip(rules["rule"], rules["threshold"], strict=True):
        assert threshold == RULES[rule].threshold


def test_nothing_undefined_is_a_bare_number(study_of: Build, frame: pd.DataFrame) -> None:
    frame["tan1"] = 4.0
    frame.loc[60:, ["loy1", "loy2", "loy3"]] = np.nan
    found = assess(study_of(frame, measurement=ALL))
    for name in found.names:
        table = found.frame(name)
        for column in {"estimate", "ratio"} & set(table.columns):
            bare = table[column].isna()
            assert not bare.any() or (table.loc[bare, "undefined"] != "").all(), (name, column)


def test_names_of_any_kind_are_understood(study_of: Build, frame: pd.DataFrame, declared: Declared) -> None:
    plain = assess(study_of(frame, measurement=ALL))
    names = {"tan1": "有形性 1", "tan2": "tan 2 (q)", "sat1": "sat-1", "m1": "mark 1", "channel": "渠道"}
    table = declared()
    for one in table.values():
        one["items"] = [names.get(item, item) for item in one["items"]]
    label = {"label": {"en": "Reliability", "zh": "可靠性"}}
    table = {("可靠" if name == "reliability" else name): one for name, one in table.items()}
    table["可靠"] |= label
    stated = ALL | {"group": "渠道", "marker": ["mark 1", "m2"], "pairs": [["有形性 1", "tan 2 (q)"]]}
    found = assess(study_of(frame.rename(columns=names), constructs=table, measurement=stated))
    assert set(found.names) == set(plain.names)
    for name in ("loadings", "correlations", "htmt", "ladder", "marker_models", "single_factor"):
        numbers = plain.frame(name).select_dtypes("number").columns
        assert found.frame(name)[numbers].to_numpy() == pytest.approx(
            plain.frame(name)[numbers].to_numpy(), abs=1e-7, nan_ok=True
        )


def test_an_item_named_as_a_construct_is_refused_where_a_model_cannot_tell_them_apart(
    study_of: Build, frame: pd.DataFrame, declared: Declared
) -> None:
    table = declared()
    table["tangibles"]["items"][0] = "tangibles"
    found = assess(study_of(frame.rename(columns={"tan1": "tangibles"}), constructs=table), group="channel")
    assert (
        "construct 'tangibles' is a column of the data as well. Rename one of them."
        in (found.undefined["validity: confirmatory model"])
    )
    assert {"flags", "reliability", "htmt", "components", "single_factor"} <= set(found.names)


def test_a_construct_named_as_a_part_does_not_hide_it(study_of: Build, frame: pd.DataFrame) -> None:
    frame.loc[60:, ["rel1", "rel2", "rel3"]] = np.nan  # the construct 'reliability'
    found = assess(study_of(frame))
    assert "reliability" not in found.undefined
    assert found.undefined["joint analyses: reliability"].startswith("only 20% of rows")


def test_an_unknown_part_is_named_with_the_closest(study_of: Build) -> None:
    with pytest.raises(StudyError, match=r"'validty' is no part \(closest: 'validity'\)"):
        assess(study_of(), parts=["validty"])  # type: ignore[list-item]


@pytest.mark.slow
def test_intervals_of_the_simulated_study_cover_its_truth(repository: Path) -> None:
    """Its data were drawn from a known truth, which holds the mean and the alpha of every construct."""
    study = load_study(repository / "analyses" / "after_sales")
    truth = pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")
    known = truth[truth["kind"] == "observed_score"].set_index(["model", "outcome"])["estimate"]
    found = assess(study, group="channel", parts=["servqual", "reliability", "invariance"])
    means = found.frame("servqual").query("measure == 'servperf' and construct != 'overall'")
    alphas = found.frame("reliability").query("measure == 'alpha'")
    covered = {
        "mean": [r.conf_low <= known["mean", r.construct] <= r.conf_high for r in means.itertuples()],
        "alpha": [
            r.conf_low <= known["alpha", r.construct] <= r.conf_high
            for r in alphas.itertuples()
            if ("alpha", r.construct) in known.index
        ],
    }
    assert len(covered["mean"]) == 5
    assert len(covered["alpha"]) >= 10
    assert sum(covered["mean"]) >= 4  # 3 or fewer of 5 at 95 %: 1 study in 400
    assert sum(covered["alpha"]) >= len(covered["alpha"]) - 2  # 3 or more misses of 13: 1 study in 40
    ladder = found.frame("ladder").set_index("level")["judgement"]
    assert (
        ladder[["configural", "metric", "scalar", "strict"]].tolist() == ["pass"] * 4
    )  # made by one structure


@pytest.mark.slow
def test_intervals_of_loadings_and_correlations_cover_the_truth_they_were_drawn_from(
    study_of: Build, declared: Declared
) -> None:
    inside: dict[str, list[bool]] = {"loadings": [], "correlations": []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = rng.multivariate_normal(np.zeros(4), 0.5 * np.ones((4, 4)) + 0.5 * np.eye(4), 400)
        noise = 0.6 * rng.standard_normal((400, 12))
        names = [item for one in declared(scale=None).values() for item in one["items"]]
        frame = pd.DataFrame(0.8 * np.repeat(scores, 3, axis=1) + noise, columns=names)
        found = assess(study_of(frame, constructs=declared(scale=None)), parts=["validity"])
        for name, true in (("loadings", 0.8), ("correlations", 0.5)):
            table = found.frame(name)
            inside[name] += ((table["conf_low"] <= true) & (true <= table["conf_high"])).tolist()
    assert len(inside["loadings"]) == 480
    assert 0.92 <= np.mean(inside["loadings"]) <= 0.975  # 95 % give or take 2.5 standard errors
    assert 0.905 <= np.mean(inside["correlations"]) <= 0.985  # 240 intervals, some of the same study
