from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.engines.panel import fit_two_way
from servicefx.errors import DataError, IdentificationError


def panel(rng: np.random.Generator, firms: int = 12, years: int = 6) -> pd.DataFrame:
    firm, year = np.repeat(np.arange(firms), years), np.tile(np.arange(2010, 2010 + years), firms)
    x, z = rng.standard_normal((2, firms * years))
    y = 0.7 * x - 0.2 * z + firm + 0.1 * year + 0.3 * rng.standard_normal(firms * years)
    return pd.DataFrame({"firm": firm, "year": year, "x": x, "z": z, "y": y})


def fit(frame: pd.DataFrame, terms: tuple[str, ...] = ("x", "z"), **options: object):  # type: ignore[no-untyped-def]
    return fit_two_way(frame, "y", terms, unit="firm", period="year", **options)  # type: ignore[arg-type]


def dummies(frame: pd.DataFrame) -> pd.DataFrame:
    firms = pd.get_dummies(frame["firm"], prefix="f", drop_first=True, dtype=float)
    years = pd.get_dummies(frame["year"], prefix="t", drop_first=True, dtype=float)
    return pd.concat([frame, firms, years], axis=1)


def test_coefficients_are_those_of_least_squares_with_dummies(rng: np.random.Generator) -> None:
    frame = panel(rng).drop(index=[3, 11, 40]).reset_index(drop=True)
    wide = dummies(frame)
    terms = ["x", "z", *wide.columns[5:]]
    full = fit_ols(wide, "y", terms, covariance="cluster", clusters=wide["firm"])
    within = fit(frame)
    assert within.coefficients == pytest.approx(full.coefficients[:2], rel=1e-9)
    # least squares counts the dummies among its coefficients, (n-1)/(n-K); the panel counts its terms alone
    n, k_all = len(frame), len(terms) + 1
    shrunk = full.covariance[:2, :2] * (n - k_all) / (n - 2)
    assert within.covariance == pytest.approx(shrunk, rel=1e-9)
    assert (within.df, within.covariance_kind) == (11, "cluster: firm (12)")


def test_text_periods_and_units_are_understood(rng: np.random.Generator) -> None:
    frame = panel(rng)
    worded = frame.assign(firm="公司 " + frame["firm"].astype(str), year=frame["year"].astype(str) + "Q1")
    assert fit(worded).coefficients == pytest.approx(fit(frame).coefficients, rel=1e-10)


def test_rows_alone_in_their_unit_or_period_are_taken_out_and_counted(rng: np.random.Generator) -> None:
    frame = panel(rng)
    alone = frame.head(3).assign(firm=[100, 101, 102], y=[50.0, -50.0, 9.0])
    late = frame.head(1).assign(year=2099)
    both = pd.concat([frame, alone, late], ignore_index=True)
    more, plain = fit(both), fit(frame)
    assert more.dropped == {"only row of its unit or period": 4}
    assert more.coefficients == pytest.approx(plain.coefficients, rel=1e-10)
    assert more.covariance == pytest.approx(plain.covariance, rel=1e-10)
    assert (more.df, more.n_obs, plain.dropped) == (11, 72, {})


def test_weights_of_rows_taken_out_go_with_them(rng: np.random.Generator) -> None:
    frame = panel(rng)
    weights = pd.Series(rng.uniform(0.5, 2, len(frame) + 1), name="w")
    both = pd.concat([frame.head(1).assign(firm=100), frame], ignore_index=True)
    expected = fit(frame, weights=weights.iloc[1:])
    assert fit(both, weights=weights).coefficients == pytest.approx(expected.coefficients, rel=1e-10)


def test_a_term_that_only_compares_units_is_refused(rng: np.random.Generator) -> None:
    frame = panel(rng)
    message = (
        "panel regression of 'y': 'size' does not vary within 'firm' once 'year' is held\n"
        "    Remove it, or ask a question that compares units."
    )
    with pytest.raises(IdentificationError, match=f"^{re.escape(message)}$"):
        fit(frame.assign(size=frame["firm"] * 1.0 + frame["year"] ** 1.5), ("x", "size"))


def test_a_unit_plus_period_term_is_found_in_an_unbalanced_panel_too(rng: np.random.Generator) -> None:
    frame = pd.DataFrame([(f, t) for f in range(40) for t in (f, f + 1, f + 2)], columns=["firm", "year"])
    frame = frame.assign(y=rng.standard_normal(120), x=frame["firm"] + np.sqrt(frame["year"]))
    with pytest.raises(IdentificationError, match="'x' does not vary within 'firm' once 'year' is held"):
        fit(frame, ("x",))


def test_an_outcome_that_is_unit_plus_period_is_refused(rng: np.random.Generator) -> None:
    frame = panel(rng)
    with pytest.raises(IdentificationError, match="'y' does not vary within 'firm' once 'year' is held"):
        fit(frame.assign(y=0.3 * frame["firm"] + 0.7 * frame["year"]))


def test_terms_that_are_the_same_within_are_refused(rng: np.random.Generator) -> None:
    frame = panel(rng)
    with pytest.raises(IdentificationError, match="'z' does not vary within 'firm' once 'year' is held"):
        fit(frame.assign(z=2 * frame["x"] + frame["firm"]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("firm == 0", "1 values of 'firm' and 6 of 'year'\n    Use a panel of 2 by 2 or more."),
        (
            "firm == year - 2010",
            "no two rows share a 'firm' and differ in 'year' beside others that do\n"
            "    Add periods or units.",
        ),
        (
            "firm < 2 and year < 2013",
            "6 rows for 6 coefficients, unit and period effects included\n"
            "    Add rows (at least 7) or remove terms.",
        ),
        (
            "firm < 2 and year < 2012",
            "4 rows for 5 coefficients, unit and period effects included\n"
            "    Add rows (at least 6) or remove terms.",
        ),
    ],
)
def test_panels_too_small_are_refused(rng: np.random.Generator, rows: str, message: str) -> None:
    with pytest.raises(DataError, match=f"^panel regression of 'y': {re.escape(message)}$"):
        fit(panel(rng).query(rows))


def test_a_repeated_pair_is_refused(rng: np.random.Generator) -> None:
    frame = panel(rng)
    message = "panel regression of 'y': 2 rows repeat a pair of 'firm' and 'year'\n    Keep one row a pair."
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        fit(pd.concat([frame, frame.head(2)], ignore_index=True))


def test_weights_are_checked(rng: np.random.Generator) -> None:
    frame = panel(rng)
    with pytest.raises(DataError, match="weights 'w': 72 of 72 weights are missing or not above 0"):
        fit(frame, weights=pd.Series(0.0, frame.index, name="w"))
