from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from servicefx.report.figures import render_figure
from servicefx.values.table import Figure, Phrase

SVG = "{http://www.w3.org/2000/svg}"
LONG = "Understanding what each single customer needs most after the purchase"
CHINESE = "服务人员对每一位顾客需求的理解程度与耐心"


def said(text):
    return Phrase(key="note.text", values={"text": text})


def rows(n=4, names=None):
    rng = np.random.default_rng(11)
    x, y = rng.normal(70, 8, n), rng.normal(0.1, 0.04, n)
    return pd.DataFrame(
        {
            "term": names or [f"driver_{at}" for at in range(n)],
            "x": x, "x_low": x - 2, "x_high": x + 2, "y": y, "y_low": y - 0.02, "y_high": y + 0.02,
        }
    )  # fmt: skip


def figure(frame, **more):
    axes = (said("Performance"), said("Importance"))
    return Figure(id="m", kind="map", title=said("Map"), rows=frame, source="t", axes=axes, **more)


def drawn(frame, language="en", **more):
    return ElementTree.fromstring(render_figure(figure(frame, **more), str, language))


def dots(root):
    return [(float(e.get("cx")), float(e.get("cy"))) for e in root.iter(f"{SVG}circle")]


def test_points_lie_in_proportion_to_their_numbers():
    frame = rows(9)
    places = np.array(dots(drawn(frame)))
    for at, name, sign in ((0, "x", 1), (1, "y", -1)):
        slope, start = np.polyfit(frame[name], places[:, at], 1)
        assert np.sign(slope) == sign
        assert slope * frame[name].to_numpy() + start == pytest.approx(places[:, at], abs=0.02)


def test_a_number_on_the_axis_stands_where_its_point_would():
    frame = rows(2)
    frame[["x", "x_low", "x_high"]] = [[70.0, 70.0, 70.0], [80.0, 80.0, 80.0]]
    root = drawn(frame)
    marks = {e.text: float(e.get("x")) for e in root.iter(f"{SVG}text") if e.get("text-anchor") == "middle"}
    assert [x for x, _ in dots(root)] == pytest.approx([marks["70"], marks["80"]], abs=0.02)


def test_intervals_run_through_their_point_both_ways():
    root = drawn(rows(1))
    ((x, y),) = dots(root)
    bars = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "fx-s0"]
    across, down = [[float(bar.get(name)) for name in ("x", "y", "width", "height")] for bar in bars]
    assert (across[0] + across[2] / 2, across[1] + across[3] / 2) == pytest.approx((x, y), abs=0.02)
    assert (down[0] + down[2] / 2, down[1] + down[3] / 2) == pytest.approx((x, y), abs=0.02)
    assert across[2] > 50
    assert down[3] > 50


def test_the_plane_is_quartered_at_its_first_lines():
    frame = rows(5)
    split = (float(frame["x"].iloc[2]), float(frame["y"].iloc[2]))
    nothing = float("nan")
    root = drawn(
        frame, verticals=((split[0], nothing, nothing),), horizontals=((split[1], nothing, nothing),)
    )
    x, y = dots(root)[2]
    thick = [e for e in root.iter(f"{SVG}line") if e.get("stroke-width") == "1.5"]
    upright, level = thick
    assert [float(upright.get(name)) for name in ("x1", "x2")] == pytest.approx([x, x], abs=0.02)
    assert [float(level.get(name)) for name in ("y1", "y2")] == pytest.approx([y, y], abs=0.02)


def test_quarters_are_named_in_their_corner():
    frame = rows(2).assign(quadrant=["concentrate here", "possible overkill"])
    frame[["x", "y"]] = [[60.0, 0.2], [80.0, 0.05]]
    nothing = float("nan")
    root = drawn(frame, verticals=((70.0, nothing, nothing),), horizontals=((0.1, nothing, nothing),))
    at = {e.text: e for e in root.iter(f"{SVG}text") if e.get("font-style") == "italic"}
    upper, lower = at["concentrate here"], at["possible overkill"]
    assert float(upper.get("x")) < float(lower.get("x"))
    assert float(upper.get("y")) < float(lower.get("y"))
    chinese = drawn(
        frame, "zh", verticals=((70.0, nothing, nothing),), horizontals=((0.1, nothing, nothing),)
    )
    assert "优先改进" in [e.text for e in chinese.iter(f"{SVG}text")]


def patches(root):
    """Boxes of the names, which carry the whole name as a hint."""
    found = [e for e in root.iter(f"{SVG}rect") if e.find(f"{SVG}title") is not None]
    return [tuple(float(e.get(name)) for name in ("x", "y", "width", "height")) for e in found]


@pytest.mark.parametrize("name", [LONG, CHINESE])
def test_names_of_thirteen_drivers_do_not_run_into_each_other(name):
    root = drawn(rows(13, [f"{name} {at}" for at in range(13)]))
    boxes = patches(root)
    assert len(boxes) == 13
    for (x, y, width, height), (u, v, wide, high) in combinations(boxes, 2):
        assert x + width <= u + 0.01 or u + wide <= x + 0.01 or y + height <= v + 0.01 or v + high <= y + 0.01
    width, height = (float(root.get(side)) for side in ("width", "height"))
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)


def test_the_description_holds_every_number_in_both_languages():
    frame = rows(2)
    frame.loc[0, ["x", "x_low", "x_high"]] = [61.25, 60.5, 62.0]
    split = (70.5, float("nan"), float("nan"))
    text = drawn(frame, verticals=(split,)).find(f"{SVG}desc").text
    assert "driver_0: Performance 61.25 [60.50,\xa062.00], Importance" in text
    assert "Split at Performance 70.50." in text
    assert "Performance的分界线：70.50。" in drawn(frame, "zh", verticals=(split,)).find(f"{SVG}desc").text


def test_a_point_without_a_number_is_told_but_not_drawn():
    frame = rows(3)
    frame.loc[1, "y"] = float("nan")
    frame.loc[2, ["x_low", "y_high"]] = [float("nan"), float("inf")]
    root = drawn(frame)
    assert len(dots(root)) == 2
    assert "driver_1" in root.find(f"{SVG}desc").text
    assert len(drawn(frame.iloc[:0]).findall(f"{SVG}circle")) == 0
