"""Which runs a model takes, and that a run on scores is a fit of those scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.pls.model import PlsModel, pls_model
from servicefx.pls.stages import Stage, stages_of
from servicefx.syntax.parser import parse_model

SECOND = """
q =~ q1 + q2
v =~ v1 + v2 + v3
w {op} q + v
s =~ s1 + s2
p =~ p1
w ~ p
s ~ w + p
"""
PRODUCT = """
q =~ q1 + q2
v =~ v1 + v2 + v3
s =~ s1 + s2
p =~ p1
v ~ q
s ~ q + v + q:v + v:v
p ~ s
"""
TIGHT = {"tolerance": 1e-13, "max_iterations": 20_000}


def survey(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    p = rng.normal(size=n)
    q = 0.4 * p + rng.normal(size=n)
    v = 0.5 * q + rng.normal(size=n)
    s = 0.4 * q + 0.3 * v + 0.3 * q * v + rng.normal(size=n)
    blocks = {"q": (q, 2), "v": (v, 3), "s": (s, 2), "p": (p, 1)}
    return pd.DataFrame(
        {
            f"{name}{i}": 4 + i * (score + 0.7 * rng.normal(size=n))
            for name, (score, size) in blocks.items()
            for i in range(1, size + 1)
        }
    )


def model_of(text: str, mode: dict[str, str] | None = None) -> PlsModel:
    return pls_model(parse_model(text, products=True), mode)


def written(stage: Stage) -> dict[str, tuple[str, list[str], list[str]]]:
    """Construct -> mode, columns, terms."""
    return {
        name: (
            stage.design.modes[j],
            [f"{column.kind} {column.name}" for column in stage.block(name)],
            sorted(stage.constructs[t] for t in stage.design.terms[j]),
        )
        for j, name in enumerate(stage.constructs)
    }


def test_a_model_of_items_takes_one_run():
    (stage,) = stages_of(model_of("q =~ q1 + q2; s <~ s1 + s2; p <~ p1; s ~ q + p"))
    assert written(stage) == {
        "q": ("A", ["item q1", "item q2"], []),
        "s": ("B", ["item s1", "item s2"], ["p", "q"]),
        "p": ("A", ["item p1"], []),  # one item has weight 1 in either mode
    }


@pytest.mark.parametrize(("op", "mode"), [("=~", "A"), ("<~", "B")])
def test_two_disjoint_stages_put_the_parts_in_the_place_of_the_whole(op, mode):
    first, second = stages_of(model_of(SECOND.format(op=op)), "disjoint")
    assert written(first) == {
        "q": ("A", ["item q1", "item q2"], ["p"]),
        "v": ("A", ["item v1", "item v2", "item v3"], ["p"]),
        "s": ("A", ["item s1", "item s2"], ["p", "q", "v"]),
        "p": ("A", ["item p1"], []),
    }
    assert written(second) == {
        "w": (mode, ["score q", "score v"], ["p"]),
        "s": ("A", ["item s1", "item s2"], ["p", "w"]),
        "p": ("A", ["item p1"], []),
    }


def test_repeated_items_join_the_whole_to_its_parts_by_the_direction_of_measurement():
    (stage,) = stages_of(model_of(SECOND.format(op="=~")), "repeated")
    items = ["item q1", "item q2", "item v1", "item v2", "item v3"]
    assert written(stage)["w"] == ("A", items, ["p"])
    assert written(stage)["q"] == ("A", items[:2], ["w"])
    assert written(stage)["s"] == ("A", ["item s1", "item s2"], ["p", "w"])
    (stage,) = stages_of(model_of(SECOND.format(op="<~").replace("w ~ p", "")), "repeated")
    assert written(stage)["w"] == ("B", items, ["q", "v"])
    assert written(stage)["q"] == ("A", items[:2], [])


def test_embedded_stages_keep_every_other_construct_as_its_score():
    first, second = stages_of(model_of(SECOND.format(op="=~")), "embedded")
    assert written(first) == written(stages_of(model_of(SECOND.format(op="=~")), "repeated")[0])
    assert written(second) == {
        "s": ("A", ["score s"], ["p", "w"]),
        "p": ("A", ["score p"], []),
        "w": ("A", ["score q", "score v"], ["p"]),
    }


def test_products_enter_a_run_of_their_own_as_constructs_of_one_column():
    first, second = stages_of(model_of(PRODUCT))
    assert written(first)["s"] == ("A", ["item s1", "item s2"], ["q", "v"])
    assert written(second)["s"] == ("A", ["item s1", "item s2"], ["q", "q:v", "v", "v:v"])
    assert written(second)["q:v"] == ("A", ["product q:v"], [])
    assert written(second)["v"] == ("A", ["item v1", "item v2", "item v3"], ["q"])


def test_products_of_a_whole_follow_both_of_its_stages():
    text = SECOND.format(op="=~") + "s ~ w:p"
    runs = stages_of(model_of(text), "disjoint")
    assert len(runs) == 3
    assert written(runs[2])["w:p"] == ("A", ["product w:p"], [])
    assert written(runs[2])["w"] == ("A", ["score q", "score v"], ["p"])
    assert len(stages_of(model_of(text), "repeated")) == 2


# --- a run on scores is a fit of those scores: everything made again by hand, from rows ---


def paths(fit: pls.PlsFit) -> dict[tuple[str, str], float]:
    return dict(zip(fit.model.paths, fit.paths["estimate"], strict=True))


@pytest.mark.parametrize("choices", [{}, {"scaled": False}, {"scheme": "centroid"}], ids=str)
@pytest.mark.parametrize("op", ["=~", "<~"])
def test_disjoint_stages_are_two_fits(op, choices):
    data = survey()
    by_hand = """
    q =~ q1 + q2; v =~ v1 + v2 + v3; s =~ s1 + s2; p =~ p1
    q ~ p; v ~ p; s ~ q + v + p
    """
    scores = pls.scores(pls.fit(by_hand, data, **TIGHT, **choices), data)
    table = data.assign(Q=scores["q"], V=scores["v"])
    last = pls.fit(f"w {op} Q + V; s =~ s1 + s2; p =~ p1; w ~ p; s ~ w + p", table, **TIGHT, **choices)
    fit = pls.fit(SECOND.format(op=op), data, **TIGHT, **choices)
    assert paths(fit) == pytest.approx(paths(last), abs=1e-9)
    of_whole = fit.weights[fit.weights["construct"] == "w"]["estimate"]
    np.testing.assert_allclose(of_whole, last.weights["estimate"][:2], rtol=1e-8)


@pytest.mark.parametrize("choices", [{}, {"scheme": "factorial"}], ids=str)
def test_embedded_stages_are_two_fits(choices):
    data = survey()
    repeated = pls.fit(SECOND.format(op="=~"), data, second_order="repeated", **TIGHT, **choices)
    scores = pls.scores(repeated, data)
    table = pd.DataFrame({"Q": scores["q"], "V": scores["v"], "S": scores["s"], "P": scores["p"]})
    last = pls.fit("w =~ Q + V; s =~ S; p =~ P; w ~ p; s ~ w + p", table, **TIGHT, **choices)
    fit = pls.fit(SECOND.format(op="=~"), data, second_order="embedded", **TIGHT, **choices)
    assert paths(fit) == pytest.approx(paths(last), abs=1e-9)


@pytest.mark.parametrize("choices", [{}, {"scaled": False}, {"mode": {"v": "B"}}], ids=str)
def test_products_are_multiplied_scores_of_the_fit_without_them(choices):
    data = survey()
    plain = pls.fit(PRODUCT.replace(" + q:v + v:v", ""), data, **TIGHT, **choices)
    scores = pls.scores(plain, data)
    products = pd.DataFrame({"QV": scores["q"] * scores["v"], "VV": scores["v"] ** 2})
    z = (products - products.mean()) / products.std(ddof=0)
    text = PRODUCT.replace("q:v", "qv").replace("v:v", "vv") + "qv =~ QV; vv =~ VV"
    # items of an unstandardised fit keep their units; the product enters with variance 1
    last = pls.fit(text, data.assign(QV=z["QV"], VV=z["VV"]), **TIGHT, **choices)
    fit = pls.fit(PRODUCT, data, **TIGHT, **choices)
    expected = {(a, b): value for (a, b), value in paths(last).items()}
    names = {"qv": "q:v", "vv": "v:v"}
    expected = {(a, names.get(b, b)): value for (a, b), value in expected.items()}
    assert paths(fit) == pytest.approx(expected, abs=1e-8)
    frame = fit.interactions.set_index("term")
    assert frame["sd"].to_dict() == pytest.approx(
        {"q:v": products["QV"].std(ddof=0), "v:v": products["VV"].std(ddof=0)}, rel=1e-9
    )
    assert frame["slope_change"]["q:v"] == pytest.approx(expected["s", "q:v"] / products["QV"].std(ddof=0))


def test_a_product_does_not_depend_on_where_its_factors_are_measured_from():
    data = survey()
    one, two = (pls.fit(PRODUCT, table, **TIGHT) for table in (data, data + 1000))
    assert paths(one) == pytest.approx(paths(two), abs=1e-6)


def test_products_of_a_whole_are_those_of_its_score():
    data = survey()
    text = SECOND.format(op="=~")
    scores = pls.scores(pls.fit(text, data, **TIGHT), data)
    product = scores["w"] * scores["p"]
    first = pls.scores(pls.fit(text, data, **TIGHT), data)
    table = data.assign(Q=first["q"], V=first["v"], WP=product)
    last = pls.fit("w =~ Q + V; s =~ s1 + s2; p =~ p1; i =~ WP; w ~ p; s ~ w + p + i", table, **TIGHT)
    fit = pls.fit(text + "s ~ w:p", data, **TIGHT)
    assert paths(fit)["s", "w:p"] == pytest.approx(paths(last)["s", "i"], abs=1e-9)
    assert paths(fit)["s", "w"] == pytest.approx(paths(last)["s", "w"], abs=1e-9)
