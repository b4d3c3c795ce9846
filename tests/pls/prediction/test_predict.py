import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import ConvergenceError, DataError, StudyError
from servicefx.pls.prediction import cvpat, held_out_predictions, predict
from servicefx.pls.scores import scores
from servicefx.values.glossary import GLOSSARY

GOLDEN = "tests/golden/pls"
CASES = ("prediction", "prediction_mode_b")
MODEL = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1 + s2; v ~ q; s ~ q + v"
PRODUCT = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1 + s2; s ~ q + v + q:v"
WHOLE = "a =~ q1 + q2; b =~ v1 + v2; w =~ a + b; s =~ s1 + s2; s ~ w"
EXPLAINED_WHOLE = "a =~ q1 + q2; b =~ v1 + v2; w =~ a + b; s =~ s1 + s2; w ~ s"


def survey(n: int = 90, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.4 * v + 0.3 * q * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 6))
    columns = {"q1": 4 + q, "q2": 5 + q, "v1": v, "v2": 3 * v, "s1": s, "s2": s}
    return pd.DataFrame({name: part + noise[:, i] for i, (name, part) in enumerate(columns.items())})


def golden_case(repository, case):
    folder = repository / GOLDEN / case
    settings = json.loads((folder / "settings.json").read_text())
    data = pd.read_csv(repository / "data/raw/mobi.csv")
    fit = pls.fit((folder / "model.txt").read_text(), data, scheme=settings["scheme"], mode=settings["mode"])
    fold = pd.read_csv(repository / GOLDEN / "data" / settings["folds"])["fold"]
    return fit, data, fold, folder


@pytest.mark.parametrize("program", ["seminr", "reference"])
@pytest.mark.parametrize("technique", ["direct", "earliest"])
@pytest.mark.parametrize("case", CASES)
def test_errors_on_given_folds_are_those_of_seminr_and_of_the_row_by_row_reference(
    repository, case, technique, program
):
    fit, data, fold, folder = golden_case(repository, case)
    expected = pd.read_csv(folder / f"{program}.csv", keep_default_na=False)
    expected = expected.set_index(["quantity", "subject", "other"])["value"].astype(float)
    found = predict(fit, data, technique=technique, fold_index=fold)
    assert found.regressors == {"direct": "antecedents", "earliest": "exogenous"}[technique]
    assert len(found.items) == 19
    names = {"pls_" + technique: ("rmse", "mae"), "linear_" + found.regressors: ("rmse_linear", "mae_linear")}
    for row in found.items.itertuples():
        for subject, columns in names.items():
            for measure, column in zip(("rmse", "mae"), columns, strict=True):
                np.testing.assert_allclose(
                    getattr(row, column), expected[measure, subject, row.item], rtol=1e-9
                )
        if program == "reference":
            np.testing.assert_allclose(row.rmse_mean, expected["rmse", "mean", row.item], rtol=1e-9)
            for column, subject in (("q2_predict", "pls_" + technique), ("q2_linear", list(names)[1])):
                np.testing.assert_allclose(
                    getattr(row, column), expected["q2_predict", subject, row.item], atol=1e-9
                )


@pytest.mark.parametrize("technique", ["direct", "earliest"])
@pytest.mark.parametrize("case", CASES)
def test_predictions_of_rows_are_those_of_seminr(repository, case, technique):
    fit, data, fold, folder = golden_case(repository, case)
    expected = pd.read_csv(folder / "predictions_seminr.csv", index_col="row")
    found = held_out_predictions(fit, data, technique=technique, fold_index=fold).loc[expected.index]
    for item in predict(fit, data, fold_index=fold).items["item"]:
        np.testing.assert_allclose(found[item], expected[f"pls_{technique} {item}"], rtol=1e-9)
    for name in fit.model.outcomes:
        training = len(data) - fold.map(fold.value_counts())[expected.index]
        unit = np.sqrt(training / (training - 1))  # seminr standardises by n - 1, here by n
        np.testing.assert_allclose(found[name], expected[f"{technique} {name}"] * unit, rtol=1e-8, atol=1e-10)


def by_rows(model, data, fold, **choices):
    """Predictions fold after fold: fit, score, predict, and regress items on scores; and on the mean."""
    made, plain = [], []
    for number in np.unique(fold):
        train, test = data[fold != number], data[fold == number]
        fit = pls.fit(model, train, **choices)
        within, held = scores(fit, train), scores(fit, test)
        paths = fit.paths
        items = {}
        for outcome in fit.model.outcomes:
            mine = paths[paths["lhs"] == outcome]
            score = sum(held[row.rhs] * row.estimate for row in mine.itertuples())
            for item in fit.model.items_of(outcome):
                slope, level = np.polyfit(within[outcome], train[item], 1)
                items[item] = level + slope * score
        made.append(pd.DataFrame(items, index=test.index))
        plain.append(pd.DataFrame({item: train[item].mean() for item in items}, index=test.index))
    return pd.concat(made).sort_index(), pd.concat(plain).sort_index()


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        (MODEL, {}),
        (MODEL, {"scheme": "centroid", "mode": {"s": "B", "q": "B"}}),
        (MODEL, {"scaled": False}),
        (PRODUCT, {}),
        (WHOLE, {}),
        (WHOLE, {"second_order": "embedded"}),
        (WHOLE, {"second_order": "repeated"}),
        (EXPLAINED_WHOLE, {}),
        (WHOLE + "; s ~ w:w", {}),
    ],
)
def test_every_kind_of_model_predicts_as_fits_without_each_fold_do(model, choices):
    data = survey()
    fold = np.arange(90) % 4
    made, plain = by_rows(model, data, fold, **choices)
    fit = pls.fit(model, data, **choices)
    shown = held_out_predictions(fit, data, fold_index=fold)
    np.testing.assert_allclose(shown[made.columns], made, rtol=1e-6, atol=1e-7)
    found = predict(fit, data, fold_index=fold).items.set_index("item")
    errors = data[made.columns] - made
    np.testing.assert_allclose(found["rmse"], np.sqrt((errors**2).mean()), rtol=1e-6)
    q2 = 1 - (errors**2).sum() / ((data[made.columns] - plain) ** 2).sum()
    np.testing.assert_allclose(found["q2_predict"], q2, atol=1e-6)
    skew = ((errors - errors.mean()) ** 3).mean() / errors.var(ddof=0) ** 1.5
    np.testing.assert_allclose(found["error_skew"], skew, atol=1e-5)


def test_errors_are_pooled_over_repetitions():
    data, fit = survey(), pls.fit(MODEL, survey())
    labels = np.column_stack([np.arange(90) % 4, np.arange(90) // 30])
    both = predict(fit, data, fold_index=labels).items
    alone = [predict(fit, data, fold_index=labels[:, at]).items for at in range(2)]
    np.testing.assert_allclose(both["rmse"] ** 2, (alone[0]["rmse"] ** 2 + alone[1]["rmse"] ** 2) / 2)
    np.testing.assert_allclose(both["mae_linear"], (alone[0]["mae_linear"] + alone[1]["mae_linear"]) / 2)
    spread = np.std([each["q2_predict"] for each in alone], axis=0, ddof=1)
    np.testing.assert_allclose(both["q2_spread"], spread)
    assert alone[0]["q2_spread"].isna().all()
    assert set(alone[0]["undefined"]) == {"one repetition has no spread"}


def test_scores_of_targets_in_sample_have_the_errors_of_their_equations():
    data = survey()
    fit = pls.fit(MODEL, data)
    found = predict(fit, data, repetitions=1).constructs
    np.testing.assert_allclose(found["r2_in_sample"], fit.r2["estimate"], rtol=1e-8)
    assert (found["q2_predict"] < found["r2_in_sample"]).all()
    assert (found["rmse"] > found["rmse_in_sample"]).all()


def test_rows_with_a_gap_are_left_out_and_counted():
    data = survey()
    data.loc[[3, 40], "v1"] = np.nan
    fit = pls.fit(MODEL, data, missing="mean")
    found = predict(fit, data, fold_index=np.arange(90) % 5)
    assert found.n_obs == 88
    assert found.dropped == {"item missing": 2}
    complete = data.dropna()
    alone = predict(
        pls.fit(MODEL, complete), complete, fold_index=(np.arange(90) % 5)[data.notna().all(axis=1)]
    )
    pd.testing.assert_frame_equal(found.items, alone.items)
    shown = held_out_predictions(fit, data)
    assert shown.index[shown.isna().all(axis=1)].tolist() == [3, 40]


def test_the_order_of_rows_and_the_names_of_folds_change_nothing():
    data, fold = survey(), np.arange(90) % 5
    fit = pls.fit(MODEL, data)
    order = np.random.default_rng(1).permutation(90)
    other = predict(fit, data.iloc[order], fold_index=[f"fold {9 - each}" for each in fold[order]])
    pd.testing.assert_frame_equal(predict(fit, data, fold_index=fold).items, other.items)


def test_the_units_of_items_change_only_errors_in_units():
    data = survey()
    wide = data * [1000, 1, 1e-3, 1, 10, 1] + 7
    found, other = (predict(pls.fit(MODEL, each), each, seed=3).items for each in (data, wide))
    np.testing.assert_allclose(found["q2_predict"], other["q2_predict"], atol=1e-8)
    np.testing.assert_allclose(found["q2_linear"], other["q2_linear"], atol=1e-8)
    np.testing.assert_allclose(found["rmse"] * [1e-3, 1, 10, 1], other["rmse"], rtol=1e-7)


def test_seeds_repeat_and_differ():
    data = survey()
    fit = pls.fit(MODEL, data)
    first = predict(fit, data, seed=3)
    pd.testing.assert_frame_equal(first.items, predict(fit, data, seed=3).items)
    assert (first.items["rmse"] != predict(fit, data, seed=4).items["rmse"]).all()
    assert repr(first) == "PlsPrediction: 4 items, 10 folds, 10 repetitions, seed 3, n = 90"


def test_neighbours_are_held_out_together():
    data = survey(40)
    outlets = np.repeat(np.arange(40), 2)
    twice = data.loc[data.index.repeat(2)].reset_index(drop=True)
    fit = pls.fit(MODEL, twice)
    whole = predict(fit, twice, folds=40, clusters=outlets)
    left_out = predict(pls.fit(MODEL, data), data, folds=40)
    np.testing.assert_allclose(whole.items["rmse"], left_out.items["rmse"], rtol=1e-6)
    assert whole.how == "40 folds, 1 repetition, clusters held out whole, seed 0"


def test_one_target_may_be_asked_for():
    data = survey()
    fit = pls.fit(MODEL, data)
    found = predict(fit, data, targets="s", seed=1)
    assert found.items["construct"].unique().tolist() == ["s"]
    every = predict(fit, data, seed=1).items
    pd.testing.assert_frame_equal(found.items, every[every["construct"] == "s"].reset_index(drop=True))


def test_power_counts_items_predicted_better_than_by_the_linear_model():
    data = survey()
    found = predict(pls.fit(MODEL, data), data)
    power = found.power.set_index("construct")
    for name, part in found.items.groupby("construct"):
        better = int((part["rmse"] < part["rmse_linear"]).sum())
        assert power.loc[name, "n_better"] == better
        assert power.loc[name, "predictive_power"] == {0: "none", 1: "medium", 2: "high"}[better]
    assert power.loc["overall", "n_items"] == 4
    assert power.loc["overall", "n_better"] == power.loc[["v", "s"], "n_better"].sum()


def test_one_item_explained_by_one_item_ties_with_the_linear_model():
    data = survey()
    found = predict(pls.fit("q =~ q1; s =~ s1; s ~ q", data), data)
    np.testing.assert_allclose(found.items["rmse"], found.items["rmse_linear"], rtol=1e-12)
    assert found.power["predictive_power"].tolist() == ["none", "none"]


def composites(n: int, r2: float, seed: int) -> pd.DataFrame:
    """Three items make a composite exactly; it explains a share of two outcomes' common composite."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    x[:, 1] += 0.5 * x[:, 0]
    whole = x.sum(axis=1)
    y = np.sqrt(r2) * whole / whole.std() + np.sqrt(1 - r2) * rng.normal(size=n)
    return pd.DataFrame(np.column_stack([x, y]), columns=["x1", "x2", "x3", "y"])


@pytest.mark.parametrize("r2", [0.25, 0.64])
def test_a_known_explained_share_is_predicted(r2):
    data = composites(4000, r2, seed=8)
    found = predict(
        pls.fit("x <~ x1 + x2 + x3; y =~ y1; y ~ x", data.rename(columns={"y": "y1"})),
        data.rename(columns={"y": "y1"}),
        repetitions=1,
    )
    # four standard errors of an explained share among 4,000 rows
    assert found.constructs["q2_predict"][0] == pytest.approx(r2, abs=4 * 2 * np.sqrt(r2) * (1 - r2) / 63)
    assert found.items["q2_predict"][0] == pytest.approx(found.constructs["q2_predict"][0], abs=0.005)


def test_without_an_effect_rows_are_predicted_worse_than_by_the_mean():
    shares = []
    for seed in range(30):
        data = composites(80, 0.0, seed).rename(columns={"y": "y1"})
        fit = pls.fit("x <~ x1 + x2 + x3; y =~ y1; y ~ x", data)
        found = predict(fit, data, repetitions=1, seed=seed)
        shares.append(found.items["q2_predict"][0])
    assert np.mean(shares) < 0
    assert np.mean(np.array(shares) < 0) > 0.7
    assert "predicted no better than by the mean" in str(found.problems[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": "ss"}, r"targets: no construct 'ss' \(closest: 's'\)"),
        ({"targets": ["q"]}, "targets: nothing explains 'q'"),
        ({"targets": []}, "targets: names nothing to predict"),
        ({"technique": "directly"}, r"technique: 'directly' is not known \(closest: 'direct'\)"),
        ({"regressors": "exogene"}, r"regressors: 'exogene' is not known \(closest: 'exogenous'\)"),
        ({"folds": 1}, "folds: 1, a whole number from 2"),
    ],
)
def test_arguments_that_are_not_known_are_refused(arguments, message):
    data = survey()
    with pytest.raises(StudyError, match=message):
        predict(pls.fit(MODEL, data), data, **arguments)


def test_factors_behind_composites_predict_no_rows():
    data = survey()
    with pytest.raises(StudyError, match="rows have scores of composites only"):
        predict(pls.fit(MODEL, data, consistent=True), data)


def test_a_product_of_predicted_scores_is_no_predicted_product():
    data = survey()
    fit = pls.fit(PRODUCT + "; v ~ q", data)
    with pytest.raises(StudyError, match="would multiply a prediction of 'v' in 'q:v'"):
        predict(fit, data, technique="earliest")
    exogenous = pls.fit(PRODUCT, data)
    earliest, direct = (predict(exogenous, data, technique=name).items for name in ("earliest", "direct"))
    pd.testing.assert_frame_equal(earliest, direct)


def test_an_item_on_both_sides_would_predict_itself():
    data = survey()
    fit = pls.fit("q =~ q1 + q2 + s1; s =~ s1 + s2; s ~ q", data)
    with pytest.raises(StudyError, match="item 's1' measures 's' and what explains it"):
        predict(fit, data)


def test_too_many_folds_are_refused():
    data = survey(20)
    with pytest.raises(DataError, match="folds: 21, but only 20 rows to hold out"):
        predict(pls.fit(MODEL, data), data, folds=21)


def test_an_absent_item_is_named():
    data = survey()
    with pytest.raises(DataError, match=r"item 'v2': not in the data \(known: 'q1'"):
        predict(pls.fit(MODEL, data), data.drop(columns="v2"))


def test_an_item_that_is_constant_without_one_fold_is_named():
    data = survey()
    data["v1"] = 0.3
    data.loc[[7, 12], "v1"] = 5.0
    fold = np.zeros(90, dtype=int)
    fold[30:] = 1
    with pytest.raises(DataError, match="item 'v1': does not vary without fold 1 of repetition 1"):
        predict(pls.fit(MODEL, data), data, fold_index=fold)


def test_a_training_sample_without_answer_is_named():
    data = survey()
    fit = pls.fit(MODEL, data)
    broken = replace(fit, choices=replace(fit.choices, max_iterations=1))
    with pytest.raises(
        ConvergenceError, match=r"no answer in \d+ of \d+ training samples, first without fold 1"
    ):
        predict(broken, data)


def test_labels_of_clusters_match_the_rows():
    data = survey()
    with pytest.raises(DataError, match="clusters: 3 labels for 90 rows"):
        predict(pls.fit(MODEL, data), data, clusters=[1, 2, 3])


def test_columns_are_those_of_the_glossary():
    data = survey()
    fit = pls.fit(MODEL, data)
    found = predict(fit, data, repetitions=1)
    columns = {*found.items, *found.constructs, *found.power, *cvpat(fit, data, repetitions=1)}
    assert columns <= set(GLOSSARY)
