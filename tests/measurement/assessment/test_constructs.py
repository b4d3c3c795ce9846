from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.assessment import assess
from servicefx.measurement.benefit_index import benefit_index
from servicefx.measurement.dimensions import minimum_average_partial, parallel_analysis, sampling_adequacy
from servicefx.measurement.invariance import measurement_invariance
from servicefx.measurement.quality_index import quality_index
from servicefx.measurement.validity import (
    confirmatory_fit,
    convergent_loadings,
    correlation_intervals,
    cross_loadings,
    fitted_average_variance_extracted,
    fornell_larcker,
    heterotrait_monotrait_intervals,
)
from servicefx.study.study import Study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]


def test_validity_holds_the_numbers_of_its_functions(study_of: Build, declared: Declared) -> None:
    study = study_of(data={"customers": {"weights": "weight", "nested_in": ["outlet"]}})
    found = assess(study, parts=["validity"])
    blocks = {name: table["items"] for name, table in declared().items()}
    frame = study.frames["customers"][[item for block in blocks.values() for item in block]]
    roles = {"weights": study.weights("customers"), "clusters": study.clusters("customers")}
    fit = confirmatory_fit(frame, blocks, estimator="mlr", **roles)
    direct = {
        "loadings": convergent_loadings(fit),
        "extracted_variance": fitted_average_variance_extracted(fit),
        "fornell_larcker": fornell_larcker(fit),
        "correlations": correlation_intervals(fit),
        "htmt": heterotrait_monotrait_intervals(
            frame, blocks, draws=60, seed=7, analysis_id=study.stream("customers"), **roles
        ),
    }
    for name, table in direct.items():
        pd.testing.assert_frame_equal(found.frame(name), table)
    assert found.undefined == {}
    upper = found.rules[found.rules["rule"] == "construct_correlation"]
    assert upper["conf_high"].tolist() == direct["correlations"]["conf_high"].tolist()


def test_where_the_confirmatory_model_is_not_found_ratios_and_cross_loadings_stand(
    study_of: Build, frame: pd.DataFrame
) -> None:
    frame[frame.columns[:12]] = np.random.default_rng(0).integers(1, 8, (300, 12)).astype(float)
    found = assess(study_of(frame), parts=["validity"])
    assert set(found.names) == {"htmt", "cross_loadings"}
    assert found.undefined["validity: confirmatory model"].startswith("model: the search stopped")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"tan1": 4.0}, "column 'tan1': holds the same value in every row"),
        ({"tan1": "tan2"}, "column 'tan2': repeats 'tan1'"),
        ({"tan1": np.nan}, "column 'tan1': holds no value"),
    ],
)
def test_an_item_that_cannot_be_used_is_named_and_what_does_not_need_it_goes_on(
    study_of: Build, frame: pd.DataFrame, spoil: dict[str, Any], why: str
) -> None:
    (item, value), *_ = spoil.items()
    frame[item] = frame[value] if isinstance(value, str) else value
    found = assess(study_of(frame, measurement={"group": "channel"}))
    assert why in found.undefined.get("validity", found.undefined.get("validity: confirmatory model"))
    assert {"dimensions", "bias: single factor", "invariance"} <= set(found.undefined)
    assert {"flags", "reliability", "servqual", "quality_index"} <= set(found.names)
    alphas = found.frame("reliability")
    others = alphas[(alphas["measure"] == "alpha") & (alphas["construct"] != "tangibles")]
    assert others["estimate"].notna().all()


def test_fewer_rows_than_items_are_refused_with_both_counts(study_of: Build, frame: pd.DataFrame) -> None:
    found = assess(study_of(frame.head(8)), parts=["validity", "dimensions", "bias", "reliability"])
    for part in ("validity", "dimensions", "bias: single factor"):
        assert "8 complete rows" in found.undefined[part] or "8 rows" in found.undefined[part]
        assert "12 items" in found.undefined[part]
    assert "reliability" in found.names


def test_one_construct_is_not_compared_with_another(study_of: Build, declared: Declared) -> None:
    study = study_of(constructs={"satisfaction": declared()["satisfaction"]})
    found = assess(study, parts=["validity", "dimensions", "bias"])
    assert found.undefined["validity"] == (
        "data 'customers': 1 reflective construct of two items or more, 2 expected. "
        "Declare more of its items."
    )
    assert {"adequacy", "components", "single_factor"} <= set(found.names)
    assert "1 reflective construct" in found.undefined["bias: full collinearity"]


def test_dimensions_hold_the_numbers_of_their_functions(study_of: Build) -> None:
    study = study_of()
    found = assess(study, parts=["dimensions"])
    items = study.frames["customers"].iloc[:, :12]
    adequacy = sampling_adequacy(items)
    assert found.frame("adequacy")["estimate"].tolist() == pytest.approx(
        [adequacy.overall, *adequacy.table["estimate"]], abs=1e-12
    )
    parallel = parallel_analysis(items, seed=7, correlation="polychoric", draws=100)  # seven answers
    pd.testing.assert_frame_equal(found.frame("components"), parallel.table)
    pd.testing.assert_frame_equal(found.frame("partials"), minimum_average_partial(items).table)
    assert found.notes["components"][0] == (
        f"Parallel analysis (polychoric correlations) retains {parallel.n_factors}; 4 constructs are stated."
    )
    assert found.frame("pattern")["component"].nunique() == parallel.n_factors


def test_cross_loadings_are_those_of_the_items(study_of: Build, declared: Declared) -> None:
    study = study_of()
    blocks = {name: table["items"] for name, table in declared().items()}
    direct = cross_loadings(study.frames["customers"].iloc[:, :12], blocks)
    found = assess(study, parts=["validity"]).frame("cross_loadings")
    numbers = [column for column in direct if direct[column].dtype == float]
    assert found[numbers].to_numpy() == pytest.approx(direct[numbers].to_numpy(), abs=1e-12)


def test_invariance_holds_the_ladder_of_its_function(study_of: Build, declared: Declared) -> None:
    study = study_of(data={"customers": {"nested_in": ["outlet"]}})
    found = assess(study, group="channel", parts=["invariance"])
    blocks = {name: table["items"] for name, table in declared().items()}
    frame = study.frames["customers"]
    direct = measurement_invariance(frame, blocks, "channel", cluster=study.clusters("customers"))
    pd.testing.assert_frame_equal(found.frame("ladder"), direct.ladder)
    pd.testing.assert_frame_equal(found.frame("latent_means"), direct.latent_means)
    assert found.undefined == {}
    assert {problem.where for problem in found.problems} >= {"column 'outlet'"}  # the reader's own name


def test_ordered_answers_are_compared_by_thresholds_and_say_what_is_not_used(
    study_of: Build, made: ModuleType
) -> None:
    frame = made.quality_frame(800)
    frame.iloc[:, :12] = frame.iloc[:, :12].clip(2, 6)
    stated = {"measurement": {"group": "channel", "ordered": True}}
    study = study_of(frame, data={"customers": {"nested_in": ["outlet"]}}, **stated)
    found = assess(study, parts=["invariance"])
    assert found.frame("ladder")["level"].tolist()[:3] == ["configural", "threshold", "metric"]
    assert any("without survey weights or clusters" in told for told in found.notes["invariance"])


@pytest.mark.parametrize(
    ("group", "why"),
    [
        (["a"] * 300, "group: 'channel' holds one value ('a')"),
        (["a"] * 288 + ["b"] * 12, "group 'b': 12 rows for 12 items"),
        ([f"g{at % 40}" for at in range(300)], "group 'g0': 8 rows for 12 items"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused_and_the_rest_goes_on(
    study_of: Build, frame: pd.DataFrame, group: list[str], why: str
) -> None:
    frame["channel"] = group
    found = assess(study_of(frame), group="channel", parts=["invariance", "validity"])
    assert found.undefined["invariance"].startswith(why)
    assert "loadings" in found.names


def test_a_refusal_of_many_problems_tells_three_and_counts_the_rest(
    study_of: Build, frame: pd.DataFrame
) -> None:
    frame["channel"] = [f"g{at % 40}" for at in range(300)]
    why = assess(study_of(frame), group="channel", parts=["invariance"]).undefined["invariance"]
    assert why.endswith(" (37 more like this.)")


def test_without_a_group_invariance_asks_for_one(study_of: Build) -> None:
    found = assess(study_of(), parts=["invariance"])
    assert found.undefined == {
        "invariance": "study.toml: measurement: no groups are compared. State group = a column."
    }


def test_the_index_is_that_of_its_function(study_of: Build) -> None:
    study = study_of(measurement={"segments": ["channel"]})
    found = assess(study, parts=["index"])
    direct = quality_index(study)
    pd.testing.assert_frame_equal(found.frame("quality_index"), direct.index)
    pd.testing.assert_frame_equal(found.frame("norms"), direct.norms)
    assert found.notes["index"][0].startswith("Every dimension weighs the same")


FAMILIES = {"economic_benefit": "tan", "social_benefit": "rel", "relationship_benefit": "sat"}


def benefits() -> dict[str, dict[str, Any]]:
    return {
        name: {"mode": "formative", "items": [f"{stem}{at}" for at in (1, 2, 3)], "scale": "seven"}
        for name, stem in FAMILIES.items()
    }


def test_the_benefit_is_that_of_its_function(study_of: Build, declared: Declared) -> None:
    table = benefits() | {"after_sales_benefit": declared()["loyalty"]}
    study = study_of(constructs=table)
    found = assess(study, parts=["benefit"])
    frame = study.frames["customers"]
    blocks = {name: one["items"] for name, one in benefits().items()}
    direct = benefit_index(
        frame, blocks, {"benefit as a whole": ["loy1", "loy2", "loy3"]}, draws=60, seed=7,
        analysis_id=study.stream("customers"),
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.frame("benefit_families"), direct.families)
    pd.testing.assert_frame_equal(found.frame("benefit_redundancy"), direct.redundancy)
    assert found.notes["benefit"] == ("The index uses 300 rows without a gap.",)


def test_a_formative_benefit_without_an_outcome_is_refused(study_of: Build) -> None:
    found = assess(study_of(constructs=benefits()))
    assert "no measure of the benefit as a whole" in found.undefined["benefit"]


def test_a_benefit_index_never_passes_over_survey_weights(study_of: Build, declared: Declared) -> None:
    table = benefits() | {"after_sales_benefit": declared()["loyalty"]}
    study = study_of(constructs=table, data={"customers": {"weights": "weight"}})
    found = assess(study, parts=["benefit"])
    assert found.undefined["benefit"].startswith("data 'customers': 'weight' holds survey weights")
