"""Mediation against lavaan, boot, lm, numerical integration, PyProcessMacro, psych and statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.models.mediation import (
    fit_layout,
    mediator_confounding,
    natural_effects,
    probit_confounding,
    step_tests,
)

CLOSED_FORM = 1e-9
ML = 2e-5  # lavaan stops when its gradient is small
OPTIMISER = 2e-5  # optim by differences, and polr's own stop
INTEGRAL = 1e-7  # ours: shares of rows split over 128 places
BOOTSTRAP = 0.08  # standard errors of 1,000 draws, twice

Golden = Callable[[str], pd.DataFrame]
NAMES = {"one": ("m1",), "two": ("m2",), "chain": ("m1", "m2"), "indirect": ()}


def of(golden: Golden, case: str) -> pd.Series:
    rows = golden("mediation/expected.csv")
    return rows[rows["case"] == case].set_index("name")["value"].astype(float)


@pytest.fixture(scope="module")
def data(golden: Golden) -> pd.DataFrame:
    return golden("mediation/data.csv")


def plain(data: pd.DataFrame, layout: int = 4, mediators: tuple[str, ...] = ("m1", "m2"), **options: Any):
    defaults = {"covariates": ["c1"], "draws": 0} | options
    return fit_layout(data, layout, source="x", mediators=list(mediators), outcome="y", **defaults)


@pytest.mark.parametrize(("case", "layout"), [("parallel", 4), ("serial", 6)])
def test_routes_are_those_of_lavaan(golden: Golden, data: pd.DataFrame, case: str, layout: int) -> None:
    theirs, fit = of(golden, case), plain(data, layout)
    for name, via in NAMES.items():
        if name in theirs.index:
            assert fit.answer("indirect", via).effect.estimate == pytest.approx(theirs[name], rel=ML)
    assert fit.answer("total").effect.estimate == pytest.approx(theirs["total"], rel=ML)
    assert fit.answer("direct").effect.estimate == pytest.approx(theirs["direct"], rel=ML)
    if layout == 4:
        assert fit.answer("contrast", ("m1",)).effect.estimate == pytest.approx(theirs["contrast"], rel=ML)


@pytest.mark.parametrize(("case", "layout"), [("parallel", 4), ("serial", 6)])
def test_standardised_routes_are_those_of_lavaan(
    golden: Golden, data: pd.DataFrame, case: str, layout: int
) -> None:
    theirs, fit = of(golden, case), plain(data, layout)
    for answer in fit.standardised:
        name = next((n for n, via in NAMES.items() if via == answer.via), "")
        key = name if answer.kind == "indirect" else answer.kind
        if f"standardised {key}" in theirs.index:
            assert answer.effect.estimate == pytest.approx(theirs[f"standardised {key}"], rel=ML)


@pytest.mark.parametrize(("case", "layout"), [("parallel", 4), ("serial", 6)])
def test_bootstrap_errors_are_near_those_of_lavaan(
    golden: Golden, data: pd.DataFrame, case: str, layout: int
) -> None:
    theirs, fit = of(golden, case), plain(data, layout, draws=2000, seed=1)
    for name, via in NAMES.items():
        if name in theirs.index:
            ours = fit.answer("indirect", via).effect.std_error
            assert ours == pytest.approx(theirs[f"bootstrap error {name}"], rel=BOOTSTRAP)


def test_survey_weights_enter_both_equations(golden: Golden, data: pd.DataFrame) -> None:
    fit, theirs = plain(data, mediators=("m1",), weights=data["weight"]), of(golden, "weighted")
    assert fit.answer("indirect", ("m1",)).effect.estimate == pytest.approx(
        theirs["indirect"], rel=CLOSED_FORM
    )
    assert fit.answer("direct").effect.estimate == pytest.approx(theirs["direct"], rel=CLOSED_FORM)


def test_sobel_and_joint_significance(golden: Golden, data: pd.DataFrame) -> None:
    table = step_tests(plain(data, mediators=("m1",))).set_index("method")
    theirs = of(golden, "sobel")
    assert table.loc["sobel", "std_error"] == pytest.approx(theirs["std_error"], rel=CLOSED_FORM)
    assert table.loc["joint significance", "p_value"] == pytest.approx(theirs["joint"], rel=1e-7)


def test_acceleration_is_that_of_refits_without_each_row_or_outlet(
    golden: Golden, data: pd.DataFrame
) -> None:
    theirs = of(golden, "bca")
    rows = plain(data, mediators=("m1",), draws=2).answer("indirect", ("m1",))
    assert rows.acceleration == pytest.approx(theirs["acceleration rows"], rel=CLOSED_FORM)
    outlets = plain(data, mediators=("m1",), draws=2, clusters=data["outlet"]).answer("indirect", ("m1",))
    assert outlets.acceleration == pytest.approx(theirs["acceleration clusters"], rel=CLOSED_FORM)


def test_intervals_are_near_those_of_boot(golden: Golden, data: pd.DataFrame) -> None:
    theirs = of(golden, "bca")
    answer = plain(data, mediators=("m1",), draws=20_000, seed=3).answer("indirect", ("m1",))
    near = 0.05 * theirs["std_error"]  # ends of two runs of 20,000 draws differ by .02 errors
    for kind, name in (("percentile", "percentile"), ("bca", "bca")):
        low, high = answer.interval(0.95, kind)
        assert low == pytest.approx(theirs[f"{name} low"], abs=near)
        assert high == pytest.approx(theirs[f"{name} high"], abs=near)


MODERATED = (1, 7, 8, 14, 15, 58, 59)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("moderator", ["w", "d"])
@pytest.mark.parametrize("layout", MODERATED)
def test_moderated_layouts_are_those_of_lm(
    golden: Golden, data: pd.DataFrame, layout: int, moderator: str, centre: bool
) -> None:
    theirs = of(golden, f"layout {layout} {moderator}")
    mediators = () if layout == 1 else ("m1",)
    fit = plain(data, layout, mediators, moderator=moderator, centre=centre)
    values = of(golden, f"values {moderator}").tolist()
    assert list(fit.values) == pytest.approx(values, rel=CLOSED_FORM)
    ours = {"direct": "direct", "change": "change", "index": "index"}
    seen = set()
    for name, value in theirs.items():
        kind, _, place = str(name).partition(" ")
        if kind == "contrast":
            found = [
                e
                for e in fit.effects
                if e.kind == kind and (e.at, e.less_at) == (fit.values[-1], fit.values[0])
            ]
            answer = found[0]
        else:
            via = mediators if kind in ("indirect", "index") else ()
            answer = fit.answer(ours.get(kind, kind), via, values[int(place) - 1] if place else None)
        assert answer.effect.estimate == pytest.approx(value, rel=CLOSED_FORM), name
        seen.add(kind)
    assert seen == {effect.kind for effect in fit.effects}


@pytest.mark.parametrize("layout", [1, 4, 6, 7, 8, 14, 15, 58, 59])
def test_layouts_are_those_of_pyprocessmacro(golden: Golden, data: pd.DataFrame, layout: int) -> None:
    rows = golden("mediation/process.csv")
    rows = rows[rows["layout"] == layout]
    at = sorted(rows["w"].dropna().unique())
    mediators = () if layout == 1 else ("m1", "m2") if layout in (4, 6) else ("m1",)
    moderation = {} if layout in (4, 6) else {"moderator": "w", "at": at}
    fit = plain(data, layout, mediators, **moderation)
    for row in rows.to_dict("records"):
        place = None if np.isnan(row["w"]) else row["w"]
        if row["table"] == "MM_index_summary":
            assert fit.answer("index", ("m1",)).effect.estimate == pytest.approx(
                row["Index"], rel=CLOSED_FORM
            )
        elif row["kind"] == "direct_model":
            assert fit.answer("direct", (), place).effect.estimate == pytest.approx(
                row["Effect"], rel=CLOSED_FORM
            )
        else:
            via = tuple(str(row["Mediator"]).removeprefix("x -> ").removesuffix(" -> y").split(" -> "))
            assert fit.answer("indirect", via, place).effect.estimate == pytest.approx(
                row["Effect"], rel=CLOSED_FORM
            )


def test_a_printed_example(golden: Golden) -> None:
    """Tal-Or and others: psych::mediate, as its help prints it; rows made to have the same moments."""
    moments = golden("mediation/tal_or.csv").set_index("row")
    names, n = ["cond", "pmi", "reaction"], int(moments["n_obs"].iloc[0])
    noise = np.random.default_rng(1).standard_normal((n, 3))
    noise -= noise.mean(axis=0)
    noise = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T)).T)
    values = noise @ np.linalg.cholesky(moments.loc[names, names].to_numpy()).T
    frame = pd.DataFrame(values + moments.loc["mean", names].to_numpy(dtype=float), columns=names)
    fit = fit_layout(frame, source="cond", mediators=["pmi"], outcome="reaction", draws=0)
    printed = {"direct": 0.2543542, "total": 0.4956897}
    for kind, value in printed.items():
        assert fit.answer(kind).effect.estimate == pytest.approx(value, abs=5e-8)
    assert fit.answer("indirect", ["pmi"]).effect.estimate == pytest.approx(0.2413355, abs=5e-8)
    assert fit.equations[0].coefficient("cond") == pytest.approx(0.4765252, abs=5e-8)
    assert fit.equations[1].coefficient("pmi") == pytest.approx(0.5064485, abs=5e-8)


KINDS = {
    "pure direct": "pure natural direct",
    "total indirect": "total natural indirect",
    "total direct": "total natural direct",
    "pure indirect": "pure natural indirect",
    "total": "total",
    "controlled": "controlled direct",
}
NATURAL: dict[str, dict[str, Any]] = {
    "logit": {"outcome": "y01", "mediators": ["m1"]},
    "probit": {"outcome": "y01", "mediators": ["m1"], "outcome_kind": "probit"},
    "logit product": {"outcome": "y01", "mediators": ["m1"], "interaction": True},
    "logit shift": {"outcome": "y01", "mediators": ["m1"], "change": 1.0},
    "binary linear": {"outcome": "y", "mediators": ["m01"], "interaction": True},
    "binary logit": {"outcome": "y01", "mediators": ["m01"]},
    "ordered 4": {"outcome": "answer", "mediators": ["m1"], "outcome_kind": "ordered"},
    "ordered mean": {"outcome": "answer", "mediators": ["m1"], "outcome_kind": "ordered"},
}


@pytest.mark.parametrize("case", NATURAL)
def test_natural_effects_are_those_of_numerical_integration(
    golden: Golden, data: pd.DataFrame, case: str
) -> None:
    options = {"change": (3.5, 4.5), "covariates": ["c1"], "draws": 0} | NATURAL[case]
    found = natural_effects(data, source="x", **options)
    tolerance = OPTIMISER if case.startswith("ordered") else INTEGRAL
    answer = "4" if case == "ordered 4" else ""
    theirs = of(golden, case)
    assert len(theirs) >= 5
    for name, value in theirs.items():
        kind = KINDS[str(name)]
        via = options["mediators"] if kind == "total natural indirect" else ()
        assert found.answer(kind, via, answer).effect.estimate == pytest.approx(value, abs=tolerance), name


@pytest.mark.parametrize(("case", "layout"), [("serial logit", 6), ("parallel logit", 4)])
def test_two_mediators_under_a_logit(golden: Golden, data: pd.DataFrame, case: str, layout: int) -> None:
    found = natural_effects(
        data, layout, source="x", mediators=["m1", "m2"], outcome="y01", covariates=["c1"],
        change=(3.5, 4.5), draws=0,
    )  # fmt: skip
    for name, value in of(golden, case).items():
        kind = KINDS.get(str(name), "total natural indirect")
        via = () if str(name) in KINDS else str(name).split()
        assert found.answer(kind, via).effect.estimate == pytest.approx(value, abs=INTEGRAL), name


RHO = (-0.4, 0.2, 0.5)
HIDDEN = {
    "rho one": (4, ("m1",), "m1"),
    "rho parallel m1": (4, ("m1", "m2"), "m1"),
    "rho serial m2": (6, ("m1", "m2"), "m2"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_indirect_effects_beside_correlated_errors_are_those_of_lavaan(
    golden: Golden, data: pd.DataFrame, case: str
) -> None:
    layout, mediators, mediator = HIDDEN[case]
    curve = mediator_confounding(plain(data, layout, mediators), rho=RHO).curve
    ours = curve[curve["via"] == mediator].set_index("rho")["estimate"]
    for rho in RHO:
        assert ours[rho] == pytest.approx(of(golden, case)[f"{rho:g}"], abs=OPTIMISER)


def test_it_vanishes_at_the_correlation_of_residuals(golden: Golden, data: pd.DataFrame) -> None:
    row = mediator_confounding(plain(data, mediators=("m1",))).vanishing.iloc[0]
    theirs = of(golden, "rho one")
    assert row["rho"] == pytest.approx(theirs["vanishing"], rel=CLOSED_FORM)
    assert row["r2_rest"] == pytest.approx(theirs["vanishing"] ** 2, rel=CLOSED_FORM)
    assert row["r2_whole"] == pytest.approx(theirs["whole"], rel=CLOSED_FORM)


def test_a_probit_beside_correlated_errors(golden: Golden, data: pd.DataFrame) -> None:
    found = probit_confounding(
        data, source="x", mediators=["m1"], outcome="y01", covariates=["c1"], change=(3.5, 4.5), rho=RHO,
        draws=0,
    )  # fmt: skip
    ours = found.curve.set_index("rho")["estimate"]
    for rho in RHO:
        assert ours[rho] == pytest.approx(of(golden, "rho probit")[f"{rho:g}"], abs=OPTIMISER)


def test_the_framing_experiment_is_near_statsmodels(golden: Golden) -> None:
    data = pd.read_csv(str(files("statsmodels.stats.tests") / "results" / "framing.csv"))
    data = data[["cong_mesg", "emo", "treat", "age", "educ", "gender", "income"]].dropna()
    levels = pd.get_dummies(data[["educ", "gender"]], drop_first=True).astype(float)
    frame = pd.concat([data[["cong_mesg", "emo", "treat", "age", "income"]].astype(float), levels], axis=1)
    found = natural_effects(
        frame, source="treat", mediators=["emo"], outcome="cong_mesg", outcome_kind="probit", draws=0,
        covariates=["age", "income", *levels.columns],
    )  # fmt: skip
    theirs = golden("mediation/framing.csv").set_index("effect")
    for name, kind, via in (
        ("ACME (control)", "pure natural indirect", ()),
        ("ACME (treated)", "total natural indirect", ("emo",)),
        ("ADE (control)", "pure natural direct", ()),
        ("ADE (treated)", "total natural direct", ()),
        ("Total effect", "total", ()),
    ):
        ours = found.answer(kind, via).effect.estimate
        # four errors of its 4,000 draws, and the bias that drawing coefficients through a curve brings
        near = 4 * theirs.loc[name, "monte_carlo_error"] + 0.003
        assert ours == pytest.approx(theirs.loc[name, "Estimate"], abs=near), name
