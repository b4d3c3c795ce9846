from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.loyalty import parallel_lines


def survey(seed: int, bent: float = 0.0, n: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 44])
    table = pd.DataFrame({"a": rng.normal(size=n), "b": rng.integers(0, 2, n).astype(float)})
    table["outlet"] = rng.integers(0, 60, n)
    noise = rng.logistic(size=n) + 0.6 * rng.standard_normal(60)[table["outlet"]]
    spread = np.exp(bent * table["b"])
    table["y"] = np.digitize(0.7 * table["a"] + 0.5 * table["b"] + spread * noise, [-1, 0.5, 2]) + 1.0
    return table


def test_lines_that_are_not_parallel_are_found_and_named() -> None:
    tests = parallel_lines(survey(1, bent=0.8), "y", ["a", "b"]).tests.set_index(["rule", "term"])
    assert (tests["p_value"] < 1e-3)[
        [("Brant", "all terms"), ("Brant", "b"), ("likelihood ratio", "b")]
    ].all()
    assert tests.loc[("Brant", "a"), "chi2"] < tests.loc[("Brant", "b"), "chi2"]


def test_one_term_has_no_row_for_all_terms() -> None:
    tests = parallel_lines(survey(1), "y", ["a"]).tests
    assert tests["term"].tolist() == ["a", "a", "all terms"]
    assert tests["df"].tolist() == [2.0, 2.0, 2.0]


def test_the_scale_of_a_term_does_not_matter() -> None:
    one = parallel_lines(survey(2), "y", ["a", "b"])
    two = parallel_lines(survey(2).assign(a=lambda t: 100 * t["a"] - 7), "y", ["a", "b"])
    assert two.tests["chi2"].to_numpy() == pytest.approx(one.tests["chi2"].to_numpy(), rel=1e-5)
    ratio = one.cuts["estimate"] / two.cuts["estimate"]
    assert ratio[one.cuts["term"] == "a"].to_numpy() == pytest.approx(100, rel=1e-5)


def test_turned_answers_give_the_same_tests_but_turned_cuts() -> None:
    one = parallel_lines(survey(2), "y", ["a", "b"])
    two = parallel_lines(survey(2).assign(y=lambda t: 5 - t["y"]), "y", ["a", "b"])
    assert two.tests["chi2"].to_numpy() == pytest.approx(one.tests["chi2"].to_numpy(), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": lambda t: (t["y"] > 2).astype(float)}, "2 different answers, 3 to 11 expected"),
        (
            {"y": lambda t: np.where((t["b"] == 1) & (t["y"] == 4), 3, t["y"])},
            "at the boundary '> 3' the logit",
        ),
    ],
)
def test_empty_cells_and_too_few_answers_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        parallel_lines(survey(3).assign(**change), "y", ["a", "b"])


def test_clusters_refuse_the_tests_that_need_independent_rows() -> None:
    table = survey(4)
    lines = parallel_lines(table, "y", ["a", "b"], clusters=table["outlet"])
    plain = lines.tests[lines.tests["rule"] != "Brant"]
    assert plain["p_value"].isna().all()
    assert (plain["undefined"] == "rows of one cluster are not independent, which this test needs").all()
    brant = lines.tests[lines.tests["rule"] == "Brant"]
    assert set(brant["covariance_kind"]) == {"cluster: outlet (60)"}
    assert brant["p_value"].notna().all()
