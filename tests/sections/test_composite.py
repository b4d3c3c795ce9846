from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from servicefx import pls
from servicefx.report.words import say
from servicefx.sections.composite import composite_section
from servicefx.values.table import Section


def model(text: str) -> dict[str, Any]:
    return {"models": {"chain": {"kind": "pls", "lavaan": text}}}


CHAIN = "satisfaction ~ tangibles + reliability\nloyalty ~ satisfaction\n"


def tables(section: Section | None) -> dict[str, Any]:
    assert section is not None
    return {table.id: table for table in section.tables}


def test_tables_hold_the_numbers_of_the_fit_and_its_draws(made: ModuleType) -> None:
    study = made.quality_study(**model(CHAIN))
    section = composite_section(study)
    found = {name: table.rows for name, table in tables(section).items()}
    blocks = "".join(
        f"{name} =~ {' + '.join(one['items'])}\n" for name, one in made.quality_constructs().items()
    )
    items = study.frames["customers"]
    fit = pls.fit(blocks + CHAIN, items)
    paths = {(row.rhs, row.lhs): row.estimate for row in fit.paths.itertuples()}
    for row in found["composite"].to_dict("records"):
        assert row["estimate"] == pytest.approx(paths[row["from"], row["to"]], abs=1e-9)
    weights = {(row.lhs, row.rhs): row.estimate for row in fit.weights.itertuples()} if (
        "lhs" in fit.weights
    ) else fit.weights.set_index(["construct", "item"])["estimate"].to_dict()  # fmt: skip
    for row in found["composite_weights"].to_dict("records"):
        assert row["weight"] == pytest.approx(weights[row["construct"], row["item"]], abs=1e-9)
    assert {"composite_quality", "composite_pairs", "composite_effects", "composite_fit"} <= set(found)
    r2 = sorted(fit.r2["estimate"])
    assert section is not None
    values = section.findings[0].values
    assert (values["low"], values["high"]) == pytest.approx((r2[0], r2[-1]), abs=1e-9)


def test_one_outcome_is_told_as_one(made: ModuleType) -> None:
    section = composite_section(made.quality_study(**model("loyalty ~ satisfaction\n")))
    assert section is not None
    share = section.findings[0].values["high"]
    assert say(section.findings[0], str) == (
        f"The composite model explains {share:.1%} of the variance of loyalty."
    )
    assert "composite_effects" not in tables(section)  # nothing is mediated


def test_survey_weights_are_refused(made: ModuleType) -> None:
    study = made.quality_study(**model(CHAIN), data={"customers": {"weights": "weight"}})
    section = composite_section(study)
    assert section is not None
    assert section.tables == ()
    assert "survey weights 'weight' cannot be used by the composite model" in say(section.notes[0], str)
