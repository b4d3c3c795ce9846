"""The response surface: what centring and swapping change, what a plane has, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.gap import (
    GapSurface,
    compare_gap_forms,
    compare_kink_places,
    fit_gap,
    fit_surface,
)
from servicefx.models.gap.shape import AXES, axes
from servicefx.values.glossary import GLOSSARY

SCALE = (1.0, 7.0)
SURFACE = np.array([0.2, 0.6, -0.3, 0.25, -0.2])


def survey(n: int = 500, seed: int = 3, b: np.ndarray = SURFACE, noise: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    wanted, got = rng.uniform(1, 7, n), rng.uniform(1, 7, n)
    x, y = wanted - 4, got - 4
    content = 4 + np.column_stack([x, y, x**2, x * y, y**2]) @ b + rng.normal(0, noise, n)
    return pd.DataFrame({"content": content, "wanted": wanted, "got": got, "age": rng.normal(40, 9, n)})


def surface(data: pd.DataFrame, *held: str, x: str = "wanted", y: str = "got", **options) -> GapSurface:
    return fit_surface(data, "content", x, y, held, **({"scale": SCALE, "draws": 30} | options))


def values(frame: pd.DataFrame, column: str = "estimate") -> pd.Series:
    return frame.set_index("term")[column]


def test_the_surface_that_made_the_data_comes_back_with_its_shape():
    fit = surface(survey(5000, noise=0.05))
    assert fit.centre == 4
    assert fit.coefficients["estimate"].iloc[:5].to_numpy() == pytest.approx(SURFACE, abs=0.01)
    truth = {"a1": 0.8, "a2": -0.25, "a3": -0.4, "a4": -0.75, "a5": -0.1}
    assert values(fit.slopes).to_dict() == pytest.approx(truth, abs=0.01)
    x0, y0 = np.linalg.solve([[-0.6, 0.25], [0.25, -0.4]], [-0.2, -0.6])  # where both slopes are 0
    assert values(fit.axes)[["x0", "y0"]].to_numpy() == pytest.approx([x0, y0], abs=0.05)
    assert (fit.axes["undefined"] == "").all()
    peak = fit.grid.sort_values("estimate").iloc[-1]
    assert [peak["expectation"] - 4, peak["perception"] - 4] == pytest.approx([x0, y0], abs=0.45)


def test_another_centre_moves_slopes_as_algebra_says_and_no_curvature():
    data, by = survey(), 0.7
    here, there = surface(data), surface(data, centre=4 + by)
    a, moved = values(here.slopes), values(there.slopes)
    assert moved["a1"] == pytest.approx(a["a1"] + 2 * by * a["a2"])
    assert moved["a3"] == pytest.approx(a["a3"] + 2 * by * a["a5"])
    assert moved[["a2", "a4", "a5"]].to_numpy() == pytest.approx(a[["a2", "a4", "a5"]].to_numpy())
    point, apart = values(here.axes), values(there.axes)
    assert apart[["x0", "y0"]].to_numpy() == pytest.approx(point[["x0", "y0"]].to_numpy() - by)
    assert apart[["p11", "p21"]].to_numpy() == pytest.approx(point[["p11", "p21"]].to_numpy())
    assert there.grid["estimate"].to_numpy() == pytest.approx(here.grid["estimate"].to_numpy())


def test_swapping_expectation_and_perception_turns_disagreement_round():
    data = survey()
    here, swapped = surface(data), surface(data, x="got", y="wanted")
    a, turned = values(here.slopes), values(swapped.slopes)
    signs = pd.Series({"a1": 1, "a2": 1, "a3": -1, "a4": 1, "a5": -1})
    assert turned.to_numpy() == pytest.approx((signs * a).to_numpy())
    point, apart = values(here.axes), values(swapped.axes)
    assert apart[["x0", "y0"]].to_numpy() == pytest.approx(point[["y0", "x0"]].to_numpy())
    assert apart["p11"] == pytest.approx(1 / point["p11"])
    assert apart["p21"] == pytest.approx(1 / point["p21"])


def test_a_plane_has_no_curvature_no_point_and_no_axes():
    fit = surface(survey(2000, b=np.array([-0.4, 0.6, 0, 0, 0])))
    rows = fit.slopes.set_index("term")
    assert abs(rows.loc["a1", "estimate"] - 0.2) < 4 * rows.loc["a1", "std_error"]
    for name in ("a2", "a4", "a5"):
        assert rows.loc[name, "conf_low"] < 0 < rows.loc[name, "conf_high"]
    reasons = values(fit.axes, "undefined")
    assert reasons["x0"] == "the surface may have no stationary point: 4 b3 b5 - b4² may be 0"
    assert reasons["p11"].startswith("the surface may curve alike in all directions")
    undefined = fit.axes[["std_error", "conf_low", "conf_high", "drawn_low", "drawn_high"]]
    assert undefined.isna().all(axis=None)


def test_a_ridge_of_agreement_has_axes_but_no_stationary_point():
    fit = surface(
        survey(4000, b=np.array([0.5, 0.5, -0.3, 0.6, -0.3]))
    )  # -(0.3)(x - y)²: a ridge along y = x
    reasons, found = values(fit.axes, "undefined"), fit.axes.set_index("term")
    assert "no stationary point" in reasons["x0"]
    assert reasons[["p10", "p11", "shift"]].tolist() == ["", "", ""]
    for name, truth in (("p11", 1.0), ("p10", 0.0), ("shift", 0.0)):
        assert abs(found.loc[name, "estimate"] - truth) < 4 * found.loc[name, "std_error"]


def test_axes_pass_through_the_point_at_right_angles_and_diagonalise():
    rng = np.random.default_rng(0)
    b = rng.normal(size=(50, 5))
    x0, y0, p10, p11, p20, p21, shift = axes(b).T
    assert p10 + p11 * x0 == pytest.approx(y0)
    assert p20 + p21 * x0 == pytest.approx(y0)
    assert p11 * p21 == pytest.approx(-1)
    assert p10 + p11 * shift == pytest.approx(-shift)
    gradient = [b[:, 0] + 2 * b[:, 2] * x0 + b[:, 3] * y0, b[:, 1] + b[:, 3] * x0 + 2 * b[:, 4] * y0]
    assert np.abs(gradient).max() < 1e-9 * max(1, np.abs(x0).max(), np.abs(y0).max())
    along = [b[:, 2] + b[:, 3] * p + b[:, 4] * p**2 for p in (p11, p21)]
    assert (along[0] / (1 + p11**2) >= along[1] / (1 + p21**2)).all()  # the first curves upward most


def test_an_upright_axis_is_named_and_not_given_an_interval():
    fit = surface(survey(800, b=np.array([0.1, 0.2, -0.4, 0.0, -0.1]), noise=0.5))
    reasons = values(fit.axes, "undefined")
    assert reasons["p11"] == "the axis may run upright, with no finite slope: b4 may be 0"
    assert reasons["x0"] == ""


def test_covariates_are_held_and_effects_said_with_unit_and_assumptions():
    data = survey()
    data["content"] += 0.05 * data["age"]
    fit = surface(data, "age", unit="points per point")
    assert fit.estimates.terms[-2:] == ("age", "constant")
    assert fit.effects["a2"].unit == "points per point squared"
    assert fit.effects["a1"].design == "adjusted"
    assert fit.effects["a1"].estimand.startswith("slope of 'content' at 4 while")
    for name, row in fit.slopes.set_index("term").iterrows():
        assert fit.effects[name].interval() == pytest.approx((row["drawn_low"], row["drawn_high"]))


def test_the_grid_counts_everybody_within_it_once():
    fit = surface(survey(500))
    assert len(fit.grid) == 225
    assert 0.9 * 500 < fit.grid["n_rows"].sum() <= 500


def test_every_frame_speaks_the_glossary():
    data = survey().assign(gap=lambda x: x["got"] - x["wanted"])
    line, plane = fit_gap(data, "content", ["gap"], draws=20), surface(data)
    frames = [line.slopes, line.joint, line.curve, plane.coefficients, plane.slopes, plane.axes, plane.grid]
    frames += [compare_kink_places(data, "content", "gap")]
    frames += [compare_gap_forms(data, "content", "wanted", "got", scale=SCALE)]
    assert not {str(column) for frame in frames for column in frame.columns} - set(GLOSSARY)


def test_scores_beyond_the_scale_are_refused():
    data = survey()
    data["got"] *= 10 / 7
    with pytest.raises(DataError, match=r"'got' runs from .* to 9\.\d+, 1 to 7 expected\n.*one scale first"):
        surface(data)
    with pytest.raises(DataError, match="a scale from 7 to 1"):
        surface(survey(), scale=(7, 1))


def test_scores_in_step_or_with_two_answers_or_constant_are_refused():
    data = survey()
    with pytest.raises(IdentificationError, match="can be computed exactly from the others: 'got'"):
        surface(data.assign(got=data["wanted"]))
    with pytest.raises(IdentificationError, match="'wanted²'"):
        surface(data.assign(wanted=np.where(data["wanted"] < 4, 2.0, 5.0)))
    with pytest.raises(DataError, match="'wanted' has the same value in all 500 rows"):
        surface(data.assign(wanted=7.0))
    with pytest.raises(DataError, match=r"column 'gto' is not in the data \(closest: 'got'\)"):
        surface(data, y="gto")


def test_forms_name_the_one_that_made_the_data_and_test_the_others():
    data = survey(3000)
    gap = data["got"] - data["wanted"]
    noise = np.random.default_rng(1).normal(0, 0.5, len(data))

    def best(content: pd.Series) -> pd.DataFrame:
        made = data.assign(content=content + noise)
        forms = compare_gap_forms(made, "content", "wanted", "got", scale=SCALE)
        return forms.set_index("model")

    cases = {
        "difference": 4 + 0.5 * gap,
        "difference with a kink": 4 + 0.7 * gap.clip(upper=0) + 0.2 * gap.clip(lower=0),
        "absolute difference": 6 - 0.5 * gap.abs(),
        "perception alone": 1 + 0.7 * data["got"],
        "perception and expectation": 1 + 0.7 * data["got"] - 0.2 * data["wanted"],
    }
    for name, content in cases.items():
        forms = best(content)
        assert forms.index[0] == name
        assert forms.loc[name, "p_value"] > 0.001
    bent = best(cases["difference with a kink"])
    assert bent.loc["difference", "p_value"] < 1e-6
    assert bent.loc["second-order surface", "p_value"] < 1e-6  # the kink remains beside the curve
    plain = best(data["content"] * 3)
    assert plain.index[0] == "second-order surface"
    assert plain.loc["second-order surface", "p_value"] > 0.001
    assert plain.loc["second-order surface with a kink", "undefined"] == "nothing wider is compared here"


def test_a_form_the_data_cannot_tell_is_a_row_with_its_reason():
    data = survey(300)
    data["got"] = np.minimum(data["got"], data["wanted"])  # nobody above expectation
    forms = compare_gap_forms(data, "content", "wanted", "got", scale=SCALE).set_index("model")
    assert "computed exactly from the others" in forms.loc["difference with a kink", "undefined"]
    assert np.isnan(forms.loc["difference with a kink", "r2"])
    assert forms.loc["difference", "undefined"] == ""
    assert set(AXES) == {"x0", "y0", "p10", "p11", "p20", "p21", "shift"}
