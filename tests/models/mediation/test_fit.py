"""Mediation by layout: what must hold whatever the data, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, IdentificationError
from servicefx.models.mediation import fit_layout
from servicefx.values.glossary import GLOSSARY

EXACT = 1e-12
LAYOUTS = (1, 4, 6, 7, 8, 14, 15, 58, 59)


def fitted(frame: pd.DataFrame, layout: int = 4, **options):
    mediators = [] if layout == 1 else ["m", "k"]
    moderator = {} if layout in (4, 6) else {"moderator": "w"}
    defaults = {"covariates": ["c"], "draws": 40, "seed": 1} | moderator | options
    return fit_layout(frame, layout, source="x", mediators=mediators, outcome="y", **defaults)


@pytest.mark.parametrize("layout", [4, 6])
def test_total_is_direct_plus_indirect_in_every_draw(mediated: pd.DataFrame, layout: int) -> None:
    fit = fitted(mediated, layout)
    total, direct = fit.answer("total").effect, fit.answer("direct").effect
    indirect = fit.answer("indirect").effect
    assert total.estimate == direct.estimate + indirect.estimate
    assert np.array_equal(total.draws, direct.draws + indirect.draws)
    routes = [effect.effect.estimate for effect in fit.effects if effect.kind == "indirect" and effect.via]
    assert sum(routes) == pytest.approx(indirect.estimate, rel=EXACT)


@pytest.mark.parametrize("layout", [4, 6])
def test_the_total_is_the_regression_without_mediators(mediated: pd.DataFrame, layout: int) -> None:
    alone = fit_ols(mediated, "y", ["x", "c"]).coefficient("x")
    assert fitted(mediated, layout).answer("total").effect.estimate == pytest.approx(alone, rel=1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_centring_changes_no_answer(mediated: pd.DataFrame, layout: int) -> None:
    centred, raw = fitted(mediated, layout), fitted(mediated, layout, centre=False)
    for one, other in zip(centred.effects, raw.effects, strict=True):
        assert one.effect.estimate == pytest.approx(other.effect.estimate, rel=1e-8)
        assert one.effect.draws == pytest.approx(other.effect.draws, rel=1e-6)
        assert one.acceleration == pytest.approx(other.acceleration, abs=1e-6)
    assert bool(centred.centres) == (layout not in (4, 6))
    said = [text for fit in centred.equations for text in fit.assumptions if text.startswith("centred")]
    assert bool(said) == bool(centred.centres)


@pytest.mark.parametrize("layout", [7, 8, 14, 15])
def test_a_contrast_is_the_index_times_the_distance(mediated: pd.DataFrame, layout: int) -> None:
    fit = fitted(mediated, layout)
    for mediator in ("m", "k"):
        index = fit.answer("index", (mediator,)).effect
        for effect in fit.effects:
            if effect.kind == "contrast" and effect.via == (mediator,):
                gap = effect.at - effect.less_at
                assert effect.effect.estimate == pytest.approx(gap * index.estimate, rel=1e-9)
                assert effect.effect.draws == pytest.approx(gap * index.draws, rel=1e-6)


@pytest.mark.parametrize("layout", [58, 59])
def test_where_both_steps_bend_there_is_no_index(mediated: pd.DataFrame, layout: int) -> None:
    assert "index" not in {effect.kind for effect in fitted(mediated, layout).effects}


def test_draws_are_regressions_of_the_resamples(mediated: pd.DataFrame) -> None:
    from servicefx.moments.resample_index import resample_counts

    fit = fitted(mediated, 7)
    counts = resample_counts(300, 40, 1, "data")[11].astype(int)
    drawn = mediated.loc[np.repeat(np.arange(300), counts)].reset_index(drop=True)
    again = fitted(drawn, 7, at=fit.values, draws=0)
    for one, other in zip(fit.effects, again.effects, strict=True):
        assert one.effect.draws[11] == pytest.approx(other.effect.estimate, rel=1e-7)


def test_the_order_of_rows_and_units_matter_only_as_they_should(mediated: pd.DataFrame) -> None:
    fit = fitted(mediated)
    shuffled = fitted(mediated.sample(frac=1, random_state=1))
    scaled = fitted(mediated.assign(x=mediated["x"] * 1000, m=mediated["m"] - 7, y=mediated["y"] / 10))
    for one, other, third in zip(fit.effects, shuffled.effects, scaled.effects, strict=True):
        assert one.effect.estimate == pytest.approx(other.effect.estimate, rel=1e-9)
        assert one.acceleration == pytest.approx(other.acceleration, abs=1e-9)
        factor = 1.0 if one.kind == "proportion" else 1e4
        assert third.effect.estimate * factor == pytest.approx(one.effect.estimate, rel=1e-8)
    for one, other in zip(fit.standardised, scaled.standardised, strict=True):
        assert one.effect.estimate == pytest.approx(other.effect.estimate, rel=1e-8)


def test_a_seed_repeats_and_another_differs(mediated: pd.DataFrame) -> None:
    first, again, other = (fitted(mediated, seed=seed).answer("total").effect for seed in (1, 1, 2))
    assert np.array_equal(first.draws, again.draws)
    assert not np.array_equal(first.draws, other.draws)


def test_clusters_are_drawn_whole_and_widen_the_interval(mediated: pd.DataFrame) -> None:
    one, two = np.random.default_rng(2).standard_normal((2, 20))[:, mediated["shop"]]
    frame = mediated.assign(x=mediated["x"] + 2 * one, m=mediated["m"] + one + 2 * two)
    rows = fitted(frame, draws=400).answer("indirect", ("m",)).effect.std_error
    shops = fitted(frame, draws=400, clusters=frame["shop"])
    assert shops.answer("indirect", ("m",)).effect.std_error > 1.2 * rows
    assert shops.equations[0].covariance_kind == "cluster: shop (20)"


def test_a_source_of_two_values_is_not_standardised_by_its_own_spread(mediated: pd.DataFrame) -> None:
    frame = mediated.assign(x=(mediated["x"] > 4).astype(float))
    fit = fitted(frame)
    whole = next(effect for effect in fit.standardised if effect.kind == "total")
    spread = frame["y"].std(ddof=0)
    assert whole.effect.estimate == pytest.approx(fit.answer("total").effect.estimate / spread, rel=1e-9)
    assert whole.effect.unit == "standard deviations per unit"


def test_no_share_is_mediated_where_signs_oppose(mediated: pd.DataFrame) -> None:
    fit = fitted(mediated.assign(y=mediated["y"] - mediated["x"]))
    share = fit.answer("proportion").effect
    assert np.isnan(share.estimate)
    assert share.undefined == (
        "direct and indirect effects do not all have one sign, so none is a share of the total"
    )
    assert np.isnan(share.draws).all()


def test_moderator_values_are_both_of_two_or_three_percentiles(mediated: pd.DataFrame) -> None:
    assert fitted(mediated, 7).values == pytest.approx(np.quantile(mediated["w"], [0.16, 0.5, 0.84]).tolist())
    groups = mediated.assign(w=np.where(mediated["w"] > 0, 3.0, 1.0))
    assert fitted(groups, 7).values == (1.0, 3.0)
    assert fitted(mediated, 7, at=[0]).values == (0.0,)
    weighted = fitted(mediated, 7, weights=pd.Series(np.ones(300), name="v")).values
    assert weighted == pytest.approx(fitted(mediated, 7).values, abs=0.03)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_table_speaks_the_glossary_and_the_fit_is_kept_by_pickle(
    mediated: pd.DataFrame, layout: int
) -> None:
    fit = fitted(mediated, layout)
    for interval in ("percentile", "bc", "bca"):
        table = fit.table(interval=interval)
        assert set(table.columns) <= set(GLOSSARY)
        assert ((table["conf_low"] < table["conf_high"]) | (table["undefined"] != "")).all()
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.table(), fit.table())


def test_without_draws_there_are_no_intervals(mediated: pd.DataFrame) -> None:
    table = fitted(mediated, draws=0).table(interval="bca")
    assert table[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert (table["interval"] == "").all()


@pytest.mark.parametrize("name", ["bought", "visited"])
def test_two_answers_are_sent_to_natural_effects(mediated: pd.DataFrame, name: str) -> None:
    roles = (
        {"outcome": name, "mediators": ["m"]} if name == "bought" else {"outcome": "y", "mediators": [name]}
    )
    with pytest.raises(DataError, match=rf"'{name}' holds two values only.*\n.*Ask for natural_effects"):
        fit_layout(mediated, source="x", **roles)


def test_terms_that_can_be_computed_from_others_are_refused(mediated: pd.DataFrame) -> None:
    frame = mediated.assign(twice=2 * mediated["x"] + 1)
    with pytest.raises(IdentificationError, match="computed exactly from the others: 'twice'"):
        fitted(frame, covariates=["twice"])


def test_moderator_values_that_are_no_numbers_are_refused(mediated: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"values \[nan\] of 'w', expected numbers"):
        fitted(mediated, 7, at=[float("nan")])


def test_an_effect_that_is_not_there_is_named_beside_those_there_are(mediated: pd.DataFrame) -> None:
    with pytest.raises(
        KeyError, match=r"no effect 'indirect' via \('q',\) at None \(there are: .*indirect m"
    ):
        fitted(mediated).answer("indirect", ("q",))


def test_two_answers_of_other_codes_are_to_be_recoded(mediated: pd.DataFrame) -> None:
    coded = mediated.assign(y=mediated["bought"] + 1)
    with pytest.raises(DataError, match=r"'y' holds 1 and 2 only, expected 0 and 1[^.]*Recode it to 0 and 1"):
        fit_layout(coded, source="x", mediators=["m"], outcome="y", draws=0)


def test_percentiles_of_weighted_rows_are_those_at_which_the_weight_is_reached(
    mediated: pd.DataFrame,
) -> None:
    ranked = mediated.iloc[:100].assign(w=np.arange(1.0, 101.0))
    even = fitted(ranked, 7, moderator="w", weights=pd.Series(np.full(100, 2.0), name="weight"), draws=0)
    assert even.values == (16.0, 50.0, 84.0)
    heavy = pd.Series(np.where(ranked["w"] > 90, 9.0, 1.0), name="weight")  # half the weight on the top tenth
    assert fitted(ranked, 7, moderator="w", weights=heavy, draws=0).values == (29.0, 90.0, 97.0)
