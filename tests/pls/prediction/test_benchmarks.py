import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.pls.prediction import predict
from servicefx.pls.prediction.benchmarks import regressors_of

MODEL = "x =~ x1 + x2; z =~ z1; m =~ m1 + m2; y =~ y1 + y2; m ~ x; y ~ m + z + m:z"
WHOLE = "a =~ x1 + x2; b =~ z1 + m1; w =~ a + b; y =~ y1 + y2; y ~ w"
ITEMS = ["x1", "x2", "z1", "m1", "m2", "y1", "y2"]


def survey(n: int = 60, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    return pd.DataFrame(3 + common + rng.normal(size=(n, 7)), columns=ITEMS)


def test_regressors_are_the_items_a_technique_reads():
    model = pls.fit(MODEL, survey()).model
    assert regressors_of(model, "y", "antecedents") == ("m1", "m2", "z1")
    assert regressors_of(model, "y", "exogenous") == ("x1", "x2", "z1")
    assert regressors_of(model, "m", "antecedents") == ("x1", "x2")
    whole = pls.fit(WHOLE, survey()).model
    for kind in ("antecedents", "exogenous"):
        assert regressors_of(whole, "y", kind) == ("x1", "x2", "z1", "m1")


@pytest.mark.parametrize("kind", ["antecedents", "exogenous"])
def test_the_linear_model_is_least_squares_of_the_training_rows(kind):
    data, fold = survey(), np.arange(60) % 6
    data = data * [1000, 1, 1, 1, 0.01, 1, 1] + [0, 0, 1e4, 0, 0, 0, 0]
    fit = pls.fit(MODEL, data)
    found = predict(fit, data, fold_index=fold, regressors=kind).items
    for row in found.itertuples():
        names = list(regressors_of(fit.model, row.construct, kind))
        errors = []
        for number in range(6):
            train, test = data[fold != number], data[fold == number]
            design = np.column_stack([np.ones(len(train)), train[names]])
            slopes = np.linalg.lstsq(design, train[row.item], rcond=None)[0]
            errors += list(test[row.item] - np.column_stack([np.ones(len(test)), test[names]]) @ slopes)
        np.testing.assert_allclose(row.rmse_linear, np.sqrt(np.mean(np.square(errors))), rtol=1e-7)
        np.testing.assert_allclose(row.mae_linear, np.mean(np.abs(errors)), rtol=1e-7)


def test_the_mean_is_that_of_the_training_rows():
    data, fold = survey(), np.arange(60) % 6
    found = predict(pls.fit(MODEL, data), data, fold_index=fold).items.set_index("item")
    for item in ("m1", "y2"):
        errors = [data.loc[fold == k, item] - data.loc[fold != k, item].mean() for k in range(6)]
        np.testing.assert_allclose(found.loc[item, "mae_mean"], np.abs(np.concatenate(errors)).mean())


def test_too_few_training_rows_for_the_regressors_cost_the_linear_model_only():
    rng = np.random.default_rng(4)
    items = [f"x{i}" for i in range(1, 12)]
    data = pd.DataFrame(rng.normal(size=(14, 1)) + rng.normal(size=(14, 13)), columns=[*items, "y1", "y2"])
    fit = pls.fit(f"x =~ {' + '.join(items)}; y =~ y1 + y2; y ~ x", data)
    found = predict(fit, data, folds=7, repetitions=2)
    assert found.items["rmse_linear"].isna().all()
    assert found.items["rmse"].notna().all()
    reason = "linear model: 12 training rows for 11 regressors and a constant"
    assert set(found.items["undefined"]) == {reason}
    assert found.power["predictive_power"].tolist() == ["", ""]
    assert found.power["undefined"].tolist() == ["no linear model of 'y1', 'y2'"] * 2
    assert reason in str(found.problems[-1])
    assert predict(fit, data, folds=14).items["rmse_linear"].notna().all()


def test_regressors_that_repeat_one_another_in_one_fold_cost_the_linear_model_only():
    data = survey()
    data["x2"] = data["x1"]
    data.loc[[0, 3, 5], "x2"] += 1.0
    fit = pls.fit(MODEL, data)
    fold = np.ones(60, dtype=int)
    fold[:10] = 0
    found = predict(fit, data, fold_index=fold, targets=["m", "y"]).items.set_index("item")
    assert np.isnan(found.loc["m1", "q2_linear"])
    assert found.loc["m1", "undefined"].startswith(
        "linear model: regressors repeat one another in a training"
    )
    assert np.isfinite(found.loc["y1", "q2_linear"])


def test_an_item_among_its_own_regressors_has_no_linear_model():
    data = survey()
    fit = pls.fit("x =~ x1 + x2; m =~ m1 + m2; y =~ y1 + x1; m ~ x; y ~ m", data)
    found = predict(fit, data, regressors="exogenous").items.set_index("item")
    assert found.loc["x1", "undefined"] == "linear model: the item is among its own regressors"
    assert np.isfinite(found.loc["y1", "rmse_linear"])
