"""Slopes of known groups: each as if alone, compared on one covariance and on joint draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError
from servicefx.models.segments import slopes_by_group
from servicefx.models.segments.group_tests import corrected
from servicefx.values.glossary import GLOSSARY

DRIVERS = ["staff", "speed"]


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    n = 600
    staff, speed, age = rng.normal(size=(3, n))
    shop = rng.choice(["web", "shop", "phone"], n)
    y = 0.5 * staff + np.where(shop == "web", 0.9, 0.1) * speed + 0.3 * age + 0.5 * rng.normal(size=n)
    return pd.DataFrame(
        {"y": y, "staff": staff, "speed": speed, "age": age, "shop": shop, "outlet": rng.integers(0, 40, n)}
    )


def test_each_group_is_as_if_alone(data: pd.DataFrame) -> None:
    found = slopes_by_group(data, "y", DRIVERS, "shop")
    assert found.groups == ("phone", "shop", "web")
    for group in found.groups:
        alone = fit_ols(data[data["shop"] == group].reset_index(drop=True), "y", DRIVERS)
        rows = found.slopes[found.slopes["group"] == group]
        assert rows["estimate"].to_numpy() == pytest.approx(alone.coefficients[:2])
        assert rows["std_error"].to_numpy() == pytest.approx(alone.std_errors[:2])
        assert (rows["n_obs"] == alone.n_obs).all()
    tests = found.tests.set_index("term")
    assert tests.loc["speed", "p_adjusted"] < 1e-6 < 0.01 < tests.loc["staff", "p_value"]
    assert tests["df"].tolist() == [2, 2, 4]
    speed = found.differences[found.differences["term"] == "speed"].set_index(["group_left", "group_right"])
    assert speed.loc[("phone", "web"), "difference"] == pytest.approx(-0.8, abs=0.2)
    assert (found.differences["p_adjusted"] >= found.differences["p_value"]).all()
    for frame in (found.slopes, found.tests, found.differences):
        assert not set(frame.columns) - set(GLOSSARY)


def test_two_groups_have_one_difference_and_its_square_is_the_test(data: pd.DataFrame) -> None:
    two = data[data["shop"] != "phone"]
    found = slopes_by_group(two, "y", DRIVERS, "shop", clusters=two["outlet"])
    squared = (found.differences["difference"] / found.differences["std_error"]) ** 2
    assert found.tests["f_statistic"].to_numpy()[:2] == pytest.approx(squared.to_numpy())
    assert found.tests["p_value"].to_numpy()[:2] == pytest.approx(found.differences["p_value"].to_numpy())
    assert found.estimates.covariance_kind == "cluster: outlet (40)"


def test_rows_names_and_numbers_of_groups_do_not_matter(data: pd.DataFrame, rng: np.random.Generator) -> None:
    coded = data.assign(shop=data["shop"].map({"phone": 0.0, "shop": 1.0, "web": 2.0}))
    mixed = coded.sample(frac=1, random_state=rng)
    left, right = (slopes_by_group(frame, "y", DRIVERS, "shop") for frame in (data, mixed))
    assert right.groups == ("0", "1", "2")
    assert left.slopes["estimate"].to_numpy() == pytest.approx(right.slopes["estimate"].to_numpy())
    assert left.tests["p_value"].to_numpy() == pytest.approx(right.tests["p_value"].to_numpy())


@pytest.mark.parametrize("covariates", [[], ["age"]])
@pytest.mark.parametrize("weighted", [False, True])
def test_draws_are_regressions_of_resamples(
    covariates: list[str], weighted: bool, data: pd.DataFrame
) -> None:
    weights = pd.Series(np.linspace(0.5, 2, 600), name="w") if weighted else None
    counts = np.random.default_rng(1).poisson(1.0, (3, 600)).astype(np.float32)
    found = slopes_by_group(
        data, "y", DRIVERS, "shop", covariates, counts=counts, source="made", weights=weights
    )
    rows = np.repeat(np.arange(600), counts[1].astype(int))
    again = slopes_by_group(
        data.iloc[rows], "y", DRIVERS, "shop", covariates,
        weights=None if weights is None else weights.iloc[rows],
    ).slopes.set_index(["group", "term"])  # fmt: skip
    for key, effect in found.effects.items():
        assert effect.draws[1] == pytest.approx(again.loc[key, "estimate"])
    estimates = found.slopes.set_index(["group", "term"])["estimate"]
    assert {key: effect.estimate for key, effect in found.effects.items()} == pytest.approx(
        estimates.to_dict()
    )


def test_gaps_and_small_groups_are_left_out_with_their_reason(data: pd.DataFrame) -> None:
    few = data.copy()
    few.loc[:4, "shop"] = "letter"
    few.loc[5:9, "shop"] = None
    few.loc[10:11, "staff"] = np.nan
    found = slopes_by_group(few, "y", DRIVERS, "shop")
    assert found.undefined == {"letter": "has 5 complete rows, at least 9 expected"}
    assert found.estimates.n_obs == 588
    assert dict(found.estimates.dropped) == {
        "shop missing": 5, "group 'letter' of 'shop' is left out": 5, "staff missing": 2,
    }  # fmt: skip


def test_too_many_differences_for_the_clusters_are_not_tested(data: pd.DataFrame) -> None:
    found = slopes_by_group(data, "y", DRIVERS, "shop", clusters=data["outlet"] % 4)
    row = found.tests.set_index("term").loc["all"]
    assert np.isnan(row["p_value"])
    assert row["undefined"] == "4 differences at once are too many for 4 clusters"
    assert found.tests["p_value"].iloc[:2].notna().all()


def test_corrections_keep_what_does_not_exist() -> None:
    p_values = np.array([0.01, np.nan, 0.03])
    assert corrected(p_values, "holm").tolist() == pytest.approx([0.02, np.nan, 0.03], nan_ok=True)
    with pytest.raises(ValueError, match="adjustment must be 'holm' or 'fdr'"):
        corrected(p_values, "bonferroni")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("shops", r"column 'shops' is not in the data \(closest: 'shop'\)"),
        ("age", r"'age' has 600 groups, expected 2 to 20"),
        ("one", r"'one' has 1 groups"),
        ("rare", r"fewer than two groups can be fitted: 'b' has 3 complete rows, at least 9 expected"),
        ("staff", r"'staff' has 600 groups"),
    ],
)
def test_groups_that_are_none_are_refused(by: str, message: str, data: pd.DataFrame) -> None:
    wrong = data.assign(one="all", rare=np.where(np.arange(600) < 3, "b", "a"))
    with pytest.raises(DataError, match=message):
        slopes_by_group(wrong, "y", DRIVERS, by)
