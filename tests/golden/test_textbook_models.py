"""Textbook models, every column and measure held against lavaan's (the make.R beside each case)."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import sem

GOLDEN = Path(__file__).parent
CASES = [("holzinger", "cfa"), ("holzinger", "paths"), ("holzinger", "second_order")]
CASES.append(("political_democracy", "bollen"))
# lavaan's own gradient is up to 7e-8 at its estimates, ours below 1e-9: seen are 3e-6 at most
SAME_MINIMUM = 1e-5
KEY = ["lhs", "op", "rhs"]


def fitted(case: str, model: str) -> sem.SemFit:
    return sem.fit((GOLDEN / case / f"{model}.lav").read_text(), pd.read_csv(GOLDEN / case / "data.csv"))


@pytest.mark.parametrize(("case", "model"), CASES)
def test_every_parameter_column_is_lavaans(case: str, model: str) -> None:
    expected = pd.read_csv(GOLDEN / case / "expected.csv").query("model == @model")
    expected = expected.drop(columns="model").set_index(KEY).sort_index()
    found = fitted(case, model).parameters.set_index(KEY).sort_index()[expected.columns]
    # fixed parameters: lavaan prints an error of 0, we print none
    held = expected["std_error"] == 0
    expected.loc[held, ["std_error", "conf_low", "conf_high"]] = np.nan
    pd.testing.assert_frame_equal(found, expected, rtol=SAME_MINIMUM, atol=SAME_MINIMUM)


@pytest.mark.parametrize(("case", "model"), CASES)
def test_every_fit_measure_and_explained_share_is_lavaans(case: str, model: str) -> None:
    fit = fitted(case, model)
    expected = pd.read_csv(GOLDEN / case / "measures.csv").query("model == @model").set_index("measure")
    shares = fit.r2.set_index("outcome")["estimate"].rename(index=lambda name: f"r2_{name}")
    found = fit.measures | shares.to_dict()
    assert len(expected) > 20
    for name, value in expected["estimate"].items():
        assert found[str(name)] == pytest.approx(value, rel=SAME_MINIMUM, abs=1e-7), name


def test_the_data_of_the_golden_case_are_those_semopy_ships() -> None:
    listed = importlib.metadata.files("semopy") or []
    shipped = next(f for f in listed if f.name == "holzinger_swineford39_data.csv")
    original = pd.read_csv(Path(str(shipped.locate())))
    pd.testing.assert_frame_equal(
        pd.read_csv(GOLDEN / "holzinger" / "data.csv"), original[["ageyr", *(f"x{i}" for i in range(1, 10))]]
    )
