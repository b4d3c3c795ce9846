from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.reliability import cronbach_alpha, item_statistics


@pytest.fixture
def answers(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.standard_normal((120, 1))
    values = np.round(4 + common + 0.8 * rng.standard_normal((120, 4)))
    return pd.DataFrame(values, columns=["服务 1", "b", "c", "d"])


def test_each_number_is_what_its_name_says(answers: pd.DataFrame) -> None:
    table = item_statistics(answers).set_index("item")
    z = (answers - answers.mean()) / answers.std()
    for item in answers:
        rest = answers.drop(columns=item)
        row = table.loc[item]
        assert row["mean"] == pytest.approx(answers[item].mean())
        assert row["sd"] == pytest.approx(answers[item].std())
        assert row["item_total"] == pytest.approx(answers[item].corr(answers.sum(axis=1)))
        assert row["item_total_standardised"] == pytest.approx(z[item].corr(z.sum(axis=1)))
        assert row["item_rest"] == pytest.approx(answers[item].corr(rest.sum(axis=1)))
        assert row["alpha_if_deleted"] == pytest.approx(cronbach_alpha(rest))
        assert row["alpha_standardised_if_deleted"] == pytest.approx(cronbach_alpha(rest, standardised=True))
    assert (table["flag"] == "").all()
    assert (table["undefined"] == "").all()


def test_an_item_left_unturned_is_named_and_deleting_it_helps(answers: pd.DataFrame) -> None:
    turned = answers.assign(c=8 - answers["c"])
    table = item_statistics(turned).set_index("item")
    assert table["flag"].ne("").to_dict() == {"服务 1": False, "b": False, "c": True, "d": False}
    assert table["flag"]["c"] == "runs against the others: check for a reversed item"
    assert table["alpha_if_deleted"]["c"] > cronbach_alpha(turned)


def test_gaps_are_not_used_and_weights_count_rows(answers: pd.DataFrame, rng: np.random.Generator) -> None:
    gaps = answers.copy()
    gaps.iloc[:20, 1] = np.nan
    pd.testing.assert_frame_equal(item_statistics(gaps), item_statistics(answers.iloc[20:]))
    times = pd.Series(rng.integers(1, 4, len(answers)))
    weighted = item_statistics(answers, weights=times).drop(columns=["n_obs", "sd"])
    repeated = item_statistics(answers.loc[answers.index.repeat(times)]).drop(columns=["n_obs", "sd"])
    pd.testing.assert_frame_equal(weighted, repeated, rtol=1e-12)


def test_few_items_have_the_numbers_that_exist_and_reasons_for_the_rest(answers: pd.DataFrame) -> None:
    one, two = item_statistics(answers[["b"]]), item_statistics(answers[["b", "c"]])
    assert one["undefined"].tolist() == ["one item"]
    assert one.filter(regex="^(item_|alpha_)").isna().all(axis=None)
    assert two["alpha_if_deleted"].isna().all()
    assert set(two["undefined"]) == {"alpha without an item: one item would remain"}
    assert two["item_rest"].tolist() == pytest.approx([answers["b"].corr(answers["c"])] * 2)


def test_a_repeated_item_leaves_what_needs_regression_undefined(answers: pd.DataFrame) -> None:
    table = item_statistics(answers.assign(again=answers["b"]))
    assert table["item_common"].isna().all()
    assert set(table["undefined"]) == {"item_common: an item can be computed exactly from the others"}
    assert table["item_rest"].notna().all()


def test_a_constant_item_is_named(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'b': every answer is the same"):
        item_statistics(answers.assign(b=3.0))
