"""Direct, indirect and total effects among composites."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.pls.effects import effect_terms, effect_values, total_effects
from servicefx.pls.solution import Solution
from servicefx.values.glossary import GLOSSARY

TEXT = "a =~ a1; b =~ b1; c =~ c1; d =~ d1; b ~ a; c ~ a + b; d ~ a + b + c"


def fitted() -> pls.PlsFit:
    R = np.array([[1, 0.5, 0.4, 0.3], [0.5, 1, 0.6, 0.4], [0.4, 0.6, 1, 0.5], [0.3, 0.4, 0.5, 1]])
    return pls.fit(TEXT, Moments.from_covariance(R, 100, names=["a1", "b1", "c1", "d1"]))


def test_effects_are_the_sums_of_products_along_routes():
    fit = fitted()
    b = dict(zip(fit.model.paths, fit.paths["estimate"], strict=True))
    frame = fit.effects().set_index(["from", "to", "kind", "via"])["estimate"].to_dict()
    assert frame == pytest.approx(
        {
            ("a", "b", "direct", ""): b["b", "a"],
            ("a", "b", "total", ""): b["b", "a"],
            ("a", "c", "direct", ""): b["c", "a"],
            ("a", "c", "indirect", "all"): b["b", "a"] * b["c", "b"],
            ("a", "c", "indirect", "b"): b["b", "a"] * b["c", "b"],
            ("a", "c", "total", ""): b["c", "a"] + b["b", "a"] * b["c", "b"],
            ("b", "c", "direct", ""): b["c", "b"],
            ("b", "c", "total", ""): b["c", "b"],
            ("a", "d", "direct", ""): b["d", "a"],
            ("a", "d", "indirect", "b"): b["b", "a"] * b["d", "b"],
            ("a", "d", "indirect", "c"): b["c", "a"] * b["d", "c"],
            ("a", "d", "indirect", "b → c"): b["b", "a"] * b["c", "b"] * b["d", "c"],
            ("a", "d", "indirect", "all"): b["b", "a"] * b["d", "b"]
            + (b["c", "a"] + b["b", "a"] * b["c", "b"]) * b["d", "c"],
            ("a", "d", "total", ""): b["d", "a"]
            + b["b", "a"] * b["d", "b"]
            + (b["c", "a"] + b["b", "a"] * b["c", "b"]) * b["d", "c"],
            ("b", "d", "direct", ""): b["d", "b"],
            ("b", "d", "indirect", "all"): b["c", "b"] * b["d", "c"],
            ("b", "d", "indirect", "c"): b["c", "b"] * b["d", "c"],
            ("b", "d", "total", ""): b["d", "b"] + b["c", "b"] * b["d", "c"],
            ("c", "d", "direct", ""): b["d", "c"],
            ("c", "d", "total", ""): b["d", "c"],
        },
        rel=1e-12,
    )
    assert set(fit.effects().columns) <= set(GLOSSARY)


def test_total_effects_are_those_of_the_inverse():
    fit = fitted()
    names = list(fit.model.constructs)
    B = np.zeros((4, 4))
    for (outcome, term), value in zip(fit.model.paths, fit.paths["estimate"], strict=True):
        B[names.index(outcome), names.index(term)] = value
    total = np.linalg.inv(np.eye(4) - B) - np.eye(4)
    found = total_effects(fit.model, fit.solution.paths)
    for (target, source), value in found.items():
        assert value[0] == pytest.approx(total[names.index(target), names.index(source)], rel=1e-12)
    assert len(found) == 6


def test_batches_hold_what_single_samples_hold():
    fit = fitted()
    rng = np.random.default_rng(1)
    paths = rng.normal(size=(20, 6))
    blank = np.ones((20, 3))
    batch = Solution(
        stages=fit.solution.stages,
        paths=paths,
        r2=blank,
        converged=blank[:, 0] > 0,
        admissible=blank[:, 0] > 0,
    )
    values = effect_values(fit, batch)
    terms = effect_terms(fit)
    place = {path: at for at, path in enumerate(fit.model.paths)}
    for at, term in enumerate(terms):
        if term.quantity == "indirect" and term.via != "all":
            route = [term.rhs, *term.via.split(" → "), term.lhs]
            product = np.prod([paths[:, place[b, a]] for a, b in itertools.pairwise(route)], axis=0)
            np.testing.assert_allclose(values[:, at], product, rtol=1e-12)


def test_a_product_is_a_term_of_its_own_in_front_of_what_it_changes():
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(100, 4)), columns=["a1", "b1", "c1", "d1"])
    fit = pls.fit("a =~ a1; b =~ b1; c =~ c1; d =~ d1; c ~ a + b + a:b; d ~ c", data)
    frame = fit.effects().set_index(["from", "to", "kind", "via"])["estimate"]
    b = dict(zip(fit.model.paths, fit.paths["estimate"], strict=True))
    assert frame["a:b", "d", "indirect", "c"] == pytest.approx(b["c", "a:b"] * b["d", "c"])
    assert frame["a", "d", "total", ""] == pytest.approx(b["c", "a"] * b["d", "c"])
    assert ("a", "a:b", "total", "") not in frame.index


def test_effects_of_a_whole_end_at_the_whole():
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(100, 1)) + rng.normal(size=(100, 6)), columns=list("abcdef"))
    text = "q =~ a + b; v =~ c + d; w =~ q + v; s =~ e; p =~ f; w ~ p; s ~ w"
    for approach in ("disjoint", "embedded", "repeated"):
        frame = pls.fit(text, data, second_order=approach).effects()
        pairs = set(zip(frame["from"], frame["to"], strict=True))
        assert pairs == {("p", "w"), ("w", "s"), ("p", "s")}
