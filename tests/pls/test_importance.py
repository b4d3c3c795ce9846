import json

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import DataError, StudyError
from servicefx.moments.moments import Moments
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.importance import importance_performance
from servicefx.sem.resampling.intervals import interval_columns
from servicefx.values.glossary import GLOSSARY

GOLDEN = "tests/golden/pls"
MODEL = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1 + s2; v ~ q; s ~ q + v"
WHOLE = "a =~ q1 + q2; b =~ v1 + v2; w <~ a + b; s =~ s1 + s2; s ~ w"


def survey(n: int = 120, seed: int = 5) -> pd.DataFrame:
    """Answers from 1 to 7."""
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.4 * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 6))
    columns = {"q1": q, "q2": q, "v1": v, "v2": 0.5 * v, "s1": s, "s2": s}
    return pd.DataFrame(
        {
            name: np.clip(np.round(4.5 + part + noise[:, i]), 1, 7)
            for i, (name, part) in enumerate(columns.items())
        }
    )


@pytest.mark.parametrize("case", ["importance", "importance_loyalty"])
def test_maps_of_the_customer_survey_are_those_of_the_row_by_row_reference(repository, case):
    folder = repository / GOLDEN / case
    settings = json.loads((folder / "settings.json").read_text())
    data = pd.read_csv(repository / "data/raw/mobi.csv")
    fit = pls.fit((folder / "model.txt").read_text(), data, scheme=settings["scheme"])
    expected = pd.read_csv(folder / "reference.csv", keep_default_na=False)
    expected = expected.set_index(["quantity", "subject", "other"])["value"].astype(float)
    target = settings["target"]
    found = importance_performance(fit, target, data, scale=tuple(settings["scale"]), draws=0)
    assert found.constructs["construct"].tolist()[-1] == target
    assert len(found.constructs) - 1 == sum(key[0] == "importance" for key in expected.index)
    for row in found.constructs.itertuples():
        np.testing.assert_allclose(row.performance, expected["performance", row.construct, ""], rtol=1e-9)
        if row.construct == target:
            assert np.isnan(row.importance)
            continue
        np.testing.assert_allclose(row.importance, expected["importance", target, row.construct], rtol=1e-8)
        standardised = expected["standardised_importance", target, row.construct]
        np.testing.assert_allclose(row.importance_standardised, standardised, rtol=1e-8)
    for row in found.items.itertuples():
        np.testing.assert_allclose(row.weight, expected["item_weight", row.construct, row.item], rtol=1e-8)
        np.testing.assert_allclose(
            row.performance, expected["item_performance", row.construct, row.item], rtol=1e-9
        )
        if row.construct != target:
            np.testing.assert_allclose(
                row.importance, expected["item_importance", target, row.item], rtol=1e-8
            )


def test_importance_is_the_slope_of_rescaled_scores():
    data = survey()
    scale = {item: (1, 7) for item in data} | {"q1": (0, 10), "v2": (1, 9)}
    found = importance_performance(pls.fit(MODEL, data), "s", data, scale=scale, draws=0)
    rescaled = pd.DataFrame(
        {item: 100 * (data[item] - low) / (high - low) for item, (low, high) in scale.items()}
    )
    weights = found.items.set_index(["construct", "item"])["weight"]
    scores = {
        name: sum(rescaled[item] * weight for item, weight in weights[name].items())
        for name in ("q", "v", "s")
    }
    np.testing.assert_allclose(weights.groupby("construct").sum(), 1.0)
    first = np.polyfit(scores["q"], scores["v"], 1)[0]
    design = np.column_stack([np.ones(len(data)), scores["q"], scores["v"]])
    _, direct, second = np.linalg.lstsq(design, scores["s"], rcond=None)[0]
    table = found.constructs.set_index("construct")
    np.testing.assert_allclose(table.loc["v", "importance"], second, rtol=1e-7)
    np.testing.assert_allclose(table.loc["q", "importance"], direct + first * second, rtol=1e-7)
    np.testing.assert_allclose(table["performance"], [np.mean(scores[name]) for name in table.index])


def test_the_whole_is_made_of_its_parts():
    data = survey()
    for second_order in ("disjoint", "embedded"):
        fit = pls.fit(WHOLE, data, second_order=second_order)
        found = importance_performance(fit, "s", data, scale=(1, 7), draws=0)
        table = found.constructs.set_index("construct")
        assert table["part_of"].to_dict() == {"w": "", "a": "w", "b": "w", "s": ""}
        parts = table.loc[["a", "b"]]
        np.testing.assert_allclose(parts["importance"].sum(), table.loc["w", "importance"])
        shares = parts["importance"] / table.loc["w", "importance"]
        np.testing.assert_allclose((shares * parts["performance"]).sum(), table.loc["w", "performance"])
        items = found.items.set_index("item")
        np.testing.assert_allclose(items.loc[["q1", "q2"], "importance"].sum(), parts.loc["a", "importance"])
    repeated = importance_performance(pls.fit(WHOLE, data, second_order="repeated"), "s", data, draws=0)
    assert repeated.constructs["construct"].tolist() == ["w", "s"]


@pytest.mark.parametrize("missing", ["listwise", "mean"])
def test_intervals_are_those_of_fits_to_repeated_rows(missing):
    data = survey()
    data.loc[[4, 9], "v1"] = np.nan
    fit = pls.fit(MODEL, data, missing=missing)
    found = importance_performance(fit, "s", data, scale=(1, 7), draws=12, seed=3, level=0.8)
    frames = []
    for row in resample_counts(120, 12, 3, "data").astype(int):
        again = data.loc[data.index.repeat(row)]
        refit = pls.fit(MODEL, again, missing=missing)
        frames.append(importance_performance(refit, "s", again, scale=(1, 7), draws=0))
    for name in ("constructs", "items"):
        table = getattr(found, name)
        for measure in ("importance", "performance"):
            drawn = np.array([getattr(each, name)[measure] for each in frames])
            bounds = interval_columns(
                table[measure].to_numpy(), drawn, np.zeros(len(table)), "percentile", 0.8
            )
            np.testing.assert_allclose(table[f"{measure}_low"], bounds["conf_low"], rtol=1e-6)
            np.testing.assert_allclose(table[f"{measure}_high"], bounds["conf_high"], rtol=1e-6)
    assert found.notes[1] == "percentile intervals from data: 12 resamples of rows, seed 3"
    assert found.n_failed == 0


def test_whole_clusters_are_drawn():
    data, outlets = survey(), np.arange(120) // 10
    fit = pls.fit(MODEL, data)
    found = importance_performance(fit, "s", data, scale=(1, 7), draws=300, clusters=outlets)
    assert "resamples of clusters" in found.notes[1]
    plain = importance_performance(fit, "s", data, scale=(1, 7), draws=300)
    assert (found.constructs["importance_low"] != plain.constructs["importance_low"]).all()


def test_without_a_scale_the_observed_range_stands_for_it_and_is_named():
    data = survey()
    found = importance_performance(pls.fit(MODEL, data), "s", data, draws=0)
    assert found.scale["q1"] == (data["q1"].min(), data["q1"].max())
    assert found.notes[0].startswith("scale: observed range of each item")
    expected = 100 * (data["q1"].mean() - data["q1"].min()) / (data["q1"].max() - data["q1"].min())
    assert found.items.set_index("item").loc["q1", "performance"] == pytest.approx(expected)


def test_moments_and_a_scale_need_no_rows():
    data = survey()
    found = importance_performance(pls.fit(MODEL, Moments.from_frame(data)), "s", scale=(1, 7))
    rows = importance_performance(pls.fit(MODEL, data), "s", data, scale=(1, 7), draws=0)
    pd.testing.assert_frame_equal(found.constructs, rows.constructs)
    assert found.constructs["importance_low"].isna().all()
    assert "no intervals without resamples" in found.constructs["undefined"][0]


def test_the_units_of_answers_change_nothing():
    data = survey()
    other = data * 10 + 3
    found = importance_performance(pls.fit(MODEL, data), "s", data, scale=(1, 7), draws=0)
    moved = importance_performance(pls.fit(MODEL, other), "s", other, scale=(13, 73), draws=0)
    pd.testing.assert_frame_equal(found.constructs, moved.constructs, rtol=1e-8)
    pd.testing.assert_frame_equal(found.items, moved.items, rtol=1e-8)


def test_a_negative_weight_is_flagged_by_name():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2))
    x[:, 1] += 0.9 * x[:, 0]
    y = x[:, 0] - 0.4 * x[:, 1] + 0.3 * rng.normal(size=300)
    data = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": y})
    found = importance_performance(pls.fit("c <~ x1 + x2; o =~ y; o ~ c", data), "o", data, draws=0)
    text = "negative weight of 'x2': performance is no average of the items"
    assert found.constructs["caution"].tolist() == [text, ""]
    assert found.items.set_index("item").loc["x2", "caution"] == "negative weight"
    assert "construct 'c': negative weight of 'x2'" in str(found.problems[0])


def test_effects_of_factors_hold_at_the_mean_of_the_other_and_products_have_no_row():
    data = survey()
    fit = pls.fit(MODEL + "; s ~ q:v", data)
    found = importance_performance(fit, "s", data, scale=(1, 7), draws=0)
    assert found.constructs["construct"].tolist() == ["q", "v", "s"]
    effects = fit.effects()
    total = effects[(effects["to"] == "s") & (effects["kind"] == "total")].set_index("from")["estimate"]
    np.testing.assert_allclose(found.constructs["importance_standardised"][:2], total[["q", "v"]])
    assert "hold at the mean of its other factor" in found.notes[-1]


def test_columns_are_those_of_the_glossary_and_seeds_repeat():
    data = survey()
    fit = pls.fit(MODEL, data)
    found = importance_performance(fit, "s", data, scale=(1, 7), draws=50, seed=2)
    assert {*found.constructs, *found.items} <= set(GLOSSARY)
    again = importance_performance(fit, "s", data, scale=(1, 7), draws=50, seed=2)
    pd.testing.assert_frame_equal(found.constructs, again.constructs)
    assert repr(found) == "ImportancePerformance: target s, 2 constructs, n = 120"


@pytest.mark.parametrize(
    ("target", "arguments", "error", "message"),
    [
        ("ss", {}, StudyError, r"target: no construct 'ss' \(closest: 's'\)"),
        ("q", {}, StudyError, "target: nothing explains 'q'"),
        ("s", {"scale": (7, 1)}, StudyError, r"scale: \(7, 1\) for item 'q1' is not a lowest and a highest"),
        ("s", {"scale": {"q1": (1, 7)}}, StudyError, "scale: item 'q2' has none"),
        ("s", {"scale": (1, 5)}, DataError, "item 'q1': answers from 1 to 7, outside the scale 1 to 5"),
        ("s", {"draws": -1}, StudyError, "draws: -1, a whole number from 0"),
        ("s", {"level": 95}, StudyError, "level: 95 is not between 0 and 1"),
    ],
)
def test_what_makes_no_map_is_refused(target, arguments, error, message):
    data = survey()
    with pytest.raises(error, match=message):
        importance_performance(pls.fit(MODEL, data), target, data, **arguments)


def test_rows_or_means_that_are_needed_are_asked_for():
    data = survey()
    fit = pls.fit(MODEL, data)
    with pytest.raises(DataError, match="scale: neither a scale nor the rows"):
        importance_performance(fit, "s")
    with pytest.raises(DataError, match="data: absent, but 100 resamples need rows"):
        importance_performance(fit, "s", scale=(1, 7), draws=100)
    with pytest.raises(DataError, match=r"item 'q1': a mean of 4\.\d+, outside the scale 1 to 2"):
        importance_performance(fit, "s", scale=(1, 2))
    without = pls.fit(MODEL, Moments.from_covariance(data.cov(), n_obs=120))
    with pytest.raises(DataError, match="holds no means of the items"):
        importance_performance(without, "s", scale=(1, 7))


def test_factors_behind_composites_have_no_performance():
    data = survey()
    with pytest.raises(StudyError, match="whose scores and performance no row tells"):
        importance_performance(pls.fit(MODEL, data, consistent=True), "s", data)
