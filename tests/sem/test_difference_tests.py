import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.sem.difference_tests import (
    chi2_difference,
    difference_traces,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
)
from servicefx.sem.reading.model_test import ModelTest

GOLDEN = Path(__file__).parents[1] / "golden" / "measures"
LAVAAN = pd.read_csv(GOLDEN / "difference.csv")
MATRICES = json.loads((GOLDEN / "difference.json").read_text())


def traces_of(case: str) -> tuple[float, float]:
    names = ("weight", "gamma", "general", "nested")
    weight, gamma, general, nested = ([np.array(m) for m in MATRICES[case][name]] for name in names)
    return difference_traces(weight, gamma, general, nested, shares=MATRICES[case]["shares"])


@pytest.mark.parametrize("row", list(LAVAAN.itertuples()), ids=lambda row: f"{row.case} {row.method}")
def test_difference_tests_are_lavaans(row):
    nested = ModelTest(chi2=row.chi2_nested, df=row.df_nested, scaling_factor=row.scaling_nested)
    general = ModelTest(chi2=row.chi2_general, df=row.df_general, scaling_factor=row.scaling_general)
    if row.method == "plain":
        test = chi2_difference(nested, general)
    elif row.method == "satorra_bentler_2001":
        test = satorra_bentler_2001(nested, general)
    elif row.method == "satorra_bentler_2010":
        between = ModelTest(chi2=math.nan, df=row.df_general, scaling_factor=row.scaling_between)
        test = satorra_bentler_2010(nested, general, between)
    else:
        trace, squared = traces_of(row.case)
        test = satorra_2000(
            nested, general, trace=trace, trace_squared=None if "mean" in row.method else squared
        )
    # the Jacobians of the two fits are lavaan's own, at estimates good to its stopping rule
    assert test.chi2_diff == pytest.approx(row.chi2_diff, rel=1e-6)
    assert test.df_diff == row.df_diff
    assert test.p_value == pytest.approx(row.p_value, rel=2e-5)
    assert test.problem == ""


def test_a_scaled_and_shifted_difference_has_the_mean_and_variance_of_a_chi_square(rng):
    trace, squared, d = 3.0, 5.0, 3
    weights = np.roots([1, -trace, (trace**2 - squared) / 2])  # two weights with this sum and sum of squares
    assert np.isreal(weights).all()
    draws = weights.real @ rng.chisquare(1, size=(2, 400_000))
    general = ModelTest(chi2=0.0, df=5)
    scaled = [
        satorra_2000(ModelTest(chi2=value, df=5 + d), general, trace=trace, trace_squared=squared).chi2_diff
        for value in (0.0, 1.0)
    ]
    statistic = scaled[0] + (scaled[1] - scaled[0]) * draws
    assert np.mean(statistic) == pytest.approx(d, rel=0.01)
    assert np.var(statistic) == pytest.approx(2 * d, rel=0.02)


def test_a_negative_scaling_factor_is_told_and_gives_no_test():
    nested = ModelTest(chi2=90, df=25, scaling_factor=1.0)
    general = ModelTest(chi2=85, df=24, scaling_factor=1.2)
    test = satorra_bentler_2001(nested, general)
    assert math.isnan(test.chi2_diff)
    assert math.isnan(test.p_value)
    assert test.problem == "the scaling factor of the difference is -3.8, not positive"
    between = ModelTest(chi2=0, df=24, scaling_factor=0.98)
    assert satorra_bentler_2010(nested, general, between).chi2_diff == pytest.approx(5 / (25 - 24 * 0.98))


def test_a_saturated_general_model_has_no_scaling_factor_and_needs_none():
    nested = ModelTest(chi2=9, df=3, scaling_factor=1.5)
    general = ModelTest(chi2=0, df=0, scaling_factor=math.nan)
    assert satorra_bentler_2001(nested, general).chi2_diff == pytest.approx(6)


def test_a_nested_model_that_fits_better_is_told():
    test = chi2_difference(ModelTest(chi2=80, df=25), ModelTest(chi2=85, df=24))
    assert (test.chi2_diff, test.p_value) == (-5, 1)
    assert test.problem == "the model with restrictions fits better than the one without"


def test_models_that_are_not_nested_are_refused():
    with pytest.raises(StudyError, match="24 degrees of freedom with restrictions, more than 24 expected"):
        chi2_difference(ModelTest(chi2=90, df=24), ModelTest(chi2=85, df=24))


def test_a_model_without_scaled_test_is_refused_where_one_is_needed():
    with pytest.raises(StudyError, match="no scaled test"):
        satorra_bentler_2001(ModelTest(chi2=90, df=25), ModelTest(chi2=85, df=24))


def test_a_model_between_of_other_degrees_of_freedom_is_refused():
    nested, general = (ModelTest(chi2=90, df=df, scaling_factor=1.0) for df in (25, 24))
    with pytest.raises(StudyError, match="Evaluate the general model itself"):
        satorra_bentler_2010(nested, general, nested)


def test_traces_of_the_right_weight_are_the_number_of_restrictions(rng):
    root = rng.normal(size=(6, 9))
    gamma, D = root @ root.T, rng.normal(size=(6, 4))
    W = np.linalg.inv(gamma)
    mix = rng.normal(size=(4, 2))  # the nested model written with other parameters
    assert difference_traces([W], [gamma], [D], [D @ mix]) == pytest.approx((2, 2))
    split = difference_traces([W, W], [gamma, gamma], [D, D], [D @ mix, D @ mix], shares=(0.4, 0.6))
    assert split == pytest.approx((2, 2))
