"""MLM, MLR, clusters, weights: lavaan's errors and scaled tests, truth under skew, laws, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.sem.estimation import fit
from servicefx.sem.estimators.robust import casewise
from servicefx.sem.sem_fit import SemFit

GOLDEN = Path(__file__).parents[3] / "golden"
CASES = json.loads((GOLDEN / "robust" / "cases.json").read_text())
WELL_KNOWN = [
    "holzinger_mlm",
    "holzinger_mlr",
    "holzinger_mlr_means",
    "holzinger_tau_mlr",
    "poldem_mlm",
    "poldem_mlr",
    "poldem_labels_mlm",
    "poldem_labels_mlr",
    "school_mlm",
    "school_configural_mlr",
    "school_loadings_mlr",
    "school_intercepts_mlr",
    "school_residuals_mlr",
    "school_means_mlr",
    "mimic_mlr",
    "mimic_mlr_means",
    "paths_fixed_mlm",
    "paths_fixed_mlr",
    "growth_mlr",
    "clustered",
    "weighted",
    "clustered_weighted",
]
"""Cases of golden/sem in which errors or tests are robust."""

ERRORS = 1e-6
"""Relative: lavaan's estimates stand at a gradient below 1e-8."""
FACTOR = 1e-6
"""Relative; the same."""
FACTOR_BASELINE = 1e-4
"""Relative: lavaan leaves the search for its baseline model early."""

TWO = "f =~ y1 + y2 + y3\ng =~ y4 + y5 + y6\ng ~ f"


@pytest.fixture(scope="module")
def outlets() -> pd.DataFrame:
    """396 simulated rows from 36 outlets in two regions, with skewed items, weights and covariates."""
    return pd.read_csv(GOLDEN / "robust" / "data.csv")


def errors_of(fitted: SemFit) -> dict[tuple[str, str, str, str], float]:
    """Standard error by group and parameter; the two sides of a covariance in either order."""
    sd = np.sqrt(np.diag(fitted.solution.vcov))
    found = {}
    for one in fitted.model.parameters:
        if one.position >= 0:
            group = fitted.model.groups[one.group]
            found[group, one.lhs, one.op, one.rhs] = sd[one.position]
            if one.op == "~~":
                found[group, one.rhs, one.op, one.lhs] = sd[one.position]
    return found


def assert_errors(fitted: SemFit, table: pd.DataFrame) -> None:
    """Every error of the table that the model has, and no parameter left over."""
    ours = errors_of(fitted)
    rows = table[table["free"] == 1]
    if not fitted.model.means:  # lavaan models means with clusters whatever is asked
        rows = rows[rows["op"] != "~1"]
    keys = [tuple(str(part) for part in key) for key in rows[["group", "lhs", "op", "rhs"]].to_numpy()]
    assert set(keys) <= set(ours)
    assert len({frozenset((a, b)) | {g, o} for g, a, o, b in ours}) == len(keys)
    expected = rows["se"].astype(float).to_numpy()
    np.testing.assert_allclose([ours[key] for key in keys], expected, rtol=ERRORS)


# Golden: lavaan 0.6-14


@pytest.mark.parametrize("name", CASES)
def test_errors_and_scaling_factors_are_lavaans(name: str, outlets: pd.DataFrame) -> None:
    """Fixed covariates, constraints, restricted means, groups, clusters and weights; see golden/robust."""
    case = CASES[name]
    fitted = fit(case["model"], outlets, **case["arguments"])
    table = pd.read_csv(GOLDEN / "robust" / "parameters.csv", keep_default_na=False)
    assert_errors(fitted, table[table["case"] == name])
    expected = pd.read_csv(GOLDEN / "robust" / "tests.csv").set_index("case").loc[name]
    test, baseline = fitted.solution.test, fitted.solution.baseline
    assert baseline is not None
    assert (test.df, baseline.df) == (expected["df"], expected["df_baseline"])
    assert test.chi2 == pytest.approx(expected["chi2"], rel=1e-7)
    assert test.scaling_factor == pytest.approx(expected["factor"], rel=FACTOR)
    assert baseline.chi2 == pytest.approx(expected["chi2_baseline"], rel=1e-7)
    assert baseline.scaling_factor == pytest.approx(expected["factor_baseline"], rel=FACTOR_BASELINE)


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_errors_and_scaling_factors_of_well_known_data_are_lavaans(name: str) -> None:
    """Holzinger & Swineford, political democracy, mediation, growth; see golden/sem."""
    folder = GOLDEN / "sem" / name
    case = json.loads((folder / "case.json").read_text())
    fitted = fit(case["model"], pd.read_csv(GOLDEN / "sem" / "data" / case["data"]), **case["arguments"])
    assert_errors(fitted, pd.read_csv(folder / "parameters.csv", keep_default_na=False))
    expected = json.loads((folder / "measures.json").read_text())
    test, baseline = fitted.solution.test, fitted.solution.baseline
    assert baseline is not None
    assert test.scaling_factor == pytest.approx(expected["chisq.scaling.factor"], rel=FACTOR)
    assert test.chi2_scaled == pytest.approx(expected["chisq.scaled"], rel=1e-6)
    assert baseline.scaling_factor == pytest.approx(
        expected["baseline.chisq.scaling.factor"], rel=FACTOR_BASELINE
    )


def test_robust_fit_of_holzinger_and_swineford_is_the_published_one() -> None:
    """MLM 80.872 (1.055), MLR 87.132 (.979), robust CFI .930."""
    data = pd.read_csv(GOLDEN / "sem" / "data" / "holzinger.csv")
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    satorra = fit(model, data, estimator="mlm")
    huber = fit(model, data, estimator="mlr")
    assert satorra.measures["chi2_scaled"] == pytest.approx(80.872, abs=5e-4)
    assert satorra.measures["scaling_factor"] == pytest.approx(1.055, abs=5e-4)
    assert huber.measures["chi2_scaled"] == pytest.approx(87.132, abs=5e-4)
    assert huber.measures["scaling_factor"] == pytest.approx(0.979, abs=5e-4)
    assert huber.measures["cfi_robust"] == pytest.approx(0.930, abs=5e-4)
    assert satorra.solution.error_kind == "robust (Satorra-Bentler)"
    assert huber.solution.error_kind == "robust (Huber-White)"


# Truth


@pytest.mark.slow
def test_intervals_cover_and_the_scaled_test_keeps_its_size_where_plain_ones_do_not() -> None:
    """Two-sided 99.9 % binomial bands at 1,000 draws of skewed rows with common spread."""
    rng = np.random.default_rng(20260104)
    loadings = np.array([1.0, 0.8, 0.7, 1.0, 0.9, 0.6])
    draws, n = 1000, 2000  # enough rows for errors that hold in large samples
    truth = {("f", "=~", "y2"): 0.8, ("g", "=~", "y5"): 0.9, ("g", "~", "f"): 0.5, ("f", "~~", "f"): 1.0}
    covered = {kind: dict.fromkeys(truth, 0) for kind in ("ml", "mlr")}
    rejected = dict.fromkeys(["ml", "mlr", "mlm"], 0)
    for _ in range(draws):
        skewed = rng.standard_gamma(2.0, (n, 8)) / np.sqrt(2.0) - np.sqrt(
            2.0
        )  # mean 0, variance 1, skewness 1.4
        f = skewed[:, 0]
        g = 0.5 * f + np.sqrt(0.75) * skewed[:, 1]
        noise = 0.7 * skewed[:, 2:]
        spread = np.sqrt(0.4 + 0.6 * rng.standard_exponential(n))  # ties factors and residuals together
        rows = (np.column_stack([f] * 3 + [g] * 3) * loadings + noise) * spread[:, None]
        data = pd.DataFrame(rows, columns=[f"y{j}" for j in range(1, 7)])
        for kind in ("ml", "mlr", "mlm"):
            fitted = fit(TWO, data, estimator=kind)
            test = fitted.solution.test
            p_value = fitted.measures["p_value"] if kind == "ml" else fitted.measures["p_value_scaled"]
            rejected[kind] += bool(p_value < 0.05)
            assert test.df == 8
            if kind == "mlm":
                continue
            sd = errors_of(fitted)
            at = {(one.lhs, one.op, one.rhs): one.position for one in fitted.model.parameters}
            for key, value in truth.items():
                off = abs(fitted.solution.theta[at[key]] - value)
                covered[kind][key] += bool(off < 1.959964 * sd["", *key])
    assert all(0.926 < count / draws < 0.971 for count in covered["mlr"].values()), covered
    assert min(covered["ml"].values()) / draws < 0.90
    assert 0.027 < rejected["mlr"] / draws < 0.073, rejected
    assert 0.027 < rejected["mlm"] / draws < 0.073, rejected
    assert rejected["ml"] / draws > 0.10


# Laws


@pytest.mark.parametrize("kind", ["mlm", "mlr"])
def test_every_row_twice_halves_the_squared_errors_and_leaves_the_factors(
    kind: str, outlets: pd.DataFrame
) -> None:
    once = fit(TWO, outlets, estimator=kind)
    twice = fit(TWO, pd.concat([outlets, outlets]), estimator=kind)
    np.testing.assert_allclose(twice.solution.vcov, once.solution.vcov / 2, rtol=1e-6, atol=1e-12)
    assert twice.solution.test.scaling_factor == pytest.approx(once.solution.test.scaling_factor)
    assert twice.solution.baseline is not None
    assert once.solution.baseline is not None
    assert twice.solution.baseline.scaling_factor == pytest.approx(once.solution.baseline.scaling_factor)


@pytest.mark.parametrize(
    "choices", [{}, {"cluster": "outlet"}, {"weights": "weight"}, {"cluster": "team", "group": "region"}]
)
def test_the_order_of_rows_does_not_matter(choices: dict[str, str], outlets: pd.DataFrame) -> None:
    outlets = outlets.sort_values("region", kind="stable")  # groups come in order of first appearance
    shuffled = outlets.sample(frac=1, random_state=1).sort_values("region", kind="stable")
    one = fit(TWO, outlets, estimator="mlr", **choices).solution
    other = fit(TWO, shuffled, estimator="mlr", **choices).solution
    np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-7, atol=1e-12)
    assert other.test.scaling_factor == pytest.approx(one.test.scaling_factor, rel=1e-9)


def test_a_cluster_for_each_row_is_no_cluster_but_for_the_small_sample_factor(outlets: pd.DataFrame) -> None:
    n = len(outlets)
    rows = fit(TWO, outlets, estimator="mlr", meanstructure=True).solution  # clusters bring means along
    clusters = fit(TWO, outlets.assign(id=range(n)), estimator="mlr", cluster="id").solution
    np.testing.assert_allclose(clusters.vcov, rows.vcov * n / (n - 1), rtol=1e-8, atol=1e-14)
    assert clusters.test.scaling_factor == pytest.approx(rows.test.scaling_factor * n / (n - 1))
    assert clusters.error_kind == f"clusters: id ({n})"


def test_clusters_of_copies_are_as_good_as_one_row(outlets: pd.DataFrame) -> None:
    numbered = outlets.assign(id=range(len(outlets)))
    once = fit(TWO, numbered, cluster="id", estimator="mlr").solution
    thrice = fit(TWO, pd.concat([numbered] * 3), cluster="id", estimator="mlr").solution
    np.testing.assert_allclose(thrice.vcov, once.vcov, rtol=1e-6, atol=1e-12)
    assert thrice.test.chi2_scaled == pytest.approx(once.test.chi2_scaled, rel=1e-6)


@pytest.mark.parametrize("weight", [1.0, 7.5])
def test_equal_weights_are_no_weights(weight: float, outlets: pd.DataFrame) -> None:
    plain = fit(TWO, outlets, estimator="mlr").solution
    weighted = fit(TWO, outlets.assign(w=weight), estimator="mlr", weights="w").solution
    np.testing.assert_allclose(weighted.vcov, plain.vcov, rtol=1e-8, atol=1e-14)
    assert weighted.test.scaling_factor == pytest.approx(plain.test.scaling_factor)
    assert weighted.error_kind == "sampling weights"


@pytest.mark.parametrize("design", [{"cluster": "outlet"}, {"weights": "weight"}])
def test_ml_with_a_design_is_mlr(design: dict[str, str], outlets: pd.DataFrame) -> None:
    plain, robust = (fit(TWO, outlets, estimator=kind, **design).solution for kind in ("ml", "mlr"))
    np.testing.assert_array_equal(plain.vcov, robust.vcov)
    assert plain.test == robust.test
    assert plain.error_kind == robust.error_kind


@pytest.mark.parametrize("kind", ["mlm", "mlr"])
def test_saturated_means_change_neither_errors_nor_factors(kind: str, outlets: pd.DataFrame) -> None:
    without = fit(TWO, outlets, estimator=kind)
    with_means = fit(TWO, outlets, estimator=kind, meanstructure=True)
    larger = errors_of(with_means)
    for key, value in errors_of(without).items():
        assert larger[key] == pytest.approx(value, rel=1e-7)
    assert with_means.solution.test.scaling_factor == pytest.approx(without.solution.test.scaling_factor)


def test_covariates_that_are_not_fixed_have_the_same_factor_under_mlr(outlets: pd.DataFrame) -> None:
    model = "f =~ y1 + y2 + y3\nf ~ x1 + x2"
    fixed, free = (fit(model, outlets, estimator="mlr", fixed_x=x).solution for x in (True, False))
    assert free.test.scaling_factor == pytest.approx(fixed.test.scaling_factor, rel=1e-7)


@pytest.mark.parametrize("kind", ["mlm", "mlr"])
def test_units_change_errors_as_they_change_estimates(kind: str, outlets: pd.DataFrame) -> None:
    model = "f =~ y1 + y2 + y3\nf ~ x1 + x2\ng =~ y4 + y5 + y6\ng ~ f"
    scaled = outlets.assign(y2=outlets["y2"] * 1e4 + 3e5, x1=outlets["x1"] / 1e3)
    before, after = (fit(model, data, estimator=kind) for data in (outlets, scaled))
    assert errors_of(after)["", "f", "=~", "y2"] == pytest.approx(
        errors_of(before)["", "f", "=~", "y2"] * 1e4, rel=1e-5
    )
    assert errors_of(after)["", "f", "~", "x1"] == pytest.approx(
        errors_of(before)["", "f", "~", "x1"] * 1e3, rel=1e-5
    )
    assert after.solution.test.scaling_factor == pytest.approx(before.solution.test.scaling_factor, rel=1e-7)


@pytest.mark.parametrize("choices", [{}, {"cluster": "outlet"}, {"weights": "weight"}])
def test_blocks_of_any_size_give_the_same_sums(
    choices: dict[str, str], outlets: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a cluster runs over several blocks."""
    whole = fit(TWO, outlets, estimator="mlr", **choices).solution
    monkeypatch.setattr(casewise, "_SMALLEST", 5)
    monkeypatch.setattr(casewise, "_CELLS", 1)
    parts = fit(TWO, outlets, estimator="mlr", **choices).solution
    np.testing.assert_allclose(parts.vcov, whole.vcov, rtol=1e-8, atol=1e-14)
    assert parts.test.scaling_factor == pytest.approx(whole.test.scaling_factor, rel=1e-10)
    assert parts.baseline is not None
    assert whole.baseline is not None
    assert parts.baseline.scaling_factor == pytest.approx(whole.baseline.scaling_factor, rel=1e-10)


# Edges and refusals


@pytest.mark.parametrize("kind", ["mlm", "mlr"])
def test_without_degrees_of_freedom_there_is_no_factor(kind: str, outlets: pd.DataFrame) -> None:
    fitted = fit("f =~ y1 + y2 + y3", outlets, estimator=kind)
    assert fitted.solution.test.df == 0
    assert np.isnan(fitted.solution.test.scaling_factor)
    assert np.isfinite(fitted.solution.vcov).all()


def test_one_cluster_is_refused(outlets: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"column 'country': holds 1 cluster, at least 2 expected"):
        fit(TWO, outlets.assign(country="nl"), cluster="country")


def test_one_cluster_in_a_group_is_refused_by_the_groups_name(outlets: pd.DataFrame) -> None:
    lone = outlets.assign(place=np.where(outlets["region"] == "south", 0, outlets["outlet"]))
    with pytest.raises(DataError, match=r"group 'south': column 'place': holds 1 cluster"):
        fit(TWO, lone, cluster="place", group="region")


def test_few_clusters_are_flagged_with_their_number(outlets: pd.DataFrame) -> None:
    few = fit(TWO, outlets.assign(area=outlets["outlet"] % 20), cluster="area").solution
    assert few.error_kind == "clusters: area (20)"
    assert [problem.where for problem in few.problems] == ["column 'area'"]
    assert "holds 20 clusters, at least 30 expected" in few.problems[0].found
    many = fit(TWO, outlets, cluster="outlet").solution
    assert many.problems == ()


def test_no_more_clusters_than_parameters_are_flagged(outlets: pd.DataFrame) -> None:
    fewer = fit(TWO, outlets.assign(area=outlets["outlet"] % 19), cluster="area").solution
    assert [problem.found.split(":")[0] for problem in fewer.problems] == [
        "holds 19 clusters, at least 30 expected",
        "holds 19 clusters for 19 free parameters",
    ]


def test_clusters_split_between_groups_are_flagged(outlets: pd.DataFrame) -> None:
    crossed = fit(TWO, outlets, cluster="team", group="region", group_equal=["loadings"]).solution
    nested = fit(TWO, outlets, cluster="outlet", group="region", group_equal=["loadings"]).solution
    assert any("in several groups" in problem.found for problem in crossed.problems)
    assert not any("in several groups" in problem.found for problem in nested.problems)
