"""Full-information maximum likelihood: lavaan's figures, coverage, laws, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.sem.estimation import fit
from servicefx.sem.reading.measures import fit_measures
from servicefx.sem.sem_fit import SemFit

GOLDEN = Path(__file__).parents[3] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("fiml/*/case.json")) + sorted(
    path.parent for path in GOLDEN.glob("sem/*fiml*/case.json")
)
ESTIMATES = 1e-6
"""Relative: both sides stand at a gradient below 1e-9."""
CHI2 = 1e-9
"""Relative, since log-likelihoods are flat at their maximum."""
ROBUST = 1e-6
"""Of robust measures, on [0, 1]."""
FACTOR = 1e-7
"""Relative."""
FACTOR_BASELINE = 5e-6
"""Relative: lavaan leaves the search for its baseline model early."""
LAVAAN_DIFFERS = ("paths_random",)
"""Covariates that are not fixed: lavaan's robust measures follow another rule there."""
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = [f"x{i}" for i in range(1, 10)]


@pytest.fixture(scope="module")
def holzinger() -> pd.DataFrame:
    """Holzinger and Swineford's 301 pupils."""
    frame = pd.read_csv(GOLDEN / "holzinger" / "data.csv")
    return frame[ITEMS].assign(half=np.where(np.arange(len(frame)) % 2, "odd", "even"))


def with_gaps(frame: pd.DataFrame, share: float, seed: int = 1) -> pd.DataFrame:
    """The same rows with gaps at random among the items."""
    holes = np.random.default_rng(seed).random((len(frame), len(ITEMS))) < share
    return frame.assign(**frame[ITEMS].mask(holes))


def fitted_case(folder: Path) -> SemFit:
    """Our fit of a golden case."""
    case = json.loads((folder / "case.json").read_text())
    frame = pd.read_csv(folder.parent / "data" / case["data"])
    return fit(case["model"], frame, **case["arguments"])


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_lavaan_finds_the_same_estimates_errors_and_tests(folder: Path) -> None:
    fitted = fitted_case(folder)
    solution, model = fitted.solution, fitted.model
    theirs = pd.read_csv(folder / "parameters.csv", keep_default_na=False)
    free = theirs[theirs["free"].astype(int) > 0]
    several = len(model.groups) > 1
    place: dict[tuple[str, str, frozenset[str]], int] = {}
    for parameter in model.parameters:
        group = model.groups[parameter.group] if several else ""
        place[group, parameter.op, frozenset((parameter.lhs, parameter.rhs))] = parameter.position
    at = [
        place[str(group) if several else "", str(op), frozenset((str(lhs), str(rhs)))]
        for group, lhs, op, rhs in free[["group", "lhs", "op", "rhs"]].to_numpy()
    ]
    errors = np.sqrt(np.diag(solution.vcov))
    size = free["est"].astype(float).abs().to_numpy() + free["se"].astype(float).to_numpy()
    assert np.abs((solution.theta[at] - free["est"].astype(float)) / size).max() < ESTIMATES
    np.testing.assert_allclose(errors[at], free["se"].astype(float), rtol=ESTIMATES)

    expected = json.loads((folder / "measures.json").read_text())
    test, baseline = solution.test, solution.baseline
    assert baseline is not None
    assert (test.df, baseline.df) == (expected["df"], expected["baseline.df"])
    assert test.chi2 == pytest.approx(expected["chisq"], rel=CHI2)
    assert baseline.chi2 == pytest.approx(expected["baseline.chisq"], rel=CHI2)
    assert solution.logl == pytest.approx(expected["logl"], rel=CHI2)
    assert solution.logl_saturated == pytest.approx(expected["unrestricted.logl"], rel=CHI2)
    if "chisq.scaling.factor" in expected:
        assert test.factor == pytest.approx(expected["chisq.scaling.factor"], rel=FACTOR)
        factor = expected["baseline.chisq.scaling.factor"]
        assert baseline.factor == pytest.approx(factor, rel=FACTOR_BASELINE)
    else:
        assert test.scaling_factor is None
    if folder.name in LAVAAN_DIFFERS:
        return
    measures = fit_measures(
        model=test,
        baseline=baseline,
        robust_model=solution.robust_test,
        robust_baseline=solution.robust_baseline,
        n_obs=fitted.n_obs,
        n_free=1,
        n_groups=len(model.groups),
    )
    for ours, name in (
        ("cfi_robust", "cfi.robust"),
        ("tli_robust", "tli.robust"),
        ("rmsea_robust", "rmsea.robust"),
        ("rmsea_robust_low", "rmsea.ci.lower.robust"),
        ("rmsea_robust_high", "rmsea.ci.upper.robust"),
    ):
        assert measures[ours] == pytest.approx(expected[name], abs=ROBUST), ours


def test_there_are_golden_cases() -> None:
    assert len(CASES) >= 14


@pytest.mark.slow
def test_intervals_cover_the_truth_at_their_level_when_gaps_depend_on_what_is_seen() -> None:
    model = "f =~ y1 + y2 + y3\ng =~ y4 + y5 + y6\ng ~ f"
    truth = {"y2": 0.8, "y3": 0.7, "y5": 0.9, "y6": 0.8, "g": 0.5}
    mean_truth = {"y3": 0.0, "y6": 0.0}
    draws, n = 1000, 250
    hits: dict[str, int] = dict.fromkeys([*truth, *(f"{name}~1" for name in mean_truth)], 0)
    rejected = 0
    for seed in range(draws):
        rng = np.random.default_rng([9, seed])
        f = rng.normal(size=n)
        g = 0.5 * f + np.sqrt(0.75) * rng.normal(size=n)
        loads = np.array([1, 0.8, 0.7, 1, 0.9, 0.8])
        y = np.column_stack([f, f, f, g, g, g]) * loads + 0.6 * rng.normal(size=(n, 6))
        # half of those high on the first item, which is always seen, leave out the third and sixth
        gone = rng.random((n, 2)) < 1 / (1 + np.exp(-1.5 * y[:, :1]))
        y[:, [2, 5]] = np.where(gone, np.nan, y[:, [2, 5]])
        fitted = fit(model, pd.DataFrame(y, columns=[f"y{i}" for i in range(1, 7)]), missing="fiml")
        errors = np.sqrt(np.diag(fitted.vcov))
        rejected += fitted.solution.test.chi2 > 15.507313  # 95 % point of chi-square with 8 df
        for parameter in fitted.model.parameters:
            at = parameter.position
            if at >= 0 and parameter.op == "=~":
                key, value = parameter.rhs, truth[parameter.rhs]
            elif at >= 0 and parameter.op == "~":
                key, value = parameter.lhs, truth[parameter.lhs]
            elif at >= 0 and parameter.op == "~1" and parameter.lhs in mean_truth:
                key, value = f"{parameter.lhs}~1", mean_truth[parameter.lhs]
            else:
                continue
            hits[key] += abs(fitted.theta[at] - value) < 1.959964 * errors[at]
    share = {name: count / draws for name, count in hits.items()}
    assert all(0.926 <= value <= 0.971 for value in share.values()), share
    assert 0.029 <= rejected / draws <= 0.08, rejected  # a small-sample excess of chi-square is usual


@pytest.mark.parametrize("estimator", ["ml", "mlr"])
@pytest.mark.parametrize("information", ["expected", "observed"])
def test_without_gaps_it_is_maximum_likelihood_with_means(
    holzinger: pd.DataFrame, estimator: str, information: str
) -> None:
    ours = fit(THREE, holzinger, missing="fiml", estimator=estimator, information=information).solution
    plain = fit(THREE, holzinger, meanstructure=True, estimator=estimator, information=information).solution
    assert ours.baseline is not None
    assert plain.baseline is not None
    np.testing.assert_allclose(ours.theta, plain.theta, atol=1e-8)
    np.testing.assert_allclose(ours.vcov, plain.vcov, rtol=1e-7, atol=1e-10)
    assert ours.test.chi2 == pytest.approx(plain.test.chi2, abs=1e-8)
    assert ours.baseline.chi2 == pytest.approx(plain.baseline.chi2, abs=1e-8)
    assert ours.logl == pytest.approx(plain.logl, abs=1e-8)
    assert ours.logl_saturated == pytest.approx(plain.logl_saturated, abs=1e-8)
    if estimator == "mlr" and information == "observed":
        assert ours.test.factor == pytest.approx(plain.test.factor, abs=1e-8)
        assert ours.baseline.factor == pytest.approx(plain.baseline.factor, abs=1e-8)
    if estimator == "ml":
        assert ours.robust_test is not None
        assert ours.robust_test.chi2 == pytest.approx(plain.test.chi2, abs=1e-8)
        assert ours.robust_test.factor == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("fixed", [True, False])
def test_saturated_covariates_change_nothing_in_the_test(holzinger: pd.DataFrame, fixed: bool) -> None:
    frame = with_gaps(holzinger, 0.2)
    frame[["x1", "x2"]] = holzinger[["x1", "x2"]]
    text = "x4 ~ x1 + x2\nx5 ~ x4 + x1\nx6 ~ x5"
    ours = fit(text, frame, missing="fiml", fixed_x=fixed, estimator="mlr").solution
    other = fit(text + "\nx1 ~~ x1\nx2 ~~ x2\nx1 ~~ x2", frame, missing="fiml", estimator="mlr").solution
    assert ours.test.chi2 == pytest.approx(other.test.chi2, rel=1e-9)
    assert ours.test.factor == pytest.approx(other.test.factor, rel=1e-6)
    assert ours.robust_test is not None
    assert other.robust_test is not None
    assert ours.robust_test.chi2 == pytest.approx(other.robust_test.chi2, rel=1e-9)
    if not fixed:  # held covariates take their moments' rows out, which is another weight
        assert ours.robust_test.factor == pytest.approx(other.robust_test.factor, rel=1e-9)


@pytest.mark.parametrize("fixed", [True, False])
def test_the_baseline_is_the_model_in_which_only_covariates_covary(
    holzinger: pd.DataFrame, fixed: bool
) -> None:
    frame = with_gaps(holzinger, 0.3)
    if fixed:
        frame[["x1", "x2"]] = holzinger[["x1", "x2"]]
    paths = "x4 ~ x1 + x2\nx5 ~ x4 + x1"
    named = [f"x{i} ~~ x{i}" for i in (1, 2, 4, 5)]
    alone = fit("\n".join([*named, "x1 ~~ x2"]), frame, missing="fiml", estimator="mlr").solution
    ours = fit(paths, frame, missing="fiml", estimator="mlr", fixed_x=fixed).solution
    baseline, robust = ours.baseline, ours.robust_baseline
    assert baseline is not None
    assert robust is not None
    assert alone.robust_test is not None
    assert baseline.df == alone.test.df == 5
    assert baseline.chi2 == pytest.approx(alone.test.chi2, rel=1e-8)
    assert baseline.factor == pytest.approx(alone.test.factor, rel=1e-6)
    assert robust.chi2 == pytest.approx(alone.robust_test.chi2, rel=1e-7)
    if not fixed:
        assert robust.factor == pytest.approx(alone.robust_test.factor, rel=1e-6)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_units_and_origins_change_only_what_they_should(holzinger: pd.DataFrame, share: float) -> None:
    frame = with_gaps(holzinger, share)
    turned = frame.assign(x2=frame["x2"] * 1e6 + 4e8, x5=frame["x5"] * 1e-5, x9=frame["x9"] + 1e5)
    one = fit(THREE, frame, missing="fiml", estimator="mlr").solution
    two = fit(THREE, turned, missing="fiml", estimator="mlr").solution
    assert one.robust_test is not None
    assert two.robust_test is not None
    assert two.test.chi2 == pytest.approx(one.test.chi2, rel=1e-8)
    assert two.test.factor == pytest.approx(one.test.factor, rel=1e-6)
    assert two.robust_test.factor == pytest.approx(one.robust_test.factor, rel=1e-6)
    z_one, z_two = one.theta / np.sqrt(np.diag(one.vcov)), two.theta / np.sqrt(np.diag(two.vcov))
    covariances = slice(0, 21)  # all but intercepts
    np.testing.assert_allclose(z_two[covariances], z_one[covariances], rtol=1e-5)


def test_two_copies_as_groups_are_one_group(holzinger: pd.DataFrame) -> None:
    frame = with_gaps(holzinger, 0.15)
    one = fit(THREE, frame, missing="fiml", estimator="mlr").solution
    both = pd.concat([frame.assign(half="a"), frame.assign(half="b")], ignore_index=True)
    two = fit(
        THREE, both, missing="fiml", estimator="mlr", group="half",
        group_equal=["loadings", "intercepts", "residuals", "lv_variances", "lv_covariances", "means"],
    ).solution  # fmt: skip
    assert two.test.chi2 == pytest.approx(2 * one.test.chi2, rel=1e-8)
    assert two.logl == pytest.approx(2 * one.logl, rel=1e-12)
    errors = np.sqrt(np.diag(two.vcov))
    assert errors[:6] * np.sqrt(2) == pytest.approx(np.sqrt(np.diag(one.vcov))[:6], rel=1e-5)


def test_labels_and_constraints_say_the_same(holzinger: pd.DataFrame) -> None:
    frame = with_gaps(holzinger, 0.2)
    labels = fit(
        "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + x5 + x6", frame, missing="fiml", estimator="mlr"
    )
    lines = "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\na == b"
    stated = fit(lines, frame, missing="fiml", estimator="mlr")
    one, two = labels.solution, stated.solution
    assert (one.test.df, one.robust_test is None) == (two.test.df, False)
    assert two.test.chi2 == pytest.approx(one.test.chi2, rel=1e-8)
    assert two.test.factor == pytest.approx(one.test.factor, rel=1e-7)
    assert one.robust_test is not None
    assert two.robust_test is not None
    assert two.robust_test.factor == pytest.approx(one.robust_test.factor, rel=1e-7)
    assert np.sqrt(two.vcov[0, 0]) == pytest.approx(np.sqrt(one.vcov[0, 0]), rel=1e-6)


def test_clusters_of_one_row_only_multiply_the_meat(holzinger: pd.DataFrame) -> None:
    frame = with_gaps(holzinger, 0.2)
    rows = fit(THREE, frame, missing="fiml", estimator="mlr").solution
    own = fit(
        THREE, frame.assign(who=np.arange(301)), missing="fiml", estimator="mlr", cluster="who"
    ).solution
    np.testing.assert_allclose(own.vcov, rows.vcov * 301 / 300, rtol=1e-9)
    assert own.test.factor == pytest.approx(rows.test.factor * 301 / 300, rel=1e-9)
    assert own.error_kind == "clusters: who (301)"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_converges_with_sixty_percent_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 1500
    factors = rng.normal(size=(n, 3)) @ np.linalg.cholesky(0.5 * np.eye(3) + 0.5).T
    y = np.repeat(factors, 3, axis=1) + rng.normal(size=(n, 9))
    frame = pd.DataFrame(np.where(rng.random((n, 9)) < 0.6, np.nan, y), columns=ITEMS)
    solution = fit(THREE, frame, missing="fiml").solution
    loadings = solution.theta[:6]
    assert np.abs((loadings - 1) / np.sqrt(np.diag(solution.vcov))[:6]).max() < 4
    assert 0 < solution.test.chi2 < 60


def test_one_pattern_beside_the_complete_one(holzinger: pd.DataFrame) -> None:
    frame = holzinger.copy()
    frame.loc[:100, ["x7", "x8"]] = np.nan
    solution = fit(THREE, frame, missing="fiml").solution
    assert solution.extra["pattern_counts"] == ((((), 200), ((6, 7), 101)),)


def test_pattern_counts_add_up(holzinger: pd.DataFrame) -> None:
    fitted = fit(THREE, with_gaps(holzinger, 0.2), missing="fiml", group="half")
    counts = fitted.solution.extra["pattern_counts"]
    assert isinstance(counts, tuple)
    assert [sum(count for _, count in one) for one in counts] == list(fitted.n_by_group)


def test_empty_rows_are_left_out_and_counted(holzinger: pd.DataFrame) -> None:
    frame = holzinger.copy()
    frame.loc[3:7, ITEMS] = np.nan
    ours = fit(THREE, frame, missing="fiml")
    assert ours.dropped == {"every item is missing": 5}
    assert ours.solution.test.chi2 == pytest.approx(
        fit(THREE, frame, meanstructure=True).solution.test.chi2, abs=1e-8
    )


def test_a_column_without_values_is_refused_by_name(holzinger: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"column 'x3'.*holds no value"):
        fit(THREE, holzinger.assign(x3=np.nan), missing="fiml")


def test_columns_never_seen_together_are_refused_by_name(holzinger: pd.DataFrame) -> None:
    frame = holzinger.copy()
    frame.loc[:150, "x1"] = np.nan
    frame.loc[151:, "x2"] = np.nan
    with pytest.raises(DataError, match="columns 'x1' and 'x2': no row holds both"):
        fit(THREE, frame, missing="fiml")
    with pytest.raises(DataError, match="group 'odd': columns 'x1' and 'x2'"):
        fit(
            THREE,
            pd.concat([frame.assign(half="odd"), holzinger.assign(half="even")]),
            missing="fiml",
            group="half",
        )


def test_weights_are_refused(holzinger: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="weights: are not used with missing='fiml'"):
        fit(THREE, holzinger.assign(w=1.0), missing="fiml", weights="w")


def test_moments_are_refused(holzinger: pd.DataFrame) -> None:
    from servicefx.moments.moments import Moments

    with pytest.raises(DataError, match="rows"):
        fit(THREE, Moments.from_frame(holzinger[ITEMS]), missing="fiml")
