"""Importance, dominance, penalty and reward, ordered logit and quantiles against R's lm, polr and rq."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.quantile import fit_quantile
from servicefx.models.drivers import (
    collinearity,
    dominance,
    fit_penalty_reward,
    importance_performance,
    joint_asymmetry,
    penalty_reward,
    relative_importance,
)
from servicefx.moments.moments import Moments

DRIVERS = ["staff", "price", "speed", "shop", "noise"]
CLOSED_FORM = 1e-10  # both by linear algebra in double precision
MAXIMUM = 2e-6  # polr stops at a relative change of the deviance of 1e-15: 1e-7 of its slopes
SANDWICH = 2e-5  # R's polr Hessian is a numeric difference
VERTEX = 2e-5  # rq ends at a vertex exactly; weighted least squares come near it
DRAWN = 0.06  # of a standard error from 400 (ours) and 20,000 (R's) resamples: 1 / sqrt(2 * 400) is .035

Golden = Callable[[str], pd.DataFrame]


@pytest.fixture
def data(golden: Golden) -> pd.DataFrame:
    return golden("drivers/data.csv")


@pytest.fixture
def expected(golden: Golden) -> Callable[[str, str], pd.Series]:
    whole = golden("drivers/expected.csv").fillna({"other": ""})

    def figures(case: str, measure: str) -> pd.Series:
        rows = whole[(whole["case"] == case) & (whole["measure"] == measure)]
        assert len(rows)
        single = (rows["other"] == "").all()
        return rows.set_index("term" if single else ["term", "other"])["estimate"].astype(float)

    return figures


@pytest.mark.parametrize("method", ["lmg", "johnson", "first", "last", "pratt"])
@pytest.mark.parametrize("case", ["plain", "weighted"])
def test_importance_is_that_of_every_order_of_entry_in_lm(
    case: str, method: str, data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    weights = data["weight"] if case == "weighted" else None
    found = relative_importance(data, "satisfaction", DRIVERS, method, weights=weights)  # type: ignore[arg-type]
    theirs = expected(case, method)
    assert found["term"].tolist() == DRIVERS
    assert found["estimate"].to_numpy() == pytest.approx(theirs[DRIVERS].to_numpy(), abs=CLOSED_FORM)
    r2 = expected(case, "r2")["all"]
    assert found["r2"].to_numpy() == pytest.approx(r2, abs=CLOSED_FORM)
    assert found["share"].to_numpy() == pytest.approx(theirs[DRIVERS].to_numpy() / r2, abs=1e-9)
    assert found["rank"].tolist() == theirs[DRIVERS].rank(ascending=False).astype(int).tolist()


def test_moments_of_the_rows_give_the_same_importance(data: pd.DataFrame) -> None:
    rows = relative_importance(data, "satisfaction", DRIVERS)
    moments = relative_importance(
        Moments.from_frame(data[["satisfaction", *DRIVERS]]), "satisfaction", DRIVERS
    )
    columns = ["estimate", "share", "rank", "r2", "n_obs"]
    assert rows[columns].to_numpy() == pytest.approx(moments[columns].to_numpy(), abs=1e-12)


def test_sampled_orders_are_within_their_error_of_every_order(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servicefx.models.drivers.importance.EXACT", 2)
    found = relative_importance(data, "satisfaction", DRIVERS, seed=3, draws=50)
    apart = found["estimate"].to_numpy() - expected("plain", "lmg")[DRIVERS].to_numpy()
    error = found["simulation_error"].to_numpy()
    assert (error > 0).all()
    assert (np.abs(apart) < 4 * error).all()
    assert error.max() < 0.003
    assert found["estimate"].sum() == pytest.approx(found["r2"].iloc[0], abs=1e-12)


@pytest.mark.parametrize("case", ["plain", "weighted"])
def test_dominance_is_that_of_every_subset_in_lm(
    case: str, data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    weights = data["weight"] if case == "weighted" else None
    found = dominance(data, "satisfaction", DRIVERS, weights=weights)
    assert found.general["estimate"].to_numpy() == pytest.approx(
        expected(case, "lmg")[DRIVERS].to_numpy(), abs=CLOSED_FORM
    )
    conditional = expected(case, "conditional")
    for row in found.conditional.itertuples():
        assert row.estimate == pytest.approx(conditional[(row.term, str(row.n_others))], abs=CLOSED_FORM)
    complete = expected(case, "complete")
    pairs = found.pairs[found.pairs["kind"] == "complete"]
    assert len(pairs) == len(complete) == 10
    for row in pairs.itertuples():
        assert row.estimate == complete[(row.left, row.right)]


@pytest.mark.parametrize("kind", ["hc3", "cluster"])
def test_penalty_reward_and_asymmetry_are_contrasts_of_lm_and_sandwich(
    kind: str, data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    clusters = data["cluster"] if kind == "cluster" else None
    found = penalty_reward(data, "satisfaction", DRIVERS, clusters=clusters)
    assert len(found) == 15
    for row in found.to_dict("records"):
        theirs = expected(kind, row["kind"])
        for column in ("estimate", "std_error", "p_value"):
            assert row[column] == pytest.approx(theirs[(row["term"], column)], rel=1e-9, abs=CLOSED_FORM)
    joint = joint_asymmetry(fit_penalty_reward(data, "satisfaction", DRIVERS, clusters=clusters), DRIVERS)
    assert joint["statistic"].iloc[0] == pytest.approx(
        expected(kind, "joint")[("all", "statistic")], rel=1e-9
    )
    assert joint["p_value"].iloc[0] == pytest.approx(expected(kind, "joint")[("all", "p_value")], rel=1e-9)


def test_importance_on_the_priority_map_is_relative_importance(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    found = importance_performance(data, "satisfaction", DRIVERS, draws=0).set_index("term")
    assert found.loc[DRIVERS, "estimate"].to_numpy() == pytest.approx(
        expected("plain", "lmg")[DRIVERS].to_numpy(), abs=CLOSED_FORM
    )


def test_collinearity_is_that_of_lm_and_svd(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    found = collinearity(data, "satisfaction", DRIVERS)
    theirs = expected("plain", "vif")[DRIVERS]
    assert found.drivers["vif"].to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-9)
    conditions = expected("plain", "condition").to_numpy()
    assert found.indices.groupby("component")["condition"].first().to_numpy() == pytest.approx(
        conditions, rel=1e-9
    )
    assert found.condition_number == pytest.approx(conditions.max(), rel=1e-9)
    shares = expected("plain", "variance_share")
    for row in found.indices.itertuples():
        assert row.variance_share == pytest.approx(shares[(row.term, str(row.component))], abs=1e-9)


@pytest.mark.parametrize("kind", ["classical", "hc0", "cluster"])
def test_ordered_logit_is_that_of_polr(
    kind: str, data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    clusters = data["cluster"] if kind == "cluster" else None
    fit = fit_ordered_logit(data, "answer", DRIVERS, robust=kind != "classical", clusters=clusters)
    assert fit.coefficients == pytest.approx(
        expected("ordered", "estimate")[list(fit.terms)].to_numpy(), abs=MAXIMUM
    )
    assert fit.std_errors == pytest.approx(
        expected("ordered", kind)[list(fit.terms)].to_numpy(), rel=SANDWICH
    )
    assert fit.fit_measures["logl"] == pytest.approx(expected("ordered", "logl")["all"], abs=1e-8)


def test_weighted_ordered_logit_is_that_of_polr(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    fit = fit_ordered_logit(data, "answer", DRIVERS, weights=data["weight"])
    theirs = expected("weighted ordered", "estimate")[list(fit.terms)]
    assert fit.coefficients == pytest.approx(theirs.to_numpy(), abs=MAXIMUM)


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.8])
def test_quantile_regression_is_that_of_rq(
    quantile: float, data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    fit = fit_quantile(data, "satisfaction", DRIVERS, quantile)
    case = f"quantile {quantile:g}"
    assert fit.coefficients == pytest.approx(
        expected(case, "estimate")[list(fit.terms)].to_numpy(), abs=VERTEX
    )
    assert fit.std_errors == pytest.approx(expected(case, "kernel")[list(fit.terms)].to_numpy(), rel=1e-3)
    assert fit.fit_measures["pseudo_r_squared"] == pytest.approx(
        expected(case, "pseudo_r_squared")["all"], abs=1e-6
    )


def test_bootstrap_errors_of_a_median_regression_are_those_of_rq(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    fit = fit_quantile(data, "satisfaction", DRIVERS, 0.5, covariance="bootstrap", draws=2000, seed=1)
    theirs = expected("quantile 0.5", "bootstrap")[list(fit.terms)]
    assert fit.std_errors == pytest.approx(theirs.to_numpy(), rel=DRAWN)


def test_clustered_errors_of_a_median_regression_are_the_sandwich_in_r(
    data: pd.DataFrame, expected: Callable[[str, str], pd.Series]
) -> None:
    fit = fit_quantile(data, "satisfaction", DRIVERS, 0.5, clusters=data["cluster"])
    theirs = expected("quantile 0.5", "cluster")[list(fit.terms)]
    assert fit.std_errors == pytest.approx(theirs.to_numpy(), rel=1e-3)
    assert fit.df == 29


@pytest.mark.external
def test_drivers_of_the_durables_survey_have_the_listed_slopes(shared_data: Path) -> None:
    answers = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    items = {"tangibles": (1, 4), "reliability": (5, 9), "responsiveness": (10, 13),
             "assurance": (14, 17), "empathy": (18, 22)}  # fmt: skip
    listed = {
        "tangibles": (0.2252, 0.0365), "reliability": (0.2217, 0.0420), "responsiveness": (0.2046, 0.0506),
        "assurance": (0.0624, 0.0503), "empathy": (0.2700, 0.0460),
    }  # fmt: skip
    means = pd.DataFrame(
        {
            name: answers[[f"a{at:02d}" for at in range(low, high + 1)]].mean(axis=1)
            for name, (low, high) in items.items()
        }
    ).assign(sat=answers["sat"])
    found = importance_performance(means, "sat", list(items), method="slope", scale=(0, 100), seed=1)
    for row in found.itertuples():
        slope, error = listed[row.term]
        assert row.estimate == pytest.approx(slope, abs=5.1e-5)
        # printed errors are classical, these are of resamples
        assert (row.conf_high - row.conf_low) / 3.92 == pytest.approx(error, rel=0.5)
    for method in ("lmg", "johnson", "pratt"):
        shares = relative_importance(means, "sat", list(items), method, draws=500, seed=1)  # type: ignore[arg-type]
        assert shares["estimate"].sum() == pytest.approx(0.7695, abs=5.1e-5)
        assert set(shares["n_obs"]) == {411}
