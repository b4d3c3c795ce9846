"""Names of groups, and which groups can have slopes of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from servicefx.errors import DataError, IdentificationError
from servicefx.models.segments import slopes_by_group


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(rng.normal(size=(120, 2)), columns=["x", "z"])
    return frame.assign(y=frame["x"] + rng.normal(size=120), thirds=np.arange(120) % 3)


@pytest.mark.parametrize("whole", [int, float])
def test_long_codes_stay_different_groups(data: pd.DataFrame, whole: type) -> None:
    coded = data.assign(postcode=(1000001 + data["thirds"]).astype(whole))
    found = slopes_by_group(coded, "y", ["x"], "postcode")
    assert found.groups == ("1000001", "1000002", "1000003")
    expected = slopes_by_group(data, "y", ["x"], "thirds").slopes["estimate"]
    assert found.slopes["estimate"].tolist() == pytest.approx(expected.tolist())


def test_numbers_that_six_digits_would_merge_are_told_in_full(data: pd.DataFrame) -> None:
    close = data.assign(price=1.0000001 + data["thirds"] / 1e9)
    assert len(set(slopes_by_group(close, "y", ["x"], "price").groups)) == 3


@pytest.mark.parametrize(
    ("values", "why"),
    [(4.0, "has one value only of 'z'"), ("x", "has only what other drivers tell already of 'z'")],
)
def test_a_group_whose_driver_tells_nothing_is_left_out_and_the_rest_told(
    data: pd.DataFrame, values: float | str, why: str
) -> None:
    still = data.assign(z=data["z"].where(data["thirds"] != 1, data["x"] if values == "x" else values))
    found = slopes_by_group(still, "y", ["x", "z"], "thirds")
    assert found.groups == ("0", "2")
    assert found.undefined == {"1": why}
    assert dict(found.estimates.dropped) == {"group '1' of 'thirds' is left out": 40}
    rest = slopes_by_group(data[data["thirds"] != 1], "y", ["x", "z"], "thirds")
    assert found.slopes["estimate"].tolist() == pytest.approx(rest.slopes["estimate"].tolist())


def test_drivers_that_tell_nothing_anywhere_are_no_fault_of_a_group(data: pd.DataFrame) -> None:
    with pytest.raises(IdentificationError, match="can be computed exactly"):
        slopes_by_group(data.assign(z=2 * data["x"]), "y", ["x", "z"], "thirds")


def test_of_many_small_groups_five_are_listed(data: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"can be fitted: '0' has 6 .*'4' has 6 [^;]*; and 15 more\n"):
        slopes_by_group(data.assign(many=np.arange(120) % 20), "y", ["x", "z"], "many")


def test_the_f_test_is_that_of_the_interactions(data: pd.DataFrame) -> None:
    fit = smf.ols("y ~ C(thirds) * (x + z)", data).fit(cov_type="HC3", use_t=True)
    names = np.array(fit.params.index)
    for driver in ("x", "z"):
        terms = [f"C(thirds)[T.{group}]:{driver}" for group in (1, 2)]
        expected = fit.f_test([(names == term).astype(float) for term in terms])
        row = slopes_by_group(data, "y", ["x", "z"], "thirds").tests.set_index("term").loc[driver]
        assert row["f_statistic"] == pytest.approx(float(np.squeeze(expected.fvalue)))
        assert row["p_value"] == pytest.approx(float(expected.pvalue))
