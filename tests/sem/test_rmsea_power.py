from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import ncx2

from servicefx.errors import StudyError
from servicefx.sem.rmsea_power import (
    nested_rmsea_power,
    nested_rmsea_sample_size,
    rmsea_power,
    rmsea_sample_size,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "measures"


def test_power_is_semtools():
    for case in pd.read_csv(GOLDEN / "power.csv").itertuples():
        hypotheses = {"rmsea_null": case.null, "rmsea_alternative": case.alternative}
        power = rmsea_power(case.df, case.n_obs, n_groups=case.n_groups, **hypotheses)
        assert power == pytest.approx(case.power, rel=1e-7), case


def test_sample_sizes_are_semtools():
    for case in pd.read_csv(GOLDEN / "sample_size.csv").itertuples():
        hypotheses = {"rmsea_null": case.null, "rmsea_alternative": case.alternative}
        n_obs = rmsea_sample_size(case.df, power=case.power, **hypotheses)
        assert n_obs == case.n_obs, case


def test_power_of_nested_models_is_semtools():
    for case in pd.read_csv(GOLDEN / "nested_power.csv").itertuples():
        pairs = {"rmsea_alternative": (0.06, 0.05)}
        if case.null:
            pairs = {"rmsea_null": (0.05, 0.04), "rmsea_alternative": (0.07, 0.05)}
        power = nested_rmsea_power(case.df_nested, 20, case.n_obs, n_groups=case.n_groups, **pairs)
        assert power == pytest.approx(case.power, rel=1e-7), case


def test_power_is_that_of_the_published_table():
    # MacCallum, Browne & Sugawara (1996), table 2: close fit, .05 against .08
    assert round(rmsea_power(5, 100), 3) == 0.127
    assert round(rmsea_power(100, 200), 3) == 0.955


def test_power_is_the_share_of_rejections(rng):
    df, n_obs = 24, 250
    null, truth = ((n_obs - 1) * df * rmsea**2 for rmsea in (0.05, 0.08))
    rejected = rng.noncentral_chisquare(df, truth, size=200_000) > ncx2.isf(0.05, df, null)
    assert rmsea_power(df, n_obs) == pytest.approx(rejected.mean(), abs=0.005)


@pytest.mark.parametrize("alternative", [0.08, 0.01])
@pytest.mark.parametrize("df", [1, 10, 400])
def test_one_row_fewer_has_too_little_power(df, alternative):
    n_obs = rmsea_sample_size(df, power=0.9, rmsea_alternative=alternative)
    powers = [rmsea_power(df, n, rmsea_alternative=alternative) for n in (n_obs - 1, n_obs)]
    assert powers[0] < 0.9 <= powers[1]


def test_one_row_fewer_has_too_little_power_for_a_difference():
    n_obs = nested_rmsea_sample_size(22, 20, power=0.9, n_groups=2)
    powers = [nested_rmsea_power(22, 20, n, n_groups=2) for n in (n_obs - 1, n_obs)]
    assert powers[0] < 0.9 <= powers[1]


def test_the_power_against_the_null_itself_is_the_size_of_the_test():
    assert rmsea_power(24, 300, rmsea_alternative=0.05, alpha=0.01) == 0.01


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": 1.2}, "alpha: is 1.2, a number between 0 and 1 expected"),
        ({"df": 0}, "df: is 0, at least 1 expected"),
        ({"n_obs": 1}, "n_obs: is 1, at least 2 expected"),
        ({"n_groups": 0}, "n_groups: is 0, at least 1 expected"),
        ({"rmsea_null": -0.1}, "rmsea: "),
    ],
)
def test_numbers_out_of_range_are_refused(wrong, message):
    with pytest.raises(StudyError, match=message):
        rmsea_power(**{"df": 24, "n_obs": 300, **wrong})


def test_hypotheses_that_no_sample_can_tell_apart_are_refused():
    with pytest.raises(StudyError, match="Put the two hypotheses further apart"):
        rmsea_sample_size(24, rmsea_alternative=0.05)
    with pytest.raises(StudyError, match=r"power: is 1\.0"):
        rmsea_sample_size(24, power=1.0)


def test_restrictions_that_improve_the_fit_are_refused():
    with pytest.raises(StudyError, match="make the nested model fit better"):
        nested_rmsea_power(22, 20, 500, rmsea_alternative=(0.03, 0.05))
    with pytest.raises(StudyError, match="Name the model with restrictions first"):
        nested_rmsea_power(20, 22, 500)
