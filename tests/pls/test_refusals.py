"""Bad input to composite models: every refusal names the thing and says what to do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import ConvergenceError, DataError, IdentificationError, ServicefxError, StudyError
from servicefx.moments.moments import Moments
from servicefx.pls.criteria.fit_measures import fit_measures

MODEL = "q =~ q1 + q2 + q3; v <~ v1 + v2; s =~ s1 + s2; v ~ q; s ~ q + v"
MODE_A = MODEL.replace("<~", "=~")
PRODUCT = MODE_A + "; s ~ q:v"
SECOND = "q =~ q1 + q2 + q3; v =~ v1 + v2; w =~ q + v; s =~ s1 + s2; s ~ w"


def survey(n: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.3 * v + rng.normal(size=n)
    blocks = {"q": (q, 3), "v": (v, 2), "s": (s, 2)}
    return pd.DataFrame(
        {
            f"{name}{i}": score + rng.normal(size=n)
            for name, (score, size) in blocks.items()
            for i in range(1, size + 1)
        }
    )


DATA = survey()
GAP = DATA.assign(q2=DATA["q2"].where(DATA.index != 3))
TWICE = pd.concat([DATA, DATA[["q2"]] * 2], axis=1)
NOTHING = DATA.assign(v1=np.nan, v2=np.nan)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA.drop(columns="q2"), r"item 'q2': not in the data"),
        (DATA.rename(columns={"q2": "q_2"}), r"item 'q2': not in the data \(closest: 'q_2'\)"),
        (DATA.assign(q2=3.0), r"column 'q2': holds the same value in every row"),
        (DATA.assign(q2=0.1 + 0.2), r"column 'q2': holds the same value in every row"),
        (DATA.assign(q2="often"), r"column 'q2': holds text, numbers expected"),
        (DATA.assign(q2=pd.Categorical(["a", "b"] * 50)), r"column 'q2': holds text, numbers expected"),
        (DATA.assign(q2=np.nan), r"items 'q2': no answer in any row"),
        (NOTHING, r"items 'v1', 'v2': no answer in any row"),
        (
            DATA.assign(q2=DATA["q2"].where(DATA.index > 1, np.inf)),
            r"item 'q2': 2 of 100 answers are infinite",
        ),
        (TWICE, r"item 'q2': 2 columns have this name"),
        (DATA.assign(q2=DATA["q1"]), r"column 'q2': repeats 'q1'"),
        (DATA.assign(q2=-5 * DATA["q1"] + 2), r"column 'q2': repeats 'q1'"),
        (DATA.assign(s2=DATA["q1"]), r"column 's2': repeats 'q1'"),
        (DATA.assign(q2=DATA["q1"] - DATA["q3"]), r"'q1', 'q2', 'q3' add up to one another"),
        (DATA.assign(v2=DATA["q1"] + DATA["v1"]), r"'q1', 'v1', 'v2' add up to one another"),
        (DATA.head(0), r"data: hold no row"),
        (DATA.head(1), r"data: 1 of 1 are complete rows, at least 3 expected\n    Add rows\.$"),
        (DATA.head(2), r"data: 2 of 2 are complete rows, at least 3 expected\n    Add rows\.$"),
        (DATA.head(3), r"data: 3 rows for 7 items, more rows than items expected"),
        (DATA.head(5), r"data: 5 rows for 7 items"),
        (DATA.head(7), r"data: 7 rows for 7 items"),
        (DATA.to_dict("list"), r"data: a dict, where rows in a DataFrame are expected"),
        (DATA.to_numpy(), r"data: a ndarray, where rows in a DataFrame are expected"),
        (DATA["q1"], r"data: a Series, where rows in a DataFrame are expected"),
        (None, r"data: a NoneType, where rows in a DataFrame are expected"),
        ("survey.csv", r"data: a str, where rows in a DataFrame are expected"),
    ],
)
@pytest.mark.parametrize("model", [MODEL, MODE_A], ids=["mode_b", "mode_a"])
def test_data_that_do_not_carry_the_model_are_refused_by_name(model, data, message):
    with pytest.raises(DataError, match=message):
        pls.fit(model, data)


@pytest.mark.parametrize("missing", ["mean", "em"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (NOTHING, r"items 'v1', 'v2': no answer in any row"),
        (
            DATA.assign(q2=DATA["q2"].where(DATA.index > 1, -np.inf)),
            r"item 'q2': 2 of 100 answers are infinite",
        ),
        (DATA.assign(q2=[1.0] * 50 + [np.nan] * 50), r"column 'q2': holds the same value in every row"),
        (DATA * np.nan, r"no answer in any row"),
    ],
)
def test_the_other_rules_for_gaps_refuse_the_same(missing, data, message):
    with pytest.raises(DataError, match=message):
        pls.fit(MODE_A, data, missing=missing)


def test_a_block_nobody_answers_completely_leaves_no_row():
    data = DATA.astype(float).copy()
    data.loc[:49, "v1"] = np.nan
    data.loc[48:, "v2"] = np.nan
    message = (
        r"0 of 100 are complete rows, at least 3 expected\n    Add rows, or choose missing='mean' or 'em'\."
    )
    with pytest.raises(DataError, match=message):
        pls.fit(MODEL, data)
    with pytest.raises(DataError, match=r"v1.*v2"):
        pls.fit(MODEL, data, missing="em")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"scheme": "pca"}, r"scheme: 'pca' is not known .*\n    Choose among path, factorial, centroid\."),
        ({"scheme": "paths"}, r"scheme: 'paths' is not known \(closest: 'path'\)"),
        ({"scheme": None}, r"scheme: 'None' is not known"),
        ({"scheme": ["path"]}, r"scheme: '\['path'\]' is not known"),
        ({"missing": "fiml"}, r"missing: 'fiml' is not known .*\n    Choose among listwise, mean, em\."),
        ({"missing": None}, r"missing: 'None' is not known"),
        ({"missing": True}, r"missing: 'True' is not known"),
        ({"second_order": "two"}, r"second_order: 'two' is not known"),
        ({"second_order": 2}, r"second_order: '2' is not known"),
        ({"consistent": "no"}, r"consistent: 'no' is neither True nor False"),
        ({"consistent": None}, r"consistent: None is neither True nor False"),
        ({"scaled": 0}, r"scaled: 0 is neither True nor False"),
        *[
            ({"level": value}, rf"level: {value} is not between 0 and 1")
            for value in ("ten", None, True, 0, 95)
        ],
        *[
            ({"tolerance": value}, rf"tolerance: {value} is not above 0")
            for value in ("ten", None, True, 0, np.inf)
        ],
        *[
            ({"max_iterations": value}, rf"max_iterations: {value}, a whole number from 1 expected")
            for value in ("ten", None, True, 0, 2.5, np.nan)
        ],
        ({"mode": "B"}, r"mode: 'B', a mapping of constructs to modes expected"),
        ({"mode": ["q"]}, r"mode: \['q'\], a mapping of constructs to modes expected"),
        ({"mode": {"Q": "A"}}, r"mode: 'Q' is not a construct of the model \(closest: 'q'\)"),
        ({"mode": {1: "A"}}, r"mode: '1' is not a construct of the model"),
        ({"mode": {"q": "C"}}, r"mode: 'C' for 'q' is not one of 'A', 'B'"),
        ({"mode": {"q": None}}, r"mode: 'None' for 'q' is not one of 'A', 'B'"),
    ],
    ids=str,
)
def test_choices_that_are_not_known_are_refused_with_those_that_are(choices, message):
    with pytest.raises(StudyError, match=message):
        pls.fit(MODEL, DATA, **choices)


def test_all_wrong_choices_are_told_at_once():
    with pytest.raises(StudyError) as caught:
        pls.fit(MODEL, DATA, scheme="x", missing="y", level=2)
    assert [problem.where for problem in caught.value.problems] == ["scheme", "missing", "level"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("s =~ s1 + s2; s ~ q", r"'s ~ q': 'q' is not a construct.*\n    Measure it first"),
        (
            "q <~ q1 + q2; s =~ s1; v =~ v1; s ~ v",
            r"no path joins 'q' .* tells the weights of a composed construct",
        ),
        ("q =~ q1; s =~ s1; v =~ v1; s ~ v", r"no path joins 'q' to another construct"),
        ("q =~ ; s =~ s1; s ~ q", r"line 1"),
        ("", r"model: holds no line"),
        (None, r"model: a NoneType, where lines of text or a ParameterTable are expected"),
        (["q =~ q1"], r"model: a list, where lines of text"),
        ("q =~ q1 + q2; s =~ s1; s ~ q; q ~ s", r"paths run in a circle through 'q', 's'"),
    ],
)
def test_models_that_measure_nothing_are_refused(model, message):
    with pytest.raises(StudyError, match=message):
        pls.fit(model, DATA)


def test_a_composed_construct_that_is_only_explained_is_fitted_and_flagged():
    fit = pls.fit("q =~ q1 + q2; v <~ v1 + v2; v ~ q", DATA)
    told = [problem for problem in fit.problems if problem.where == "construct 'v'"]
    assert len(told) == 1
    assert "composed construct 'v' explains nothing" in told[0].found


@pytest.mark.parametrize(
    ("model", "data", "choices", "error", "message"),
    [
        (PRODUCT, Moments.from_frame(DATA), {}, DataError, r"'q:v' needs rows, but moments are given"),
        (
            PRODUCT,
            GAP,
            {"missing": "mean"},
            DataError,
            r"gaps in the items under missing='mean', but products",
        ),
        (PRODUCT, GAP, {"missing": "em"}, DataError, r"gaps in the items under missing='em', but products"),
        (PRODUCT, DATA, {"consistent": True}, StudyError, r"consistent=True, but the product 'q:v'"),
        (
            SECOND,
            DATA,
            {"consistent": True, "second_order": "embedded"},
            StudyError,
            r"'embedded' has no correction",
        ),
        (
            SECOND,
            DATA,
            {"consistent": True, "second_order": "repeated"},
            StudyError,
            r"'repeated' has no correction",
        ),
        (
            "q =~ q1 + q2; v =~ q2 + v1; s =~ s1 + s2; s ~ q + v",
            DATA,
            {"consistent": True},
            StudyError,
            r"consistent=True, but 'q' and 'v' share 'q2', and with it an error",
        ),
        (
            "q =~ q1; v =~ q1; s =~ s1; s ~ q + v",
            DATA,
            {},
            IdentificationError,
            r"the terms 'q', 'v' of 's' repeat",
        ),
        (MODEL, DATA, {"max_iterations": 1}, ConvergenceError, r"the weights still move after 1 rounds"),
    ],
)
def test_what_does_not_go_together_is_refused(model, data, choices, error, message):
    with pytest.raises(error, match=message):
        pls.fit(model, data, **choices)


def test_products_take_complete_rows_under_every_rule():
    rules = ("listwise", "mean", "em")
    found = [pls.fit(PRODUCT, DATA, missing=rule).paths["estimate"].tolist() for rule in rules]
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx(found[2])
    assert pls.fit(PRODUCT, GAP).n_obs == 99


def test_items_that_go_against_each_other_have_no_correction():
    names = ["a1", "a2", "c1", "c2", "b1", "b2"]
    R = np.full((6, 6), 0.3) + 0.7 * np.eye(6)
    R[0, 1] = R[1, 0] = -0.3
    moments = Moments.from_covariance(R, 100, names=names)
    message = r"the items of 'a' do not measure one factor \(rho_A is not above 0\)\n    State it with '<~'"
    models = (
        "a =~ a1 + a2; b =~ b1 + b2; b ~ a",
        "a =~ a1 + a2; c =~ c1 + c2; h =~ a + c; b =~ b1 + b2; b ~ h",
        "a =~ a1 + a2; c =~ c1 + c2; h <~ a + c; b =~ b1 + b2; b ~ h",
    )
    for model in models:
        with pytest.raises(IdentificationError, match=message):
            pls.fit(model, moments, consistent=True)
        assert np.isfinite(pls.fit(model, moments).paths["estimate"]).all()


@pytest.mark.parametrize(
    "column",
    [
        DATA["q2"] > 0,
        (DATA["q2"] > 0).astype("boolean"),
        DATA["q2"].round().astype("Int64"),
        DATA["q2"].round().astype("Int64").mask(DATA.index == 3),
        DATA["q2"].astype("Float32"),
        DATA["q2"].round().astype("category"),
        pd.Series(pd.Categorical(DATA["q2"].round(), ordered=True)),
        DATA["q2"].astype(object),
        DATA["q2"].astype(object).where(DATA.index != 3, None),
    ],
    ids=lambda column: str(column.dtype),
)
def test_answers_count_as_numbers_whatever_their_column_is_made_of(column):
    plain = pd.Series([np.nan if pd.isna(value) else float(value) for value in column])
    one, two = (pls.fit(MODEL, DATA.assign(q2=values)) for values in (column, plain))
    assert one.paths["estimate"].tolist() == two.paths["estimate"].tolist()
    assert one.n_obs == two.n_obs == int(plain.notna().sum())


# --- resampling ---


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        *[
            ({"draws": value}, rf"draws: {value}, a whole number from 1")
            for value in ("ten", None, True, 0, 2.5)
        ],
        *[({"seed": value}, rf"seed: {value}, a whole number from 0") for value in ("ten", None, True, -1)],
        *[({"jobs": value}, rf"jobs: {value}, a whole number from 1") for value in ("ten", None, True, 0)],
        ({"quantities": ("path",)}, r"quantities: 'path' is not known \(closest: 'paths'\)"),
        ({"quantities": "paths"}, r"quantities: 'paths', a tuple of names expected"),
        ({"quantities": ()}, r"quantities: \(\), a tuple of names expected"),
        ({"quantities": None}, r"quantities: None, a tuple of names expected"),
    ],
    ids=str,
)
def test_what_is_asked_of_a_bootstrap_is_checked(choices, message):
    fit = pls.fit(MODEL, DATA)
    with pytest.raises(StudyError, match=message):
        pls.bootstrap(fit, DATA, **({"draws": 5} | choices))


@pytest.mark.parametrize("resampled", [pls.bootstrap, pls.exact_fit_test])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA.head(60), r"data: 60 rows enter, and the fit has 100"),
        (DATA.assign(q2=DATA["q2"] + 1), r"item 'q2': has other means or covariances than in the fit"),
        (DATA.assign(v1=DATA["v1"].to_numpy()[::-1]), r"item 'q1': has other means or covariances"),
        (DATA * 2, r"item 'q1': has other means or covariances than in the fit"),
        (Moments.from_frame(DATA), r"data: a Moments, where rows in a DataFrame are expected"),
        (None, r"data: a NoneType, where rows in a DataFrame are expected"),
    ],
)
def test_rows_that_are_not_those_of_the_fit_are_refused(resampled, data, message):
    with pytest.raises(DataError, match=message):
        resampled(pls.fit(MODEL, DATA), data, 5)


def test_rows_in_another_order_are_those_of_the_fit():
    fit = pls.fit(MODEL, DATA)
    assert pls.bootstrap(fit, DATA.iloc[::-1], 5).n_failed == 0


@pytest.mark.parametrize("resampled", [pls.bootstrap, pls.exact_fit_test])
def test_a_row_without_cluster_and_a_single_cluster_are_refused(resampled):
    fit = pls.fit(MODEL, DATA)
    with pytest.raises(DataError, match="100 of 100 rows belong to no cluster"):
        resampled(fit, DATA, 5, clusters=[None] * 100)
    with pytest.raises(DataError, match="1 cluster, at least 2 expected"):
        resampled(fit, DATA, 5, clusters=np.zeros(100))


@pytest.mark.parametrize("level", ["ten", None, True, 0, 1, 95])
def test_a_level_outside_zero_and_one_is_refused(level):
    fit = pls.fit(MODEL, DATA)
    with pytest.raises(StudyError, match=f"level: {level} is not between 0 and 1"):
        pls.exact_fit_test(fit, DATA, 5, level=level)
    drawn = pls.bootstrap(fit, DATA, 5)
    if level is not None:  # that one means the level of the fit
        with pytest.raises(StudyError, match=f"level: {level} is not between 0 and 1"):
            drawn.table(level=level)
        with pytest.raises(StudyError, match=f"level: {level} is not between 0 and 1"):
            drawn.effects(level=level)


def test_an_unknown_interval_is_refused():
    with pytest.raises(StudyError, match="kind: 'studentized' is not known"):
        pls.bootstrap(pls.fit(MODEL, DATA), DATA, 5).table("studentized")


@pytest.mark.parametrize(
    ("model", "choices"),
    [(PRODUCT, {}), (SECOND, {}), ("q =~ q1 + q2; v =~ q2 + v1; s =~ s1 + s2; s ~ q + v", {})],
)
def test_models_without_a_test_of_exact_fit_are_refused(model, choices):
    with pytest.raises(StudyError, match=r"exact fit: products|fit measures: items stand in two constructs"):
        pls.exact_fit_test(pls.fit(model, DATA, **choices), DATA, 5)


def test_repeated_items_have_no_fit_measures():
    fit = pls.fit(SECOND, DATA, second_order="repeated")
    with pytest.raises(StudyError, match="items stand in two constructs"):
        fit_measures(fit)


def attempted(call: Callable[[], object], why: str) -> object | None:
    """What a call gives; None where it is refused for one known reason."""
    try:
        return call()
    except ServicefxError as refusal:
        if why in str(refusal):
            return None
        raise


@pytest.mark.parametrize("n", [8, 9, 12])
@pytest.mark.parametrize("choices", [{}, {"consistent": True}, {"mode": {"q": "B"}}], ids=str)
def test_hardly_more_rows_than_items_crash_nothing(n, choices):
    data = DATA.head(n)
    fit = attempted(lambda: pls.fit(MODE_A, data, **choices), "rho_A is not above 0")
    if fit is None:
        assert choices == {"consistent": True}
        return
    drawn = pls.bootstrap(fit, data, 300, seed=1)
    assert drawn.n_failed == np.isnan(drawn.draws).all(axis=1).sum()
    for kind in ("percentile", "bc", "bca"):
        assert len(drawn.table(kind)) + len(drawn.effects(kind)) == len(drawn.terms)
    assert len(fit.htmt) == 3
    assert "srmr" in fit.measures
    assert isinstance(fit.problems, tuple)
    tested = attempted(lambda: pls.exact_fit_test(fit, data, 100), "are not positive definite")
    assert tested is None or (tested["n_draws"] <= 100).all()
