"""Counts, tests of spread and zeros, effects in people, U and net promoter scores against R."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.counts import COUNT_FAMILIES, CountFamily, count_chances, fit_counts, rows_of
from servicefx.models.referral import (
    PeopleCuts,
    asymmetric_u,
    compare_counts,
    compare_net_promoter,
    fit_people_told,
    net_promoter,
    people_by_satisfaction,
    promoter_interval,
)
from servicefx.models.referral.dispersion import excess_zeros

TERMS = ["dissatisfied", "satisfied", "tenure", "online"]
OPTIMUM = 1e-9  # glm() with epsilon 1e-14, and Newton steps in R from where MASS and pscl stop
STOPS = 2e-4  # glm.nb() and zeroinfl(), which stop where the likelihood moves by 1e-8 to 1e-15 of itself
DERIVATIVE = 1e-6  # numeric derivatives of numeric derivatives in R
Read = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def data(golden: Read) -> pd.DataFrame:
    frame = golden("referral/data.csv")
    score = frame["satisfaction"]
    return frame.assign(dissatisfied=(4 - score).clip(lower=0), satisfied=(score - 4).clip(lower=0))


@pytest.fixture(scope="module")
def expected(golden: Read) -> Callable[[str], dict[str, float]]:
    frame = golden("referral/expected.csv")
    return lambda case: dict(frame.loc[frame["case"] == case, ["name", "value"]].itertuples(index=False))


def inflation(family: str) -> list[str]:
    return ["online"] if family.startswith("zero") else []


def fitted(data: pd.DataFrame, family: CountFamily, kind: str):  # type: ignore[no-untyped-def]
    return fit_counts(
        data, "told", TERMS, family, inflation=inflation(family), robust=kind != "classical",
        clusters=data["outlet"] if kind == "cluster" else None,
    )  # fmt: skip


@pytest.mark.parametrize("family", COUNT_FAMILIES)
def test_coefficients_and_likelihood_are_those_of_r(family, data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected(family)
    fit = fitted(data, family, "hc0")
    ours = dict(zip(fit.terms, fit.coefficients, strict=True))
    for name, value in ours.items():
        assert value == pytest.approx(theirs[f"estimate {name}"], rel=STOPS, abs=STOPS), name
        top = theirs.get(f"top {name}", theirs[f"estimate {name}"] if family == "poisson" else np.nan)
        if name == "dispersion":
            assert np.log(value) == pytest.approx(theirs["top log dispersion"], rel=OPTIMUM, abs=OPTIMUM)
        else:
            assert value == pytest.approx(top, rel=OPTIMUM, abs=OPTIMUM), name
    assert fit.fit_measures["logl"] == pytest.approx(theirs["logl"], rel=1e-10)


@pytest.mark.parametrize("kind", ["classical", "hc0", "cluster"])
@pytest.mark.parametrize("family", COUNT_FAMILIES)
def test_errors_are_those_of_r(family, kind, data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected(family)
    fit = fitted(data, family, kind)
    errors = dict(zip(fit.terms, fit.std_errors, strict=True))
    if "dispersion" in errors:  # R has the error of its logarithm
        errors["log dispersion"] = errors.pop("dispersion") / fit.coefficient("dispersion")
    tolerance = 1e-7 if family == "poisson" else DERIVATIVE
    for name, error in errors.items():
        assert error == pytest.approx(theirs[f"{kind} {name}"], rel=tolerance), name


def test_weights_and_exposure_are_those_of_glm(data, expected) -> None:  # type: ignore[no-untyped-def]
    weighted = fit_counts(data, "told", TERMS, clusters=data["outlet"], weights=data["weight"])
    theirs = expected("poisson weighted")
    for name, value, error in zip(weighted.terms, weighted.coefficients, weighted.std_errors, strict=True):
        assert value == pytest.approx(theirs[f"estimate {name}"], rel=OPTIMUM, abs=OPTIMUM)
        assert error == pytest.approx(theirs[f"cluster {name}"], rel=1e-7)
    exposed = fit_counts(data, "told", TERMS, exposure="months")
    for name, value in zip(exposed.terms, exposed.coefficients, strict=True):
        theirs_at = expected("poisson exposure")[f"estimate {name}"]
        assert value == pytest.approx(theirs_at, rel=OPTIMUM, abs=OPTIMUM)


def test_spread_and_zeros_are_tested_as_in_r(data, expected) -> None:  # type: ignore[no-untyped-def]
    found = compare_counts(data, "told", TERMS, inflation=["online"])
    tests = found.tests.set_index(["model", "measure"])
    theirs = expected("spread")
    for measure in ("linear", "quadratic"):
        row = tests.loc[("poisson", f"spread_{measure}")]
        assert row["estimate"] == pytest.approx(theirs[measure], rel=OPTIMUM)
        # AER's linear statistic is sqrt(n) mean / sd, its quadratic one the t of lm(): both are ours
        assert row["statistic"] == pytest.approx(theirs[f"{measure} statistic"], rel=OPTIMUM)
        assert row["p_value"] == pytest.approx(theirs[f"{measure} p"], rel=1e-6)
    row = tests.loc[("negative_binomial", "spread_likelihood")]
    assert row["statistic"] == pytest.approx(theirs["likelihood ratio"], rel=1e-7)
    assert row["p_value"] == pytest.approx(theirs["likelihood ratio p"], rel=1e-5)
    assert found.chosen == "negative_binomial"  # BIC 1,761 against 1,766 with certain zeros online
    for family in ("poisson", found.chosen):
        row, theirs = tests.loc[(family, "zeros")], expected(family)
        assert row["estimate"] == pytest.approx(theirs["zeros estimate"], abs=1e-8)
        assert row["std_error"] == pytest.approx(theirs["zeros error"], rel=DERIVATIVE)


@pytest.mark.parametrize("family", COUNT_FAMILIES[1:])
def test_the_error_of_excess_zeros_is_r_s_for_every_family(family, data, expected) -> None:  # type: ignore[no-untyped-def]
    rows = rows_of(data, "told", TERMS, family, inflation=inflation(family))
    theirs = expected(family)
    for codes, name in ((None, "zeros error"), (data["outlet"].to_numpy() - 1, "zeros cluster error")):
        row = excess_zeros(fitted(data, family, "hc0"), rows, None, codes).iloc[0]
        assert row["estimate"] == pytest.approx(theirs["zeros estimate"], abs=1e-8)
        assert row["std_error"] == pytest.approx(theirs[name], rel=1e-5)


def test_counts_expected_are_r_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    for family, tolerance in (("poisson", 1e-8), ("negative_binomial", 1e-5)):  # glm.nb() stops early
        rows = rows_of(data, "told", TERMS, family)
        found = count_chances(rows, fitted(data, family, "hc0").coefficients, np.arange(6.0)).mean(axis=0)
        theirs = expected(f"expected {family}")
        assert found == pytest.approx([theirs[str(value)] for value in range(6)], rel=tolerance)


def test_people_per_point_and_their_delta_errors_are_r_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected("people")
    covariates = ["tenure", "online"]
    model = asymmetric_u(
        data.drop(columns=["dissatisfied", "satisfied"]), "told", "satisfaction", covariates, centre=4,
        family="poisson", clusters=data["outlet"], draws=0,
    )  # fmt: skip
    rows = model.ratios[model.ratios["measure"] == "marginal_effect"].set_index("term")
    for term in TERMS:
        assert rows.loc[term, "estimate"] == pytest.approx(theirs[f"estimate {term}"], rel=1e-8)
        assert rows.loc[term, "std_error"] == pytest.approx(theirs[f"error {term}"], rel=DERIVATIVE)
    ratios = model.ratios[model.ratios["measure"] == "rate_ratio"].set_index("term")["estimate"]
    assert np.log(ratios["online"]) == pytest.approx(expected("poisson")["estimate online"], abs=1e-9)
    same = fit_people_told(data, "told", TERMS, family="poisson", clusters=data["outlet"], draws=0)
    assert same.estimates.coefficients == pytest.approx(model.estimates.coefficients, abs=1e-12)


def test_the_tests_of_a_u_are_r_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected("shape")
    plain = data[["told", "satisfaction"]]
    model = asymmetric_u(plain, "told", "satisfaction", centre=4, family="poisson", draws=0)
    shape = model.shape.set_index("measure")
    for form in ("parabola", "jump"):
        for side in ("below", "above"):
            assert shape.loc[f"u_{form}", f"slope_{side}"] == pytest.approx(
                theirs[f"{form} {side}"], rel=1e-8
            )
        assert shape.loc[f"u_{form}", "statistic"] == pytest.approx(theirs[f"{form} statistic"], rel=1e-7)
    contrasts = model.contrasts.set_index("measure")
    assert contrasts.loc["minimum", "estimate"] == pytest.approx(theirs["minimum"], rel=1e-9)
    assert contrasts.loc["asymmetry", "estimate"] == pytest.approx(theirs["asymmetry"], rel=1e-9)
    assert contrasts.loc["asymmetry", "std_error"] == pytest.approx(theirs["asymmetry error"], rel=1e-7)


def test_net_promoter_errors_are_r_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected("nps")
    row = net_promoter(data, "recommend").iloc[0]
    assert row["estimate"] == pytest.approx(theirs["estimate"], rel=1e-12)
    assert row["std_error"] == pytest.approx(theirs["error"], rel=1e-12)
    clustered = net_promoter(data, "recommend", clusters=data["outlet"]).iloc[0]
    assert clustered["std_error"] == pytest.approx(theirs["cluster error"], rel=1e-10)


@pytest.mark.parametrize(
    "counts", [(50, 30, 20), (3, 6, 11), (19, 1, 0), (0, 12, 4), (7, 0, 8), (1000, 700, 800)]
)
def test_the_score_interval_is_that_of_the_constrained_likelihood(counts, expected) -> None:  # type: ignore[no-untyped-def]
    n = sum(counts)
    low, high = promoter_interval(counts[0] / n, counts[2] / n, n)
    name = " ".join(str(count) for count in counts)
    theirs = expected("score interval")
    assert low == pytest.approx(theirs[f"{name} low"], abs=1e-7)  # optimise() finds the share to 1e-8
    assert high == pytest.approx(theirs[f"{name} high"], abs=1e-7)


def test_differences_of_net_promoter_scores_are_r_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    score = data["satisfaction"]
    frame = data.assign(level=np.select([score < 4, score < 5], ["a", "b"], "c"))
    pairs, overall = compare_net_promoter(frame, "recommend", "level", clusters=data["outlet"])
    theirs = expected("nps groups")
    first = pairs.iloc[0]
    assert first["estimate"] == pytest.approx(theirs["a - b"], rel=1e-10)
    assert first["std_error"] == pytest.approx(theirs["a - b error"], rel=1e-10)
    assert overall["statistic"].iloc[0] == pytest.approx(theirs["F"], rel=1e-9)
    names = [
        f"holm {left} - {right}"
        for left, right in zip(pairs["group_left"], pairs["group_right"], strict=True)
    ]
    assert pairs["p_adjusted"].tolist() == pytest.approx([theirs[name] for name in names], rel=1e-7)


def test_the_difference_of_groups_is_welch_s(data, expected) -> None:  # type: ignore[no-untyped-def]
    theirs = expected("groups")
    cuts = PeopleCuts(dissatisfied=3.75, satisfied=5.0, highly=6.5)  # steps of a quarter: below 4, from 5 on
    found = people_by_satisfaction(data["told"], data["satisfaction"], cuts)
    row = found.differences.set_index("group_left").loc["dissatisfied"]
    assert row["estimate"] == pytest.approx(theirs["a - c"], rel=1e-12)
    assert row["conf_low"] == pytest.approx(theirs["a - c low"], rel=1e-9)
    assert row["conf_high"] == pytest.approx(theirs["a - c high"], rel=1e-9)
    assert row["p_value"] == pytest.approx(theirs["a - c p"], rel=1e-8)
