"""Intervals of one effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.models.mediation import fit_layout
from servicefx.sem.resampling.intervals import interval


@pytest.fixture(scope="module")
def effect(mediated: pd.DataFrame):
    fit = fit_layout(mediated, source="x", mediators=["m"], outcome="y", draws=200)
    return fit.answer("indirect", ("m",))


def test_bca_without_acceleration_is_bias_corrected(effect) -> None:
    assert replace(effect, acceleration=0.0).interval(0.9, "bca") == effect.interval(0.9, "bc")
    known = interval(effect.effect.draws, effect.effect.estimate, "bca", 0.9, effect.acceleration)
    assert effect.interval(0.9, "bca") == known


def test_bca_is_missing_where_no_acceleration_was_worked_out(effect) -> None:
    assert np.isnan(replace(effect, acceleration=float("nan")).interval(0.9, "bca")).all()


def test_a_constant_has_itself_as_interval(effect) -> None:
    still = replace(effect.effect, estimate=2.0, draws=np.full(50, 2.0))
    assert replace(effect, effect=still).interval(0.9, "bca") == (2.0, 2.0)


def test_an_unknown_interval_is_refused(effect) -> None:
    with pytest.raises(StudyError, match=r"'bcb' is not known \(closest: 'bc"):
        effect.interval(0.9, "bcb")
