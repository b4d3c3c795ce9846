"""The glossary: every column has a meaning, a unit and a role, under the house's own spelling."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from servicefx.values.glossary import GLOSSARY, Role

# Spellings of other programs that the vocabulary replaces (style.md 3.5).
FOREIGN = {
    "alpha_level", "b", "beta", "ci_high", "ci_low", "ci_lower", "ci_upper", "coef", "cov_type",
    "delta", "dep_var", "df_resid", "dof", "endog", "entity", "factor", "feature", "indicator",
    "latent", "nobs", "p", "p_val", "param", "params", "pval", "regressor", "se", "std_err", "stderr",
    "t", "time", "tstat", "variable", "vcov", "z",
}  # fmt: skip


@pytest.mark.parametrize("name", GLOSSARY)
def test_a_column_says_what_it_means_in_which_unit_and_how_it_is_shown(name: str) -> None:
    column = GLOSSARY[name]
    assert column.meaning.strip() == column.meaning != ""
    assert column.unit.strip() == column.unit != ""
    assert column.role in get_args(Role)


def test_column_names_are_plain_words_joined_by_underscores() -> None:
    assert [name for name in GLOSSARY if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


def test_no_column_is_spelt_as_other_programs_spell_it() -> None:
    assert not FOREIGN & set(GLOSSARY)


def test_no_two_columns_mean_the_same() -> None:
    meanings = [column.meaning for column in GLOSSARY.values()]
    assert len(set(meanings)) == len(meanings)


def test_numbers_have_a_unit_and_text_has_none() -> None:
    for name, column in GLOSSARY.items():
        if column.role in ("estimate", "count", "share", "p_value", "money"):
            assert column.unit != "-", name
        if column.role == "text":
            assert column.unit == "-", name


def test_shares_and_p_values_lie_between_zero_and_one() -> None:
    for name, column in GLOSSARY.items():
        if column.role in ("share", "p_value"):
            assert column.unit == "[0, 1]", name


def test_counts_are_counted() -> None:
    for name, column in GLOSSARY.items():
        if column.role == "count":
            assert column.unit.startswith("count"), name
        if name.startswith("n_"):
            assert column.role == "count", name


def test_every_lower_end_has_its_upper_end() -> None:
    lower = [name for name in GLOSSARY if re.search(r"(^|_)low$", name)]
    assert lower
    for name in lower:
        twin = GLOSSARY[re.sub(r"low$", "high", name)]
        assert (twin.unit, twin.role) == (GLOSSARY[name].unit, GLOSSARY[name].role), name
