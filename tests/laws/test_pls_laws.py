"""What must hold of composite models whatever the data: order, units, names, seeds, resamples, arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.pls_fit import PlsFit

TIGHT = {"tolerance": 1e-13, "max_iterations": 20_000}
SAME = 1e-9  # two searches that stop at 1e-13, from columns in another order
MEASURED = """
quality =~ q1 + q2 + q3
value <~ v1 + v2 + v3
price =~ p1
satisfaction =~ s1 + s2
loyalty =~ l1 + l2
"""
PATHS = """
value ~ quality + price
satisfaction ~ quality + value
loyalty ~ satisfaction + quality
"""
MODEL = MEASURED + PATHS
SECOND_ORDER = """
quality =~ q1 + q2 + q3
value =~ v1 + v2 + v3
worth {op} quality + value
price =~ p1
satisfaction =~ s1 + s2
loyalty =~ l1 + l2
worth ~ price
satisfaction ~ worth + price
loyalty ~ satisfaction
"""
PRODUCT = (
    MEASURED + "value ~ quality + price\nsatisfaction ~ quality + value + quality:value + quality:quality\n"
)
PRODUCT += "loyalty ~ satisfaction\n"
SCHEMES = ("path", "factorial", "centroid")


def survey(n: int = 150, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    quality, price = rng.normal(size=(2, n))
    value = 0.5 * quality - 0.4 * price + 0.7 * rng.normal(size=n)
    satisfaction = 0.5 * quality + 0.3 * value + 0.3 * quality * value + 0.7 * rng.normal(size=n)
    loyalty = 0.6 * satisfaction + 0.1 * quality + 0.8 * rng.normal(size=n)
    blocks = {"q": (quality, 3), "v": (value, 3), "p": (price, 1), "s": (satisfaction, 2), "l": (loyalty, 2)}
    return pd.DataFrame(
        {
            f"{name}{i}": (3 + i) + score + rng.uniform(0.5, 0.9) * rng.normal(size=n)
            for name, (score, size) in blocks.items()
            for i in range(1, size + 1)
        }
    )


def with_gaps(share: float = 0.05, seed: int = 8) -> pd.DataFrame:
    data = survey()
    return data.mask(np.random.default_rng(seed).random(data.shape) < share)


def figures(fit: PlsFit) -> dict[tuple[str, ...], float]:
    """Everything a fit says, by names."""
    found: dict[tuple[str, ...], float] = {}
    for name in ("paths", "weights", "loadings", "r2", "reliability", "htmt", "effect_sizes", "collinearity"):
        frame = getattr(fit, name).drop(columns=["undefined", "n_items"], errors="ignore")
        numbers = frame.select_dtypes("number").columns
        for row in frame.to_dict("records"):
            labels = [str(row[column]) for column in frame.columns if column not in numbers]
            labels = sorted(labels) if name == "htmt" else labels
            found |= {(name, *labels, column): row[column] for column in numbers}
    for row in fit.effects().to_dict("records"):
        found["effects", row["from"], row["to"], row["kind"], row["via"]] = row["estimate"]
    return found


def assert_same(one: PlsFit, two: PlsFit, tolerance: float = SAME) -> None:
    left, right = figures(one), figures(two)
    assert left.keys() == right.keys()
    for key, value in left.items():
        assert value == pytest.approx(right[key], rel=tolerance, abs=tolerance, nan_ok=True), key


CHOICES = [
    {},
    {"scheme": "factorial"},
    {"scheme": "centroid"},
    {"consistent": True},
    {"scaled": False},
    {"consistent": True, "scaled": False},
    {"mode": {"quality": "B", "value": "A"}},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_moments_say_what_rows_say(choices):
    data = survey()
    moments = Moments.from_frame(data)
    assert_same(pls.fit(MODEL, moments, **TIGHT, **choices), pls.fit(MODEL, data, **TIGHT, **choices))


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_order_of_rows_items_constructs_and_paths_changes_nothing(choices):
    data = survey()
    fit = pls.fit(MODEL, data, **TIGHT, **choices)
    shuffled = data.sample(frac=1, random_state=1)[list(reversed(data.columns))]
    turned = """
    loyalty ~ quality + satisfaction
    satisfaction ~ value + quality
    value ~ price + quality
    loyalty =~ l2 + l1
    satisfaction =~ s2 + s1
    price =~ p1
    value <~ v3 + v1 + v2
    quality =~ q2 + q3 + q1
    """
    assert_same(pls.fit(turned, shuffled, **TIGHT, **choices), fit)


@pytest.mark.parametrize("text", [SECOND_ORDER.format(op="=~"), SECOND_ORDER.format(op="<~"), PRODUCT])
def test_order_of_rows_and_columns_changes_nothing_in_models_of_several_stages(text):
    data = survey()
    fit = pls.fit(text, data, **TIGHT)
    lines = [line for line in text.strip().splitlines() if "~" in line]
    turned = "\n".join(reversed(lines))
    again = pls.fit(turned, data.iloc[::-1], **TIGHT)
    left = fit.paths.set_index(["lhs", "rhs"])["estimate"]
    right = again.paths.set_index(["lhs", "rhs"])["estimate"]
    np.testing.assert_allclose(right[left.index], left, rtol=SAME)


@pytest.mark.parametrize("choices", [{}, {"consistent": True}, {"mode": {"quality": "B"}}], ids=str)
def test_units_of_items_change_nothing_where_items_are_standardised(choices):
    data = survey()
    factor = 10.0 ** np.linspace(-6, 6, data.shape[1])
    assert_same(
        pls.fit(MODEL, data * factor - 40, **TIGHT, **choices), pls.fit(MODEL, data, **TIGHT, **choices), 1e-7
    )


def test_one_unit_for_all_items_changes_nothing_where_they_are_not():
    data = survey()
    fit = pls.fit(MODEL, data, scaled=False, **TIGHT)
    for factor in (1e-9, 1e9):
        again = pls.fit(MODEL, data * factor, scaled=False, **TIGHT)
        np.testing.assert_allclose(again.paths["estimate"], fit.paths["estimate"], rtol=1e-8)
        np.testing.assert_allclose(again.weights["estimate"] * factor, fit.weights["estimate"], rtol=1e-8)


def test_regression_weights_do_not_depend_on_units_even_unstandardised():
    data = survey()
    modes = dict.fromkeys(("quality", "value", "satisfaction", "loyalty"), "B")
    factor = 10.0 ** np.linspace(-5, 5, data.shape[1])
    one = pls.fit(MODEL, data * factor, mode=modes, scaled=False, **TIGHT)
    two = pls.fit(MODEL, data, mode=modes, **TIGHT)
    np.testing.assert_allclose(one.paths["estimate"], two.paths["estimate"], rtol=1e-7)


def test_names_change_nothing_chinese_ones_and_spaces_among_them():
    data = survey()
    names = {item: f"题 {item} (1–7)" for item in data.columns}
    text = MODEL
    for item, name in names.items():
        text = text.replace(item, f"'{name}'")
    text = text.replace("quality", "服务质量").replace("satisfaction", "'customer satisfaction'")
    again = pls.fit(text, data.rename(columns=names), **TIGHT)
    fit = pls.fit(MODEL, data, **TIGHT)
    np.testing.assert_allclose(list(figures(again).values())[: len(fit.paths)], fit.paths["estimate"])
    assert again.paths["rhs"].tolist()[0] == "服务质量"
    assert again.paths["lhs"].tolist()[2] == "customer satisfaction"
    np.testing.assert_allclose(again.weights["estimate"], fit.weights["estimate"], rtol=SAME)


# --- signs ---


def test_turning_an_item_turns_its_weight_and_nothing_else():
    data = survey()
    fit = pls.fit(MODEL, data, **TIGHT)
    again = pls.fit(MODEL, data.assign(q2=-data["q2"]), **TIGHT)
    np.testing.assert_allclose(again.paths["estimate"], fit.paths["estimate"], rtol=SAME)
    sign = np.where(fit.weights["item"] == "q2", -1.0, 1.0)
    np.testing.assert_allclose(again.weights["estimate"], sign * fit.weights["estimate"], rtol=SAME)
    assert any("goes against the other items" in str(problem.found) for problem in again.problems)


def test_turning_all_items_of_a_construct_turns_the_construct_and_the_paths_stay():
    # each composite points the way of its items: reversed answers are another construct, with other signs
    data = survey()
    fit = pls.fit(MODEL, data, **TIGHT)
    block = ["q1", "q2", "q3"]
    again = pls.fit(MODEL, data.assign(**{item: -data[item] for item in block}), **TIGHT)
    np.testing.assert_allclose(again.weights["estimate"], fit.weights["estimate"], rtol=SAME)
    sign = np.where(fit.paths["rhs"] == "quality", -1.0, 1.0)
    np.testing.assert_allclose(again.paths["estimate"], sign * fit.paths["estimate"], rtol=SAME)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_loadings_of_every_construct_sum_to_a_positive_number(seed, scheme):
    rng = np.random.default_rng(seed)
    data = survey(80, seed) * rng.choice([-1.0, 1.0], 11)
    fit = pls.fit(MODEL, data, scheme=scheme)
    assert (fit.loadings.groupby("construct")["estimate"].sum() > 0).all()
    assert "positive" in str(fit.settings["sign"])


# --- special cases that are known from elsewhere ---


@pytest.mark.parametrize("operator", ["=~", "<~"])
def test_schemes_agree_where_there_are_two_constructs(operator):
    text = f"quality {operator} q1 + q2 + q3; satisfaction =~ s1 + s2; satisfaction ~ quality"
    one, *others = (pls.fit(text, survey(), scheme=scheme, **TIGHT) for scheme in SCHEMES)
    for other in others:
        np.testing.assert_allclose(other.weights["estimate"], one.weights["estimate"], rtol=1e-8)
        np.testing.assert_allclose(other.paths["estimate"], one.paths["estimate"], rtol=1e-8)


def test_two_composed_constructs_are_canonical_variates():
    data = survey()
    fit = pls.fit("a <~ q1 + q2 + q3; b <~ s1 + s2; b ~ a", data, **TIGHT)
    R = np.corrcoef(data[["q1", "q2", "q3", "s1", "s2"]].T)
    inside = np.linalg.solve(R[:3, :3], R[:3, 3:]) @ np.linalg.solve(R[3:, 3:], R[3:, :3])
    canonical = np.sqrt(np.linalg.eigvals(inside).real.max())
    assert fit.paths["estimate"][0] == pytest.approx(canonical, rel=1e-10)


def test_constructs_of_one_item_are_a_regression():
    data = survey()
    text = "a =~ q1; b =~ v1; c =~ s1; c ~ a + b"
    z = (data - data.mean()) / data.std(ddof=0)
    expected = np.linalg.lstsq(z[["q1", "v1"]].to_numpy(), z["s1"].to_numpy())[0]
    for choices in CHOICES[:6]:
        fit = pls.fit(text, data, **choices)
        np.testing.assert_allclose(fit.paths["estimate"], expected, rtol=1e-10)
        np.testing.assert_allclose(fit.loadings["estimate"], 1.0, rtol=1e-12)


# --- arithmetic of what is said ---


@pytest.mark.parametrize("text", [MODEL, SECOND_ORDER.format(op="=~"), PRODUCT])
def test_total_effects_are_direct_and_indirect_ones_and_routes_sum_to_the_indirect_one(text):
    frame = pls.fit(text, survey()).effects()
    for _, rows in frame.groupby(["from", "to"]):
        total = rows[rows["kind"] == "total"]["estimate"].item()
        indirect = rows[(rows["kind"] == "indirect") & (rows["via"] == "all")]["estimate"].sum()
        assert total == pytest.approx(rows[rows["kind"] == "direct"]["estimate"].sum() + indirect, rel=1e-12)
        routes = rows[(rows["kind"] == "indirect") & (rows["via"] != "all")]["estimate"].sum()
        assert routes == pytest.approx(indirect, rel=1e-12)


@pytest.mark.parametrize("choices", [c for c in CHOICES if "consistent" not in c], ids=str)
def test_weights_times_rows_are_scores_that_give_every_correlation_path_and_share(choices):
    data = survey()
    fit = pls.fit(MODEL, data, **TIGHT, **choices)
    centred = data - data.mean()
    columns = centred / data.std(ddof=0) if choices.get("scaled", True) else centred
    scores = pd.DataFrame(
        {
            name: columns[rows["item"]].to_numpy() @ rows["estimate"].to_numpy()
            for name, rows in fit.weights.groupby("construct", sort=False)
        }
    )
    np.testing.assert_allclose(scores.std(ddof=0), 1.0, rtol=1e-10)
    names = list(fit.correlations.index)
    np.testing.assert_allclose(np.corrcoef(scores[names].T), fit.correlations, atol=1e-10)
    for outcome, share in zip(fit.r2["outcome"], fit.r2["estimate"], strict=True):
        terms = list(fit.model.terms(outcome))
        own = fit.paths[fit.paths["lhs"] == outcome]["estimate"].to_numpy()
        X, y = scores[terms].to_numpy(), scores[outcome].to_numpy()
        np.testing.assert_allclose(own, np.linalg.lstsq(X, y)[0], atol=1e-10)
        assert share == pytest.approx(np.corrcoef(y, X @ own)[0, 1] ** 2, rel=1e-9)
    for row in fit.loadings.itertuples():
        assert row.estimate == pytest.approx(np.corrcoef(data[row.item], scores[row.construct])[0, 1])


# --- resamples ---

RESAMPLED = [
    (MODEL, {}),
    (MODEL, {"scheme": "centroid"}),
    (MODEL, {"consistent": True}),
    (MODEL, {"scaled": False}),
    (MODEL, {"consistent": True, "scaled": False}),
    (MODEL, {"mode": {"quality": "B", "satisfaction": "B"}}),
    (MODEL, {"missing": "mean"}),
    (MODEL, {"missing": "listwise"}),
    (MODEL, {"missing": "mean", "consistent": True}),
    (SECOND_ORDER.format(op="=~"), {"second_order": "disjoint"}),
    (SECOND_ORDER.format(op="<~"), {"second_order": "disjoint"}),
    (SECOND_ORDER.format(op="=~"), {"second_order": "disjoint", "consistent": True}),
    (SECOND_ORDER.format(op="=~"), {"second_order": "embedded", "missing": "mean"}),
    (SECOND_ORDER.format(op="=~"), {"second_order": "repeated"}),
    (SECOND_ORDER.format(op="<~"), {"second_order": "disjoint", "scaled": False}),
    (PRODUCT, {}),
    (PRODUCT, {"scaled": False}),
    (PRODUCT, {"missing": "listwise"}),
]


@pytest.mark.parametrize(("text", "choices"), RESAMPLED, ids=str)
def test_every_draw_is_the_fit_of_its_repeated_rows(text, choices):
    data = with_gaps() if "missing" in choices else survey()
    fit = pls.fit(text, data, tolerance=1e-12, **choices)
    drawn = pls.bootstrap(fit, data, 3, seed=5, analysis_id="customers")
    counts = resample_counts(len(data), 3, 5, "customers").astype(int)
    for values, row in zip(drawn.draws, counts, strict=True):
        again = pls.fit(text, data.loc[data.index.repeat(row)], tolerance=1e-12, **choices)
        known = pls.bootstrap(again, data.loc[data.index.repeat(row)], 1).estimates
        np.testing.assert_allclose(values, known, rtol=1e-6, atol=1e-8)


def test_every_draw_is_the_fit_of_its_repeated_rows_also_by_likelihood():
    data = with_gaps()[["q1", "q2", "s1", "s2"]]
    text = "quality =~ q1 + q2; satisfaction =~ s1 + s2; satisfaction ~ quality"
    fit = pls.fit(text, data, missing="em")
    drawn = pls.bootstrap(fit, data, 3, seed=5, quantities=("paths", "weights"))
    for values, row in zip(drawn.draws, resample_counts(len(data), 3, 5, "data").astype(int), strict=True):
        again = pls.fit(text, data.loc[data.index.repeat(row)], missing="em")
        known = [*again.paths["estimate"], *again.weights["estimate"]]
        np.testing.assert_allclose(values, known, rtol=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_draws_are_those_of_the_rule_even_where_weak_data_have_several_fixed_points(scheme):
    # with unrelated items another start can lead to another answer: every draw starts as a fit does
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 11)), columns=survey().columns)
    fit = pls.fit(MODEL, noise, scheme=scheme, max_iterations=20_000)
    drawn = pls.bootstrap(fit, noise, 30, seed=2, quantities=("paths",))
    for values, row in zip(drawn.draws, resample_counts(50, 30, 2, "data").astype(int), strict=True):
        again = pls.fit(MODEL, noise.loc[noise.index.repeat(row)], scheme=scheme, max_iterations=20_000)
        np.testing.assert_allclose(values, again.paths["estimate"], rtol=1e-6)


@pytest.mark.parametrize("missing", ["listwise", "mean", "em"])
def test_the_three_rules_agree_where_nothing_is_missing(missing):
    data = survey()
    assert_same(pls.fit(MODEL, data, missing=missing, **TIGHT), pls.fit(MODEL, data, **TIGHT), 1e-7)


def test_seeds_repeat_and_differ_and_threads_change_nothing():
    data = survey(60)
    fit = pls.fit(MODEL, data)
    one = pls.bootstrap(fit, data, 1300, seed=4)
    for jobs in (1, 2, 5):
        again = pls.bootstrap(fit, data, 1300, seed=4, jobs=jobs)
        np.testing.assert_array_equal(again.draws, one.draws)
        np.testing.assert_array_equal(again.acceleration, one.acceleration)
    other = pls.bootstrap(fit, data, 50, seed=5, quantities=("paths",)).draws
    assert not np.isclose(other, pls.bootstrap(fit, data, 50, seed=4, quantities=("paths",)).draws).any()


def test_more_draws_leave_the_first_ones_as_they_were():
    data = survey(60)
    fit = pls.fit(MODEL, data)
    few, many = (pls.bootstrap(fit, data, draws, seed=4, quantities=("paths",)) for draws in (450, 1500))
    np.testing.assert_allclose(many.draws[:450], few.draws, rtol=1e-12)


def test_what_is_drawn_does_not_change_the_draws():
    data = survey(60)
    fit = pls.fit(MODEL, data)
    everything = pls.bootstrap(fit, data, 40, seed=4)
    paths = pls.bootstrap(fit, data, 40, seed=4, quantities=("htmt", "paths"))
    np.testing.assert_array_equal(everything.of("loyalty", "quality"), paths.of("loyalty", "quality"))
    place = everything.place("loyalty", "quality")
    assert everything.acceleration[place] == paths.acceleration[paths.place("loyalty", "quality")]


def test_rows_that_are_their_own_clusters_are_drawn_as_rows():
    data = survey(60)
    fit = pls.fit(MODEL, data)
    one = pls.bootstrap(fit, data, 30, seed=4)
    two = pls.bootstrap(fit, data, 30, seed=4, clusters=np.arange(60))
    np.testing.assert_array_equal(one.draws, two.draws)
    np.testing.assert_allclose(one.acceleration, two.acceleration, rtol=1e-10)


def test_every_row_twice_changes_no_estimate():
    data = survey()
    twice, once = pls.fit(MODEL, pd.concat([data, data]), **TIGHT), pls.fit(MODEL, data, **TIGHT)
    left, right = figures(twice), figures(once)
    for key, value in left.items():
        if key[-1] != "adjusted":  # that one knows n
            assert value == pytest.approx(right[key], rel=SAME, abs=SAME, nan_ok=True), key
