"""Screening against R's psych and lavaan, careless-py, and published figures of Little's test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.screening.careless import longest_run, response_variability, straight_lined
from servicefx.measurement.screening.extremes import item_statistics
from servicefx.measurement.screening.missingness import littles_mcar_test, pattern_counts
from servicefx.measurement.screening.outliers import mahalanobis_distances

Golden = Callable[[str], pd.DataFrame]
CLOSED_FORM = 1e-11  # both evaluate one formula; what differs is rounding
ITERATED = 1e-9  # two EM algorithms, each stopped at a change below 1e-10
EARLY_STOP = 5e-6  # naniar and missr stop EM at a relative change of 1e-4; the largest gap seen is 1.4e-6
DATA = ("survey", "three", "pollution", "air")


@pytest.fixture
def survey(golden: Golden) -> pd.DataFrame:
    return golden("screening/survey.csv")


def test_runs_variability_and_straight_lined_blocks_are_those_of_r(
    survey: pd.DataFrame, golden: Golden
) -> None:
    expected = golden("screening/expected_rows.csv")
    values = survey.to_numpy(dtype=np.float64)
    np.testing.assert_array_equal(longest_run(values), expected["longest_run"])
    np.testing.assert_allclose(response_variability(values), expected["variability"], rtol=CLOSED_FORM)
    lined = straight_lined(values, [np.arange(4), np.arange(4, 8), np.arange(8, 12)])
    np.testing.assert_array_equal(lined, expected.filter(like="constant"))


def test_longest_runs_are_those_of_careless_py(survey: pd.DataFrame, golden: Golden) -> None:
    expected = golden("screening/expected_runs.csv")
    runs = longest_run(survey.to_numpy(dtype=np.float64))
    np.testing.assert_array_equal(runs[expected["row"]], expected["run"])


def test_mahalanobis_distances_of_complete_rows_are_those_of_psych(
    survey: pd.DataFrame, golden: Golden
) -> None:
    expected = golden("screening/expected_rows.csv")["distance"]
    np.testing.assert_allclose(mahalanobis_distances(survey), expected, rtol=CLOSED_FORM)


def test_item_statistics_are_those_of_psych(survey: pd.DataFrame, golden: Golden) -> None:
    expected = golden("screening/expected_items.csv")
    ours = item_statistics(survey, scale=(1, 7))
    pd.testing.assert_frame_equal(ours[list(expected.columns)], expected, rtol=CLOSED_FORM)


def test_patterns_of_gaps_are_counted_as_by_table(survey: pd.DataFrame, golden: Golden) -> None:
    expected = golden("screening/expected_patterns.csv").fillna({"missing": ""})
    ours = pattern_counts(survey, top=100)
    assert ours["share"].sum() == pytest.approx(1)
    pd.testing.assert_frame_equal(
        ours[["missing", "n_rows"]].sort_values("missing", ignore_index=True),
        expected.sort_values("missing", ignore_index=True),
    )
    assert ours["n_rows"].is_monotonic_decreasing
    filled = ours["missing"] != ""
    assert (ours["n_missing"][filled] == ours["missing"][filled].str.count(", ") + 1).all()


@pytest.mark.parametrize("data", DATA)
def test_littles_test_is_the_published_formula_on_moments_of_r(data: str, golden: Golden) -> None:
    expected = golden("screening/expected_mcar.csv").set_index("data").loc[data]
    items = golden(f"screening/{data}.csv")
    little, plain = littles_mcar_test(items), littles_mcar_test(items, denominator="n")
    assert (little.df, little.n_patterns, little.n_obs) == tuple(expected[["df", "n_patterns", "n_obs"]])
    assert little.chi2 == pytest.approx(expected["chi2_n_1"], rel=ITERATED)
    assert plain.chi2 == pytest.approx(expected["chi2_n"], rel=ITERATED)
    assert plain.chi2 == pytest.approx(expected["chi2_n_lavaan"], rel=ITERATED)
    assert little.p_value == pytest.approx(expected["p_value_n_1"], rel=1e-7)  # steeper than chi2


@pytest.mark.parametrize(("data", "rel"), [("air", EARLY_STOP), ("pollution", EARLY_STOP), ("three", 1e-4)])
def test_littles_test_with_denominator_n_is_what_r_packages_print(
    data: str, rel: float, golden: Golden
) -> None:
    published = golden("screening/published_mcar.csv").set_index("data").loc[data]
    ours = littles_mcar_test(golden(f"screening/{data}.csv"), denominator="n")
    assert ours.chi2 == pytest.approx(published["statistic"], rel=rel)  # "three" is printed to 4 digits
    assert (ours.df, ours.n_patterns) == (published["df"], published["n_patterns"])
    assert ours.p_value == pytest.approx(published["p_value"], rel=2e-3 if data == "three" else 1e-4)
