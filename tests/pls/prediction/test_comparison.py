import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from servicefx import pls
from servicefx.errors import DataError, StudyError
from servicefx.pls.prediction import cvpat, held_out_predictions
from servicefx.pls.prediction.loss_differences import _resampled

GOLDEN = "tests/golden/pls"
MODEL = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1 + s2; v ~ q; s ~ q + v"
TURNED = "q =~ q1 + q2; v =~ v2 + v1; s =~ s2 + s1; s ~ v + q; v ~ q"
FEWER = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1 + s2; s ~ v + q"


def survey(n: int = 90, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.4 * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 6))
    columns = {"q1": 4 + q, "q2": 5 + q, "v1": v, "v2": 3 * v, "s1": s, "s2": s}
    return pd.DataFrame({name: part + noise[:, i] for i, (name, part) in enumerate(columns.items())})


@pytest.mark.parametrize("technique", ["direct", "earliest"])
@pytest.mark.parametrize("regressors", ["antecedents", "exogenous"])
@pytest.mark.parametrize("case", ["prediction", "prediction_mode_b"])
def test_losses_and_tests_are_those_of_the_row_by_row_reference(repository, case, technique, regressors):
    folder = repository / GOLDEN / case
    settings = json.loads((folder / "settings.json").read_text())
    data = pd.read_csv(repository / "data/raw/mobi.csv")
    fold = pd.read_csv(repository / GOLDEN / "data" / settings["folds"])["fold"]
    fit = pls.fit((folder / "model.txt").read_text(), data, scheme=settings["scheme"], mode=settings["mode"])
    expected = pd.read_csv(folder / "reference.csv", keep_default_na=False)
    expected = expected.set_index(["quantity", "subject", "other"])["value"].astype(float)
    found = cvpat(fit, data, fold_index=fold, technique=technique, regressors=regressors)
    assert len(found) == 14
    names = {"indicator average": "mean", "linear model": f"linear_{regressors}"}
    for row in found.itertuples():
        benchmark = names[row.benchmark]
        pair = f"pls_{technique} - {benchmark}"
        for value, quantity, subject in (
            (row.loss, "loss", f"pls_{technique}"),
            (row.benchmark_loss, "loss", benchmark),
            (row.loss_difference, "loss_difference", pair),
            (row.statistic, "t", pair),
            (row.p_value, "p_two_sided", pair),
            (row.p_better, "p_better", pair),
        ):
            np.testing.assert_allclose(
                value, expected[quantity, subject, row.construct], rtol=1e-8, atol=1e-12
            )


def test_two_models_are_compared_row_by_row_on_the_same_folds():
    data, fold = survey(), np.arange(90) % 5
    fit, other = pls.fit(MODEL, data), pls.fit("v =~ v1 + v2; s =~ s1 + s2; s ~ v", data)
    found = cvpat(fit, data, other, fold_index=fold)
    assert found["construct"].tolist() == ["s", "overall"]
    assert set(found["benchmark"]) == {"other model"}
    losses = [
        ((data[["s1", "s2"]] - held_out_predictions(each, data, fold_index=fold)[["s1", "s2"]]) ** 2).mean(
            axis=1
        )
        for each in (fit, other)
    ]
    expected = stats.ttest_rel(*losses)
    np.testing.assert_allclose(found["loss"][0], losses[0].mean())
    np.testing.assert_allclose(found["benchmark_loss"][0], losses[1].mean())
    np.testing.assert_allclose(found["statistic"][0], expected.statistic)
    np.testing.assert_allclose(found["p_value"][0], expected.pvalue)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose(found.loc[0, ["conf_low", "conf_high"]].astype(float), interval)
    back = cvpat(other, data, fit, fold_index=fold)
    np.testing.assert_allclose(back["loss_difference"], -found["loss_difference"])
    np.testing.assert_allclose(back["p_better"], 1 - found["p_better"])


def test_items_of_a_shared_construct_may_stand_in_another_order():
    data = survey()
    found = cvpat(pls.fit(MODEL, data), data, pls.fit(TURNED, data), targets="s", seed=2)
    assert found["undefined"].tolist() == ["both predict every row alike"] * 2
    assert found["p_value"].isna().all()
    assert (found["loss_difference"].abs() < 1e-6).all()


def test_losses_are_averaged_over_repetitions_before_the_test():
    data = survey()
    fit = pls.fit(MODEL, data)
    labels = np.column_stack([np.arange(90) % 5, np.arange(90) // 30])
    both = cvpat(fit, data, fold_index=labels)
    alone = [cvpat(fit, data, fold_index=labels[:, at]) for at in range(2)]
    np.testing.assert_allclose(both["loss"], (alone[0]["loss"] + alone[1]["loss"]) / 2)
    assert (both["df"] == 89).all()


def test_the_error_of_clusters_is_that_of_their_sums():
    data = survey()
    fit, fold, outlets = pls.fit(MODEL, data), np.arange(90) // 18, np.arange(90) // 9
    found = cvpat(fit, data, fold_index=fold, clusters=outlets).set_index(["construct", "benchmark"])
    shown = held_out_predictions(fit, data, fold_index=fold)
    loss = ((data[["s1", "s2"]] - shown[["s1", "s2"]]) ** 2).mean(axis=1)
    average = np.concatenate([np.tile(data.loc[fold != k, ["s1", "s2"]].mean(), (18, 1)) for k in range(5)])
    gap = loss - ((data[["s1", "s2"]] - average) ** 2).mean(axis=1)
    # clusters of one size: the test of their means
    expected = stats.ttest_1samp(gap.groupby(outlets).mean(), 0.0)
    np.testing.assert_allclose(found.loc[("s", "indicator average"), "statistic"], expected.statistic)
    np.testing.assert_allclose(found.loc[("s", "indicator average"), "p_value"], expected.pvalue)
    assert (found["df"] == 9).all()


def test_the_error_of_clusters_of_unequal_size_is_the_sandwich_of_a_mean():
    data = survey()
    fit, fold = pls.fit(MODEL, data), np.arange(90) % 5
    outlets = np.repeat(np.arange(12), [30, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 22])
    found = cvpat(fit, data, pls.fit(FEWER, data), fold_index=fold, clusters=outlets, targets="s")
    shown = [held_out_predictions(pls.fit(each, data), data, fold_index=fold) for each in (MODEL, FEWER)]
    loss = [((data[["s1", "s2"]] - each[["s1", "s2"]]) ** 2).mean(axis=1) for each in shown]
    gap = loss[0] - loss[1]
    sums = (gap - gap.mean()).groupby(outlets).sum()
    np.testing.assert_allclose(found["std_error"][0], np.sqrt(12 / 11 * (sums**2).sum()) / 90, rtol=1e-6)
    assert (found["df"] == 11).all()


def test_resampled_intervals_lie_near_those_of_t():
    data = survey(300)
    fit = pls.fit(MODEL, data)
    drawn, plain = (cvpat(fit, data, seed=4, draws=draws) for draws in (4000, 0))
    np.testing.assert_array_equal(drawn["loss_difference"], plain["loss_difference"])
    width = plain["conf_high"] - plain["conf_low"]
    assert ((drawn["conf_low"] - plain["conf_low"]).abs() < 0.12 * width).all()
    assert ((drawn["conf_high"] - plain["conf_high"]).abs() < 0.12 * width).all()
    assert ((drawn["p_value"] - plain["p_value"]).abs() < 0.05).all()
    assert ((drawn["p_better"] - plain["p_better"]).abs() < 0.05).all()
    assert (drawn["p_value"] >= 1 / 4001).all()
    assert drawn.attrs["notes"][1] == "intervals and p-values from 4000 resamples"


def test_resampled_statistics_are_those_of_repeated_rows():
    rng = np.random.default_rng(3)
    gaps, size = rng.normal(size=(40, 2)), np.ones(40)
    drawn = rng.integers(0, 40, 40)
    counts = np.bincount(drawn, minlength=40)[None].astype(float)
    shift, error = _resampled(counts, gaps - gaps.mean(axis=0), size)
    np.testing.assert_allclose(shift[0], gaps[drawn].mean(axis=0) - gaps.mean(axis=0))
    np.testing.assert_allclose(error[0], stats.sem(gaps[drawn], axis=0))


def test_a_refused_linear_model_is_undefined_with_its_reason():
    data = survey(7)
    found = cvpat(pls.fit(MODEL, data), data, fold_index=[0, 0, 1, 1, 2, 2, 2], draws=20)
    linear = found[found["benchmark"] == "linear model"].set_index("construct")
    reason = "linear model: 4 training rows for 4 regressors and a constant"
    assert linear.loc[["s", "overall"], "undefined"].tolist() == [reason] * 2
    assert linear.loc["s", ["benchmark_loss", "statistic", "p_value", "conf_low"]].isna().all()
    assert linear.loc["v", "undefined"] == ""
    assert np.isfinite(linear.loc["s", "loss"])


def test_models_without_a_shared_outcome_are_refused():
    data = survey()
    fit = pls.fit(MODEL, data)
    with pytest.raises(StudyError, match="do not both explain any construct with the same items"):
        cvpat(fit, data, pls.fit("q =~ q1 + q2; v =~ v1; v ~ q", data))
    with pytest.raises(StudyError, match="do not both explain 'v'"):
        cvpat(fit, data, pls.fit(FEWER, data), targets="v")
    with pytest.raises(StudyError, match="targets: no construct 'w'"):
        cvpat(fit, data, targets="w")


@pytest.mark.parametrize(
    ("arguments", "match"), [({"draws": -1}, "draws: -1"), ({"level": 1.0}, "level: 1.0")]
)
def test_numbers_out_of_range_are_refused(arguments, match):
    data = survey()
    with pytest.raises(StudyError, match=match):
        cvpat(pls.fit(MODEL, data), data, **arguments)


def test_a_row_without_cluster_is_refused():
    data = survey()
    clusters = [None, *range(89)]
    with pytest.raises(DataError, match="clusters: 1 of 90 rows belong to no cluster"):
        cvpat(pls.fit(MODEL, data), data, clusters=clusters, fold_index=np.arange(90) % 5)


def test_a_better_model_is_found_better():
    data = survey(400)
    found = cvpat(pls.fit(MODEL, data), data, pls.fit("q =~ q1; s =~ s1 + s2; s ~ q", data))
    assert (found["p_better"] < 0.001).all()
    assert (found["conf_high"] < 0).all()


@pytest.mark.slow
def test_two_equally_good_models_are_told_apart_as_often_as_the_level_says():
    rejected = {"two": 0, "one": 0, "drawn": 0}
    samples = 1000
    models = [f"x =~ {item}; y =~ y1 + y2; y ~ x" for item in ("a", "b")]
    for seed in range(samples):
        rng = np.random.default_rng([91, seed])
        a, b = rng.normal(size=(2, 100))
        y = 0.6 * a + 0.6 * b + rng.normal(size=100)
        noise = rng.normal(size=(100, 2))
        data = pd.DataFrame({"a": a, "b": b, "y1": y + noise[:, 0], "y2": y + noise[:, 1]})
        fits = [pls.fit(model, data) for model in models]
        found = cvpat(fits[0], data, fits[1], repetitions=1, seed=seed)
        drawn = cvpat(fits[0], data, fits[1], repetitions=1, seed=seed, draws=399)
        rejected["two"] += found["p_value"][0] < 0.05
        rejected["one"] += found["p_better"][0] < 0.05
        rejected["drawn"] += drawn["p_value"][0] < 0.05
    # two-sided 99.9 % band of a binomial share of .05 in 1,000
    for share in rejected.values():
        assert 0.029 < share / samples < 0.075
