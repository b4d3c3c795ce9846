"""Which level of nesting the errors allow for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.answers import mean_of
from servicefx.study.after_sales.scores import score_frame
from servicefx.study.simulate import simulate
from servicefx.study.study import Study, load_study

STUDY = """
version = 1
[study]
id = "nested"
title = "Nested"
[data.customers]
file = "survey.csv"
unit = "customer"
nested_in = ["outlet", "firm"]
[constructs.satisfaction]
mode = "single"
items = ["sat"]
"""


def nested(folder: Path, outlets: int, firms: int) -> Study:
    rows = np.arange(400)
    outlet = rows % outlets
    frame = pd.DataFrame({"customer": rows, "outlet": outlet, "firm": outlet % firms, "sat": rows % 7 + 1.0})
    frame.to_csv(folder / "survey.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return load_study(folder)


@pytest.mark.parametrize(
    ("outlets", "firms", "chosen", "wider"),
    [
        (80, 40, "firm", {}),  # both numerous: the widest, since outlets of a firm share what the firm shares
        (80, 8, "outlet", {"firm": 8}),  # eight firms are too few; said, not used
        (20, 8, "outlet", {"firm": 8}),  # neither numerous: the one with more groups
        (80, 1, "outlet", {}),  # one firm is no level
    ],
)
def test_the_widest_numerous_level_is_used(
    tmp_path: Path, outlets: int, firms: int, chosen: str, wider: dict[str, int]
) -> None:
    study = nested(tmp_path, outlets, firms)
    clusters = study.clusters("customers")
    assert clusters is not None
    assert clusters.name == chosen
    assert study.wider_levels("customers") == wider


@pytest.mark.slow
def test_intervals_of_means_cover_at_the_firm_level_and_not_at_the_outlet_level() -> None:
    worlds = [simulate(1200, seed=seed).customers for seed in range(1, 251)]
    scores = [score_frame(world)["satisfaction"] for world in worlds]
    # the mean over 250 worlds stands for the truth: its own error is a sixteenth of one world's
    truth = float(np.mean([score.mean() for score in scores]))
    covered = {"firm_id": 0, "outlet_id": 0}
    for world, score in zip(worlds, scores, strict=True):
        for level in covered:
            answer = mean_of(score, clusters=world[level])
            covered[level] += answer.conf_low <= truth <= answer.conf_high
    # two-sided 99.9 % binomial band around .95 at 250 draws
    assert 0.905 <= covered["firm_id"] / 250 <= 0.995
    assert covered["outlet_id"] / 250 < 0.905
