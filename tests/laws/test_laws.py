"""What must hold whatever the data: order, units, names, weights, seeds, sums."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicefx.economics.worth import annuity_factor
from servicefx.effects.indirect import PathEffect, effects_between
from servicefx.engines.discrete import fit_logit
from servicefx.engines.linear import fit_ols
from servicefx.engines.panel import fit_two_way
from servicefx.measurement.answers import (
    MeanEstimate,
    answer_shares,
    mean_of,
    net_promoter_score,
    share_of,
    wilson_interval,
)
from servicefx.measurement.correlation import correlation_of
from servicefx.measurement.reliability import reliability_of
from servicefx.models.chain import fit_chain
from servicefx.models.drivers import fit_direct
from servicefx.models.loyalty import fit_repurchase
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

ROUNDING = 1e-9  # another order of summation
BINARY = ("repurchase",)


def same(one: Estimates, other: Estimates, rel: float = ROUNDING) -> None:
    assert other.coefficients == pytest.approx(one.coefficients, rel=rel, abs=1e-12)
    assert other.covariance == pytest.approx(one.covariance, rel=rel, abs=1e-12)
    assert (other.n_obs, other.df, other.covariance_kind) == (one.n_obs, one.df, one.covariance_kind)


@pytest.fixture
def frame(made: ModuleType) -> pd.DataFrame:
    answers: pd.DataFrame = made.survey_frame(300)
    answers.loc[:9, "tru1"] = np.nan
    answers.loc[20:24, ["sat1", "sat2"]] = np.nan
    return answers


# order of rows


def test_shuffled_rows_change_no_fit_and_no_draw(made: ModuleType, frame: pd.DataFrame) -> None:
    mixed = frame.sample(frac=1, random_state=5).reset_index(drop=True)
    one, other = made.survey(frame), made.survey(mixed)
    same(fit_direct(one).estimates, fit_direct(other).estimates)
    same(fit_direct(one).robust, fit_direct(other).robust)
    same(fit_repurchase(one).estimates, fit_repurchase(other).estimates, rel=1e-7)
    first, second = fit_chain(one, "customers", binary=BINARY), fit_chain(other, "customers", binary=BINARY)
    for outcome, draws in first.draws.items():  # whole clusters are drawn, by their names
        assert second.draws[outcome] == pytest.approx(draws, rel=1e-7, abs=1e-10)


def test_shuffled_rows_change_no_answer(frame: pd.DataFrame) -> None:
    mixed = frame.sample(frac=1, random_state=5)
    functions: list[Callable[[pd.DataFrame], MeanEstimate]] = [
        lambda d: mean_of(d["age"], clusters=d["outlet"]),
        lambda d: share_of(d["bought"], clusters=d["outlet"]),
        lambda d: correlation_of(d["sat1"], d["loy1"], clusters=d["outlet"], weights=d["age"]),
    ]
    for function in functions:
        one, other = function(frame), function(mixed)
        for name in ("estimate", "std_error", "conf_low", "conf_high"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=ROUNDING)


def test_shuffled_rows_change_no_panel(made: ModuleType) -> None:
    panel = made.panel_frame()
    mixed = panel.sample(frac=1, random_state=5)
    options = {"unit": "firm", "period": "quarter"}
    same(
        fit_two_way(panel, "profit", ["satisfaction"], **options),
        fit_two_way(mixed, "profit", ["satisfaction"], **options),
    )


# units


@pytest.mark.parametrize("factor", [10.0, 1e-4, 1e5])
def test_a_term_in_other_units_changes_its_own_coefficient_alone(frame: pd.DataFrame, factor: float) -> None:
    data = frame.dropna().assign(y=lambda d: d["sat1"] + 0.3 * d["tru1"])
    scaled = data.assign(age=data["age"] * factor)
    terms = ["age", "tru1", "ser1"]
    change = np.array([1 / factor, 1, 1, 1])
    for fit in (
        lambda d: fit_ols(d, "y", terms),
        lambda d: fit_ols(d, "y", terms, covariance="cluster", clusters=d["outlet"]),
        lambda d: fit_logit(d, "bought", terms, clusters=d["outlet"]),
    ):
        one, other = fit(data), fit(scaled)
        assert other.coefficients == pytest.approx(one.coefficients * change, rel=1e-6)
        assert other.table()["statistic"].tolist() == pytest.approx(
            one.table()["statistic"].tolist(), rel=1e-6
        )


def test_an_item_times_ten_changes_no_loading_and_no_correlation(frame: pd.DataFrame) -> None:
    items = frame[["tru1", "tru2", "ser1"]]
    scaled = items.assign(tru1=items["tru1"] * 10)
    one, other = reliability_of(items, "trust"), reliability_of(scaled, "trust")
    assert list(other.loadings.values()) == pytest.approx(list(one.loadings.values()), rel=1e-8)
    assert other.composite_reliability == pytest.approx(one.composite_reliability, rel=1e-8)
    pair, tenfold = (
        correlation_of(x["tru1"], frame["sat1"], clusters=frame["outlet"]) for x in (items, scaled)
    )
    assert tenfold.conf_low == pytest.approx(pair.conf_low, rel=ROUNDING)


def test_all_items_times_ten_change_no_alpha(frame: pd.DataFrame) -> None:
    items = frame[["tru1", "tru2", "ser1"]]
    one, other = reliability_of(items, "trust"), reliability_of(10 * items + 3, "trust")
    assert (other.alpha, other.alpha_low) == pytest.approx((one.alpha, one.alpha_low), rel=ROUNDING)


# names


def test_other_names_change_no_number(made: ModuleType, frame: pd.DataFrame) -> None:
    names = {"service_quality": "empathy", "satisfaction": "brand_image"}
    columns = {"ser1": "服务 1", "sat2": "Zufriedenheit (2)", "outlet": "网点"}

    def renamed(value: object) -> object:
        if isinstance(value, dict):
            return {names.get(k, k): renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(entry) for entry in value]
        return names.get(str(value), columns.get(str(value), value))

    one = made.survey(frame)
    other = made.survey(
        frame.rename(columns=columns),
        constructs=renamed(made.CONSTRUCTS),
        paths=renamed(made.PATHS),
        data={"customers": {"nested_in": ["网点"]}},
    )
    first, second = fit_direct(one, "satisfaction").estimates, fit_direct(other, "brand_image").estimates
    assert second.coefficients.tolist() == first.coefficients.tolist()
    assert second.covariance.tolist() == first.covariance.tolist()
    chains = fit_chain(one, "customers", binary=BINARY), fit_chain(other, "customers", binary=BINARY)
    assert chains[1].draws["brand_image"].tolist() == chains[0].draws["satisfaction"].tolist()


# weights


@pytest.fixture
def weighted(frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    counted = frame.assign(w=rng.integers(1, 5, len(frame)).astype(float))
    return counted, counted.loc[counted.index.repeat(counted["w"].astype(int))].reset_index(drop=True)


def test_whole_weights_are_repeated_rows_in_every_point_estimate(
    weighted: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    counted, repeated = weighted
    w = counted["w"]
    pairs = [
        (mean_of(counted["age"], weights=w), mean_of(repeated["age"])),
        (share_of(counted["bought"], weights=w), share_of(repeated["bought"])),
        (net_promoter_score(counted["age"] % 11, weights=w), net_promoter_score(repeated["age"] % 11)),
        (
            correlation_of(counted["sat1"], counted["tru1"], weights=w),
            correlation_of(repeated["sat1"], repeated["tru1"]),
        ),
    ]
    for one, other in pairs:
        assert one.estimate == pytest.approx(other.estimate, rel=ROUNDING)
        assert one.n_obs < other.n_obs
    shares, again = answer_shares(counted["sat1"], weights=w), answer_shares(repeated["sat1"])
    assert shares["share"].tolist() == pytest.approx(again["share"].tolist())
    complete = counted.dropna()
    fit = fit_ols(complete, "sat1", ["tru1", "age"], weights=complete["w"])
    full = fit_ols(repeated.dropna(), "sat1", ["tru1", "age"])
    assert fit.coefficients == pytest.approx(full.coefficients, rel=ROUNDING)
    assert fit.fit_measures["r_squared"] == pytest.approx(full.fit_measures["r_squared"], rel=ROUNDING)


def test_whole_weights_are_repeated_rows_under_clusters_but_for_the_factor(
    weighted: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    counted, repeated = weighted
    one = mean_of(counted["age"], weights=counted["w"], clusters=counted["outlet"])
    other = mean_of(repeated["age"], clusters=repeated["outlet"])
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=ROUNDING)


def test_a_common_factor_of_weights_changes_nothing(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    data = frame.dropna()
    w = pd.Series(rng.uniform(0.2, 3, len(data)), data.index, name="w")
    for kind in ("hc1", "hc3", "cluster"):
        one, other = (
            fit_ols(data, "sat1", ["tru1"], covariance=kind, clusters=data["outlet"], weights=factor * w)  # type: ignore[arg-type]
            for factor in (1.0, 37.0)
        )
        same(one, other)
    share, again = (
        share_of(data["bought"], weights=factor * w, clusters=data["outlet"]) for factor in (1.0, 37.0)
    )
    assert (again.conf_low, again.conf_high) == pytest.approx((share.conf_low, share.conf_high), rel=ROUNDING)


# seeds and draws


def total_effects(study: Study, seed: int) -> list[PathEffect]:
    chain = fit_chain(study, "customers", binary=BINARY, seed=seed)
    return effects_between(chain, "service_quality", "loyalty")


def test_a_seed_repeats_its_draws_and_another_differs(made: ModuleType, frame: pd.DataFrame) -> None:
    study = made.survey(frame)
    first, again, other = (total_effects(study, seed)[-1].effect for seed in (1, 1, 2))
    assert again.draws.tolist() == first.draws.tolist()
    assert not np.isin(other.draws, first.draws).any()
    assert other.estimate == first.estimate
    logits = [fit_repurchase(study, seed=seed).draws for seed in (1, 1, 2)]
    assert logits[1].tolist() == logits[0].tolist()
    assert not np.isin(logits[2], logits[0]).any()


def test_the_difference_of_an_effect_and_itself_is_zero_in_every_draw(
    made: ModuleType, frame: pd.DataFrame
) -> None:
    study = made.survey(frame)
    for one, other in zip(total_effects(study, 1), total_effects(study, 1), strict=True):
        difference = one.effect - other.effect
        assert difference.estimate == 0.0
        assert difference.draws.tolist() == [0.0] * 60
        assert difference.draw_source == one.effect.draw_source
        assert "independent" not in " ".join(difference.assumptions)


def test_chain_and_logit_stand_on_the_same_resamples(made: ModuleType) -> None:
    """Of a bootstrap sample with a high share of buyers both must know: their draws go together."""
    study = made.survey(draws=400)
    fit = fit_repurchase(study, terms=["loyalty"])
    chain = fit_chain(study, "customers", binary=BINARY)
    frame = study.scores["customers"]
    shares = fit.counts @ frame["repurchase"].to_numpy() / fit.counts.sum(axis=1)
    middle = frame["loyalty"].mean()
    fitted = fit.draws[:, 1] + fit.draws[:, 0] * middle
    assert np.corrcoef(shares, fitted)[0, 1] > 0.7
    assert chain.draw_source == fit.draw_source


def test_total_is_direct_plus_indirect_in_every_draw(made: ModuleType, frame: pd.DataFrame) -> None:
    answers = total_effects(made.survey(frame), 3)
    by_kind = {(a.kind, a.via): a.effect for a in answers}
    total, direct, indirect = (by_kind[kind, ()] for kind in ("total", "direct", "indirect"))
    assert total.estimate == pytest.approx(direct.estimate + indirect.estimate, abs=1e-14)
    assert total.draws == pytest.approx(direct.draws + indirect.draws, abs=1e-14)


def test_bootstrap_and_sandwich_agree_on_a_linear_contrast(made: ModuleType) -> None:
    study = made.survey(made.survey_frame(1500), draws=2000, data={"customers": {}})
    chain = fit_chain(study, "customers", binary=BINARY)
    draws = chain.draws["satisfaction"] @ [1.0, -1.0]
    covariance = chain.fits["satisfaction"].robust.covariance
    contrast = np.array([1.0, -1.0, 0.0])
    sandwich = np.sqrt(contrast @ covariance @ contrast)
    # 2,000 draws know a deviation to 1.6 %; HC3 and the bootstrap differ by some k/n besides
    assert draws.std(ddof=1) == pytest.approx(sandwich, rel=4 * 0.016 + 0.005)


def test_cluster_bootstrap_and_sandwich_agree_on_a_linear_contrast(made: ModuleType) -> None:
    study = made.survey(made.survey_frame(3000, outlets=300), draws=2000)
    chain = fit_chain(study, "customers", binary=BINARY)
    draws = chain.draws["satisfaction"] @ [1.0, -1.0]
    covariance = chain.fits["satisfaction"].estimates.covariance
    contrast = np.array([1.0, -1.0, 0.0])
    sandwich = np.sqrt(contrast @ covariance @ contrast)
    # beside the 1.6 % of the draws, 300 clusters differ by terms of order 1/300
    assert draws.std(ddof=1) == pytest.approx(sandwich, rel=4 * 0.016 + 0.01)


# intervals


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 1e6), st.floats(0.5, 0.999))
def test_wilson_stays_in_the_unit_interval_and_holds_the_share(share: float, n: float, level: float) -> None:
    low, high = wilson_interval(share, n, level)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.5, 2), st.floats(0.5, 12), st.integers(1, 60))
def test_annuities_of_two_stretches_chain(rate: float, periods: float, horizon: int) -> None:
    first, both = annuity_factor(rate, periods, horizon), annuity_factor(rate, periods, 2 * horizon)
    discount = (1 + rate) ** (-horizon / periods)
    assert both == pytest.approx(first * (1 + discount), rel=1e-9)
