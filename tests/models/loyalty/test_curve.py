from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from servicefx.errors import DataError, StudyError
from servicefx.models.loyalty import fit_curve
from servicefx.models.loyalty.curve.bends import bend_row
from servicefx.models.loyalty.curve.folds import (
    FoldLosses,
    corrected_difference,
    fold_counts,
    fold_losses,
    verdicts,
)
from servicefx.models.loyalty.curve.forms import fit_form, forms_of
from servicefx.models.loyalty.curve.places import CurveRows, curve_rows
from servicefx.moments.resample_index import resample_counts

STRAIGHT, GIVEN, FREE = "straight line", "three zones, given", "three zones, estimated"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 700
    outlet = rng.integers(0, 50, n)
    shock = 0.2 * rng.standard_normal(50)[outlet]
    x = np.clip(np.round(4 * (4.4 + 1.3 * rng.standard_normal(n))) / 4, 1, 7)
    bent = 2 + 1.1 * np.maximum(x - 3, 0) - 1.0 * np.maximum(x - 5, 0)
    chance = 1 / (1 + np.exp(-(-2 + 1.6 * np.maximum(x - 3, 0) - 1.5 * np.maximum(x - 5, 0))))
    return pd.DataFrame(
        {
            "satisfaction": x,
            "loyalty": bent + shock + 0.5 * rng.standard_normal(n),
            "line": 1 + 0.6 * x + shock + 0.5 * rng.standard_normal(n),
            "bought": (rng.random(n) < chance).astype(float),
            "outlet": np.char.add("O", outlet.astype(str)),
            "weight": rng.uniform(0.5, 2, n),
        }
    )


def rows_of(frame: pd.DataFrame, outcome: str) -> CurveRows:
    return curve_rows(frame, outcome, "satisfaction", frame["outlet"], None)


def test_a_bend_is_chosen_where_there_is_one_and_not_where_there_is_none(frame: pd.DataFrame) -> None:
    bent = fit_curve(frame, "loyalty", zones=(3, 5), clusters=frame["outlet"], draws=100)
    assert bent.chosen == GIVEN
    row = bent.forms.set_index("model").loc[GIVEN]
    assert row["conf_high"] < 0
    assert bent.tests["p_value"].max() <= 0.01
    line = fit_curve(frame, "line", zones=(3, 5), clusters=frame["outlet"], draws=100)
    assert line.chosen == STRAIGHT
    assert line.tests["p_value"].min() > 0.05
    assert set(line.curve["series"]) == {STRAIGHT}
    assert set(bent.curve["series"]) == {GIVEN, STRAIGHT}


@pytest.mark.parametrize("outcome", ["loyalty", "bought"])
def test_each_draw_is_the_fit_of_its_rows(frame: pd.DataFrame, outcome: str) -> None:
    rows = rows_of(frame, outcome)
    counts = resample_counts(len(frame), 3, 7, "data", frame["outlet"])
    drawn = rows.tallies(counts[:, rows.kept])
    forms = {form.name: form for form in forms_of(rows, (3, 5), None)}
    straight = fit_form(forms[STRAIGHT], drawn, binary=rows.binary)
    for name in (STRAIGHT, "quadratic", "cubic", "S-shaped between ends of its own", GIVEN, FREE):
        many = fit_form(forms[name], drawn, binary=rows.binary, straight=straight)
        for place in range(3):
            again = frame.iloc[np.repeat(np.arange(len(frame)), counts[place].astype(int))]
            some = rows_of(again.reset_index(drop=True), outcome)
            one = some.tallies(np.ones((1, len(again))))
            base = fit_form(forms[STRAIGHT], one, binary=rows.binary)
            alone = fit_form(forms[name], one, binary=rows.binary, straight=base)
            # estimated knots of a resample stop short of the last digits
            rel = 2e-3 if name == FREE else 1e-7
            assert many.deviance[place] == pytest.approx(alone.deviance[0], rel=rel), name


def test_losses_out_of_sample_are_those_of_a_loop(frame: pd.DataFrame) -> None:
    rows = rows_of(frame, "loyalty")
    forms = [f for f in forms_of(rows, (3, 5), None) if f.name in (STRAIGHT, "quadratic")]
    everybody = rows.tallies(np.ones((1, len(rows.y))))
    sample = {form.name: fit_form(form, everybody, binary=False) for form in forms}
    losses = fold_losses(rows, forms, sample, 5, 2, seed=3)
    held, n_folds = fold_counts(rows, 5, 2, seed=3)
    assert n_folds == 5
    for fold, out in enumerate(held.astype(bool)):
        learn, test = frame[~out], frame[out]
        assert not set(learn["outlet"]) & set(test["outlet"])
        for power, name in ((1, STRAIGHT), (2, "quadratic")):
            curve = np.polyfit(learn["satisfaction"], learn["loyalty"], power)
            variance = np.mean((learn["loyalty"] - np.polyval(curve, learn["satisfaction"])) ** 2)
            squared = np.mean((test["loyalty"] - np.polyval(curve, test["satisfaction"])) ** 2)
            assert losses.squared[name][fold] == pytest.approx(squared, rel=1e-8)
            wanted = 0.5 * (np.log(2 * np.pi * variance) + squared / variance)
            assert losses.log_loss[name][fold] == pytest.approx(wanted, rel=1e-8)


def test_losses_of_shares_are_those_of_a_loop(frame: pd.DataFrame) -> None:
    rows = rows_of(frame, "bought")
    form = forms_of(rows, (3, 5), None)[0]
    everybody = rows.tallies(np.ones((1, len(rows.y))))
    losses = fold_losses(rows, [form], {form.name: fit_form(form, everybody, binary=True)}, 5, 1, seed=3)
    held, _ = fold_counts(rows, 5, 1, seed=3)
    for fold, out in enumerate(held.astype(bool)):
        learn, test = frame[~out], frame[out]
        fit = sm.Logit(learn["bought"], sm.add_constant(learn["satisfaction"])).fit(disp=0, tol=1e-12)
        chance = fit.predict(sm.add_constant(test["satisfaction"]))
        loss = -np.mean(test["bought"] * np.log(chance) + (1 - test["bought"]) * np.log(1 - chance))
        assert losses.log_loss[STRAIGHT][fold] == pytest.approx(loss, rel=1e-7)
        assert losses.squared[STRAIGHT][fold] == pytest.approx(np.mean((test["bought"] - chance) ** 2))


def test_overlap_of_folds_widens_the_interval() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 100))
    low, high = corrected_difference(left, right, 1 / 9, 0.95)[1:]
    naive = corrected_difference(left, right, 0.0, 0.95)
    # variance (1/100 + 1/9) in place of 1/100
    assert (high - low) / (naive[2] - naive[1]) == pytest.approx(np.sqrt(1 + 100 / 9))


def test_the_largest_gain_is_that_of_every_pair_of_knots(frame: pd.DataFrame) -> None:
    rows = rows_of(frame, "line")
    forms = {form.name: form for form in forms_of(rows, None, None)}
    everybody = rows.tallies(np.ones((1, len(rows.y))))
    straight = fit_form(forms[STRAIGHT], everybody, binary=False)
    lattice = forms[FREE].lattice
    row = bend_row(rows, lattice, straight, everybody, 99, seed=1)
    x, y = frame["satisfaction"].to_numpy(), frame["line"].to_numpy()
    line = sm.OLS(y, sm.add_constant(x)).fit()
    best = 0.0
    for a, b in zip(lattice.knots[lattice.first], lattice.knots[lattice.second], strict=True):
        design = np.column_stack([np.ones_like(x), x, np.maximum(x - a, 0), np.maximum(x - b, 0)])
        best = max(best, (line.ssr - sm.OLS(y, design).fit().ssr) / (2 * line.mse_resid))
    assert row["sup_f"] == pytest.approx(best, rel=1e-8)
    assert 0.01 <= row["p_value"] <= 1
    again = bend_row(rows, lattice, straight, everybody, 99, seed=1)
    assert again == row


def test_the_order_of_rows_does_not_matter_nor_do_units(frame: pd.DataFrame) -> None:
    one = fit_curve(frame, "loyalty", zones=(3, 5), draws=60, repeats=1)
    shuffled = frame.sample(frac=1, random_state=2).reset_index(drop=True)
    tens = shuffled.assign(satisfaction=10 * shuffled["satisfaction"], loyalty=100 * shuffled["loyalty"])
    two = fit_curve(tens, "loyalty", zones=(30, 50), draws=60, repeats=1)
    assert two.zones["estimate"].to_numpy() == pytest.approx(10 * one.zones["estimate"].to_numpy(), rel=1e-4)
    assert two.knots["estimate"].to_numpy() == pytest.approx(10 * one.knots["estimate"].to_numpy(), rel=1e-4)
    assert two.forms["delta_bic"].to_numpy() == pytest.approx(
        one.forms["delta_bic"].to_numpy(), abs=1e-4, nan_ok=True
    )
    assert two.tests["sup_f"].to_numpy() == pytest.approx(one.tests["sup_f"].to_numpy(), rel=1e-6)


def test_the_s_from_0_to_1_is_never_worse_than_the_logit_it_holds(frame: pd.DataFrame) -> None:
    forms = fit_curve(frame, "bought", zones=(3, 5), draws=60, repeats=1).forms.set_index("model")
    assert forms.loc["S-shaped between ends of its own", "logl"] >= forms.loc[STRAIGHT, "logl"] - 1e-9
    assert forms.loc[FREE, "logl"] >= forms.loc[GIVEN, "logl"] - 1e-6
    assert "S-shaped between the scale's ends" not in forms.index


def test_weights_of_two_are_rows_twice(frame: pd.DataFrame) -> None:
    heavy = pd.Series(np.where(np.arange(700) < 200, 2.0, 1.0), name="w")
    twice = pd.concat([frame, frame.iloc[:200]], ignore_index=True)
    for outcome in ("loyalty", "bought"):
        one = fit_curve(frame, outcome, zones=(3, 5), weights=heavy, draws=60, repeats=1)
        two = fit_curve(twice, outcome, zones=(3, 5), draws=60, repeats=1)
        given = one.zones["model"] == GIVEN
        assert one.zones["estimate"][given].tolist() == pytest.approx(two.zones["estimate"][given].tolist())
        straight = [fit.curve[fit.curve["series"] == STRAIGHT]["estimate"].tolist() for fit in (one, two)]
        assert straight[0] == pytest.approx(straight[1])


def test_many_different_values_are_grouped_and_it_is_said() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 7, 2000)
    table = pd.DataFrame({"satisfaction": x, "loyalty": 0.5 * x + rng.normal(size=2000)})
    fit = fit_curve(table, "loyalty", zones=(3, 5), draws=60, repeats=1)
    assert fit.cautions[0] == "'satisfaction' is grouped into 200 steps of 0.03"
    exact = np.polyfit(x, table["loyalty"], 1)[0]
    line = fit.curve[fit.curve["series"] == STRAIGHT]
    slope = np.ptp(line["estimate"]) / np.ptp(line["x"])
    assert slope == pytest.approx(exact, rel=1e-3)


def test_forms_that_cannot_be_fitted_say_why(frame: pd.DataFrame) -> None:
    high = frame.assign(satisfaction=frame["satisfaction"].clip(lower=4.0))
    fit = fit_curve(high, "loyalty", scale=(1, 3), zones=(3, 5), draws=60, repeats=1)
    forms = fit.forms.set_index("model")
    assert (
        forms.loc["S-shaped between the scale's ends", "undefined"] == "'loyalty' leaves its scale of 1 to 3"
    )
    assert "zone 1 of 3 holds 0 customers at 0 values" in forms.loc[GIVEN, "undefined"]
    assert np.isnan(forms.loc[GIVEN, "log_loss"])
    assert forms.loc[GIVEN, "choice"] == ""
    assert fit.tests.iloc[0]["undefined"] == forms.loc[GIVEN, "undefined"]
    assert set(fit.slopes) == {"defection", "indifference", "affection"}
    bare = fit_curve(frame, "loyalty", draws=60, repeats=1).forms.set_index("model")
    assert (
        bare.loc["S-shaped between the scale's ends", "undefined"]
        == "the scale of 'loyalty' has no known ends"
    )
    assert bare.loc[GIVEN, "undefined"].startswith("no zones are given, and the scale of 'satisfaction'")


def test_a_shift_in_seeds_moves_draws_and_nothing_else(frame: pd.DataFrame) -> None:
    one, two, three = (
        fit_curve(frame, "loyalty", zones=(3, 5), draws=60, repeats=1, seed=seed) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one.zones, two.zones)
    assert one.zones["estimate"].tolist() == three.zones["estimate"].tolist()
    assert one.zones["conf_low"].tolist() != three.zones["conf_low"].tolist()


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({}, {"zones": (5, 3)}, StudyError, "zones 5 to 3 do not rise"),
        ({}, {"folds": 1}, StudyError, "1 folds, 10 repetitions, 100 draws"),
        ({}, {"draws": 5}, StudyError, "at least 2 folds, 1 repetition and 50 draws"),
        ({"loyalty": 3.0}, {}, DataError, "'loyalty' is 3 in all 700 rows"),
        ({"satisfaction": lambda t: t["satisfaction"].clip(4, 5)}, {}, DataError, "5 different values of"),
        ({"loyalty": np.inf}, {}, DataError, "a value is infinite"),
        ({"loyalty": "high"}, {}, DataError, "'loyalty' is not numeric"),
        ({}, {"term": "loyalty"}, DataError, "outcome and term are the same column"),
        ({}, {"term": "trust"}, DataError, "column 'trust' is not in the data"),
        (
            {"loyalty": lambda t: t["loyalty"].where(t.index < 20)},
            {},
            DataError,
            "20 complete rows, at least 30",
        ),
    ],
)
def test_bad_input_is_refused(
    frame: pd.DataFrame, change: dict[str, object], options: dict[str, object], error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        fit_curve(frame.assign(**change), "loyalty", **({"draws": 100} | options))


def test_zones_that_separate_the_answers_are_not_said_to_differ(frame: pd.DataFrame) -> None:
    bought = np.zeros(len(frame))
    bought[frame.index[frame["satisfaction"].between(3.5, 4.5)][:3]] = 1.0
    found = fit_curve(frame.assign(bought=bought), "bought", zones=(3, 5), draws=100).tests.iloc[0]
    assert found["undefined"] == "some zone separates the answers: no finite slope"
    assert np.isnan(found["p_value"])


def test_a_form_that_predicts_worse_than_the_line_is_not_chosen() -> None:
    rng = np.random.default_rng(3)
    line = rng.normal(size=50)
    losses = FoldLosses(
        log_loss={STRAIGHT: line, "quadratic": line + 0.5 + 8.0 * (-1) ** np.arange(50), FREE: line - 0.5},
        squared={}, ratio=0.25, n_folds=10,
    )  # fmt: skip
    chosen, choice = verdicts(losses, {STRAIGHT: 2, "quadratic": 3, FREE: 6}, 0.95)
    assert losses.log_loss["quadratic"].mean() > line.mean()
    assert chosen == FREE
    assert choice.to_dict() == {STRAIGHT: "worse", "quadratic": "as good", FREE: "chosen"}


def test_one_draw_has_no_spread_of_knots(frame: pd.DataFrame) -> None:
    counts = resample_counts(len(frame), 1, 7, "data")
    knots = fit_curve(frame, "line", zones=(3, 5), counts=counts, source="one").knots
    assert np.isnan(knots["std_error"]).all()
    assert np.isfinite(knots["estimate"]).all()


@pytest.mark.parametrize("outcome", ["loyalty", "bought"])
@pytest.mark.parametrize("clustered", [False, True])
def test_the_test_of_given_zones_is_statsmodels(frame: pd.DataFrame, outcome: str, clustered: bool) -> None:
    clusters = frame["outlet"] if clustered else None
    found = fit_curve(frame, outcome, zones=(3, 5), clusters=clusters, draws=100).tests.iloc[0]
    x, n = frame["satisfaction"], len(frame)
    design = np.column_stack([np.ones(n), x - 3, np.maximum(x - 3, 0), np.maximum(x - 5, 0)])
    model = sm.OLS(frame[outcome], design) if outcome == "loyalty" else sm.Logit(frame[outcome], design)
    options = {} if outcome == "loyalty" else {"disp": 0, "tol": 1e-12}
    groups = pd.factorize(frame["outlet"])[0]
    if clustered:  # with its factor G/(G - 1) (n - 1)/(n - k)
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, **options)
        factor = 1.0
    else:
        fit, factor = model.fit(cov_type="HC0", **options), n / (n - 4)
    covariance = factor * np.asarray(fit.cov_params())[2:, 2:]
    gap = np.asarray(fit.params)[2:]
    assert found["sup_f"] == pytest.approx(gap @ np.linalg.solve(covariance, gap) / 2, rel=1e-6)
    assert found["df_residual"] == (49 if clustered else n - 4)
