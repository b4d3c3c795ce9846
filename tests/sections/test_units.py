"""Slopes carry the units of what they join: points only where there is a scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from servicefx.sections.chain import chain_section
from servicefx.sections.drivers import drivers_section
from servicefx.sections.hypotheses import hypotheses_section
from servicefx.study.study import Study, load_study

STUDY = """
version = 1
[study]
id = "units"
title = "Units"
[data.customers]
file = "survey.csv"
[scales.stars]
min = 1
max = 5
unit = "stars"
[constructs.response_time]
mode = "single"
items = ["hours"]
[constructs.satisfaction]
mode = "single"
items = ["sat"]
scale = "stars"
[constructs.loyalty]
mode = "single"
items = ["loy"]
scale = "stars"
[[paths]]
from = "response_time"
to = "satisfaction"
[[paths]]
from = "satisfaction"
to = "loyalty"
[inference]
draws = 50
"""


def study(folder: Path, rng: np.random.Generator) -> Study:
    hours = rng.uniform(1, 48, 200).round(1)
    sat = np.clip(np.round(4.5 - hours / 24 + rng.normal(0, 0.7, 200)), 1, 5)
    loy = np.clip(np.round(sat + rng.normal(0, 0.7, 200)), 1, 5)
    pd.DataFrame({"hours": hours, "sat": sat, "loy": loy}).to_csv(folder / "survey.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return load_study(folder)


def test_hours_are_units_and_a_scale_keeps_its_own_word(tmp_path: Path, rng: np.random.Generator) -> None:
    made = study(tmp_path, rng)
    paths = hypotheses_section(made)
    assert paths is not None
    assert paths.tables[0].rows["unit"].tolist() == ["stars per unit", "stars per star"]
    drivers = drivers_section(made)
    assert drivers is not None
    said = {finding.key: (finding.values["step"], finding.values["unit"]) for finding in drivers.findings}
    assert said == {"finding.driver": ("unit", "stars"), "finding.kano": ("unit", "stars")}
    chain = chain_section(made)
    assert chain is not None
    assert set(chain.tables[0].rows["unit"]) == {"stars per unit"}
    assert chain.effects[-1].estimand == "change in loyalty per unit of response_time, all paths of the chain"
