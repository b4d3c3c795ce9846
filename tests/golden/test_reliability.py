"""Alpha, its interval, loadings, composite reliability, AVE and correlations against R's psych and lavaan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.correlation import correlation_of
from servicefx.measurement.reliability import Reliability, reliability_of
from servicefx.study.study import Study

CLOSED_FORM = 1e-12  # both programs evaluate one formula; what differs is rounding and the printed 15 digits
OPTIMISED = 2e-6  # two optimisers stop at different gradients: lavaan's largest here is 1e-7
STUDIES = ("ecsi_mobile", "after_sales")


@pytest.fixture
def items(
    request: pytest.FixtureRequest, golden: Callable[[str], pd.DataFrame]
) -> Callable[[str], dict[str, pd.DataFrame]]:
    def of(study: str) -> dict[str, pd.DataFrame]:
        if study == "after_sales":
            loaded: Study = request.getfixturevalue("after_sales")
            return {c: loaded.items(c) for c in loaded.spec.constructs}
        answers = request.getfixturevalue("mobi")
        blocks = golden("reliability/expected_loadings.csv").query("study == 'ecsi_mobile'")
        return {str(name): answers[list(rows["item"])] for name, rows in blocks.groupby("construct")}

    return of


def fits_of(items: dict[str, pd.DataFrame], expected: pd.DataFrame) -> dict[str, Reliability]:
    return {name: reliability_of(items[name], name) for name in expected["construct"].unique()}


@pytest.mark.parametrize("study", STUDIES)
def test_reliability_table_is_that_of_psych_and_lavaan(
    study: str, items: Callable[[str], dict[str, pd.DataFrame]], golden: Callable[[str], pd.DataFrame]
) -> None:
    expected = golden("reliability/expected.csv").query("study == @study").reset_index(drop=True)
    fits = fits_of(items(study), expected)
    ours = pd.DataFrame(
        [
            {name: getattr(fit, name) for name in expected.columns[2:]} | {"construct": construct}
            for construct, fit in fits.items()
        ]
    )
    pd.testing.assert_frame_equal(
        ours[list(expected.columns[1:7])], expected[list(expected.columns[1:7])], rtol=CLOSED_FORM
    )
    pd.testing.assert_frame_equal(
        ours[list(expected.columns[7:])], expected[list(expected.columns[7:])], rtol=OPTIMISED
    )


@pytest.mark.parametrize("study", STUDIES)
def test_loadings_are_those_of_lavaan(
    study: str, items: Callable[[str], dict[str, pd.DataFrame]], golden: Callable[[str], pd.DataFrame]
) -> None:
    expected = golden("reliability/expected_loadings.csv").query("study == @study").reset_index(drop=True)
    fits = fits_of(items(study), expected)
    ours = [
        {"study": study, "construct": construct, "item": item, "loading": value}
        for construct, fit in fits.items()
        for item, value in fit.loadings.items()
    ]
    pd.testing.assert_frame_equal(pd.DataFrame(ours), expected, rtol=OPTIMISED)


def test_heywood_loyalty_of_ecsi_is_flagged_by_item_and_has_no_composite_reliability(
    items: Callable[[str], dict[str, pd.DataFrame]],
) -> None:
    fit = reliability_of(items("ecsi_mobile")["loyalty"], "loyalty")
    assert fit.flags == ("'CUSL3' has a loading beyond 1 (Heywood case)",)
    assert np.isnan(fit.composite_reliability)
    assert fit.undefined["average_variance_extracted"] == "Heywood case: 'CUSL3'"
    assert fit.alpha == pytest.approx(0.441717198382608, rel=CLOSED_FORM)


def test_ecsi_correlations_and_intervals_are_those_of_psych(
    items: Callable[[str], dict[str, pd.DataFrame]], golden: Callable[[str], pd.DataFrame]
) -> None:
    scores = pd.DataFrame({name: answers.mean(axis=1) for name, answers in items("ecsi_mobile").items()})
    check_correlations(scores, golden, "ecsi_mobile")


def test_after_sales_correlations_over_pairwise_known_scores_are_those_of_psych(
    after_sales: Study, golden: Callable[[str], pd.DataFrame]
) -> None:
    check_correlations(after_sales.scores["customers"], golden, "after_sales")


def check_correlations(scores: pd.DataFrame, golden: Callable[[str], pd.DataFrame], study: str) -> None:
    expected = golden("reliability/expected_correlations.csv").query("study == @study").reset_index(drop=True)
    rows = []
    for construct, other in expected[["construct", "other"]].itertuples(index=False):
        pair = correlation_of(scores[construct], scores[other])
        rows.append(
            {
                "study": study,
                "construct": construct,
                "other": other,
                "estimate": pair.estimate,
                "conf_low": pair.conf_low,
                "conf_high": pair.conf_high,
                "n_obs": pair.n_obs,
            }
        )
    pd.testing.assert_frame_equal(pd.DataFrame(rows), expected, rtol=CLOSED_FORM)
