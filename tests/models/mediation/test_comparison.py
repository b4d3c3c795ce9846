"""Sobel's test and joint significance: what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.models.mediation import fit_layout, step_tests
from servicefx.values.glossary import GLOSSARY


def test_every_route_has_both_and_joint_significance_no_interval(mediated: pd.DataFrame) -> None:
    table = step_tests(fit_layout(mediated, 6, source="x", mediators=["m", "k"], outcome="y", draws=0))
    assert table["via"].unique().tolist() == ["m", "k", "m → k"]
    joint = table[table["method"] == "joint significance"]
    assert np.isnan(joint["conf_low"]).all()
    assert (joint["undefined"] != "").all()
    assert set(table.columns) <= set(GLOSSARY)


def test_conditional_effects_are_refused(mediated: pd.DataFrame) -> None:
    fit = fit_layout(mediated, 7, source="x", mediators=["m"], outcome="y", moderator="w", draws=0)
    with pytest.raises(StudyError, match="layout 7 has conditional effects"):
        step_tests(fit)
