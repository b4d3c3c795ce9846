"""Every draw is the refit of its resample; blocks, workers, clusters, groups and failures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.moments.moments import Moments
from servicefx.moments.resample_index import resample_blocks
from servicefx.sem.bootstrap import SemBootstrap, bootstrap
from servicefx.sem.estimation import fit
from servicefx.sem.sem_fit import SemFit

CFA = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"
STRUCTURAL = CFA + "\nh =~ x7 + x8 + x9\ng ~ a*f\nh ~ b*g + f\nab := a*b"
PATHS = "x4 ~ a*x1 + x2\nx7 ~ b*x4 + x1\nab := a*b"
MIMIC = CFA + "\nf ~ x7\ng ~ f + x8"
CORRELATED = CFA + "\nx1 ~~ x4"
SECOND_ORDER = "f =~ x1+x2+x3\ng =~ x4+x5+x6\nh =~ x7+x8+x9\ntop =~ f+g+h"


def sample(n: int, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    f = rng.standard_normal(n)
    g = 0.6 * f + 0.8 * rng.standard_normal(n)
    h = 0.5 * g + 0.2 * f + 0.8 * rng.standard_normal(n)
    columns = {
        f"x{3 * k + j + 1}": factor * (1 - 0.1 * j) + 0.7 * rng.standard_normal(n) + k
        for k, factor in enumerate((f, g, h))
        for j in range(3)
    }
    frame = pd.DataFrame(columns)
    frame["school"] = np.where(rng.random(n) < 0.45, "north", "south")
    frame["unit"] = rng.integers(0, n // 6, n)
    frame["weight"] = rng.uniform(0.5, 2.0, n)
    return frame


def refits(fitted: SemFit, frames: list[pd.DataFrame]) -> list[SemFit]:
    from servicefx.sem.estimation import fit_chosen

    return [fit_chosen(fitted.table, frame, fitted.choices) for frame in frames]


def resamples(
    frame: pd.DataFrame, draws: int, seed: int, clusters: pd.Series | None = None
) -> list[pd.DataFrame]:
    block = resample_blocks(len(frame), draws, seed, "data", clusters)[0]
    return [frame.iloc[np.repeat(np.arange(len(frame)), row)] for row in block.counts()]


def check_draws(boot: SemBootstrap, expected: list[SemFit], tolerance: float = 1e-6) -> None:
    """All quantities of the first draws are those of the refits."""
    for draw, refit in zip(boot.draws, expected, strict=False):
        frame, effects = refit.parameters, refit.effects()
        asked = [(term, value) for term, value in zip(boot.terms, draw, strict=True)]
        estimates = frame["estimate"][(frame["free"] > 0) | (frame["op"] == ":=")]
        got = [value for term, value in asked if term.quantity == "estimate"]
        np.testing.assert_allclose(got, estimates, rtol=0, atol=tolerance)
        shown = [not p.sampled for p in refit.model.parameters] + [True] * len(refit.model.definitions)
        got = [value for term, value in asked if term.quantity == "std_all"]
        np.testing.assert_allclose(got, frame["std_all"][shown], rtol=0, atol=tolerance)
        got = [value for term, value in asked if term.quantity == "r2"]
        np.testing.assert_allclose(got, refit.r2["estimate"], rtol=0, atol=tolerance)
        for term, value in asked:
            if term.quantity in ("indirect", "total"):
                row = effects[
                    (effects["group"] == term.group) & (effects["from"] == term.rhs)
                    & (effects["to"] == term.lhs) & (effects["kind"] == term.quantity)
                    & (effects["via"] == term.via)
                ]  # fmt: skip
                assert value == pytest.approx(float(row["estimate"].item()), abs=tolerance)


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        (CFA, {}),
        (CFA, {"std_lv": True}),
        (CFA, {"meanstructure": True}),
        (CFA, {"estimator": "mlr"}),
        (STRUCTURAL, {}),
        (STRUCTURAL, {"meanstructure": True}),
        (SECOND_ORDER, {}),
        (CORRELATED, {}),
        (PATHS, {}),
        (PATHS, {"meanstructure": True}),
        (PATHS, {"fixed_x": False}),
        (MIMIC, {}),
        (MIMIC, {"meanstructure": True}),
        ("f =~ x1 + a*x2 + a*x3\ng =~ x4 + b*x5 + x6\na == b", {}),
        ("f =~ x1 + a*x2 + b*x3\ng =~ x4 + c*x5 + x6\na*b == c\nd := a/c", {}),
        ("f =~ x1 + a*x2 + b*x3\ng =~ x4 + c*x5 + x6\nc == 2*a - b + 0.1", {"std_lv": True}),
        ("f =~ x1 + x2 + x3\nx1 ~ 1\nf ~ 0*1", {}),
        (CFA, {"weights": "weight"}),
    ],
)
def test_draws_are_the_refits_of_the_resampled_rows(model: str, choices: dict[str, object]) -> None:
    frame = sample(250)
    fitted = fit(model, frame, **choices)
    boot = bootstrap(fitted, frame, 4, seed=3)
    check_draws(boot, refits(fitted, resamples(frame, 4, 3)))
    assert boot.n_failed == 0


@pytest.mark.parametrize("model", [CFA, MIMIC, "x4 ~ x1 + c(a, a)*x2"])
@pytest.mark.parametrize("equal", [(), ("loadings", "intercepts")])
def test_draws_of_several_groups_are_resampled_within_them(model: str, equal: tuple[str, ...]) -> None:
    if model.startswith("x4") and equal:
        pytest.skip("nothing to hold equal")
    frame = sample(400)
    fitted = fit(model, frame, group="school", group_equal=equal)
    boot = bootstrap(fitted, frame, 3, seed=3)
    parts = []
    for label in fitted.model.groups:
        rows = frame[frame["school"] == label]
        counts = resample_blocks(len(rows), 3, 3, f"data:{label}")[0].counts()
        parts.append([rows.iloc[np.repeat(np.arange(len(rows)), row)] for row in counts])
    check_draws(boot, refits(fitted, [pd.concat(pair) for pair in zip(*parts, strict=True)]))
    apart = {label: frame[frame["school"] == label] for label in fitted.model.groups}
    mapped = fit(model, apart, group_equal=equal)
    np.testing.assert_allclose(bootstrap(mapped, apart, 3, seed=3).draws, boot.draws, atol=1e-9)


def test_whole_clusters_are_drawn_also_across_groups() -> None:
    frame = sample(300)
    fitted = fit(CFA, frame)
    boot = bootstrap(fitted, frame, 3, seed=3, cluster="unit")
    check_draws(boot, refits(fitted, resamples(frame, 3, 3, frame["unit"])))
    assert boot.draw_source == ("data: 3 resamples of clusters of 'unit', seed 3",)
    own = bootstrap(fit(CFA, frame, estimator="mlr", cluster="unit"), frame, 3, seed=3)
    np.testing.assert_allclose(own.of("f", "=~", "x2"), boot.of("f", "=~", "x2"), atol=1e-8)
    grouped = fit(CFA, frame, group="school")
    joint = bootstrap(grouped, frame, 3, seed=3, cluster="unit")
    ordered = pd.concat([frame[frame["school"] == label] for label in grouped.model.groups])
    check_draws(joint, refits(grouped, resamples(ordered, 3, 3, ordered["unit"])))


def test_rows_a_fit_cannot_use_are_drawn_all_the_same_so_that_fits_share_resamples() -> None:
    frame = sample(250)
    frame.loc[frame.index[::10], "x1"] = np.nan
    fitted = fit(CFA, frame)
    boot = bootstrap(fitted, frame, 3, seed=3)
    check_draws(boot, refits(fitted, resamples(frame, 3, 3)))


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        (CFA, {"estimator": "gls"}),
        (CFA, {"estimator": "uls"}),
        (CFA, {"missing": "fiml"}),
        (CFA, {"missing": "fiml", "estimator": "mlr"}),
    ],
)
def test_other_estimators_are_refitted_one_by_one(model: str, choices: dict[str, object]) -> None:
    frame = sample(150)
    if "missing" in choices:
        frame.loc[frame.index[::7], "x2"] = np.nan
    fitted = fit(model, frame, **choices)
    boot = bootstrap(fitted, frame, 3, seed=3)
    check_draws(boot, refits(fitted, resamples(frame, 3, 3)), 1e-5)
    with pytest.raises(StudyError, match="needs the influence of every row"):
        boot.table("bca")


def test_draws_are_the_same_bits_with_any_number_of_workers_and_more_draws() -> None:
    frame = sample(200)
    fitted = fit(STRUCTURAL, frame)
    one = bootstrap(fitted, frame, 450, seed=3)
    two = bootstrap(fitted, frame, 450, seed=3, jobs=2)
    np.testing.assert_array_equal(one.draws, two.draws)
    np.testing.assert_array_equal(one.acceleration, two.acceleration)
    np.testing.assert_array_equal(bootstrap(fitted, frame, 650, seed=3).draws[:400], one.draws[:400])
    assert not np.array_equal(bootstrap(fitted, frame, 450, seed=4).draws, one.draws)
    assert not np.array_equal(bootstrap(fitted, frame, 450, seed=3, analysis_id="b").draws, one.draws)


def test_tables_hold_estimates_errors_and_intervals() -> None:
    frame = sample(300)
    fitted = fit(STRUCTURAL, frame)
    boot = bootstrap(fitted, frame, 400, seed=3)
    for kind in ("percentile", "bc", "bca"):
        table = boot.table(kind, level=0.9)
        assert list(table.columns) == [
            "group", "lhs", "op", "rhs", "quantity", "estimate", "std_error", "conf_low", "conf_high",
            "n_draws",
        ]  # fmt: skip
        assert (table["conf_low"] <= table["conf_high"]).all()
        assert table.attrs["n_failed"] == 0
    row = table[(table["lhs"] == "ab") & (table["quantity"] == "estimate")].iloc[0]
    assert row["std_error"] == pytest.approx(np.std(boot.of("ab", ":="), ddof=1))
    parameters = fitted.parameters
    free = parameters[parameters["free"] > 0]
    own = table[(table["quantity"] == "estimate") & (table["op"] != ":=")]
    assert (own["estimate"].to_numpy() == free["estimate"].to_numpy()).all()
    np.testing.assert_allclose(own["std_error"] / free["std_error"].to_numpy(), 1.0, atol=0.35)
    fixed = table[(table["lhs"] == "f") & (table["op"] == "~~") & (table["quantity"] == "std_all")].iloc[0]
    assert (fixed["std_error"], fixed["conf_low"], fixed["conf_high"]) == (
        0.0,
        fixed["estimate"],
        fixed["estimate"],
    )
    effects = boot.effects()
    indirect = effects[(effects["from"] == "f") & (effects["to"] == "h") & (effects["via"] == "all")].iloc[0]
    assert indirect["estimate"] == pytest.approx(row["estimate"])
    np.testing.assert_allclose(boot.of("h", "~", "f", quantity="indirect"), boot.of("ab", ":="))
    assert boot.estimates[boot.place("h", quantity="r2", rhs="h")] == pytest.approx(
        fitted.r2.set_index("outcome").estimate["h"]
    )


def test_acceleration_is_that_of_the_jackknife_by_refits() -> None:
    frame = sample(80)
    fitted = fit(STRUCTURAL, frame)
    boot = bootstrap(fitted, frame, 2, seed=3)
    refit = refits(fitted, [frame.drop(index=i) for i in frame.index])
    values = np.array(
        [r.parameters["estimate"][(r.parameters["free"] > 0) | (r.parameters["op"] == ":=")] for r in refit]
    )
    away = values.mean(axis=0) - values
    expected = (away**3).sum(axis=0) / (6 * (away**2).sum(axis=0) ** 1.5)
    got = [a for term, a in zip(boot.terms, boot.acceleration, strict=True) if term.quantity == "estimate"]
    np.testing.assert_allclose(got, expected, atol=0.006)
    shares = np.array([r.r2["estimate"] for r in refit])
    away = shares.mean(axis=0) - shares
    expected = (away**3).sum(axis=0) / (6 * (away**2).sum(axis=0) ** 1.5)
    got = [a for term, a in zip(boot.terms, boot.acceleration, strict=True) if term.quantity == "r2"]
    np.testing.assert_allclose(got, expected, atol=0.012)


def test_resamples_without_a_solution_are_counted_not_hidden() -> None:
    frame = sample(9, seed=2)
    fitted = fit("x4 ~ x1 + x2\nx7 ~ x4 + x5 + x6", frame)
    boot = bootstrap(fitted, frame, 300, seed=3)
    assert 30 < boot.n_failed < 300
    assert np.isnan(boot.draws).all(axis=1).sum() == boot.n_failed
    assert [str(p.where) for p in boot.problems] == ["bootstrap"]
    assert boot.table().attrs["n_failed"] == boot.n_failed
    assert f"{boot.n_failed} of 300 resamples have no solution" in boot.table().attrs["notes"][0]
    assert (boot.table()["n_draws"] == 300 - boot.n_failed).all()


def test_bollen_stine_resamples_rows_in_which_the_model_holds() -> None:
    frame = sample(200)
    wrong = fit("f =~ x1 + x2 + x3 + x4 + x5 + x6", frame)
    boot = bootstrap(wrong, frame, 400, seed=3, kind="bollen_stine")
    assert boot.p_value == 1 / 401
    right = fit(CFA, frame)
    boot = bootstrap(right, frame, 400, seed=3, kind="bollen_stine")
    assert boot.chi2_draws.mean() == pytest.approx(right.measures["df"], rel=0.25)
    assert abs(boot.p_value - right.measures["p_value"]) < 0.12
    with pytest.raises(StudyError, match="'bca' needs"):
        boot.table("bca")
    for choices in ({"meanstructure": True}, {"group": "school"}):
        grouped = fit(CFA, frame, **choices)
        chi2 = bootstrap(grouped, frame, 200, seed=3, kind="bollen_stine").chi2_draws
        assert chi2.mean() == pytest.approx(grouped.measures["df"], rel=0.25)
    least = fit(CFA, frame, estimator="gls")
    assert bootstrap(least, frame, 3, seed=3, kind="bollen_stine").chi2_draws.mean() < 40


def test_bollen_stine_draws_are_refits_of_the_transformed_rows() -> None:
    frame = sample(200)
    fitted = fit(STRUCTURAL, frame)
    boot = bootstrap(fitted, frame, 2, seed=3, kind="bollen_stine")
    items = list(fitted.model.items)
    root = lambda m, e: (lambda w, v: v @ np.diag(w**e) @ v.T)(*np.linalg.eigh(m))  # noqa: E731
    cov = np.cov(frame[items].T, bias=True)
    sigma = fitted.implied().to_numpy()
    sd = np.sqrt(np.diag(cov))
    turned = root(cov / np.outer(sd, sd), -0.5) @ root(sigma / np.outer(sd, sd), 0.5)
    moved = frame.copy()
    moved[items] = (frame[items] - frame[items].mean()).to_numpy() / sd @ turned * sd
    found = refits(fitted, resamples(moved, 2, 3))
    np.testing.assert_allclose(boot.chi2_draws, [one.measures["chi2"] for one in found], rtol=1e-6)


REFUSED: list[tuple[Callable[[pd.DataFrame], object], str]] = [
    (lambda frame: Moments.from_frame(frame[[f"x{k}" for k in range(1, 7)]]), "holds no rows"),
    (lambda frame: frame.iloc[:-3], "197 rows can be used, and the fit used 200"),
    (lambda frame: frame.assign(x2=frame["x2"].to_numpy()[::-1]), "has other means or covariances"),
    (lambda frame: frame.drop(columns="x3"), "column 'x3': is not in the data"),
    (lambda _: None, "holds no rows"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED)
def test_data_that_are_not_the_fits_are_refused(change: Callable[[pd.DataFrame], object], words: str) -> None:
    frame = sample(200)
    fitted = fit(CFA, frame)
    with pytest.raises(DataError, match=words):
        bootstrap(fitted, change(frame), 3, seed=3)  # type: ignore[arg-type]
    if words.startswith("has other"):
        least = fit(CFA, frame, estimator="uls")
        with pytest.raises(DataError, match="gives other estimates"):
            bootstrap(least, change(frame), 3, seed=3)  # type: ignore[arg-type]


def test_wrong_choices_are_refused_by_name() -> None:
    frame = sample(200)
    fitted = fit(CFA, frame)
    with pytest.raises(StudyError, match=r"'case' is not known \(closest: 'cases'\)"):
        bootstrap(fitted, frame, 3, seed=3, kind="case")
    with pytest.raises(StudyError, match="draws: 0, a whole number from 1 expected"):
        bootstrap(fitted, frame, 0, seed=3)
    boot = bootstrap(fitted, frame, 3, seed=3)
    with pytest.raises(StudyError, match="'normal' is not known"):
        boot.table("normal")
    with pytest.raises(StudyError, match="2 is not between 0 and 1"):
        boot.table(level=2)
    with pytest.raises(KeyError, match="no term 'g ~ f'"):
        boot.of("g", "~", "f")


def test_signs_are_left_as_they_come() -> None:
    rng = np.random.default_rng(8)
    f = rng.standard_normal(120)
    frame = pd.DataFrame({f"x{k}": 0.5 * f + rng.standard_normal(120) for k in range(1, 5)})
    frame["y"] = 0.05 * f + rng.standard_normal(120)
    fitted = fit("f =~ x1 + x2 + x3 + x4\ny ~ f", frame, std_lv=True)
    draws = bootstrap(fitted, frame, 300, seed=3).of("y", "~", "f")
    assert (draws > 0).any()
    assert (draws < 0).any()
