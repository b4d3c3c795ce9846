"""Model texts read by us and by lavaan's lavaanify (tests/golden/syntax/README.md)."""

from pathlib import Path

import pandas as pd
import pytest

from servicefx.syntax.parser import parse_model

FOLDER = Path(__file__).parent / "syntax"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, keep_default_na=False, dtype=str)


MODELS = read("models.csv").set_index("case")
EXPECTED = read("expected.csv")
EQUATIONS = read("expected_equations.csv")


def number(text: str) -> float | None:
    return None if text == "NA" else float(text)


def joined(row) -> tuple[str, str, str]:
    """Both names and the operator; lavaan turns some covariances round, so theirs stand in order of name."""
    lhs, rhs = sorted((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)
    return lhs, row.op, rhs


@pytest.mark.parametrize("case", MODELS.index)
def test_parameters_labels_values_and_starts_are_those_lavaan_reads(case):
    table = parse_model(MODELS["model"][case])
    ours = []
    for group in range(int(MODELS["n_groups"][case])):
        for row in table.rows:
            said = row.modifier(group)
            ours.append((group + 1, *joined(row), said.label, said.fixed, said.start))
    theirs = [
        (int(row.group), *joined(row), row.label, number(row.fixed), number(row.start))
        for row in EXPECTED[EXPECTED["case"] == case].itertuples()
    ]
    assert ours == theirs


@pytest.mark.parametrize("case", MODELS.index)
def test_observed_names_and_constructs_stand_in_lavaans_order(case):
    table = parse_model(MODELS["model"][case])
    assert table.observed == tuple(MODELS["observed"][case].split())
    assert table.constructs == tuple(MODELS["constructs"][case].split())


@pytest.mark.parametrize("case", EQUATIONS["case"].unique())
def test_definitions_and_constraints_are_those_lavaan_reads(case):
    table = parse_model(MODELS["model"][case])
    ours = [(said.name, ":=", said.expression.text) for said in table.definitions]
    ours += [(said.left.text, "==", said.right.text) for said in table.constraints]
    theirs = EQUATIONS[EQUATIONS["case"] == case][["lhs", "op", "rhs"]].itertuples(index=False, name=None)
    assert [tuple(part.replace(" ", "") for part in line) for line in ours] == list(theirs)


def test_what_lavaan_frees_is_not_fixed_here():
    free = EXPECTED[EXPECTED["free"] == "1"]
    assert (free["fixed"] == "NA").all()
