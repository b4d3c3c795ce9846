import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.sem.reading.measures import ModelTest, fit_measures, rmsea_interval, undefined_measures
from servicefx.sem.reading.moment_measures import baseline_test, normal_log_likelihood, srmr
from servicefx.sem.reading.robust_inputs import mean_factor

GOLDEN = Path(__file__).parents[2] / "golden" / "measures"
LAVAAN = pd.read_csv(GOLDEN / "measures.csv")
FITS = tuple(LAVAAN["fit"].unique())
MOMENTS = json.loads((GOLDEN / "moments.json").read_text())
ROBUST = json.loads((GOLDEN / "robust.json").read_text())
LEAST_SQUARES = ("uls", "gls", "dwls_groups", "ulsmv", "wlsmv", "wlsmv_theta", "wlsmv_mixed", "wlsmv_groups")
ENDS = ("_low", "_high")
ROBUST_NAMES = ("cfi_robust", "tli_robust", "rmsea_robust")
NOT_COMPARED = {
    # lavaan's robust measures of these are made of ingredients that are not stored, or it prints none
    "wlsmv_theta": ROBUST_NAMES,
    "wlsmv_mixed": ROBUST_NAMES,
    # lavaan 0.6-14 takes the groups' shares twice in the baseline's factor: its c0 is G times too large
    "wlsmv_groups": ("cfi_robust", "tli_robust"),
    # lavaan prints [0, 0] around .76: its law has c df = .79 degrees of freedom, taken for none
    "tiny": ("rmsea_scaled_low", "rmsea_scaled_high"),
}


def lavaan(name: str) -> dict[str, float]:
    """Measures of a fit by lavaan, and the numbers they are made of."""
    return LAVAAN[LAVAAN["fit"] == name].set_index("measure")["estimate"].to_dict()


def model_and_baseline(fit: str) -> tuple[ModelTest, ModelTest]:
    """The model's and the baseline's test, as lavaan prints them."""
    want = lavaan(fit)
    return tuple(
        ModelTest(
            chi2=want[f"chi2{name}"],
            df=int(want[f"df{name}"]),
            scaling_factor=want.get(f"scaling_factor{name}"),
            shift=want[f"shift{name}"],
            follows_chi2=fit not in ("uls", "ulsmv"),
        )
        for name in ("", "_baseline")
    )


def robust_tests(fit: str) -> tuple[ModelTest, ModelTest]:
    """What robust measures are made of under missing data and with ordered items."""
    case = ROBUST[fit]
    want, tests = lavaan(fit), []
    for end, chi2 in zip(("", "_baseline"), case["chi2"], strict=True):
        weight, estimation, gamma, jacobian = (
            [np.array(matrix) for matrix in case[name]]
            for name in (f"weight{end}", "estimation_weight", "gamma", f"jacobian{end}")
        )
        df = int(want[f"df{end}"])
        factor = mean_factor(
            weight,
            gamma,
            [D.reshape(len(G), -1) for D, G in zip(jacobian, gamma, strict=True)],
            df=df,
            estimation_weight=estimation,
            shares=case["shares"],
        )
        tests.append(ModelTest(chi2=float(chi2), df=df, scaling_factor=factor))
    return tests[0], tests[1]


def ours(fit: str) -> tuple[dict[str, float], ModelTest, ModelTest]:
    want = lavaan(fit)
    model, baseline = model_and_baseline(fit)
    robust_model, robust_baseline = robust_tests(fit) if fit in ROBUST else (None, None)
    n_obs, n_groups = int(want["n_obs"]), int(want["n_groups"])
    measures = fit_measures(
        model=model,
        baseline=baseline,
        robust_model=robust_model,
        robust_baseline=robust_baseline,
        n_obs=n_obs,
        n_groups=n_groups,
        n_free=int(want["n_free"]),
        n_scale=n_obs - n_groups if fit in LEAST_SQUARES else None,
        logl=want.get("logl", math.nan),
        srmr=want["srmr"],
    )
    return measures, model, baseline


@pytest.mark.parametrize("fit", FITS)
def test_every_measure_is_lavaans(fit):
    measures, _, _ = ours(fit)
    skip = NOT_COMPARED.get(fit, ())
    want = {
        name: value for name, value in lavaan(fit).items() if name in measures and not name.startswith(skip)
    }
    assert len(want) >= 15
    for name, value in want.items():
        # lavaan's search for the ends stops at about 1e-5; what R's pchisq gives exactly is tested below
        # and the ingredients of robust measures under missing data come from a second fit
        tolerance = 1e-4 if name.endswith(ENDS) else 5e-6 if fit in ROBUST and "robust" in name else 1e-6
        assert measures[name] == pytest.approx(value, rel=tolerance, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("fit", FITS)
def test_every_missing_measure_has_a_reason_and_no_other(fit):
    measures, model, baseline = ours(fit)
    reasons = undefined_measures(measures, model=model, baseline=baseline)
    assert set(reasons) == {name for name, value in measures.items() if math.isnan(value)}
    assert all(reason and not reason.endswith(".") for reason in reasons.values())


def test_the_rmsea_interval_is_exact_where_r_is():
    cases = pd.read_csv(GOLDEN / "rmsea_interval.csv")
    for case in cases.itertuples():
        ends = rmsea_interval(case.chi2, case.df, case.n_obs)
        assert ends == pytest.approx((case.low, case.high), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("fit", sorted(MOMENTS))
def test_srmr_is_lavaans(fit):
    case = {name: [np.array(each) for each in value] for name, value in MOMENTS[fit].items()}
    means = {name: case[name] for name in ("sample_means", "implied_means") if name in case}
    value = srmr(case["sample"], case["implied"], MOMENTS[fit]["n_obs"], **means)
    assert value == pytest.approx(lavaan(fit)["srmr"], rel=1e-6, abs=1e-9)


LIKELIHOOD = ("ml", "mlm", "mlr", "groups_ml", "groups_mlr", "democracy", "fixed_x", "fixed_x_mlr", "tiny")


@pytest.mark.parametrize("fit", [*LIKELIHOOD, "saturated"])
def test_log_likelihood_and_baseline_test_are_lavaans(fit):
    case = MOMENTS[fit]
    groups = range(len(case["n_obs"]))
    nothing = [None for _ in groups]
    logl = sum(
        normal_log_likelihood(
            np.array(case["sample"][g]),
            np.array(case["implied"][g]),
            case["n_obs"][g],
            mean=None if (mean := case.get("sample_means", nothing)[g]) is None else np.array(mean),
            mu=None if (mu := case.get("implied_means", nothing)[g]) is None else np.array(mu),
            fixed_x=case["fixed_x"],
        )
        for g in groups
    )
    test = baseline_test([np.array(S) for S in case["sample"]], case["n_obs"], fixed_x=case["fixed_x"])
    want = lavaan(fit)
    assert logl == pytest.approx(want["logl"], rel=1e-9)
    assert test.chi2 == pytest.approx(want["chi2_baseline"], rel=1e-7)
    assert test.df == want["df_baseline"]


def test_the_baseline_factor_of_groups_is_that_of_the_groups_and_not_lavaans():
    gamma = [np.array(each) for each in ROBUST["wlsmv_groups"]["gamma"]]
    _, baseline = robust_tests("wlsmv_groups")
    # under independence n_g F_g averages trace(Gamma_g), so that the groups' sum averages the sum
    assert baseline.expected == pytest.approx(sum(np.trace(each) for each in gamma))


@pytest.mark.parametrize("fit", ["mlm", "mlr"])
def test_robust_measures_do_not_depend_on_where_they_are_taken_from(fit):
    want = lavaan(fit)
    model, baseline = model_and_baseline(fit)
    same = fit_measures(
        model=model, baseline=baseline, robust_model=model, robust_baseline=baseline, n_obs=301, n_free=21
    )
    assert same["cfi_robust"] == pytest.approx(want["cfi_robust"], rel=1e-6)


def test_robust_measures_can_be_declared_missing():
    """As with ordered and continuous items together, for which nobody has derived them."""
    model = ModelTest(chi2=85.3, df=24, scaling_factor=0.8, shift=4)
    baseline = ModelTest(chi2=900, df=36, scaling_factor=1.4, shift=11)
    none = ModelTest(chi2=math.nan, df=24)
    measures = fit_measures(model=model, baseline=baseline, robust_model=none, n_obs=301, n_free=21)
    assert math.isnan(measures["cfi_robust"])
    assert math.isnan(measures["rmsea_robust_high"])
    assert measures["cfi_scaled"] > 0


def test_without_scaled_test_and_baseline_the_reasons_say_so():
    model = ModelTest(chi2=85.3, df=24)
    measures = fit_measures(model=model, n_obs=301, n_free=21)
    reasons = undefined_measures(measures, model=model, because={"srmr": "no moments were kept"})
    assert reasons["cfi"] == reasons["tli_robust"] == "there is no baseline model to compare with"
    assert reasons["rmsea_robust_low"] == "the estimator gives no scaled test; MLM, MLR and WLSMV do"
    assert reasons["aic"] == "the estimator has no likelihood"
    assert reasons["srmr"] == "no moments were kept"
    assert measures["rmsea"] > 0


def test_a_scaling_factor_that_is_not_positive_leaves_the_scaled_measures_out():
    model = ModelTest(chi2=85.3, df=24, scaling_factor=-0.2)
    measures = fit_measures(model=model, baseline=ModelTest(chi2=900, df=36), n_obs=301, n_free=21)
    reasons = undefined_measures(measures, model=model)
    assert reasons["chi2_scaled"] == reasons["rmsea_robust"] == "the scaling factor is not positive"
    assert measures["cfi"] > 0.9


def test_unweighted_least_squares_has_no_p_value():
    measures, model, baseline = ours("uls")
    reasons = undefined_measures(measures, model=model, baseline=baseline)
    assert "no chi-square distribution" in reasons["p_value"]


def test_a_fit_better_than_its_degrees_of_freedom_has_rmsea_zero_and_cfi_one():
    measures = fit_measures(
        model=ModelTest(chi2=3, df=24), baseline=ModelTest(chi2=900, df=36), n_obs=301, n_free=21
    )
    assert (measures["rmsea"], measures["rmsea_low"], measures["cfi"]) == (0.0, 0.0, 1.0)
    assert measures["tli"] > 1


def test_a_baseline_that_fits_leaves_cfi_one_and_tli_undefined():
    model, baseline = ModelTest(chi2=1, df=2), ModelTest(chi2=3, df=3)
    measures = fit_measures(model=model, baseline=baseline, n_obs=50, n_free=4)
    assert measures["cfi"] == 1
    assert "nothing to compare" in undefined_measures(measures, model=model, baseline=baseline)["tli"]


def test_a_covariance_matrix_that_is_not_positive_definite_has_no_log_likelihood():
    S = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert math.isnan(normal_log_likelihood(np.eye(2), S, 10))
    assert math.isnan(baseline_test([S], [10]).chi2)


def test_split_groups_have_the_log_likelihood_of_the_whole():
    S = np.array([[2.0, 0.4], [0.4, 1.0]])
    whole = normal_log_likelihood(S, np.eye(2), 30, mean=np.ones(2), mu=np.zeros(2))
    parts = [normal_log_likelihood(S, np.eye(2), n, mean=np.ones(2), mu=np.zeros(2)) for n in (10, 20)]
    assert sum(parts) == pytest.approx(whole)


def test_the_right_weight_has_a_mean_factor_of_one_whatever_the_groups(rng):
    root = rng.normal(size=(5, 8))
    gamma = root @ root.T
    jacobian = rng.normal(size=(5, 2))
    W = np.linalg.inv(gamma)
    assert mean_factor([W], [gamma], [jacobian], df=3) == pytest.approx(1)
    halves = mean_factor([W, W], [gamma, gamma], [jacobian, jacobian], df=8, shares=(0.3, 0.7))
    assert halves == pytest.approx(1)


def test_the_mean_factor_is_the_mean_of_the_discrepancy(rng):
    W, V = np.diag([1.0, 2.0, 3.0, 1.5]), np.diag([2.0, 1.0, 1.0, 0.5])
    D = rng.normal(size=(4, 1))
    root = rng.normal(size=(4, 4))
    residuals = np.eye(4) - D @ np.linalg.solve(D.T @ V @ D, D.T @ V)
    moments = residuals @ root @ rng.normal(size=(4, 200_000))
    simulated = np.mean(np.sum(moments * (W @ moments), axis=0)) / 3
    factor = mean_factor([W], [root @ root.T], [D], df=3, estimation_weight=[V])
    assert factor == pytest.approx(simulated, rel=0.02)
