"""Chances of answers, parallel lines and curves against R, MASS, ordinal, VGAM, pROC and statsmodels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from servicefx.engines.ordered import fit_ordered_logit
from servicefx.models.loyalty import (
    AnswerFit,
    Ask,
    CurveFit,
    fit_answers,
    fit_curve,
    goodness,
    marginal_effects,
    parallel_lines,
)

Golden = Callable[[str], pd.DataFrame]
TERMS = ["satisfaction", "trust", "online"]
FORMS_OF = {"loyalty": "loyalty", "bent": "bent", "turned": "turned"}


@pytest.fixture(scope="module")
def data(golden: Golden) -> pd.DataFrame:
    return golden("loyalty/data.csv")


@pytest.fixture(scope="module")
def expected(golden: Golden) -> pd.DataFrame:
    table = golden("loyalty/expected.csv")
    answer = [f"{value:g}" if value == value else "" for value in table["answer"]]
    return table.assign(answer=answer, term=table["term"].fillna(""))


@pytest.fixture(scope="module")
def fits(data: pd.DataFrame) -> dict[str, AnswerFit]:
    pair = [("satisfaction", "trust")]
    return {
        "logit": fit_answers(data, "bought", TERMS, draws=20),
        "logit_product": fit_answers(
            data, "bought", TERMS, interactions=pair, clusters=data["outlet"], draws=20
        ),
        "ordered": fit_answers(data, "intention", TERMS, clusters=data["outlet"], draws=20),
    }


def values(expected: pd.DataFrame, case: str, what: str) -> dict[tuple[str, str], float]:
    rows = expected[(expected["case"] == case) & (expected["what"] == what)]
    return {(row["term"], row["answer"]): row["value"] for row in rows.to_dict("records")}


@pytest.mark.parametrize("case", ["logit", "logit_product", "ordered"])
def test_coefficients_and_errors_are_those_of_r(
    case: str, fits: dict[str, AnswerFit], expected: pd.DataFrame
) -> None:
    names = {"(Intercept)": "constant", "satisfaction:trust": "satisfaction × trust"}
    names |= {f"{j}|{j + 1}": f"{j} | {j + 1}" for j in range(1, 5)}
    table = fits[case].estimates.table().set_index("term")
    for what, column in (("coefficient", "estimate"), ("error", "std_error")):
        for (term, _), value in values(expected, case, what).items():
            assert table.loc[names.get(term, term), column] == pytest.approx(value, rel=1e-7), (what, term)


@pytest.mark.parametrize("case", ["logit", "logit_product", "ordered"])
@pytest.mark.parametrize("kind", ["slope", "step", "move", "level", "interaction"])
def test_mean_effects_and_delta_errors_are_those_of_differences_in_r(
    case: str, kind: str, fits: dict[str, AnswerFit], expected: pd.DataFrame
) -> None:
    wanted, errors = values(expected, case, kind), values(expected, case, f"{kind}_error")
    if not wanted:
        assert kind == "interaction"
        pytest.skip("no product in this model")
    first = 2 if case != "ordered" else 1
    checked = 0
    for term in dict.fromkeys(name for name, _ in wanted):
        name, _, other = term.partition(" x ")
        places = {"move": (5.0, 6.33), "level": (np.nan, 6.0)}.get(kind, (np.nan, np.nan))
        ask = Ask(kind=kind, term=name, other=other, start=places[0], end=places[1])  # type: ignore[arg-type]
        rows = marginal_effects(fits[case], [ask]).rows
        for at, row in enumerate(rows.to_dict("records"), start=first):
            # R's figures come from differences: 9 digits of the estimate, 6 of its error
            assert row["estimate"] == pytest.approx(wanted[term, str(at)], rel=1e-7, abs=1e-9), (term, at)
            assert row["delta_error"] == pytest.approx(errors[term, str(at)], rel=2e-5, abs=1e-9), (term, at)
            checked += 1
    assert checked >= 1


def test_spector_and_mazzeo_effects_are_those_statsmodels_prints() -> None:
    # Greene's worked example: effect of the teaching method on the grade
    table = sm.datasets.spector.load_pandas().data
    fit = fit_answers(table, "GRADE", ["GPA", "TUCE", "PSI"], draws=20)
    model = sm.Logit(table["GRADE"], sm.add_constant(table[["GPA", "TUCE", "PSI"]]))
    other = model.fit(disp=0, cov_type="HC0", tol=1e-12)
    slopes = other.get_margeff().summary_frame()
    steps = other.get_margeff(dummy=True).summary_frame()
    asks = [
        Ask(kind="slope", term="GPA"),
        Ask(kind="slope", term="TUCE"),
        Ask(kind="move", term="PSI", start=0.0, end=1.0),
    ]
    rows = marginal_effects(fit, asks).rows
    frames = [slopes.loc["GPA"], slopes.loc["TUCE"], steps.loc["PSI"]]
    for row, frame in zip(rows.to_dict("records"), frames, strict=True):
        assert row["estimate"] == pytest.approx(frame["dy/dx"], rel=1e-7)
        assert row["delta_error"] == pytest.approx(frame["Std. Err."], rel=1e-6)
    # printed: Spector & Mazzeo's probit and logit, Greene (2003) table 21.1, coefficients of the logit
    printed = [2.826, 0.095, 2.379, -13.021]
    assert fit.estimates.coefficients == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize("measure", ["mcfadden", "tjur", "brier", "auc", "hosmer_lemeshow"])
def test_goodness_is_that_of_r(measure: str, fits: dict[str, AnswerFit], expected: pd.DataFrame) -> None:
    rows = goodness(fits["logit"]).set_index("measure")
    wanted = values(expected, "logit", measure)["", ""]
    assert rows.loc[measure, "estimate"] == pytest.approx(wanted, rel=1e-7)
    if measure == "auc":
        wanted = values(expected, "logit", "auc_error")["", ""]
        assert rows.loc["auc", "std_error"] == pytest.approx(wanted, rel=1e-9)
    if measure == "hosmer_lemeshow":
        wanted = values(expected, "logit", "hosmer_lemeshow_p")["", ""]
        assert rows.loc[measure, "p_value"] == pytest.approx(wanted, rel=1e-6)


def test_area_with_clusters_has_obuchowskis_error(data: pd.DataFrame, expected: pd.DataFrame) -> None:
    fit = fit_answers(data, "bought", TERMS, clusters=data["outlet"], draws=20)
    rows = goodness(fit).set_index("measure")
    wanted = values(expected, "logit", "auc_cluster_error")["", ""]
    assert rows.loc["auc", "std_error"] == pytest.approx(wanted, rel=1e-9)
    assert np.isnan(rows.loc["hosmer_lemeshow", "p_value"])
    assert rows.loc["hosmer_lemeshow", "undefined"] != ""


def test_goodness_of_an_ordered_logit_is_that_of_r(
    fits: dict[str, AnswerFit], expected: pd.DataFrame
) -> None:
    rows = goodness(fits["ordered"]).set_index("measure")
    for measure in ("mcfadden", "brier"):
        wanted = values(expected, "ordered", measure)["", ""]
        assert rows.loc[measure, "estimate"] == pytest.approx(wanted, rel=1e-7)


def housing(golden: Golden) -> pd.DataFrame:
    counts = golden("loyalty/housing.csv")
    return counts.loc[counts.index.repeat(counts["n"])].drop(columns="n").reset_index(drop=True).astype(float)


def test_the_published_ordered_logit_of_housing_is_polrs(golden: Golden, expected: pd.DataFrame) -> None:
    table = housing(golden)
    fit = fit_ordered_logit(table, "sat", [c for c in table if c != "sat"], robust=False)
    rows = fit.table().set_index("term")
    for (term, _), value in values(expected, "housing", "coefficient").items():
        assert rows.loc[term, "estimate"] == pytest.approx(value, abs=2e-6)  # polr stops a little early
    for (term, _), value in values(expected, "housing", "error").items():
        assert rows.loc[term, "std_error"] == pytest.approx(value, rel=1e-4)  # a numerical Hessian
    # printed in the documentation of MASS::polr and in Venables & Ripley (2002)
    printed = {"medium": 0.566, "high": 1.289, "apartment": -0.572, "atrium": -0.366, "terrace": -1.091}
    assert {name: round(rows.loc[name, "estimate"], 3) for name in printed} == printed


@pytest.mark.parametrize("case", ["parallel", "parallel_clustered", "housing"])
def test_parallel_lines_are_tested_as_in_r(
    case: str, data: pd.DataFrame, golden: Golden, expected: pd.DataFrame
) -> None:
    table, outcome = (housing(golden), "sat") if case == "housing" else (data, "intention")
    terms = [c for c in table if c != "sat"] if case == "housing" else TERMS
    clusters = table["outlet"] if case == "parallel_clustered" else None
    lines = parallel_lines(table, outcome, terms, clusters=clusters)
    rows = lines.tests.set_index(["rule", "term"])
    for rule, what, precision in (
        ("Brant", "brant", 1e-7),
        ("likelihood ratio", "likelihood_ratio", 2e-6),
        ("score", "score", 1e-6),
    ):
        wanted = values(expected, case, what)
        if clusters is not None and rule != "Brant":
            assert not wanted
            assert (rows.loc[rule, "undefined"] != "").all()
            continue
        assert set(rows.loc[rule].index) == {term for term, _ in wanted}
        for (term, _), value in wanted.items():
            assert rows.loc[(rule, term), "chi2"] == pytest.approx(value, rel=precision, abs=1e-6), (
                rule,
                term,
            )
    cuts = lines.cuts.set_index(["model", "term", "answer"])
    for model, what, column in (
        ("separate logits", "cut", "estimate"),
        ("separate logits", "cut_error", "std_error"),
        ("partial proportional odds", "joint", "estimate"),
    ):
        for (term, answer), value in values(expected, case, what).items():
            assert cuts.loc[(model, term, f"> {answer}"), column] == pytest.approx(value, rel=1e-5, abs=1e-7)


def test_the_wine_example_of_ordinal_gives_its_likelihood_ratios(
    golden: Golden, expected: pd.DataFrame
) -> None:
    table = golden("loyalty/wine.csv").astype(float)
    # at one boundary nobody with the cold wine is above: Brant's logits do not exist
    with pytest.raises(ValueError, match="at the boundary '> 1' the logit has no answer"):
        parallel_lines(table, "rating", ["warm", "contact"])
    merged = table.assign(rating=table["rating"].clip(2, 4))
    assert len(parallel_lines(merged, "rating", ["warm", "contact"]).tests) == 7
    assert values(expected, "wine", "likelihood_ratio")["warm", ""] == pytest.approx(3.175, abs=5e-4)


@pytest.fixture(scope="module")
def curves(data: pd.DataFrame) -> dict[str, CurveFit]:
    return {
        outcome: fit_curve(
            data,
            outcome,
            scale=None if outcome == "turned" else (0, 9),
            zones=(3, 5),
            clusters=data["outlet"],
            draws=60,
            repeats=2,
        )
        for outcome in FORMS_OF
    }


@pytest.mark.parametrize("outcome", list(FORMS_OF))
def test_every_form_reaches_the_likelihood_r_reaches(
    outcome: str, curves: dict[str, CurveFit], expected: pd.DataFrame
) -> None:
    forms = curves[outcome].forms.set_index("model")
    assert set(forms.index) == {model for model, _ in values(expected, outcome, "logl")}
    for what in ("logl", "aic", "bic"):
        for (model, _), value in values(expected, outcome, what).items():
            # estimated knots: R's search ends within 1e-7 of its best place, ours must not be worse
            free = model == "three zones, estimated"
            assert forms.loc[model, what] == pytest.approx(value, abs=2e-5 if free else 2e-7), model


@pytest.mark.parametrize("outcome", list(FORMS_OF))
def test_slopes_of_zones_and_their_ends_are_those_of_r(
    outcome: str, curves: dict[str, CurveFit], expected: pd.DataFrame
) -> None:
    fit = curves[outcome]
    given = fit.zones[fit.zones["model"] == "three zones, given"]["estimate"].tolist()
    wanted = [
        v for (model, _), v in values(expected, outcome, "value").items() if model == "three zones, given"
    ]
    assert given == pytest.approx(wanted, rel=1e-7)
    wanted = [v for (m, _), v in values(expected, outcome, "value").items() if m == "three zones, estimated"]
    assert fit.knots["estimate"].tolist() == pytest.approx(wanted[-2:], abs=2e-3)  # a flat bottom
    if outcome != "turned":
        free = fit.zones[fit.zones["model"] == "three zones, estimated"]["estimate"].tolist()
        assert free == pytest.approx(wanted[:3], rel=5e-3)


@pytest.mark.parametrize("outcome", list(FORMS_OF))
def test_equal_slopes_are_tested_with_sandwichs_covariance(
    outcome: str, data: pd.DataFrame, curves: dict[str, CurveFit], expected: pd.DataFrame
) -> None:
    row = curves[outcome].tests.iloc[0]
    assert row["sup_f"] == pytest.approx(values(expected, outcome, "wald_clustered")["", ""], rel=1e-6)
    assert row["df_residual"] == 39
    if outcome != "turned":
        plain = fit_curve(data, outcome, zones=(3, 5), draws=60, repeats=1)
        wanted = values(expected, outcome, "wald_plain")["", ""]
        assert plain.tests.iloc[0]["sup_f"] == pytest.approx(wanted, rel=1e-6)
