from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.reliability import (
    composite_reliability,
    cronbach_alpha,
    cronbach_alpha_interval,
    extracted_variance_of_loadings,
    reliability_of,
)

NAMES = ("alpha", "composite_reliability", "average_variance_extracted")


@pytest.fixture
def items(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.standard_normal((120, 1))
    answers = np.round(4 + common + 0.8 * rng.standard_normal((120, 3)))
    return pd.DataFrame(answers, columns=["服务 1", "b", "c"])


def test_alpha_is_the_textbook_ratio(items: pd.DataFrame) -> None:
    k, variances, total = 3, items.var(ddof=1).sum(), items.sum(axis=1).var(ddof=1)
    fit = reliability_of(items, "trust")
    assert fit.alpha == pytest.approx(k / (k - 1) * (1 - variances / total), rel=1e-12)
    assert fit.alpha_low < fit.alpha < fit.alpha_high
    assert list(fit.loadings) == ["服务 1", "b", "c"]
    assert (fit.n_items, fit.n_obs, fit.flags, fit.undefined) == (3, 120, (), {})


def test_persons_with_a_gap_are_not_used(items: pd.DataFrame) -> None:
    gaps = items.copy()
    gaps.iloc[:20, 0] = np.nan
    gaps.iloc[110:, 2] = np.nan
    fit, kept = reliability_of(gaps, "trust"), reliability_of(items.iloc[20:110], "trust")
    assert fit.n_obs == 90
    assert (fit.alpha, fit.loadings) == (kept.alpha, kept.loadings)


UNDEFINED = {
    "one item": (lambda x: x[["b"]], "one item"),
    "nobody answered": (lambda x: x * np.nan, "0 complete answers"),
    "two persons": (lambda x: x.head(2), "2 complete answers"),
    "a constant item": (lambda x: x.assign(b=4.0), "constant item: b"),
    "an empty item": (lambda x: x.assign(b=np.nan), "0 complete answers"),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_reliability_that_does_not_exist_is_nan_with_its_reason(case: str, items: pd.DataFrame) -> None:
    change, reason = UNDEFINED[case]
    fit = reliability_of(change(items), "trust")
    assert all(np.isnan(getattr(fit, name)) for name in (*NAMES, "alpha_low", "alpha_high"))
    assert dict(fit.undefined) == dict.fromkeys(NAMES, reason)
    assert dict(fit.loadings) == {}


def test_two_items_are_held_equal_and_say_so(items: pd.DataFrame) -> None:
    fit = reliability_of(items[["b", "c"]], "trust")
    r = items[["b", "c"]].corr().iloc[0, 1]
    assert fit.flags == ("two items: loadings held equal",)
    assert list(fit.loadings.values()) == pytest.approx([np.sqrt(r)] * 2)
    assert fit.average_variance_extracted == pytest.approx(r)


def test_two_items_that_disagree_keep_alpha_and_say_why_nothing_else_exists(items: pd.DataFrame) -> None:
    fit = reliability_of(items[["b"]].assign(turned=8 - items["c"]), "trust")
    assert fit.alpha < 0
    why = f"its two items correlate {items['b'].corr(8 - items['c']):.2f}, not positively"
    assert fit.undefined == {"composite_reliability": why, "average_variance_extracted": why}


def test_a_repeated_item_keeps_alpha_and_is_named_as_the_reason(items: pd.DataFrame) -> None:
    fit = reliability_of(items.assign(again=items["b"]), "trust")
    assert np.isfinite(fit.alpha)
    assert fit.undefined["composite_reliability"] == "an item can be computed exactly from the others"


def test_fewer_persons_than_items_are_the_reason_not_the_items(items: pd.DataFrame) -> None:
    fit = reliability_of(items.head(3).assign(b=[1.0, 4.0, 2.0], c=[2.0, 5.0, 1.0]), "trust")
    assert np.isfinite(fit.alpha)
    assert fit.undefined["composite_reliability"] == "3 complete answers to 3 items"


def test_an_item_left_unturned_is_flagged(items: pd.DataFrame) -> None:
    fit = reliability_of(items.assign(c=8 - items["c"]), "trust")
    assert fit.flags == ("'c' loads negatively: check for a reversed item",)


def test_weights_that_repeat_persons_give_the_alpha_of_the_repeated_answers(
    items: pd.DataFrame, rng: np.random.Generator
) -> None:
    times = pd.Series(rng.integers(1, 5, len(items)), index=items.index, name="w")
    repeated = items.loc[items.index.repeat(times)].reset_index(drop=True)
    weighted, plain = reliability_of(items, "trust", weights=times), reliability_of(repeated, "trust")
    assert weighted.alpha == pytest.approx(plain.alpha, rel=1e-12)
    assert list(weighted.loadings.values()) == pytest.approx(list(plain.loadings.values()), rel=1e-7)
    assert weighted.n_obs == 120


def test_alpha_of_one_item_or_of_items_that_cancel_is_nan() -> None:
    assert np.isnan(cronbach_alpha(np.array([[2.0]])))
    assert np.isnan(cronbach_alpha(np.array([[1.0, -1.0], [-1.0, 1.0]])))


def test_loadings_of_one_item_give_no_reliability() -> None:
    assert np.isnan(composite_reliability(np.array([0.8])))
    assert np.isnan(extracted_variance_of_loadings(np.array([0.8])))


def test_the_interval_of_alpha_widens_with_the_level_and_needs_two_persons() -> None:
    narrow, wide = (cronbach_alpha_interval(0.8, 100, 5, level) for level in (0.8, 0.99))
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1] < 1
    assert np.isnan(cronbach_alpha_interval(0.8, 1, 5)).all()
    assert np.isnan(cronbach_alpha_interval(float("nan"), 100, 5)).all()
