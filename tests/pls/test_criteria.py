"""Criteria of a fit of composites, each made again from rows."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.pls.criteria.collinearity import inflation
from servicefx.pls.criteria.fit_measures import distances
from servicefx.values.glossary import GLOSSARY

MODEL = """
q =~ q1 + q2 + q3
f <~ f1 + f2
o =~ o1
v =~ v1 + v2
s =~ s1 + s2 + s3
v ~ q + f
s ~ q + v + o
"""


def survey(n: int = 150, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    q, f, o = rng.normal(size=(3, n))
    v = 0.5 * q + 0.4 * f + rng.normal(size=n)
    s = 0.4 * q + 0.3 * v + 0.2 * o + rng.normal(size=n)
    blocks = {"q": (q, 3), "f": (f, 2), "o": (o, 1), "v": (v, 2), "s": (s, 3)}
    return pd.DataFrame(
        {
            f"{name}{i}": score + rng.uniform(0.5, 1) * rng.normal(size=n)
            for name, (score, size) in blocks.items()
            for i in range(1, size + 1)
        }
    )


DATA = survey()
FIT = pls.fit(MODEL, DATA, tolerance=1e-13)
SCORES = pls.scores(FIT, DATA)
R = DATA.corr()


def test_every_frame_has_glossary_columns():
    for name in (
        "reliability", "htmt", "cross_loadings", "fornell_larcker", "collinearity", "effect_sizes", "r2",
        "interactions",
    ):  # fmt: skip
        assert set(getattr(FIT, name).columns) <= set(GLOSSARY), name


# --- reliability ---


def test_reliability_is_made_of_loadings_and_undefined_ones_say_why():
    frame = FIT.reliability.set_index("construct")
    loadings = FIT.loadings.set_index(["construct", "item"])["estimate"]
    for name in ("q", "v", "s"):
        own, among = loadings[name].to_numpy(), R.loc[loadings[name].index, loadings[name].index]
        k = len(own)
        assert frame["alpha"][name] == pytest.approx(k / (k - 1) * (1 - k / among.to_numpy().sum()))
        assert frame["average_variance_extracted"][name] == pytest.approx(np.mean(own**2))
        composite = own.sum() ** 2 / (own.sum() ** 2 + np.sum(1 - own**2))
        assert frame["composite_reliability"][name] == pytest.approx(composite)
        assert frame["undefined"][name] == ""
        assert frame["n_items"][name] == k
    for name, why in (("f", "formative: its items need not agree"), ("o", "one item")):
        assert frame["undefined"][name] == why
        numbers = frame.loc[name, ["alpha", "rho_a", "composite_reliability", "average_variance_extracted"]]
        assert numbers.isna().all()


def test_a_reflective_construct_in_mode_b_has_no_reliability():
    frame = pls.fit(MODEL, DATA, mode={"q": "B", "o": "B"}).reliability.set_index("construct")
    assert frame["undefined"]["q"] == "Mode B: its items need not agree"
    assert frame["undefined"]["o"] == "one item"
    assert np.isnan(frame["rho_a"]["q"])


# --- heterotrait-monotrait ---


def ratio_by_hand(left: list[str], right: list[str]) -> float:
    between = R.loc[left, right].abs().to_numpy().mean()
    within = []
    for block in (left, right):
        pairs = [abs(R.loc[a, b]) for a, b in itertools.combinations(block, 2)]
        within.append(np.mean(pairs) if pairs else 1.0)
    return float(between / np.sqrt(within[0] * within[1]))


def test_ratios_of_items_single_ones_counting_as_one():
    frame = FIT.htmt.set_index(["left", "right"])
    blocks = FIT.model.blocks
    for (left, right), row in frame.iterrows():
        if "f" in (left, right):
            assert row["undefined"] == "formative: 'f'"
            assert np.isnan(row["ratio"])
        else:
            assert row["ratio"] == pytest.approx(ratio_by_hand(list(blocks[left]), list(blocks[right])))
            assert row["undefined"] == ""
    assert len(frame) == 10


def test_constructs_that_share_an_item_have_no_ratio_and_the_others_keep_theirs():
    fit = pls.fit("q =~ q1 + q2; v =~ q2 + v1; o =~ v1; s =~ s1 + s2; s ~ q + v; q ~ o", DATA)
    frame = fit.htmt.set_index(["left", "right"])
    assert frame["undefined"]["q", "v"] == "both hold 'q2'"
    assert frame["undefined"]["v", "o"] == "both hold 'v1'"
    assert np.isnan(frame["ratio"]["q", "v"])
    assert frame["ratio"]["q", "s"] == pytest.approx(ratio_by_hand(["q1", "q2"], ["s1", "s2"]))
    assert frame["ratio"]["v", "s"] == pytest.approx(ratio_by_hand(["q2", "v1"], ["s1", "s2"]))
    assert frame["ratio"]["q", "o"] == pytest.approx(ratio_by_hand(["q1", "q2"], ["v1"]))
    drawn = pls.bootstrap(fit, DATA, 20)
    assert drawn.n_failed == 0
    assert isinstance(fit.problems, tuple)


def test_ratios_of_a_whole_are_those_of_the_scores_of_its_parts():
    text = "q =~ q1 + q2 + q3; v =~ v1 + v2; w =~ q + v; s =~ s1 + s2 + s3; s ~ w"
    fit = pls.fit(text, DATA, tolerance=1e-13)
    scores = pls.scores(fit, DATA)
    parts = scores[["q", "v"]]
    between = np.mean([abs(np.corrcoef(parts[a], DATA[b])[0, 1]) for a in parts for b in ("s1", "s2", "s3")])
    within = abs(parts.corr().iloc[0, 1])
    own = np.mean([R.loc[a, b] for a, b in itertools.combinations(("s1", "s2", "s3"), 2)])
    frame = fit.htmt.set_index(["left", "right"])["ratio"]
    assert frame["w", "s"] == pytest.approx(between / np.sqrt(within * own))
    assert frame["q", "s"] == pytest.approx(ratio_by_hand(["q1", "q2", "q3"], ["s1", "s2", "s3"]))
    assert ("q", "w") not in frame.index  # no ratio of a part and its whole
    repeated = pls.fit(text, DATA, second_order="repeated").htmt.set_index(["left", "right"])["ratio"]
    items = ["q1", "q2", "q3", "v1", "v2"]
    assert repeated["w", "s"] == pytest.approx(ratio_by_hand(items, ["s1", "s2", "s3"]))


# --- the others ---


def test_cross_loadings_are_correlations_of_items_and_scores():
    frame = FIT.cross_loadings
    assert len(frame) == 11 * 5
    for row in frame.itertuples():
        assert row.estimate == pytest.approx(np.corrcoef(DATA[row.item], SCORES[row.other])[0, 1])
        assert row.own == pytest.approx(np.corrcoef(DATA[row.item], SCORES[row.construct])[0, 1])


def test_extracted_variance_stands_beside_correlations():
    frame = FIT.fornell_larcker.set_index(["left", "right"])
    extracted = FIT.reliability.set_index("construct")["average_variance_extracted"]
    for (left, right), row in frame.iterrows():
        assert row["estimate"] == pytest.approx(np.corrcoef(SCORES[left], SCORES[right])[0, 1])
        assert row["root_left"] == pytest.approx(np.sqrt(extracted[left]), nan_ok=True)
        assert row["root_right"] == pytest.approx(np.sqrt(extracted[right]), nan_ok=True)
    assert frame["undefined"]["f", "o"] == "'f': formative: its items need not agree; 'o': one item"
    assert frame["undefined"]["q", "s"] == ""


def inflation_by_hand(columns: pd.DataFrame, name: str) -> float:
    others = columns.drop(columns=name)
    if others.empty:
        return 1.0
    X = np.column_stack([np.ones(len(others)), others])
    residual = columns[name] - X @ np.linalg.lstsq(X, columns[name])[0]
    return float(columns[name].var(ddof=0) / np.mean(residual**2))


def test_variance_inflation_is_that_of_regressions_of_scores_and_items():
    frame = FIT.collinearity
    for row in frame.itertuples():
        if row.kind == "terms":
            columns = SCORES[list(FIT.model.terms(row.outcome))]
        else:
            columns = DATA[list(FIT.model.blocks[row.outcome])]
        assert row.vif == pytest.approx(inflation_by_hand(columns, row.term))
    assert len(frame) == 5 + 11


def test_variance_inflation_of_what_is_known_is_infinite():
    assert np.isinf(inflation(np.ones((2, 2)))).all()
    np.testing.assert_allclose(inflation(np.eye(3)), 1.0)


def test_effect_sizes_are_what_the_share_loses_without_the_term():
    sizes = FIT.effect_sizes.set_index(["outcome", "term"])["estimate"]
    for outcome in FIT.model.outcomes:
        terms = list(FIT.model.terms(outcome))

        def share(names: list[str], y: np.ndarray) -> float:
            X = SCORES[names].to_numpy()
            return float(np.mean((X @ np.linalg.lstsq(X, y)[0]) ** 2)) if names else 0.0

        y = SCORES[outcome].to_numpy()
        full = share(terms, y)
        for term in terms:
            lost = full - share([name for name in terms if name != term], y)
            assert sizes[outcome, term] == pytest.approx(lost / (1 - full))


def test_the_effect_size_of_a_single_term_is_that_of_its_share():
    names = ["a1", "b1"]
    fit = pls.fit("a =~ a1; b =~ b1; b ~ a", Moments.from_covariance([[1, 0.6], [0.6, 1]], 50, names=names))
    assert fit.effect_sizes["estimate"][0] == pytest.approx(0.36 / 0.64)


def test_adjusted_shares_know_the_number_of_terms():
    frame = FIT.r2.set_index("outcome")
    for outcome, k in (("v", 2), ("s", 3)):
        share = frame["estimate"][outcome]
        assert frame["adjusted"][outcome] == pytest.approx(1 - (1 - share) * 149 / (149 - k))


def test_models_without_products_have_no_interactions():
    assert FIT.interactions.empty
    assert list(FIT.interactions.columns) == [
        "outcome", "term", "left", "right", "estimate", "sd", "slope_change",
    ]  # fmt: skip


def test_the_slope_changes_by_what_the_frame_says():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 400))
    c = 0.4 * a + 0.3 * b + 0.5 * a * b + rng.normal(size=400)
    data = pd.DataFrame({"a1": 3 + 2 * a, "b1": 5 - b, "c1": c})
    fit = pls.fit("a =~ a1; b =~ b1; c =~ c1; c ~ a + b + a:b", data)
    z = (data - data.mean()) / data.std(ddof=0)
    X = np.column_stack([np.ones(400), z["a1"], z["b1"], z["a1"] * z["b1"]])
    slopes = np.linalg.lstsq(X, z["c1"])[0]
    row = fit.interactions.iloc[0]
    assert row["slope_change"] == pytest.approx(slopes[3], rel=1e-9)
    assert row["sd"] == pytest.approx((z["a1"] * z["b1"]).std(ddof=0), rel=1e-9)
    assert row["estimate"] == pytest.approx(slopes[3] * row["sd"], rel=1e-9)
    assert fit.paths["estimate"][0] == pytest.approx(slopes[1], rel=1e-9)


# --- distances ---


def test_distances_of_equal_matrices_are_zero_and_singular_ones_have_no_geodesic_one():
    S = np.stack([np.eye(3), np.full((3, 3), 0.5) + 0.5 * np.eye(3), np.ones((3, 3))])
    found = distances(S, S.copy())
    np.testing.assert_allclose(found["srmr"], 0.0)
    np.testing.assert_allclose(found["d_g"][:2], 0.0, atol=1e-12)
    assert np.isnan(found["d_g"][2])
    mixed = distances(S[2:], S[:1])
    assert np.isnan(mixed["d_g"][0])
    assert mixed["d_uls"][0] == pytest.approx(3.0)
    assert mixed["srmr"][0] == pytest.approx(np.sqrt(3 / 6))


def test_distances_follow_their_formulas():
    S, Sigma = np.array([[1, 0.5], [0.5, 1]]), np.array([[1, 0.2], [0.2, 1]])
    found = distances(S[None], Sigma[None])
    assert found["d_uls"][0] == pytest.approx(0.5 * ((S - Sigma) ** 2).sum())
    assert found["srmr"][0] == pytest.approx(np.sqrt(0.09 / 3))
    eigenvalues = np.linalg.eigvals(np.linalg.solve(S, Sigma)).real
    assert found["d_g"][0] == pytest.approx(0.5 * (np.log(eigenvalues) ** 2).sum())


def test_a_saturated_model_of_single_items_fits_exactly():
    fit = pls.fit("a =~ q1; b =~ v1; c =~ s1; b ~ a; c ~ a + b", DATA)
    assert fit.measures["srmr"] == pytest.approx(0, abs=1e-12)
    assert fit.measures["srmr_estimated"] == pytest.approx(0, abs=1e-12)
    assert fit.measures["nfi_estimated"] == pytest.approx(1, abs=1e-10)
    chain = pls.fit("a =~ q1; b =~ v1; c =~ s1; b ~ a; c ~ b", DATA)
    left_out = R.loc["q1", "s1"] - R.loc["q1", "v1"] * R.loc["v1", "s1"]
    assert chain.measures["srmr"] == pytest.approx(0, abs=1e-12)
    assert chain.measures["srmr_estimated"] == pytest.approx(abs(left_out) / np.sqrt(6), rel=1e-9)
    assert chain.measures["d_uls_estimated"] == pytest.approx(left_out**2, rel=1e-9)
