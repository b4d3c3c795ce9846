"""Settings: everything that makes programs differ stands in the result, with what it does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.values.glossary import GLOSSARY

MODEL = "q =~ q1 + q2; v <~ v1 + v2; s =~ s1 + s2; s ~ q + v"
SECOND = "q =~ q1 + q2; v =~ v1 + v2; w =~ q + v; s =~ s1 + s2; s ~ w"


def survey() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        rng.normal(size=(100, 1)) + rng.normal(size=(100, 6)), columns=["q1", "q2", "v1", "v2", "s1", "s2"]
    )


@pytest.mark.parametrize(
    ("model", "choices", "setting", "value"),
    [
        (MODEL, {}, "algorithm", "PLS"),
        (MODEL, {"consistent": True}, "algorithm", "consistent PLS (PLSc)"),
        (MODEL, {"scheme": "centroid"}, "scheme", "centroid"),
        (MODEL, {}, "modes", "q: A, v: B, s: A"),
        (MODEL, {"mode": {"q": "B", "v": "A"}}, "modes", "q: B, v: A, s: A"),
        (MODEL, {}, "items", "standardised"),
        (MODEL, {"scaled": False}, "items", "as they are, centred"),
        (MODEL, {}, "denominator", "n"),
        (MODEL, {}, "missing", "rows with a gap left out"),
        (MODEL, {"missing": "mean"}, "missing", "gaps filled by the item's mean"),
        (MODEL, {"missing": "em"}, "missing", "moments of highest likelihood (EM)"),
        (SECOND, {}, "second_order", "two stages, the first without constructs of constructs"),
        (SECOND, {"second_order": "embedded"}, "second_order", "two stages, the first with repeated items"),
        (SECOND, {"second_order": "repeated"}, "second_order", "repeated items"),
        (MODEL + " + q:v", {}, "products", "two stages, scores multiplied, the product standardised"),
        (MODEL, {}, "sign", "loadings of a construct's items sum to a positive number"),
        (MODEL, {"tolerance": 1e-7}, "tolerance", 1e-7),
        (MODEL, {"max_iterations": 77}, "max_iterations", 77),
        (MODEL, {}, "n_obs", 100),
    ],
    ids=str,
)
def test_every_choice_is_told(model, choices, setting, value):
    fit = pls.fit(model, survey(), **choices)
    assert fit.settings[setting] == value
    table = fit.settings_table.set_index("setting")
    assert table["value"][setting] == str(value)


@pytest.mark.parametrize("model", [MODEL, SECOND, MODEL + " + q:v"])
def test_every_setting_has_a_note_on_what_it_can_change(model):
    table = pls.fit(model, survey()).settings_table
    assert list(table.columns) == ["setting", "value", "note"]
    assert set(table.columns) <= set(GLOSSARY)
    assert (table["note"].str.len() > 10).all()
    assert ("second_order" in set(table["setting"])) == (model == SECOND)
    assert ("products" in set(table["setting"])) == (":" in model)


def test_rounds_are_those_made():
    fits = [pls.fit(MODEL, survey(), tolerance=tolerance) for tolerance in (1e-3, 1e-12)]
    few, many = (int(fit.settings["iterations"]) for fit in fits)
    assert 1 < few < many
    assert pls.fit(MODEL, survey(), tolerance=1e-12, max_iterations=many).solution.converged[0]


def test_n_counts_rows_that_enter():
    data = survey()
    data.loc[[1, 2, 3], "q1"] = np.nan
    assert pls.fit(MODEL, data).settings["n_obs"] == 97
    assert pls.fit(MODEL, data, missing="mean").settings["n_obs"] == 100


def test_a_fit_is_told_in_a_line():
    assert repr(pls.fit(MODEL, survey())) == "PlsFit: PLS, path scheme, 3 constructs, 6 items, n = 100"
    assert repr(pls.fit(MODEL, survey(), consistent=True)).startswith("PlsFit: PLSc, path scheme")


def test_every_result_carries_the_settings_of_its_fit():
    rng = np.random.default_rng(3)
    f = rng.normal(size=120)
    names = ["a1", "a2", "a3", "b1", "b2", "b3"]
    data = pd.DataFrame(f[:, None] + rng.normal(size=(120, 6)), columns=names).assign(half=[1, 2] * 60)
    fit = pls.fit("a =~ a1 + a2 + a3; b =~ b1 + b2 + b3; b ~ a", data, scheme="centroid")
    results = {
        "bootstrap": pls.bootstrap(fit, data, draws=20, seed=1).settings,
        "predict": pls.predict(fit, data, folds=5, repetitions=1, seed=1).settings,
        "micom": pls.micom(fit, data, "half", permutations=20, seed=1).settings,
        "compare": pls.compare_groups(fit, data, "half", permutations=20, seed=1).attrs["settings"],
        "cvpat": pls.cvpat(fit, data, folds=5, repetitions=1, seed=1).attrs["settings"],
        "exact fit": pls.exact_fit_test(fit, data, draws=20, seed=1).attrs["settings"],
    }
    for name, settings in results.items():
        assert settings["scheme"] == "centroid", name
        assert settings["modes"] == fit.settings["modes"], name
