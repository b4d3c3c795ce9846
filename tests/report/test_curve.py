from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from servicefx.report.figures import render_figure
from servicefx.values.table import Figure, Phrase

SVG = "{http://www.w3.org/2000/svg}"
NOTHING = float("nan")


def said(text):
    return Phrase(key="note.text", values={"text": text})


def rows(n=11, slope=1.0, **more):
    x = np.linspace(0.0, 10.0, n)
    estimate = slope * (x - 4.0)
    return pd.DataFrame(
        {"x": x, "estimate": estimate, "conf_low": estimate - 1, "conf_high": estimate + 2, **more}
    )


def drawn(frame, language="en", **more):
    axes = (said("Hours"), said("Satisfaction"))
    figure = Figure(id="c", kind="curve", title=said("Curve"), rows=frame, source="t", axes=axes, **more)
    return ElementTree.fromstring(render_figure(figure, str, language))


def points(element):
    return np.array([[float(v) for v in pair.split(",")] for pair in element.get("points").split()])


def lines(root):
    return [points(e) for e in root.iter(f"{SVG}polyline")]


def bands(root):
    return [points(e) for e in root.iter(f"{SVG}polygon") if e.get("fill-opacity")]


def test_a_straight_line_is_drawn_straight_and_lies_in_its_band():
    root = drawn(rows())
    (line,), (band,) = lines(root), bands(root)
    assert np.diff(line, 2, axis=0) == pytest.approx(0, abs=0.03)
    upper, lower = band[:11], band[:10:-1]
    assert (upper[:, 0] == line[:, 0]).all()
    assert (lower[:, 0] == line[:, 0]).all()
    assert (upper[:, 1] < line[:, 1]).all()
    assert (line[:, 1] < lower[:, 1]).all()
    assert (line[:, 1] - upper[:, 1]) == pytest.approx(2 * (lower[:, 1] - line[:, 1]), abs=0.05)


def test_the_line_at_zero_is_where_the_curve_crosses_it():
    root = drawn(rows(101))
    (zero,) = [e for e in root.iter(f"{SVG}line") if e.get("stroke-width") == "1.5"]
    line = lines(root)[0]
    assert float(zero.get("y1")) == pytest.approx(line[40, 1], abs=0.02)


def test_no_line_at_zero_where_zero_is_out_of_range():
    frame = rows().assign(estimate=5.0, conf_low=4.0, conf_high=6.0)
    assert not [e for e in drawn(frame).iter(f"{SVG}line") if e.get("stroke-width") == "1.5"]


def test_a_marked_place_is_dashed_at_its_pixel_and_its_interval_is_shaded():
    root = drawn(rows(), verticals=((5.0, 4.0, 7.0),))
    line = lines(root)[0]
    (dashed,) = [e for e in root.iter(f"{SVG}line") if e.get("stroke-dasharray") == "5 4"]
    assert float(dashed.get("x1")) == pytest.approx(line[5, 0], abs=0.02)
    (shade,) = [e for e in root.iter(f"{SVG}rect") if e.get("fill-opacity") == "0.13"]
    left, width = float(shade.get("x")), float(shade.get("width"))
    assert (left, left + width) == pytest.approx((line[4, 0], line[7, 0]), abs=0.03)
    assert "5.00 [4.00,\xa07.00]" in [e.text for e in root.iter(f"{SVG}text")]


def test_a_marked_place_outside_is_told_but_not_drawn():
    root = drawn(rows(), verticals=((50.0, NOTHING, NOTHING),))
    assert not [e for e in root.iter(f"{SVG}line") if e.get("stroke-dasharray")]
    assert "Marked at Hours 50" in root.find(f"{SVG}desc").text


def test_numbers_of_marked_places_do_not_run_into_each_other():
    marks = tuple((at, at - 0.5, at + 0.5) for at in (4.6, 5.0, 5.4))
    root = drawn(rows(), verticals=marks)
    places = [e for e in root.iter(f"{SVG}text") if "[" in (e.text or "")]
    assert len({e.get("y") for e in places}) == 3


def test_series_differ_by_dashes_and_have_a_legend():
    frame = pd.concat([rows(series="own"), rows(series="rented", slope=-1.0), rows(series="<b>", slope=0.3)])
    root = drawn(frame)
    dashes = [e.get("stroke-dasharray", "") for e in root.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 3
    words = [e.text for e in root.iter(f"{SVG}text")]
    assert {"own", "rented", "<b>"} <= set(words)
    samples = [e.get("stroke-dasharray", "") for e in root.iter(f"{SVG}line") if "fx-s" in e.get("class")]
    assert samples == dashes


def test_a_gap_breaks_the_line_and_an_end_that_is_missing_the_band():
    frame = rows()
    frame.loc[3, "estimate"] = NOTHING
    frame.loc[7:8, "conf_low"] = NOTHING
    root = drawn(frame)
    assert [len(line) for line in lines(root)] == [3, 7]
    assert [len(band) for band in bands(root)] == [14, 4]


def test_an_end_at_infinity_reaches_the_rim():
    frame = rows()
    frame.loc[5:, "conf_high"] = np.inf
    (band,) = bands(drawn(frame))
    assert np.isfinite(band).all()
    assert len(set(band[5:11, 1])) == 1


def test_one_row_is_a_dot_with_its_interval():
    root = drawn(rows().iloc[[2]])
    assert len(root.findall(f"{SVG}circle")) == 1
    (bar,) = [e for e in root.iter(f"{SVG}line") if e.get("class") == "fx-s0-line"]
    dot = root.find(f"{SVG}circle")
    assert float(bar.get("y2")) < float(dot.get("cy")) < float(bar.get("y1"))


def test_no_rows_give_an_empty_plane():
    assert lines(drawn(rows().iloc[:0])) == []


@pytest.mark.parametrize(("n", "told"), [(11, 11), (201, 13)])
def test_the_description_holds_the_numbers_with_both_ends(n, told):
    for language, axes in (("en", "Satisfaction along Hours."), ("zh", "Satisfaction随Hours的变化。")):
        text = drawn(rows(n), language).find(f"{SVG}desc").text
        assert axes in text
        assert "0: −4.00 [−5.00,\xa0−2.00];" in text
        assert "10: 6.00 [5.00,\xa08.00]." in text
        assert text.count("[") == told


@pytest.mark.parametrize("scale", [1e-9, 1e9, -1e6])
def test_any_scale_gives_the_same_picture(scale):
    frame = rows()
    columns = ["estimate", "conf_low", "conf_high"]
    scaled = frame.assign(**{name: frame[name] * scale for name in columns})
    plain, other = lines(drawn(frame))[0], lines(drawn(scaled))[0]
    share = [np.ptp(line[:, 1]) / 260.0 for line in (plain, other)]
    assert share[0] == pytest.approx(share[1], abs=0.001)
    assert np.isfinite(other).all()
