"""Robustness values, adjusted estimates and bounds against PySensemakr."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from servicefx.effects.robustness import adjusted_estimates, confounder_bounds, robustness_value

CLOSED_FORM = 1e-9


def test_robustness_values(golden: Callable[[str], pd.DataFrame]) -> None:
    for row in golden("robustness/values.csv").itertuples():
        found = robustness_value(row.statistic, 1.0, row.df, reduction=row.reduction, level=row.level)
        ours = (found.robustness_value, found.robustness_value_interval, found.partial_r2)
        theirs = (row.robustness_value, row.robustness_value_interval, row.partial_r2)
        assert ours == pytest.approx(theirs, abs=CLOSED_FORM)


def test_adjusted_estimates(golden: Callable[[str], pd.DataFrame]) -> None:
    theirs = golden("robustness/adjusted.csv")
    ours = adjusted_estimates(-0.4, 0.1, 90, theirs["r2_term"], theirs["r2_outcome"])
    for name in ("estimate", "std_error", "statistic"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), abs=CLOSED_FORM)


def test_bounds_by_covariates(golden: Callable[[str], pd.DataFrame]) -> None:
    theirs = golden("robustness/bounds.csv")
    _, ours = confounder_bounds(
        golden("robustness/data.csv"), "y", "x", ["a", "b", "c"], ["a", "b"], multiples=(1, 2)
    )
    assert ours["benchmark"].tolist() == theirs["benchmark"].tolist()
    assert (ours["undefined"] == "").all()
    numbers = ["multiple", "r2_term", "r2_outcome", "std_error", "statistic"]
    for name in ["estimate", *numbers]:
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), abs=CLOSED_FORM), name
    for name in (
        "conf_low",
        "conf_high",
    ):  # PySensemakr takes t of df, not of the df - 1 left beside the cause
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), abs=1e-5), name
