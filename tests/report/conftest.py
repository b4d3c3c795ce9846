"""A study and sections that never touched data: names from strangers, every layout and every figure."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from servicefx.values.table import Figure, FigureKind, Phrase, Section, Table

HOSTILE = "<script>alert('x')</script> & \"quoted\""
NAMES = {
    "reliability": "可靠性",
    "responsiveness": HOSTILE,
    "satisfaction": "Satisfaction with the service received during the last twelve months",
    "loyalty": "Customer loyalty",
}


def phrase(key: str, **values: str | int | float) -> Phrase:
    return Phrase(key=key, values=values)


@pytest.fixture(scope="session")
def labels() -> Callable[[str], str]:
    return lambda name: NAMES.get(name, name)


@pytest.fixture
def study() -> SimpleNamespace:
    """As much of a study as a report reads."""
    return SimpleNamespace(
        spec=SimpleNamespace(
            data={"customers": SimpleNamespace(file="raw:客户.csv")},
            constructs=NAMES,
            inference=SimpleNamespace(missing_data="scores"),
            report=SimpleNamespace(languages=("en",)),
        ),
        id="made_up",
        study_sha256="ab" * 32,
        inputs={"customers": "cd" * 32},
        counts={"customers": {"rows read": 250, "empty row": 3}},
        seed=7,
        level=0.95,
        draws=1000,
        title=lambda language="en": f"售后 {HOSTILE} ({language})",
        label=lambda name, language="en": NAMES[name] if language == "en" else name,
    )


@pytest.fixture
def estimates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "outcome": "satisfaction",
            "term": ["reliability", "responsiveness", "age | years"],
            "estimate": [0.1 + 0.2, -1 / 3, float("nan")],
            "std_error": [0.05, 0.1, float("nan")],
            "df": [98.0, 98.0, float("inf")],
            "p_value": [1e-9, 0.0234, float("nan")],
            "conf_low": [0.2, -0.53, float("nan")],
            "conf_high": [0.4, 0.14, float("nan")],
            "n_obs": [250, 250, 250],
            "undefined": ["", "", "held fixed"],
        }
    )


@pytest.fixture
def items() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "construct": ["reliability"] * 3 + ["loyalty"] * 3,
            "item": ["rel1"] * 3 + ["愿意再次购买"] * 3,
            "answer": [1.0, 2.0, 3.0] * 2,
            "share": [0.1, 0.2, 0.7] * 2,
            "n_obs": [25, 50, 175] * 2,
        }
    )


@pytest.fixture
def paths() -> pd.DataFrame:
    edges = [
        ("reliability", "satisfaction"), ("responsiveness", "satisfaction"), ("satisfaction", "loyalty"),
        ("reliability", "loyalty"), ("loyalty", "satisfaction"), ("loyalty", "loyalty"),
    ]  # fmt: skip
    estimate = np.array([0.3, -0.2, 0.6, 0.05, 0.1, 0.2])
    return pd.DataFrame(
        {
            "from": [start for start, _ in edges],
            "to": [end for _, end in edges],
            "estimate": estimate,
            "conf_low": estimate - 0.1,
            "conf_high": estimate + 0.1,
        }
    )


@pytest.fixture
def sections(estimates: pd.DataFrame, items: pd.DataFrame, paths: pd.DataFrame) -> tuple[Section, ...]:
    coefficients = estimates.iloc[:2][["term", "estimate", "conf_low", "conf_high"]]
    bins = pd.DataFrame(
        {"bin_low": [-2e6, -1e6, 0.0, 1e6], "bin_high": [-1e6, 0.0, 1e6, 2e6], "share": [0.1, 0.2, 0.3, 0.4]}
    )

    def said(text: str) -> Phrase:
        return phrase("note.text", text=text)

    def drawing(id: str, kind: FigureKind, title: str, rows: pd.DataFrame, source: str) -> Figure:
        return Figure(id=id, kind=kind, title=said(title), rows=rows, source=source)

    return (
        Section(
            id="drivers",
            title=said("Drivers"),
            findings=(said("Reliability matters."),),
            tables=(
                Table(
                    id="drivers",
                    title=said("Drivers of it"),
                    rows=estimates,
                    notes=(phrase("note.level", level=0.95), said(HOSTILE)),
                ),
                Table(id="items", title=said("Answers"), rows=items),
            ),
            figures=(
                drawing("drivers", "coefficients", "Dots", coefficients, "drivers"),
                drawing("likert", "likert", "Bars", items, "items"),
            ),
        ),
        Section(
            id="structure",
            title=said("Structure"),
            tables=(
                Table(id="paths", title=said("Paths"), rows=paths),
                Table(id="worth", title=said("Worth"), rows=bins),
            ),
            figures=(
                drawing("diagram", "diagram", "Arrows", paths, "paths"),
                drawing("worth", "distribution", "Histogram", bins, "worth"),
            ),
        ),
        Section(
            id="composite",
            title=said("Composite"),
            notes=(phrase("note.refused", what="model", why="weights 'w' are there", remedy="Drop them."),),
        ),
    )
