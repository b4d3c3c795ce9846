"""What a fit says of its solution, and what it refuses, by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.syntax.table import ParameterTable

GOLDEN = Path(__file__).parents[1] / "golden"


def read(case: str, model: str) -> tuple[str, pd.DataFrame]:
    return (GOLDEN / case / f"{model}.lav").read_text(), pd.read_csv(GOLDEN / case / "data.csv")


@pytest.fixture(scope="module")
def holzinger() -> sem.SemFit:
    return sem.fit(*read("holzinger", "cfa"))


def test_known_figures_of_the_textbook_model(holzinger: sem.SemFit) -> None:
    found = {name: round(holzinger.measures[name], 3) for name in ("chi2", "cfi", "tli", "rmsea", "srmr")}
    assert found == {"chi2": 85.306, "cfi": 0.931, "tli": 0.896, "rmsea": 0.092, "srmr": 0.065}
    assert holzinger.problems == ()


def test_rows_in_another_order_and_names_in_another_script_change_nothing(holzinger: sem.SemFit) -> None:
    _, data = read("holzinger", "cfa")
    names = {f"x{i}": f"第 {i} 题 (a+b)" for i in range(1, 10)}
    table = ParameterTable.from_constructs(
        {"视觉 = 1": [names[f"x{i}"] for i in (1, 2, 3)], "文 本": [names[f"x{i}"] for i in (4, 5, 6)]}
        | {"速度": [names[f"x{i}"] for i in (7, 8, 9)]}
    )
    fit = sem.fit(table, data.rename(columns=names).sample(frac=1, random_state=1))
    np.testing.assert_allclose(fit.parameters["estimate"], holzinger.parameters["estimate"], rtol=1e-7)
    assert fit.parameters["lhs"][0] == "视觉 = 1"


def test_units_of_columns_change_neither_chi2_nor_the_standardised_solution() -> None:
    text, data = read("political_democracy", "bollen")
    plain = sem.fit(text, data)
    fit = sem.fit(text, data * 10.0 ** np.arange(-6, 5))
    assert fit.measures["chi2"] == pytest.approx(plain.measures["chi2"], rel=1e-9)
    np.testing.assert_allclose(fit.parameters["std_all"], plain.parameters["std_all"], rtol=1e-6)
    np.testing.assert_allclose(fit.parameters["p_value"], plain.parameters["p_value"], rtol=1e-5, atol=1e-12)


def test_a_single_item_construct_is_its_item() -> None:
    text, data = read("holzinger", "paths")
    frame = sem.fit(text, data).parameters
    variance = frame.loc[(frame.lhs == "age") & (frame.op == "~~") & (frame.rhs == "age"), "estimate"].item()
    assert variance == pytest.approx(data["ageyr"].var(ddof=0), rel=1e-7)


def test_a_negative_variance_is_reached_and_flagged() -> None:
    rng = np.random.default_rng(5)
    R = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]])
    z = rng.normal(size=(50, 3))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(50)
    data = pd.DataFrame(z @ np.linalg.cholesky(R).T, columns=["a", "b", "c"])
    fit = sem.fit("f =~ a + b + c", data)
    assert "the residual variance of 'a' is estimated as -0.157" in str(fit.problems[0])
    assert fit.undefined["p_value"].startswith("the model has no degree of freedom")


def test_a_construct_split_in_two_is_flagged() -> None:
    rng = np.random.default_rng(1)
    factor = rng.normal(size=300)
    data = pd.DataFrame({f"x{i}": factor + rng.normal(size=300) for i in range(6)})
    fit = sem.fit("f =~ x0 + x1 + x2; g =~ x3 + x4 + x5", data)
    found = " ".join(problem.found for problem in fit.problems)
    assert "covariances of the constructs are not positive definite, mostly through 'f', 'g'" in found
    assert "the standardised value of 'f ~~ g' is 1.0" in found


def test_explained_shares_are_one_minus_the_residual_share(holzinger: sem.SemFit) -> None:
    frame = holzinger.parameters
    residual = frame[(frame.op == "~~") & (frame.lhs == frame.rhs)].set_index("lhs")["std_all"]
    shares = holzinger.r2.set_index("outcome")["estimate"]
    assert len(shares) == 9
    np.testing.assert_allclose(shares, 1 - residual[shares.index])


def test_estimates_are_the_paths_of_each_explained_construct() -> None:
    _, data = read("holzinger", "cfa")
    text = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9; g ~ 0.5*f; h ~ f + g"
    fit = sem.fit(text, data)
    g, h = fit.estimates()
    assert (g.outcome, g.terms, g.undefined["f"]) == ("g", ("f",), "fixed at 0.5")
    assert np.isnan(g.covariance).all()
    rows = fit.parameters.query("op == '~' and lhs == 'h'")
    assert (h.outcome, h.terms) == ("h", ("f", "g"))
    np.testing.assert_allclose(h.coefficients, rows["estimate"])
    np.testing.assert_allclose(np.sqrt(np.diag(h.covariance)), rows["std_error"])


def test_a_fit_pickles(holzinger: sem.SemFit) -> None:
    again = pickle.loads(pickle.dumps(holzinger))
    pd.testing.assert_frame_equal(again.parameters, holzinger.parameters)


def items(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    factor = rng.normal(size=n)
    return pd.DataFrame({name: factor + rng.normal(size=n) for name in ("a", "b", "c", "d")})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (items().drop(columns="d"), r"column 'd': is not in the data"),
        (items().assign(b=5), "column 'b': holds the same value in every row"),
        (items().assign(b="x"), "column 'b': holds text"),
        (items().assign(d=lambda t: 2 * t["a"] + 1), "column 'd': repeats 'a'"),
        (items().assign(d=lambda t: t["a"] + t["b"]), "columns: 'a', 'b', 'd' add up to one another"),
        (items(4), "4 rows for 4 items, more rows than items expected"),
        (pd.concat([items(), items()["a"]], axis=1), "column 'a': stands more than once"),
    ],
)
def test_data_the_model_cannot_be_fitted_to_are_named(data: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        sem.fit("f =~ a + b + c + d", data)


def test_rows_with_a_gap_are_left_out_and_counted() -> None:
    data = items()
    data.loc[:6, "b"] = np.nan
    fit = sem.fit("f =~ a + b + c + d", data)
    assert (fit.n_obs, fit.dropped) == (53, {"an item of the model is missing": 7})
    whole = sem.fit("f =~ a + b + c + d", data.dropna())
    np.testing.assert_allclose(fit.theta, whole.theta, rtol=1e-9)


def test_another_estimator_is_refused() -> None:
    with pytest.raises(StudyError, match="estimator: 'mrl' is not known"):
        sem.fit("f =~ a + b + c", items(), estimator="mrl")


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(IdentificationError, match=r"5 parameters from 3 .*: -2 degrees of freedom"):
        sem.fit("f =~ a; g =~ b; a ~~ a; b ~~ b", items())


def test_parameters_that_the_design_leaves_open_are_refused() -> None:
    with pytest.raises(IdentificationError, match=r"'[fg] =~ [bd]'"):
        sem.fit("f =~ a + b; g =~ c + d; f ~~ 0*g", items())


def test_constructs_of_noise_are_flagged_by_name() -> None:
    noise = pd.DataFrame(np.random.default_rng(4).normal(size=(40, 6)), columns=list("abcdef"))
    fit = sem.fit("g =~ a + b + c; h =~ d + e + f", noise)
    told = [problem.found for problem in fit.problems]
    assert [text.partition(" is estimated")[0] for text in told[:2]] == [
        "the variance of 'g'",
        "the variance of 'h'",
    ]


@pytest.mark.external
def test_servqual_five_factors_have_the_published_fit(shared_data: Path) -> None:
    data = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    last = {"tangibles": 4, "reliability": 9, "responsiveness": 13, "assurance": 17, "empathy": 22}
    starts = [1, 5, 10, 14, 18]
    blocks = {
        name: [f"a{i:02d}" for i in range(start, end + 1)]
        for (name, end), start in zip(last.items(), starts, strict=True)
    }
    measures = sem.fit(ParameterTable.from_constructs(blocks), data).measures
    assert [round(measures[k], 3) for k in ("cfi", "rmsea", "srmr")] == [0.898, 0.096, 0.061]
    assert (round(measures["chi2"], 2), measures["df"]) == (953.08, 199)


@pytest.mark.external
def test_acsi_structure_is_lavaans(shared_data: Path) -> None:
    raw = pd.read_csv(shared_data / "acsi2015" / "acsi2015.csv.gz")
    blocks = {
        "expectation": ["OVERALLX", "CUSTOMX", "WRONGX"],
        "quality": ["OVERALLQ", "CUSTOMQ", "WRONGQ"],
        "value": ["PQ", "QP"],
        "satisfaction": ["SATIS", "CONFIRM", "IDEAL"],
        "repurchase": ["REPUR"],
    }
    columns = [item for block in blocks.values() for item in block]
    data = raw[columns].where(raw[columns] <= 10).dropna()
    paths = [("quality", "expectation"), ("value", "expectation"), ("value", "quality")]
    paths += [("satisfaction", term) for term in ("expectation", "quality", "value")]
    paths += [("repurchase", "satisfaction")]
    fit = sem.fit(ParameterTable.from_constructs(blocks, paths), data)
    assert (fit.n_obs, fit.measures["df"], round(fit.measures["chi2"], 1)) == (7422, 48, 2586.6)
    frame = fit.parameters.query("op == '~'").set_index(["lhs", "rhs"])["std_all"].round(3)
    assert frame["quality", "expectation"] == 0.774
    assert frame["value", "quality"] == 0.885
    assert frame["satisfaction", "quality"] == 0.579
    assert frame["satisfaction", "value"] == 0.467
    assert frame["repurchase", "satisfaction"] == 0.866
