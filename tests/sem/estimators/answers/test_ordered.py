"""Ordered items against lavaan, against numerical derivatives, against truth, and on refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from servicefx.errors import DataError, StudyError
from servicefx.sem.choices import Choices
from servicefx.sem.estimation import fit, prepared
from servicefx.sem.estimators.answers.sample import ordered_sample, ordered_structure
from servicefx.sem.estimators.search import units_of
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.matrices import implied
from servicefx.syntax.parser import parse_model

GOLDEN = Path(__file__).parents[3] / "golden" / "ordered"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/case.json"))
FIVE = [f"b{at}" for at in range(1, 10)]
CFA = "f =~ b1 + b2 + b3\ng =~ b4 + b5 + b6\nh =~ b7 + b8 + b9"
MEDIATOR = "f =~ b4 + b5 + b6\nb1 ~ f\nb7 ~ b1 + f\nb8 ~ b7 + b1"
MEDIATED = ["b1", "b4", "b5", "b6", "b7", "b8"]
MIXED = "f =~ y1 + a2 + c3\ng =~ b4 + y5 + y6\ng ~ f"
MIXED_ORDERED = ["a2", "c3", "b4"]
ESTIMATES = 1e-5
"""Relative, of estimates and errors: lavaan leaves its polychorics about 1e-7 from their maximum."""
SCALED = 1e-4
"""Relative, of chi2 and its scaling."""


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data.csv")


def answer(case: str, frame: pd.DataFrame) -> tuple[SemFit, pd.DataFrame, dict[str, float]]:
    described = json.loads((GOLDEN / case / "case.json").read_text())
    data = frame[100:520] if described["data"].startswith("uneven:") else frame
    # 'conditional.x' is lavaan's alone: we never condition on covariates that are not fixed
    arguments = {name: value for name, value in described["arguments"].items() if name != "conditional.x"}
    table = pd.read_csv(GOLDEN / case / "parameters.csv", dtype={"group": str, "rhs": str, "label": str})
    table = table.fillna({"group": "", "rhs": "", "label": ""})
    measures = json.loads((GOLDEN / case / "measures.json").read_text())
    return fit(described["model"], data, **arguments), table, measures


def lavaans_rows(fitted: SemFit, table: pd.DataFrame) -> list[tuple[int, float, float, bool]]:
    """(Place in model.parameters, lavaan's estimate, its error, free) of every row."""
    groups = fitted.model.groups
    place = {(groups[p.group], p.lhs, p.op, p.rhs): at for at, p in enumerate(fitted.model.parameters)}
    rows = table[~table.op.isin([":=", "=="])]
    keys = zip(rows.group, rows.lhs, rows.op, rows.rhs, strict=True)
    return [
        (place[key], est, se, bool(free))
        for key, est, se, free in zip(keys, rows.est, rows.se, rows.free, strict=True)
    ]


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_errors_are_lavaans(case: str, answers: pd.DataFrame) -> None:
    fitted, table, _ = answer(case, answers)
    computed = fitted.solution.extra["computed"]
    assert isinstance(computed, dict)
    error = np.sqrt(np.diag(fitted.vcov))
    seen = set()
    for at, est, se, free in lavaans_rows(fitted, table):
        parameter = fitted.model.parameters[at]
        seen.add(at)
        assert free == (parameter.position >= 0)
        if free:
            assert fitted.theta[parameter.position] == pytest.approx(est, rel=ESTIMATES, abs=ESTIMATES * se)
            assert error[parameter.position] == pytest.approx(se, rel=ESTIMATES)
        elif parameter.sampled:
            assert se == 0
        elif parameter.computed:
            assert computed[at] == pytest.approx(est, rel=ESTIMATES)
        else:
            assert parameter.fixed == pytest.approx(est)
    assert seen == set(range(len(fitted.model.parameters)))


@pytest.mark.parametrize("case", CASES)
def test_tests_are_lavaans(case: str, answers: pd.DataFrame) -> None:
    fitted, _, measures = answer(case, answers)
    test, baseline = fitted.solution.test, fitted.solution.baseline
    assert baseline is not None
    assert (test.df, baseline.df) == (measures["df"], measures["baseline.df"])
    pairs = {"chisq": test.chi2, "baseline.chisq": baseline.chi2}
    if "chisq.scaled" in measures:
        pairs |= {"chisq.scaled": test.chi2_scaled, "baseline.chisq.scaled": baseline.chi2_scaled}
        pairs |= {"chisq.scaling.factor": test.factor, "baseline.chisq.scaling.factor": baseline.factor}
    else:
        assert test.scaling_factor is None
    for name, ours in pairs.items():
        theirs = np.nan if measures[name] is None else measures[name]
        assert ours == pytest.approx(theirs, rel=SCALED, nan_ok=True), name
    assert fitted.solution.n_scale == fitted.n_obs - len(fitted.model.groups)
    assert test.follows_chi2 == (fitted.estimator != "uls")


def test_robust_indices_rest_on_the_correlations_alone(answers: pd.DataFrame) -> None:
    fitted, _, measures = answer("second_order_theta", answers)
    test, baseline = fitted.solution.robust_test, fitted.solution.robust_baseline
    assert test is not None
    assert baseline is not None
    over, over_baseline = test.chi2 - test.factor * test.df, baseline.chi2 - baseline.factor * baseline.df
    assert 1 - max(over, 0) / max(over_baseline, over, 0) == pytest.approx(measures["cfi.robust"], abs=1e-6)
    assert 1 - (over / test.df) / (over_baseline / baseline.df) == pytest.approx(
        measures["tli.robust"], abs=1e-6
    )
    for case in ("uneven_thresholds_delta", "mediator_random", "ordinal_uls"):
        assert math.isnan(answer(case, answers)[0].measures["cfi_robust"])


def test_robust_rmsea_of_groups_is_lavaans(answers: pd.DataFrame) -> None:
    # lavaan 0.6-14 counts the scaling of the baseline model once a group: its CFI and TLI are left out
    fitted, _, measures = answer("uneven_misfit", answers)
    test, n = fitted.solution.robust_test, fitted.solution.n_scale
    assert test is not None
    assert n is not None
    over = max(test.chi2 - test.factor * test.df, 0.0)
    assert np.sqrt(2 * over / (n * test.df)) == pytest.approx(measures["rmsea.robust"], abs=1e-6)


def test_both_parametrisations_are_one_model_where_an_ordered_item_explains_others(
    answers: pd.DataFrame,
) -> None:
    # lavaan 0.6-14 stops early under delta here, at another chi2
    one, other = (
        fit(MEDIATOR, answers, estimator="wlsmv", ordered=MEDIATED, parameterization=shape).solution
        for shape in ("delta", "theta")
    )
    assert one.test.chi2 == pytest.approx(other.test.chi2, rel=1e-9)
    assert one.test.chi2_scaled == pytest.approx(other.test.chi2_scaled, rel=1e-8)
    by = np.asarray(other.extra["scaling"])[0]
    sigma = implied(other.layout, other.theta).sigma[0, :6, :6] * np.outer(by, by)
    np.testing.assert_allclose(implied(one.layout, one.theta).sigma[0, :6, :6], sigma, atol=1e-8)
    np.testing.assert_allclose(
        np.asarray(one.extra["implied_thresholds"]), np.asarray(other.extra["implied_thresholds"]), atol=1e-9
    )


@pytest.mark.parametrize("model", [CFA, MEDIATOR])
def test_implied_matrices_hold_the_computed_residual_variances(model: str, answers: pd.DataFrame) -> None:
    ordered = FIVE if model == CFA else MEDIATED
    fitted = fit(model, answers, estimator="wlsmv", ordered=ordered, group="half", group_equal="thresholds")
    p = len(ordered)
    sigma = implied(fitted.solution.layout, fitted.theta).sigma[:, :p, :p]
    mean = implied(fitted.solution.layout, fitted.theta).sigma[:, :p, p]
    cov = sigma - mean[:, :, None] * mean[:, None, :]
    scaling = np.asarray(fitted.solution.extra["scaling"])
    np.testing.assert_allclose(np.einsum("gii->gi", cov), scaling**-2.0, rtol=1e-9)
    assert not np.allclose(scaling[1], 1.0)


@pytest.mark.parametrize("shape", ["delta", "theta"])
@pytest.mark.parametrize(
    ("model", "ordered", "equal"),
    [
        (CFA, FIVE, ()),
        (CFA, FIVE, ("loadings", "thresholds")),
        (MEDIATOR, MEDIATED, ("thresholds",)),
        (MEDIATOR + "\ny1 ~ b7 + f\ny5 ~ y1", MEDIATED, ("thresholds", "intercepts")),
        (MIXED, MIXED_ORDERED, ("loadings", "intercepts", "thresholds")),
        (MIXED + "\nf + g ~ b7 + b9\na2 ~ b9", MIXED_ORDERED, ("thresholds",)),
        (MEDIATOR + "\nb1 + f ~ y2\nb7 ~ b9", MEDIATED, ("thresholds",)),
    ],
)
def test_slopes_of_all_moments_are_those_of_finite_differences(
    shape: str, model: str, ordered: list[str], equal: tuple[str, ...], answers: pd.DataFrame
) -> None:
    choices = Choices(
        estimator="wlsmv",
        ordered=tuple(ordered),
        group="half",
        group_equal=equal,
        parameterization=shape,  # type: ignore[arg-type]
    )
    task = prepared(parse_model(model), answers, choices)
    sample = ordered_sample(task)
    units = units_of(task, sample.cov, sample.mean)
    layout = task.layout.scaled(units.scale, units.unit)
    structure = ordered_structure(task, layout, sample, units.scale)
    theta = np.random.default_rng(1).uniform(0.3, 0.7, task.model.n_positions)
    state = structure.at(theta)
    assert state is not None
    slopes = np.vstack(structure.jacobian(state))

    def moments(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = structure.at(values)
        assert found is not None
        return found.vector.ravel()

    h = 1e-6
    for at in range(len(theta)):
        step = np.zeros_like(theta)
        step[at] = h
        numerical = (moments(theta + step) - moments(theta - step)) / (2 * h)
        np.testing.assert_allclose(slopes[:, at], numerical, atol=1e-7)


@pytest.mark.parametrize("shape", ["delta", "theta"])
@pytest.mark.parametrize(("model", "ordered"), [(CFA, FIVE), (MIXED, MIXED_ORDERED)])
def test_thresholds_that_fit_perfectly_give_what_all_moments_together_give(
    shape: str, model: str, ordered: list[str], answers: pd.DataFrame
) -> None:
    named = "\nb4 | tau*t1"  # a label on a threshold: it might be shared, and all moments are kept
    short = fit(model, answers, estimator="wlsmv", ordered=ordered, parameterization=shape)
    long = fit(model + named, answers, estimator="wlsmv", ordered=ordered, parameterization=shape)
    place = {(p.lhs, p.op, p.rhs): p.position for p in long.model.first}
    at = [place[p.lhs, p.op, p.rhs] for p in short.model.first]
    np.testing.assert_allclose(short.theta, long.theta[at], atol=1e-8)
    np.testing.assert_allclose(short.vcov, long.vcov[np.ix_(at, at)], atol=1e-9)
    for name in ("test", "baseline"):
        ours, theirs = getattr(short.solution, name), getattr(long.solution, name)
        assert ours.chi2_scaled == pytest.approx(theirs.chi2_scaled, rel=1e-8)


def test_extra_holds_what_difference_tests_need(answers: pd.DataFrame) -> None:
    fitted = fit(MIXED, answers.assign(y5=answers.y5 * 100), estimator="wlsmv", ordered=MIXED_ORDERED)
    extra = fitted.solution.extra
    gamma, weight = np.asarray(extra["gamma"])[0], np.asarray(extra["weight"])[0]
    delta = np.asarray(extra["delta"])
    assert delta.shape == (len(gamma), len(fitted.theta))
    np.testing.assert_allclose(np.diag(weight), 1 / np.diag(gamma))
    inverse = np.linalg.inv(delta.T @ weight @ delta)
    meat = delta.T @ weight @ gamma @ weight @ delta
    np.testing.assert_allclose(
        inverse @ meat @ inverse / (fitted.n_obs - 1), fitted.vcov, rtol=1e-6, atol=1e-9
    )


def test_moments_and_thresholds_are_the_samples(answers: pd.DataFrame) -> None:
    solution = fit(MIXED, answers, estimator="wlsmv", ordered=MIXED_ORDERED).solution
    one = solution.moments[0]
    assert one.names == ("y1", "a2", "c3", "b4", "y5", "y6")
    assert one.mean is not None
    assert one.mean[0] == pytest.approx(answers.y1.mean())
    assert one.cov[1, 1] == pytest.approx(1.0)
    assert one.cov[0, 0] == pytest.approx(answers.y1.var(ddof=0))
    assert len(solution.thresholds[0]) == 2 + 6 + 4
    share = (answers.a2 == 1).mean()
    assert solution.thresholds[0][0] == pytest.approx(-np.sqrt(2) * erfinv(1 - 2 * share), abs=1e-9)


def erfinv(value: float) -> float:
    from scipy.special import erfinv as inverse

    return float(inverse(value))


def test_binary_items_have_one_threshold_each(answers: pd.DataFrame) -> None:
    data = (answers[FIVE[:4]] > 2).astype("boolean")
    fitted = fit("f =~ b1 + b2 + b3 + b4", data, estimator="wlsmv", ordered=True)
    assert sum(p.op == "|" for p in fitted.model.parameters) == 4
    assert fitted.solution.test.df == 2


def test_unit_of_a_continuous_item_changes_nothing_but_its_own_values(answers: pd.DataFrame) -> None:
    plain = fit(MIXED, answers, estimator="wlsmv", ordered=MIXED_ORDERED)
    other = fit(MIXED, answers.assign(y6=1000 + answers.y6 * 1000), estimator="wlsmv", ordered=MIXED_ORDERED)
    assert other.solution.test.chi2_scaled == pytest.approx(plain.solution.test.chi2_scaled, rel=1e-7)
    by = np.ones(len(plain.theta))
    for at, parameter in enumerate(plain.model.first):
        by[at] = 1000.0 ** ((parameter.lhs == "y6") + (parameter.rhs == "y6"))
    slopes = np.array([p.op != "~1" for p in plain.model.first])
    np.testing.assert_allclose(other.theta[slopes], (plain.theta * by)[slopes], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.diag(other.vcov), np.diag(plain.vcov) * by**2, rtol=1e-6)


def test_order_of_rows_and_names_of_categories_do_not_matter(answers: pd.DataFrame) -> None:
    plain = fit(CFA, answers, estimator="wlsmv", ordered=FIVE)
    words = pd.CategoricalDtype(["never", "seldom", "at times", "often", "always"], ordered=True)
    renamed = answers.sample(frac=1.0, random_state=1).copy()
    for name in FIVE:
        renamed[name] = renamed[name].map(dict(zip(range(1, 6), words.categories, strict=True))).astype(words)
    other = fit(CFA, renamed, estimator="wlsmv")
    np.testing.assert_allclose(other.theta, plain.theta, atol=1e-9)
    np.testing.assert_allclose(other.vcov, plain.vcov, atol=1e-11)


@pytest.mark.parametrize("shape", ["delta", "theta"])
def test_fixed_covariates_are_those_of_a_probit_regression_and_stay_as_they_are(
    shape: str, answers: pd.DataFrame
) -> None:
    fitted = fit("b4 ~ y2 + y3", answers, estimator="wlsmv", ordered=["b4"], parameterization=shape)
    table = pd.read_csv(GOLDEN / "given_probit" / "parameters.csv")
    for parameter in fitted.model.first:
        row = table[(table.lhs == "b4") & (table.op == parameter.op) & (table.rhs == parameter.rhs)].iloc[0]
        assert fitted.theta[parameter.position] == pytest.approx(row.est, rel=ESTIMATES)
        assert fitted.vcov[parameter.position, parameter.position] ** 0.5 == pytest.approx(
            row.se, rel=ESTIMATES
        )
    sigma = implied(fitted.solution.layout, fitted.theta).sigma[0]
    assert sigma[1, 1] - sigma[1, 3] ** 2 == pytest.approx(answers.y2.var())  # n - 1, as lavaan gives it
    assert sigma[1, 3] == pytest.approx(answers.y2.mean())
    np.testing.assert_allclose(
        sigma[:3, :3], fitted.solution.moments[0].cov + np.outer(sigma[:3, 3], sigma[:3, 3])
    )


def test_covariates_may_also_be_left_free(answers: pd.DataFrame) -> None:
    model = CFA + "\nf + g ~ y1 + y5"
    free = fit(model, answers, estimator="wlsmv", ordered=FIVE, fixed_x=False)
    assert free.solution.test.df == 40


def test_units_of_fixed_covariates_change_nothing_but_their_paths(answers: pd.DataFrame) -> None:
    model = "g =~ b4 + b5 + b6\ng ~ y2 + y3"
    plain = fit(model, answers, estimator="wlsmv", ordered=FIVE[3:6])
    moved = fit(model, answers.assign(y2=50 + 1000 * answers.y2), estimator="wlsmv", ordered=FIVE[3:6])
    assert moved.solution.test.chi2_scaled == pytest.approx(plain.solution.test.chi2_scaled, rel=1e-6)
    for p in plain.model.first:
        if p.op == "|":
            continue
        by = 1000.0 if p.rhs == "y2" else 1.0
        assert moved.theta[p.position] * by == pytest.approx(plain.theta[p.position], rel=1e-6)
        assert moved.vcov[p.position, p.position] * by**2 == pytest.approx(
            plain.vcov[p.position, p.position], rel=1e-5
        )


def test_an_item_that_covariates_predict_without_error_is_named(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"column 'b2': the covariates predict its categories without error"):
        fit("f =~ b1 + b2 + b3\nf ~ y2", answers, estimator="wlsmv", ordered=FIVE[:3])


def test_a_group_that_lacks_a_category_is_refused_by_name(answers: pd.DataFrame) -> None:
    data = answers[~((answers.half == "second") & (answers.b3 == 5))]
    with pytest.raises(DataError, match=r"group 'second': nobody answered '5' to 'b3'"):
        fit(CFA, data, estimator="wlsmv", ordered=FIVE, group="half")


def test_full_weights_need_more_rows_than_moments(answers: pd.DataFrame) -> None:
    with pytest.raises(
        DataError, match=r"70 rows for the 72 thresholds, correlations and other moments of 9"
    ):
        fit(CFA, answers[:70], estimator="wls", ordered=FIVE)


def test_observed_information_is_refused(answers: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match=r"information: 'observed'"):
        fit(CFA, answers, estimator="dwls", ordered=FIVE, information="observed")


def test_tables_with_empty_cells_are_named(answers: pd.DataFrame) -> None:
    data = answers[~((answers.b1 == 1) & (answers.b2 == 5))]
    problems = fit(CFA, data, estimator="wlsmv", ordered=FIVE).solution.problems
    assert [problem.where for problem in problems] == ["'b1' by 'b2'"]
    assert problems[0].found == "1 of 25 pairs of answers do not occur"


def test_correlations_that_no_data_can_have_are_flagged_and_fitted() -> None:
    rng = np.random.default_rng(8)
    f = rng.normal(size=(40, 1))
    frame = pd.DataFrame((0.9 * f + 0.4 * rng.normal(size=(40, 6)) > 0).astype(int), columns=list("abcdef"))
    fitted = fit("whole =~ a + b + c + d + e + f", frame, estimator="wlsmv", ordered=True)
    flagged = [problem.where for problem in fitted.solution.problems]
    assert "latent correlations" in flagged
    assert np.linalg.eigvalsh(fitted.solution.moments[0].cov)[0] > -1e-10


def test_a_saturated_model_has_no_scaled_test(answers: pd.DataFrame) -> None:
    test = fit("f =~ b1 + b2 + b3", answers, estimator="wlsmv", ordered=True).solution.test
    assert (test.chi2, test.df) == (0.0, 0)
    assert test.scaling_factor is not None
    assert np.isnan(test.scaling_factor)


LOADINGS = np.array([0.8, 0.7, 0.6, 0.75, 0.65, 0.7])
CUTS = np.array([-1.2, -0.4, 0.3, 1.0])


def five_categories(rng: np.random.Generator, n: int) -> pd.DataFrame:
    factors = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=n)
    noise = rng.normal(size=(n, 6)) * np.sqrt(1 - LOADINGS**2)
    response = factors[:, [0, 0, 0, 1, 1, 1]] * LOADINGS + noise
    return pd.DataFrame(np.searchsorted(CUTS, response), columns=list("abcdef"))


@pytest.mark.slow
def test_estimates_recover_intervals_cover_and_the_scaled_test_keeps_its_level() -> None:
    from scipy.stats import chi2

    rng = np.random.default_rng(9)
    draws, n = 1000, 500
    truth = np.concatenate([LOADINGS, np.tile(CUTS, 6), [0.5]])
    found, covered, rejected = [], np.zeros(len(truth)), 0
    for _ in range(draws):
        frame = five_categories(rng, n)
        fitted = fit("p =~ a + b + c\nq =~ d + e + f", frame, estimator="wlsmv", ordered=True, std_lv=True)
        free = fitted.model.first
        order = [p.position for name in "abcdef" for p in free if p.op == "=~" and p.rhs == name]
        order += [p.position for p in free if p.op == "|"]
        order += [p.position for p in free if p.op == "~~" and p.lhs != p.rhs]
        theta, error = fitted.theta[order], np.sqrt(np.diag(fitted.vcov))[order]
        found.append(theta)
        covered += np.abs(theta - truth) < 1.96 * error
        test = fitted.solution.test
        rejected += chi2.sf(test.chi2_scaled, test.df) < 0.05
    spread = np.std(found, axis=0) / np.sqrt(draws)
    off = np.abs(np.mean(found, axis=0) - truth)
    assert (off < 4 * spread + 2 / n).all()  # two over n: bias of order 1 / n is no fault
    assert covered.min() / draws >= 0.926
    assert covered.max() / draws <= 0.971
    assert 0.029 <= rejected / draws <= 0.074


@pytest.mark.slow
def test_a_path_through_an_ordered_item_is_recovered() -> None:
    rng = np.random.default_rng(10)
    n = 200_000
    x = rng.normal(size=n)
    response = 0.6 * x + rng.normal(size=n)
    outcome = 0.5 * response + 0.3 * x + rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "m": np.searchsorted([-1.0, 0.0, 1.2], response), "y": outcome})
    fitted = fit(
        "m ~ x\ny ~ m + x", frame, estimator="wlsmv", ordered=["m"], parameterization="theta", fixed_x=False
    )
    values = {p.text: fitted.theta[p.position] for p in fitted.model.first}
    assert values["m ~ x"] == pytest.approx(0.6, abs=0.012)
    assert values["y ~ m"] == pytest.approx(0.5, abs=0.012)
    assert values["y ~ x"] == pytest.approx(0.3, abs=0.012)
