"""Invariance against lavaan and semTools: ladders, score tests of equalities, partial models, means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from servicefx import sem
from servicefx.measurement.invariance import Invariance, measurement_invariance
from servicefx.sem.reading.releases import release_frame

GOLDEN = Path(__file__).parent / "invariance"
SCHOOLS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
BRANCHES = {"f": ["y1", "y2", "y3", "y4"], "g": ["y5", "y6", "y7", "y8"]}
EQUAL = {"metric": ("loadings",), "scalar": ("loadings", "intercepts")}
CLOSE = 1e-6
"""Relative: what lavaan's estimates are good to, and polychoric correlations of its own."""


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def text_of(constructs: dict[str, list[str]]) -> str:
    return "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in constructs.items())


def schools() -> pd.DataFrame:
    return pd.read_csv(GOLDEN.parent / "sem" / "data" / "holzinger.csv")


def answers(letter: str, **choices: Any) -> Invariance:
    items = [f"{letter}{at}" for at in range(1, 9)]
    data = pd.read_csv(GOLDEN / "answers.csv")
    return measurement_invariance(
        data, {"f": items[:4], "g": items[4:]}, "channel", reference="shop", ordered=True, **choices
    )


def compare_levels(
    found: Invariance, measures: dict[str, dict[str, float | None]], names: dict[str, str]
) -> None:
    ladder = found.ladder.set_index("level")
    for level, theirs in measures.items():
        for ours, their in names.items():
            value = theirs[their]
            assert value is not None, (level, their)
            assert ladder.loc[level, ours] == pytest.approx(value, rel=CLOSE, abs=CLOSE), (level, ours)


def compare_differences(found: Invariance, differences: dict[str, dict[str, float]]) -> None:
    ladder = found.ladder.set_index("level")
    for level, theirs in differences.items():
        for name in ("chi2_diff", "df_diff", "p_value"):
            # p-values of difference tests react to chi2 times about chi2 / 2
            close = 1e-4 if name == "p_value" else 5e-6
            assert ladder.loc[level, name] == pytest.approx(theirs[name], rel=close), (level, name)


def compare_means(found: Invariance, theirs: list[dict[str, Any]]) -> None:
    ours = found.latent_means.set_index(["construct", "group"])
    assert len(ours) == len(theirs)
    for row in theirs:
        at = (row["construct"], row["group"])
        for name in ("estimate", "std_error"):
            assert ours.loc[at, name] == pytest.approx(row[name], abs=CLOSE), (at, name)
        assert ours.loc[at, "p_value"] == pytest.approx(row["p_value"], rel=1e-4)


def test_every_equality_has_lavaans_score_test() -> None:
    for level, equal in EQUAL.items():
        fit = sem.fit(text_of(SCHOOLS), schools(), group="school", std_lv=True, group_equal=equal)
        theirs = pd.DataFrame(expected("schools_ml")["scores"][level])
        both = theirs.merge(release_frame(fit), on=["lhs", "op", "rhs", "group"], suffixes=("_lavaan", ""))
        assert len(both) == len(theirs) == len(release_frame(fit))
        assert both["index"].to_numpy() == pytest.approx(both["index_lavaan"].to_numpy(), rel=1e-7, abs=1e-8)


def test_of_three_groups_each_is_released_from_the_others() -> None:
    data = pd.read_csv(GOLDEN / "numbers.csv")
    for level, equal in EQUAL.items():
        fit = sem.fit(text_of(BRANCHES), data, group="branch", std_lv=True, group_equal=equal)
        theirs = pd.DataFrame(expected("branches")[level])
        both = theirs.merge(release_frame(fit), on=["lhs", "op", "rhs", "group"], suffixes=("_lavaan", ""))
        assert len(both) == len(theirs) == (24 if level == "metric" else 40)
        assert both["index"].to_numpy() == pytest.approx(both["index_lavaan"].to_numpy(), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("estimator", ["ml", "mlr"])
def test_schools_differ_in_the_intercepts_of_x3_and_x7(estimator: str) -> None:
    theirs = expected(f"schools_{estimator}")
    found = measurement_invariance(schools(), SCHOOLS, "school", reference="Pasteur", estimator=estimator)
    robust = {"chi2": "chisq.scaled", "cfi": "cfi.robust", "rmsea": "rmsea.robust"}
    plain = {"chi2": "chisq", "cfi": "cfi", "rmsea": "rmsea"}
    names = {"df": "df", "srmr": "srmr"} | (plain if estimator == "ml" else robust)
    measures = theirs["measures"]
    one = measures.pop("scalar less x3")
    compare_levels(found, measures, names)
    levels = ("metric", "scalar", "partial scalar", "strict", "means")
    compare_differences(found, {level: theirs["differences"][level] for level in levels})
    compare_means(found, theirs["means"])
    points = found.latent_means.set_index("construct")
    for row in theirs["points"]:
        assert points.loc[row["construct"], "points"] == pytest.approx(row["estimate"], abs=CLOSE)
        assert points.loc[row["construct"], "points_error"] == pytest.approx(row["std_error"], abs=CLOSE)

    released = found.released
    assert list(released["item"]) == ["x3", "x7"]
    assert set(released["parameter"]) == {"intercept"}
    assert list(released["step"]) == [1, 2]
    for at, (level, item) in enumerate((("scalar", "x3"), ("scalar less x3", "x7"))):
        scores = {row["lhs"]: row["index"] for row in theirs["scores"][level] if row["op"] == "~1"}
        assert max(scores, key=lambda name: scores[name]) == item
        assert released["index"][at] == pytest.approx(scores[item], rel=CLOSE)
        difference = theirs["differences"][f"{item} released"]
        assert released["chi2_diff"][at] == pytest.approx(difference["chi2_diff"], rel=CLOSE)
        assert released["p_value"][at] == pytest.approx(difference["p_value"], rel=1e-4)
    assert released["cfi"][0] == pytest.approx(one[names["cfi"]], abs=CLOSE)
    assert released["cfi_before"][1] == released["cfi"][0]


SCALED = {"chi2": "chisq.scaled", "df": "df", "cfi": "cfi.scaled", "rmsea": "rmsea.scaled", "srmr": "srmr"}


def test_ordered_answers_climb_the_ladder_of_wu_and_estabrook() -> None:
    theirs = expected("ordinal_five")
    found = answers("b", partial=False)
    compare_levels(found, theirs["measures"], SCALED)
    compare_differences(found, theirs["differences"])
    fit = found.fits["metric"]
    scores = {row["rhs"]: row["index"] for row in theirs["scores"]["metric"] if row["op"] == "=~"}
    ours = release_frame(fit).query("op == '=~'").set_index("rhs")["index"]
    for item, index in scores.items():
        # lavaan weights groups by n where we weight by n - 1, as in the discrepancy that was minimised
        assert ours[item] == pytest.approx(index, rel=1e-3)


def test_thresholds_and_intercepts_of_ordered_answers_are_released() -> None:
    theirs = expected("ordinal_five")
    found = answers("b")
    partial = theirs["partial"]
    renamed = {
        "partial threshold": partial["threshold"],
        "metric": partial["metric"],
        "scalar": partial["scalar"],
        "partial scalar": partial["scalar less b6"],
    }
    compare_levels(found, renamed, SCALED)
    differences = theirs["partial_differences"]
    ours = {
        "partial threshold": differences["threshold"],
        "metric": differences["metric"],
        "scalar": differences["scalar"],
        "partial scalar": differences["scalar less b6"],
    }
    compare_differences(found, ours)
    compare_means(found, theirs["partial_means"])
    assert list(found.released["item"]) == ["b3", "b6"]
    assert list(found.released["parameter"]) == ["thresholds", "intercept"]
    assert found.released["chi2_diff"][1] == pytest.approx(differences["b6 released"]["chi2_diff"], rel=5e-6)


def test_thresholds_of_three_answers_are_no_test() -> None:
    theirs = expected("ordinal_three")
    found = answers("t", partial=False)
    compare_levels(found, theirs["measures"], SCALED)
    compare_differences(found, {level: theirs["differences"][level] for level in ("metric", "scalar")})
    assert found.ladder.set_index("level").loc["threshold", "df_diff"] == 0
    assert "nothing is tested" in found.undefined["threshold"]


def test_two_answers_are_only_tested_all_at_once() -> None:
    theirs = expected("ordinal_two")
    found = answers("d")
    compare_levels(found, theirs["measures"], SCALED)
    compare_differences(found, theirs["differences"])
    compare_means(found, theirs["means"])
    assert "two categories" in found.undefined["metric"]
