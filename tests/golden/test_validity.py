"""HTMT, loadings, construct correlations, Fornell-Larcker: against semTools, lavaan and seminr."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.measurement.validity import (
    confirmatory_fit,
    convergent_loadings,
    correlation_cut_tests,
    correlation_intervals,
    fitted_average_variance_extracted,
    fornell_larcker,
    heterotrait_monotrait,
    heterotrait_monotrait_geometric,
)
from servicefx.measurement.validity.cross_loadings import score_correlations
from servicefx.measurement.validity.fornell_larcker import fornell_larcker_frame
from servicefx.moments.moments import Moments

CLOSED_FORM = 1e-12  # one formula in both programs
OPTIMISED = 5e-7  # two optimisers stop at different gradients: 6e-8 on the day
LOOSE = 5e-5  # semTools' own refits use the default tolerance: a chi2 of 2e-8 for 0 makes p .9999 for 1

CONSTRUCTS = {
    "mobi": {
        "image": [f"IMAG{n}" for n in range(1, 6)],
        "expectation": [f"CUEX{n}" for n in range(1, 4)],
        "quality": [f"PERQ{n}" for n in range(1, 8)],
        "value": ["PERV1", "PERV2"],
        "satisfaction": [f"CUSA{n}" for n in range(1, 4)],
        "loyalty": [f"CUSL{n}" for n in range(1, 4)],
    },
    "holzinger": {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]},
}

Golden = Callable[[str], pd.DataFrame]


@pytest.fixture
def items(request: pytest.FixtureRequest, golden: Golden) -> Callable[[str], pd.DataFrame]:
    def of(data: str) -> pd.DataFrame:
        if data == "mobi":
            answers: pd.DataFrame = request.getfixturevalue("mobi")
            return answers.rename(columns=str.upper)
        return golden("holzinger/data.csv")

    return of


def rows_of(table: pd.DataFrame, **chosen: str) -> pd.DataFrame:
    for column, value in chosen.items():
        table = table[table[column] == value]
    return table.drop(columns=list(chosen)).reset_index(drop=True)


@pytest.mark.parametrize("data", CONSTRUCTS)
def test_htmt_is_that_of_semtools_with_absolute_correlations(
    data: str, items: Callable[[str], pd.DataFrame], golden: Golden
) -> None:
    ours = heterotrait_monotrait(items(data), CONSTRUCTS[data])
    expected = rows_of(golden("validity/htmt.csv"), data=data, measure="htmt")
    pd.testing.assert_frame_equal(ours, expected, rtol=CLOSED_FORM)


def test_htmt_of_raw_correlations_differs_where_they_differ_in_sign(
    items: Callable[[str], pd.DataFrame], golden: Golden
) -> None:
    ours = heterotrait_monotrait(items("holzinger"), CONSTRUCTS["holzinger"])["ratio"]
    raw = rows_of(golden("validity/htmt.csv"), data="holzinger", measure="raw")["ratio"]
    assert (ours - raw).round(3).tolist() == [0.0, 0.043, 0.0]


@pytest.mark.parametrize("data", CONSTRUCTS)
def test_htmt2_is_that_of_semtools_and_undefined_where_a_correlation_is_negative(
    data: str, items: Callable[[str], pd.DataFrame], golden: Golden
) -> None:
    ours = heterotrait_monotrait_geometric(items(data), CONSTRUCTS[data])
    expected = rows_of(golden("validity/htmt.csv"), data=data, measure="htmt2")
    refused = {"mobi": ["quality, loyalty"], "holzinger": ["visual, speed"]}[data]
    bare = ours["ratio"].isna()
    assert (ours["left"] + ", " + ours["right"])[bare].tolist() == refused
    assert ours.loc[bare, "undefined"].str.contains("a geometric mean needs positive correlations").all()
    assert (ours.loc[~bare, "undefined"] == "").all()
    pd.testing.assert_frame_equal(
        ours.loc[~bare, ["left", "right", "ratio"]], expected[~bare], rtol=CLOSED_FORM
    )


def test_htmt_is_that_of_seminr(items: Callable[[str], pd.DataFrame], golden: Golden) -> None:
    ours = heterotrait_monotrait(items("mobi"), CONSTRUCTS["mobi"])
    theirs = golden("validity/seminr_htmt.csv").rename(columns={"left": "right", "right": "left"})
    joined = ours.merge(theirs, on=["left", "right"], suffixes=("", "_seminr"))
    assert len(joined) == 15
    assert joined["ratio"].to_numpy() == pytest.approx(joined["ratio_seminr"].to_numpy(), rel=CLOSED_FORM)


@pytest.fixture
def fits(items: Callable[[str], pd.DataFrame]) -> Callable[[str, str], sem.SemFit]:
    return lambda data, estimator: confirmatory_fit(items(data), CONSTRUCTS[data], estimator=estimator)


CASES = [(data, estimator) for data in CONSTRUCTS for estimator in ("ml", "mlr")]


@pytest.mark.parametrize(("data", "estimator"), CASES)
def test_construct_correlations_and_intervals_are_those_of_lavaan(
    data: str, estimator: str, fits: Callable[[str, str], sem.SemFit], golden: Golden
) -> None:
    ours = correlation_intervals(fits(data, estimator))
    expected = rows_of(golden("validity/correlations.csv"), data=data, estimator=estimator)
    columns = ["construct", "other", "estimate", "std_error", "conf_low", "conf_high"]
    pd.testing.assert_frame_equal(ours[columns], expected[columns], rtol=OPTIMISED)


@pytest.mark.parametrize(("data", "estimator"), CASES)
def test_loadings_and_intervals_are_those_of_lavaan(
    data: str, estimator: str, fits: Callable[[str, str], sem.SemFit], golden: Golden
) -> None:
    ours = convergent_loadings(fits(data, estimator))
    expected = rows_of(golden("validity/loadings.csv"), data=data, estimator=estimator)
    columns = ["construct", "item", "estimate", "std_error", "conf_low", "conf_high", "p_value"]
    pd.testing.assert_frame_equal(ours[columns], expected[columns], rtol=0, atol=OPTIMISED)


@pytest.mark.parametrize("data", CONSTRUCTS)
def test_average_variance_extracted_and_fornell_larcker_follow_from_lavaan(
    data: str, fits: Callable[[str, str], sem.SemFit], golden: Golden
) -> None:
    fit = fits(data, "ml")
    loadings = rows_of(golden("validity/loadings.csv"), data=data, estimator="ml")
    correlations = rows_of(golden("validity/correlations.csv"), data=data, estimator="ml")
    extracted = loadings["estimate"].pow(2).groupby(loadings["construct"]).mean()
    ours = fitted_average_variance_extracted(fit).set_index("construct")["estimate"]
    assert ours.to_dict() == pytest.approx(extracted.to_dict(), rel=OPTIMISED)
    rules = fornell_larcker(fit).set_index(["construct", "other"])
    assert len(rules) == 2 * len(correlations)
    for one, other, value in zip(
        correlations["construct"], correlations["other"], correlations["estimate"], strict=True
    ):
        for own, pair in ((one, (one, other)), (other, (other, one))):
            row = rules.loc[pair]
            assert row["estimate"] == pytest.approx(value, rel=OPTIMISED)
            assert row["root_average_variance_extracted"] == pytest.approx(
                extracted[own] ** 0.5, rel=OPTIMISED
            )
            assert row["judgement"] == ("pass" if extracted[own] > value**2 else "fail")


@pytest.mark.parametrize("data", CONSTRUCTS)
def test_tests_against_a_cut_off_are_those_of_semtools(
    data: str, fits: Callable[[str, str], sem.SemFit], golden: Golden
) -> None:
    ours = correlation_cut_tests(fits(data, "ml"), cut=0.9)
    expected = rows_of(golden("validity/discriminant_validity.csv"), data=data)
    columns = ["construct", "other", "estimate", "chi2_diff", "p_value"]
    pd.testing.assert_frame_equal(ours[columns], expected[columns], rtol=LOOSE, atol=2e-4)
    tight = rows_of(golden("validity/cut_tests.csv"), data=data)
    inside = expected["estimate"] < 0.9
    assert ours.loc[inside, "chi2_diff"].to_numpy() == pytest.approx(
        tight.loc[inside, "chi2_diff"].to_numpy(), abs=1e-7
    )
    assert ours.loc[~inside, "p_value"].eq(1).all()


def seminr_matrix(table: pd.DataFrame, rows: list[str], columns: list[str]) -> np.ndarray:
    row, column, value = table.columns
    cells = table.set_index([row, column])[value]
    return np.array([[cells[one, other] for other in columns] for one in rows])


def test_cross_loadings_of_pls_weights_are_those_of_seminr(
    items: Callable[[str], pd.DataFrame], golden: Golden
) -> None:
    blocks = CONSTRUCTS["mobi"] | {"complaints": ["CUSCO"]}
    names = [item for block in blocks.values() for item in block]
    weights = seminr_matrix(golden("validity/seminr_weights.csv"), names, list(blocks))
    theirs = seminr_matrix(golden("validity/seminr_cross_loadings.csv"), names, list(blocks))
    R = Moments.from_frame(items("mobi")[names]).correlation
    assert score_correlations(R, weights) == pytest.approx(theirs, abs=1e-12)


def test_fornell_larcker_of_pls_loadings_is_that_of_seminr(golden: Golden) -> None:
    table = golden("validity/seminr_fornell_larcker.csv")
    loadings = golden("validity/seminr_loadings.csv")
    loadings = loadings[loadings["loading"] != 0]
    extracted = loadings["loading"].pow(2).groupby(loadings["construct"]).mean()
    names = extracted.index.tolist()
    both = pd.concat(
        [table, table.rename(columns={"construct": "other", "other": "construct"})]
    ).drop_duplicates(["construct", "other"])
    R = seminr_matrix(both[["construct", "other", "estimate"]], names, names)
    ours = fornell_larcker_frame(names, extracted, R)
    roots = both[both["construct"] == both["other"]].set_index("construct")["estimate"]
    assert ours["root_average_variance_extracted"].to_numpy() == pytest.approx(
        roots[ours["construct"]].to_numpy(), rel=1e-12
    )
    failed = ours[ours["judgement"] == "fail"]
    assert sorted(zip(failed["construct"], failed["other"], strict=True)) == [
        ("image", "quality"),
        ("image", "satisfaction"),
        ("quality", "satisfaction"),
    ]
