"""Hidden causes of mediator and outcome: what must hold, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.models.mediation import (
    fit_layout,
    mediator_confounding,
    natural_effects,
    probit_confounding,
)
from servicefx.values.glossary import GLOSSARY

ROLES = {"source": "x", "mediators": ["m", "k"], "covariates": ["c"]}


@pytest.mark.parametrize("layout", [4, 6])
def test_without_hidden_causes_it_is_the_estimate_and_it_vanishes_where_it_says(
    mediated: pd.DataFrame, layout: int
) -> None:
    fit = fit_layout(mediated, layout, outcome="y", draws=50, **ROLES)
    marks = mediator_confounding(fit).vanishing.set_index("via")["rho"]
    found = mediator_confounding(fit, rho=[0.0, *marks])
    curve = found.curve.set_index(["via", "rho"])["estimate"]
    ends = {"m": [("m",)], "k": [("k",)] if layout == 4 else [("k",), ("m", "k")]}
    for via in ("m", "k"):
        ours = sum(fit.answer("indirect", route).effect.estimate for route in ends[via])
        assert curve[via, 0.0] == pytest.approx(ours, rel=1e-10)
        assert curve[via, marks[via]] == pytest.approx(0.0, abs=1e-10)
        block = found.curve[found.curve["via"] == via]
        assert block["estimate"].is_monotonic_decreasing
        assert (block["conf_low"] < block["estimate"]).all()
        assert (block["conf_high"] > block["estimate"]).all()


def test_units_of_the_columns_do_not_move_the_correlation(mediated: pd.DataFrame) -> None:
    fit = fit_layout(mediated, outcome="y", draws=20, **ROLES)
    other = fit_layout(
        mediated.assign(m=mediated["m"] * 50, y=mediated["y"] / 9), outcome="y", draws=20, **ROLES
    )
    first, second = mediator_confounding(fit).vanishing, mediator_confounding(other).vanishing
    pd.testing.assert_frame_equal(first, second, rtol=1e-8)


def test_a_probit_without_hidden_causes_is_its_natural_effect(mediated: pd.DataFrame) -> None:
    options = {"source": "x", "mediators": ["m"], "outcome": "bought", "covariates": ["c"], "draws": 25}
    natural = natural_effects(mediated, outcome_kind="probit", **options)
    found = probit_confounding(mediated, rho=[0.0], **options)
    expected = natural.answer("total natural indirect", ["m"])
    row = found.curve.iloc[0]
    assert row["estimate"] == pytest.approx(expected.effect.estimate, abs=1e-9)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(expected.interval(), abs=1e-9)
    mark = float(found.vanishing["rho"].iloc[0])
    nothing = probit_confounding(mediated, rho=[mark], **options).curve.iloc[0]
    assert nothing["estimate"] == pytest.approx(0.0, abs=1e-9)


def test_correlations_no_world_has_are_left_out(mediated: pd.DataFrame) -> None:
    frame = mediated.assign(k=mediated["m"] + 0.3 * mediated["k"])
    curve = mediator_confounding(fit_layout(frame, outcome="y", draws=5, **ROLES)).curve
    assert curve.loc[curve["via"] == "k", "rho"].abs().max() < 0.9
    assert curve["estimate"].notna().all()
    assert set(curve.columns) <= set(GLOSSARY)


def test_what_is_moderated_or_out_of_range_is_refused(mediated: pd.DataFrame) -> None:
    moderated = fit_layout(mediated, 7, outcome="y", moderator="w", draws=0, **ROLES)
    with pytest.raises(StudyError, match="layout 7 has conditional effects"):
        mediator_confounding(moderated)
    fit = fit_layout(mediated, outcome="y", draws=0, **ROLES)
    with pytest.raises(StudyError, match="rho 1, expected numbers between -1 and 1"):
        mediator_confounding(fit, rho=[0, 1])
    with pytest.raises(StudyError, match="no rho"):
        mediator_confounding(fit, rho=[])


def test_a_binary_mediator_has_no_error_to_correlate(mediated: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="mediator 'visited' holds 0 and 1 only"):
        probit_confounding(mediated, source="x", mediators=["visited"], outcome="bought", draws=0)
    with pytest.raises(DataError, match="'y' holds 300 different values, expected 0 and 1"):
        probit_confounding(mediated, source="x", mediators=["m"], outcome="y", draws=0)


def test_draws_of_the_vanishing_correlation_travel_as_effects(mediated: pd.DataFrame) -> None:
    fit = fit_layout(mediated, outcome="y", draws=50, **ROLES)
    found = mediator_confounding(fit)
    row = found.vanishing.iloc[1]
    assert found.effects[1].interval() == pytest.approx((row["rho_low"], row["rho_high"]))
    assert found.effects[1].unit == "correlation"
    assert np.isfinite(found.effects[1].draws).all()


def test_a_resample_fitted_without_errors_has_no_correlation_of_errors(mediated: pd.DataFrame) -> None:
    few = mediated.iloc[:6]
    fit = fit_layout(few, source="x", mediators=["m"], outcome="y", draws=300, seed=1)
    found = mediator_confounding(fit, rho=[0.0, 0.3]).effects[0]
    assert 0 < found.n_failed < 300
    assert np.nanmax(np.abs(found.draws)) <= 1
