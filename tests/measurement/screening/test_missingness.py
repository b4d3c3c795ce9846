"""Little's test and patterns of gaps: hand examples, truth, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.screening.missingness import littles_mcar_test, pattern_counts


def with_gaps(rng: np.random.Generator, n: int = 200, share: float = 0.1) -> pd.DataFrame:
    values = rng.normal(size=(n, 4)) @ (np.eye(4) + 0.5)
    values[rng.random(values.shape) < share] = np.nan
    return pd.DataFrame(values, columns=list("abcd"))


def test_with_one_incomplete_item_it_is_the_variance_between_the_two_groups() -> None:
    """By hand: 1 to 4 answered, 5 and 6 not; between the groups 12 of 17.5, times n - 1 = 5."""
    items = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 6], "b": [2.0, 1, 4, 3, np.nan, np.nan]})
    little, plain = littles_mcar_test(items), littles_mcar_test(items, denominator="n")
    assert little.chi2 == pytest.approx(5 * 12 / 17.5, rel=1e-9)
    assert plain.chi2 == pytest.approx(6 * 12 / 17.5, rel=1e-9)
    assert (little.df, little.n_patterns, little.n_obs, little.undefined) == (1, 2, 6, "")


def test_it_rejects_as_often_as_it_should_where_gaps_are_completely_at_random(
    rng: np.random.Generator,
) -> None:
    p_values = np.array([littles_mcar_test(with_gaps(rng)).p_value for _ in range(200)])
    rejected = int((p_values < 0.05).sum())
    assert 2 <= rejected <= 21  # 99.9 % of a binomial with 200 draws at .05


def test_it_rejects_where_gaps_depend_on_an_answer(rng: np.random.Generator) -> None:
    items = with_gaps(rng, share=0.0)
    items.loc[items["a"] > items["a"].median(), "b"] = np.nan
    assert littles_mcar_test(items).p_value < 1e-6


def test_units_order_and_empty_rows_change_nothing(rng: np.random.Generator) -> None:
    items = with_gaps(rng)
    first = littles_mcar_test(items)
    other = (items * [1e-4, 1, 1e4, -1] + [0, 3, 0, 8]).sample(frac=1, random_state=1)[list("dbca")]
    other.loc[len(other)] = np.nan
    second = littles_mcar_test(other)
    assert second.chi2 == pytest.approx(first.chi2, rel=1e-8)
    assert (second.df, second.n_patterns, second.n_obs) == (first.df, first.n_patterns, first.n_obs)


def test_a_pattern_is_one_pattern_however_many_rows_have_it(rng: np.random.Generator) -> None:
    """However often the rows are repeated, chi2 grows with them and the patterns stay two."""
    items = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    items.loc[:29, "c"] = np.nan
    many = pd.concat([items] * 50, ignore_index=True)
    one, fifty = (littles_mcar_test(frame, denominator="n") for frame in (items, many))
    assert fifty.chi2 == pytest.approx(50 * one.chi2, rel=1e-8)
    assert fifty.n_patterns == 2


def test_without_gaps_there_is_no_test_and_the_reason_is_said(rng: np.random.Generator) -> None:
    test = littles_mcar_test(with_gaps(rng, share=0.0))
    assert np.isnan([test.chi2, test.df, test.p_value]).all()
    assert test.undefined == "no answer is missing"
    assert test.table().loc[0, "undefined"] == test.undefined


def test_one_item_with_gaps_has_one_pattern_and_no_gap_left() -> None:
    test = littles_mcar_test(pd.DataFrame({"a": [1.0, 2, np.nan, 4]}))
    assert (test.undefined, test.n_obs, test.n_patterns) == ("no answer is missing", 3, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": np.nan}, "column 'b': holds no value"),
        ({"b": 3.0}, "column 'b': holds the same value in every row"),
        ({"b": "often"}, "item 'b': holds text, numbers expected"),
    ],
)
def test_items_that_cannot_be_tested_are_refused_by_name(
    change: dict[str, object], message: str, rng: np.random.Generator
) -> None:
    with pytest.raises(DataError, match=message):
        littles_mcar_test(with_gaps(rng).assign(**change))


def test_two_items_never_answered_together_are_refused_by_name(rng: np.random.Generator) -> None:
    items = with_gaps(rng, share=0.0)
    items.loc[:99, "a"] = np.nan
    items.loc[100:, "b"] = np.nan
    with pytest.raises(DataError, match="columns 'a' and 'b': no row holds both"):
        littles_mcar_test(items)


def test_patterns_name_their_items_in_order_with_the_most_frequent_first() -> None:
    nan = np.nan
    items = pd.DataFrame({"b": [1, nan, nan, 1, 1.0], "a": [1, nan, nan, nan, 1.0]})
    counts = pattern_counts(items)
    assert counts["missing"].tolist() == ["", "b, a", "a"]
    assert counts["n_missing"].tolist() == [0, 2, 1]
    assert counts["n_rows"].tolist() == [2, 2, 1]
    assert counts["share"].tolist() == [0.4, 0.4, 0.2]
    assert len(pattern_counts(items, top=1)) == 1
