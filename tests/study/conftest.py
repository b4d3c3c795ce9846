"""A small study on disk, to be spoilt in one place at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

STUDY = """\
version = 1

[study]
id = "demo"
title = "Demo"

[data.customers]
file = "survey.csv"
unit = "customer"
missing = [-99, "N/A"]

[scales.likert]
min = 1
max = 7
labels = { 1 = "strongly disagree", 7 = "strongly agree" }
missing = [9]

[constructs.reliability]
mode = "reflective"
items = ["rel1", "rel2", "rel3"]
reversed = ["rel3"]
scale = "likert"

[constructs.satisfaction]
mode = "single"
items = ["sat"]
scale = "likert"

[[paths]]
hypothesis = "H1a"
from = "reliability"
to = "satisfaction"
"""


def answers(n_rows: int = 20) -> pd.DataFrame:
    """Rows of the survey that `STUDY` describes; text cells, as in a CSV."""
    rng = np.random.default_rng(7)
    columns = {name: rng.integers(1, 8, n_rows).astype(str) for name in ("rel1", "rel2", "rel3", "sat")}
    customers = [f"c{i:02d}" for i in range(1, n_rows + 1)]
    return pd.DataFrame({"customer": customers, **columns}, dtype=object)


MakeStudy = Callable[..., Path]


@pytest.fixture
def survey() -> pd.DataFrame:
    return answers()


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Write study.toml and survey.csv into a folder and return it.

    ``change`` replaces pieces of `STUDY` (each must be there), ``extra`` is put after it.
    """

    def make(
        change: Mapping[str, str] | None = None,
        *,
        extra: str = "",
        frame: pd.DataFrame | None = None,
        content: bytes | None = None,
        file: str = "survey.csv",
    ) -> Path:
        text = STUDY
        for old, new in (change or {}).items():
            assert text.count(old) >= 1, f"{old!r} is not in the study"
            text = text.replace(old, new, 1)
        (tmp_path / "study.toml").write_text(text + extra, encoding="utf-8")
        if content is None:
            content = (answers() if frame is None else frame).to_csv(index=False).encode()
        (tmp_path / file).write_bytes(content)
        return tmp_path

    return make
