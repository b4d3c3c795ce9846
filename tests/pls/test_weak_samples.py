"""Samples that hardly hold a model: several solutions, no rows, units beyond floats, unlike scales."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import DataError
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.criteria.fit_measures import implied_correlations
from servicefx.pls.exact_fit import exact_fit_draws
from servicefx.pls.groups.grouped import grouped
from servicefx.pls.groups.permutation import pair_statistics
from servicefx.pls.sample import sample_of

MODEL = "a =~ a1 + a2 + a3; b =~ b1 + b2 + b3; c =~ c1 + c2 + c3; b ~ a; c ~ a + b"
ITEMS = [f"{name}{i}" for name in "abc" for i in (1, 2, 3)]
CHOICES = {"scheme": "centroid", "max_iterations": 2000}


def noise(n: int = 60) -> pd.DataFrame:
    """Unrelated items, where the search finds another solution from other weights."""
    return pd.DataFrame(np.random.default_rng(4).normal(5, 2, size=(n, 9)), columns=ITEMS)


def related(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    a = rng.normal(size=n)
    b = 0.6 * a + rng.normal(size=n)
    c = 0.4 * a + 0.4 * b + rng.normal(size=n)
    columns = [score + rng.normal(size=n) for score in (a, b, c) for _ in range(3)]
    return pd.DataFrame(dict(zip(ITEMS, columns, strict=True)))


def test_every_division_of_groups_has_the_answer_of_a_fit_to_its_rows():
    data = noise()
    asked = grouped(pls.fit(MODEL, data, **CHOICES), data.assign(group=["x", "y"] * 30), "group")
    pair = asked.pairs()[0]
    divisions = np.random.default_rng(1).permuted(np.tile(pair.first, (25, 1)), axis=1)
    found = pair_statistics(asked, pair, divisions, ("paths",))
    for at in np.flatnonzero(~found.failed):  # a few go round in circles
        division = divisions[at]
        for values, rows in ((found.left[at], division), (found.right[at], ~division)):
            again = pls.fit(MODEL, data[rows], **CHOICES)
            np.testing.assert_allclose(values, again.paths["estimate"], rtol=1e-6, atol=1e-8)
    assert found.failed.sum() < 5


def test_the_groups_of_a_comparison_have_the_answers_of_their_fits():
    for seed in range(8):
        data = pd.DataFrame(np.random.default_rng(seed).normal(size=(60, 9)), columns=ITEMS)
        asked = grouped(pls.fit(MODEL, data, **CHOICES), data.assign(group=["x", "y"] * 30), "group")
        again = pls.fit(MODEL, data[::2], **CHOICES)
        np.testing.assert_allclose(asked.solution_of("x").paths[0], again.paths["estimate"], rtol=1e-6)


def test_rows_held_out_are_predicted_by_the_fit_to_the_others():
    for seed in range(8):
        data = pd.DataFrame(np.random.default_rng(seed).normal(size=(60, 9)), columns=ITEMS)
        fold = np.arange(60) % 4
        fit = pls.fit(MODEL, data, **CHOICES)
        found = pls.held_out_predictions(fit, data, fold_index=fold, targets="b")["b"]
        for number in range(4):
            again = pls.fit(MODEL, data[fold != number], **CHOICES)
            score = pls.scores(again, data[fold == number])["a"]
            np.testing.assert_allclose(
                found[fold == number], again.paths["estimate"][0] * score, rtol=1e-5, atol=1e-8
            )


def test_importance_is_drawn_from_the_fits_of_resamples():
    for seed in (2, 3):
        data = pd.DataFrame(np.random.default_rng(seed).normal(size=(60, 9)), columns=ITEMS)
        fit = pls.fit(MODEL, data, **CHOICES)
        asked = {"target": "c", "scale": (-10, 10)}
        found = pls.importance_performance(fit, data=data, draws=25, seed=2, **asked).constructs[:2]
        drawn = []
        for row in resample_counts(60, 25, 2, "data").astype(int):
            again = pls.fit(MODEL, data.loc[data.index.repeat(row)], **CHOICES)
            drawn.append(pls.importance_performance(again, **asked).constructs["importance"][:2])
        # of 25 draws the 2.5th percentile is the lowest
        np.testing.assert_allclose(found["importance_low"], np.nanmin(drawn, axis=0), rtol=1e-5)
        np.testing.assert_allclose(found["importance_high"], np.nanmax(drawn, axis=0), rtol=1e-5)


@pytest.mark.parametrize("missing", ["listwise", "mean"])
def test_a_resample_without_any_row_that_enters_has_no_answer(missing):
    data = related(80)
    data.iloc[:40] = np.nan
    fit = pls.fit(MODEL, data, missing=missing)
    clusters = np.repeat([0, 1], 40)
    without = resample_counts(80, 60, 1, "data", clusters)[:, -1] == 0
    drawn = pls.bootstrap(fit, data, 60, seed=1, clusters=clusters)
    assert 0 < without.sum() < 60
    np.testing.assert_array_equal(drawn.failed, without)
    np.testing.assert_allclose(drawn.draws[~without][:, :3], [fit.paths["estimate"]] * int((~without).sum()))


@pytest.mark.parametrize("unit", [1e-160, 1e-70, 1e70, 1e160])
@pytest.mark.parametrize("choices", [{}, {"scaled": False}])
def test_units_beyond_what_floats_hold_are_refused_by_the_item(unit, choices):
    data = related()
    data["b2"] *= unit
    with pytest.raises(
        DataError, match=r"item 'b2': its standard deviation, .* is beyond what can be computed with"
    ):
        pls.fit(MODEL, data, **choices)
    data["b2"] *= 1e-20 if unit == 1e160 else 1.0
    data["b2"] /= unit * (1e-20 if unit == 1e160 else 1.0)
    pls.fit(MODEL, data, **choices)


def test_units_far_apart_change_no_standardised_number():
    data = related()
    units = 10.0 ** np.random.default_rng(2).uniform(-30, 30, size=9)
    text = f"{MODEL}; c ~ a:b"
    one, other = pls.fit(text, data), pls.fit(text, data * units)
    np.testing.assert_allclose(other.paths["estimate"], one.paths["estimate"], rtol=1e-8)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("kind", ["saturated", "estimated"])
def test_rows_in_which_the_model_holds_keep_the_units_of_the_items(scaled, kind):
    data = related() * [1, 5, 0.2, 1, 3, 1, 0.5, 10, 1]
    text = MODEL.replace("c ~ a + b", "c ~ b")
    fit = pls.fit(text, data, scaled=scaled)
    counts = resample_counts(len(data), 3, 1, "data")
    found = exact_fit_draws(fit, sample_of(fit.model, data, "listwise"), counts, kind)
    Sigma = implied_correlations(fit, fit.solution, kind)[0]
    deviation = data.std(ddof=0).to_numpy()
    standardised = (data - data.mean()).to_numpy() / deviation
    held = standardised @ power(np.corrcoef(standardised.T), -0.5) @ power(Sigma, 0.5) * deviation
    for at, row in enumerate(counts.astype(int)):
        again = pls.fit(text, pd.DataFrame(np.repeat(held, row, axis=0), columns=ITEMS), scaled=scaled)
        end = "" if kind == "saturated" else "_estimated"
        assert found["srmr"][at] == pytest.approx(again.measures["srmr" + end], rel=1e-7)


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def test_repeated_items_are_counted_where_their_reliability_is_that_of_all():
    text = "a =~ a1 + a2 + a3; b =~ b1 + b2 + b3; w =~ a + b; c =~ c1 + c2 + c3; c ~ w"
    for way, number in (("repeated", 6), ("embedded", 2), ("disjoint", 2)):
        frame = pls.fit(text, related(), second_order=way).reliability.set_index("construct")
        assert frame["n_items"].to_dict() == {"a": 3, "b": 3, "w": number, "c": 3}


@pytest.mark.parametrize("way", ["repeated", "embedded", "disjoint"])
def test_a_whole_beside_a_part_of_another_has_no_ratio_and_says_why(way):
    text = """a =~ a1 + a2
        b =~ a3 + b1
        w =~ a + b
        c =~ b2 + b3
        d =~ c1 + c2
        v =~ c + d
        v ~ w"""
    frame = pls.fit(text, related(), second_order=way).htmt.set_index(["left", "right"])
    told = {pair: why for pair, why in frame["undefined"].items() if why}
    assert told["a", "v"] == "'a' is part of 'w', which is compared with 'v'"
    assert set(told) == {("a", "v"), ("b", "v"), ("w", "c"), ("w", "d")}
    assert frame.loc[list(told), "ratio"].isna().all()
    assert frame["ratio"].notna().sum() == len(frame) - 4
