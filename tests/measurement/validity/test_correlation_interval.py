"""CI_CFA: classes by the far end, tests against a cut-off, real surveys that must fire."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import StudyError
from servicefx.measurement.rules import rules_frame
from servicefx.measurement.validity import (
    confirmatory_fit,
    correlation_cut_tests,
    correlation_intervals,
    judged_correlations,
)
from servicefx.moments.moments import Moments

CONSTRUCTS = {"quality": ["a", "b", "c"], "satisfaction": ["d", "e", "f"]}
DIMENSIONS = {
    "tangibles": range(1, 5),
    "reliability": range(5, 10),
    "responsiveness": range(10, 14),
    "assurance": range(14, 18),
    "empathy": range(18, 23),
}


def true_moments(correlation: float, n: int = 400) -> Moments:
    """Two constructs of three items with loading .8."""
    R = 0.64 * np.kron(np.array([[1, correlation], [correlation, 1]]), np.ones((3, 3)))
    np.fill_diagonal(R, 1.0)
    return Moments.from_correlation(R, np.ones(6), n, names=list("abcdef"))


def answers(rng: np.random.Generator, correlation: float, n: int = 300) -> pd.DataFrame:
    R = true_moments(correlation).correlation
    return pd.DataFrame(rng.multivariate_normal(np.zeros(6), R, size=n), columns=list("abcdef"))


@pytest.mark.slow
def test_intervals_cover_the_true_correlation(rng: np.random.Generator) -> None:
    samples = 1000
    hits = 0
    for _ in range(samples):
        row = correlation_intervals(confirmatory_fit(answers(rng, 0.8), CONSTRUCTS)).iloc[0]
        hits += row["conf_low"] <= 0.8 <= row["conf_high"]
    assert 0.926 <= hits / samples <= 0.971


@pytest.mark.slow
def test_a_true_correlation_at_the_cut_off_is_told_apart_at_the_level_of_the_test(
    rng: np.random.Generator,
) -> None:
    samples = 600
    fits = [confirmatory_fit(answers(rng, 0.9), CONSTRUCTS) for _ in range(samples)]
    told = sum(correlation_cut_tests(fit, cut=0.9)["p_value"][0] < 0.05 for fit in fits)
    # only estimates below the cut-off can be told apart: one side of a test at .05; 99.9 % binomial band
    assert 0.008 <= told / samples <= 0.052


@pytest.mark.parametrize(
    ("correlation", "severity", "judgement"),
    [(0.5, "none", "pass"), (0.8, "marginal", "warn"), (0.9, "moderate", "warn"), (0.98, "severe", "fail")],
)
def test_the_far_end_says_how_severe_it_is_whatever_the_sign(
    correlation: float, severity: str, judgement: str
) -> None:
    frame = correlation_intervals(confirmatory_fit(true_moments(correlation), CONSTRUCTS))
    assert frame["estimate"][0] == pytest.approx(correlation, abs=1e-6)
    assert frame["severity"].tolist() == [severity]
    rules = rules_frame(judged_correlations(frame))
    assert rules["subject"].tolist() == ["quality, satisfaction"]
    assert rules["judgement"].tolist() == [judgement]
    turned = correlation_intervals(confirmatory_fit(true_moments(-correlation), CONSTRUCTS))
    assert turned["severity"].tolist() == [severity]
    assert turned["conf_low"][0] == pytest.approx(-frame["conf_high"][0], abs=1e-5)
    assert [row["judgement"] for row in judged_correlations(turned)] == [judgement]


def test_the_interval_has_the_level_asked_for_and_does_not_need_std_lv() -> None:
    fit = confirmatory_fit(true_moments(0.7), CONSTRUCTS)
    wide, narrow = correlation_intervals(fit), correlation_intervals(fit, level=0.5)
    assert narrow["conf_high"][0] < wide["conf_high"][0]
    marked = sem.fit("quality =~ a + b + c\nsatisfaction =~ d + e + f", true_moments(0.7))
    pd.testing.assert_frame_equal(correlation_intervals(marked), wide, rtol=1e-5)


def test_a_correlation_that_is_held_has_no_interval_but_a_reason() -> None:
    model = "quality =~ a + b + c\nsatisfaction =~ d + e + f\nquality ~~ 0.5*satisfaction"
    frame = correlation_intervals(sem.fit(model, true_moments(0.7), std_lv=True))
    assert frame["severity"].tolist() == [""]
    assert frame["undefined"].tolist() == ["the correlation is not estimated"]


def test_a_negative_correlation_is_held_at_the_negative_cut_off() -> None:
    there = correlation_cut_tests(confirmatory_fit(true_moments(0.7), CONSTRUCTS))
    turned = correlation_cut_tests(confirmatory_fit(true_moments(-0.7), CONSTRUCTS))
    assert there["chi2_diff"][0] > 20
    assert turned["chi2_diff"][0] == pytest.approx(there["chi2_diff"][0], rel=1e-5)


def test_cut_off_tests_refuse_what_they_do_not_hold_for(rng: np.random.Generator) -> None:
    items = answers(rng, 0.5)
    with pytest.raises(StudyError, match="not one of complete, unweighted rows by ml with std_lv=True"):
        correlation_cut_tests(confirmatory_fit(items, CONSTRUCTS, estimator="mlr"))
    with pytest.raises(StudyError, match="not one of complete"):
        correlation_cut_tests(confirmatory_fit(items, CONSTRUCTS, clusters=np.arange(300) // 3))
    with pytest.raises(StudyError, match=r"1.2 is not a cut-off, a number in \(0, 1\] expected"):
        correlation_cut_tests(confirmatory_fit(items, CONSTRUCTS), cut=1.2)


@pytest.mark.external
def test_servqual_durables_fires(shared_data: Path) -> None:
    items = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    constructs = {name: [f"a{at:02d}" for at in numbers] for name, numbers in DIMENSIONS.items()}
    fit = confirmatory_fit(items, constructs)
    assert fit.measures["chi2"] == pytest.approx(953.08, abs=5e-3)
    frame = correlation_intervals(fit).set_index(["construct", "other"])
    assert frame["estimate"].max() == pytest.approx(0.954, abs=5e-4)
    moderate = frame.index[frame["severity"] == "moderate"].tolist()
    assert moderate == [
        ("reliability", "responsiveness"),
        ("responsiveness", "assurance"),
        ("responsiveness", "empathy"),
        ("assurance", "empathy"),
    ]
    assert frame.loc["tangibles", "severity"].eq("none").all()


@pytest.mark.external
def test_printed_correlations_of_babakus_and_boller_are_severe_where_dimensions_are_one(
    shared_data: Path,
) -> None:
    printed = pd.read_csv(shared_data / "servqual_bb1992" / "correlations.csv", index_col=0)
    moments = Moments.from_correlation(printed, np.ones(22), 502)
    constructs = {name: [f"Q{at}" for at in numbers] for name, numbers in DIMENSIONS.items()}
    fit = confirmatory_fit(moments, constructs)
    frame = correlation_intervals(fit).set_index(["construct", "other"])
    pair = ("responsiveness", "empathy")
    assert frame.index[frame["severity"] == "severe"].tolist() == [pair]
    assert frame.loc[pair, "estimate"] == pytest.approx(0.999, abs=5e-4)
    assert correlation_cut_tests(fit).set_index(["construct", "other"]).loc[pair, "p_value"] == 1
    assert any("not positive definite" in problem.found for problem in fit.problems)


def test_a_correlation_is_held_at_the_sign_whose_search_ends_lower() -> None:
    golden = Path(__file__).parents[2] / "golden" / "validity"
    S = pd.read_csv(golden / "held_sign_covariance.csv")
    expected = pd.read_csv(golden / "held_sign.csv").iloc[0]
    names = list(S.columns)
    moments = Moments(names=tuple(names), n_obs=60, mean=None, cov=S.to_numpy())
    blocks = {"F1": names[:4], "F2": names[4:7], "F3": names[7:11], "F4": names[11:]}
    fit = confirmatory_fit(moments, blocks)
    assert fit.measures["chi2"] == pytest.approx(expected["chi2"], rel=1e-6)
    row = correlation_cut_tests(fit).iloc[0]
    assert row["chi2_diff"] == pytest.approx(expected["chi2_diff"], abs=1e-3)
