"""Slopes at both ends of a term: a U is found, a line and a bent line are not."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from servicefx.effects.turning import slopes_at_ends, turns_round

FORMS = {
    "line": (lambda z: 0.5 * z, False),
    "u": (lambda z: 0.4 * z**2 - 0.1 * z, True),
    "bent": (lambda z: -0.8 * np.maximum(z, 0.0), False),
}


@pytest.mark.parametrize("form", FORMS)
def test_only_a_slope_with_two_signs_turns(made: ModuleType, rng: np.random.Generator, form: str) -> None:
    shape, turns = FORMS[form]
    frame = made.survey_frame(800)
    frame["age"] = rng.normal(50, 10, 800)
    frame["bought"] = shape((frame["age"] - 50) / 10) + rng.standard_normal(800)
    constructs = made.CONSTRUCTS | {"response_time": {"mode": "single", "items": ["age"]}}
    study = made.survey(frame, constructs=constructs)
    ends = slopes_at_ends(study, "customers", "response_time", "repurchase", ["trust"])
    assert turns_round(ends) is turns
    assert ends is not None
    if form == "u":
        (low, *_), (high, *_) = ends
        slopes = [(0.8 * z - 0.1) / 10 for z in (-1.2816, 1.2816)]
        assert [low, high] == pytest.approx(slopes, abs=0.03)


def test_two_values_have_no_ends(made: ModuleType) -> None:
    assert slopes_at_ends(made.survey(), "customers", "repurchase", "loyalty", []) is None
    assert not turns_round(None)
