from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.design_matrix import (
    checked_arrays,
    checked_clusters,
    checked_weights,
    redundant_terms,
)
from servicefx.errors import DataError, IdentificationError

Y, X, Z = [1.0, 2.0, 2.5, 4.0, 5.5, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0, 7.0], [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]


def frame(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"y": Y, "x": X, "z": Z} | columns)


REFUSED = {
    "a column that is not there": (
        frame(),
        ["xx"],
        DataError,
        "regression of 'y': column 'xx' is not in the data\n    Correct the name.",
    ),
    "gaps": (
        frame(x=[1.0, np.nan, 3.0, 4.0, np.nan, 7.0]),
        ["x"],
        DataError,
        "regression of 'y': 'x' has 2 gaps\n    Drop those rows first.",
    ),
    "an infinite value": (
        frame(x=[1.0, np.inf, 3.0, 4.0, 5.0, 7.0]),
        ["x"],
        DataError,
        "regression of 'y': 'x' has 1 gaps\n    Drop those rows first.",
    ),
    "everything missing": (
        frame(x=[np.nan] * 6),
        ["x"],
        DataError,
        "regression of 'y': 'x' has 6 gaps\n    Drop those rows first.",
    ),
    "one row": (
        frame().head(1),
        ["x"],
        DataError,
        "regression of 'y': 1 rows for 2 coefficients\n    Add rows (at least 3) or remove terms.",
    ),
    "fewer rows than coefficients": (
        frame().head(3),
        ["x", "z"],
        DataError,
        "regression of 'y': 3 rows for 3 coefficients\n    Add rows (at least 4) or remove terms.",
    ),
    "no row": (
        frame().head(0),
        ["x"],
        DataError,
        "regression of 'y': 0 rows for 2 coefficients\n    Add rows (at least 3) or remove terms.",
    ),
    "a constant term": (
        frame(z=[2.0] * 6),
        ["x", "z"],
        DataError,
        "regression of 'y': 'z' has the same value in all 6 rows used\n    Remove it from the model.",
    ),
    "a term constant up to rounding": (
        frame(z=[0.1 + 0.2, 0.3, 0.3, 0.3, 0.1 + 0.2, 0.3]),
        ["x", "z"],
        DataError,
        "regression of 'y': 'z' has the same value in all 6 rows used\n    Remove it from the model.",
    ),
    "a constant outcome": (
        frame(y=[3.0] * 6),
        ["x"],
        DataError,
        "regression of 'y': 'y' has the same value in all 6 rows used\n    Remove it from the model.",
    ),
    "perfect collinearity": (
        frame(twice=[2 * x - 1 for x in X]),
        ["x", "z", "twice"],
        IdentificationError,
        "regression of 'y': these terms can be computed exactly from the others: 'twice'\n"
        "    Remove them, or merge them into one.",
    ),
    "a full set of dummies": (
        frame(other=[1 - z for z in Z]),
        ["z", "other"],
        IdentificationError,
        "regression of 'y': these terms can be computed exactly from the others: 'other'\n"
        "    Remove them, or merge them into one.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    data, terms, error, message = REFUSED[case]
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        checked_arrays(data, "y", terms)


def test_every_gap_is_named_at_once() -> None:
    with pytest.raises(DataError) as caught:
        checked_arrays(frame(x=[np.nan, *X[1:]], z=[*Z[:5], np.nan]), "y", ["x", "z"])
    assert [problem.found for problem in caught.value.problems] == ["'x' has 1 gaps", "'z' has 1 gaps"]


def test_arrays_are_copies_in_the_order_asked() -> None:
    data = frame()
    y, x = checked_arrays(data, "y", ["z", "x"])
    assert y.tolist() == Y
    assert x.T.tolist() == [Z, X]
    y[0] = 99
    assert data["y"].iloc[0] == 1.0


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_redundancy_does_not_depend_on_units(factor: float) -> None:
    x = np.column_stack([X, Z, np.add(X, Z) * factor])
    assert redundant_terms(x, ["a", "b", "sum"]) == ["sum"]
    assert redundant_terms(x[:, :2] * [factor, 1.0], ["a", "b"]) == []


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            ["a"] * 4,
            "one cluster only, so nothing says how clusters differ\n    Remove 'nested_in', or add clusters.",
        ),
        (["a", None, "b", None], "2 rows belong to no cluster\n    Fill the column, or drop those rows."),
        (["a", "b"], "2 clusters for 4 rows\n    Give one cluster a row."),
    ],
)
def test_clusters_are_refused(labels: list[str | None], message: str) -> None:
    with pytest.raises(DataError, match=f"^regression of 'y', clusters 'outlet': {re.escape(message)}$"):
        checked_clusters(pd.Series(labels, name="outlet"), 4, "y")


def test_clusters_are_counted_and_named() -> None:
    codes, n, name = checked_clusters(pd.Series(["店 2", "店 1", "店 2"], name="网点 号"), 3, "y")
    assert (codes.tolist(), n, name) == ([1, 0, 1], 2, "网点 号")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 0.0, -2.0, np.nan], "3 of 4 weights are missing or not above 0"),
        ([1.0, 1.0], "2 weights for 4 rows"),
    ],
)
def test_weights_are_refused(values: list[float], message: str) -> None:
    text = f"regression of 'y', weights 'w': {message}\n    Give every row a weight above 0."
    with pytest.raises(DataError, match=f"^{re.escape(text)}$"):
        checked_weights(pd.Series(values, name="w"), 4, "y")


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (["x", "constant"], "a term is named 'constant', as the intercept is in every table\n    Rename it."),
        (["x", "x"], "'x' stands twice among the outcome and the terms\n    Name each column once."),
        (["y", "x"], "'y' stands twice among the outcome and the terms\n    Name each column once."),
    ],
)
def test_names_a_table_could_not_tell_apart_are_refused(terms: list[str], message: str) -> None:
    frame = pd.DataFrame({"y": [1.0, 2, 4, 3, 5], "x": [2.0, 1, 3, 5, 4], "constant": [1.0, 2, 1, 2, 2]})
    with pytest.raises(DataError, match=f"^regression of 'y': {re.escape(message)}$"):
        checked_arrays(frame, "y", terms)
