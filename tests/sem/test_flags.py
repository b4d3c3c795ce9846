"""Doubtful solutions stand and are flagged by name in `fit.problems`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.moments.moments import Moments

DIMENSIONS = {
    "tangibles": range(1, 5),
    "reliability": range(5, 10),
    "responsiveness": range(10, 14),
    "assurance": range(14, 18),
    "empathy": range(18, 23),
}


def measured(parts: dict[str, object], name: str) -> str:
    return "\n".join(f"{k} =~ " + " + ".join(name.format(i) for i in v) for k, v in parts.items())  # type: ignore[attr-defined]


def texts(fit: sem.SemFit) -> list[str]:
    return [f"{problem.where}: {problem.found}" for problem in fit.problems]


def from_model(loadings: list[float], correlation: float, n_obs: int = 300, **changes: float) -> Moments:
    """Two constructs of three items each with the same loadings; single correlations changed."""
    pattern = np.zeros((6, 2))
    pattern[:3, 0] = pattern[3:, 1] = loadings
    cov = pattern @ np.array([[1, correlation], [correlation, 1]]) @ pattern.T
    np.fill_diagonal(cov, 1.0)
    names = [f"x{k}" for k in range(1, 7)]
    for pair, value in changes.items():
        i, j = (names.index(name) for name in pair.split("_"))
        cov[i, j] = cov[j, i] = value
    return Moments.from_correlation(cov, np.ones(6), n_obs, names=names)


MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"


def test_a_clean_fit_has_no_flags() -> None:
    assert texts(sem.fit(MODEL, from_model([0.8, 0.7, 0.6], 0.5))) == []


def test_a_heywood_case_is_named() -> None:
    fit = sem.fit(MODEL, from_model([0.8, 0.7, 0.6], 0.4, x1_x2=0.8, x1_x3=0.72, x2_x3=0.42))
    flagged = texts(fit)
    assert any("the residual variance of 'x1' is estimated as -" in text for text in flagged)
    assert any("the standardised value of 'f =~ x1' is 1." in text for text in flagged)
    value = fit.parameters.query("op == '~~' and lhs == 'x1' and rhs == 'x1'")["estimate"].iloc[0]
    assert value < 0


def test_constructs_beyond_one_another_are_named() -> None:
    flagged = texts(sem.fit(MODEL, from_model([0.8, 0.7, 0.6], 1.08)))
    assert any(
        "covariances of the constructs are not positive definite, mostly through 'f', 'g'" in t
        for t in flagged
    )
    assert any("standardised value of 'f ~~ g' is 1.0" in text for text in flagged)
    assert any("'f' and 'g' correlate 1.0" in text for text in flagged)


def test_constructs_alike_are_named_and_others_are_not() -> None:
    assert any(
        "'f' and 'g' correlate 0.960" in t for t in texts(sem.fit(MODEL, from_model([0.8, 0.7, 0.6], 0.96)))
    )
    assert texts(sem.fit(MODEL, from_model([0.8, 0.7, 0.6], 0.94))) == []


def test_opposite_constructs_are_alike_as_well() -> None:
    assert any(
        "correlate -0.97" in text for text in texts(sem.fit(MODEL, from_model([0.8, 0.7, 0.6], -0.97)))
    )


def test_a_second_order_construct_and_its_parts_are_not_called_alike() -> None:
    strong = np.full((9, 9), 0.9**2 * 0.97**2)
    for begin in (0, 3, 6):
        strong[begin : begin + 3, begin : begin + 3] = 0.81
    np.fill_diagonal(strong, 1.0)
    data = Moments.from_correlation(strong, np.ones(9), 300, names=[f"y{k}" for k in range(9)])
    fit = sem.fit("a =~ y0 + y1 + y2\nb =~ y3 + y4 + y5\nc =~ y6 + y7 + y8\ng =~ a + b + c", data)
    assert not any("'a' and 'g'" in text or "'g' and 'a'" in text for text in texts(fit))


def test_residual_covariances_that_cannot_be_are_named() -> None:
    """A residual covariance held larger than the variances it joins."""
    data = from_model([0.5, 0.5, 0.5], 0.3, x1_x4=0.9)
    flagged = texts(sem.fit(f"{MODEL}\nx1 ~~ x4", data))
    assert any("'x1 ~~ x4' is 1." in text or "residual covariances of the items" in text for text in flagged)


def test_flags_name_the_group() -> None:
    data = {
        "fine": from_model([0.8, 0.7, 0.6], 0.5),
        "broken": from_model([0.8, 0.7, 0.6], 0.4, x1_x2=0.8, x1_x3=0.72, x2_x3=0.42),
    }
    data = {
        name: Moments(names=m.names, n_obs=m.n_obs, mean=np.zeros(6), cov=m.cov) for name, m in data.items()
    }
    flagged = texts(sem.fit(MODEL, data))
    assert flagged
    assert all(text.startswith("group 'broken'") for text in flagged)


def test_flags_do_not_depend_on_the_units() -> None:
    one = from_model([0.8, 0.7, 0.6], 1.08)
    scale = 10.0 ** np.array([-6, 6, 0, 3, -3, 5])
    other = Moments(names=one.names, n_obs=one.n_obs, mean=None, cov=one.cov * np.outer(scale, scale))
    assert [t.split(" is ")[0] for t in texts(sem.fit(MODEL, one))] == [
        t.split(" is ")[0] for t in texts(sem.fit(MODEL, other))
    ]


@pytest.mark.external
def test_the_textbook_split_of_servqual_is_flagged_by_name(shared_data: Path) -> None:
    printed = pd.read_csv(shared_data / "servqual_bb1992" / "correlations.csv", index_col=0)
    data = Moments.from_correlation(printed.to_numpy(), np.ones(22), 502, names=list(printed.columns))
    fit = sem.fit(measured(dict(DIMENSIONS), "Q{}"), data)
    assert fit.measures["chi2"] == pytest.approx(624.0, abs=0.05)
    assert fit.measures["df"] == 199
    assert fit.measures["cfi"] == pytest.approx(0.900, abs=5e-4)
    flagged = texts(fit)
    assert any(
        "not positive definite, mostly through 'responsiveness', 'empathy'" in text for text in flagged
    )
    assert any("'responsiveness' and 'empathy' correlate 0.999" in text for text in flagged)
    five = {
        "a": (5, 7, 8),
        "b": (2, 4),
        "c": (*range(10, 14), *range(18, 23)),
        "d": (1, 17),
        "e": (6, 14, 15, 16),
    }
    fit = sem.fit(measured(dict(five), "Q{}"), data)
    found = [fit.measures[name] for name in ("chi2", "df", "cfi", "srmr", "rmsea")]
    assert found == pytest.approx([318.06, 160, 0.960, 0.038, 0.044], abs=6e-3)
    assert texts(fit) == []


@pytest.mark.external
def test_servqual_of_durables_has_its_known_fit_and_flag(shared_data: Path) -> None:
    data = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    fit = sem.fit(measured(dict(DIMENSIONS), "a{:02d}"), data)
    found = [fit.measures[name] for name in ("chi2", "df", "cfi", "rmsea", "srmr")]
    assert found == pytest.approx([953.08, 199, 0.898, 0.096, 0.061], abs=6e-3)
    assert any("'responsiveness' and 'assurance' correlate 0.95" in text for text in texts(fit))


@pytest.mark.external
def test_acsi_has_its_known_fit(shared_data: Path) -> None:
    data = pd.read_csv(shared_data / "acsi2015" / "acsi2015.csv.gz")
    model = """
    expectation =~ OVERALLX + CUSTOMX + WRONGX
    quality =~ OVERALLQ + CUSTOMQ + WRONGQ
    value =~ PQ + QP
    satisfaction =~ SATIS + CONFIRM + IDEAL
    repurchase =~ REPUR
    quality ~ expectation
    value ~ expectation + quality
    satisfaction ~ expectation + quality + value
    repurchase ~ satisfaction
    """
    items = ["OVERALLX", "CUSTOMX", "WRONGX", "OVERALLQ", "CUSTOMQ", "WRONGQ"]
    items += ["PQ", "QP", "SATIS", "CONFIRM", "IDEAL", "REPUR"]
    answers = data[items].where(data[items] <= 10)
    fit = sem.fit(model, answers)
    assert fit.n_obs == 7422
    assert fit.measures["chi2"] == pytest.approx(2586.6, abs=0.06)
    found = [fit.measures[name] for name in ("df", "cfi", "rmsea", "srmr")]
    assert found == pytest.approx([48, 0.971, 0.084, 0.036], abs=6e-4)
    paths = fit.parameters.query("op == '~'").set_index(["lhs", "rhs"])["std_all"]
    printed = {
        ("quality", "expectation"): 0.774,
        ("value", "quality"): 0.885,
        ("satisfaction", "quality"): 0.579,
        ("satisfaction", "value"): 0.467,
        ("repurchase", "satisfaction"): 0.866,
    }
    assert {key: paths[key] for key in printed} == pytest.approx(printed, abs=6e-4)
