"""Known groups against lm; latent classes against mixtools, flexmix and a likelihood written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.models.segments import (
    LatentClasses,
    adjusted_rand,
    class_assignment,
    class_slopes,
    fit_latent_classes,
    slopes_by_group,
)
from servicefx.models.segments.choice import criteria

CLOSED_FORM = 1e-9  # both by linear algebra in double precision
TOP = 1e-9  # log likelihoods: errors of the place enter squared
PLACE = 2e-5  # mixtools stops where a step gains 1e-11, which is so far from the top in the parameters
NEWTON = 1e-6  # numDeriv's Newton steps
NUMERIC = 1e-4  # errors from numeric derivatives
BESIDE = 0.02  # flexmix's spread divides by n - p

Golden = Callable[[str], pd.DataFrame]
Expected = Callable[..., pd.Series]


@pytest.fixture
def data(golden: Golden) -> pd.DataFrame:
    return golden("segments/data.csv")


@pytest.fixture
def expected(golden: Golden) -> Expected:
    whole = golden("segments/expected.csv").astype({"class": str, "term": str})

    def figures(case: str, measure: str, **at: str) -> pd.Series:
        rows = whole[(whole["case"] == case) & (whole["measure"] == measure)]
        for column, value in at.items():
            rows = rows[rows[column.rstrip("_")] == value]
        assert len(rows)
        return rows.set_index(["class", "term"])["estimate"].astype(float)

    return figures


def ordered(fit: LatentClasses, expected: pd.Series) -> np.ndarray:
    """Their coefficients in our order: classes by size, the constant last."""
    classes = range(1, fit.n_classes + 1)
    return np.array([[expected[(str(k), term)] for term in fit.terms] for k in classes])


@pytest.mark.parametrize("classes", [2, 3])
def test_the_maximum_is_that_of_mixtools(classes: int, data: pd.DataFrame, expected: Expected) -> None:
    fit = fit_latent_classes(data, "y" if classes == 2 else "y3", ["x1", "x2"], classes)
    case = f"mixtools{classes}"
    theirs = float(expected(case, "logl").iloc[0])
    assert fit.log_likelihood >= theirs - 1e-7
    assert fit.log_likelihood == pytest.approx(theirs, rel=TOP)
    assert fit.coefficients == pytest.approx(ordered(fit, expected(case, "estimate")), abs=PLACE)
    assert fit.spreads == pytest.approx(expected(case, "sigma").to_numpy(), abs=PLACE)
    assert fit.shares == pytest.approx(expected(case, "share").to_numpy(), abs=PLACE)
    assigned = class_assignment(fit, data)
    assert assigned["n_assigned"].tolist()[:-1] == expected(case, "assigned").astype(int).tolist()
    assert assigned["mean_posterior"].to_numpy()[:-1] == pytest.approx(
        expected(case, "mean_posterior").to_numpy(), abs=PLACE
    )


OPTIONS = {
    "plain2": {},
    "weighted2": {"weights": "weight"},
    "shared2": {"shared_slopes": True},
    "member2": {"membership": ["older"]},
}


def fitted(case: str, data: pd.DataFrame, clustered: bool = False) -> LatentClasses:
    options = dict(OPTIONS[case])
    if "weights" in options:
        options["weights"] = data["weight"]
    clusters = data["cluster"] if clustered else None
    return fit_latent_classes(data, "y", ["x1", "x2"], 2, clusters=clusters, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", list(OPTIONS))
def test_estimates_are_those_of_the_likelihood_written_out(
    case: str, data: pd.DataFrame, expected: Expected
) -> None:
    fit = fitted(case, data)
    assert fit.log_likelihood == pytest.approx(float(expected(case, "logl").iloc[0]), rel=TOP)
    assert fit.coefficients == pytest.approx(ordered(fit, expected(case, "estimate")), abs=NEWTON)
    assert fit.spreads == pytest.approx(expected(case, "sigma").to_numpy(), abs=NEWTON)
    assert fit.shares == pytest.approx(expected(case, "share").to_numpy(), abs=NEWTON)


@pytest.mark.parametrize("kind", ["information", "sandwich", "cluster"])
@pytest.mark.parametrize("case", list(OPTIONS))
def test_errors_are_those_of_numeric_derivatives(
    case: str, kind: str, data: pd.DataFrame, expected: Expected
) -> None:
    fit = fitted(case, data, clustered=kind == "cluster")
    table = class_slopes(fit, robust=kind != "information")
    found = table["std_error"].to_numpy().reshape(2, 3)
    assert found == pytest.approx(ordered(fit, expected(case, kind)), rel=NUMERIC)
    assert fit.covariance.kind == ("cluster: cluster (60)" if kind == "cluster" else "sandwich")


def test_flexmix_stops_just_below_our_maximum(data: pd.DataFrame, expected: Expected) -> None:
    for case, membership in (("flexmix2", []), ("flexmix_member2", ["older"])):
        fit = fit_latent_classes(data, "y", ["x1", "x2"], 2, membership=membership)
        theirs = float(expected(case, "logl").iloc[0])
        assert theirs < fit.log_likelihood < theirs + BESIDE
        assert fit.coefficients == pytest.approx(ordered(fit, expected(case, "estimate")), abs=BESIDE)


def test_criteria_follow_flexmix_formulas(data: pd.DataFrame, expected: Expected) -> None:
    row = criteria(fit_latent_classes(data, "y", ["x1", "x2"], 2)).iloc[0]
    theirs = {name: float(expected("flexmix2", name).iloc[0]) for name in ("bic", "aic", "icl", "npar")}
    assert row["n_parameters"] == theirs["npar"]
    for name in ("bic", "aic"):
        assert row[name] == pytest.approx(theirs[name], abs=2 * BESIDE)
    # flexmix's ICL takes the likeliest class of every row as known, ours weighs all by their chances
    assert row["bic"] < row["icl"]
    assert row["entropy_r2"] == pytest.approx(float(expected("flexmix2", "entropy_r2").iloc[0]), abs=2e-3)


@pytest.mark.parametrize("kind", ["hc3", "cluster"])
def test_group_slopes_and_tests_are_those_of_lm(kind: str, data: pd.DataFrame, expected: Expected) -> None:
    found = {
        adjustment: slopes_by_group(
            data, "y", ["x1", "x2"], "channel", adjustment=adjustment,
            clusters=data["cluster"] if kind == "cluster" else None,
        )
        for adjustment in ("holm", "fdr")
    }  # fmt: skip
    slopes = found["holm"].slopes.set_index(["group", "term"])
    for measure in ("estimate", "std_error"):
        theirs = expected(kind, measure)
        assert slopes[measure][theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), abs=CLOSED_FORM)
    tests = found["holm"].tests.set_index("term")
    for measure, column in (("f", "f_statistic"), ("f_p", "p_value")):
        theirs = expected(kind, measure).droplevel("class")
        assert tests[column][theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), abs=CLOSED_FORM)
    for adjustment, frame in ((name, value.differences) for name, value in found.items()):
        pair = frame["group_left"] + "-" + frame["group_right"]
        frame = frame.set_index([pair, frame["term"]])
        columns = {"difference": "difference", "difference_error": "std_error", "difference_p": "p_value"}
        for measure, column in (columns | {adjustment: "p_adjusted"}).items():
            theirs = expected(kind, measure)
            assert frame[column][theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), abs=CLOSED_FORM)


def test_adjusted_rand_is_that_of_mclust(data: pd.DataFrame, expected: Expected) -> None:
    crossed = pd.crosstab(data["channel"], data["kind"]).to_numpy()
    assert adjusted_rand(crossed) == pytest.approx(float(expected("rand", "adjusted").iloc[0]), abs=1e-12)
    split = (data["x1"] > 0.2).astype(int) + (data["x2"] > 0.5)
    own = pd.crosstab(split, data["kind"]).to_numpy()
    assert adjusted_rand(own) == pytest.approx(float(expected("rand", "adjusted_self").iloc[0]), abs=1e-12)
