"""Method factor: recovered where there is one, its size where there is none, and what has no answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.measurement.method_bias.method_factor import latent_method_factor
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY

Survey = Callable[..., pd.DataFrame]
Constructs = dict[str, list[str]]


def test_a_method_factor_is_found_with_its_share_and_the_correlations_behind_it(
    survey: Survey, constructs: Constructs, rng: np.random.Generator
) -> None:
    found = latent_method_factor(survey(rng, n=20000, method=0.5), constructs)
    equal = found.models.set_index("model").loc["equal"]
    assert equal["p_value"] < 1e-6
    whole = found.variance.set_index(["model", "construct"]).loc[("equal", "")]
    loadings = np.array([0.9, 0.7, 0.5, 0.8, 0.6, 0.9, 0.5, 0.85, 0.65])
    share = np.mean(0.25 / (loadings**2 + 0.25 + 0.36))
    assert whole["conf_low"] < share < whole["conf_high"]
    assert whole["method_share"] == pytest.approx(share, abs=0.03)
    correlations = found.correlations[found.correlations["model"] == "equal"]
    np.testing.assert_allclose(correlations["adjusted"], [0.3, 0.2, 0.4], atol=0.06)
    assert (correlations["estimate"] > correlations["adjusted"]).all()
    assert (correlations["change"] < -0.05).all()


@pytest.mark.slow
def test_without_a_method_the_test_keeps_its_size(survey: Survey, constructs: Constructs) -> None:
    # of 250 data sets 5 %: a two-sided 99.9 % binomial band is .012-.100
    hits = 0
    for draw in range(250):
        data = survey(np.random.default_rng([5, draw]), n=400)
        table = latent_method_factor(data, constructs).models.set_index("model")
        hits += table.loc["equal", "p_value"] < 0.05
    assert 0.012 < hits / 250 < 0.100


def test_a_variance_below_zero_says_so_and_adjusts_nothing(survey: Survey, constructs: Constructs) -> None:
    for draw in range(20):
        found = latent_method_factor(survey(np.random.default_rng(draw), n=300), constructs)
        equal = found.variance[found.variance["model"] == "equal"]
        if (equal["undefined"] != "").all():
            break
    assert equal["undefined"].str.contains("not above zero: no common method shows").all()
    assert equal["method_share"].isna().all()
    assert (equal["conf_low"] < 0).all()
    rows = found.loadings[found.loadings["model"] == "equal"]
    assert rows["adjusted"].isna().all()
    assert any(flag.startswith("equal: the method variance") for flag in found.flags)


def test_moments_give_the_answer_of_the_rows(
    survey: Survey, constructs: Constructs, rng: np.random.Generator
) -> None:
    data = survey(rng, method=0.5)
    rows, printed = (
        latent_method_factor(data, constructs),
        latent_method_factor(Moments.from_frame(data), constructs),
    )
    np.testing.assert_allclose(rows.models["chi2"], printed.models["chi2"], rtol=1e-6)


def test_robust_and_ordered_models_are_compared_by_their_own_tests(
    survey: Survey, constructs: Constructs, rng: np.random.Generator
) -> None:
    data = survey(rng, n=2000, method=0.5)
    robust = latent_method_factor(data, constructs, estimator="mlr")
    coded = pd.DataFrame(np.digitize(data, [-1, 0, 1]), columns=data.columns)
    ordered = latent_method_factor(coded, constructs, estimator="wlsmv", ordered=True)
    for found in (robust, ordered):
        assert found.models["p_value"][1] < 0.01
        shares = found.variance[found.variance["model"] == "equal"]
        np.testing.assert_allclose(shares[["construct_share", "method_share", "error_share"]].sum(axis=1), 1)


def test_items_that_all_load_alike_leave_the_method_unknown_and_its_interval_says_so(
    rng: np.random.Generator, constructs: Constructs
) -> None:
    scores = np.repeat(
        rng.multivariate_normal(np.zeros(3), np.full((3, 3), 0.3) + 0.7 * np.eye(3), 500), 3, axis=1
    )
    names = [item for items in constructs.values() for item in items]
    data = pd.DataFrame(0.8 * scores + 0.6 * rng.standard_normal((500, 9)), columns=names)
    found = latent_method_factor(data, constructs)
    whole = found.variance.set_index(["model", "construct"]).loc[("equal", "")]
    unknown = whole["undefined"] != "" or whole["conf_high"] - whole["conf_low"] > 0.3
    assert unknown
    assert any("hardly known" in sentence for sentence in found.weakness)


def test_frames_speak_the_glossary_and_names_may_be_any(survey: Survey, rng: np.random.Generator) -> None:
    data = survey(rng, method=0.4).rename(columns={"a1": "问 一", "a2": "method"})
    found = latent_method_factor(data, {"可靠": ["问 一", "method", "a3"], "B b": ["b1", "b2", "b3"]})
    frames = [found.models, found.variance, found.loadings, found.correlations]
    assert set().union(*(frame.columns for frame in frames)) <= set(GLOSSARY)
    assert found.loadings["item"].tolist()[:2] == ["问 一", "method"]


def test_scales_that_differ_are_flagged_by_item(
    survey: Survey, constructs: Constructs, rng: np.random.Generator
) -> None:
    data = survey(rng, method=0.4)
    found = latent_method_factor(data.assign(c2=10 * data["c2"]), constructs)
    assert any("'c2' varies" in flag and "suppose one scale" in flag for flag in found.flags)


def test_constructs_that_cannot_be_are_refused(survey: Survey, rng: np.random.Generator) -> None:
    data = survey(rng)
    with pytest.raises(StudyError, match="construct 'B': 1 item, at least 2 expected"):
        latent_method_factor(data, {"A": ["a1", "a2"], "B": ["b1"]})
    with pytest.raises(StudyError, match="item 'a1': measures more than one construct"):
        latent_method_factor(data, {"A": ["a1", "a2"], "B": ["a1", "b1"]})
    with pytest.raises(StudyError, match="1 construct, at least 2 expected"):
        latent_method_factor(data, {"A": ["a1", "a2", "a3"]})
