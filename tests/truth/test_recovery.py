"""Complaint recovery where the answer is known: who is right under which assumption, and coverage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import bdtr, expit

from servicefx.models.moderation import fit_interaction
from servicefx.models.recovery import (
    compare_answers,
    corrected_for_selection,
    failure_buffer,
    fit_handling,
    fit_weighted,
    read_complaints,
    recovery_paradox,
    worst_case_bounds,
)
from servicefx.moments.resample_index import resample_counts
from servicefx.study.after_sales.scores import score_frame
from servicefx.study.simulate import simulate
from servicefx.study.study import load_study

DRAWN = 400
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
SLOPE = 0.3
Row = tuple[float, float, float]  # estimate, low, high


def band(n: int, share: float = 0.95) -> tuple[float, float]:
    """Two-sided 99.9 % binomial band of a share at n replications."""
    below = np.array([bdtr(hits, n, share) for hits in range(n + 1)])
    return float(np.argmax(below > 0.0005)) / n, float(np.argmax(below >= 0.9995)) / n


def check(rows: Iterator[Row], truth: float, *, bias: float = 0.0) -> None:
    """Mean estimate within 4 Monte Carlo errors (and a stated bias) of the truth, coverage in the band."""
    estimate, low, high = np.array(list(rows)).T
    coverage = float(np.mean((low <= truth) & (truth <= high)))
    apart = float(estimate.mean() - truth)
    print(f"coverage {coverage:.3f}, bias {apart:.5f} ({apart / estimate.std() * 20:.1f} MC errors)")  # noqa: T201
    assert abs(apart) < 4 * estimate.std() / np.sqrt(len(estimate)) + bias
    lowest, highest = band(len(estimate))
    assert lowest <= coverage <= highest


def unlike_effects(rng: np.random.Generator, n: int, outlets: int = 0) -> pd.DataFrame:
    """People with a high z complain more, and gain more from good handling; .3 on average over everybody."""
    z = rng.normal(size=n)
    code = np.arange(n) % outlets if outlets else np.zeros(n, dtype=int)
    shock = rng.normal(size=max(outlets, 1))[code] if outlets else np.zeros(n)
    handling = 4.5 + rng.normal(size=n)
    complained = (rng.random(n) < expit(0.2 + 0.9 * z)).astype(float)
    y = 2 + (SLOPE + 0.25 * z) * (handling - 4.5) + 0.4 * z + 0.5 * rng.normal(size=n)
    y += 0.3 * shock * (handling - 4.5) / 3 + 0.3 * shock
    told = np.where(complained == 1, handling, np.nan)
    return pd.DataFrame({"y": y, "handling": told, "z": z, "complained": complained, "outlet": code})


def unmeasured(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """What nobody measured moves both complaining and the outcome; z moves complaining and handling."""
    z, error = rng.normal(size=n), rng.normal(size=n)
    also = 0.7 * error + np.sqrt(1 - 0.7**2) * rng.normal(size=n)
    handling = 4.5 + 0.8 * z + rng.normal(size=n)
    complained = (0.2 + z + also > 0).astype(float)
    y = 2 + SLOPE * handling + error
    told = np.where(complained == 1, handling, np.nan)
    return pd.DataFrame({"y": y, "handling": told, "z": z, "complained": complained})


def answered(data: pd.DataFrame, covariates: list[str], *, draws: int = 0, seed: int = 1) -> pd.DataFrame:
    counts = resample_counts(len(data), draws, seed, "t") if draws else None
    complaints = read_complaints(data, complained="complained", handling="handling", counts=counts)
    return compare_answers(complaints, "y", covariates, ["z"]).table.set_index("series")


def test_weights_are_right_where_effects_differ_between_people_and_complainers_are_not(
    rng: np.random.Generator,
) -> None:
    table = answered(unlike_effects(rng, 60_000), ["z"])
    assert table.loc["complainers", "estimate"] > SLOPE + 0.05
    assert table.loc["two_step", "estimate"] > SLOPE + 0.05  # one slope for all is its assumption
    assert table.loc["weighted", "estimate"] == pytest.approx(SLOPE, abs=0.015)


def test_selection_models_are_right_where_the_unmeasured_selects_and_weights_are_not(
    rng: np.random.Generator,
) -> None:
    table = answered(unmeasured(rng, 60_000), [])
    assert table.loc["complainers", "estimate"] < SLOPE - 0.05
    assert table.loc["weighted", "estimate"] < SLOPE - 0.05
    for series in ("two_step", "maximum_likelihood"):
        assert table.loc[series, "estimate"] == pytest.approx(SLOPE, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_weighted_intervals_cover_with_weights_estimated(clustered: bool) -> None:
    rows = []
    for number in range(DRAWN):
        data = unlike_effects(np.random.default_rng([number, 5]), 900, outlets=60 if clustered else 0)
        clusters = data["outlet"] if clustered else None
        complaints = read_complaints(
            data, complained="complained", handling="handling", clusters=clusters,
            counts=resample_counts(len(data), 400, number, "t", clusters),
        )  # fmt: skip
        fit = fit_weighted(complaints, "y", ["z"], ["z"], trim=1.0)
        assert fit.effect is not None
        rows.append((fit.effect.estimate, *fit.effect.interval(0.95)))
    check(iter(rows), SLOPE, bias=0.004)  # products of estimated weights and slopes: of the order 1 / n


@pytest.mark.slow
def test_selection_models_cover() -> None:
    found: dict[str, list[Row]] = {"two_step": [], "maximum_likelihood": [], "draws": []}
    for number in range(DRAWN):
        data = unmeasured(np.random.default_rng([number, 6]), 900)
        counts = resample_counts(len(data), 200, number, "t")
        complaints = read_complaints(data, complained="complained", handling="handling", counts=counts)
        for method in ("two_step", "maximum_likelihood"):
            fit = corrected_for_selection(complaints, "y", [], ["z"], method=method)
            row = fit.estimates.table().iloc[0]
            found[method].append((row["estimate"], row["conf_low"], row["conf_high"]))
            if fit.draws is not None:
                half = 1.96 * np.nanstd(fit.draws[:, 0], ddof=1)
                found["draws"].append((row["estimate"], row["estimate"] - half, row["estimate"] + half))
    for rows in found.values():
        check(iter(rows), SLOPE, bias=0.006)  # the ratio is a curve in estimated numbers


@pytest.mark.slow
def test_the_test_of_selection_has_its_size() -> None:
    p_values: dict[str, list[float]] = {"two_step": [], "maximum_likelihood": []}
    for number in range(DRAWN):
        rng = np.random.default_rng([number, 7])
        data = unmeasured(rng, 500)
        y = 2 + SLOPE * data["handling"].fillna(0) + rng.normal(size=500)
        complaints = read_complaints(data.assign(y=y), complained="complained", handling="handling")
        for method, values in p_values.items():
            values.append(corrected_for_selection(complaints, "y", [], ["z"], method=method).test_p)
    low, high = band(DRAWN, 0.05)
    for values in p_values.values():
        assert low <= np.mean(np.array(values) < 0.05) <= high


@pytest.mark.slow
def test_the_interval_around_the_bounds_covers_a_mean_at_their_end() -> None:
    rows = []
    for number in range(1000):
        rng = np.random.default_rng([number, 8])
        complained = (rng.random(300) < 0.6).astype(float)
        y = np.clip(np.round(4.5 + rng.normal(size=300)), 1, 7)
        data = pd.DataFrame({"y": y, "h": np.where(complained == 1, y, np.nan), "c": complained})
        found = worst_case_bounds(read_complaints(data, complained="c", handling="h"), ["y"], [(1, 7)])
        rows.append(found.iloc[0][["high", "conf_low", "conf_high"]].to_list())
    rng = np.random.default_rng(9)
    mean = np.clip(np.round(4.5 + rng.normal(size=4_000_000)), 1, 7).mean()
    check(iter(rows), 0.6 * mean + 0.4 * 7)


@pytest.mark.slow
def test_fieller_covers_the_way_back_and_the_paradox_keeps_its_size() -> None:
    rows, verdicts = [], []
    for number in range(1000):
        rng = np.random.default_rng([number, 10])
        n = 400
        failed = (rng.random(n) < 0.5).astype(float)
        handling = np.clip(np.round(4.5 + 1.5 * rng.normal(size=n)), 1, 7)
        x = rng.normal(size=n)
        y = 5 + 0.4 * x + failed * 0.4 * (handling - 6.0) * (handling < 6) + 0.8 * rng.normal(size=n)
        line = 5 + 0.4 * x + failed * 0.4 * (handling - 6.0) + 0.8 * rng.normal(size=n)
        told = np.where(failed == 1, handling, np.nan)
        data = pd.DataFrame({"y": y, "line": line, "h": told, "x": x, "f": failed, "c": failed})
        complaints = read_complaints(data, complained="c", handling="h", failure="f")
        reach = recovery_paradox(complaints, "line", ["x"], scale=(1.0, 7.0)).reach
        rows.append((reach.estimate, reach.conf_low, reach.conf_high))
        verdicts.append(recovery_paradox(complaints, "y", ["x"], scale=(1.0, 7.0)).verdict)
    check(iter(rows), 6.0, bias=0.02)  # a ratio of estimates
    decided = np.mean([verdict != "undecided" for verdict in verdicts])  # no difference from 6 on
    low, high = band(1000, 0.05)
    assert low <= decided <= high


@pytest.fixture(scope="module")
def truth(repository: Path) -> pd.DataFrame:
    return pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")


def of_model(truth: pd.DataFrame, model: str) -> pd.Series:
    return truth[truth["model"] == model].set_index("term")["estimate"]


@pytest.mark.parametrize(
    ("outcome", "held"), [("satisfaction", DIMENSIONS), ("loyalty", ["satisfaction", "trust"])]
)
def test_handling_among_the_complainers_of_after_sales_is_the_true_regression(
    outcome: str, held: list[str], repository: Path, truth: pd.DataFrame
) -> None:
    study = load_study(repository / "analyses" / "after_sales")
    terms = [*held, "complaint_handling"]
    slopes = of_model(truth, f"OLS: {outcome} ~ {' + '.join(terms)} (among complained)")
    data = study.scores["customers"].assign(complained=study.frames["customers"]["complained"])
    complaints = read_complaints(
        data, complained="complained", handling="complaint_handling", clusters=study.clusters("customers")
    )
    table = fit_handling(complaints, outcome, held).estimates.table().set_index("term")
    for term in terms:
        assert abs(table.loc[term, "estimate"] - slopes[term]) < 4 * table.loc[term, "std_error"], term


def test_tenure_buffers_a_failure_as_it_truly_does(repository: Path, truth: pd.DataFrame) -> None:
    study = load_study(repository / "analyses" / "after_sales")
    terms = [*DIMENSIONS, "service_failure", "log_tenure", "service_failure*log_tenure"]
    slopes = of_model(truth, f"OLS: satisfaction ~ {' + '.join(terms)}")
    frame = study.frames["customers"]
    data = study.scores["customers"].assign(
        log_tenure=np.log(frame["tenure_years"]), service_failure=frame["service_failure"],
        complained=frame["complained"],
    )  # fmt: skip
    complaints = read_complaints(
        data, complained="complained", handling="complaint_handling", failure="service_failure",
        clusters=study.clusters("customers"),
    )  # fmt: skip
    found = failure_buffer(complaints, "satisfaction", "log_tenure", DIMENSIONS)
    row = found.product.iloc[0]
    assert found.verdict == "supported"
    assert abs(row["estimate"] - slopes["service_failure*log_tenure"]) < 4 * row["std_error"]
    plain = fit_interaction(
        data, "satisfaction", "service_failure", "log_tenure", DIMENSIONS, centre=False,
        clusters=study.clusters("customers"),
    ).estimates.table().set_index("term")  # fmt: skip
    for term in ("service_failure", "log_tenure"):
        assert abs(plain.loc[term, "estimate"] - slopes[term]) < 4 * plain.loc[term, "std_error"]


@pytest.mark.slow
def test_handling_covers_the_true_regression_over_many_surveys(truth: pd.DataFrame) -> None:
    terms = [*DIMENSIONS, "complaint_handling"]
    slopes = of_model(truth, f"OLS: satisfaction ~ {' + '.join(terms)} (among complained)")
    rows = []
    for seed in range(200):
        many = simulate(3000, seed=seed, n_firms=120)
        data = score_frame(many.customers).reset_index(drop=True)
        firms = many.customers["firm_id"].reset_index(drop=True)
        complaints = read_complaints(
            data, complained="complained", handling="complaint_handling", clusters=firms
        )
        row = fit_handling(complaints, "satisfaction", DIMENSIONS).estimates.table().iloc[0]
        rows.append((row["estimate"], row["conf_low"], row["conf_high"]))
    check(iter(rows), slopes["complaint_handling"])
