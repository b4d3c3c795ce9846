from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from servicefx.report.figures import render_figure
from servicefx.values.table import Figure, Phrase

SVG = "{http://www.w3.org/2000/svg}"


def said(text):
    return Phrase(key="note.text", values={"text": text})


def rows(f, n=21, low=0.0, high=1.0):
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(low, high, n), np.linspace(low, high, n)))
    return pd.DataFrame({"x": x, "y": y, "estimate": f(x, y)})


def drawn(frame, language="en", **more):
    axes = (said("Of the driver"), said("Of the outcome"))
    figure = Figure(id="k", kind="contour", title=said("Contour"), rows=frame, source="t", axes=axes, **more)
    return ElementTree.fromstring(render_figure(figure, str, language))


def lines(root, is_bold=False):
    found = [e for e in root.iter(f"{SVG}polyline") if (e.get("stroke-width") == "3.2") is is_bold]
    return [np.array([[float(v) for v in p.split(",")] for p in e.get("points").split()]) for e in found]


def marked(root):
    """Squares of named points."""
    return [
        (float(e.get("x")) + 4, float(e.get("y")) + 4)
        for e in root.iter(f"{SVG}rect")
        if e.get("class") == "fx-s1" and e.get("width") == "8"
    ]


def texts(root):
    return [e.text for e in root.iter(f"{SVG}text")]


def test_the_lines_of_a_plane_are_straight_parallel_and_evenly_apart():
    found = lines(drawn(rows(lambda x, y: x + 2 * y)))
    assert len(found) >= 5
    offsets = []
    for line in found:
        (dx, dy) = line[-1] - line[0]
        away = (line - line[0]) @ (np.array([-dy, dx]) / np.hypot(dx, dy))
        assert away == pytest.approx(0, abs=0.03)
        offsets.append(line[0, 0] - line[0, 1] * dx / dy)
    assert np.diff(sorted(offsets)) == pytest.approx(np.diff(sorted(offsets)).mean(), abs=0.3)


def test_the_bold_line_runs_through_the_points_of_its_height():
    points = pd.DataFrame({"term": ["a", "b"], "x": [0.2, 0.5], "y": [0.5, 0.2]})
    root = drawn(rows(lambda x, y: x + y), critical=0.7, points=points)
    (bold,) = lines(root, is_bold=True)
    for place in marked(root):
        start, way = bold[0], bold[-1] - bold[0]
        away = abs(way[0] * (place[1] - start[1]) - way[1] * (place[0] - start[0])) / np.hypot(*way)
        assert away < 0.05
    assert "0.7" in texts(root)
    assert "Bold line: 0.7." in root.find(f"{SVG}desc").text


def test_lines_carry_their_heights():
    words = texts(drawn(rows(lambda x, y: -100 * x + 0 * y)))
    assert {"−20", "−40", "−60", "−80"} <= set(words)


def test_numbers_on_lines_do_not_cover_each_other():
    root = drawn(rows(lambda x, y: np.exp(3 * x) * np.cos(3 * y)), critical=0.0)
    boxes = [
        tuple(float(e.get(name)) for name in ("x", "y", "width", "height"))
        for e in root.iter(f"{SVG}rect")
        if e.get("fill-opacity") == "0.9"
    ]
    assert len(boxes) > 4
    for at, (x, y, width, height) in enumerate(boxes):
        for u, v, wide, high in boxes[:at]:
            assert x + width <= u or u + wide <= x or y + height <= v or v + high <= y


def test_dashed_lines_are_cut_at_the_rim():
    root = drawn(rows(lambda x, y: x + y), lines=((-5.0, -5.0, 5.0, 5.0), (2.0, 0.0, 2.0, 1.0)))
    (dashed,) = [e for e in root.iter(f"{SVG}line") if e.get("stroke-dasharray") == "6 4"]
    corners = [float(dashed.get(name)) for name in ("x1", "y1", "x2", "y2")]
    grid = [e for e in root.iter(f"{SVG}line") if e.get("class") == "fx-axis-line"]
    bottom, left = grid
    assert corners == pytest.approx(
        [float(bottom.get("x1")), float(bottom.get("y1")), float(bottom.get("x2")), float(left.get("y1"))]
    )


def test_a_point_outside_the_grid_widens_the_plane():
    points = pd.DataFrame({"term": ["far"], "x": [1.5], "y": [0.5]})
    root = drawn(rows(lambda x, y: x + y), points=points)
    ((x, _),) = marked(root)
    assert x > max(line[:, 0].max() for line in lines(root))
    assert "far" in texts(root)


def test_the_description_holds_ends_heights_and_points():
    points = pd.DataFrame({"term": ["staff"], "x": [0.25], "y": [0.5]})
    frame = rows(lambda x, y: 10 * x - 4 * y)
    text = drawn(frame, points=points).find(f"{SVG}desc").text
    assert "Lowest: −4.000, at Of the driver 0 and Of the outcome 1." in text
    assert "Highest: 10.00, at Of the driver 1 and Of the outcome 0." in text
    assert "staff: 0.500, at Of the driver 0.25 and Of the outcome 0.5." in text
    chinese = drawn(frame, "zh", points=points, critical=2.0).find(f"{SVG}desc").text
    assert "最低：−4.000，位于Of the driver 0、Of the outcome 1。" in chinese
    assert "粗线：2。" in chinese


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "The same everywhere: 2.000."), ("zh", "处处相同：2.000。")]
)
def test_a_flat_surface_is_said_to_be_flat(language, expected):
    root = drawn(rows(lambda x, y: 0 * x * y + 2.0), language, critical=2.0)
    assert lines(root) == lines(root, is_bold=True) == []
    assert expected in texts(root)
    assert expected in root.find(f"{SVG}desc").text


def test_gaps_single_rows_and_no_rows_are_drawn_without_lines():
    frame = rows(lambda x, y: x + y)
    assert lines(drawn(frame.iloc[:0])) == []
    assert lines(drawn(frame.iloc[[3]])) == []
    assert lines(drawn(frame.assign(estimate=float("nan")))) == []
    holes = frame.assign(estimate=frame["estimate"].where(frame["x"] < 0.5))
    assert lines(drawn(holes))


@pytest.mark.parametrize("scale", [1e-9, 1e12, -1.0])
def test_any_scale_gives_as_many_lines(scale):
    found = lines(drawn(rows(lambda x, y: scale * (x + 2 * y))))
    assert len(found) == len(lines(drawn(rows(lambda x, y: x + 2 * y))))


def test_rows_may_come_in_any_order():
    frame = rows(lambda x, y: np.sin(3 * x) + y**2)
    shuffled = frame.sample(frac=1.0, random_state=1)
    assert ElementTree.tostring(drawn(frame)) == ElementTree.tostring(drawn(shuffled))
